"""Buzzers behind one small contract: gpio and console."""

from drivers.buzzer.contract import Buzzer, BuzzerSettings, Tune, open_buzzer

__all__ = ["Buzzer", "BuzzerSettings", "Tune", "open_buzzer"]
