#!/usr/bin/env python3
"""Draw docs/page.png: the gate's page in a real browser, in front of a teacher whom nobody ever photographed.

Example: .venv/bin/python scripts/picture.py
         .venv/bin/python scripts/picture.py --sign unknown_use_finger --size 600x1024 /tmp/page.png
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

from drivers.camera.contract import Frame
from kiosk.answers import Answer
from kiosk.events import Box, Sign
from kiosk.feedback import FEEDBACK
from kiosk.screen import Screen
from kiosk.words import load_words, time_text

SCHOOL = "TK Negeri Pembina Luwuk Selatan"
ZONE = ZoneInfo("Asia/Makassar")
MORNING = datetime(2026, 11, 23, 6, 55, 3, tzinfo=ZONE)
FACE: Box = (226, 122, 188, 188)
OUT = Path(__file__).parent.parent / "docs" / "page.png"
_FINE = 4  # drawn so many times larger, then made small, for smooth edges
_SHIFT = 4

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]


def draw_teacher() -> Picture:
    """A teacher in front of a school's gate: 480 x 640 x 3, blue-green-red."""
    canvas = np.zeros((480 * _FINE, 640 * _FINE, 3), np.uint8)
    _draw_morning(canvas)
    _draw_school(canvas)
    _draw_gate(canvas)
    _draw_person(canvas)
    return cv2.resize(canvas, (640, 480), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _draw_morning(canvas: Picture) -> None:
    sky = np.linspace((214, 190, 140), (214, 232, 246), 300 * _FINE)[:, None, :]
    canvas[: 300 * _FINE] = sky.astype(np.uint8)
    canvas[300 * _FINE :] = (150, 176, 190)
    _shape(canvas, [(0, 250), (130, 190), (260, 235), (420, 175), (640, 240), (640, 310), (0, 310)], (150, 170, 120))
    _oval(canvas, (560, 70), (34, 34), (170, 225, 250))


def _draw_school(canvas: Picture) -> None:
    _shape(canvas, [(70, 210), (570, 210), (570, 330), (70, 330)], (214, 232, 240))
    _shape(canvas, [(40, 214), (110, 140), (530, 140), (600, 214)], (52, 72, 168))
    for left in (95, 175, 415, 495):
        _shape(canvas, [(left, 238), (left + 52, 238), (left + 52, 290), (left, 290)], (150, 128, 84))
        _shape(canvas, [(left + 4, 242), (left + 48, 242), (left + 48, 286), (left + 4, 286)], (206, 190, 158))
    _shape(canvas, [(318, 60), (322, 60), (322, 140), (318, 140)], (120, 120, 120))
    _shape(canvas, [(322, 60), (372, 60), (372, 77), (322, 77)], (40, 30, 206))
    _shape(canvas, [(322, 77), (372, 77), (372, 94), (322, 94)], (250, 250, 250))


def _draw_gate(canvas: Picture) -> None:
    for left in (18, 566):
        _shape(canvas, [(left, 170), (left + 56, 170), (left + 56, 480), (left, 480)], (84, 120, 60))
        _shape(canvas, [(left - 6, 158), (left + 62, 158), (left + 62, 176), (left - 6, 176)], (93, 201, 244))
    for left in range(84, 560, 24):
        _shape(canvas, [(left, 262), (left + 5, 262), (left + 5, 430), (left, 430)], (70, 96, 52))
    for top in (272, 408):
        _shape(canvas, [(74, top), (566, top), (566, top + 7), (74, top + 7)], (70, 96, 52))


def _draw_person(canvas: Picture) -> None:
    scarf, fold, skin, ink = (118, 104, 26), (98, 84, 18), (142, 176, 222), (44, 40, 52)
    _oval(canvas, (320, 500), (186, 128), (108, 150, 178))
    _shape(canvas, [(150, 470), (490, 470), (490, 480), (150, 480)], (108, 150, 178))
    _shape(canvas, [(232, 262), (408, 262), (448, 420), (320, 470), (192, 420)], scarf)
    _oval(canvas, (320, 214), (102, 124), scarf)
    _shape(canvas, [(268, 300), (372, 300), (330, 440)], fold)
    _oval(canvas, (320, 222), (76, 92), skin)
    _oval(canvas, (320, 150), (84, 34), scarf)
    for side in (-1, 1):
        _oval(canvas, (320 + side * 31, 214), (12, 8), (250, 250, 250))
        _oval(canvas, (320 + side * 31, 214), (6.5, 7), ink)
        _arc(canvas, (320 + side * 31, 202), (17, 9), (200, 340), ink, 4)
        _oval(canvas, (320 + side * 46, 250), (13, 8), (132, 156, 226))
    _arc(canvas, (320, 236), (9, 7), (30, 150), (98, 130, 184), 4)
    _arc(canvas, (320, 256), (30, 22), (20, 160), (70, 62, 170), 5)
    _shape(canvas, [(404, 400), (452, 400), (452, 432), (404, 432)], (250, 250, 250))
    _shape(canvas, [(404, 400), (452, 400), (452, 410), (404, 410)], (120, 80, 30))


def _shape(canvas: Picture, corners: Sequence[tuple[float, float]], colour: Colour) -> None:
    points = (np.array(corners) * _FINE * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(canvas, [points], colour, cv2.LINE_AA, _SHIFT)


def _oval(canvas: Picture, centre: tuple[float, float], radii: tuple[float, float], colour: Colour) -> None:
    cv2.ellipse(canvas, _fine(centre), _fine(radii), 0, 0, 360, colour, -1, cv2.LINE_AA)


def _arc(
    canvas: Picture,
    centre: tuple[float, float],
    radii: tuple[float, float],
    angles: tuple[float, float],
    colour: Colour,
    width: int,
) -> None:
    cv2.ellipse(canvas, _fine(centre), _fine(radii), 0, *angles, colour, width * _FINE, cv2.LINE_AA)


def _fine(pair: tuple[float, float]) -> tuple[int, int]:
    return round(pair[0] * _FINE), round(pair[1] * _FINE)


def an_answer(sign: Sign, language: str, name: str) -> Answer:
    """What the gate would say with this sign on a morning in November; it stays for a minute, to be pictured."""
    said = load_words(language).say(sign, MORNING, name, "in", MORNING)
    feedback = FEEDBACK[sign]
    about_somebody = sign in (Sign.RECORDED, Sign.REPEATED)
    return Answer(
        sign=sign.value,
        colour=feedback.pattern.colour.value if feedback.pattern.colour else None,
        headline=said.headline,
        name=name if about_somebody else "",
        detail=said.detail,
        time=time_text(MORNING),
        stays_s=60 if feedback.answer else 0,
    )


def take(
    screen: Screen, answer: Answer, size: tuple[int, int], out: Path, faults: dict[str, str], unsent: int | None
) -> None:
    """Open the page in Chromium and write what it looks like."""
    screen.see(Frame(draw_teacher(), time.monotonic(), 1), (FACE,))
    screen.faults(frozenset(faults), tuple(faults.values()))
    screen.unsent(unsent)
    screen.show(answer)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        )
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.clock.set_system_time(MORNING)
        page.goto(screen.url, wait_until="domcontentloaded")
        page.wait_for_selector("body[data-line=there]")
        if "camera" not in faults:
            _wait_for_picture(page)
        shot = page.screenshot()
        browser.close()
    _write_small(shot, out)


def _wait_for_picture(page: Page) -> None:
    deadline = time.monotonic() + 10
    while not page.evaluate("document.querySelector('#preview').naturalWidth"):
        if time.monotonic() > deadline:
            raise SystemExit("the camera's picture does not come")
        page.wait_for_timeout(50)


def _write_small(shot: bytes, out: Path) -> None:
    pixels = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    cv2.imwrite(str(out), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main() -> None:
    """Take one picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=OUT)
    parser.add_argument("--sign", type=Sign, default=Sign.RECORDED, help="which sign, such as recorded or ready")
    parser.add_argument("--size", default="1024x600", help="of the screen, in pixels")
    parser.add_argument("--language", default="id")
    parser.add_argument("--name", default="Siti Rahmawati, S.Pd.")
    parser.add_argument("--title", default=SCHOOL)
    parser.add_argument("--fault", action="append", default=[], help="such as camera.covered or sensor.silent")
    parser.add_argument("--unsent", type=int)
    given = parser.parse_args()
    width, _, height = given.size.partition("x")
    words = load_words(given.language)
    faults = {part: words.fault(part, what) for part, _, what in (fault.partition(".") for fault in given.fault)}
    screen = Screen("127.0.0.1:0", given.title, ZONE, words)
    screen.start()
    try:
        answer = an_answer(given.sign, given.language, given.name)
        take(screen, answer, (int(width), int(height)), given.out, faults, given.unsent)
    finally:
        screen.close()
    print(given.out, file=sys.stderr)


if __name__ == "__main__":
    main()
