"""Under which addresses do the files of the pages lie? Each under one that holds its digest, so it is kept for good."""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cache
from pathlib import Path

from msgspec import Struct

from brainops.pictures import svg

STATIC = Path(__file__).parent / "static"
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(Struct, frozen=True, kw_only=True):
    """A file of the pages: its address, what it is, and its bytes as they are and packed."""

    address: str
    kind: str
    body: bytes
    packed: bytes


@cache
def assets() -> dict[str, Asset]:
    """Return every file by its name."""
    found = {}
    for path in sorted(STATIC.iterdir()):
        if path.suffix in KINDS:
            body = path.read_bytes() + (svg.RULES.encode() if path.name == "app.css" else b"")
            digest = hashlib.sha256(body).hexdigest()[:12]
            found[path.name] = Asset(
                address=f"/static/{digest}/{path.name}",
                kind=KINDS[path.suffix],
                body=body,
                packed=gzip.compress(body, mtime=0),
            )
    return found


def vendored() -> dict[str, dict[str, str]]:
    """Return what is from elsewhere: package, version, licence and digest, by the name of the file."""
    return dict(json.loads((STATIC / "vendored.json").read_text(encoding="utf-8")))
