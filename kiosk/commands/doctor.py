"""gerbang doctor: goes through the whole gate, and tells at each cross what to do."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kiosk.commands.options import config_option, json_option, printable
from kiosk.commands.status import gate_state
from kiosk.config import Config
from kiosk.doctor import CHECKS, Finding, Patient, Person, Result, examine
from kiosk.held import is_held

_SIGNS = {
    Result.OK: Text("✓", "bold green"),
    Result.WRONG: Text("✗", "bold red"),
    Result.DOUBTFUL: Text("!", "bold yellow"),
    Result.NOT_APPLICABLE: Text("–", "dim"),
}

_SILENT = {"faults": ["page"]}  # a gate whose page does not answer holds its parts all the same


@click.command(short_help="What is wrong with this gate, and what to do.")
@click.option("--no-questions", is_flag=True, help="Show lights and play the buzzer, but ask nothing.")
@click.option(
    "--picture", metavar="FILE", default="gerbang-doctor.jpg", show_default=True,
    type=click.Path(path_type=Path, dir_okay=False), help="Where the camera's picture is kept.",
)  # fmt: skip
@click.option("--only", "names", multiple=True, metavar="NAME", type=click.Choice(list(CHECKS)),
              help=f"Make this check alone; may be given several times. There are {', '.join(CHECKS)}.")  # fmt: skip
@json_option
@config_option
def doctor(no_questions: bool, picture: Path, names: tuple[str, ...], as_json: bool, config: Config) -> None:
    """Go through everything as a person would, and tell at each cross what to do.

    Stand before the camera meanwhile; its picture stays here until you delete it. A gate that runs is not disturbed:
    it has camera, sensor, lights and buzzer, and is asked how they are. With --json nothing is asked.

    Exit code 0: all is well, or doubtful; 1: something is wrong.

    Example: gerbang doctor --only camera --picture me.jpg
    """
    logging.getLogger().setLevel(logging.ERROR)  # what matters of it is in the findings
    terminal = Console(stderr=True)
    asks = not (no_questions or as_json)
    if asks and not (sys.stdin.isatty() and terminal.is_terminal):
        asks = False
        terminal.print("There is no terminal to ask at: nothing is asked.")
    gate = gate_state(config) or (_SILENT if is_held(config) else None)
    patient = Patient(config, gate, picture, Person(_ask, _say) if asks else None)
    with redirect_stdout(sys.stderr):  # a light without a pin is printed
        findings = list(_round(patient, names or tuple(CHECKS), terminal))
    well = not any(finding.result is Result.WRONG for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": well, "checks": [item.as_json() for item in findings]}, ensure_ascii=False))
    else:
        Console(highlight=False).print(_table(findings), _sum(findings))
    sys.exit(0 if well else 1)


def _ask(question: str) -> bool:
    return click.confirm(question, default=True, err=True)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _round(patient: Patient, names: tuple[str, ...], terminal: Console) -> Iterator[Finding]:
    """The findings, and what is looked at meanwhile, in the order of the checks."""
    for name, within_s in CHECKS.items():
        if name not in names:
            continue
        if within_s is None:
            yield from examine(name, patient, within_s)
            continue
        hint = " (look into it, an arm's length away)" if name == "camera" else ""
        with terminal.status(f"{name}{hint} ..."):
            yield from examine(name, patient, within_s)


def _table(findings: list[Finding]) -> Table:
    """A row for each; one advice for several rows is given once, under the last of them."""
    made = Table("", "", "", box=SIMPLE_HEAD, show_header=False)
    following = [*(item.advice for item in findings[1:]), ""]
    for item, next_advice in zip(findings, following, strict=True):
        said = Text(printable(item.found))
        if item.advice and item.advice != next_advice:
            said.append(f"\n→ {printable(item.advice)}", "bold" if item.result is Result.WRONG else "")
        made.add_row(_SIGNS[item.result], item.name, said)
    return made


def _sum(findings: list[Finding]) -> str:
    """The whole in a line."""
    wrong, doubtful = (sum(item.result is result for item in findings) for result in (Result.WRONG, Result.DOUBTFUL))
    if wrong:
        return f"{wrong} wrong, {doubtful} doubtful."
    return f"Nothing is wrong, {doubtful} doubtful." if doubtful else "All is well."
