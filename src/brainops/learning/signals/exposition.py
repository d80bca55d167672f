"""Which samples stand on a page of metrics in the Prometheus text format? (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from brainops.learning.signals.log_lines import Sample
from brainops.learning.signals.moments import moment
from brainops.types import Micros

_TYPE = re.compile(r"#\s*TYPE\s+([A-Za-z_:][\w:]{0,200})\s+(\w{1,20})\s*$")
_SAMPLE = re.compile(
    r"(?P<name>[A-Za-z_:][\w:]{0,200})(?:\{(?P<labels>(?:[^\"}]|\"(?:[^\"\\]|\\.)*\"){0,4000})\})?\s+"
    r"(?P<value>[+-]?(?:\d[\d.]*(?:[eE][+-]?\d{1,3})?|\.\d+|Inf|NaN))(?:\s+(?P<at>-?\d{1,20}(?:\.\d+)?))?\s*(?:#.*)?$"
)
_LABEL = re.compile(r"([A-Za-z_]\w{0,120})\s*=\s*\"((?:[^\"\\]|\\.){0,1000})\"")
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def is_exposition(text: str) -> bool:
    """Say whether a text looks like a page of metrics: its first lines are comments of one, or samples."""
    lines = [line for line in text.splitlines()[:40] if line.strip()]
    if any(re.match(r"#\s*(?:TYPE|HELP)\s+[A-Za-z_:]", line) for line in lines):
        return True
    return bool(lines) and all(_SAMPLE.match(line) or line.startswith("#") for line in lines)


def samples(lines: Iterable[str], *, now: Micros) -> Iterator[Sample]:
    """Yield the samples of a page's lines; a line that is none is passed over, and so are buckets, which are too many.

    Counters (and the counts and sums of histograms and summaries) are marked; a value that is no number is left out.
    """
    kinds: dict[str, str] = {}
    for line in map(str.strip, lines):
        if typed := _TYPE.match(line):
            kinds[typed[1]] = typed[2].lower()
            continue
        found = None if line.startswith("#") else _SAMPLE.match(line)
        if found is None or found["name"].endswith("_bucket") or "quantile=" in (found["labels"] or ""):
            continue
        value = float(found["value"])
        if value != value or value in (float("inf"), float("-inf")):
            continue
        labels = {
            key: re.sub(r"\\.", lambda escape: _ESCAPES.get(escape.group(), escape.group()), said)
            for key, said in _LABEL.findall(found["labels"] or "")
        }
        at = moment(float(found["at"]), now) if found["at"] else None
        yield Sample(name=found["name"], value=value, labels=labels, at=at, counter=_counts(found["name"], kinds))


def _counts(name: str, kinds: dict[str, str]) -> bool:
    family = re.sub(r"_(?:sum|count|total)$", "", name)
    kind = kinds.get(name) or kinds.get(family)
    if kind is None:
        return name.endswith("_total")
    return kind == "counter" or (kind in ("histogram", "summary") and name != family)
