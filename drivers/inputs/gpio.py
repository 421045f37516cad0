"""Keys and switches between GPIO pins and ground."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import TIMEOUT_MAX, Condition, Thread
from typing import Final, get_args

import gpiozero

from drivers.bcm import AUTO, GpioSettings
from drivers.errors import InputError
from drivers.inputs.contract import Change, InputSettings, Name
from drivers.inputs.debounce import Debouncer
from drivers.pins import ours, take_pins

_AGAIN_S: Final = 0.2  # what can't be read is read again so soon


class GpioInputs:
    """Each contact pulls its pin low; an inner resistor pulls it high."""

    def __init__(self, settings: InputSettings, tell: Callable[[Change], None], gpio: GpioSettings = AUTO) -> None:
        """Take the pins, and tell how the case is. Raises InputError, holding none."""
        self._settings = settings
        self._tell = tell
        self._contacts: dict[Name, gpiozero.DigitalInputDevice] = {}
        self._debouncers: dict[Name, Debouncer] = {}
        self._news = Condition()  # guards what follows, and the debouncers
        self._fault: InputError | None = None
        self._closed = False
        try:
            for name in get_args(Name):
                if getattr(settings, name) is not None:
                    self._take(name, gpio)
        except InputError:
            self._let_go()
            raise
        self._thread = Thread(target=self._run, name="inputs", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises InputError where one can't be read, or could not be since the last check."""
        with self._news:
            fault, self._fault = self._fault, None
        if fault:
            raise fault
        for name in self._contacts:
            self._read(name)

    def close(self) -> None:
        """Tell nothing more, and let go of the pins. May be called twice."""
        with self._news:
            self._closed = True
            self._news.notify()
        self._thread.join()
        self._let_go()

    def _take(self, name: Name, gpio: GpioSettings) -> None:
        pin = getattr(self._settings, name)
        with ours(InputError, f"{name} on pin {pin}"):
            take_pins(gpio)
            contact = self._contacts[name] = gpiozero.DigitalInputDevice(pin, pull_up=True)
            active, in_doubt = (None, True) if name == "tamper" else (self._read(name), None)
            self._debouncers[name] = Debouncer(name, self._settings.debounce_s, active, in_doubt)
            contact.when_activated = contact.when_deactivated = partial(self._edge, name)
            self._edge(name)  # whatever happened before anybody listened

    def _read(self, name: Name) -> bool:
        """Whether a key is down, or the case open. Raises InputError."""
        with ours(InputError, name):
            closed = bool(self._contacts[name].value)
        return closed != (name == "tamper" and self._settings.tamper_opens)

    def _edge(self, name: Name) -> None:
        """Called by the pin library's thread."""
        with self._news:
            self._debouncers[name].edge(time.monotonic())
            self._news.notify()

    def _run(self) -> None:
        while (change := self._next()) is not None:
            self._tell(change)

    def _next(self) -> Change | None:
        """Wait for a change; None at the end."""
        with self._news:
            while not self._closed:
                name = min(self._debouncers, key=lambda name: self._debouncers[name].due_s)
                left_s = self._debouncers[name].due_s - time.monotonic()
                if left_s > 0:
                    self._news.wait(min(left_s, TIMEOUT_MAX))
                elif change := self._settle(name):
                    return change
        return None

    def _settle(self, name: Name) -> Change | None:
        try:
            return self._debouncers[name].settle(self._read(name))
        except InputError as fault:
            self._fault = fault
            self._debouncers[name].due_s = time.monotonic() + _AGAIN_S
            return None

    def _let_go(self) -> None:
        while self._contacts:
            name, contact = self._contacts.popitem()
            with suppress(InputError), ours(InputError, name):
                contact.close()
