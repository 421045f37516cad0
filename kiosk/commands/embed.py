"""gerbang embed: the numbers that stand for the faces in a picture."""

import json
from pathlib import Path

import click

from kiosk.commands.options import config_option, json_option, models_folder
from kiosk.config import Config
from kiosk.vision import read_photograph
from kiosk.vision.engines import open_engine
from kiosk.vision.photograph import find_faces


@click.command(short_help="The numbers for the faces in a picture.")
@click.argument("image", type=click.Path(path_type=Path))
@json_option
@config_option
def embed(image: Path, as_json: bool, config: Config) -> None:
    """Find the faces in IMAGE and embed each as 128 numbers, as the gate does.

    Example: gerbang embed ani.jpg --json
    """
    pixels = read_photograph(image)
    engine = open_engine(config.eye.engine, models_folder(config))
    faces = [(box, engine.embed(pixels, box)) for box in find_faces(engine, pixels)]
    if as_json:
        rows = [{"box": list(box), "embedding": [float(value) for value in numbers]} for box, numbers in faces]
        click.echo(json.dumps({"faces": rows}))
        return
    for box, numbers in faces:
        click.echo(f"face at {box}: {', '.join(f'{value:.3f}' for value in numbers[:4])}, ... ({len(numbers)} numbers)")
    if not faces:
        click.echo(f"{image}: no face")
