"""libcamera's virtual camera with pictures of ours, made fit for picamera2, which was written for the Pi's own cameras.

Importing this installs it: what follows then is picamera2's own code over libcamera's own code. Needs both.
"""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any, Final
from unittest.mock import MagicMock

import cv2
import libcamera
import numpy as np
from numpy.typing import NDArray

# What picamera2 loads for a screen and for raw photographs, and never touches for video.
for name in ("pykms", "pidng", "pidng.core", "pidng.camdefs"):
    sys.modules[name] = MagicMock()

from picamera2 import picamera2 as vendor  # noqa: E402
from picamera2.allocators import dmaallocator  # noqa: E402
from picamera2.dma_heap import UniqueFD  # noqa: E402
from picamera2.picamera2 import CameraManager, Picamera2  # noqa: E402

Pixels = NDArray[np.uint8]

DATA: Final = Path("/data")  # libcamera looks here for virtual.yaml: scripts/camera-root made a link
_PICTURES: Final = DATA / "pictures"
SIZES: Final = ((640, 480), (1280, 960))
_KINDS: Final = "LIBCAMERA_PIPELINES_MATCH_LIST"  # libcamera looks for cameras of these kinds alone
_PAUSE_S: Final = 0.03

flowing = Event()  # clear it, and no frame comes out any more: as of a camera whose ribbon slipped
flowing.set()
turns_asked: list[tuple[int, int]] = []  # left to right and upside down, of each configuration


def plug(pictures: Sequence[Pixels]) -> None:
    """A camera that shows these pictures, (960, 1280, 3), in turn, from when it is opened next.

    Three are best: frames come by fours, so that of two, or four, the newest is always the same.
    """
    shutil.rmtree(_PICTURES, ignore_errors=True)
    _PICTURES.mkdir()
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(_PICTURES / f"{number}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 98])
    sizes = "".join(f"  - width: {width}\n    height: {height}\n" for width, height in SIZES)
    listed = f'"Virtual0":\n  supported_formats:\n{sizes}  frames:\n    path: "{_PICTURES}"\n'
    (DATA / "virtual.yaml").write_text(f"%YAML 1.1\n---\n{listed}...\n")
    os.environ.pop(_KINDS, None)
    Picamera2._cm.reset()  # of a real camera that comes or goes, libcamera hears from udev


def unplug() -> None:
    """No camera at all."""
    os.environ[_KINDS] = "none"
    Picamera2._cm.reset()


def opened() -> Any:
    """picamera2's own object for the camera that is open."""
    return Picamera2._cm.cameras[0]


class PacedManager(CameraManager):  # type: ignore[misc]  # picamera2 has no types
    """The virtual camera is done with a frame as soon as it is asked for; this one takes its time."""

    def handle_request(self, flushid: int | None = None) -> None:
        """Frames are ready. flushid: the camera that stops, whose frames nobody wants."""
        if flushid is None:
            time.sleep(_PAUSE_S)
            if not flowing.is_set():
                return
        super().handle_request(flushid)


class MemoryHeap:
    """Memory for pictures from the kernel's pages, for a kernel without a heap for cameras."""

    isValid = True  # noqa: N815  # picamera2's name

    def alloc(self, name: str, size: int) -> Any:
        """A descriptor of new memory."""
        fd = os.memfd_create(name)
        os.ftruncate(fd, size)
        return UniqueFD(fd)

    def close(self) -> None:
        """Nothing is held."""


class PlaneAllocator(dmaallocator.DmaAllocator):  # type: ignore[misc]  # picamera2 has no types
    """picamera2's buffers, in two planes, as the virtual camera fills them; the Pi's takes them in one."""

    class DmaSync(dmaallocator.DmaAllocator.DmaSync):  # type: ignore[misc]
        """Only a device's memory has to be told apart from the processor's cache."""

        def __enter__(self) -> Any:
            return self.get_buffer()

        def __exit__(self, *error: object) -> None:
            pass

    def allocate(self, libcamera_config: Any, use_case: str) -> None:
        """Buffers for every stream."""
        super().allocate(libcamera_config, use_case)
        for config in libcamera_config:
            self.frame_buffers[config.stream] = [self._split(b, config) for b in self.frame_buffers[config.stream]]

    def _split(self, buffer: Any, config: Any) -> Any:
        brightness = config.stride * config.size.height
        planes = []
        for offset, length in ((0, brightness), (brightness, brightness // 2)):
            plane = libcamera.FrameBuffer.Plane()
            plane.fd, plane.offset, plane.length = buffer.planes[0].fd, offset, length
            planes.append(plane)
        split = _new_buffer(planes)
        self.mapped_buffers[split] = self.mapped_buffers.pop(buffer)
        self.mapped_buffers_used[split.planes[0].fd] = False
        self.libcamera_fds.append(split.planes[0].fd)
        return split


def _new_buffer(planes: list[Any]) -> Any:
    """A buffer whose status is good from the start, for the virtual camera leaves it as it finds it in the memory."""
    refused = []  # kept until one is good, so that each lies elsewhere
    while (buffer := libcamera.FrameBuffer(planes)).metadata.status != libcamera.FrameMetadata.Status.Success:
        refused.append(buffer)
    return buffer


def _modes(camera: Picamera2) -> list[dict[str, Any]]:
    """The sizes that there are; picamera2 looks for those of a raw stream, which the virtual camera has not."""
    formats = camera.camera.generate_configuration([libcamera.StreamRole.VideoRecording]).at(0).formats
    return [
        {"format": str(form), "size": (size.width, size.height)}
        for form in formats.pixel_formats
        for size in formats.sizes(form)
    ]


def _tell_what_came_of_it(camera: Picamera2, camera_config: dict[str, Any], libcamera_config: Any) -> None:
    """The configuration that was really made. The virtual camera says that it turns its picture, and does not."""
    turns_asked.append((camera_config["transform"].hflip, camera_config["transform"].vflip))
    libcamera_config.orientation = libcamera.Orientation.Rotate0
    _picamera2_tells(camera, camera_config, libcamera_config)


_picamera2_tells = Picamera2._update_camera_config

dmaallocator.DmaHeap = MemoryHeap
vendor.DmaAllocator = PlaneAllocator
Picamera2._get_raw_modes = _modes
Picamera2._update_camera_config = _tell_what_came_of_it
Picamera2._cm = PacedManager()
