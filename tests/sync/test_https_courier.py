"""The courier over a real line on the loopback, to a server that answers all kinds of nonsense."""

import contextlib
import json
import socket
import socketserver
import struct
from collections.abc import Callable, Iterator
from email.utils import formatdate
from threading import Event, Thread

import pytest

from sync import wire
from sync.couriers.https import HttpsCourier
from sync.errors import CourierError, DestinationError, Nonsense, Refused, Unreachable
from tests.sync.journals import batch, entry

_BATCH = batch(entry(1), entry(2))
_IDS = [item["id"] for item in _BATCH.entries]
_RECEIPT = {"received": _IDS, "aside": []}


class Server:
    """Answers each request as it is told: with bytes, or by whatever is done to the connection."""

    def __init__(self) -> None:
        self.answer: bytes | Callable[[socket.socket], None] = b""
        self.requests: list[tuple[str, bytes]] = []
        self.over = Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer.handle(self)

        class Door(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._door = Door(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._door.server_address[1]}"
        self._thread = Thread(target=self._door.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def handle(self, handler: socketserver.StreamRequestHandler) -> None:
        """One request, read to its end, and its answer."""
        first = handler.rfile.readline().decode().strip()
        length = 0
        while line := handler.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            length = int(value) if name.lower() == "content-length" else length
        self.requests.append((first, handler.rfile.read(length)))
        if callable(self.answer):
            self.answer(handler.connection)
        else:
            handler.wfile.write(self.answer)

    def close(self) -> None:
        """End every answer that does not end by itself."""
        self.over.set()
        self._door.shutdown()
        self._thread.join()
        self._door.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with contextlib.closing(server):
        yield server


@pytest.fixture
def courier(server: Server) -> Iterator[HttpsCourier]:
    with contextlib.closing(HttpsCourier(server.url)) as courier:
        yield courier


def http(body: bytes | object, status: str = "200 OK", media: str = "application/json", *more: str) -> bytes:
    """An answer with this body, which becomes JSON if it is not bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status}", f"Content-Type: {media}", f"Content-Length: {len(content)}", "Connection: close"]
    return "\r\n".join([*head, *more, "", ""]).encode() + content


def test_a_batch_goes_over_and_its_receipt_comes_back(server: Server, courier: HttpsCourier) -> None:
    aside = {"position": 1, "why": "number: too small"}
    server.answer = http({"received": _IDS[:1], "aside": [aside]}, media="application/json; charset=utf-8")
    receipt = courier.hand_over(_BATCH)
    assert receipt == wire.Receipt(received=_IDS[:1], aside=[wire.Aside(position=1, why="number: too small")])
    ((first, body),) = server.requests
    assert first == "POST /api/v1/entries HTTP/1.1"
    assert wire.Batch.model_validate_json(body) == _BATCH


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(http(b"<html>Wi-Fi log-in</html>", media="text/html"), id="a page"),
        pytest.param(http(b"<html></html>"), id="a page that says it is JSON"),
        pytest.param(http(_RECEIPT, media="text/html"), id="JSON that says it is a page"),
        pytest.param(http(b""), id="nothing"),
        pytest.param(http(b"{"), id="half of JSON"),
        pytest.param(http(b"\xff\xfe"), id="no text"),
        pytest.param(http([]), id="a list"),
        pytest.param(http({}), id="an empty object"),
        pytest.param(http({"received": _IDS}), id="half of a receipt"),
        pytest.param(http({"received": None, "aside": []}), id="null for ids"),
        pytest.param(http({"received": [1, 2], "aside": []}), id="numbers for ids"),
        pytest.param(http({"received": ["x"], "aside": []}), id="no ids"),
        pytest.param(http({"received": [entry(1)["id"]], "aside": []}), id="an id of another batch"),
        pytest.param(http({"received": _IDS, "aside": [{"position": 2, "why": ""}]}), id="a position too far"),
        pytest.param(http({"received": _IDS, "aside": [{"position": -1, "why": ""}]}), id="a negative position"),
        pytest.param(http({"received": _IDS, "aside": [{"position": "0", "why": ""}]}), id="a position in quotes"),
        pytest.param(http(_RECEIPT, "200 OK", "application/json", "Content-Encoding: gzip")[:-1] + b"\0", id="no gzip"),
        pytest.param(http(_RECEIPT, "201 Created"), id="another success"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="no content"),
    ],
)
def test_what_is_no_receipt_for_this_batch_is_nonsense(server: Server, courier: HttpsCourier, answer: bytes) -> None:
    server.answer = answer
    with pytest.raises(Nonsense) as caught:
        courier.hand_over(_BATCH)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000])
def test_what_is_no_answer_at_all_is_unreachable(server: Server, courier: HttpsCourier, answer: bytes) -> None:
    server.answer = answer
    with pytest.raises(Unreachable):
        courier.hand_over(_BATCH)


def test_a_redirect_is_not_followed(server: Server, courier: HttpsCourier) -> None:
    server.answer = http(_RECEIPT, "302 Found", "application/json", f"Location: {server.url}/elsewhere")
    with pytest.raises(Nonsense, match="302"):
        courier.hand_over(_BATCH)
    assert len(server.requests) == 1


def test_an_answer_that_is_cut_short_is_no_receipt(server: Server, courier: HttpsCourier) -> None:
    server.answer = http(_RECEIPT)[:-5]
    with pytest.raises(CourierError):
        courier.hand_over(_BATCH)


def test_a_connection_that_is_reset_is_unreachable(server: Server, courier: HttpsCourier) -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    server.answer = reset
    with pytest.raises(Unreachable):
        courier.hand_over(_BATCH)


@pytest.mark.parametrize("head", [b"Transfer-Encoding: chunked", b"Content-Length: 99999999999", b"X-Length: none"])
def test_an_endless_answer_is_cut_off(server: Server, courier: HttpsCourier, head: bytes) -> None:
    piece = b" " * 65536

    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + head + b"\r\n\r\n")
        with contextlib.suppress(OSError):
            while not server.over.is_set():
                connection.sendall(b"10000\r\n" + piece + b"\r\n" if b"chunked" in head else piece)

    server.answer = flood
    with pytest.raises(Nonsense, match="does not end"):
        courier.hand_over(_BATCH)


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"]
)
def test_a_district_that_says_nothing_is_not_waited_for(server: Server, begun: bytes) -> None:
    def hush(connection: socket.socket) -> None:
        connection.sendall(begun)
        server.over.wait()

    server.answer = hush
    courier = HttpsCourier(server.url, read_s=0.05)
    with contextlib.closing(courier), pytest.raises(Unreachable, match="no answer in time"):
        courier.hand_over(_BATCH)


def test_a_district_that_drips_is_not_waited_for(server: Server) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        with contextlib.suppress(OSError):
            while not server.over.wait(0.01):
                connection.sendall(b" ")

    server.answer = drip
    courier = HttpsCourier(server.url, answer_s=0.1)
    with contextlib.closing(courier), pytest.raises(Unreachable, match="too slowly"):
        courier.hand_over(_BATCH)


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "413 Content Too Large", "500 Oh", "503 Later"])
def test_a_refusal_is_named(server: Server, courier: HttpsCourier, status: str) -> None:
    server.answer = http({"title": "no", "status": 500}, status, wire.PROBLEM_TYPE)
    with pytest.raises(Refused, match=status) as caught:
        courier.hand_over(_BATCH)
    assert caught.value.retry_after_s is None


_NOW = 1_790_000_000


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["Retry-After: 120"], 120),
        (["Retry-After: 0"], 0),
        (["Retry-After: 99999999999999999999999"], 3600),
        ([f"Date: {formatdate(_NOW, usegmt=True)}", f"Retry-After: {formatdate(_NOW + 90, usegmt=True)}"], 90),
        ([f"Date: {formatdate(_NOW, usegmt=True)}", f"Retry-After: {formatdate(_NOW - 90, usegmt=True)}"], 0),
        (["Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"], 3600),
        (["Retry-After: -1"], None),
        (["Retry-After: 1.5"], None),
        (["Retry-After: soon"], None),
        (["Retry-After: Fri, 99 Foo 9999 23:59:59 GMT"], None),
    ],
)
@pytest.mark.parametrize("status", ["500 Internal Server Error", "302 Found"])
def test_the_district_may_ask_for_patience(
    server: Server, courier: HttpsCourier, status: str, headers: list[str], seconds: float | None
) -> None:
    server.answer = http(b"", status, "text/plain", *headers)
    with pytest.raises(CourierError) as caught:
        courier.hand_over(_BATCH)
    assert caught.value.retry_after_s == seconds


def test_a_port_without_a_district_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
    with contextlib.closing(HttpsCourier(url)) as courier, pytest.raises(Unreachable, match="Connection refused"):
        courier.hand_over(_BATCH)


def test_a_district_that_does_not_speak_https_is_unreachable(server: Server) -> None:
    server.answer = http(_RECEIPT)
    courier = HttpsCourier(server.url.replace("http:", "https:"))
    with contextlib.closing(courier), pytest.raises(Unreachable, match="does not speak HTTPS"):
        courier.hand_over(_BATCH)


@pytest.mark.parametrize(
    "url", ["", "http://", "absen.disdik.example", "http://absen.disdik.example", "ftp://127.0.0.1"]
)
def test_an_open_line_to_elsewhere_is_not_taken(url: str) -> None:
    with pytest.raises(DestinationError):
        HttpsCourier(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://[::1",
        "https://[x]",
        "https://x:99999",
        "https://x:port",
        "https://a..b",
        "https://a b.example",
        "https://*.example",
        f"https://{'a' * 64}.example",
        "https://é..example",
    ],
)
def test_a_url_that_nobody_can_reach_is_told_at_once(url: str) -> None:
    with pytest.raises(DestinationError, match="can't be reached by anybody") as caught:
        HttpsCourier(url)
    assert url in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://absen.disdik.example/", "https://dinas-é.example", "http://localhost:8600", "http://[::1]:8600"]
)
def test_a_closed_line_or_this_machine_is_taken(url: str) -> None:
    HttpsCourier(url).close()
