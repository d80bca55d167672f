"""BLAKE2b without OpenSSL, which `hashlib` brings along: a fifth of a start of the interpreter. (pure)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import blake2b as blake2b
else:
    try:
        from _blake2 import blake2b
    except ImportError:  # an interpreter that was built otherwise
        from hashlib import blake2b

__all__ = ["blake2b"]
