"""When is it, in any of the ways in which logs write a time? One table of written times. (pure)"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from brainops.types import Micros
from brainops.types.times import DAY_MICROS

MONTHS = (
    "jan feb mar apr may jun jul aug sep oct nov dec".split(),
    "januar februar märz april mai juni juli august september oktober november dezember".split(),
    "janv févr mars avr mai juin juil août sept oct nov déc".split(),
)
ZONES = {
    name: hours
    for hours, names in {
        0: "Z UTC GMT WET UCT",
        1: "CET BST MEZ WEST MET WAT",
        2: "CEST MESZ EET SAST CAT MEST",
        3: "EEST MSK EAT TRT",
        4: "GST AZT",
        5: "PKT UZT",
        5.5: "IST",
        7: "WIB ICT",
        8: "SGT HKT AWST PHT MYT",
        9: "JST KST",
        9.5: "ACST",
        10: "AEST",
        10.5: "ACDT",
        11: "AEDT",
        12: "NZST",
        13: "NZDT",
        -3: "BRT ART ADT",
        -3.5: "NST",
        -4: "EDT AST",
        -5: "EST CDT COT PET",
        -6: "CST MDT",
        -7: "MST PDT",
        -8: "PST AKDT",
        -9: "AKST",
        -10: "HST",
    }.items()
    for name in names.split()
}
"""Hours from UTC of the abbreviations that servers print; of those with two meanings the one met most in logs."""

YEARS_BACK = 10
"""A two-digit number that is one of the last years is a year where it stands first, as Hadoop and Spark write it."""

_NAMES = "|".join(sorted({name[:3] for names in MONTHS for name in names}))
_WEEKDAYS = "mon|tue|wed|thu|fri|sat|sun"
_NAME = rf"(?P<name>(?i:{_NAMES})[a-zéûä]{{0,6}})"
_WEEKDAY = rf"(?:(?i:{_WEEKDAYS})[a-z]{{0,6}},?\s)?"
_AREAS = "Africa|America|Antarctica|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific"
_ZONE = (
    r"(?:Z|\s?(?:UTC|GMT)[+-]\d{1,2}(?::?\d\d)?|\s?[+-]\d\d:?\d\d|[+-]\d\d"
    rf"|\s(?:{'|'.join(sorted(ZONES.keys() - {'Z'}, key=len, reverse=True))})"
    rf"|\s(?:{_AREAS})/[A-Z][A-Za-z_/]{{1,30}})(?!\w)"
)
_CLOCK = (
    r"(?P<hour>[01]?\d|2[0-4])(?P<mark>[:.])(?P<minute>[0-5]\d)(?:(?P=mark)(?P<second>[0-6]\d))?"
    r"(?:[.,](?P<fraction>\d{1,9})(?!\d)|:(?P<millis>\d{3})(?!\d))?(?![\d])(?:\s?(?P<half>[AaPp]\.?[Mm])\b\.?)?"
    rf"(?:\s?(?P<zone>{_ZONE}))?"
)
_FULL_CLOCK = _CLOCK.replace(r"(?:(?P=mark)(?P<second>[0-6]\d))?", r"(?P=mark)(?P<second>[0-6]\d)")
_CLOSE = (
    rf"(?P<hour>[01]?\d|2[0-3]):?(?P<minute>[0-5]\d):?(?P<second>[0-6]\d)"
    rf"(?:[.,:](?P<fraction>\d{{1,9}}))?(?!\d)(?P<zone>{_ZONE})?"
)
_TO_CLOCK = r"(?:T|_|,?\s{1,2}(?:-\s)?|-|::?)"
_EPOCH = r"1\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d{1,9})?"

STAMPS = {
    "klog": rf"(?<=[IWEFDV])(?P<year>20\d\d)?(?P<month>[01]\d)(?P<day>[0-3]\d)\s{{1,2}}{_FULL_CLOCK}",
    # ISO 8601 and its variants, with whatever parts day and clock; the month may be a name.
    "iso": rf"{_WEEKDAY}(?P<year>\d{{4}})([-/.])(?:(?P<month>\d{{1,2}})|{_NAME})\2(?P<day>\d{{1,2}})"
    rf"{_TO_CLOCK}{_CLOCK}",
    "ordinal": rf"(?P<year>\d{{4}})[-/.]?(?P<ordinal>[0-3]\d\d){_TO_CLOCK}{_CLOCK}",
    "compact": rf"(?P<year>(?:19|20)\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)[T _-]?{_CLOSE}",
    "short": rf"(?:^|(?<=^\[))(?P<year>\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)\s{{1,2}}{_CLOSE}(?=\W)",
    # 02/Jan/2026:10:00:00 (access logs), 02-Jan-2026 10:00:00 (Java, PHP), 2-Jan-2026::10:00:00 (Erlang), RFC 2822.
    "day": rf"{_WEEKDAY}(?P<day>\d{{1,2}})[-/ .]\s?{_NAME}(?:[-/ .,]{{1,2}}(?P<year>\d{{4}}|\d\d))?{_TO_CLOCK}{_CLOCK}",
    # Jan  2 10:00:00 (syslog), with a year before, after the day, or at the end (ctime); with AM and PM (Java).
    "month": rf"(?:(?P<early>\d{{4}})\s)?{_WEEKDAY}{_NAME}\.?\s{{1,2}}(?P<day>\d{{1,2}})(?:,?\s(?P<year>\d{{4}}))?,?"
    rf"\s{{1,2}}{_FULL_CLOCK}(?:\s(?P<late>(?:19|20)\d\d)(?![\w.]))?",
    "slashed": rf"(?P<first>\d{{1,2}})([-/])(?P<middle>\d{{1,2}})\2(?P<last>\d{{4}}|\d\d){_TO_CLOCK}{_CLOCK}",
    "han": rf"(?P<year>\d{{4}})年(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})日\s?{_CLOCK}",
    "dotted": rf"(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?(?P<year>\d{{4}}|\d\d(?!:)){_TO_CLOCK}{_CLOCK}",
    "dayless": rf"(?P<month>[01]\d)[-./](?P<day>[0-3]\d)\s{_FULL_CLOCK}",
    "epoch": rf"(?P<epoch>{_EPOCH})(?::\d{{1,9}}\))?(?=[\s:,;|\])>\"]|$)",
    "clock": _FULL_CLOCK.replace("[:.]", ":"),
    "kitchen": r"(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?P<half>[AP]M)\b",
}
"""How a time is written, by the name of its row; what names no part is only looked at."""

_ROWS = {name: re.compile(pattern) for name, pattern in STAMPS.items()}
_BEGINNING = re.compile(rf"(?<![\w.:/-])(?:(?=\d)|(?=(?i:{_WEEKDAYS}|{_NAMES}))|[IWEFDV](?=\d{{4}}))")


class Stamp(Struct, frozen=True, kw_only=True):
    """A time found in a text: where it stands, and when it is. `clock` is the time of a day that is not named.

    Neither is there where what is written is no time (a 31st of February).
    """

    start: int
    end: int
    row: str
    at: Micros | None = None
    clock: Micros | None = None


def moment(said: object, now: Micros) -> Micros | None:
    """Return a time in microseconds from a number (seconds, milli-, micro- or nanoseconds) or a text; None for none."""
    if isinstance(said, bool) or said is None:
        return None
    text = str(said).strip()
    if isinstance(said, (int, float)):
        return _of_number(said)
    if re.fullmatch(r"\d{9,19}(?:\.\d+)?", text):
        return _of_number(text)
    stamp = stamp_at(text.lstrip("[("), 0, now)
    if stamp is not None:
        return stamp.at
    try:
        read = datetime.fromisoformat(text)
        return _micros(read if read.tzinfo else read.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def find_stamp(text: str, now: Micros) -> Stamp | None:
    """Return the first time that stands in a text, as whole as it is written; None where none does."""
    for place in _BEGINNING.finditer(text):
        if stamp := stamp_at(text, place.end(), now):
            return stamp
    return None


def stamp_at(text: str, start: int, now: Micros) -> Stamp | None:
    """Return the time that begins at this place of a text; None where none does."""
    for row, pattern in _ROWS.items():
        if found := pattern.match(text, start):
            parts = found.groupdict()
            if row == "epoch":
                at = _of_number(parts["epoch"])
                return Stamp(start=start, end=found.end(), row=row, at=at) if at else None
            clock = _clock(parts)
            if row in ("clock", "kitchen"):
                return Stamp(start=start, end=found.end(), row=row, clock=clock)
            try:
                at = _when(parts, clock, now)
            except (ValueError, OverflowError):
                at = None
            return Stamp(start=start, end=found.end(), row=row, at=at)
    return None


def near(clock: Micros, last: Micros) -> Micros:
    """Return when it was this time of day last or next, of what lies nearest to another time."""
    at = last - last % DAY_MICROS + clock
    return at + round((last - at) / DAY_MICROS) * DAY_MICROS


def _of_number(said: str | float) -> Micros | None:
    whole, _, fraction = str(said).partition(".") if isinstance(said, str) else ("", "", "")
    if isinstance(said, str) and len(whole) == 10:
        return int(whole) * 1_000_000 + int((fraction + "000000")[:6])
    number = float(said)
    for scale in (1e6, 1e3, 1.0, 1e-3):  # of microseconds
        if 1e14 <= number * scale < 1e16:  # 1973 to 2286
            return int(number * scale)
    return None


def _clock(parts: Mapping[str, str | None]) -> Micros:
    hour = int(parts["hour"] or 0)
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    seconds = hour * 3_600 + int(parts["minute"] or 0) * 60 + min(59, int(parts.get("second") or 0))
    fraction = parts.get("fraction") or parts.get("millis") or ""
    return seconds * 1_000_000 + int((fraction + "000000")[:6])


def _when(parts: Mapping[str, str | None], clock: Micros, now: Micros) -> Micros:
    year = parts.get("year") or parts.get("early") or parts.get("late")
    month, day = parts.get("month"), parts.get("day")
    if first := parts.get("first"):
        year, month, day = _of_three(first, str(parts["middle"]), str(parts["last"]), _year_of(now))
    if name := parts.get("name"):
        month = str(_month(name))
    zone = _zone((parts.get("zone") or "").strip())
    later = timedelta(days=int(parts.get("ordinal") or 1) - 1, microseconds=clock)
    for each in (_year(year),) if year else (_year_of(now), _year_of(now) - 1):
        try:
            date = datetime(each, int(month or 1), int(day or 1), tzinfo=zone) + later
        except ValueError:
            continue  # this year has no such day; a line without a year may be of the last
        at = _micros(date)
        if date.year == each and (year or at <= now + DAY_MICROS):
            return at
    raise ValueError("no such day")


def _of_three(first: str, middle: str, last: str, this_year: int) -> tuple[str, str, str]:
    """Return year, month and day of 26/01/02 (year first), 01/02/2026 (month first), 31/01/2026 (can be no other)."""
    if len(last) == 2 and (int(first) > 31 or this_year - YEARS_BACK <= 2000 + int(first) <= this_year):
        return first, middle, last
    return (last, middle, first) if int(first) > 12 else (last, first, middle)


def _year(said: str) -> int:
    return int(said) if len(said) == 4 else int(said) + (1900 if int(said) >= 69 else 2000)


@lru_cache(maxsize=64)
def _year_of(now: Micros) -> int:
    return datetime.fromtimestamp(now / 1e6, UTC).year


def _month(name: str) -> int:
    for names in MONTHS:
        for number, each in enumerate(names, 1):
            if each.startswith(name.lower()) or name.lower().startswith(each):
                return number
    raise ValueError("no month")


@lru_cache(maxsize=256)
def _zone(said: str) -> tzinfo:
    """Return a zone by its name or its distance from UTC; times without one are UTC."""
    if said in ZONES or not said:
        return timezone(timedelta(hours=ZONES.get(said, 0)))
    if found := re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?", said):
        away = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(-away if found[1] == "-" else away)
    try:
        return ZoneInfo(said)
    except (LookupError, ValueError, OSError) as error:
        raise ValueError(f"no zone {said}") from error


def _micros(read: datetime) -> Micros:
    return (read - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
