"""What is the next id? UUID version 7 (RFC 9562) as text: sortable by time of creation, never reused."""

from __future__ import annotations

import os
import time
import uuid


def new_id() -> str:
    """Return a new UUIDv7, 36 characters of lower-case text."""
    milliseconds = time.time_ns() // 1_000_000
    tail = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | (tail >> 68 & 0xFFF) << 64 | 0b10 << 62
    return str(uuid.UUID(int=value | tail & ((1 << 62) - 1)))
