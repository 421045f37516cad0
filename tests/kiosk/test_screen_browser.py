"""The page in a real browser: what a person at the gate sees, and when."""

import statistics
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from drivers.camera.contract import Frame
from kiosk.answers import Answer
from kiosk.events import Sign
from kiosk.screen import Screen
from kiosk.words import LANGUAGES, load_words
from tests.kiosk.browser import browser, page, wait_until

__all__ = ["browser", "page"]  # fixtures

ZONE = ZoneInfo("Asia/Makassar")
READY = Answer("ready", None, "Silakan lihat ke kamera")
NAME = "Dra. Hj. Siti Nurhaliza Abdurrahman Wahid, S.Pd.AUD., M.Pd."
RECORDED = Answer("recorded", "green", "Selamat pagi", "Siti Rahmawati", "Masuk 06:55", "06:55", stays_s=60.0)
SIZES = ((1024, 600), (800, 480), (600, 1024))
# When each name was painted: after the frame that follows the change, on the clock that Python's time.time() reads.
WATCH = """() => {
  window.painted = [];
  const name = document.querySelector("#answer .name");
  new MutationObserver(() => {
    const text = name.textContent;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      window.painted.push([text, performance.timeOrigin + performance.now()]);
    }));
  }).observe(name, { childList: true });
}"""

OUTSIDE = """selector => [...document.querySelectorAll(selector)].filter((each) => {
  const { left, top, right, bottom } = each.getBoundingClientRect();
  return left < 0 || top < 0 || right > innerWidth + 1 || bottom > innerHeight + 1;
}).map((each) => each.outerHTML)"""


SPILT = """() => {
  const card = document.querySelector("#guidance").getBoundingClientRect();
  const notes = document.querySelector("#notes").getBoundingClientRect();
  const words = [...document.querySelectorAll("#guidance p:not([hidden])")].map((each) => each.getBoundingClientRect());
  if (document.querySelector("#guidance").dataset.sign === "none") return false;
  return card.bottom > notes.top + 1 || words.some((each) => each.bottom > card.bottom + 1 || each.top < card.top - 1);
}"""


def a_screen(listen: str = "127.0.0.1:0", title: str = "TK Negeri Pembina") -> Screen:
    screen = Screen(listen, title, ZONE, load_words())
    screen.start()
    return screen


@pytest.fixture
def screen() -> Iterator[Screen]:
    screen = a_screen()
    yield screen
    screen.close()


def visit(page: Page, screen: Screen) -> None:
    page.goto(screen.url, wait_until="domcontentloaded")
    expect(page.locator("body")).to_have_attribute("data-line", "there")


def contrast(page: Page, selector: str) -> float:
    """As WCAG 2.2 defines it, between a text and the background of the box around it."""
    told = page.evaluate(
        "s => [getComputedStyle(document.querySelector(s + ' p')).color,"
        " getComputedStyle(document.querySelector(s)).backgroundColor]",
        selector,
    )
    light, dark = sorted((_luminance(colour) for colour in told), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.querySelector('#answer')).backgroundColor"))


def test_a_teacher_sees_the_answer_large_and_green(screen: Screen, page: Page) -> None:
    visit(page, screen)
    screen.show(RECORDED)
    answer = page.locator("#answer")
    expect(answer).to_be_visible()
    assert answer.inner_text().split("\n\n") == ["Selamat pagi", "Siti Rahmawati", "Masuk 06:55"]
    assert answer.bounding_box() == {"x": 0, "y": 0, "width": 1024, "height": 600}
    assert background(page) == "rgb(10, 106, 56)"
    assert page.locator("[aria-live=assertive] #answer").count() == 1


def test_each_colour_has_a_sign_of_its_own_and_is_legible(screen: Screen, page: Page) -> None:
    visit(page, screen)
    seen = set()
    for sign, colour in (("recorded", "green"), ("needs_service", "red"), ("unknown_use_finger", "blue")):
        screen.show(Answer(sign, colour, sign, stays_s=60.0))  # type: ignore[arg-type]
        expect(page.locator("#answer .headline")).to_have_text(sign)
        shape = page.locator("#answer use").get_attribute("href")
        assert page.locator(f"symbol{shape}").count() == 1
        assert contrast(page, "#answer") >= 4.5
        seen.add((shape, background(page)))
    assert len({shape for shape, _ in seen}) == len({colour for _, colour in seen}) == 3


def test_guidance_stands_beside_the_picture_in_its_colour(screen: Screen, page: Page) -> None:
    visit(page, screen)
    for colour in (None, "blue", "red"):
        screen.show(Answer("look", colour, f"Lihat {colour}"))
        expect(page.locator("#guidance .headline")).to_have_text(f"Lihat {colour}")
        expect(page.locator("#answer")).to_be_hidden()
        assert contrast(page, "#guidance") >= 4.5


def test_the_answer_leaves_after_its_time_and_its_name_with_it(screen: Screen, page: Page) -> None:
    visit(page, screen)
    screen.show(Answer("recorded", "green", "Selamat pagi", "Siti Rahmawati", stays_s=0.5))
    expect(page.get_by_text("Siti Rahmawati")).to_be_visible()
    expect(page.locator("#answer")).to_be_hidden()
    assert "Siti" not in page.content()


def test_the_next_answer_takes_the_place_of_the_one_before(screen: Screen, page: Page) -> None:
    visit(page, screen)
    screen.show(RECORDED)
    expect(page.get_by_text("Siti Rahmawati")).to_be_visible()
    screen.show(READY)
    expect(page.get_by_text("Silakan lihat ke kamera")).to_be_visible()
    expect(page.locator("#answer")).to_be_hidden()
    assert "Siti" not in page.content()


def test_the_clock_goes_by_the_schools_zone_and_goes_on(screen: Screen, page: Page) -> None:
    visit(page, screen)
    clock = page.locator("#clock")
    before = datetime.now(ZONE) - timedelta(seconds=2)
    first = clock.inner_text()
    assert f"{before:%H:%M:%S}" <= first <= f"{datetime.now(ZONE):%H:%M:%S}" or before.day != datetime.now(ZONE).day
    wait_until(page, lambda: clock.inner_text() != first)
    assert page.locator("#date").inner_text() == load_words().date_text(datetime.now(ZONE))


def test_the_cameras_picture_is_seen_until_the_camera_is_lost(screen: Screen, page: Page) -> None:
    visit(page, screen)
    screen.see(Frame(np.full((480, 640, 3), 128, np.uint8), 0.0, 1), ((200, 100, 200, 200),))
    wait_until(page, lambda: page.evaluate("document.querySelector('#preview').naturalWidth") == 480)
    expect(page.locator("#preview")).to_be_visible()
    screen.faults(frozenset({"camera"}), ("Kamera terputus",))
    expect(page.get_by_text("Kamera terputus")).to_be_visible()
    expect(page.locator("#preview")).to_be_hidden()
    screen.faults(frozenset())
    expect(page.get_by_text("Kamera terputus")).to_be_hidden()
    expect(page.locator("#preview")).to_be_visible()


def test_what_waits_for_the_district_is_counted(screen: Screen, page: Page) -> None:
    visit(page, screen)
    expect(page.locator("#unsent")).to_be_hidden()
    screen.unsent(12)
    expect(page.get_by_text("Belum terkirim: 12")).to_be_visible()
    screen.unsent(0)
    expect(page.get_by_text("Semua terkirim")).to_be_visible()


def test_a_name_is_text_whatever_is_in_it(screen: Screen, page: Page) -> None:
    visit(page, screen)
    name = "<img src=x onerror=alert(1)> & <b>Siti</b>"
    screen.show(Answer("recorded", "green", "Selamat pagi", name, stays_s=60.0))
    expect(page.locator("#answer .name")).to_have_text(name)
    assert page.locator("#answer img, #answer b").count() == 0


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_long_words_stay_on_every_screen(page: Page, width: int, height: int) -> None:
    screen = a_screen(title="Taman Kanak-Kanak Negeri Pembina Kecamatan Luwuk Selatan Kabupaten Banggai")
    try:
        page.set_viewport_size({"width": width, "height": height})
        visit(page, screen)
        notes = ("Terlalu gelap untuk kamera", "Kecepatan sensor jari lain dari setelan", "Perlu servis")
        screen.faults(frozenset({"camera", "sensor", "store"}), notes)
        screen.unsent(1234)
        screen.show(Answer("one_at_a_time", "red", "Satu per satu", detail="Mohon bergantian di depan kamera"))
        expect(page.get_by_text("Satu per satu")).to_be_visible()
        _assert_all_inside(page, "#guidance, #guidance p, #guidance svg, #clock, #date, #notes li, #unsent, h1, figure")
        screen.show(Answer("repeated", "green", "Sudah tercatat", NAME, "Masuk tadi pukul 06:55", stays_s=60.0))
        expect(page.get_by_text(NAME)).to_be_visible()
        _assert_all_inside(page, "#answer p, #answer svg")
    finally:
        screen.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_no_sign_spills_over_what_is_wrong(page: Page, width: int, height: int, language: str) -> None:
    screen, words = a_screen(), load_words(language)
    try:
        page.set_viewport_size({"width": width, "height": height})
        visit(page, screen)
        longest = sorted((text for said in words.faults.values() for text in said.values()), key=len)[-3:]
        screen.faults(frozenset({"camera"}), tuple(longest))
        spilt = []
        for sign in Sign:
            saying = words.say(sign, datetime.now(ZONE))
            screen.show(Answer(sign.value, "red", saying.headline, detail=saying.detail))
            page.locator(f"[data-sign={sign.value}]").first.wait_for(state="attached")
            if page.evaluate(SPILT):
                spilt.append(sign.value)
        assert not spilt
    finally:
        screen.close()


def _assert_all_inside(page: Page, selector: str) -> None:
    assert page.evaluate(OUTSIDE, selector) == []


def test_the_page_heals_itself_when_the_gate_comes_back(page: Page) -> None:
    first = a_screen()
    visit(page, first)
    first.show(Answer("recorded", "green", "Selamat pagi", "Siti Rahmawati", stays_s=0.5))
    expect(page.get_by_text("Siti Rahmawati")).to_be_visible()
    first.close()
    expect(page.get_by_text("Menghubungkan…")).to_be_visible()
    expect(page.locator("#answer")).to_be_hidden()
    stopped = page.locator("#clock").inner_text()
    wait_until(page, lambda: page.locator("#clock").inner_text() != stopped)
    again = a_screen(f"127.0.0.1:{httpx.URL(first.url).port}")
    try:
        again.show(READY)
        again.see(Frame(np.full((480, 640, 3), 128, np.uint8), 0.0, 1))
        expect(page.get_by_text("Silakan lihat ke kamera")).to_be_visible()
        expect(page.get_by_text("Menghubungkan…")).to_be_hidden()
        wait_until(page, lambda: page.evaluate("document.querySelector('#preview').naturalWidth") == 480)
    finally:
        again.close()


def test_an_open_page_becomes_the_new_one_when_the_gate_was_changed(page: Page) -> None:
    first = a_screen(title="Nama lama")
    visit(page, first)
    first.close()
    again = a_screen(f"127.0.0.1:{httpx.URL(first.url).port}", title="Nama baru")
    try:
        expect(page.locator("h1")).to_have_text("Nama baru")
    finally:
        again.close()


def test_nothing_leaves_the_device_and_nothing_is_forbidden(screen: Screen, page: Page) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    visit(page, screen)
    screen.show(RECORDED)
    expect(page.get_by_text("Siti Rahmawati")).to_be_visible()
    assert asked
    assert all(url.startswith(screen.url) for url in asked), asked
    assert said == []


def test_answers_are_seen_in_their_order_and_soon(screen: Screen, page: Page) -> None:
    visit(page, screen)
    page.evaluate(WATCH)
    names = [f"Guru {number}" for number in range(20)]
    shown_ms = []
    for name in names:
        shown_ms.append(time.time() * 1000)
        screen.show(Answer("recorded", "green", "Selamat pagi", name, "Masuk 06:55", stays_s=60.0))
        wait_until(page, lambda name=name: page.evaluate("(window.painted.at(-1) || [])[0]") == name)  # type: ignore[misc]
    painted = page.evaluate("window.painted")
    assert [name for name, _ in painted] == names
    late_ms = [painted_ms - began for (_, painted_ms), began in zip(painted, shown_ms, strict=True)]
    print(f"show() to painted: median {statistics.median(late_ms):.0f} ms, slowest {max(late_ms):.0f} ms")
    assert min(late_ms) > 0
