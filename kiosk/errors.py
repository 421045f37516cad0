"""The tree of errors that the kiosk raises; each message is one sentence that says what the reader can do.

KioskError
 +- ConfigError          gerbang.toml: every mistake, with its line
 +- StoreError           the store can't be opened, read or written
 |   +- StoreNewer       it was made by a newer version; nothing was touched
 |   +- StoreFull        no room on the card
 +- PhotoError           a photograph can't be used
 +- ModelError           dlib's models are missing or damaged
 +- EnrolmentError       this person can't be enrolled so
 +- ScreenError          the page can't be served
"""


class KioskError(Exception):
    """Something that the reader of the message can mend."""


class ConfigError(KioskError, ValueError):
    """gerbang.toml can't be used."""


class StoreError(KioskError, OSError):
    """The store can't be opened, read or written."""

    def __str__(self) -> str:
        """The sentence alone, also where a number of the system's came with it."""
        return str(self.args[-1])


class StoreNewer(StoreError):
    """The store was made by a newer version."""


class StoreFull(StoreError):
    """There is no room left for the store."""


class PhotoError(KioskError, ValueError):
    """A photograph can't be used."""


class ModelError(KioskError, OSError):
    """dlib's models are missing or damaged."""


class EnrolmentError(KioskError, ValueError):
    """A person can't be enrolled in this way."""


class ScreenError(KioskError, OSError):
    """The page can't be served."""
