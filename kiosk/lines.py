"""On which line of gerbang.toml a mistake is."""

import re

Place = tuple[str, ...]


def find_lines(text: str) -> dict[Place, int]:
    """On which line each table and setting stands; tomllib does not tell."""
    places: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            table = tuple(re.split(r"\s*\.\s*", header[1].replace('"', "")))
            places.setdefault(table, number)
        elif setting := re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", line):
            places.setdefault((*table, *setting[1].split(".")), number)
    return places


def line_of(lines: dict[Place, int], place: Place) -> int:
    """Where a place stands, or else what it is in."""
    return next((lines[place[:depth]] for depth in range(len(place), 0, -1) if place[:depth] in lines), 1)
