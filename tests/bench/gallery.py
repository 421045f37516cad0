"""The gallery for a school, a town and a province: how long it takes to build and to search, and what it holds."""

import argparse
import statistics
import sys
import time
import tracemalloc

import numpy as np

from kiosk.gallery import Gallery
from kiosk.store import Template
from kiosk.vision import Embedding
from tests.bench.report import Goal, Report

SIZES = (100, 1_000, 50_000)
TEMPLATES = (1, 3)
_BETWEEN, _WITHIN = 0.73, 0.30  # the usual distance of two people's faces, and of two faces of one (ORL)


def crowd(people: int, templates: int, seed: int = 1) -> list[Template]:
    """Invented people, as far from one another as real ones, in no order."""
    rng = np.random.default_rng(seed)
    faces = rng.standard_normal((people, 1, 128), dtype=np.float32) * (_BETWEEN / np.sqrt(2 * 128))
    looks = faces + rng.standard_normal((people, templates, 128), dtype=np.float32) * (_WITHIN / np.sqrt(2 * 128))
    order = rng.permutation(people * templates)
    rows = looks.reshape(-1, 128)
    return [Template(f"p{at // templates:06}", "invented", rows[at]) for at in order]


def largest_error(gallery: Gallery, templates: list[Template], probes: list[Embedding]) -> float:
    """The largest difference of a nearest distance from the one that float64 gives, template by template."""
    rows = np.array([item.embedding for item in templates], dtype=np.float64)
    errors = []
    for probe in probes:
        found = gallery.identify(probe).distance
        assert found is not None
        errors.append(abs(found - float(np.linalg.norm(rows - probe, axis=1).min())))
    return max(errors)


def measure(report: Report, people: int, templates: int, probes: int) -> None:
    """All figures for a gallery of so many people with so many templates each."""
    name = f"{people} people, {templates} each"
    rows = crowd(people, templates)
    began = time.perf_counter()
    gallery = Gallery(rows)
    took_s = time.perf_counter() - began
    rng = np.random.default_rng(2)
    noise = rng.standard_normal((probes, 128), dtype=np.float32) * (_WITHIN / np.sqrt(2 * 128))
    shown = [rows[int(at)].embedding + noise[number] for number, at in enumerate(rng.integers(len(rows), size=probes))]
    took = []
    for probe in [*shown[:5], *shown]:
        began = time.perf_counter()
        gallery.identify(probe)
        took.append((time.perf_counter() - began) * 1000)
    report.add(f"{name}: build, s", took_s)
    report.add(f"{name}: one probe, median ms", statistics.median(took[5:]), Goal(5, "most"))
    report.add(f"{name}: one probe, 95th percentile ms", float(np.percentile(took[5:], 95)))
    report.add(f"{name}: largest error of a distance", largest_error(gallery, rows, shown[:20]), Goal(1e-6, "most"))
    del gallery
    tracemalloc.start()
    kept = Gallery(rows)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    report.add(f"{name}: threshold", kept.decision.threshold)
    report.add(f"{name}: memory, MB", held / 1e6)
    report.add(f"{name}: memory while it is built, MB", peak / 1e6)


def run(arguments: list[str]) -> Report:
    """Measure as the arguments say; `--json` is for the caller."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object of JSON last")
    parser.add_argument("--people", type=int, nargs="+", default=list(SIZES), help="sizes of the gallery")
    parser.add_argument("--probes", type=int, default=200, help="searches of each gallery (default 200)")
    given = parser.parse_args(arguments)
    report = Report("gallery")
    for people in given.people:
        for templates in TEMPLATES:
            measure(report, people, templates, given.probes)
    return report


def main() -> None:
    """Measure, and print."""
    run(sys.argv[1:]).show(as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()
