"""gerbang watch: the gate's answers in a terminal, a line each."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click
import requests
from rich.console import Console
from rich.text import Text

from kiosk.commands.options import ask, config_option, json_option
from kiosk.config import Config
from kiosk.errors import ScreenError

_STYLES = {"green": "bold white on green", "red": "bold white on red", "blue": "bold white on blue", None: "dim"}


@click.command(short_help="The gate's answers, a line each.")
@json_option
@config_option
def watch(as_json: bool, config: Config) -> None:
    """Follow a running gate: each answer in a line, with its light and sound; until Ctrl-C.

    Example: gerbang watch
    """
    console = Console(highlight=False)
    for state in follow(config.screen.listen):
        if as_json:
            click.echo(json.dumps(state, ensure_ascii=False))
        else:
            console.print(line(state["answer"], datetime.now(config.zone)), soft_wrap=True)


def follow(listen: str) -> Iterator[dict[str, Any]]:
    """The gate's state now, and after each new answer. Raises ScreenError where no gate answers."""
    said = None
    try:
        with ask(listen, "/events", stream=True) as answer:
            answer.raise_for_status()
            for row in answer.iter_lines(chunk_size=1):
                if row.startswith(b"data:"):
                    state = json.loads(row[5:])
                    if state["answer"] and state["answer"] != said:
                        yield state
                    said = state["answer"]
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise ScreenError(f"no gate answers at http://{listen}: is gerbang run started?") from error


def line(answer: dict[str, Any], now: datetime) -> Text:
    """One answer: the time, the light, what is said, the sound."""
    light = answer["light"]
    text = Text(f"{now:%H:%M:%S}  ")
    text.append(f" {light:^14} ", _STYLES[answer["colour"]])
    words = " · ".join(answer[key] for key in ("headline", "name", "detail") if answer[key])
    text.append(f"  {words}")
    if answer["sound"]:
        text.append(f"  ♪ {answer['sound']}", "yellow")
    return text
