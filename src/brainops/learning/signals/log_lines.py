"""What does one line of a log say: when, how bad, from whom, and in which words? (pure)"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from brainops.learning.signals.levels import (
    LETTERS,
    SEVERITIES,
    WORDS,
    Level,
    find_level,
    of_status,
    of_telemetry,
    of_word,
)
from brainops.learning.signals.moments import Stamp, find_stamp, moment, stamp_at
from brainops.types import Micros

LINE_CHARACTERS = 8_192
"""How much of a line is read; what identifies it stands at its beginning."""

HEAD_CHARACTERS = 240  # in which the time of a line begins
PREFIX_CHARACTERS = 300  # in which a failure is told by words
SECOND_TIME = 80  # characters after the first time in which another may stand
ENVELOPES = 3  # a line in a line in a line: an application's JSON, in syslog, in the file of a container


class LogFormat(StrEnum):
    """How a log or a page of metrics is written."""

    JSON = "json"
    LOGFMT = "logfmt"
    SYSLOG = "syslog"
    PLAIN = "plain"
    PROMETHEUS = "prometheus"


class Sample(Struct, frozen=True, kw_only=True):
    """One value of a metric; `counter` where it only grows, so that its rate says something."""

    name: str
    value: float
    labels: Mapping[str, str] = {}
    at: Micros | None = None
    counter: bool = False


class LogLine(Struct, frozen=True, kw_only=True):
    """A line: its time and level where it has them, who wrote it, and the message without all these.

    `clock` is the time of a day that the line does not name; `unread` says that it writes a time which is none;
    `continued` says that it goes on from the line before (a stack trace).
    """

    message: str
    at: Micros | None = None
    clock: Micros | None = None
    unread: bool = False
    level: Level | None = None
    writer: str | None = None
    continued: bool = False


_FAILURE = re.compile(
    r"\bTraceback \(most recent|\b[A-Za-z.]{0,80}(?:Error|Exception)\b(?::|$| in )|^(?:FATAL|PANIC|panic|fatal)\b"
    r"|^\[?(?:ERROR|error)\b|\bsegfault\b|\bOut of memory\b|\bsegmentation fault\b",
)

TRACEBACK = "Traceback (most recent call last)"
_CONTINUED = re.compile(r"[ \t]+\S|Caused by: |\.\.\. \d+ (?:more|common)|During handling of the above|The above exc")
_PAIR = re.compile(r'([A-Za-z_][\w.\-]{0,60})=("(?:[^"\\]|\\.){0,4000}"|[^\s"]{0,1000})(?=\s|$)')

_ISO = r"(?P<time>\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d))"
_ENVELOPES = (
    # RFC 5424; then containerd's and CRI-O's files, Docker Compose and Swarm, kubectl, pm2, Heroku, systemd's prefix.
    (
        r"<(?P<priority>\d{1,3})>1 (?P<time>\S{1,40}) \S{1,255} (?P<writer>\S{1,48}) \S{1,128} \S{1,32} "
        r"(?:-|(?:\[[^\]]{0,2000}\])+) ?(?P<message>.*)"
    ),
    rf"{_ISO} std(?:out|err) [FP] (?P<message>.*)",
    r"(?P<writer>(?!\d+\b)[\w.\-@]{1,100}?) {2,60}\|\s(?P<message>.+)",
    r"\[(?:pod|container)/(?P<writer>[^\]/\s]{1,253})(?:/[^\]\s]{1,253})?\] (?P<message>.*)",
    r"\d{1,4}\|(?P<writer>[\w.\-]{1,100}) {0,60}\| (?P<message>.*)",
    rf"{_ISO} (?P<writer>(?:app|heroku)\[[\w.\-]{{1,60}}\]): (?P<message>.*)",
    r"<(?P<priority>\d{1,3})>(?:\d{1,9}: )?\*?(?P<message>.*)",
)
"""What is put around a line by whoever carries it: the line itself is the `message`."""

_CARRIED = tuple(re.compile(pattern, re.DOTALL) for pattern in _ENVELOPES)
_HOST = re.compile(
    r":? (?!(?i:trace|debug|info|notice|warn|err|fatal|crit|severe))(?P<host>[\w.\-:]{1,120}) "
    r"(?P<program>[\w./\-()@]{1,120}?)(?P<pid>\[[\d.]{1,12}\])?: (?P<message>.*)",
    re.DOTALL,
)
"""What follows the time in syslog, and in what journalctl prints."""

_PLACE = re.compile(r"\s+\d+ [\w.\-/]{1,80}:\d{1,6}\] ?")  # thread, file and line, as klog and glog write them
_CLOCK = re.compile(r"\d[:.]\d\d[:.]\d\d|\d{10}")
_CARRIED_STAMP = re.compile(r"[\s|\]\-]{0,4}(?:[\w.:\-]{0,60}\d[\w.:\-]{0,60}\s){0,3}\[?$")
_NOISE = re.compile(
    r"[\s|:\-]{0,8}(?:\[[\w .#@:/\-]{0,80}\][\s|:\-]{1,4}|\(\w[\w .#@\-]{0,60}\)[\s|:\-]{1,4}){0,4}[\s|:\-]{0,8}"
)
_WRITER = re.compile(
    # What ends so is no name of a writer but what happened: an error's type, or an act.
    r"(?![\w.$\-/]*(?:Error|Exception|Warning|Failure|Fault|Interrupt|ed|ing)\b)"
    r"(?P<writer>[A-Za-z_][\w.$\-/]{1,100}?)(?:\[\d{1,8}\])?(?: - |: (?=\S)|\] )"
)

# The names of fields, in the order in which they are believed; letters' case does not count, a dot goes inside.
_TIME_FIELDS = (
    "time timestamp ts @timestamp @t datetime t t.$date timeunixnano time_unix_nano observedtimeunixnano"
    " _source_realtime_timestamp __realtime_timestamp instant.epochsecond timemillis receivetimestamp eventtime"
    " event_time timecreated timegenerated asctime created_at created logged_at time_local time_iso8601 start_time"
    " msec when date at"
).split()
_LEVEL_FIELDS = (
    "level_name levelname leveldisplayname log.level level.name level severity severitytext severity_text lvl loglevel"
    " log_level @l priority syslog.severity.name syslog.severity level_value levelno log.syslog.severity.name s status"
).split()
_STATUS_FIELDS = (
    "status status_code statuscode response_code http.status_code http.response.status_code httprequest.status"
    " response.status res.statuscode sc-status"
).split()
_MESSAGE_FIELDS = (
    "message msg event log text body @m @mt short_message jsonpayload.message jsonpayload.msg textpayload"
    " body.stringvalue body.string renderedmessage messagetemplate properties.message resultdescription full_message"
    " logdesc fields.message protopayload.status.message error.message err.message exception.message"
).split()
_WRITER_FIELDS = (
    "service service.name app component pod container kubernetes.container_name resource.labels.container_name"
    " syslog_identifier _systemd_unit logger logger_name loggername log.logger sourcecontext channel name source c"
    " host"
).split()
_DETAIL_FIELDS = (
    "error err exception stack stack_trace traceback exc_info @x error.message error.stack_trace err.message"
    " err.stack exception.message attr.error attr.error.errmsg"
).split()
_LABEL_CHARACTERS = 120


def says_failure(message: str) -> bool:
    """Say whether a line without a level tells of a failure, by its words."""
    return _FAILURE.search(message[:PREFIX_CHARACTERS]) is not None


def read_log_line(text: str, *, now: Micros, form: LogFormat | None = None) -> LogLine | list[Sample] | None:
    """Return what a line says, or the samples that it holds; None where it says nothing.

    The format is told from the line where none is given. Times without a zone are UTC; one without a year is of the
    last twelve months before `now`; one without a day is a `clock`.
    """
    text = text[:LINE_CHARACTERS].rstrip()
    if not text.strip():
        return None
    return _read(text, now, form, ENVELOPES)


def _read(text: str, now: Micros, form: LogFormat | None, depth: int) -> LogLine | list[Sample]:
    wrapped = depth and form in (LogFormat.SYSLOG, None) and (text[0] in "<[0123456789" or "|" in text)
    for pattern in _CARRIED if wrapped else ():
        found = pattern.match(text)
        if found and (found.groupdict().get("writer") or "").lower() not in WORDS:
            return _carried(found.groupdict(), now, depth)
    if form in (LogFormat.JSON, None) and text.lstrip().startswith("{"):
        read = _json(text, now, depth)
        if read is not None:
            return read
    if form in (LogFormat.LOGFMT, None) and (line := _logfmt(text, now)):
        return line
    if _CONTINUED.match(text) and not _begins(text.lstrip(" \t["), now):
        return LogLine(message=text, continued=True)
    return _plain(text, now, depth)


def _begins(text: str, now: Micros) -> bool:
    """Say whether a text begins with a whole time, so that it is a line of its own however far it is set in."""
    stamp = stamp_at(text, 0, now) if text[:1].isdigit() else None
    return stamp is not None and stamp.at is not None


def _carried(parts: Mapping[str, str | None], now: Micros, depth: int) -> LogLine | list[Sample]:
    """Return the line inside of what carried it; the carrier knows the time and the writer better."""
    inner = _read(parts["message"] or " ", now, None, depth - 1)
    if isinstance(inner, list):
        return inner
    priority = parts.get("priority")
    return replace(
        inner,
        at=None if inner.continued else moment(parts.get("time"), now) or inner.at,
        level=inner.level or (SEVERITIES[int(priority) % 8] if priority else None),
        writer=_writer(parts.get("writer")) or inner.writer,
    )


def _json(text: str, now: Micros, depth: int) -> LogLine | list[Sample] | None:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    fields = {str(name).lower(): value for name, value in given.items()}
    samples = _samples(given, now)
    return samples or _of_fields(fields, text, now, depth)


def _of_fields(fields: Mapping[str, Any], text: str, now: Micros, depth: int) -> LogLine | list[Sample]:
    """Return what the fields of a line say; a message that is a line of its own is read as one."""
    message = _first(fields, _MESSAGE_FIELDS)
    if isinstance(said := fields.get("message"), list) and all(isinstance(each, int) for each in said):
        message = bytes(each % 256 for each in said).decode("utf-8", "replace")  # journald, where it is no UTF-8
    at, unread = _time_of(fields, now)
    level = _level_of(fields)
    writer = _writer(_first(fields, _WRITER_FIELDS))
    if isinstance(message, str) and depth and (level is None or "stream" in fields or "__realtime_timestamp" in fields):
        inner = _read(message.rstrip() or " ", now, None, depth - 1)
        if isinstance(inner, list):
            return inner
        if inner.continued or inner.level is not None:
            return replace(
                inner, at=None if inner.continued else at or inner.at, unread=unread, writer=writer or inner.writer
            )
    if message is None:
        return LogLine(message=text, at=at, unread=unread, level=level, writer=writer)
    details = [_named(fields, name) for name in _DETAIL_FIELDS]
    told = dict.fromkeys(said for said in (str(message).rstrip(), *details) if isinstance(said, str) and said)
    return LogLine(message=" ".join(told)[:LINE_CHARACTERS], at=at, unread=unread, level=level, writer=writer)


def _time_of(fields: Mapping[str, Any], now: Micros) -> tuple[Micros | None, bool]:
    """Return the time that fields tell, and whether they tell one that is none."""
    said = _first(fields, _TIME_FIELDS)
    day = fields.get("date")
    at = moment(said, now)
    if at is None and isinstance(day, str) and isinstance(said, str) and said != day:
        at = moment(f"{day} {said}", now)
    return at, at is None and said is not None


def _level_of(fields: Mapping[str, Any]) -> Level | None:
    """Return the level that fields tell; where none is named, that of the status that was answered."""
    for name in _LEVEL_FIELDS:
        said = _named(fields, name)
        if said not in (None, "") and not (name == "status" and str(said).isdigit()) and (level := of_word(said)):
            return level
    if level := of_telemetry(fields.get("severitynumber", fields.get("severity_number", ""))):
        return level
    status = str(_first(fields, _STATUS_FIELDS))
    return of_status(int(status)) if status.isdigit() and 100 <= int(status) <= 599 else None


def _samples(fields: Mapping[str, Any], now: Micros) -> list[Sample]:
    """Read {"metric": "cpu", "value": 1.5, "time": ..., "labels": {...}}; other texts beside them are labels."""
    name = fields.get("metric", fields.get("name"))
    value = fields.get("value")
    if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, (int, float)):
        return []
    if not name or ("metric" not in fields and any(key in fields for key in _MESSAGE_FIELDS)):
        return []
    at, unread = _time_of(fields, now)
    if unread:
        return []  # a value whose time is none would stand at a wrong one
    given = fields.get("labels", fields.get("tags"))
    labels = dict(given) if isinstance(given, dict) else {}
    known = {"metric", "name", "value", "labels", "tags", "type", *_TIME_FIELDS}
    labels |= {key: text for key, text in fields.items() if key not in known and isinstance(text, str)}
    clean = {str(key)[:_LABEL_CHARACTERS]: str(text)[:_LABEL_CHARACTERS] for key, text in labels.items()}
    counter = fields.get("type") == "counter"
    return [Sample(name=name[:_LABEL_CHARACTERS], value=float(value), labels=clean, at=at, counter=counter)]


def _named(fields: Mapping[str, Any], name: str) -> Any:
    """Return what stands under a name, or under its parts one in the other; None for what is no text or number."""
    found: Any = fields.get(name)
    if found is None and "." in name and name[: name.index(".")] in fields:
        found = fields
        for part in name.split("."):
            if not isinstance(found, Mapping):
                return None
            found = next((value for key, value in found.items() if str(key).lower() == part), None)
    return found if isinstance(found, (str, int, float)) else None


def _first(fields: Mapping[str, Any], names: list[str]) -> Any:
    return next((found for name in names if (found := _named(fields, name)) not in (None, "")), None)


def _logfmt(text: str, now: Micros) -> LogLine | None:
    if not re.match(r"[\w.\-]+=", text):
        return None
    fields = {name.lower(): value.strip('"').replace('\\"', '"') for name, value in _PAIR.findall(text)}
    if len(fields) < 2 or _first(fields, _MESSAGE_FIELDS) is None or fields.get("msg", "").startswith("audit("):
        return None
    line = _of_fields(fields, text, now, 0)
    return line if isinstance(line, LogLine) else None


def _plain(text: str, now: Micros, depth: int) -> LogLine | list[Sample]:
    """Take the time, the level, bracketed thread names and the writer off a line's beginning."""
    rest, before = text.lstrip(), ""
    line = LogLine(message=text.strip())
    if stamp := _stamp(rest, now):
        line = replace(line, at=stamp.at, clock=stamp.clock, unread=stamp.at is None and stamp.clock is None)
        before, rest = rest[: stamp.start], rest[stamp.end :]
        if before.endswith("[") and rest.startswith("]"):
            before, rest = before[:-1], rest[1:]
        if stamp.row == "klog" and (place := _PLACE.match(rest)):
            return replace(line, message=rest[place.end() :].strip(), level=LETTERS.get(before[-1:]))
        if found := _host(stamp, before, text.lstrip(), rest):
            inner = _carried({"writer": found["program"], "message": found["message"]}, now, depth or 1)
            return inner if isinstance(inner, list) else replace(inner, at=line.at, unread=line.unread, clock=None)
        while (
            _CLOCK.search(rest, 0, SECOND_TIME)
            and (again := find_stamp(rest[:SECOND_TIME], now))
            and _CARRIED_STAMP.match(rest[: again.start])
        ):
            line = replace(line, at=line.at or again.at, clock=None if again.at else line.clock)
            before, rest = before + rest[: again.start], rest[again.end :]
        inside = rest.lstrip(" \t|:-]")
        if depth and inside.startswith("{") and (read := _json(inside, now, depth - 1)):
            return read if isinstance(read, list) else replace(read, at=line.at or read.at)
    return _without_head(line, before, rest, stamp is not None)


def _stamp(text: str, now: Micros) -> Stamp | None:
    """Return the time in a line's head: what stands before it are levels, names and numbers, and no sentence."""
    stamp = find_stamp(text[:HEAD_CHARACTERS], now)
    if stamp is None or not (before := text[: stamp.start]):
        return stamp
    alone = before.endswith("[") and text[stamp.end : stamp.end + 1] == "]" and stamp.clock is None
    if alone or (stamp.row == "klog" and len(before) == 1):
        return stamp
    words = before.split()
    named = all(word.lower() in WORDS or not word.isalpha() for word in words)
    carried = len(words) == 1 and stamp.row == "iso" and text[stamp.start : stamp.end].endswith("Z")
    return stamp if named or carried else None


def _host(stamp: Stamp, before: str, text: str, rest: str) -> re.Match[str] | None:
    """Return host and program after the time of syslog; after another's time only where the program has a number."""
    found = None if before.strip() else _HOST.match(rest)
    said = text[stamp.start : stamp.end]
    usual = stamp.row == "month" or (stamp.row == "iso" and "T" in said and re.search(r"(?:Z|[+-]\d\d:?\d\d)$", said))
    return found if found and (usual or found["pid"]) else None


def _without_head(line: LogLine, before: str, rest: str, stamped: bool) -> LogLine:
    """Return the line with its level and writer, and the message without them."""
    whole = before + rest
    said = find_level(whole, len(before))
    if not stamped and not whole.startswith("[") and (said is None or said.start or not said.end):
        return replace(line, level=said.level if said and not said.end else None)  # without a head
    level = writer = None
    if said:
        level = said.level
        if said.end > len(before):
            rest = whole[said.end :]
        if named := re.search(r"(?<!\w)([A-Za-z_][\w.\-]{2,80})(?:\[\d+\])?\s*$", whole[: said.start].rstrip(".")):
            writer = _writer(named[1])
    rest = rest[noise.end() :] if (noise := _NOISE.match(rest)) else rest
    if named := _WRITER.match(rest):
        writer = writer or _writer(named["writer"])
        rest = rest[named.end() :] if writer == named["writer"] else rest
    return replace(line, message=rest.strip() or line.message, level=level, writer=writer)


def _writer(said: Any) -> str | None:
    return str(said)[:_LABEL_CHARACTERS] if isinstance(said, str) and said not in ("", "-") else None
