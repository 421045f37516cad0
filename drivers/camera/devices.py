"""Linux's cameras by name: /dev/videoN may be another camera after the next start, the links by id and by path are not.

udev makes them (60-persistent-v4l.rules): /dev/v4l/by-id/usb-MAKER_MODEL_SERIAL-video-indexN and
/dev/v4l/by-path/..., where index 0 is most often the one that captures.
"""

import fcntl
import os
import re
import struct
from contextlib import closing
from pathlib import Path
from typing import Final

from drivers.errors import CameraUnplugged

# linux/videodev2.h: struct v4l2_capability is driver[16], card[32], bus_info[32], then version, capabilities,
# device_caps and reserved[3] of 32 bits each.
_CAPABILITY: Final = struct.Struct("=16s32s32s6I")
_QUERYCAP: Final = 0x80000000 | _CAPABILITY.size << 16 | ord("V") << 8  # _IOR('V', 0, struct v4l2_capability)
_VIDEO_CAPTURE: Final = 0x00000001
_HAS_DEVICE_CAPS: Final = 0x80000000


def find_devices(source: str, dev: Path = Path("/dev")) -> list[Path]:
    """The devices that a source may mean, in the order to try them.

    source: "" for any; a number; a path; or an id, or a part of one that only one camera has. dev: where they lie in
    Linux's tree. Raises CameraUnplugged where there is none; it names the cameras that there are.
    """
    if "/" in source:
        found = [Path(source)]
    elif source.isdecimal():
        found = [dev / f"video{source}"]
    else:
        found = _named(source, dev) if source else _numbered(dev)
    present = [device for device in found if device.exists()]
    if not present:
        what = f"at {found[0]}" if found else f"of the id {source!r}" if source else f"at {dev}/video*"
        raise CameraUnplugged(f"No camera {what}. Is it plugged in? {_there_are(dev)}")
    return present


def captures(device: Path) -> bool:
    """Whether a device gives pictures; a camera often has a second one that gives metadata alone."""
    try:
        file = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    with closing(os.fdopen(file, "rb", buffering=0)):
        try:
            answer = _CAPABILITY.unpack(fcntl.ioctl(file, _QUERYCAP, bytes(_CAPABILITY.size)))
        except OSError:
            return False
    _, _, _, _, capabilities, device_caps, *_ = answer
    return bool((device_caps if capabilities & _HAS_DEVICE_CAPS else capabilities) & _VIDEO_CAPTURE)


def _numbered(dev: Path) -> list[Path]:
    found = [path for path in dev.glob("video*") if path.name[5:].isdecimal()]
    return sorted(found, key=lambda path: int(path.name[5:]))


def _named(part: str, dev: Path) -> list[Path]:
    """The links of the one camera whose id has that part. Raises CameraUnplugged where several have it."""
    for folder in ("by-id", "by-path"):
        links = [link for link in _links(dev, folder) if part in link.name]
        links = [link for link in links if part in (link.name, _camera(link))] or links
        # One camera may have several names by its path.
        if len({link.with_name(f"{_camera(link)}-video-index0").resolve() for link in links}) > 1:
            raise CameraUnplugged(f"Several cameras have {part!r} in their id; give more of it. {_there_are(dev)}")
        if links:
            return links
    return []


def _links(dev: Path, folder: str) -> list[Path]:
    return sorted((dev / "v4l" / folder).glob("*"))


def _camera(link: Path) -> str:
    """The id without the number of the device within the camera."""
    return re.sub("-video-index[0-9]+$", "", link.name)


def _there_are(dev: Path) -> str:
    ids = sorted({_camera(link) for link in _links(dev, "by-id") or _links(dev, "by-path")})
    return f"There is {' and '.join(ids)}." if ids else "There is none with an id."
