"""How is what is stored said on a page? As text that only shows, with times as people say them. (pure)"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from brainops.types import Micros, Operation

# A state is said by its word; the colour that goes with it only repeats that.
MARKS = defaultdict(
    lambda: "quiet",
    {
        **dict.fromkeys("succeeded granted used resolved active kept verified mended applied".split(), "good"),
        **dict.fromkeys("failed refused expired firing rolled_back new returning".split(), "bad"),
        **dict.fromkeys("waiting paused pending planned trial ongoing proposed".split(), "warn"),
    },
)
LONGEST = 20_000  # of one text on a page; who wants more asks for the memory itself

# What a browser obeys or what hides text: control characters, bidi overrides, invisible marks, tags, lone surrogates.
# The joiners U+200C and U+200D stay: they only shape letters and emoji.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def shown(value: object) -> object:
    """Return what a template writes of a value: hidden characters are seen, what is very long is cut, and says so."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    rest = len(value) - LONGEST
    text = _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", value[:LONGEST].replace("\r\n", "\n"))
    return f"{text} … and {rest:,} characters more" if rest > 0 else text


def span(micros: float) -> str:
    """Return how long something took or takes, in one unit: 40 s, 3 min, 250 ms."""
    seconds = abs(micros) / 1e6
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return next(f"{seconds // size:.0f} {unit}" for size, unit in _STEPS if seconds >= size)


def ago(at: Micros | None, now: Micros) -> Markup:
    """Return a time as an element: how long ago, or how soon, and the exact time beside it."""
    if at is None:
        return Markup("<span>never</span>")
    moment = datetime.fromtimestamp(at / 1e6, UTC)
    past = now - at
    said = "now" if abs(past) < 1e6 else f"{span(past)} ago" if past > 0 else f"in {span(past)}"
    same_day = moment.date() == datetime.fromtimestamp(now / 1e6, UTC).date()
    exact = moment.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M")
    whole = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" title="{}"><span>{}</span> <small>{}</small></time>').format(
        whole, whole, said, exact
    )


def share(value: float | None) -> str:
    """Return a share as per cent; a dash where nothing was counted."""
    return "-" if value is None else f"{100 * value:.0f} %"


def lines(value: str) -> Markup:
    """Return a text of several lines as one quoted block."""
    return Markup('<pre class="stored" dir="auto">{}</pre>').format(escape(shown(value)))


def in_a_line(detail: Mapping[str, Any]) -> str:
    """Return the details of something in one line; what is empty is left out."""
    said = ((name, value if isinstance(value, str) else json.dumps(value)) for name, value in detail.items() if value)
    return ", ".join(f"{name}: {value}" for name, value in said)


def verdict(operation: Operation) -> str:
    """Return how an operation ended; "runs" for one that did not."""
    return "runs" if operation.outcome is None else type(operation.outcome).__name__.lower()
