"""The page that the teacher sees."""

from kiosk.screen.server import Screen

__all__ = ["Screen"]
