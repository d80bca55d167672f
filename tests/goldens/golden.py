"""Does an answer still say what it said? Ids, times, paths and what a machine measures do not count.

RECORD=1 .venv/bin/python -m pytest tests/goldens writes what stands in `recorded/` anew. A commit that changes a line
there names the line and says why.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.goldens.clock import START_MICROS

RECORDED = Path(__file__).parent / "recorded"
SHOWN = 30  # differences that a failure tells: more are one change seen many times
SHORT = 200  # characters of a value that it tells
DECIMALS = 6  # of a figure; what comes after them is the machine's, or the time between two lines of code

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|}')
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_CUT_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{1,26}$")  # at the end of a text that was cut to a length
_CUT_SETTING = re.compile(r"^(step_limits = .*?<python>).*(?<!})$")  # the longer the path, the less is left
_DIGEST = re.compile(r"(?<!\w)(?<!\d\.)(?!0+\b)[0-9a-f]{12,128}\b")  # neither decimals nor the start of a chain
_KEY = re.compile(r"\bbo[ast]_[\w-]{40,}")
_SIZE = re.compile(r"\b\d+(?:\.\d+)? (?:kB|MB|GB|TB)\b")
_TOOK = re.compile(r'(?<="name": "time", "value": )[\d.]+')  # what operations took, among figures that do not change
_MICROS = re.compile(r"(?<![\w.])[12]\d{15}\b")
_MOMENT = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|[+]00:00)?")
_LONG = re.compile(r"\b\d+\.\d{7,}\b")

_PINNED = {"fingerprint", "message_fingerprint"}  # functions of a text alone, which may not change
_MEASURED = re.compile(r"(^|_)(us|ms|seconds|milliseconds|bytes(_before|_after)?|size|free|pid|days_until_full)$")


class Normal:
    """One answer without what differs from run to run: each id and digest is told by when it is first named."""

    def __init__(self, **places: str) -> None:
        self._places = {sys.executable: "<python>", version("brainops"): "<version>"}
        self._places |= {place: f"<{name}>" for name, place in places.items()}
        self._names: dict[str, str] = {}
        self._key = ""
        self._sizes = False

    def __call__(self, text: str) -> str:
        """Return a JSON text, or lines of it, normalised; its spaces, order and escapes stay as they are."""
        return _TOKEN.sub(self._token, _TOOK.sub('"<measured>"', text))

    def plain(self, text: str) -> str:
        """Return a text that is no JSON, normalised."""
        for place, name in self._places.items():
            text = text.replace(place, name)
        text = _ID.sub(lambda found: self._named("id", found[0]), text)
        text = _CUT_ID.sub("<id>", text)
        text = _CUT_SETTING.sub(r"\1", text)
        text = _MICROS.sub(lambda found: _moment(int(found[0])), text)
        text = _KEY.sub(lambda found: self._named("key", found[0]), text)
        text = _DIGEST.sub(lambda found: self._named("digest", found[0]), text)
        text = _MOMENT.sub(_read_moment, text)
        text = _SIZE.sub("<size>", text)
        return _LONG.sub(lambda found: str(round(float(found[0]), DECIMALS)), text)

    def _token(self, found: re.Match[str]) -> str:
        if found[0] == "}":
            self._sizes = False
            return found[0]
        if found[1] is None:
            return self._number(found[0])
        if found[2]:
            self._key = found[1]
            self._sizes = self._sizes or self._key == "sizes"
        elif self._key in _PINNED:
            return found[0]
        return f'"{self.plain(found[1])}"{found[2] or ""}'

    def _number(self, text: str) -> str:
        if self._sizes or _MEASURED.search(self._key):
            return '"<measured>"'
        if _MICROS.fullmatch(text):
            return f'"{_moment(int(text))}"'
        return text if text.lstrip("-").isdigit() else str(round(float(text), DECIMALS))

    def _named(self, kind: str, value: str) -> str:
        return self._names.setdefault(
            value, f"<{kind} {1 + sum(n.startswith(f'<{kind}') for n in self._names.values())}>"
        )


def _moment(micros: int) -> str:
    """Tell a time by its minutes from the start of the recording: what took milliseconds is no difference."""
    return f"<start{(micros - START_MICROS) // 60_000_000:+d} min>"


def _read_moment(found: re.Match[str]) -> str:
    at = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
    return _moment(int(at.timestamp() * 1_000_000))


def compare(name: str, now: Any) -> None:
    """Fail, telling each value that differs and where, unless `now` is what was recorded under this name."""
    path = RECORDED / f"{name}.json"
    if os.environ.get("RECORD"):
        path.write_text(json.dumps(now, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
        return
    if not path.exists():
        pytest.fail(f"{name} was never recorded; RECORD=1 writes it")
    found = list(differences(json.loads(path.read_text(encoding="utf-8")), now))
    if found:
        more = [f"... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        pytest.fail("\n".join([f"{path.name} differs:", *found[:SHOWN], *more]), pytrace=False)


def differences(was: Any, now: Any, path: str = "$") -> Iterator[str]:
    """Yield where two JSON values differ, as the path to each value with what it was and what it is."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *(key for key in now if key not in was)]:
            at = f"{path}.{key}"
            if key not in now:
                yield f"{at} is gone, it was {_short(was[key])}"
            elif key not in was:
                yield f"{at} is new: {_short(now[key])}"
            else:
                yield from differences(was[key], now[key], at)
    elif isinstance(was, list) and isinstance(now, list):
        for number, (before, after) in enumerate(zip(was, now, strict=False)):
            yield from differences(before, after, f"{path}[{number}]")
        if len(was) != len(now):
            yield f"{path} has {len(now)} entries, it had {len(was)}"
    elif isinstance(was, str) and isinstance(now, str) and was != now and max(len(was), len(now)) > SHORT:
        start = next((n for n, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
        shown = max(0, start - SHORT // 4)
        yield f"{path} from character {start} on is ...{_short(now[shown:])}, it was ...{_short(was[shown:])}"
    elif was != now or type(was) is not type(now):
        yield f"{path} is {_short(now)}, it was {_short(was)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= SHORT else f"{text[:SHORT]}..."
