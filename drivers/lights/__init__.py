"""Lights behind one small contract: gpio and console."""

from drivers.lights.contract import Colour, Lights, LightSettings, Pattern, open_lights

__all__ = ["Colour", "LightSettings", "Lights", "Pattern", "open_lights"]
