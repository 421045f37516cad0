"""Fingerprint sensors behind one small contract."""

from drivers.fingerprint.contract import (
    EnrolStep,
    FingerprintSensor,
    FingerprintSettings,
    SensorParameters,
    Touch,
    open_sensor,
)

__all__ = ["EnrolStep", "FingerprintSensor", "FingerprintSettings", "SensorParameters", "Touch", "open_sensor"]
