"""Templates are sealed at rest: ChaCha20-Poly1305 (RFC 8439) with a key that lies beside the store, not in it."""

import os
from pathlib import Path
from uuid import uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from kiosk.errors import StoreError

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Sealer:
    """Seals and opens small pieces of data, each bound to a context such as the person's id."""

    def __init__(self, key: bytes) -> None:
        """Key: 32 random bytes."""
        self._cipher = ChaCha20Poly1305(key)

    def seal(self, data: bytes, context: str) -> bytes:
        """The nonce followed by the sealed data."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises StoreError where the key, the context or the data is another."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except InvalidTag as error:
            raise StoreError("a template can't be opened: the store's key is not the one it was sealed with") from error


def load_key(path: Path, *, create: bool) -> bytes:
    """The key in this file, made and synced to the card first where there is none. Raises StoreError."""
    try:
        if create and not path.exists():
            _write_key(path, os.urandom(_KEY_BYTES))
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(f"the store's key {path} can't be read: {error.strerror}") from error
    if len(key) != _KEY_BYTES:
        raise StoreError(f"the store's key {path} is damaged: it should have {_KEY_BYTES} bytes")
    return key


def _write_key(path: Path, key: bytes) -> None:
    """Whole or not at all, and readable by its owner alone; whoever came first wins."""
    draft = path.with_name(f"{path.name}.{uuid4().hex}")  # as a process number may come again after a power cut
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, key)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
