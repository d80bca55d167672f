"""How bad does a line say that it is: by a word, a letter, a number, or the status that was answered? (pure)"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct


class Level(StrEnum):
    """How bad a line says that it is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


FAILED = (Level.ERROR, Level.CRITICAL)

HEAD_CHARACTERS = 300
"""In which a level is looked for."""

WORDS_BEFORE = 4
"""Names and numbers that may stand before a level; after more of them it is a word of the message."""

WORDS = {
    word: level
    for level, words in {
        Level.DEBUG: "trace debug fine finer finest verbose verb config dbug debu trce trac trc dbg vrb silly spam",
        Level.INFO: "info information informational notice note log inf audit success infos",
        Level.WARNING: "warn warning warnung wrn avertissement advertencia avviso aviso deprecated alerta",
        Level.ERROR: "error err eror severe failure fail failed fehler erreur errore erro",
        Level.CRITICAL: "fatal critical crit emerg alert panic emergency ftl fata pani dpanic critique",
    }.items()
    for word in words.split()
}
LETTERS = {
    **dict.fromkeys("TDV", Level.DEBUG),
    **dict.fromkeys("IN", Level.INFO),
    "W": Level.WARNING,
    "E": Level.ERROR,
    **dict.fromkeys("FCA", Level.CRITICAL),
}
SEVERITIES = (
    Level.CRITICAL, Level.CRITICAL, Level.CRITICAL, Level.ERROR, Level.WARNING, Level.INFO, Level.INFO, Level.DEBUG,
)  # fmt: skip
"""Of syslog, 0 to 7."""

_UPPER = (
    "TRACE DEBUG FINE FINER FINEST VERBOSE INFO INFORMATION INFORMATIONAL NOTICE LOG WARN WARNING WARNUNG WRN ERR ERROR"
    " SEVERE FEHLER ERREUR FATAL CRIT CRITICAL EMERG EMERGENCY ALERT PANIC DPANIC VRB DBG INF FTL TRC"
)
_CAPITAL = "Note Trace Debug Verbose Info Information Notice Warn Warning Error Fatal Critical Alert Emergency Panic"
_LOWER = "trace debug info notice warn warning error err crit critical fatal emerg alert panic"
_WORD = re.compile(
    rf"(?:(?:^|(?<=[\s\[|(:<\-.,;/\"=]))(?P<upper>{'|'.join(_UPPER.split())})"
    rf"|(?:^|(?<=[\[|(<,\t])|(?<=[\[|(<,] ))(?P<marked>{'|'.join([*_CAPITAL.split(), *_LOWER.split()])})"
    rf"(?=\s{{0,9}}[\])|>,\t])"
    rf"|(?:^|(?<=[\s:]))(?P<bare>{'|'.join([*_LOWER.split(), *_CAPITAL.split()])})(?=[:\s])"
    # As frameworks name channel and level in one (app.error, core:error).
    rf"|(?<=[\w][.:])(?P<channel>{'|'.join(_LOWER.split())})(?=[\]:]))"
    r"(?!\w)(?P<end>\s{0,9}[\])|>:;/,\"]{1,3}|)(?=\s|$|[\w\[(<\-])"
)


_TOKEN = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z]{3,13}(?![A-Za-z0-9_])")


def of_word(said: object) -> Level | None:
    """Return the level that a word, a letter or a number names; None where it names none."""
    if isinstance(said, bool) or said is None:
        return None
    text = str(said).strip().lower()
    if re.fullmatch(r"\d{1,5}(?:\.0)?", text):
        return of_number(int(float(text)))
    return WORDS.get(text) or (LETTERS.get(text.upper()) if len(text) == 1 else None)


def of_number(said: int) -> Level:
    """Return the level of a number: of syslog to 7, of pino, bunyan and Python to 60, Monolog's hundreds, Logback's.

    Python's 50 and pino's 50 differ by a word; both are failures.
    """
    if said <= 7:
        return SEVERITIES[said]
    scale, critical = (100, 5) if 100 <= said < 1_000 else (10 if said < 100 else 10_000, 6)
    bounds = ((critical, Level.CRITICAL), (4, Level.ERROR), (3, Level.WARNING), (2, Level.INFO))
    return next((level for bound, level in bounds if said >= bound * scale), Level.DEBUG)


def of_telemetry(said: object) -> Level | None:
    """Return the level of OpenTelemetry's severity number, 1 to 24."""
    steps = (Level.DEBUG, Level.DEBUG, Level.INFO, Level.WARNING, Level.ERROR, Level.CRITICAL)
    return steps[(int(str(said)) - 1) // 4] if re.fullmatch(r"[1-9]|1\d|2[0-4]", str(said)) else None


def of_status(said: int) -> Level:
    """Return the level of the status with which a request was answered."""
    return Level.ERROR if said >= 500 else Level.WARNING if said >= 400 else Level.INFO


def of_gravity(said: int) -> Level:
    """Return the level of SQL Server's severity: up to 10 it informs, from 20 the connection is lost."""
    return Level.CRITICAL if said >= 20 else Level.ERROR if said > 10 else Level.INFO


class _Mark(Struct, frozen=True):
    """How a level stands in a line: its first group says it, `read` understands it; `keep` leaves it in the message.

    Where the line does not hold the `sign`, the pattern is not tried.
    """

    sign: str
    pattern: re.Pattern[str]
    read: Callable[[str], Level | None]
    keep: bool = True


def _number(read: Callable[[int], Level]) -> Callable[[str], Level]:
    return lambda said: read(int(said))


_STATUS = _number(of_status)
_METHODS = "GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|CONNECT|PROPFIND|TRACE"
_REQUEST = rf"\"(?:{_METHODS}) [^\"]{{0,4000}}\""
MARKS = (
    # Access logs: the status after the request, before it (load balancers, HAProxy, Gin), or near the line's end (IIS).
    _Mark('"', re.compile(rf"{_REQUEST},? (?:status[=:] ?)?(\d{{3}})(?=\s|$|,)"), _STATUS),
    _Mark('"', re.compile(rf"(?:^|[\s/|])([1-5]\d\d)\s(?:[^\"]{{0,300}}\s)?{_REQUEST}"), _STATUS),
    _Mark("|", re.compile(rf"(?:^|\s)([1-5]\d\d)\s\|.{{0,100}}\|\s+(?:{_METHODS})\s"), _STATUS),
    _Mark(" /", re.compile(rf"\b(?:{_METHODS}) /\S{{0,2000}} .{{0,900}}? ([1-5]\d\d)(?: \d+){{2,5}}$"), _STATUS),
    _Mark(" /", re.compile(rf"\b(?:{_METHODS}) /\S{{0,2000}} (?:HTTP/[\d.]+ )?([1-5]\d\d) [\d.]+ ?m?s"), _STATUS),
    _Mark(" /", re.compile(rf"\b(?:{_METHODS}) /\S{{0,2000}} => .{{0,300}}\(HTTP/[\d.]+ (\d{{3}})\)"), _STATUS),
    _Mark("TCP_", re.compile(r"\bTCP_[A-Z_]{3,40}/(\d{3}) "), _STATUS),  # squid
    _Mark("Completed", re.compile(r"^Completed (\d{3}) [A-Z]"), _STATUS),  # Rails
    _Mark("%", re.compile(r"%[A-Z]\w{0,40}-(?:\w{1,30}-)?([0-7])-\w{2,60}"), _number(SEVERITIES.__getitem__)),  # Cisco
    _Mark("Severity", re.compile(r"\bSeverity: (\d{1,2}), State"), _number(of_gravity)),
    _Mark("", re.compile(r"^([DIWEFA]), (?=\[)"), of_word, keep=False),  # Ruby
    _Mark("", re.compile(r"^\s{0,3}([VDIWEF])/(?=[\w.\- ]{1,80}\()"), of_word, keep=False),  # Android, brief
    _Mark("REPORT", re.compile(r"^=(\w+) REPORT="), lambda said: WORDS.get(said.lower(), Level.ERROR)),  # Erlang
    _Mark("PHP", re.compile(r"^\s{0,3}PHP (?:Recoverable )?(Fatal|Parse|Warning|Notice|Deprecated|Strict)\b"),
          lambda said: {"warning": Level.WARNING, "deprecated": Level.WARNING}.get(
              said.lower(), Level.INFO if said in ("Notice", "Strict") else Level.ERROR)),
    _Mark("", re.compile(r"^(trce|dbug|info|warn|fail|crit): "), of_word, keep=False),  # .NET's console
    _Mark("", re.compile(r"^\s{0,3}\d{1,10}:[XCSM] {1,3}([.\-*#]) "),
          {".": Level.DEBUG, "-": Level.DEBUG, "*": Level.INFO, "#": Level.WARNING}.get, keep=False),  # Redis
    _Mark("", re.compile(r"^(TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[\d{4,}\] "), of_word, keep=False),  # logrus
    # A letter alone after the time, past numbers (Android, WebSphere, MongoDB before 4.4).
    _Mark("", re.compile(r"^(?:\s{1,4}\d{1,10}){0,3}\s{1,3}([VDIWEFC])\s{1,3}(?=[A-Z_]{3}|\[|\S{1,80}\s?:\s)"),
          of_word, keep=False),
    _Mark("", re.compile(r"^\]?\s{0,2}[0-9a-f]{8}\s{1,3}[\w.$]{1,60}\s{1,8}([AIWEFCDO])\s{1,4}"), of_word, keep=False),
    _Mark("=", re.compile(r"\b(?:level|lvl|severity|loglevel|pri)=\"?(\w{1,20})"), of_word),
)  # fmt: skip


class StatedLevel(Struct, frozen=True, kw_only=True):
    """A level that was found, and where: before `start` stands what came before it, the message goes on at `end`."""

    level: Level
    start: int
    end: int


def find_level(text: str, begin: int = 0) -> StatedLevel | None:
    """Return the level that a line's head names; what is only a mark in the message stays in it.

    What comes after the line's time begins at `begin`.
    """
    for mark in MARKS:
        if mark.sign in text and (found := mark.pattern.search(text)) and (level := mark.read(found[1])) is not None:
            return StatedLevel(level=level, start=0, end=0 if mark.keep else found.end())
    head = text[:HEAD_CHARACTERS]
    for token in _TOKEN.finditer(head):
        level = WORDS.get(token[0].lower())
        found = _WORD.match(head, token.start()) if level else None
        if level is None or found is None:
            continue
        start = token.start()
        before = re.findall(r"\S*\w\S*", head[begin if start >= begin else 0 : start])
        # A bare small word among others is prose (no error was found); after brackets and numbers it is a level.
        prose = found["bare"] and any(each[0].isalpha() for each in before)
        if len(before) <= WORDS_BEFORE and not prose:
            return StatedLevel(level=level, start=start, end=found.end())
    return None
