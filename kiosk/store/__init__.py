"""What the kiosk keeps on its card: the journal, people, sealed templates, cursors."""

from kiosk.store.database import Store, open_store
from kiosk.store.fingers import Erasure, Finger, Fingers, Known, SensorSeen
from kiosk.store.journal import Entry, Journal
from kiosk.store.keeper import Keeper
from kiosk.store.people import Likeness, People, Person, Template

__all__ = [
    "Entry",
    "Erasure",
    "Finger",
    "Fingers",
    "Journal",
    "Keeper",
    "Known",
    "Likeness",
    "People",
    "Person",
    "SensorSeen",
    "Store",
    "Template",
    "open_store",
]
