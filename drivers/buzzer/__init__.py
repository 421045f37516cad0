"""Buzzers behind one small contract: gpio and console."""

from drivers.buzzer.contract import Beep, Buzzer, BuzzerSettings, Tune, open_buzzer

__all__ = ["Beep", "Buzzer", "BuzzerSettings", "Tune", "open_buzzer"]
