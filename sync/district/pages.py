"""The one page for people, and the sign of life for machines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import OperationalError
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sync.district.models import Aside, Entry
from sync.district.problems import problem

_NEWEST = 100
_DIRECTIONS = {"in": "masuk", "out": "pulang"}
_MEANS = {"face": "wajah", "finger": "sidik jari"}
_INDONESIAN = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


@dataclass(frozen=True)
class School:
    """Where a device hangs: a dash and UTC where it did not say."""

    name: str
    zone: tzinfo


@dataclass(frozen=True)
class Row:
    """One attendance as the page shows it; a dash where the entry does not say."""

    school: str
    time: str
    zone: str
    person: str
    direction: str
    means: str


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The devices, and the newest attendance."""
    entries = list(Entry.objects.filter(kind="attendance").order_by("-wall", "-number")[:_NEWEST])
    devices = list(
        Entry.objects.values("device")
        .annotate(entries=Count("id"), last_wall=Max("wall"), last_received=Max("received_at"))
        .order_by("-last_received")[:_NEWEST]
    )
    schools = {device: _school(device) for device in {entry.device for entry in entries}}
    context = {
        "devices": [_local(device) for device in devices],
        "rows": [_row(entry, schools[entry.device]) for entry in entries],
        "refusals": Entry.objects.filter(kind="refusal").count(),
        "asides": Aside.objects.count(),
    }
    return render(request, "district/home.html", context)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 where the database can be read, else 503."""
    try:
        Entry.objects.exists()
    except OperationalError:
        return problem(503, "the district's database can't be read")
    return JsonResponse({"status": "ok"})


def _row(entry: Entry, school: School) -> Row:
    payload = json.loads(entry.text)["payload"]
    return Row(
        school=school.name,
        time=_clock(entry.wall, school.zone),
        zone=_zone_name(school.zone),
        person=_word(payload.get("person")),
        direction=_DIRECTIONS.get(_word(payload.get("direction")), "–"),
        means=_MEANS.get(_word(payload.get("means")), "–"),
    )


def _local(device: Mapping[str, Any]) -> dict[str, Any]:
    school = _school(device["device"])
    return {
        "school": school.name,
        "id": str(device["device"]),
        "entries": device["entries"],
        "last_wall": _clock(device["last_wall"], school.zone),
        "last_received": _clock(device["last_received"], school.zone),
        "zone": _zone_name(school.zone),
    }


def _school(device: UUID) -> School:
    """What the device said of itself when it last started."""
    start = Entry.objects.filter(device=device, kind="start").order_by("-number").first()
    said = json.loads(start.text)["payload"] if start else {}
    return School(_word(said.get("name")), _zone(said.get("timezone")))


def _zone(name: Any) -> tzinfo:
    """The time zone of this name; UTC where it is none."""
    try:
        return ZoneInfo(name) if isinstance(name, str) else UTC
    except (ValueError, OSError, LookupError):  # what a device says may be anything, a path as well
        return UTC


def _zone_name(zone: tzinfo) -> str:
    name = str(zone)
    return _INDONESIAN.get(name, name)


def _clock(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%d-%m-%Y %H:%M:%S")


def _word(value: Any) -> str:
    return value[:80] if isinstance(value, str) and value else "–"
