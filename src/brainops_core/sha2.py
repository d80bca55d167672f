"""SHA-256 without OpenSSL, which `hashlib` brings along: a quarter of a start of the interpreter. (pure)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha256 as sha256
else:
    try:
        from _sha2 import sha256
    except ImportError:
        try:
            from _sha256 import sha256  # Python 3.11
        except ImportError:  # an interpreter that was built otherwise
            from hashlib import sha256

__all__ = ["sha256"]
