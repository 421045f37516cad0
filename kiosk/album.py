"""A folder with the photographs of a whole school, sorted by person."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

from kiosk.errors import EnrolmentError

PHOTOGRAPHS = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".pgm", ".tif", ".tiff"}
_PHONES = {".heic", ".heif", ".gif"}  # what we can't read but somebody means as a photograph: told, not passed over

_ID = r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}"
_LABEL = re.compile(rf"({_ID})(?:[ _]+(.*))?", re.DOTALL)
_COUNTER = re.compile(r"(^|[ _-]+)\(?\d{1,3}\)?$")


@dataclass
class Page:
    """One person of the album. name is empty where the folder tells none."""

    person: str
    name: str
    photographs: list[Path] = field(default_factory=list)


@dataclass
class Album:
    """Everybody in the folder, by their ID, and what in it is nobody's: (what, why)."""

    pages: list[Page]
    strays: list[tuple[str, str]]


def open_album(folder: Path) -> Album:
    """Folders named `ID`, `ID Name` or `ID_Name`; pictures named so too, with or without a number at the end.

    Raises EnrolmentError where the folder can't be read, or holds neither.
    """
    pages: dict[str, Page] = {}
    strays: list[tuple[str, str]] = []
    try:
        for item in sorted(folder.iterdir()):
            photographs = _photographs(item)
            if photographs is None:
                continue
            label = read_label(item.name) if item.is_dir() else read_label(item.stem, numbered=True)
            if label is None:
                strays.append((item.name, "its name does not begin with an ID: use letters, digits, dots, hyphens"))
                continue
            page = pages.setdefault(label[0], Page(*label))
            page.name = page.name or label[1]
            page.photographs += photographs
    except OSError as error:
        raise EnrolmentError(f"the folder {folder} can't be read: {error.strerror}") from error
    if not pages and not strays:
        raise EnrolmentError(f"nobody is in {folder}: it needs a folder of photographs for each person, named by ID")
    return Album([pages[person] for person in sorted(pages)], strays)


def read_label(text: str, *, numbered: bool = False) -> tuple[str, str] | None:
    """ID and name from `ID`, `ID Name` or `ID_Name`; numbered: without the picture's number at the end."""
    found = _LABEL.fullmatch(normalize("NFC", text).strip())
    if not found:
        return None
    name = found[2] or ""
    if numbered:
        name = _COUNTER.sub("", name)
    return found[1], " ".join(name.replace("_", " ").split())


def _photographs(item: Path) -> list[Path] | None:
    """The pictures that an entry of the folder brings; None where it is nothing of ours."""
    if item.name.startswith((".", "__")):  # what other systems leave behind: .DS_Store, __MACOSX
        return None
    if item.is_dir():
        return [path for path in sorted(item.iterdir()) if _is_photograph(path)]
    return [item] if _is_photograph(item) else None


def _is_photograph(path: Path) -> bool:
    return path.suffix.lower() in PHOTOGRAPHS | _PHONES and not path.name.startswith(".")
