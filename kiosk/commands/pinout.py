"""gerbang pinout: the wiring for the configuration at hand."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kiosk.commands.options import config_option, json_option
from kiosk.config import Config
from kiosk.drawing import draw_svg
from kiosk.pinout import Place, Wiring, wire

_STYLES = {"3V3": "yellow", "5V": "red", "GND": "dim"}


@click.command(short_help="Draw the wiring for this configuration.")
@click.option("--svg", metavar="FILE", type=click.Path(path_type=Path), help="Write a drawing to be printed, too.")
@json_option
@config_option
def pinout(svg: Path | None, as_json: bool, config: Config) -> None:
    """Draw what goes to which pin of the Pi's 40-pin header, for the configuration at hand.

    Pins that had better be others are marked with a cross. Two parts on one pin are a mistake, and no configuration.

    Example: gerbang pinout --config gerbang.toml --svg wiring.svg
    """
    wiring = wire(config)
    if svg:
        _write(svg, draw_svg(wiring, f"Gerbang, {config.site.name}"))
    if as_json:
        click.echo(json.dumps(_facts(wiring), ensure_ascii=False))
        return
    console = Console()
    console.print(_drawing(wiring))
    console.print("Pin 1 is at the end with the SD card; the USB sockets are below.\n", highlight=False)
    for line in wiring.elsewhere:
        console.print(Text(line))
    for mark in wiring.marks:
        console.print(Text(f"✗ {mark}", style="red"))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from error


def _facts(wiring: Wiring) -> dict[str, object]:
    header = [{**asdict(place.pin), "uses": place.uses, "marks": place.marks} for place in wiring.places]
    return {"header": header, "elsewhere": wiring.elsewhere, "marks": wiring.marks}


def _drawing(wiring: Wiring) -> Table:
    """Two columns of pins, as they lie, and beside each what is joined to it."""
    made = Table.grid(padding=(0, 1))
    for number in range(6):
        made.add_column(justify="right" if number < 3 else "left")
    for inner, outer in zip(wiring.places[::2], wiring.places[1::2], strict=True):
        made.add_row(*_cells(inner), *reversed(_cells(outer)))
    return made


def _cells(place: Place) -> list[Text]:
    style = "red" if place.marks else _STYLES.get(place.pin.name, "green" if place.uses else "dim")
    cross = "✗ " if place.marks else ""
    return [
        Text(cross + " / ".join(place.uses), style=style),
        Text(place.pin.name, style=style),
        Text(f"({place.pin.number:2})", style=style),
    ]
