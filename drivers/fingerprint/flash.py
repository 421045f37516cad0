"""What survives a restart of an emulated sensor: its templates and its settings, in a file if there is one."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

FACTORY_PASSWORD: Final = bytes(4).hex()
_POSSIBLE: Final = {
    "baud": range(9600, 115201, 9600),
    "security_level": range(1, 6),
    "packet_bytes": (32, 64, 128, 256),
}


@dataclass(frozen=True)
class Settings:
    """What can be set on a sensor by commands. password, address: 8 hexadecimal digits; packet_bytes: 32 to 256."""

    password: str = FACTORY_PASSWORD
    address: str = "ffffffff"
    baud: int = 57600
    security_level: int = 3
    packet_bytes: int = 128

    def check(self) -> None:
        """Raises ValueError for what no sensor can be set to."""
        for name in ("password", "address"):
            if not re.fullmatch("[0-9a-f]{8}", str(getattr(self, name))):
                raise ValueError(f"{name} {getattr(self, name)!r} is not 8 hexadecimal digits")
        for name, possible in _POSSIBLE.items():
            value = getattr(self, name)
            if type(value) is not int or value not in possible:
                raise ValueError(f"{name} {value!r} is none of {', '.join(map(str, possible))}")


class Flash:
    """Templates by page, and settings. Raises ValueError for a file that holds no such memory, OSError of the disk."""

    def __init__(self, path: Path | None, template_bytes: int) -> None:
        """path: a JSON file, which need not be there yet; None for a memory that ends with the process."""
        self._path = path
        self.templates: Mapping[int, bytes] = {}
        self.settings = Settings()
        if path is not None and path.exists():
            if not path.is_file():
                raise ValueError(f"{path} is no file: name one that is, or is yet to be")
            try:
                self._read(json.loads(path.read_text()))
            except (ValueError, AttributeError, TypeError, KeyError) as error:
                raise ValueError(
                    f"{path} is not an emulated sensor's memory ({_mistake(error)}): mend it, or delete it"
                ) from error
        if any(len(template) != template_bytes for template in self.templates.values()):
            raise ValueError(f"{path} is the memory of another model: name that model, or delete it")

    def keep(self, templates: Mapping[int, bytes]) -> None:
        """Replace all templates, or none: a power cut leaves the old file."""
        self._write(templates, self.settings)
        self.templates = templates

    def set(self, **changes: Any) -> None:
        """Change some settings."""
        changed = replace(self.settings, **changes)
        self._write(self.templates, changed)
        self.settings = changed

    def _read(self, stored: Any) -> None:
        self.settings = Settings(**stored["settings"])
        self.settings.check()
        self.templates = {int(page): bytes.fromhex(template) for page, template in stored["templates"].items()}

    def _write(self, templates: Mapping[int, bytes], settings: Settings) -> None:
        if self._path is None:
            return
        draft = self._path.with_name(f"{self._path.name}.new")
        words = {page: template.hex() for page, template in sorted(templates.items())}
        with draft.open("w") as file:
            json.dump({"settings": asdict(settings), "templates": words}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)


def _mistake(error: Exception) -> str:
    """An error's own words; a missing key is all that a KeyError says."""
    return f"no {error}" if isinstance(error, KeyError) else str(error)
