"""The tree of errors that a driver may raise; a vendor's exception never crosses a driver's door.

DriverError
 +- CameraError            the camera can't be opened, or gives no more frames
 |   +- CameraEnded        a replay is over, as its file or folder is
 +- SensorError            the fingerprint sensor
 |   +- SensorLost         no port, unplugged, or silent past its deadline
 |   +- SensorRefused      it answered, and said no
 |   |   +- EnrolmentFailed   two touches did not make one good template
 |   +- NotASensor         something else answers on that port, or with another password
 +- LightError             lights
 +- BuzzerError            buzzer
"""


class DriverError(Exception):
    """Something is wrong with a part; the message says which, and what to do about it."""


class CameraError(DriverError):
    """The camera can't be opened, or gives no more frames."""


class CameraEnded(CameraError):
    """A replayed folder or video is over."""


class SensorError(DriverError):
    """Something is wrong with the fingerprint sensor."""


class SensorLost(SensorError, ConnectionError):
    """The sensor's port is missing, or it keeps silent."""


class NotASensor(SensorError):
    """What answers on the port is not a sensor that we can use."""


class SensorRefused(SensorError):
    """The sensor answered a command with a refusal."""


class EnrolmentFailed(SensorRefused):
    """Two touches did not make one good template."""


class LightError(DriverError):
    """The lights can't be driven."""


class BuzzerError(DriverError):
    """The buzzer can't be driven."""
