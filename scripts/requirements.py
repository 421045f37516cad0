"""Prints what setup.cfg asks for, with all extras that a laptop takes, a requirement a line."""

import configparser
from pathlib import Path


def requirements(setup_cfg: Path) -> list[str]:
    """The pinned requirements of the product, the demo and the tests."""
    parser = configparser.ConfigParser()
    parser.read(setup_cfg)
    extras = parser["options.extras_require"]
    texts = [parser["options"]["install_requires"], extras["demo"], extras["dev"]]
    return [line for text in texts for line in text.split("\n") if line and not line.startswith("#")]


if __name__ == "__main__":
    print("\n".join(requirements(Path(__file__).parent.parent / "setup.cfg")))
