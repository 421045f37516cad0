"""gerbang prepare: compile the eye's models ahead of the first start."""

import sys

import click

from kiosk.commands.options import config_option
from kiosk.config import Config
from kiosk.vision.models import MODELS, compile_models


@click.command(short_help="Compile the eye's models ahead of the first start.")
@config_option
def prepare(config: Config) -> None:
    """Compile dlib's networks for this gate, once; the gate does it by itself at its first start otherwise.

    Example: gerbang prepare --config gerbang.toml
    """
    done = {model.kind: 0.0 for model in MODELS}
    with click.progressbar(
        length=100, label="Preparing the eye", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:

        def progress(kind: str, part: float) -> None:
            bar.update(round(100 * (part - done[kind]) / len(done)))
            done[kind] = part

        compile_models(config.models_path, progress)
    click.echo(f"The eye is prepared in {config.models_path}.")
