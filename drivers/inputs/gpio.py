"""Keys and switches between GPIO pins and ground."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf
from threading import TIMEOUT_MAX, Condition, Thread
from typing import get_args

import gpiozero

from drivers.bcm import AUTO, GpioSettings
from drivers.errors import InputError
from drivers.inputs.contract import Change, InputSettings, Name
from drivers.inputs.debounce import Debouncer
from drivers.pins import ours, take_pins

_log = logging.getLogger(__name__)


class GpioInputs:
    """Each contact pulls its pin low; an inner resistor pulls it high."""

    def __init__(self, settings: InputSettings, tell: Callable[[Change], None], gpio: GpioSettings = AUTO) -> None:
        """Take the pins, and tell how the case is. Raises InputError, holding none."""
        self._settings = settings
        self._tell = tell
        self._contacts: dict[Name, gpiozero.DigitalInputDevice] = {}
        self._debouncers: dict[Name, Debouncer] = {}
        self._news = Condition()  # guards what follows, and the debouncers
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
            active = None if name == "tamper" else self._is_active(name)
            self._debouncers[name] = Debouncer(name, self._settings.debounce_s, active)
            contact.when_activated = contact.when_deactivated = partial(self._edge, name)
            self._edge(name)  # whatever happened before anybody listened

    def _is_active(self, name: Name) -> bool:
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
            with ours(InputError, name):
                return self._debouncers[name].settle(self._is_active(name))
        except InputError as fault:
            _log.error("%s", fault)
            self._debouncers[name].due_s = inf
            return None

    def _let_go(self) -> None:
        while self._contacts:
            name, contact = self._contacts.popitem()
            with suppress(InputError), ours(InputError, name):
                contact.close()
