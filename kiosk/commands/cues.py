"""gerbang cues: how each sign looks and sounds."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import click
from rich.console import Console

from drivers.buzzer import open_buzzer
from drivers.lights import open_lights
from drivers.lights.contract import DARK
from kiosk.commands.options import config_option, json_option, refuse_beside_gate, table
from kiosk.config import Config
from kiosk.events import Sign
from kiosk.feedback import FEEDBACK
from kiosk.notation import LIGHT, draw, write_rhythm, write_tune

_DRAWN_FROM_COLUMNS: Final = 110
_TWICE_AROUND: Final = 2
_LEAST_S: Final = 1.5
_BETWEEN_S: Final = 0.7

_MEANS: Final[dict[Sign, str]] = {
    Sign.READY: "ready: look into the camera",
    Sign.LOOK: "look here: being looked at",
    Sign.CLOSER: "come nearer",
    Sign.ONE_AT_A_TIME: "one person at a time",
    Sign.TOO_DARK: "step into the light",
    Sign.AGAINST_LIGHT: "do not stand before the light",
    Sign.BLURRED: "hold still",
    Sign.TURNED: "face the camera",
    Sign.OUTSIDE: "step to the middle",
    Sign.RECORDED: "recorded",
    Sign.REPEATED: "recorded already, a moment ago",
    Sign.UNKNOWN_USE_FINGER: "face not known: use the finger",
    Sign.CONFIRM_BY_FINGER: "face not sure: use the finger",
    Sign.UNKNOWN: "not known: ask the operator",
    Sign.FINGER_UNKNOWN: "finger not known: ask the operator",
    Sign.KEY_IN: "arriving, by key: look into the camera",
    Sign.KEY_OUT: "leaving, by key: look into the camera",
    Sign.SERVICE_CALLED: "the call for service is kept",
    Sign.CASE_OPEN: "the case is open",
    Sign.CAMERA_LOST: "no camera: use the finger",
    Sign.CAMERA_DARK: "too dark for the camera: use the finger",
    Sign.CAMERA_COVERED: "the camera is covered: use the finger",
    Sign.OFFLINE_TOO_LONG: "ready, and without a line for too long",
    Sign.NEEDS_SERVICE: "needs service: nothing is recorded",
}


@click.command(short_help="Show or play how each sign looks and sounds.")
@click.option(
    "--play",
    metavar="SIGN",
    type=click.Choice(["all", *(sign.value for sign in Sign)]),
    help="Play one sign, or all, on the lights and the buzzer.",
)
@json_option
@config_option
def cues(play: str | None, as_json: bool, config: Config) -> None:
    """Show how each sign looks and sounds, or play it.

    \b
    Example: gerbang cues --play recorded
             gerbang cues --play all

    A sign is changed in gerbang.toml, whole or in part:

    \b
    [cues]
    recorded = { sound = "c7." }
    unknown = { light = "red", rhythm = "--_", sound = "c5-_-" }

    \b
    light   green, red, blue or dark; green is for what is recorded alone
    rhythm  of the light, over and over: "steady", or the marks below
    sound   played once: "silent", or the marks below
    .       short
    -       long, which is three times as long; in sounds, five times
    _       pause
    c5      a note from c4 to b7, for the beeps after it: "c5. e5. f#5-"; only
            a tonal buzzer has notes

    Ready, recorded, repeated, unknown, use the finger, look here, offline too long and needs service must be told apart
    by rhythm alone, for those who do not see red and green, and nothing may be taken for recorded: gerbang config check
    says where a change confuses them.
    """
    if play:
        _play(config, list(Sign) if play == "all" else [Sign(play)])
    elif as_json:
        click.echo(json.dumps([_facts(config, sign) for sign in Sign], ensure_ascii=False))
    else:
        _print(config)


def _print(config: Config) -> None:
    console = Console()
    columns = ("sign", "light", "rhythm", "sound", "it means", "changed", "█ is 0.2 s")
    shown = len(columns) if console.width >= _DRAWN_FROM_COLUMNS else len(columns) - 1
    rows = []
    for sign in Sign:
        facts = _facts(config, sign)
        drawn = draw(config.feedback[sign].pattern.beats, LIGHT)
        changed = "✓" if facts["changed"] else ""
        row = (sign.value, facts["light"], facts["rhythm"], facts["sound"], facts["means"], changed, drawn)
        rows.append(row[:shown])
    made = table(columns[:shown], rows)
    made.columns[0].no_wrap = True
    console.print(made)


def _facts(config: Config, sign: Sign) -> dict[str, Any]:
    feedback = config.feedback[sign]
    pattern, tune = feedback.pattern, feedback.tune
    return {
        "sign": sign.value,
        "means": _MEANS[sign],
        "light": pattern.colour.value if pattern.colour else "dark",
        "rhythm": write_rhythm(pattern.beats) if pattern.colour else "",
        "beats_s": pattern.beats,
        "sound": write_tune(tune) if tune.beeps else "",
        "beeps_s": [(beep.on_s, beep.off_s) for beep in tune.beeps],
        "changed": feedback != FEEDBACK[sign],
    }


def _play(config: Config, signs: list[Sign]) -> None:
    """Each sign for as long as its tune is, and twice around its rhythm. Raises KioskError, DriverError."""
    refuse_beside_gate(config, "lights and buzzer")
    with (
        _ended_in_order(),
        closing(open_lights(config.lights, config.gpio)) as lights,
        closing(open_buzzer(config.buzzer, config.gpio)) as buzzer,
    ):
        for sign in signs:
            click.echo(f"{sign.value}: {_MEANS[sign]}")
            pattern, tune = config.feedback[sign].pattern, config.feedback[sign].tune
            lights.show(pattern)
            buzzer.play(tune)
            time.sleep(max(_LEAST_S, tune.lasts_s, _TWICE_AROUND * sum(pattern.beats)))
            lights.show(DARK)
            time.sleep(_BETWEEN_S if sign is not signs[-1] else 0.0)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """What ends the process inside ends it on the way that closes what is open: pins stay as they were left."""
    # SIGHUP comes when the line to a technician's terminal breaks; a shell may have had SIGINT ignored.
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = [signal.signal(number, lambda number, _: sys.exit(128 + number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
