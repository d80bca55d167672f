"""Which error does this text or exception speak of: its type, its message, the frames that it went through?"""

from __future__ import annotations

from brainops_core.recognition.masks import STAMP, may_begin_with_stamp, without_colour
from brainops_core.recognition.plain_errors import PlainError
from brainops_core.recognition.stack_traces import listed_frames, parse_stack_trace
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from brainops_core.recognition.plain_errors import AnyError, AnyFrame

TEXT_REACH = 65_536
"""How many characters of a text are read from its beginning, and as many from its end; errors stand at either."""

MESSAGE_CHARACTERS = 4096


def parse_error(text: str) -> PlainError:
    """Return the error event that a text tells of; where no form is recognised, the text is the message.

    Reads stack traces (Python, Java and .NET, JavaScript, Go, Rust), shell and command errors, log lines (plain,
    JSON, logfmt) and Prometheus alerts. The frames are those of the last exception; its root cause is kept in the
    message. Never raises.
    """
    if len(text) > 2 * TEXT_REACH:
        text = f"{text[:TEXT_REACH]}\n{text[-TEXT_REACH:]}"
    text = without_path(_without_shipper(without_colour(text).replace("\r\n", "\n").strip()))
    ended = _ENDED.match(text)
    event: PlainError | None
    if ended and (ended["status"] or ended["how"]):  # as BrainOps prints it of a program: what it said, or how it ended
        said = text[ended.end() :]
        code = -int(ended["signal"]) if ended["signal"] else int(ended["code"] or ended["status"])
        how = PlainError(type=f"exit status {code}", message=said.split("\n", 1)[0] or ended["how"] or "")
        event = (from_output(said, code) if said else None) or how
    elif not (event := parse_stack_trace(text) or _alert(text) or _json(text)):
        head, frames = listed_frames(text)
        event = None if frames else _shell(text)
        event = event or _typed(_log_message(_telling_lines(head)), frames)
    return PlainError(
        type=event.type[:200], message=event.message[:MESSAGE_CHARACTERS], frames=event.frames, service=event.service
    )


def error_title(event: AnyError) -> str:
    """Return an error as one line; `parse_error` reads it back as the same error."""
    message = " ".join(event.message.split())
    return ": ".join(part for part in (event.type, message) if part) or "an error without a text"


def from_output(text: str, exit_code: int) -> PlainError | None:
    """Return the error that a program's output tells of; None where it does not say what went wrong.

    What it says is the error, wherever it runs. A program that was killed by a signal did not get to say it.
    """
    event = parse_error(text)
    if not 0 <= exit_code < _SIGNALS or not (event.type or _TELLING.search(event.message[:1000])):
        return None
    return PlainError(type=event.type, message=event.message, frames=event.frames)


_SHIPPED = Regex(
    r"(?:[\w.\-]{1,60}-\d{1,4} +\| |\d{1,3}\|[\w.\-]{1,60} +\| |\[pod/[^\]\s]{1,300}\] |##\[error\]|"
    r"(?:\d{1,6}[smhd]){1,4}(?: \(x\d+ over [^)\n]{1,20}\))? +(?=(?:Normal|Warning) ))",
    *("|", "[pod/", "##[error]", "Normal ", "Warning "),
)
_STAMPED = Regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) (?:std(?:err|out) [FP] )?")
"""What docker compose, pm2, kubectl, a CI runner or a list of events puts before each line."""


def _without_shipper(text: str) -> str:
    lines = text.split("\n")
    if text.startswith('{"log":'):
        return "".join(map(_unwrapped, lines)).strip() or text
    if len(lines) > 1 and all(line[:1].isdecimal() and _STAMPED.match(line) for line in lines):
        text = "\n".join(_STAMPED.sub("", line) for line in lines)
    if not _SHIPPED.match(text):
        return text
    return "\n".join(line[shipped.end() :] if (shipped := _SHIPPED.match(line)) else line for line in text.split("\n"))


def _unwrapped(line: str) -> str:
    try:
        import json

        return str(json.loads(line)["log"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


_PATH = Regex(
    r"(?:step [\w.\-]{1,200}|the run [0-9a-f\-]{36} of \S{1,200} (?:failed|cancelled)): (?=\S)", "step ", "the run "
)
_TASK = Regex(r" \(the task \w{1,20}: [^\n]{0,2000}; brainops agent show [0-9a-f\-]{36}\)$", "brainops agent show ")
_ENDED = Regex(
    r"(?:exit status (?P<status>-?\d{1,5})(?:: (?=\S)|$))?"
    r"(?P<how>[^\s:]{1,200} (?:ended with exit status (?P<code>-?\d{1,5})|was ended by signal (?P<signal>\d{1,3})))?"
    r"(?:(?<=.): |$)?",
    *("exit status ", "was ended by signal "),
)
_SIGNALS = 128  # from here on a shell's exit status is that of a program that a signal ended
_DEEPEST = 16  # runs that start each other, with the step at which each stands: more are not let begin


def without_path(text: str) -> str:
    """Return what went wrong, without the steps, runs and agents that it came up through: they are where, not what."""
    for _ in range(_DEEPEST):
        found = _PATH.match(text)
        if found is None:
            break
        text = text[found.end() :]
    return _TASK.sub("", text)


_ALERT_NAME = Regex(
    r"(?m)^[ \t-]{0,4}\"?alert_?name\"?[ \t]{0,4}[:=][ \t]{0,4}\"?([\w.: \-]{1,120}?)\"?,?$|"
    r"\balertname=\"([^\"\n]{1,120})\""
)
_FIRING = Regex(r"\[(?:FIRING|RESOLVED)(?::\d{1,5})?\][ \t]{1,4}([A-Z]\w{2,120})[ \t]{0,4}(.{0,400})")
_ALERT_TEXT = Regex(
    r"(?mi)^[ \t-]{0,4}\"?(?:summary|description|message)\"?[ \t]{0,4}[:=][ \t]{0,4}\"?([^\n\"]{1,1000})"
)
_ALERT_SERVICE = Regex(r"(?m)(?:^[ \t-]{0,4}|[{,] ?)\"?(?:service|job)\"?[ \t]{0,4}[:=][ \t]{0,4}\"?([\w.\-]{1,120})")


def _alert(text: str) -> PlainError | None:
    firing = _FIRING.search(text[:2000]) if "[FIRING" in text or "[RESOLVED" in text else None
    named = _ALERT_NAME.search(text) if "alertname" in text or "alert_name" in text else None
    if not firing and not named:
        return None
    name = firing[1] if firing else (named[1] or named[2]) if named else ""
    told = _ALERT_TEXT.search(text)
    service = _ALERT_SERVICE.search(text)
    message = told[1] if told else firing[2].strip("() \t") if firing else ""
    return PlainError(type=name.strip(), message=message.strip(), service=service[1] if service else None)


def _json(text: str) -> PlainError | None:
    if not text.startswith("{"):
        return None
    try:
        import json

        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _from_fields(value) if isinstance(value, dict) else None


def _from_fields(fields: dict[str, object]) -> PlainError | None:
    alerts = fields.get("alerts")
    if isinstance(alerts, list) and alerts and isinstance(alerts[0], dict):
        return _from_fields(alerts[0])
    labels, notes = fields.get("labels"), fields.get("annotations")
    if isinstance(labels, dict) and "alertname" in labels:
        texts = notes if isinstance(notes, dict) else {}
        told = _first(texts, "summary", "description", "message")
        return PlainError(type=str(labels["alertname"]), message=told, service=_first(labels, "service", "job") or None)
    stack = _first(fields, *_STACKS)
    event = parse_stack_trace(stack) if stack else None
    event = event or next(filter(None, map(_inner_error, _errors_of(fields))), None)
    if event is None:
        told = " ".join(filter(None, (_first(fields, *_MESSAGES), _first(fields, "error", "err"))))
        event = _typed(told) if told else None
    if event is None:
        return None
    service = _first(fields, "service", "service.name") or event.service
    return PlainError(type=event.type, message=event.message, frames=event.frames, service=service)


_STACKS = (
    "stack", "stack_trace", "stacktrace", "exc_info", "exception", "traceback", "error.stack_trace", "error.stack",
    "exception.stacktrace", "errorVerbose", "full_message", "@x", "Exception", "throwable",
)  # fmt: skip
_MESSAGES = ("msg", "message", "event", "short_message", "@m", "@mt", "RenderedMessage", "MessageTemplate")
_ERRORS = ("err", "error", "exception", "exc", "thrown", "cause", "Exception", "throwable")


def _errors_of(fields: dict[str, object]) -> Iterator[dict[str, object]]:
    """Yield the errors that a structured line holds: objects, lists of them, or fields with a dot in their names."""
    for name in _ERRORS:
        value = fields.get(name)
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, dict):
            yield value
        dotted = {key[len(name) + 1 :]: told for key, told in fields.items() if key.startswith(f"{name}.")}
        if dotted:
            yield dotted


def _inner_error(fields: dict[str, object]) -> PlainError | None:
    stack = _first(fields, "stack", "stack_trace", "stacktrace", "traceback")
    if stack and (event := parse_stack_trace(stack)):
        return event
    kind = _first(fields, "type", "name", "exc_type", "class", "kind", "code", "Type", "ClassName")
    message = _first(fields, "message", "msg", "exc_value", "value", "reason", "description", "Message")
    if not message:
        return PlainError(type=kind) if kind else None
    typed = _typed(message)
    return typed if typed.type or not kind else PlainError(type=kind, message=message)


def _first(fields: dict[str, object], *names: str) -> str:
    return next((value for name in names if isinstance(value := fields.get(name), str) and value), "")


_NOT_FOUND = (
    Regex(r"(?m)(?:^|: )(?:line )?(?:\d{1,6}: )?([^\s:]{1,200}): (?:command )?not found$", "not found"),
    Regex(r"(?m)command not found: ([^\s:]{1,200})$", "command not found: "),
    Regex(r"'([^'\n]{1,200})' is not recognized as (?:an internal|the name)", "is not recognized as "),
)
_EXIT = Regex(
    r"(?i)(?:returned non-zero exit status|exited with(?: exit)?(?: code| status)?:?|exit(?:ed)? (?:code|status):?|"
    r"failed with exit code|process completed with exit code|ELIFECYCLE|errno) (-?\d{1,5})\b"
)
_MAKE = Regex(r"(?m)^make(?:\[\d{1,3}\])?: \*\*\* (?:\[[^\n]{1,200}?\] )?(.{1,300})$", "***")
_NPM_SAYS = Regex(r"^npm (?:ERR!|error) ")
_NPM = Regex(r"(?m)^npm (?:ERR!|error) code (\w{1,40})$", "npm ")


def _shell(text: str) -> PlainError | None:
    for pattern in _NOT_FOUND:
        if missing := pattern.search(text):
            return PlainError(type="CommandNotFound", message=f"{missing[1]}: command not found")
    telling = _telling_line(text)
    if code := _NPM.search(text):
        return PlainError(type=f"npm {code[1]}", message=_NPM_SAYS.sub("", telling))
    if made := _MAKE.search(text):
        return PlainError(type="make", message=telling if telling not in made.group() else made[1])
    exit_code = _EXIT.search(text)
    if exit_code and "\n" in text:
        return PlainError(type=f"exit status {exit_code[1]}", message=_log_message(telling))
    return None


_TELLING = Regex(
    r"(?i)\b(?:error|fatal|panic|exception|failed|failure|cannot|can't|could not|unable to|denied|refused|no such|"
    r"not found|timed? ?out|invalid|missing|unexpected|undefined|unknown|killed|abort(?:ed)?)\b"
)
_LEAST_TELLING = Regex(
    r"(?i)core dumped|"
    r"exit(?:ed)? (?:with )?(?:code|status)|non-zero|ELIFECYCLE|^make(?:\[\d+\])?: \*\*\*|complete log of this run|"
    r"^npm (?:ERR!|error) (?:code|errno|path|command|A complete)|^\s*\^"
)


def _telling_line(text: str) -> str:
    """Return the line of a longer output that says most plainly what went wrong: the first that speaks of a failure."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) < 2:
        return lines[0] if lines else ""
    telling = [line for line in lines if _TELLING.search(line[:1000]) or _TYPED.match(line[:1000])]
    better = [line for line in telling if not _LEAST_TELLING.search(line[:1000])]
    return (better or telling or lines)[0]


_DETAIL_LINES = 12
_DENIES = Regex(r"\b(?:not|no)\b|^[\w.]{1,100}\.[A-Z]\w{1,80}: ")
_NEW_LINE_OF_A_LOG = Regex(
    rf"^[\[(<]?(?:{STAMP})|^[\[<(]?(?i:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL)[\])>:]|"
    r"^[IWEF]\d{4} |^(?:For further information|See |Run |Try |Usage|help:|hint:|note:|\$ |\+ )"
)


def _telling_lines(text: str) -> str:
    """Return the line that says most plainly what went wrong, and the lines below it that go on with the same.

    They do where they are set in; where the error begins the text and little follows, also what tells of a failure
    itself, or stands above what is set in. Another line of a log, what to do about it, or another word of a program
    ends it: what was written to two streams comes in either order.
    """
    telling = _telling_line(text)
    lines = [line.rstrip() for line in text.split("\n")]
    start = next((place for place, line in enumerate(lines) if line.strip() == telling), 0)
    alone = start == 0 and len(lines) <= _DETAIL_LINES
    more: list[str] = []
    for place, line in enumerate(lines[start + 1 : start + _DETAIL_LINES], start + 1):
        below = lines[place + 1] if place + 1 < len(lines) else ""
        tells = _TELLING.search(line) or _DENIES.search(line) or below[:1] in (" ", "\t")
        goes_on = line[:1] in ("", " ", "\t") or (alone and tells) or (more and line.startswith("Caused by"))
        if not goes_on or _NEW_LINE_OF_A_LOG.match(line.strip()):
            break
        if line.strip() and any(map(str.isalpha, line)):
            more.append(line.strip())
    head = [] if more and telling.rstrip(": ").lower() in ("error", "fatal") else [telling]
    return "\n".join([*head, *more])


_LOG_START = Regex(
    rf"^(?:\[ {{0,6}}\d{{1,7}}\.\d{{6}}\] |[\[(<]?(?:\d{{1,3}}>(?:1 )?)?(?:{STAMP})[\])>]?[ \t:|,-]{{1,4}})"
)
_SYSLOG = Regex(r"^[\w.\-]{1,120} (?P<program>[\w./\-]{1,80})(?:\[\d{1,8}\])?: ")
_RUNTIMES = Regex(
    r"(?:.*/)?(?:kernel|systemd|python[\d.]*|java|node|npm|ruby|php[\w.\-]*|bash|sh|docker\w*|containerd|env)$"
)
"""Programs that run what others wrote: what fails is not theirs."""
_LEVEL_NAMES = r"(?i:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|SEVERE|CRIT(?:ICAL)?|FATAL|ALERT|EMERG|PANIC|E|W|F)"
_LEVELS = rf"^(?:[\[<(]{_LEVEL_NAMES}[\])>][ \t:|-]{{0,6}}|{_LEVEL_NAMES}(?:[ \t:|]|-(?=[ \t])){{1,6}})"
_LEVEL = Regex(_LEVELS)
_LEVEL_ALONE = Regex(_LEVELS + r"(?!\d)")  # "ERROR 1045: denied" without a time is a code, not a level.
_SPRING = Regex(r"^\d{1,8}[ \t]{1,4}---[ \t]{1,4}(?:\[[^\n]{0,120}?\][ \t]{1,8}){1,3}\S{1,120}[ \t]{0,60}:[ \t]")
_KLOG = Regex(r"^[IWEF]\d{4} \d{2}:\d{2}:\d{2}\.\d{1,9}[ \t]{1,12}\d{1,9} [\w.\-]{1,120}:\d{1,6}\] ")
_THREAD = Regex(r"^\[[^\[\]\n]{1,120}\][ \t:|-]{1,4}|^---[ \t]{1,4}|^\d{1,8}[ \t]{1,4}(?=[\[\-])")
_LOGGER = Regex(
    r"^(?![\w$.]{1,200}\.(?:service|timer|socket|mount|target|scope|slice|path|ya?ml|toml|json|conf|cfg|ini|env|xml|sql|sh|"
    r"py|rb|js|ts|go|rs|lua|tf|log|pem|crt|key|csv|txt|com|net|org|io|test|local|internal|lan|example|invalid)(?::\d{1,6})?:)"
    r"(?!(?:[\w$]{1,60}\.){1,12}[A-Z]\w{0,80}(?:Error|Exception): )"
    r"[\w$]{1,60}(?:\.[\w$]{1,60}){1,12}(?::\d{1,6})?[ \t]{0,40}(?:[:|-]|\[[^\]\n]{1,80}\][ \t:]{0,3})[ \t]{1,4}"
)
_LOGGER_OF_TYPED = Regex(  # without a mark behind it, where an error follows
    r"^[\w$]{1,60}(?:\.[\w$]{1,60}){1,12}[ \t]{1,8}"
    r"(?=(?:[A-Za-z_$][\w$]{0,80}\.){0,12}[A-Z]\w{0,80}(?:Error|Exception): )"
)
_BASIC_LOG = Regex(
    r"^(?:WARNING|ERROR|CRITICAL):[A-Za-z_][\w.\-]{0,200}:(?=\S)", "WARNING:", "ERROR:", "CRITICAL:"
)  # logging.basicConfig writes no spaces
_LOGFMT = Regex(r"\b(?:msg|message)=(?:\"((?:[^\"\\\n]|\\.){0,2000})\"|(\S{1,400}))")
_LOGFMT_ERROR = Regex(r"\b(?:err|error)=(?:\"((?:[^\"\\\n]|\\.){0,2000})\"|(\S{1,400}))")


_POSTGRES_CSV = Regex(
    rf"^(?:{STAMP})[^,\n]{{0,12}},[^\n]{{0,400}},(?:ERROR|FATAL|PANIC),[0-9A-Z]{{5}},"
    r"\"((?:[^\"\n]|\"\"){1,2000})\""
)
_LOG_PARTS = 8


def _log_message(line: str) -> str:
    """Return what a log line says, without when, how loud, where and by which thread."""
    head, _, below = line.partition("\n")
    if below:
        return f"{_log_message(head)}\n{below}"
    csv = ",ERROR," in line or ",FATAL," in line or ",PANIC," in line
    if csv and (row := _POSTGRES_CSV.match(line)):
        return row[1].replace('""', '"')
    if "level=" in line and (told := _LOGFMT.search(line)):
        error = _LOGFMT_ERROR.search(line)
        return " ".join(part for match in (told, error) if match for part in match.groups() if part)
    rest = line
    started = (_LOG_START.match(rest) if may_begin_with_stamp(rest) else None) or _KLOG.match(rest)
    if started:
        rest = rest[started.end() :]
        syslog = _SYSLOG.match(rest)
        if syslog and not _LEVEL.match(rest) and not _LEVEL.match(f"{syslog['program']}:"):
            said = _without_head(rest[syslog.end() :], dated=True)
            own = _RUNTIMES.match(syslog["program"]) is None and _TYPED.match(said) is None
            return f"{syslog['program']}: {said}" if own else said
    return _without_head(rest, dated=started is not None) or line


def _without_head(rest: str, *, dated: bool) -> str:
    known = (_LEVEL, _SPRING, _THREAD, _LOGGER, _LOGGER_OF_TYPED) if dated else (_BASIC_LOG, _LEVEL_ALONE)
    for _ in range(_LOG_PARTS):
        match = next((found for pattern in known if (found := pattern.match(rest))), None)
        if match is None or match.end() >= len(rest):
            break
        rest = rest[match.end() :]
    return rest.strip()


_TYPED = Regex(
    r"^(?:Uncaught |Unhandled |error: |fatal: )?((?:[A-Za-z_$][\w$]{0,80}\.){0,12}"
    r"[A-Z]\w{0,80}(?:Error|Exception|Warning|Interrupt|Exit|Fault|Timeout))(?:: (?s:(.*))|$)"
)


def _typed(message: str, frames: Sequence[AnyFrame] = ()) -> PlainError:
    typed = _TYPED.match(message)
    if typed is None:
        return PlainError(message=message, frames=frames)
    return PlainError(type=typed[1], message=(typed[2] or "").strip(), frames=frames)
