"""The screen over real HTTP: what scripts and browsers get, and that none of them is ever waited for."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast
from zoneinfo import ZoneInfo

import cv2
import httpx
import numpy as np
import pytest

from drivers.camera.contract import Frame
from kiosk.answers import Answer
from kiosk.errors import ScreenError
from kiosk.screen import Screen
from kiosk.words import load_words

ZONE = ZoneInfo("Asia/Makassar")
READY = Answer("ready", None, "Silakan lihat ke kamera")
RECORDED = Answer("recorded", "green", "Selamat pagi", name="Siti", detail="Masuk 06:55", time="06:55", stays_s=60.0)


def a_screen(listen: str = "127.0.0.1:0", title: str = "TK Pembina") -> Screen:
    return Screen(listen, title, ZONE, load_words())


@pytest.fixture
def screen() -> Iterator[Screen]:
    screen = a_screen()
    screen.start()
    yield screen
    screen.close()


@pytest.fixture
def client(screen: Screen) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=None)
    with httpx.Client(base_url=screen.url, timeout=10, limits=limits, trust_env=False) as client:
        yield client


class Events:
    """Reads server-sent events, one at a time."""

    def __init__(self, client: httpx.Client, stack: ExitStack) -> None:
        self.response = stack.enter_context(client.stream("GET", "/events"))
        self._lines = self.response.iter_lines()

    def next(self) -> dict[str, Any]:
        line = next(line for line in self._lines if line.startswith("data: "))
        return cast(dict[str, Any], json.loads(line.removeprefix("data: ")))

    def ended(self) -> bool:
        return not any(self._lines)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def a_frame(blue: int = 0, number: int = 1) -> Frame:
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[:, :320] = (blue, 255 - blue, 0)
    return Frame(pixels, 0.0, number)


def first_pictures(client: httpx.Client, count: int = 1) -> list[Any]:
    pictures: list[Any] = []
    with client.stream("GET", "/preview") as response:
        left = b""
        for chunk in response.iter_raw():
            *parts, left = (left + chunk).split(b"--picture\r\n")
            jpegs = [part.split(b"\r\n\r\n", 1)[1] for part in parts if part]
            pictures += [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in jpegs]
            if len(pictures) >= count:
                break
    return pictures


def a_deaf_client(screen: Screen, path: str) -> socket.socket:
    """Asks, and never reads."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    address = httpx.URL(screen.url)
    deaf.connect((address.host, address.port))
    deaf.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return deaf


# --- what is told --------------------------------------------------------------------------------------------------


def test_scripts_read_what_the_page_says(screen: Screen, client: httpx.Client) -> None:
    screen.show(RECORDED)
    screen.faults(frozenset({"sensor", "camera"}))
    screen.unsent(12)
    state = client.get("/state").json()
    assert state["answer"] == RECORDED.as_json()
    assert state["faults"] == ["camera", "sensor"]
    assert state["unsent"] == 12
    assert 0 < state["left_s"] <= 60


def test_a_gate_that_has_said_nothing_has_a_state_all_the_same(client: httpx.Client) -> None:
    state = client.get("/state").json()
    assert (state["answer"], state["faults"], state["unsent"], state["number"]) == (None, [], None, 0)


def test_what_was_said_before_the_start_is_not_lost() -> None:
    screen = a_screen()
    screen.show(READY)
    screen.start()
    try:
        assert httpx.get(screen.url + "state", trust_env=False).json()["answer"]["sign"] == "ready"
    finally:
        screen.close()


def test_who_connects_gets_the_whole_state_and_then_each_change_in_order(
    screen: Screen, client: httpx.Client, stack: ExitStack
) -> None:
    screen.unsent(7)
    screen.show(READY)
    events = Events(client, stack)
    first = events.next()
    assert (first["unsent"], first["answer"]["sign"]) == (7, "ready")
    names = [f"Guru {number}" for number in range(50)]
    for name in names:
        screen.show(Answer("recorded", "green", "Selamat pagi", name=name, stays_s=3.0))
    told = [events.next() for _ in names]
    assert [each["answer"]["name"] for each in told] == names
    assert [each["number"] for each in told] == list(range(first["number"] + 1, first["number"] + 51))


def test_every_browser_gets_every_change(screen: Screen, client: httpx.Client, stack: ExitStack) -> None:
    readers = [Events(client, stack) for _ in range(3)]
    for reader in readers:
        reader.next()
    screen.show(READY)
    assert [reader.next()["answer"]["sign"] for reader in readers] == ["ready"] * 3


def test_what_changes_nothing_is_not_told(screen: Screen, client: httpx.Client, stack: ExitStack) -> None:
    events = Events(client, stack)
    events.next()
    screen.faults(frozenset())
    screen.unsent(None)
    screen.unsent(3)
    screen.unsent(3)
    screen.show(READY)
    assert [events.next()["number"] for _ in range(2)] == [1, 2]


def test_an_answer_whose_time_is_over_leaves_and_no_name_stays(
    screen: Screen, client: httpx.Client, stack: ExitStack
) -> None:
    events = Events(client, stack)
    events.next()
    screen.show(Answer("recorded", "green", "Selamat pagi", name="Siti", stays_s=0.05))
    assert events.next()["answer"]["name"] == "Siti"
    assert events.next()["answer"] is None
    assert "Siti" not in client.get("/state").text


# --- nobody is waited for ------------------------------------------------------------------------------------------


def test_a_browser_that_does_not_read_holds_up_nobody(screen: Screen, client: httpx.Client, stack: ExitStack) -> None:
    stack.enter_context(a_deaf_client(screen, "/events"))
    stack.enter_context(a_deaf_client(screen, "/preview"))
    events = Events(client, stack)
    events.next()
    long = "x" * 100_000
    for number in range(100):
        screen.see(a_frame(number=number))
        screen.show(Answer("recorded", "green", long, name=str(number), stays_s=60.0))
        while events.next()["answer"]["name"] != str(number):
            pass
    assert client.get("/state").json()["answer"]["name"] == "99"


def test_closing_ends_open_streams_even_deaf_ones(screen: Screen, client: httpx.Client, stack: ExitStack) -> None:
    screen.see(a_frame())
    stack.enter_context(a_deaf_client(screen, "/preview"))
    stack.enter_context(a_deaf_client(screen, "/events"))
    preview = stack.enter_context(client.stream("GET", "/preview"))
    pieces = preview.iter_raw()
    next(pieces)
    for _ in range(40):
        screen.show(Answer("recorded", "green", "x" * 200_000, stays_s=60.0))  # more than the lines between can hold
    events = Events(client, stack)
    while events.next()["number"] < 40:
        pass
    began = time.monotonic()
    screen.close()
    print(f"closed in {time.monotonic() - began:.2f} s")
    assert "screen" not in [thread.name for thread in threading.enumerate()]
    assert events.ended()
    list(pieces)


def test_what_is_said_after_closing_is_said_to_nobody(screen: Screen) -> None:
    screen.close()
    screen.close()
    screen.show(READY)
    screen.see(a_frame())
    screen.faults(frozenset({"camera"}))
    screen.unsent(1)


def test_a_screen_that_never_started_can_be_closed() -> None:
    a_screen().close()


def test_a_taken_port_is_named_in_one_sentence(screen: Screen) -> None:
    port = httpx.URL(screen.url).port
    other = a_screen(f"127.0.0.1:{port}")
    with pytest.raises(ScreenError, match=rf"can't be served at 127\.0\.0\.1:{port} .*\[screen\] listen$"):
        other.start()


def test_the_port_is_free_again_at_once(screen: Screen, client: httpx.Client, stack: ExitStack) -> None:
    Events(client, stack).next()
    screen.close()
    again = a_screen(f"127.0.0.1:{httpx.URL(screen.url).port}")
    again.start()
    try:
        assert httpx.get(again.url + "state", trust_env=False).status_code == 200
    finally:
        again.close()


def test_there_is_a_place_for_32_and_one_that_leaves_makes_room(
    screen: Screen, client: httpx.Client, stack: ExitStack
) -> None:
    with ExitStack() as readers:
        for _ in range(16):
            assert readers.enter_context(client.stream("GET", "/preview")).status_code == 200
        kept = [Events(client, readers) for _ in range(16)]
        for reader in kept:
            reader.next()
        assert client.get("/events").status_code == 503
        assert client.get("/preview").status_code == 503
        assert client.get("/state").status_code == 200
    deadline = time.monotonic() + 10
    while Events(client, stack).response.status_code != 200:
        assert time.monotonic() < deadline, "no place was given back"


# --- the camera's picture ------------------------------------------------------------------------------------------


def test_the_picture_is_small_and_as_in_a_mirror(screen: Screen, client: httpx.Client) -> None:
    screen.see(a_frame())
    (picture,) = first_pictures(client)
    assert picture.shape == (360, 480, 3)
    assert picture[180, 400, 1] > 200  # green was on the left
    assert picture[180, 80, 1] < 50


def test_the_faces_are_framed_where_the_mirror_shows_them(screen: Screen, client: httpx.Client) -> None:
    screen.see(a_frame(), ((480, 120, 80, 80),))
    (picture,) = first_pictures(client)
    assert picture[91:150, 61:120].max() > 200  # the frame of 60 x 60 px begins at 60, 90
    assert picture[91:150, 130:200].max() < 50


def test_a_frame_is_encoded_once_for_all_who_look_and_never_for_nobody(
    screen: Screen, client: httpx.Client, stack: ExitStack
) -> None:
    class CountedFrame:
        used = 0
        large = None

        @property
        def pixels(self) -> Any:
            self.used += 1
            return a_frame().pixels

    frame = CountedFrame()
    screen.see(cast(Frame, frame))
    client.get("/state")
    assert frame.used == 0
    for _ in range(3):
        first_pictures(client)
    assert frame.used == 1


def test_a_moving_picture_moves(screen: Screen, client: httpx.Client) -> None:
    ended = threading.Event()

    def feed() -> None:
        number = 0
        while not ended.wait(0.02):
            number += 1
            screen.see(a_frame(blue=255 * (number // 5 % 2), number=number))

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        colours = {int(picture[180, 400, 0]) > 128 for picture in first_pictures(client, 10)}
    finally:
        ended.set()
        feeder.join()
    assert colours == {True, False}


def test_a_lost_camera_leaves_no_picture_of_anybody(screen: Screen, client: httpx.Client) -> None:
    screen.see(a_frame(blue=0))
    screen.faults(frozenset({"camera"}))
    threading.Timer(0.2, screen.see, (a_frame(blue=255),)).start()
    (picture,) = first_pictures(client)
    assert picture[180, 400, 0] > 200


# --- whom it is for ------------------------------------------------------------------------------------------------


def test_every_answer_tells_the_browser_to_stay_on_this_device(client: httpx.Client) -> None:
    for path in ("/", "/state", "/page.css", "/page.js", "/kawung.svg", "/nothing-here"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';"), path
        assert headers["cross-origin-resource-policy"] == "same-origin", path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["cache-control"] == "no-store", path


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/").text
    for unwanted in ("style=", "<style", "onclick", "onload", "<script>", "http:", "https:", "//"):
        assert unwanted not in page, unwanted


def test_a_school_may_have_any_name() -> None:
    screen = a_screen(title='<script>alert(1)</script> & "TK"')
    screen.start()
    try:
        page = httpx.get(screen.url, trust_env=False).text
    finally:
        screen.close()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;TK&#34;" in page


def test_a_foreign_name_that_points_here_is_refused(client: httpx.Client) -> None:
    for host in ("evil.example", "evil.example:8500", "", "127.0.0.1.evil.example", "localhost.evil"):
        assert client.get("/state", headers={"host": host}).status_code == 421, host


def test_this_device_may_be_called_by_its_address(client: httpx.Client) -> None:
    for host in ("localhost", "LOCALHOST:8500", "127.0.0.1", "192.168.1.7:8500", "[::1]", "[::1]:8500"):
        assert client.get("/state", headers={"host": host}).status_code == 200, host
