"""Django's secret key: made once, and kept beside the database."""

import errno
import os
import secrets
from pathlib import Path

_MIN_LENGTH = 50


def load_key(database: Path) -> str:
    """The key in the file beside this database, made first where there is none. Raises OSError."""
    path = database.with_name(f"{database.name}.key")
    if not path.exists():
        _make(path)
    key = path.read_text(encoding="ascii", errors="replace")
    if len(key) < _MIN_LENGTH:
        raise OSError(errno.EINVAL, "the key in it is damaged", str(path))
    return key


def _make(path: Path) -> None:
    """Whole or not at all, and readable by its owner alone; whoever came first wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, secrets.token_urlsafe(48).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
