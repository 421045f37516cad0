"""Cameras behind one small contract: picamera, webcam and replay."""

from drivers.camera.contract import Camera, CameraSettings, Frame, camera_opener, open_camera

__all__ = ["Camera", "CameraSettings", "Frame", "camera_opener", "open_camera"]
