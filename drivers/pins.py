"""What the parts on the GPIO pins share: a vendor's error becomes ours at their door."""

from collections.abc import Iterator
from contextlib import contextmanager

import gpiozero

from drivers.errors import DriverError


@contextmanager
def ours(error: type[DriverError], part: str) -> Iterator[None]:
    """Turn whatever gpiozero, or the pin library under it, raises inside into `error`, the cause kept."""
    try:
        yield
    except gpiozero.BadPinFactory as cause:
        raise error(
            f"{part}: this computer has no GPIO pins that we can drive ({cause}). On a Raspberry Pi, "
            'install lgpio; elsewhere set driver = "console".'
        ) from cause
    except gpiozero.GPIOPinInUse as cause:
        raise error(f"{part}: {cause}. Give each part a pin of its own in gerbang.toml.") from cause
    except gpiozero.PinInvalidPin as cause:
        raise error(f"{part}: {cause}. Pins are BCM numbers, 0 to 27.") from cause
    except Exception as cause:  # lgpio and RPi.GPIO raise bare Exception and RuntimeError
        raise error(f"{part}: the pins don't answer ({cause}). Does another program hold them?") from cause
