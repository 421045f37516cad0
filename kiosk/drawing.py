"""The wiring as a drawing that can be printed and hung into the case."""

from html import escape
from typing import Final

from kiosk.pinout import Place, Wiring

_ROW_PX: Final = 26
_TOP_PX: Final = 70
_MIDDLE_PX: Final = 420
_WIDTH_PX: Final = 2 * _MIDDLE_PX
_COLOURS: Final = {"3V3": "#e8a33d", "5V": "#c8452f", "GND": "#333333"}
_USED, _FREE, _WRONG = "#2f7d4f", "#c9c9c9", "#c8452f"


def draw_svg(wiring: Wiring, title: str) -> str:
    """An SVG document of the header with what is joined to it, the rest in lines below."""
    below = [*wiring.elsewhere, *(f"✗ {mark}" for mark in wiring.marks)]
    height_px = _TOP_PX + 20 * _ROW_PX + 30 + 22 * len(below)
    board = (
        f'<rect x="{_MIDDLE_PX - 26}" y="{_TOP_PX - 16}" width="52" height="{20 * _ROW_PX + 6}" rx="6" fill="#f2f2f2"'
        ' stroke="#888"/>'
    )
    lines = [_text(20, _TOP_PX + 20 * _ROW_PX + 30 + 22 * number, text) for number, text in enumerate(below)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH_PX} {height_px}" font-family="sans-serif"'
            ' font-size="13">',
            _text(20, 28, title, size=18),
            _text(20, 48, "Pin 1 is at the end with the SD card; the USB sockets are below."),
            board,
            *(_place(place) for place in wiring.places),
            *lines,
            "</svg>\n",
        ]
    )


def _place(place: Place) -> str:
    pin = place.pin
    side = 1 if pin.outer else -1
    x_px = _MIDDLE_PX + side * 12
    y_px = _TOP_PX + pin.row * _ROW_PX
    fill = _COLOURS.get(pin.name, _USED if place.uses else _FREE)
    stroke = _WRONG if place.marks else fill
    text = f"{pin.name}   {' / '.join(place.uses)}" if pin.outer else f"{' / '.join(place.uses)}   {pin.name}"
    return "\n".join(
        [
            f'<circle cx="{x_px}" cy="{y_px}" r="9" fill="{fill}" stroke="{stroke}" stroke-width="3"/>',
            _text(x_px, y_px + 4, str(pin.number), size=9, anchor="middle", fill="#fff"),
            _text(_MIDDLE_PX + side * 34, y_px + 4, text.strip(), anchor="start" if pin.outer else "end"),
        ]
    )


def _text(x_px: int, y_px: int, text: str, *, size: int = 13, anchor: str = "start", fill: str = "#111") -> str:
    return (
        f'<text x="{x_px}" y="{y_px}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" xml:space="preserve">'
        f"{escape(text)}</text>"
    )
