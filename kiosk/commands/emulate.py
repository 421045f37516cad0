"""gerbang emulate: hardware that is not there, on a port that is."""

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click

from drivers.fingerprint.chip import describe
from drivers.fingerprint.contract import Baud
from drivers.fingerprint.emulator import FingerprintEmulator
from drivers.fingerprint.hand import Hand, Misunderstood
from drivers.fingerprint.models import ModelName
from kiosk.commands.options import json_option

Say = Callable[[str, str], None]

_BAUDS = [str(baud) for baud in sorted(get_args(Baud))]


def _password(_context: click.Context, _option: click.Parameter, text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        password = bytes.fromhex(text)
    except ValueError:
        password = b""
    if len(password) != 4:
        raise click.BadParameter(f"{text!r} is no password; write 8 hexadecimal digits, such as 67617465")
    return password


@click.group(short_help="Hardware that is not there, to try things out.")
def emulate() -> None:
    """Emulate a part of the gate, so that the gate can be tried without it.

    Example: gerbang emulate fingerprint
    """


@emulate.command(short_help="A fingerprint sensor on a port of its own.")
@click.option("--port", "link", metavar="LINK", type=click.Path(path_type=Path), help="What its port is to be called.")
@click.option(
    "--memory", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Keep its fingers there."
)
@click.option("--model", type=click.Choice(get_args(ModelName)), default="zfm20", help="zfm20 by default.")
@click.option(
    "--capacity", metavar="N", type=click.IntRange(1, 1024), help="How many fingers it holds, 200 by default."
)
@click.option("--baud", type=click.Choice(_BAUDS), help="As the memory has it, else 57600.")
@click.option("--password", metavar="HEX", callback=_password, help="8 digits; as the memory has it, else 00000000.")
@click.option("--fast", is_flag=True, help="Be as fast as can be, not as slow as a real one.")
@click.option("--quiet", is_flag=True, help="Do not tell what it hears and answers.")
@json_option
def fingerprint(
    link: Path | None,
    memory: Path | None,
    model: ModelName,
    capacity: int | None,
    baud: str | None,
    password: bytes | None,
    fast: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Be a fingerprint sensor, until quit, Ctrl-C or SIGTERM. What it prints first is its port, for gerbang.toml.

    It takes commands on its standard input, one a line; help lists them. When the input ends it goes on.

    Example: gerbang emulate fingerprint --port /tmp/sensor --model r503
    """
    say = _say_json if as_json else _say
    with _signals(signal.SIGTERM, signal.SIGINT) as stop:
        try:
            emulator = FingerprintEmulator(
                memory,
                capacity,
                password,
                model=model,
                baud=int(baud) if baud else None,
                timing=not fast,
                link=link,
                tell=_ignore if quiet else _Talk(say).tell,
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        except OSError as error:
            raise click.UsageError(f"{error.filename2 or error.filename}: {error.strerror}") from error
        with emulator:
            say("port", emulator.port)
            say("sensor", f"{model}, room for {emulator.capacity} fingers, {emulator.baud} baud")
            _serve(Hand(emulator), stop, say)


def _serve(hand: Hand, stop: int, say: Say) -> None:
    for line in _typed(stop):
        if line.strip() == "quit":
            return
        try:
            if reply := hand.obey(line):
                say("reply", reply)
        except (Misunderstood, OSError) as error:
            say("error", str(error))


@contextmanager
def _signals(*numbers: signal.Signals) -> Iterator[int]:
    """A descriptor that can be read as soon as one of these signals has come."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    before[signal.SIGTTIN] = signal.signal(signal.SIGTTIN, signal.SIG_IGN)  # in the background there is no input
    woken = signal.set_wakeup_fd(writer)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


def _typed(stop: int) -> Iterator[str]:
    """Each line of the standard input, until `stop` can be read; the input's own end is not the end."""
    watched = [stop, 0] if sys.stdin else [stop]
    rest = b""
    while stop not in select.select(watched, [], [])[0]:
        try:
            words = os.read(0, 4096)
        except OSError:  # a terminal that is not ours at the moment, or no more
            words = b""
        if not words:
            watched, words = [stop], b"\n"
        *lines, rest = (rest + words).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)


class _Talk:
    """Tells of the packets, each command with its answer in one line; the same line twice is told once."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._heard = self._last = ""

    def tell(self, direction: str, packet: bytes) -> None:
        """For the emulator's own thread."""
        words = describe(packet)
        if direction == "hears":
            self._line(f"{self._heard} → nothing" if self._heard else "")
            self._heard = words
        else:
            self._line(f"{self._heard} → {words}".strip())
            self._heard = ""

    def _line(self, line: str) -> None:
        if line and line != self._last:
            self._say("line", line)
            self._last = line


def _ignore(_direction: str, _packet: bytes) -> None:
    pass


def _say(kind: str, words: str) -> None:
    _print(f"error: {words}" if kind == "error" else f"port {words}" if kind == "port" else words)


def _say_json(kind: str, words: str) -> None:
    _print(json.dumps({kind: words}, ensure_ascii=False))


def _print(line: str) -> None:
    """Who reads may go; the sensor goes on."""
    try:
        click.echo(line)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
