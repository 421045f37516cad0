"""From captures to templates: photographs, and a finger with two touches."""

from collections.abc import Callable, Iterable
from pathlib import Path

from drivers.fingerprint import EnrolStep, FingerprintSensor
from kiosk.errors import EnrolmentError, PhotoError
from kiosk.store import People, Template
from kiosk.vision.engine import Engine
from kiosk.vision.photograph import find_faces, read_photograph


def templates_from_photographs(engine: Engine, person: str, photographs: Iterable[Path]) -> list[Template]:
    """A template for each photograph, which shows one face. Raises PhotoError that names every bad one."""
    templates, mistakes = [], []
    for path in photographs:
        try:
            templates.append(_template(engine, person, path))
        except PhotoError as error:
            mistakes.append(str(error))
    if mistakes:
        raise PhotoError("\n".join(mistakes))
    return templates


def _template(engine: Engine, person: str, path: Path) -> Template:
    image = read_photograph(path)
    boxes = find_faces(engine, image)
    if not boxes:
        raise PhotoError(f"no face is found in {path}: use one that looks into the camera, in good light")
    if len(boxes) > 1:
        raise PhotoError(f"{len(boxes)} faces are in {path}: use a photograph of one person alone")
    return Template(person, engine.name, engine.embed(image, boxes[0]))


def enrol_finger(people: People, sensor: FingerprintSensor, prompt: Callable[[EnrolStep], None]) -> int:
    """Store a finger at a free page of the sensor, which is given back. Raises EnrolmentError, SensorError."""
    page = people.free_page(sensor.capacity, sensor.pages())
    if page is None:
        raise EnrolmentError(f"the sensor is full: it holds {sensor.capacity} fingers; erase somebody first")
    sensor.enrol(page, prompt)
    return page
