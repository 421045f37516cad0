"""The tree of errors that a driver may raise; a vendor's exception never crosses a driver's door.

DriverError
 +- CameraError            the camera can't be opened, or gives no more frames
 |   +- CameraUnplugged    there is no such device, or it is gone
 |   +- CameraFrozen       no frame, or always the same one, for 2 seconds
 |   +- CameraEnded        a replay is over, as its file or folder is
 +- SensorError            the fingerprint sensor
 |   +- SensorLost         it is not there, or says nothing
 |   |   +- SensorUnplugged    no port, or the port is gone
 |   |   +- SensorBusy         another program has the port
 |   |   +- SensorSilent       the port is there, and nothing comes within the deadline
 |   +- SensorGarbled      bytes come, and no packet can be believed: a bad line, or a wrong baud
 |   +- SensorRefused      it answered, and said no
 |   |   +- EnrolmentFailed   two touches did not make one good template
 |   |   |   +- FingerTaken   the finger lies on a page already
 |   |   +- SensorFull        no page is free
 |   +- NotASensor         something else answers on that port
 |       +- WrongPassword     a sensor, but it wants another password
 +- LightError             lights
 +- BuzzerError            buzzer
 +- InputError             keys and switches
"""

from enum import Enum
from typing import ClassVar


class Trouble(Enum):
    """What is wrong with a part, in a word that the gate can show and the journal can keep."""

    BROKEN = "broken"
    UNPLUGGED = "unplugged"
    BUSY = "busy"
    SILENT = "silent"
    GARBLED = "garbled"
    FOREIGN = "foreign"
    PASSWORD = "password"
    FULL = "full"
    FROZEN = "frozen"
    DARK = "dark"
    COVERED = "covered"
    ENDED = "ended"
    SEALED = "sealed"


class DriverError(Exception):
    """Something is wrong with a part; the message says which, and what to do about it."""

    trouble: ClassVar[Trouble] = Trouble.BROKEN


class CameraError(DriverError):
    """The camera can't be opened, or gives no more frames."""


class CameraUnplugged(CameraError, ConnectionError):
    """There is no such camera, or it is gone."""

    trouble = Trouble.UNPLUGGED


class CameraFrozen(CameraError, TimeoutError):
    """The camera gave no frame, or always the same one, for 2 seconds."""

    trouble = Trouble.FROZEN


class CameraEnded(CameraError):
    """A replayed folder or video is over."""

    trouble = Trouble.ENDED


class SensorError(DriverError):
    """Something is wrong with the fingerprint sensor."""


class SensorLost(SensorError, ConnectionError):
    """The sensor's port is missing, or it keeps silent."""


class SensorUnplugged(SensorLost):
    """The sensor's port is missing, or went away."""

    trouble = Trouble.UNPLUGGED


class SensorBusy(SensorLost):
    """Another program uses the sensor's port."""

    trouble = Trouble.BUSY


class SensorSilent(SensorLost, TimeoutError):
    """The sensor's port is there, and nothing came within the deadline."""

    trouble = Trouble.SILENT


class SensorGarbled(SensorError):
    """Bytes come, and no packet among them can be believed."""

    trouble = Trouble.GARBLED


class NotASensor(SensorError):
    """What answers on the port is not a sensor that we can use."""

    trouble = Trouble.FOREIGN


class WrongPassword(NotASensor, PermissionError):
    """It is a sensor, and it wants another password."""

    trouble = Trouble.PASSWORD


class SensorRefused(SensorError):
    """The sensor answered a command with a refusal."""


class EnrolmentFailed(SensorRefused):
    """Two touches did not make one good template."""


class FingerTaken(EnrolmentFailed):
    """The finger lies on another page already. page: on which."""

    def __init__(self, message: str, page: int) -> None:
        """As every error, with the page."""
        super().__init__(message)
        self.page = page


class SensorFull(SensorRefused):
    """No page of the sensor is free."""

    trouble = Trouble.FULL


class LightError(DriverError):
    """The lights can't be driven."""


class BuzzerError(DriverError):
    """The buzzer can't be driven."""


class InputError(DriverError):
    """The keys and switches can't be read."""
