"""Under which key does a framework find again what it keeps here, and how is it told that something was taken out?"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from brainops import redact
from brainops.errors import InvalidInput
from brainops.types import Captured, Draft
from brainops.types.limits import MAX_REFERENCE_CHARACTERS

TITLE_CHARACTERS = 200  # of what is kept under such a key

_log = logging.getLogger("brainops.integrations")


def source_key(kind: str, path: Sequence[str], name: str | None = None) -> str:
    """Return the source key of what has a name in a path, or the beginning of all keys in that path and below it.

    It is kept to the letter: raises InvalidInput where it is too long for that, or holds a secret.
    """
    key = f"{kind}:{json.dumps(list(path), separators=(',', ':'))}"
    if name is None:
        return key[:-1]
    key += json.dumps(name)
    if len(key) > MAX_REFERENCE_CHARACTERS:
        raise InvalidInput(f"a key and its namespace have at most {MAX_REFERENCE_CHARACTERS:,} characters together")
    if found := redact("\n".join((*path, name))).findings:
        raise InvalidInput(f"a key or its namespace holds a secret ({found[0].kind}): give it a name that holds none")
    return key


def place_of(key: str) -> tuple[tuple[str, ...], str]:
    """Return the path and the name that a source key says."""
    written = key.partition(":")[2]
    path, end = json.JSONDecoder().raw_decode(written)
    return tuple(path), json.loads(written[end:])


def tell(captured: Captured, draft: Draft) -> None:
    """Say in the log where a draft was kept otherwise than it was handed in: without its secrets, for one."""
    said = [f"taken out: {each.count} {each.kind}" for each in captured.redacted]
    for note in (*said, *(() if captured.repeated else captured.notes)):
        _log.warning("what is kept as %s is not what was handed in: %s", draft.source.key, note)
