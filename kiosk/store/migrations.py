"""The numbered steps from an empty file to the store of today; a step once released is never changed."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("gerbang")


@migrations(name="0001_first")
def first(db: Database) -> None:
    """The journal, people with templates and fingers, cursors, and a few facts about the store."""
    db.execute("CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")
    db.execute(
        "CREATE TABLE entry (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, device TEXT NOT NULL,"
        " boot TEXT NOT NULL, wall TEXT NOT NULL, monotonic_ns INTEGER NOT NULL, trust TEXT NOT NULL,"
        " kind TEXT NOT NULL, payload TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL) STRICT"
    )
    db.execute("CREATE INDEX entry_wall ON entry (wall)")
    db.execute("CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT NOT NULL, added TEXT NOT NULL) STRICT")
    db.execute(
        "CREATE TABLE template (id INTEGER PRIMARY KEY, person TEXT NOT NULL REFERENCES person (id)"
        " ON DELETE CASCADE, model TEXT NOT NULL, sealed BLOB NOT NULL) STRICT"
    )
    db.execute("CREATE INDEX template_person ON template (person)")
    db.execute(
        "CREATE TABLE finger (page INTEGER PRIMARY KEY, person TEXT NOT NULL REFERENCES person (id)"
        " ON DELETE CASCADE) STRICT"
    )
    db.execute("CREATE TABLE cursor (destination TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT")


@migrations(name="0002_lookalikes")
def lookalikes(db: Database) -> None:
    """Pairs of people who look alike; a pair ends with either of them."""
    db.execute(
        "CREATE TABLE lookalike (person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,"
        " other TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, distance REAL NOT NULL,"
        " cleared INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (person, other), CHECK (person < other)) STRICT"
    )
    db.execute("CREATE INDEX lookalike_other ON lookalike (other)")


@migrations(name="0003_fingers")
def fingers(db: Database) -> None:
    """The templates of fingers, sealed, so that a sensor can be replaced; pages that are still to be erased in it."""
    db.execute("ALTER TABLE finger ADD COLUMN sealed BLOB")
    db.execute("CREATE TABLE erasure (page INTEGER PRIMARY KEY, person TEXT NOT NULL, mark TEXT) STRICT")
