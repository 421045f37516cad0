"""gerbang identify: whom the gate would see in a photograph."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from kiosk.album import PHOTOGRAPHS
from kiosk.commands.options import config_option, json_option, models_folder
from kiosk.config import Config
from kiosk.enrolment import templates_from_photographs
from kiosk.errors import EnrolmentError, PhotoError
from kiosk.gallery import Gallery
from kiosk.store import Template
from kiosk.vision import Engine, read_photograph
from kiosk.vision.engines import open_engine
from kiosk.vision.eye import look_up
from kiosk.vision.photograph import find_faces


@dataclass(frozen=True)
class Found:
    """One face of a probe."""

    box: tuple[int, int, int, int]
    person: str | None
    distance: float | None
    runner_up: float | None


@click.command(short_help="Whom the gate would see in a photograph.")
@click.argument("probes", nargs=-1, required=True, metavar="PROBE...", type=click.Path(path_type=Path))
@click.option(
    "--gallery",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with a folder of photographs for each person, named after the person.",
)
@click.option("--threshold", type=float, help="A face farther than this is unknown; by the gallery's size if absent.")
@click.option("--margin", type=float, help="How much farther the runner-up must be; by rule if absent.")
@click.option("--fpir", type=click.FloatRange(0, 1, min_open=True, max_open=True),
              help="The part of strangers that may be taken for somebody, for the rule.")  # fmt: skip
@json_option
@config_option
def identify(
    probes: tuple[Path, ...], folder: Path, threshold: float | None, margin: float | None, fpir: float | None,
    as_json: bool, config: Config,
) -> None:  # fmt: skip
    """Say whom the gate would see in each PROBE, by the same rules as the gate itself.

    Example: gerbang identify --gallery people/ visitor.jpg --json
    """
    eye = config.eye
    engine = open_engine(eye.engine, models_folder(config))
    templates = _enrolled(engine, folder)
    gallery = Gallery(
        templates,
        eye.threshold if threshold is None else threshold,
        eye.margin if margin is None else margin,
        fpir=eye.fpir if fpir is None else fpir,
    )
    if not as_json:
        decision = gallery.decision
        said = f"{len(gallery)} people, {len(templates)} faces: threshold {decision.threshold:.3f}"
        click.echo(f"{said}, margin {decision.margin:.3f}", err=True)
    failed = False
    for probe in probes:
        try:
            faces = _faces(engine, gallery, probe)
        except PhotoError as error:
            failed = True
            click.echo(error, err=True)
            continue
        click.echo(_as_json(probe, faces) if as_json else _as_text(probe, faces))
    if failed:
        sys.exit(1)


def _enrolled(engine: Engine, folder: Path) -> list[Template]:
    """The gallery's templates; a photograph that can't be used is told, and left out."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    photographs = [
        (item.name, path) for item in folders for path in sorted(item.iterdir()) if path.suffix.lower() in PHOTOGRAPHS
    ]
    templates = []
    with click.progressbar(photographs, label="Enrolling", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for person, path in bar:
            try:
                templates += templates_from_photographs(engine, person, [path])
            except PhotoError as error:
                click.echo(f"left out: {error}", err=True)
    without = sorted({item.name for item in folders} - {item.person for item in templates})
    if without:
        click.echo(f"no usable photograph of: {', '.join(without)}", err=True)
    if not templates:
        raise EnrolmentError(
            f"nobody could be enrolled from {folder}: it needs a folder of photographs for each person"
        )
    return templates


def _faces(engine: Engine, gallery: Gallery, probe: Path) -> list[Found]:
    image = read_photograph(probe)
    boxes = find_faces(engine, image)
    matches = [(box, look_up(engine, gallery, engine.align(image, box).chip)) for box in boxes]
    return [Found(box, match.person, match.distance, match.runner_up) for box, match in matches]


def _as_json(probe: Path, faces: list[Found]) -> str:
    rows: list[dict[str, Any]] = [
        {"box": list(face.box), "person": face.person, "distance": face.distance, "runner_up": face.runner_up}
        for face in faces
    ]
    return json.dumps({"probe": str(probe), "faces": rows})


def _as_text(probe: Path, faces: list[Found]) -> str:
    if not faces:
        return f"{probe}: no face"
    said = [f"{face.person or 'unknown'} (distance {face.distance or 0:.3f})" for face in faces]
    return f"{probe}: {', '.join(said)}"
