"""How often the gate is right: people of one folder enrolled, pictures of another shown, by the gate's own rules.

Without folders: the ORL faces (GERBANG_FACES, or ../shared/faces/orl), three pictures of each of two thirds of the
people enrolled, all other pictures shown, over several random splits.
"""

import argparse
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from kiosk.album import PHOTOGRAPHS
from kiosk.enrolment import usable_templates
from kiosk.errors import PhotoError
from kiosk.gallery import Gallery
from kiosk.store import Template
from kiosk.threshold import FPIR, false_match_rate
from kiosk.vision import Embedding, Engine, read_photograph
from kiosk.vision.engines import open_engine
from kiosk.vision.photograph import find_faces
from tests.bench.det import write_det
from tests.bench.report import Goal, Report

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "bench"
THRESHOLDS = np.arange(0.30, 0.7001, 0.01).round(2)
PICTURES = 3


@dataclass(frozen=True)
class Probe:
    """A picture that is shown. embedding: None where no face is found."""

    person: str
    embedding: Embedding | None = None
    mirrored: Embedding | None = None

    def steadier(self) -> Embedding:
        """The mean of the face's embedding and its mirror image's."""
        assert self.mirrored is not None
        return self.mirrored


@dataclass(frozen=True)
class Picture:
    """A picture of somebody as a template and as a probe."""

    template: Template
    probe: Probe


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a rate (E. B. Wilson, 1927)."""
    if not trials:
        return 0.0, 1.0
    z, rate = 1.959964, hits / trials
    middle = rate + z * z / (2 * trials)
    half = z * float(np.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials)))
    scale = 1 + z * z / trials
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def orl_folder() -> Path | None:
    """The folder of the ORL faces, with a folder for each person; None where it is missing."""
    for folder in (os.environ.get("GERBANG_FACES"), ROOT.parent / "shared" / "faces" / "orl"):
        if folder and Path(folder).is_dir():
            return Path(folder) / "orl" if (Path(folder) / "orl").is_dir() else Path(folder)
    return None


def pictures_of(folder: Path) -> list[tuple[str, Path]]:
    """(person, picture) for each picture in the people's folders, in the order of their names."""
    people = sorted(item for item in folder.iterdir() if item.is_dir())
    return [
        (item.name, path) for item in people for path in sorted(item.iterdir()) if path.suffix.lower() in PHOTOGRAPHS
    ]


def probe_of(engine: Engine, person: str, path: Path) -> Probe:
    """A picture as the gate sees it: its largest face, embedded once."""
    try:
        image = read_photograph(path)
    except PhotoError:
        return Probe(person)
    boxes = find_faces(engine, image)
    if not boxes:
        return Probe(person)
    chip = engine.align(image, boxes[0]).chip
    return Probe(person, engine.embed_chips(chip[np.newaxis])[0], engine.embed_chip_mirrored(chip))


def outcomes(gallery: Gallery, probes: list[Probe], enrolled: set[str]) -> Counter[str]:
    """How many probes are right, wrong, rejected, no_face; and stranger_in, stranger_out, stranger_no_face."""
    counts: Counter[str] = Counter()
    for probe in probes:
        stranger = probe.person not in enrolled
        if probe.embedding is None:
            counts["stranger_no_face" if stranger else "no_face"] += 1
            continue
        found = gallery.identify(probe.embedding, probe.steadier).person
        if stranger:
            counts["stranger_in" if found else "stranger_out"] += 1
        else:
            counts["rejected" if found is None else "right" if found == probe.person else "wrong"] += 1
    return counts


def comparisons(templates: list[Template], probes: list[Probe]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The distances of probes to their own person, and to each other person: to the nearest template of each."""
    ordered = sorted(templates, key=lambda item: item.person)
    rows = np.array([item.embedding for item in ordered], dtype=np.float64)
    people, starts = np.unique([item.person for item in ordered], return_index=True)
    own, others = [], []
    for probe in probes:
        if probe.embedding is not None:
            nearest = np.minimum.reduceat(np.linalg.norm(rows - probe.embedding, axis=1), starts)
            own.append(nearest[people == probe.person])
            others.append(nearest[people != probe.person])
    return np.concatenate(own or [np.empty(0)]), np.concatenate(others or [np.empty(0)])


def add_rates(report: Report, own: NDArray[np.float64], others: NDArray[np.float64], svg: Path, marked: float) -> None:
    """FMR and FNMR over the thresholds, the rule's own idea of FMR, and the curve."""
    fmr = [float((others <= at).mean()) if others.size else 0.0 for at in THRESHOLDS]
    fnmr = [float((own > at).mean()) if own.size else 0.0 for at in THRESHOLDS]
    for at, false_match, false_non_match in zip(THRESHOLDS, fmr, fnmr, strict=True):
        if round(at * 100) % 5 == 0 or 0.42 <= at <= 0.52:
            low, high = wilson(int((others <= at).sum()), others.size)
            report.add(f"FMR of a person at {at:.2f}", false_match)
            report.add(f"FMR of a person at {at:.2f}, 95 %", f"{low:.6f} to {high:.6f}")
            report.add(f"FMR of a template at {at:.2f}, by the rule", false_match_rate(float(at)))
            report.add(f"FNMR at {at:.2f}", false_non_match)
    write_det(svg, list(zip(THRESHOLDS.tolist(), fmr, fnmr, strict=True)), "nearest template of each person", marked)
    report.add("DET curve", str(svg))


def add_outcomes(report: Report, counts: Counter[str], goals: dict[str, Goal]) -> None:
    """Counts, rates and their intervals, of the enrolled and of strangers."""
    for names in (("right", "wrong", "rejected", "no_face"), ("stranger_in", "stranger_out", "stranger_no_face")):
        shown = sum(counts[name] for name in names)
        for name in names:
            low, high = wilson(counts[name], shown)
            report.add(f"{name}, count", f"{counts[name]} of {shown}")
            report.add(name, counts[name] / shown if shown else 0.0, goals.get(name) if shown else None)
            report.add(f"{name}, 95 %", f"{low:.4f} to {high:.4f}")


def folders(engine: Engine, gallery_folder: Path, probes_folder: Path, svg: Path) -> Report:
    """Measure one gallery and its probes."""
    report = Report("accuracy")
    templates: list[Template] = []
    left_out = 0
    with _progress(pictures_of(gallery_folder), "Enrolling") as bar:
        for person, path in bar:
            usable, mistakes = usable_templates(engine, person, [path])
            templates += usable
            left_out += len(mistakes)
    with _progress(pictures_of(probes_folder), "Showing") as bar:
        probes = [probe_of(engine, person, path) for person, path in bar]
    enrolled = {item.name for item in gallery_folder.iterdir() if item.is_dir()}
    gallery = Gallery(templates)
    report.add("people enrolled", len(gallery))
    report.add("people who could not be enrolled", len(enrolled) - len(gallery))
    report.add("pictures left out at enrolment", left_out)
    report.add("threshold", gallery.decision.threshold)
    report.add("margin", gallery.decision.margin)
    goals = {"right": Goal(0.98, "least"), "wrong": Goal(0.0, "most"), "stranger_in": Goal(0.0, "most")}
    add_outcomes(report, outcomes(gallery, probes, enrolled), goals)
    add_rates(report, *comparisons(templates, probes), svg, gallery.decision.threshold)
    return report


def split(pictures: dict[str, list[Picture]], seed: int) -> tuple[list[Template], list[Probe], set[str]]:
    """Two thirds of the people with three pictures each as templates; all other pictures as probes."""
    rng = np.random.default_rng(seed)
    people = [str(name) for name in rng.permutation(sorted(pictures))]
    enrolled = set(people[: round(len(people) * 2 / 3)])
    templates, probes = [], []
    for person in people:
        shuffled = [pictures[person][at] for at in rng.permutation(len(pictures[person]))]
        count = PICTURES if person in enrolled else 0
        templates += [picture.template for picture in shuffled[:count]]
        probes += [picture.probe for picture in shuffled[count:]]
    return templates, probes, enrolled


def load(engine: Engine, folder: Path) -> dict[str, list[Picture]]:
    """Every picture with a face, by person."""
    pictures: dict[str, list[Picture]] = {}
    with _progress(pictures_of(folder), "Looking") as bar:
        for person, path in bar:
            usable, _ = usable_templates(engine, person, [path])
            if usable:
                pictures.setdefault(person, []).append(Picture(usable[0], probe_of(engine, person, path)))
    return pictures


def splits(engine: Engine, folder: Path, seeds: int, svg: Path) -> Report:
    """Measure random splits of one folder: the mean and the worst."""
    report = Report("accuracy")
    pictures = load(engine, folder)
    total: Counter[str] = Counter()
    right, strangers_in, own, others = [], [], [], []
    gallery = Gallery([])
    for seed in range(seeds):
        templates, probes, enrolled = split(pictures, seed)
        gallery = Gallery(templates)
        counts = outcomes(gallery, probes, enrolled)
        total += counts
        right.append(counts["right"] / sum(counts[name] for name in ("right", "wrong", "rejected", "no_face")))
        strangers_in.append(counts["stranger_in"])
        mine, theirs = comparisons(templates, probes)
        own.append(mine)
        others.append(theirs)
    report.add("pictures with a face", sum(map(len, pictures.values())))
    report.add("splits", seeds)
    report.add("people enrolled", len(gallery))
    report.add("threshold", gallery.decision.threshold)
    report.add("margin", gallery.decision.margin)
    report.add("right, mean of the splits", float(np.mean(right)), Goal(0.98, "least"))
    report.add("right, worst split", min(right))
    report.add("splits in which a stranger was let in", sum(count > 0 for count in strangers_in))
    add_outcomes(report, total, {"wrong": Goal(0.0, "most"), "stranger_in": Goal(FPIR, "most")})
    add_rates(report, np.concatenate(own), np.concatenate(others), svg, gallery.decision.threshold)
    return report


def _progress(rows: list[tuple[str, Path]], label: str) -> "click._termui_impl.ProgressBar[tuple[str, Path]]":
    return click.progressbar(rows, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())


def run(arguments: list[str]) -> Report:
    """Measure as the arguments say; `--json` is for the caller."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object of JSON last")
    parser.add_argument("--gallery", type=Path, help="a folder of pictures for each person to be enrolled")
    parser.add_argument("--probes", type=Path, help="the same for those who come; who is not enrolled is a stranger")
    parser.add_argument("--seeds", type=int, default=20, help="random splits of the ORL faces (default 20)")
    parser.add_argument("--engine", choices=("onnx", "dlib"), default="onnx")
    parser.add_argument("--svg", type=Path, default=CACHE / "det.svg", help="where to draw the DET curve")
    given = parser.parse_args(arguments)
    if bool(given.gallery) != bool(given.probes):
        parser.error("--gallery and --probes go together")
    engine = open_engine(given.engine, CACHE / "models")
    if given.gallery:
        return folders(engine, given.gallery, given.probes, given.svg)
    orl = orl_folder()
    if orl is None:
        parser.error("the ORL faces are missing: set GERBANG_FACES, or give --gallery and --probes")
    return splits(engine, orl, given.seeds, given.svg)


def main() -> None:
    """Measure, and print."""
    run(sys.argv[1:]).show(as_json="--json" in sys.argv)


if __name__ == "__main__":
    main()
