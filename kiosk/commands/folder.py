"""Enrols a whole school from a folder, and tells of everybody who could not be taken."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from kiosk import clock
from kiosk.album import Page, open_album
from kiosk.config import Config
from kiosk.enrolment import Enrolled, checked_key, checked_name, enrol_person, usable_templates
from kiosk.errors import EnrolmentError
from kiosk.store import People, Person, Template, open_store
from kiosk.vision.engine import Engine


@dataclass
class Census:
    """How it came out. taken: with what was left out; not_taken: (who or what, why)."""

    taken: list[tuple[Enrolled, list[str]]] = field(default_factory=list)
    not_taken: list[tuple[str, str]] = field(default_factory=list)


class School:
    """The people before and after; each one is enrolled by itself."""

    def __init__(self, people: People, engine: Engine, config: Config, *, replace: bool) -> None:
        """Reads who is there. Raises StoreError."""
        self._people = people
        self._engine = engine
        self._config = config
        self._replace = replace
        self._everybody: list[Template] = people.templates()
        self.names = {item.id: item.name for item in people.all()}

    def enrol(self, page: Page) -> tuple[Enrolled, list[str]]:
        """One person with all photographs that can be used, and why others can't. Raises EnrolmentError, StoreError."""
        name = checked_name(page.name) or self.names.get(page.person, page.person)
        who = Person(checked_key(page.person), name)
        if not page.photographs:
            raise EnrolmentError("there is no photograph of this person")
        templates, left_out = usable_templates(self._engine, who.id, page.photographs)
        if not templates:
            raise EnrolmentError("; ".join(left_out))
        done = enrol_person(
            self._people, who, templates, None, clock.now(), self._config.eye,
            replace=self._replace, everybody=self._everybody,
        )  # fmt: skip
        if self._replace:
            self._everybody = [item for item in self._everybody if item.person != who.id]
        known = {item.embedding.tobytes() for item in self._everybody if item.person == who.id}
        self._everybody += [item for item in templates if item.embedding.tobytes() not in known]
        self.names[who.id] = who.name
        return done, left_out


def enrol_folder(
    config: Config, folder: Path, open_eye: Callable[[Config], Engine], *, replace: bool, as_json: bool
) -> None:
    """Everybody in the folder; the process ends with 1 where anybody could not be taken. Raises KioskError."""
    album = open_album(folder)
    census = Census(not_taken=album.strays)
    with open_store(config.store_path) as store:
        school = School(store.people, open_eye(config), config, replace=replace)
        with click.progressbar(album.pages, label="Enrolling", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            for page in bar:
                try:
                    census.taken.append(school.enrol(page))
                except EnrolmentError as error:
                    census.not_taken.append((f"{page.person} {page.name}".strip(), str(error)))
    if as_json:
        click.echo(json.dumps(_as_json(census)))
    else:
        _report(census, school.names)
    if census.not_taken:
        sys.exit(1)


def tell_likenesses(done: Enrolled, names: dict[str, str]) -> None:
    """Tell the operator, who knows twins from a person who is there twice."""
    for item in done.likenesses:
        same = "perhaps they are the same person, enrolled twice; " if done.perhaps_same(item) else ""
        click.echo(
            f"{done.person.name} ({item.person}) looks like {names[item.other]} ({item.other}), distance"
            f" {item.distance:.2f}: {same}both are asked for a finger from now on; see gerbang people --help",
            err=True,
        )


def as_row(done: Enrolled) -> dict[str, Any]:
    """An enrolment for programs."""
    likenesses = [
        {"other": item.other, "distance": round(item.distance, 3), "perhaps_same": done.perhaps_same(item)}
        for item in done.likenesses
    ]
    return {"id": done.person.id, "name": done.person.name, "faces": done.faces, "lookalikes": likenesses}


def _as_json(census: Census) -> dict[str, Any]:
    return {
        "taken": [{**as_row(done), "left_out": left_out} for done, left_out in census.taken],
        "not_taken": [{"who": who, "why": why} for who, why in census.not_taken],
    }


def _report(census: Census, names: dict[str, str]) -> None:
    """First what was left out, then look-alikes, then who could not be taken, then the sum."""
    for done, left_out in census.taken:
        for why in left_out:
            click.echo(f"left out for {done.person.name} ({done.person.id}): {why}", err=True)
    for done, _ in census.taken:
        tell_likenesses(done, names)
    for who, why in census.not_taken:
        click.echo(f"not enrolled: {who}: {why}", err=True)
    faces = sum(done.faces for done, _ in census.taken)
    click.echo(f"{len(census.taken)} people are enrolled with {faces} new faces; {len(census.not_taken)} were not.")
