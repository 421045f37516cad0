"""Power and heat of a Raspberry Pi."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from kiosk.doctor.finding import Finding, Result, joined
from kiosk.doctor.round import Patient

# Bits of the firmware's get_throttled; the same 16 higher are since boot (raspberrypi.com, os.html#get_throttled).
_UNDER_VOLTAGE, _CAPPED, _THROTTLED, _HOT = 1, 2, 4, 8
_SINCE_BOOT = 16
_WARM_C, _HOT_C = 70.0, 80.0  # from 80 °C on a Pi slows itself down (the same page, "Frequency management")
_SUPPLY = "Use the Pi's own power supply (Pi 4: 5.1 V 3 A, Pi 5: 5.1 V 5 A) with a short, thick cable."
_COOLING = "Give it air or shade: a heat sink, a case with slots, out of the sun."


def check(patient: Patient) -> Iterator[Finding]:
    """Power and temperature, where this is a Pi."""
    model = _model(patient.root)
    temperature = read_temperature(patient.root)
    if "Raspberry Pi" not in model:
        yield Finding("power", Result.NOT_APPLICABLE, "not a Raspberry Pi", figures={"temperature_c": temperature})
        return
    named = Finding("power", Result.OK, "", figures={"model": model})
    yield joined("power", judge_throttled(read_throttled(patient.root)), judge_temperature(temperature), named)


def judge_throttled(flags: int | None) -> Finding:
    """flags: the firmware's word, None where it can't be read."""
    figures = {"throttled": None if flags is None else f"0x{flags:x}"}
    if flags is None:
        advice = "Install vcgencmd (sudo apt install raspi-utils) to see it."
        return Finding("power", Result.DOUBTFUL, "the firmware does not tell of the voltage", advice, figures)
    before = flags >> _SINCE_BOOT
    if flags & _UNDER_VOLTAGE:
        return Finding("power", Result.WRONG, "the voltage is too low now", _SUPPLY, figures)
    if flags & (_THROTTLED | _HOT | _CAPPED):
        return Finding("power", Result.WRONG, "the processor is slowed down now, for it is hot", _COOLING, figures)
    if before & _UNDER_VOLTAGE:
        return Finding("power", Result.DOUBTFUL, "the voltage was too low since the start", _SUPPLY, figures)
    if before & (_THROTTLED | _HOT | _CAPPED):
        return Finding("power", Result.DOUBTFUL, "it was too hot since the start", _COOLING, figures)
    return Finding("power", Result.OK, "the voltage was good since the start", figures=figures)


def judge_temperature(temperature_c: float | None) -> Finding:
    """The processor's temperature, None where it can't be read."""
    figures = {"temperature_c": temperature_c}
    if temperature_c is None:
        return Finding("power", Result.OK, "", figures=figures)
    found = f"{temperature_c:.0f} °C"
    if temperature_c >= _HOT_C:
        return Finding("power", Result.WRONG, found, _COOLING, figures)
    if temperature_c >= _WARM_C:
        return Finding("power", Result.DOUBTFUL, found, _COOLING, figures)
    return Finding("power", Result.OK, found, figures=figures)


def _model(root: Path) -> str:
    path = root / "proc/device-tree/model"
    return path.read_text().strip("\0\n ") if path.exists() else ""


def read_throttled(root: Path) -> int | None:
    """The firmware's word from sysfs, else from vcgencmd, else the alarm of the voltage alone; None without any."""
    for path in root.glob("sys/devices/platform/*/*firmware/get_throttled"):
        return int(path.read_text(), 16)
    if command := shutil.which("vcgencmd", path=f"{root / 'usr/bin'}:{root / 'opt/vc/bin'}"):
        said = subprocess.run([command, "get_throttled"], capture_output=True, text=True, check=False, timeout=5)
        if word := re.search(r"throttled=(0x[0-9a-f]+)", said.stdout):
            return int(word[1], 16)
    for name in root.glob("sys/class/hwmon/hwmon*/name"):
        alarm = name.with_name("in0_lcrit_alarm")
        if name.read_text().strip() == "rpi_volt" and alarm.exists():
            return int(alarm.read_text()) * _UNDER_VOLTAGE
    return None


def read_temperature(root: Path) -> float | None:
    """The hottest place in °C; None where nothing measures."""
    zones = (path.read_text() for path in root.glob("sys/class/thermal/thermal_zone*/temp"))
    return max((int(text) / 1000 for text in zones), default=None)
