"""What the parts on the GPIO pins share: the library that drives them, and its errors, which become ours here."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Lock
from typing import Any, Final

import gpiozero

from drivers.bcm import GpioSettings
from drivers.errors import DriverError

# In the order in which they are tried: lgpio drives every Pi, RPi.GPIO none from the Pi 5 on.
VENDORS: Final[Mapping[str, tuple[str, str]]] = {
    "lgpio": ("gpiozero.pins.lgpio", "LGPIOFactory"),
    "rpigpio": ("gpiozero.pins.rpigpio", "RPiGPIOFactory"),
}

# lgpio makes a pipe of this name in the folder where the process is when it is imported.
_PIPE: Final = ".lgd-nfy"
_NO_FOLDER: Final = "it must write into the folder that you are in, and can't: change to another one, such as /tmp"


_opening: Final = Lock()  # the parts are opened by threads of their own


def take_pins(settings: GpioSettings) -> None:
    """Open the computer's pins, once in a process; gpiozero keeps them. Raises gpiozero.BadPinFactory."""
    with _opening:
        if gpiozero.Device.pin_factory is None:
            gpiozero.Device.pin_factory = open_factory(settings, VENDORS)


def open_factory(settings: GpioSettings, vendors: Mapping[str, tuple[str, str]]) -> Any:
    """The first pin factory that opens, or the one that is asked for. Raises gpiozero.BadPinFactory: why none did."""
    why = []
    for name, (module, factory) in vendors.items():
        if settings.factory in ("auto", name):
            try:
                return getattr(import_module(module), factory)()
            except Exception as cause:  # noqa: BLE001 - each library has errors of its own, bare Exception among them
                why.append(f"{name}: {_NO_FOLDER if _PIPE in str(cause) else cause}")
    raise gpiozero.BadPinFactory("; ".join(why))


def let_go(device: gpiozero.Device, pin: gpiozero.Pin, *, active_low: bool) -> None:
    """Close what is off, and pull its pin there, as the gate of a transistor on a pin that floats may be half open.

    lgpio leaves it so when the process ends, RPi.GPIO does not. Raises whatever the library raises.
    """
    if device.closed:
        return
    device.close()
    with suppress(gpiozero.PinFixedPull):  # 2 and 3 have resistors on the board
        pin.pull = "up" if active_low else "down"


def free_pin(number: int, settings: GpioSettings) -> None:
    """Let a pin drive nothing, whatever hangs on it. Raises DriverError."""
    with ours(DriverError, f"Pin {number}"):
        take_pins(settings)
        with suppress(gpiozero.PinFixedPull):  # 2 and 3 have resistors on the board
            gpiozero.InputDevice(number, pull_up=None, active_state=True).close()


@contextmanager
def ours(error: type[DriverError], part: str) -> Iterator[None]:
    """Turn whatever gpiozero, or the pin library under it, raises inside into `error`, the cause kept."""
    try:
        yield
    except DriverError:
        raise
    except gpiozero.BadPinFactory as cause:
        raise error(
            f"{part}: this computer has no GPIO pins that we can drive ({cause}). On a Raspberry Pi, "
            'install lgpio; elsewhere set driver = "console", or "none" for keys and switches.'
        ) from cause
    except gpiozero.GPIOPinInUse as cause:
        raise error(f"{part}: {cause}. Give each part a pin of its own in gerbang.toml.") from cause
    except gpiozero.PinInvalidPin as cause:
        raise error(f"{part}: {cause}. Pins are BCM numbers, 0 to 27.") from cause
    except Exception as cause:  # lgpio and RPi.GPIO raise bare Exception and RuntimeError
        raise error(f"{part}: the pins don't answer ({cause}). Does another program hold them?") from cause
