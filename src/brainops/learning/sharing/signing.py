"""Which key does this instance sign with, and did the owner of a key sign this? Ed25519 (RFC 8032), extra `share`."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING

from brainops.errors import InvalidConfiguration, InvalidInput, MissingExtra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE = "instance.key"
MARK = "bos_"  # how a public key begins, so that nobody takes it for another thing
KEY_BYTES = 32


def own_key(folder: Path) -> InstanceKey:
    """Return this instance's key, made and written (0600) where there is none yet."""
    private = _ed25519()
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_once(path, private.generate().private_bytes_raw())
    secret = path.read_bytes()
    if len(secret) != KEY_BYTES:
        raise InvalidConfiguration(f"{path} holds no instance key; restore it, or remove it to be a new instance")
    return InstanceKey(private.from_private_bytes(secret))


class InstanceKey:
    """What an instance signs its bundles with."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = MARK + _text(private.public_key().public_bytes_raw())

    def sign(self, data: bytes) -> str:
        """Return the signature of data as text."""
        return _text(self._private.sign(data))


def signed_by(key: str, data: bytes, signature: str) -> bool:
    """Say whether the owner of a public key signed this."""
    _ed25519()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(_raw(checked_key(key)[len(MARK) :])).verify(_raw(signature), data)
    except (InvalidSignature, InvalidInput, ValueError):
        return False
    return True


def checked_key(key: str) -> str:
    """Return a public key; raise InvalidInput for what is none."""
    if not isinstance(key, str) or not key.startswith(MARK) or len(_raw(key[len(MARK) :])) != KEY_BYTES:
        raise InvalidInput("an instance is known by its public key (bos_...); the other side runs: brainops share key")
    return key


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""


def _write_once(path: Path, secret: bytes) -> None:
    """Write a new file that only its owner reads; where another process was first, its key stands."""
    made = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()


def _ed25519() -> type[Ed25519PrivateKey]:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise MissingExtra("signing is not installed: pip install 'brainops[share]'") from None
    return Ed25519PrivateKey
