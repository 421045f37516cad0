"""The card: room, health, and whether what is written comes back."""

import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient

_LOW_MB, _FULL_MB = 200, 20  # 20 MB are some 20,000 entries: a month of a large school
_SLOW_S, _DEAD_SLOW_S = 1.0, 5.0  # the gate's commits sync as this does; a person waits for them
_PROBE_BYTES = 64 * 1024
_CHANGE = "Copy the store to another medium, and put in a new card (one for cameras or industry lasts longer)."


@dataclass(frozen=True)
class Mount:
    """Where a file system hangs."""

    device: str
    point: str
    kind: str
    read_only: bool


def check(patient: Patient) -> Iterator[Finding]:
    """The medium that the store is on."""
    folder = patient.config.store_path.parent.absolute()
    if not folder.is_dir():
        advice = "Start the gate once, which makes it; or correct [store] path in gerbang.toml."
        yield Finding("card", Result.WRONG, f"there is no folder {folder} for the store", advice)
        return
    mount = mount_of(folder, (patient.root / "proc/mounts").read_text())
    yield joined(
        "card",
        judge_room(shutil.disk_usage(folder).free),
        judge_mount(mount),
        judge_errors(read_errors(patient.root)),
        *(judge_wear(device, facts) for device, facts in read_media(patient.root).items()),
        *(() if mount and mount.read_only else [try_writing(folder)]),
    )


def judge_room(free_bytes: int) -> Finding:
    """Room for records."""
    free_mb = free_bytes // 1_000_000
    figures = {"free_mb": free_mb}
    found = f"{free_mb / 1000:.1f} GB free" if free_mb >= 1000 else f"{free_mb} MB free"
    advice = "Free some space: old logs (sudo journalctl --vacuum-size=50M), packages (sudo apt clean), pictures."
    if free_mb < _FULL_MB:
        return Finding("card", Result.WRONG, f"only {found}", advice, figures)
    if free_mb < _LOW_MB:
        return Finding("card", Result.DOUBTFUL, f"only {found}", advice, figures)
    return Finding("card", Result.OK, found, figures=figures)


def judge_mount(mount: Mount | None) -> Finding:
    """A file system that became read-only keeps no record."""
    if mount is None:
        return Finding("card", Result.OK, "")
    figures = {"device": mount.device, "file_system": mount.kind, "read_only": mount.read_only}
    if mount.read_only:
        advice = (
            f"Nothing can be recorded. Look for errors of {mount.device} (sudo dmesg), start anew, and let"
            f" fsck repair it; if it comes again, the card is dying. {_CHANGE}"
        )
        return Finding("card", Result.WRONG, f"{mount.point} is read-only", advice, figures)
    return Finding("card", Result.OK, "", figures=figures)


def judge_errors(errors: dict[str, int]) -> Finding:
    """What ext4 has counted, by device."""
    bad = {device: count for device, count in errors.items() if count}
    figures = {"file_system_errors": sum(errors.values())}
    if not bad:
        return Finding("card", Result.OK, "", figures=figures)
    found = ", ".join(f"{count} errors of the file system on {device}" for device, count in bad.items())
    return Finding("card", Result.WRONG, found, _CHANGE, figures)


def judge_wear(device: str, facts: dict[str, str]) -> Finding:
    """How much of its life a medium has used, where it tells: eMMC and some cards do.

    life_time: two words, each 1 (up to 10 % used) to 11 (beyond its life); pre_eol_info: 1 normal, 2 warning, 3
    urgent (JEDEC JESD84-B51, EXT_CSD 267 to 269; kernel.org, mmc-dev-attrs).
    """
    figures: dict[str, object] = {f"{device}_{name}": value for name, value in facts.items()}
    name = facts.get("name", device)
    used = max((int(word, 16) for word in facts.get("life_time", "").split()), default=0)
    urgency = int(facts.get("pre_eol_info", "0"), 16)
    if used > 10 or urgency >= 3:
        return Finding("card", Result.WRONG, f"{name} has reached the end of its life", _CHANGE, figures)
    if used > 8 or urgency == 2:
        return Finding("card", Result.DOUBTFUL, f"{name} is nearly worn out", _CHANGE, figures)
    return Finding("card", Result.OK, name + (f" {10 * used} % worn" if used else ""), figures=figures)


def judge_speed(took_s: float) -> Finding:
    """How long a small file took to be safe."""
    figures = {"write_s": round(took_s, 3)}
    found = f"a file is safe after {1000 * took_s:.0f} ms"
    if took_s > _DEAD_SLOW_S:
        return Finding("card", Result.WRONG, found, f"People wait for it. {_CHANGE}", figures)
    if took_s > _SLOW_S:
        return Finding("card", Result.DOUBTFUL, found, f"Run it again; if it stays slow: {_CHANGE}", figures)
    return Finding("card", Result.OK, found, figures=figures)


def try_writing(folder: Path) -> Finding:
    """Write a small file beside the store, have it on the card, and read it back from there."""
    path, content = folder / f".gerbang-doctor-{os.getpid()}", os.urandom(_PROBE_BYTES)
    began_s = time.monotonic()
    try:
        _write(path, content)
        took_s = time.monotonic() - began_s
        same = path.read_bytes() == content
    except OSError as error:
        advice = f"Free space, see who owns {folder}, or run this as the gate's user (sudo -u gerbang ...)."
        return Finding("card", Result.WRONG, f"nothing can be written in {folder}: {error.strerror}", advice)
    finally:
        with suppress(OSError):  # what could not be made can't be removed
            path.unlink()
    if not same:
        return Finding("card", Result.WRONG, "what was written came back as something else", _CHANGE)
    return judge_speed(took_s)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        written = os.write(descriptor, content)
        if written < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
        # So that it is read from the card, and not from memory.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def mount_of(folder: Path, mounts: str) -> Mount | None:
    """Where this folder hangs. mounts: the text of /proc/mounts; of several at one point the last counts."""
    found = None
    for line in mounts.splitlines():
        device, point, kind, options = (re.sub(r"\\(\d{3})", _octal, word) for word in line.split()[:4])
        if folder.is_relative_to(point) and (found is None or len(point) >= len(found.point)):
            found = Mount(device, point, kind, "ro" in options.split(","))
    return found


def _octal(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 8))


def read_errors(root: Path) -> dict[str, int]:
    """The count of errors of every ext4."""
    return {path.parent.name: int(path.read_text()) for path in root.glob("sys/fs/ext4/*/errors_count")}


def read_media(root: Path) -> dict[str, dict[str, str]]:
    """What every card and eMMC tells of itself."""
    names = ("name", "oemid", "manfid", "date", "life_time", "pre_eol_info")
    return {
        path.parent.name: {name: (path / name).read_text().strip() for name in names if (path / name).exists()}
        for path in sorted(root.glob("sys/block/mmcblk*/device"))
    }
