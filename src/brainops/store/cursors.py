"""Where in a list does somebody go on? An opaque text that names the list and a place in it. (pure)"""

from __future__ import annotations

import json
from collections.abc import Sequence

from brainops.errors import InvalidInput

Value = str | int | float

LONGEST = 2_000  # characters; keys of lists are far shorter


def written(of: str, values: Sequence[Value]) -> str:
    """Return the cursor of a place in a list; `of` says which list, and what it was narrowed to."""
    import base64

    text = json.dumps([of, *values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str, of: str, *kinds: type[Value]) -> list[Value]:
    """Return the place of which a cursor of this list tells. Raises InvalidInput for any other text."""
    import base64

    try:
        if len(cursor) > LONGEST:
            raise ValueError
        values: list[Value]
        list_of, *values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        raise InvalidInput(f"{cursor!r:.60} is no cursor: hand in `next` or `previous` of a page as it is") from None
    if list_of != of or list(map(type, values)) != list(kinds):
        raise InvalidInput("the cursor is of another list, or of this one with other conditions; begin without one")
    return values
