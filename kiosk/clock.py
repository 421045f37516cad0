"""The machine's clocks, read in one place."""

import time
from pathlib import Path
from typing import Literal

from kiosk.events import Moment

Trust = Literal["network", "rtc", "estimated"]


def now() -> Moment:
    """This moment on both clocks."""
    return Moment(time.time(), time.monotonic())


def boot_id() -> str:
    """The kernel's random id of this boot: monotonic times compare only within one."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def trust(root: Path = Path("/")) -> Trust:
    """How far the wall clock is trusted: set by the network since boot, kept by a chip, or neither."""
    if (root / "run/systemd/timesync/synchronized").exists():
        return "network"
    return "rtc" if (root / "sys/class/rtc/rtc0").exists() else "estimated"
