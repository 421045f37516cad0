"""People's fingers in a file, sealed with a passphrase, so that one enrolment serves two gates.

The file: a line that says what it is, 16 bytes of salt, 12 of nonce, and JSON sealed with AES-256-GCM (NIST SP
800-38D) by a key that scrypt (RFC 7914) makes of the passphrase.
"""

import os
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import Base64Bytes, TypeAdapter, ValidationError

from kiosk.errors import EnrolmentError

_HEAD: Final = b"gerbang fingers 1\n"
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_FEWEST_LETTERS: Final = 12


@dataclass(frozen=True)
class Guest:
    """A person of another gate. templates: of the fingers, as the sensor gave them."""

    id: str
    name: str
    templates: tuple[Base64Bytes, ...] = field(repr=False)


@dataclass(frozen=True)
class Bundle:
    """What one gate gives to another. system: the own code of the sensor's model; None where it is not known."""

    system: int | None
    guests: tuple[Guest, ...]


_ADAPTER: Final = TypeAdapter(Bundle)


def checked_passphrase(passphrase: str) -> str:
    """The same passphrase, if it takes long enough to guess. Raises EnrolmentError."""
    if len(passphrase) < _FEWEST_LETTERS:
        raise EnrolmentError(f"the passphrase is too short: use {_FEWEST_LETTERS} letters or more, such as four words")
    return passphrase


def seal_bundle(bundle: Bundle, passphrase: str) -> bytes:
    """The bytes of the file."""
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    return _HEAD + salt + nonce + _cipher(passphrase, salt).encrypt(nonce, _ADAPTER.dump_json(bundle), _HEAD)


def open_bundle(data: bytes, passphrase: str) -> Bundle:
    """What was sealed. Raises EnrolmentError where the file or the passphrase is another."""
    salt, nonce, sealed = _parts(data)
    try:
        return _ADAPTER.validate_json(_cipher(passphrase, salt).decrypt(nonce, sealed, _HEAD))
    except InvalidTag as error:
        raise EnrolmentError("the file can't be opened: another passphrase, or a damaged file") from error
    except ValidationError:
        raise EnrolmentError("the file was made by another version of Gerbang: export it again") from None


def _parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    body = data.removeprefix(_HEAD)
    if body == data or len(body) < _SALT_BYTES + _NONCE_BYTES:
        raise EnrolmentError("the file was not made by gerbang fingers export")
    nonce_end = _SALT_BYTES + _NONCE_BYTES
    return body[:_SALT_BYTES], body[_SALT_BYTES:nonce_end], body[nonce_end:]


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    # 32 MiB, which the smallest Pi can spare, three times: as good as 128 MiB once (OWASP Password Storage Cheat Sheet)
    key = Scrypt(salt, length=32, n=2**15, r=8, p=3)
    return AESGCM(key.derive(unicodedata.normalize("NFC", passphrase).encode()))
