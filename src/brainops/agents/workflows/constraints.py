"""What do the constraints of a goal ask for: by when, tested, reversible, allowed by whom, at what cost? (pure)"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from brainops.types import JSON, Micros
from brainops.types.times import SECOND_MICROS

MAX_NOTED_CHARACTERS = 200  # of a constraint that is only told
LONGEST_SECONDS = 30 * 86_400.0  # as long as a step of a procedure may take

TIME = frozenset(
    "timeline deadline time_limit timebox timeframe duration within due due_by time_budget max_time".split()
)
TESTING = frozenset("testing_required testing tests test tested require_tests run_tests test_command".split())
ROLLBACK = frozenset("rollback_plan rollback reversible undo rollback_required backout_plan".split())
RISK = frozenset("risk risk_level severity criticality".split())
APPROVAL = frozenset("approval approval_required requires_approval approvals needs_approval sign_off".split())
BUDGET = frozenset("budget max_cost cost_limit cost_budget".split())
TARGET = frozenset("target environment service repository".split())
RISKY = frozenset("high critical severe very_high extreme".split())

_NAMED_UNITS = {"_seconds": 1.0, "_minutes": 60.0, "_hours": 3_600.0, "_days": 86_400.0}
_UNITS = {
    1.0: "s sec secs second seconds",
    60.0: "m min mins minute minutes",
    3_600.0: "h hr hrs hour hours",
    86_400.0: "d day days",
    604_800.0: "w wk wks week weeks",
}
_SECONDS = {word: seconds for seconds, words in _UNITS.items() for word in words.split()}
_COUNTS = {
    word: float(number)
    for number, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"a": 1.0, "an": 1.0, "half": 0.5, "fifteen": 15.0, "twenty": 20.0, "thirty": 30.0, "forty-five": 45.0}
_LEADING = re.compile(
    r"^(?:within|in|under|less than|at most|no more than|not more than|max(?:imum)?|up to|about|around|roughly|by|"
    r"until|before|over|the next|next|<=?|~|≤)\s*"
)
_HALF = re.compile(r"\bhalf (?:a|an)\b")
_HALVES = re.compile(r"\b(\w+) and a half (hours?|days?|weeks?|minutes?)\b")
_AND_A_HALF = re.compile(r"\b(\w+) (hours?|days?|weeks?|minutes?) and a half\b")
_PIECE = re.compile(
    r"\s*(?:(?P<low>\d+(?:[.,]\d+)?)\s*(?:-|\u2013|to)\s*)?(?P<n>\d+(?:[.,]\d+)?|[a-z]+(?:-[a-z]+)?)[\s-]*(?P<u>[a-z]+)\.?"
)
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
_ISO = re.compile(r"p(?:(\d+)w)?(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?)?")
_MONEY = re.compile(
    r"\s*(?:usd|eur|us\$|[$€£])?\s*(\d+(?:[.,]\d+)?)\s*(?:usd|eur|dollars?|euros?|[$€£])?\s*", re.IGNORECASE
)
_NO = frozenset("no none false off never not-required 0".split())


class Constraints(Struct, frozen=True, kw_only=True):
    """What a goal's constraints ask for. `approval` says why somebody must agree ("" where nobody need to).

    `test` is a command that tests, where one is named; `notes` say how each constraint was understood, or that it was
    not.
    """

    deadline_seconds: float | None = None
    testing: bool = False
    test: str = ""
    rollback: bool = False
    approval: str = ""
    budget: float | None = None
    target: str | None = None
    inputs: Mapping[str, JSON] = {}
    notes: tuple[str, ...] = ()


def read(given: Mapping[str, JSON], now: Micros) -> Constraints:
    """Read constraints as people write them; what is not understood is a note, never an error."""
    found: dict[str, object] = {}
    notes = []
    for name, value in given.items():
        key = re.sub(r"[\s-]+", "_", name.strip().lower())
        said = _understood(key, value, now, found)
        shown = " ".join(str(value).split())[:MAX_NOTED_CHARACTERS]
        notes.append(f"{name} = {shown}: {said or 'not understood; whoever does a step is told it as it is'}")
    return Constraints(**found, notes=tuple(notes))  # type: ignore[arg-type]  # the names are those of the fields


def _understood(key: str, value: JSON, now: Micros, found: dict[str, object]) -> str:
    """Take one constraint into what was found; return what it means, "" where that is not known."""
    if key in TIME or key.endswith(tuple(_NAMED_UNITS)):
        unit = next((seconds for ending, seconds in _NAMED_UNITS.items() if key.endswith(ending)), None)
        if unit is not None and isinstance(value, int | float) and not isinstance(value, bool):
            seconds: float | None = value * unit
        else:
            seconds = seconds_of(value, now) if isinstance(value, str) else None
        if seconds is None or not 0 < seconds <= LONGEST_SECONDS:
            return ""
        before = found.get("deadline_seconds")
        found["deadline_seconds"] = min(seconds, before) if isinstance(before, float) else float(seconds)
        return f"done within {seconds:g} s, or cancelled; its steps' time-outs add up to no more"
    if key in BUDGET:
        cost = cost_of(value)
        found |= {} if cost is None else {"budget": cost}
        return "" if cost is None else f"cancelled once its tasks have cost more than {cost:g}"
    if key in TARGET and isinstance(value, str) and value.strip():
        if key == "target" or "target" not in found:
            found["target"] = value.strip()
        return "what it is done to"
    if key == "inputs" and isinstance(value, Mapping):
        found["inputs"] = value
        return "handed to the procedures that it runs"
    return _wish(key, value, found)


def _wish(key: str, value: JSON, found: dict[str, object]) -> str:
    wanted = value.strip().lower() not in _NO and bool(value.strip()) if isinstance(value, str) else bool(value)
    if key in TESTING:
        found["testing"] = wanted
        if wanted and isinstance(value, str) and (key == "test_command" or " " in value.strip()):
            found["test"] = value.strip()
        return "tested before it is done" if wanted else "not tested"
    if key in ROLLBACK:
        found["rollback"] = wanted
        return "the way back is prepared before anything changes, and taken if it fails" if wanted else "no way back"
    if key in RISK and isinstance(value, str):
        if value.strip().lower().replace(" ", "_") in RISKY:
            found["approval"] = f"its {key.replace('_', ' ')} is {value.strip()}"
            return "a person agrees before anything changes"
        return "nobody is asked"
    if key in APPROVAL:
        if wanted:
            found["approval"] = value.strip() if isinstance(value, str) and " " in value.strip() else "it is asked for"
        return "a person agrees before anything changes" if wanted else "nobody is asked"
    return ""


def seconds_of(text: str, now: Micros) -> float | None:
    """Return how many seconds a text means, None where that cannot be told.

    `4 hours`, `2h30m`, `an hour and a half`, `half a day`, `90-120 min` (the longer), `04:00:00`, `PT4H`, and a moment
    with its zone (`2030-01-31T08:00:00Z`), which counts from `now`.
    """
    said = " ".join(text.strip().lower().split())
    while (cut := _LEADING.sub("", said)) != said:
        said = cut
    if said.startswith("p") and (iso := _ISO.fullmatch(said)) and any(iso.groups()):
        return float(sum(int(n or 0) * s for n, s in zip(iso.groups(), (604_800, 86_400, 3_600, 60, 1), strict=True)))
    if clock := _CLOCK.fullmatch(said):
        hours, minutes, seconds = (int(each or 0) for each in clock.groups())
        return float(hours * 3_600 + minutes * 60 + seconds)
    if re.match(r"\d{4}-\d\d-\d\d", said):
        try:
            moment = datetime.fromisoformat(said.upper())
        except ValueError:
            return None
        return None if moment.tzinfo is None else moment.timestamp() - now / SECOND_MICROS
    said = _AND_A_HALF.sub(r"\1 \2 and half \2", _HALVES.sub(r"\1 \2 and half \2", said))
    return _pieces(_HALF.sub("half", said))


def _pieces(text: str) -> float | None:
    total, place = 0.0, 0
    while place < len(text):
        piece = _PIECE.match(text, place)
        if piece is None:
            return None
        said = piece["n"]
        number = float(said.replace(",", ".")) if said[0].isdigit() else _COUNTS.get(said)
        unit = _SECONDS.get(piece["u"])
        if number is None or unit is None:
            return None
        total += number * unit
        joint = re.compile(r"\s*(?:,\s*and\b|and\b|,|&|\+)?\s*").match(text, piece.end())
        place = joint.end() if joint else piece.end()
    return total or None


def cost_of(value: JSON) -> float | None:
    """Return a budget: a number from 0, or a text such as `$5`; None where it is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if value >= 0 else None
    found = _MONEY.fullmatch(value) if isinstance(value, str) else None
    return float(found[1].replace(",", ".")) if found else None
