"""What does one line of a log say: when, how bad, from whom, and in which words? (pure)"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from brainops.types import Micros

LINE_CHARACTERS = 8_192
"""How much of a line is read; what identifies it stands at its beginning."""

PREFIX_CHARACTERS = 300  # in which a level and the writer's name are looked for


class LogFormat(StrEnum):
    """How a log or a page of metrics is written."""

    JSON = "json"
    LOGFMT = "logfmt"
    SYSLOG = "syslog"
    PLAIN = "plain"
    PROMETHEUS = "prometheus"


class Level(StrEnum):
    """How bad a line says that it is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Sample(Struct, frozen=True, kw_only=True):
    """One value of a metric; `counter` where it only grows, so that its rate says something."""

    name: str
    value: float
    labels: Mapping[str, str] = {}
    at: Micros | None = None
    counter: bool = False


class LogLine(Struct, frozen=True, kw_only=True):
    """A line: its time and level where it has them, who wrote it, and the message without all these.

    `continued` says that it goes on from the line before (a stack trace).
    """

    message: str
    at: Micros | None = None
    level: Level | None = None
    writer: str | None = None
    continued: bool = False


FAILED = (Level.ERROR, Level.CRITICAL)

_FAILURE = re.compile(
    r"\bTraceback \(most recent|\b[A-Za-z.]{0,80}(?:Error|Exception)\b(?::|$| in )|^(?:FATAL|PANIC|panic|fatal)\b"
    r"|^\[?(?:ERROR|error)\b|\bsegfault\b|\bOut of memory\b|\bsegmentation fault\b",
)
_LEVELS = {
    "trace": Level.DEBUG, "debug": Level.DEBUG, "fine": Level.DEBUG, "finer": Level.DEBUG, "finest": Level.DEBUG,
    "info": Level.INFO, "information": Level.INFO, "notice": Level.INFO, "note": Level.INFO, "log": Level.INFO,
    "warn": Level.WARNING, "warning": Level.WARNING, "wrn": Level.WARNING,
    "error": Level.ERROR, "err": Level.ERROR, "severe": Level.ERROR, "failure": Level.ERROR,
    "fatal": Level.CRITICAL, "critical": Level.CRITICAL, "crit": Level.CRITICAL, "emerg": Level.CRITICAL,
    "alert": Level.CRITICAL, "panic": Level.CRITICAL, "emergency": Level.CRITICAL,
}  # fmt: skip
_SEVERITIES = (
    Level.CRITICAL, Level.CRITICAL, Level.CRITICAL, Level.ERROR, Level.WARNING, Level.INFO, Level.INFO, Level.DEBUG,
)  # fmt: skip
_KLOG = {"I": Level.INFO, "W": Level.WARNING, "E": Level.ERROR, "F": Level.CRITICAL}

TRACEBACK = "Traceback (most recent call last)"
_CONTINUED = re.compile(r"[ \t]+\S|Caused by: |\.\.\. \d+ (?:more|common)|During handling of the above|The above exc")
_SYSLOG = re.compile(
    r"(?:<(?P<priority>\d{1,3})>)?(?P<time>(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:?\d\d)) "
    r"(?!(?i:trace|debug|info|notice|warn|err|fatal|crit))(?P<host>[\w.\-:]{1,120}) "
    r"(?P<program>[\w./\-()@]{1,120}?)(?:\[[\d.]{1,12}\])?: (?P<message>.*)",
    re.DOTALL,
)
_SYSLOG_5424 = re.compile(
    r"<(?P<priority>\d{1,3})>1 (?P<time>\S{1,40}) (?P<host>\S{1,255}) (?P<program>\S{1,48}) \S{1,128} \S{1,32} "
    r"(?:-|(?:\[[^\]]{0,2000}\])+) ?(?P<message>.*)",
    re.DOTALL,
)
_PAIR = re.compile(r'([A-Za-z_][\w.\-]{0,60})=("(?:[^"\\]|\\.){0,4000}"|[^\s"]{0,1000})(?=\s|$)')
_STAMP = re.compile(
    r"\[?(?P<iso>(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d/\d\d/\d\d)[T _-]\d\d[:.]\d\d[:.]\d\d(?:[.,]\d{1,9})?"
    r"(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)\]?"
    r"|\[?(?P<named>(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d "
    r"\d\d:\d\d:\d\d(?:\.\d{1,6})?(?: \d{4})?)\]?"
    r"|(?P<klog>[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,6})\s+\d+ (?P<file>[\w.\-/]{1,80}:\d{1,6})\]"
    r"|(?P<epoch>1\d{9}(?:\.\d{1,6}|\d{3})?)(?=[\s:])"
)
_ACCESS = re.compile(
    r"(?P<client>\S{1,255}) \S{1,60} \S{1,60} \[(?P<time>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    r"(?P<message>\"[^\"]{0,4000}\" (?P<status>\d{3}).*)"
)
_LEVEL = re.compile(
    r"(?:^|[\s\[|(:<-])(?P<level>TRACE|DEBUG|FINE(?:R|ST)?|INFO(?:RMATION)?|NOTICE|LOG|WARN(?:ING)?|WRN|ERR(?:OR)?|SEVERE|"
    r"FATAL|CRIT(?:ICAL)?|EMERG|PANIC|debug|info|notice|warn(?:ing)?|error|crit(?:ical)?|fatal|emerg)"
    r"(?P<end>[\])|>:]{1,2}(?=\s|$|\w)|\s|$)"
)
_NOISE = re.compile(
    r"[\s|:\-]{0,8}(?:\[[\w .#@:/\-]{0,80}\][\s|:\-]{1,4}|\(\w[\w .#@\-]{0,60}\)[\s|:\-]{1,4}){0,4}[\s|:\-]{0,8}"
)
_WRITER = re.compile(
    # What ends so is no name of a writer but what happened: an error's type, or an act.
    r"(?![\w.$\-/]*(?:Error|Exception|Warning|Failure|Fault|Interrupt|ed|ing)\b)"
    r"(?P<writer>[A-Za-z_][\w.$\-/]{1,100}?)(?:\[\d{1,8}\])?(?: - |: (?=\S)|\] )"
)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_TIME_FIELDS = ("time", "timestamp", "ts", "@timestamp", "datetime", "date", "t", "at")
_LEVEL_FIELDS = ("level", "severity", "lvl", "log.level", "levelname", "loglevel")
_MESSAGE_FIELDS = ("message", "msg", "event", "log", "text", "body")
_WRITER_FIELDS = ("service", "service.name", "app", "component", "pod", "container", "logger", "name", "source", "host")
_DETAIL_FIELDS = ("error", "err", "exception", "stack", "stack_trace", "traceback", "exc_info")
_LABEL_CHARACTERS = 120


def says_failure(message: str) -> bool:
    """Say whether a line without a level tells of a failure, by its words."""
    return _FAILURE.search(message[:PREFIX_CHARACTERS]) is not None


def read_log_line(text: str, *, now: Micros, form: LogFormat | None = None) -> LogLine | list[Sample] | None:
    """Return what a line says, or the samples that it holds; None where it says nothing.

    The format is told from the line where none is given. Times without a zone are UTC; one without a year is of the
    last twelve months before `now`.
    """
    text = text[:LINE_CHARACTERS].rstrip()
    if not text.strip():
        return None
    if form in (LogFormat.JSON, None) and text.lstrip().startswith("{"):
        found = _json(text, now)
        if found is not None:
            return found
    if form in (LogFormat.SYSLOG, None) and (line := _syslog(text, now)):
        return line
    if form in (LogFormat.LOGFMT, None) and (line := _logfmt(text, now)):
        return line
    if _CONTINUED.match(text):
        return LogLine(message=text, continued=True)
    return _access(text, now) or _plain(text, now)


def _json(text: str, now: Micros) -> LogLine | list[Sample] | None:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    samples = _samples(fields, now)
    if samples:
        return samples
    message = _first(fields, _MESSAGE_FIELDS)
    if message is None:
        return LogLine(message=text)
    detail = [str(fields[name]) for name in _DETAIL_FIELDS if isinstance(fields.get(name), str) and fields[name]]
    return LogLine(
        message=" ".join([str(message), *detail])[:LINE_CHARACTERS],
        at=moment(_first(fields, _TIME_FIELDS), now),
        level=_level(_first(fields, _LEVEL_FIELDS)),
        writer=_writer(_first(fields, _WRITER_FIELDS)),
    )


def _samples(fields: Mapping[str, Any], now: Micros) -> list[Sample]:
    """Read {"metric": "cpu", "value": 1.5, "time": ..., "labels": {...}}; other texts beside them are labels."""
    name = fields.get("metric", fields.get("name"))
    value = fields.get("value")
    if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, (int, float)):
        return []
    if not name or ("metric" not in fields and any(key in fields for key in _MESSAGE_FIELDS)):
        return []
    given = fields.get("labels", fields.get("tags"))
    labels = dict(given) if isinstance(given, dict) else {}
    known = {"metric", "name", "value", "labels", "tags", "type", *_TIME_FIELDS}
    labels |= {key: text for key, text in fields.items() if key not in known and isinstance(text, str)}
    clean = {str(key)[:_LABEL_CHARACTERS]: str(text)[:_LABEL_CHARACTERS] for key, text in labels.items()}
    at = moment(_first(fields, _TIME_FIELDS), now)
    counter = fields.get("type") == "counter"
    return [Sample(name=name[:_LABEL_CHARACTERS], value=float(value), labels=clean, at=at, counter=counter)]


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((fields[name] for name in names if fields.get(name) not in (None, "", [], {})), None)


def _logfmt(text: str, now: Micros) -> LogLine | None:
    fields = {name: value.strip('"').replace('\\"', '"') for name, value in _PAIR.findall(text)}
    message = _first(fields, _MESSAGE_FIELDS)
    if len(fields) < 2 or message is None or not re.match(r"[\w.\-]+=", text):
        return None
    detail = [fields[name] for name in _DETAIL_FIELDS if fields.get(name)]
    return LogLine(
        message=" ".join([message, *detail]),
        at=moment(_first(fields, _TIME_FIELDS), now),
        level=_level(_first(fields, _LEVEL_FIELDS)),
        writer=_writer(_first(fields, _WRITER_FIELDS)),
    )


def _syslog(text: str, now: Micros) -> LogLine | None:
    found = _SYSLOG_5424.match(text) or _SYSLOG.match(text)
    if found is None:
        return None
    level = _SEVERITIES[int(found["priority"]) % 8] if found["priority"] else None
    message = found["message"]
    inner = _plain(message, now)
    return LogLine(
        message=inner.message if level is None else message,
        at=moment(found["time"], now),
        level=level or inner.level,
        writer=_writer(found["program"]),
    )


def _access(text: str, now: Micros) -> LogLine | None:
    found = _ACCESS.match(text)
    if found is None:
        return None
    status = int(found["status"])
    level = Level.ERROR if status >= 500 else Level.WARNING if status >= 400 else Level.INFO
    return LogLine(message=found["message"], at=moment(found["time"], now), level=level)


def _plain(text: str, now: Micros) -> LogLine:
    """Take the time, the level, bracketed thread names and the writer off a line's beginning."""
    rest = text.lstrip()
    at = level = writer = None
    if stamp := _STAMP.match(rest):
        at = moment(stamp["iso"] or stamp["named"] or stamp["klog"] or stamp["epoch"], now)
        if stamp["klog"]:
            return LogLine(message=rest[stamp.end() :].strip(), at=at, level=_KLOG[stamp["klog"][0]])
        rest = rest[stamp.end() :]
    elif not rest.startswith("[") and not _LEVEL.match(rest[:PREFIX_CHARACTERS]):
        return LogLine(message=text.strip())  # a line without a time or a level has no prefix
    found = _LEVEL.search(rest[:PREFIX_CHARACTERS])
    if found and len(rest[: found.start()].split()) <= 4:
        level = _LEVELS[found["level"].lower()]
        before, rest = rest[: found.start()], rest[found.end() :]
        if named := re.search(r"([A-Za-z_][\w.\-]{2,80})(?:\[\d+\])?\s*$", before):
            writer = _writer(named[1])
    rest = rest[noise.end() :] if (noise := _NOISE.match(rest)) else rest
    if named := _WRITER.match(rest):
        writer = writer or _writer(named["writer"])
        rest = rest[named.end() :] if writer == named["writer"] else rest
    return LogLine(message=rest.strip() or text.strip(), at=at, level=level, writer=writer)


def _level(said: Any) -> Level | None:
    if isinstance(said, (int, float)) and not isinstance(said, bool):  # as Python and bunyan count them
        return Level.ERROR if said >= 40 else Level.WARNING if said >= 30 else Level.INFO
    return _LEVELS.get(str(said).strip().lower()) if said is not None else None


def _writer(said: Any) -> str | None:
    return str(said)[:_LABEL_CHARACTERS] if isinstance(said, str) and said not in ("", "-") else None


def moment(said: Any, now: Micros) -> Micros | None:
    """Return a time in microseconds from a number (seconds, milli-, micro- or nanoseconds) or a text; None for none."""
    if isinstance(said, bool) or said is None:
        return None
    if isinstance(said, (int, float)) or re.fullmatch(r"\d{9,19}(?:\.\d+)?", str(said)):
        number = float(said)
        for scale in (1e6, 1e3, 1.0, 1e-3):  # of microseconds
            if 1e14 <= number * scale < 1e16:  # 1973 to 2286
                return int(number * scale)
        return None
    try:
        return _written(str(said).strip(), now)
    except ValueError:
        return None


def _written(text: str, now: Micros) -> Micros | None:
    if text[:1] in "IWEF" and text[1:5].isdigit():
        text = f"{_MONTHS[int(text[1:3]) - 1]} {text[3:5]} {text[6:]}"
    if named := re.match(r"(?:\w{3} )?(\w{3}) ([ \d]\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(?: (\d{4}))?$", text):
        return _without_year(named, now)
    if access := re.match(r"(\d\d)/(\w{3})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})$", text):
        month = _MONTHS.index(access[2]) + 1
        text = f"{access[3]}-{month:02d}-{access[1]}T{access[4]}{access[5]}"
    text = re.sub(r"^(\d\d/\d\d/\d\d) ", r"20\1 ", text)  # as Hadoop and Spark write a day: year first
    text = re.sub(r"^(\d{4})[/.](\d\d)[/.](\d\d)", r"\1-\2-\3", text)
    text = re.sub(r"^(\d{4}-\d\d-\d\d)[ _-](\d\d)[.:](\d\d)[.:](\d\d)", r"\1T\2:\3:\4", text)
    text = re.sub(r" ?(?:UTC|GMT)$", "Z", text.replace(",", ".", 1))
    text = re.sub(r"(\.\d{6})\d+", r"\1", text).replace(" +", "+").replace(" -", "-")
    read = datetime.fromisoformat(text)
    return _micros(read if read.tzinfo else read.replace(tzinfo=UTC))


def _without_year(named: re.Match[str], now: Micros) -> Micros:
    today = datetime.fromtimestamp(now / 1e6, UTC)
    year = int(named[4]) if named[4] else today.year
    text = f"{year}-{_MONTHS.index(named[1]) + 1:02d}-{int(named[2]):02d}T{named[3]}"
    read = datetime.fromisoformat(text).replace(tzinfo=UTC)
    if not named[4] and read > today + timedelta(days=1):
        read = read.replace(year=year - 1)
    return _micros(read)


def _micros(read: datetime) -> Micros:
    return (read - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
