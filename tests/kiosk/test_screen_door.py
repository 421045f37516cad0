"""Those who stand at the door and do not ask, or ask and do not read: the others come in all the same."""

import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import numpy as np
import pytest

from drivers.camera.contract import Frame
from kiosk.answers import Answer
from kiosk.errors import ScreenError
from kiosk.screen import Screen
from kiosk.screen.door import MOST
from kiosk.screen.streams import Streams
from kiosk.words import load_words
from tests.kiosk.test_screen import ZONE, Events, a_deaf_client, a_screen
from tests.waiting import until


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def open_screen(stack: ExitStack) -> Callable[[float], Screen]:
    """Starts a screen with this patience, in seconds."""

    def start(patience_s: float) -> Screen:
        screen = Screen("127.0.0.1:0", "TK Pembina", ZONE, load_words(), patience_s)
        screen.start()
        stack.callback(screen.close)
        return screen

    return start


def a_client(screen: Screen, stack: ExitStack) -> httpx.Client:
    limits = httpx.Limits(max_connections=None)
    return stack.enter_context(httpx.Client(base_url=screen.url, timeout=10, limits=limits, trust_env=False))


def connect(screen: Screen, stack: ExitStack) -> socket.socket:
    """A connection that does nothing by itself."""
    address = httpx.URL(screen.url)
    line = stack.enter_context(socket.create_connection((address.host, address.port or 0)))
    line.setblocking(False)
    return line


def is_cut(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def status(client: httpx.Client, path: str) -> int:
    with client.stream("GET", path) as response:
        return response.status_code


# --- who does not ask ----------------------------------------------------------------------------------------------


def test_who_asks_nothing_is_sent_away(open_screen: Callable[[float], Screen], stack: ExitStack) -> None:
    line = connect(open_screen(0.1), stack)
    until(lambda: is_cut(line))


def test_who_asks_only_half_is_sent_away(open_screen: Callable[[float], Screen], stack: ExitStack) -> None:
    line = connect(open_screen(0.1), stack)
    line.sendall(b"GET /state HT")
    until(lambda: is_cut(line))


def test_who_asks_only_half_the_second_time_is_sent_away(
    open_screen: Callable[[float], Screen], stack: ExitStack
) -> None:
    line = connect(open_screen(0.1), stack)
    line.sendall(b"GET /nothing-here HTTP/1.1\r\nHost: localhost\r\n\r\nGET")
    until(lambda: is_cut(line))


def test_who_reads_what_it_asked_for_may_stay(open_screen: Callable[[float], Screen], stack: ExitStack) -> None:
    screen = open_screen(0.1)
    events = Events(a_client(screen, stack), stack)
    events.next()
    line = connect(screen, stack)
    until(lambda: is_cut(line))  # and so more time than the patience has gone by
    screen.unsent(1)
    assert events.next()["unsent"] == 1


def test_a_crowd_that_asks_nothing_keeps_nobody_out(open_screen: Callable[[float], Screen], stack: ExitStack) -> None:
    screen = open_screen(600.0)
    client = a_client(screen, stack)
    events = Events(client, stack)
    events.next()
    crowd = [connect(screen, stack) for _ in range(MOST + 50)]
    assert client.get("/state").status_code == 200
    until(lambda: sum(is_cut(line) for line in crowd) >= 50, "the crowd is cut down to a number that we can bear")
    assert not is_cut(crowd[-1])
    screen.unsent(1)
    assert events.next()["unsent"] == 1


@contextmanager
def no_more_files() -> Iterator[None]:
    """This process may open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as fillers:
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208 - numbers, not files
        while (filler := os.dup(0)) < highest:
            fillers.callback(os.close, filler)
        fillers.callback(os.close, filler)
        resource.setrlimit(resource.RLIMIT_NOFILE, (filler + 1, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_shortage_of_files_is_told_once_and_ends_by_itself(
    open_screen: Callable[[float], Screen], stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    screen = open_screen(10.0)
    client = a_client(screen, stack)
    assert client.get("/state").status_code == 200
    address = httpx.URL(screen.url)
    line = stack.enter_context(socket.socket())
    with no_more_files():
        line.connect((address.host, address.port))
        until(lambda: len(caplog.records) > 0, "the shortage")
        assert client.get("/state").status_code == 200
    line.sendall(b"GET /state HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert line.recv(15) == b"HTTP/1.1 200 OK"
    assert [record.getMessage() for record in caplog.records] == ["no more browsers can connect: Too many open files"]
    assert caplog.records[0].exc_info is None


# --- who does not read ---------------------------------------------------------------------------------------------


def test_who_looks_without_reading_loses_its_place(open_screen: Callable[[float], Screen], stack: ExitStack) -> None:
    screen = open_screen(0.2)
    client = a_client(screen, stack)
    deaf = [stack.enter_context(a_deaf_client(screen, "/preview")) for _ in range(40)]
    until(lambda: status(client, "/preview") == 503, "all places are taken")
    noise = np.random.default_rng(1)

    def has_room() -> bool:
        screen.see(Frame(noise.integers(0, 256, (480, 640, 3), np.uint8), 0.0, 1))
        return status(client, "/preview") == 200

    until(has_room, "a place")
    assert len(deaf) == 40


def test_who_hears_without_reading_loses_its_place(open_screen: Callable[[float], Screen], stack: ExitStack) -> None:
    screen = open_screen(0.2)
    client = a_client(screen, stack)
    deaf = [stack.enter_context(a_deaf_client(screen, "/events")) for _ in range(40)]
    until(lambda: status(client, "/events") == 503, "all places are taken")

    def has_room() -> bool:
        screen.show(Answer("recorded", "green", "x" * 100_000))
        return status(client, "/events") == 200

    until(has_room, "a place")
    assert len(deaf) == 40


def test_the_gates_own_page_gets_in_though_all_look_at_the_picture(
    open_screen: Callable[[float], Screen], stack: ExitStack
) -> None:
    screen = open_screen(600.0)
    client = a_client(screen, stack)
    for _ in range(40):
        stack.enter_context(a_deaf_client(screen, "/preview"))
    until(lambda: status(client, "/preview") == 503, "all places are taken")
    assert Events(client, stack).next()["number"] == 0


def test_the_last_places_are_for_the_gates_own_page() -> None:
    streams = Streams(most=6)
    assert [streams.take() for _ in range(3)] == [True, True, False]
    assert [streams.take(own=True) for _ in range(5)] == [True, True, True, True, False]
    streams.give_back()
    assert [streams.take(), streams.take(own=True)] == [False, True]


# --- the door itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["a..b", "é..b", "\udcff"])
def test_a_host_that_has_no_such_name_is_one_sentence(host: str) -> None:
    with pytest.raises(ScreenError, match=r"can't be served at .*set another \[screen\] listen$"):
        a_screen(f"{host}:8500").start()
