"""What goes where on the 40-pin header, for the configuration at hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, get_args

from drivers.bcm import SERIAL_PINS, SERIAL_PORTS
from drivers.header import HeaderPin, read_header
from drivers.inputs import Name
from drivers.lights import Colour
from kiosk.config import Config

_SENSOR_POWER: Final = 1
_OTHER_POWER: Final = 17
_INPUTS: Final[dict[Name, str]] = {
    "tamper": "tamper switch",
    "key_in": "key in (masuk)",
    "key_out": "key out (pulang)",
    "service": "service button",
}
_PULLED_UP: Final = (2, 3)  # by 1.8 kOhm on the board, for I2C: raspberrypi.com, "GPIO and the 40-pin header"
_EEPROM: Final = (0, 1)


@dataclass(frozen=True)
class Lead:
    """A wire from a part to one of three: bcm, a GPIO; power, a pin by its place; beside, the ground nearest a GPIO."""

    part: str
    text: str
    bcm: int | None = None
    power: int | None = None
    beside: int | None = None


@dataclass(frozen=True)
class Place:
    """A pin of the header, what is joined to it, and why another had better be."""

    pin: HeaderPin
    uses: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wiring:
    """places: the 40 pins in their order; elsewhere: what is not on the header, a sentence each."""

    places: tuple[Place, ...]
    elsewhere: tuple[str, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """All the marks, with the pin named."""
        return tuple(
            f"pin {place.pin.number} ({place.pin.name}) {mark}" for place in self.places for mark in place.marks
        )


def wire(config: Config) -> Wiring:
    """The wiring that the configuration asks for."""
    header = read_header()
    by_bcm = {pin.bcm: pin for pin in header if pin.bcm is not None}
    leads: dict[int, list[Lead]] = {pin.number: [] for pin in header}
    for lead in _leads(config):
        if lead.bcm is not None:
            leads[by_bcm[lead.bcm].number].append(lead)
        elif lead.power is not None:
            leads[lead.power].append(lead)
        elif lead.beside is not None:
            leads[_ground(header, by_bcm[lead.beside], leads)].append(lead)
    places = [
        Place(pin, tuple(lead.text for lead in leads[pin.number]), _marks(pin, leads[pin.number])) for pin in header
    ]
    return Wiring(tuple(places), tuple(_elsewhere(config)))


def _ground(header: tuple[HeaderPin, ...], near: HeaderPin, leads: dict[int, list[Lead]]) -> int:
    """The nearest ground that nothing is joined to yet, or else the nearest."""
    grounds = [pin for pin in header if pin.name == "GND"]
    nearest = min(grounds, key=lambda pin: (bool(leads[pin.number]), abs(pin.row - near.row), pin.outer != near.outer))
    return nearest.number


def _leads(config: Config) -> Iterator[Lead]:
    if _is_on_header(config):
        yield from _sensor()
    if config.lights.driver == "gpio":
        yield from _lights(config)
    if config.buzzer.driver == "gpio":
        yield from _buzzer(config)
    if config.inputs.driver == "gpio":
        for name in get_args(Name):
            pin = getattr(config.inputs, name)
            if pin is not None:
                yield Lead("input", _INPUTS[name], bcm=pin)
                yield Lead("input", _INPUTS[name], beside=pin)


def _sensor() -> Iterator[Lead]:
    transmit, receive = SERIAL_PINS
    yield Lead("sensor", "sensor VCC (label: 3.3 V?)", power=_SENSOR_POWER)
    yield Lead("sensor", "sensor RX (white)", bcm=transmit)
    yield Lead("sensor", "sensor TX (yellow, green)", bcm=receive)
    yield Lead("sensor", "sensor GND", beside=transmit)


def _lights(config: Config) -> Iterator[Lead]:
    settings = config.lights
    low, one = settings.active_low, settings.kind == "rgb"
    for colour in Colour:
        pin = getattr(settings, colour.value)
        leg = f"{colour.value} leg of the light" if one else f"{colour.value} light {'−' if low else '+'}"
        yield Lead("light", f"{leg} by 330 Ω", bcm=pin)
        if not one and low:
            yield Lead("light", f"{colour.value} light +", power=_OTHER_POWER)
        elif not one:
            yield Lead("light", f"{colour.value} light −", beside=pin)
    if one and low:
        yield Lead("light", "light, common leg (+)", power=_OTHER_POWER)
    elif one:
        yield Lead("light", "light, common leg (−)", beside=settings.green)


def _buzzer(config: Config) -> Iterator[Lead]:
    settings = config.buzzer
    name, series = ("piezo", " by 100 Ω") if settings.kind == "tonal" else ("buzzer", "")
    if settings.active_low:
        yield Lead("buzzer", f"{name} −{series}", bcm=settings.pin)
        yield Lead("buzzer", f"{name} +", power=_OTHER_POWER)
    else:
        yield Lead("buzzer", f"{name} +{series}", bcm=settings.pin)
        yield Lead("buzzer", f"{name} −", beside=settings.pin)


def _is_on_header(config: Config) -> bool:
    return config.fingerprint.driver != "none" and config.fingerprint.port in SERIAL_PORTS


def _marks(pin: HeaderPin, leads: list[Lead]) -> tuple[str, ...]:
    if pin.bcm is None or not leads:
        return ()
    parts = {lead.part for lead in leads}
    marks = []
    if pin.bcm in _EEPROM:
        marks.append("is kept for the memory of an add-on board: choose another")
    if pin.bcm in _PULLED_UP and parts & {"light", "buzzer"}:
        marks.append("is pulled up on the board, so the part is on while the Pi starts: choose another")
    if pin.bcm in SERIAL_PINS and parts - {"sensor"}:
        marks.append("carries the serial port, which speaks while the Pi starts: choose another")
    return tuple(marks)


def _elsewhere(config: Config) -> Iterator[str]:
    match config.camera.driver:
        case "picamera":
            yield "camera: flat cable in the CAMERA (CSI) connector, contacts as printed beside it"
        case "webcam":
            yield "camera: a USB socket"
        case "replay":
            yield f"camera: none, {config.camera.source} is replayed"
    if config.fingerprint.driver == "none":
        yield "fingerprint sensor: none"
    elif not _is_on_header(config):
        yield f"fingerprint sensor: a USB adapter, {config.fingerprint.port}"
    if "gpio" in (config.lights.driver, config.buzzer.driver):
        yield "what takes more than 16 mA hangs on a transistor, never on a pin: 10 kΩ from its gate to ground"
    if config.lights.driver == "console":
        yield "lights: none, they are printed"
    if config.buzzer.driver == "console":
        yield "buzzer: none, it is printed"
