"""What does a printed stack trace say: the exception, its root cause, and the frames, in five families of languages?"""

from __future__ import annotations

from itertools import takewhile

from brainops_core.recognition.masks import STAMP
from brainops_core.recognition.plain_errors import PlainError, PlainFrame
from brainops_core.recognition.trace_frames import in_app_go, in_app_java, in_app_node, in_app_python, in_app_rust
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Match

FRAMES = 50
"""How many frames of a trace are kept, the innermost."""

_MESSAGE_LINES = 20


def parse_stack_trace(text: str) -> PlainError | None:
    """Return the error of the stack trace in a text, or None where there is none."""
    if "Traceback (most recent call last)" in text:
        return _python(text)
    if " panicked at " in text:
        return _rust(text)
    if "goroutine " in text and ("panic: " in text or "fatal error: " in text):
        head = _GO_HEAD.search(text)
        if not head:
            return None
        goroutine = text.find("goroutine ", head.end())
        trace = text[goroutine:].split("\n\n", 1)[0]
        frames = [
            PlainFrame(module=match[2], function=match[1], in_app=in_app_go(match[2], match[1]))
            for match in _GO_FRAME.finditer(trace)
            if match[1] not in ("panic", "runtime.gopanic", "runtime.goexit")
        ]
        return PlainError(type=head[1], message=head[2].strip(), frames=tuple(reversed(frames[:FRAMES])))
    return _at_frames(text) if "\n" in text and " at " in text.replace("\t", " ") else None


def with_cause(message: str, kind: str, cause: str) -> str:
    """Return a message that also says what the root cause was."""
    told = ": ".join(part for part in (kind, cause.strip()) if part)
    return f"{message[:2000].strip()} (caused by {told[:2000]})".strip()


_PY_CHAIN = Regex(
    r"\n[ \t|]{0,40}(?:The above exception was the direct cause of the following exception:|"
    r"During handling of the above exception, another exception occurred:)[ \t]{0,8}\n"
)
_PY_FRAME = Regex(r'^[ \t]{1,8}File "([^"\n]{1,1000})", line \d{1,9}, in (.{1,300})$')
_PY_MARGIN = Regex(r"(?m)^[ ]{0,40}(?:[|] ?|[+][ +-]{0,60}(?:\d{1,4} -{1,40})?)")
_PY_GROUP = Regex(r"(?m)^[ ]{0,40}[+|][ +|-]{0,60}-{1,40} \d{1,4} -{1,40}$")
_PY_ERROR = Regex(r"^((?:[^\W\d][\w]{0,80}\.){0,12}[^\W\d]\w{0,80}(?:\.<locals>\.\w{1,80})?)(?:: (.*))?$")
_LOG_LINE = Regex(rf"^[\[(<]?(?:{STAMP})")


def _python(text: str) -> PlainError:
    start = text.index("Traceback (most recent call last)")
    group = text.rfind("Exception Group ", max(start - 40, 0), start) >= 0
    margin = text.rfind("\n", 0, start) + 1
    segments = [_python_segment(part) for part in _PY_CHAIN.split(text[margin:])]
    kind, message, frames = segments[-1]
    if group:
        kind, message, frames = segments[0]
        parts = _PY_GROUP.split(text[margin:], 2)
        segments = [_python_segment(part) for part in parts[1:2]] or segments
    root = segments[0]
    if len(segments) > 1 or group:
        message = with_cause(message, root[0], root[1])
    return PlainError(type=kind, message=message, frames=frames)


def _python_segment(text: str) -> tuple[str, str, tuple[PlainFrame, ...]]:
    lines = [_PY_MARGIN.sub("", line) if line.lstrip().startswith(("|", "+")) else line for line in text.split("\n")]
    frames = [match for line in lines if (match := _PY_FRAME.match(line))]
    header = next((place for place, line in enumerate(lines) if "Traceback (most recent call last)" in line), -1)
    for place, line in enumerate(lines[header + 1 :], start=header + 1):
        found = _PY_ERROR.match(line)
        if found and not line.startswith((" ", "\t")):
            more = takewhile(lambda one: one.strip() != "" and not _LOG_LINE.match(one), lines[place + 1 :])
            message = "\n".join([found[2] or "", *list(more)[:_MESSAGE_LINES]]).strip()
            return found[1], message, _python_frames(frames)
    return "", "", _python_frames(frames)


def _python_frames(frames: list[Match[str]]) -> tuple[PlainFrame, ...]:
    return tuple(
        PlainFrame(module=frame[1], function=frame[2], in_app=in_app_python(frame[1])) for frame in frames[-FRAMES:]
    )


_AT = Regex(r"^[ \t]{1,12}at (.{1,1000})$")
_JS_NAMED = Regex(r"^(?:async )?(?:new )?(.{1,300}?) (?:\[as [^\]]{1,100}\] )?\(([^()]{1,600}?)(?::\d{1,9}){0,2}\)$")
_JS_PLAIN = Regex(r"^(?:async )?((?:file://|node:|/|[A-Za-z]:\\|[\w.\-]{1,100}/)[^()]{0,600}?)(?::\d{1,9}){1,2}$")
_JAVA_AT = Regex(
    r"^(?:[\w.\-]{0,80}@?[\w.\-]{0,40}/{1,2})?([\w.$<>\[\]`+]{1,400})\((.{0,600})\)(?: in (.{1,400}):line \d{1,9})?"
)
_CAUSED = Regex(r"^[ \t]{0,8}(?:Caused by: |\[cause\]: | ---> )(.{1,4000})$")
_SUPPRESSED = Regex(r"^[ \t]{0,8}Suppressed: ")
_GENERATED = Regex(r"\$\$\w*(?:CGLIB|ByteBuddy|Proxy|Lambda)|\$ByteBuddy\$|^(?:jdk|java)\.[\w.]*reflect\.|\$Proxy\d")
_HEAD = Regex(
    r"^(?:.{0,200}?[ \t])?(?:Exception in thread \"[^\"\n]{0,200}\" |Uncaught |Unhandled exception\. )?"
    r"((?:[A-Za-z_$][\w$]{0,80}\.){0,12}[A-Z][\w$]{0,100}(?:Error|Exception|Fault|Throwable|Failure|Timeout|Interrupt)?)"
    r"(?: \[[\w]{1,60}\])?(?:: (.{0,4000}))?$"
)
_PLAIN_HEAD = Regex(r"^((?:[A-Za-z_$][\w$]{0,80}\.){0,12}[A-Z][\w$]{0,100}(?: \[\w{1,60}\])?)(?:: (.{0,4000}))?$")


def _at_frames(text: str) -> PlainError | None:
    """Read the traces of Java, .NET and JavaScript: a line that says what, then lines that say "at"."""
    lines = text.split("\n")
    first = next((place for place, line in enumerate(lines) if _AT.match(line)), None)
    if not first:
        return None
    start, kind, message = _head(lines[:first])
    if not kind:
        return None
    own = list(takewhile(lambda line: not _CAUSED.match(line) and not _SUPPRESSED.match(line), lines[first:]))
    frames = [frame for line in own if (at := _AT.match(line)) and (frame := _at_frame(at[1]))]
    more = "\n".join(lines[start + 1 : first]).strip()
    message = "\n".join(part for part in (message, more[:2000]) if part)
    causes = [cause[1] for line in lines[first:] if (cause := _CAUSED.match(line))]
    if causes:
        root = _PLAIN_HEAD.match(causes[-1].strip().rstrip("{").strip())
        message = with_cause(message, root[1] if root else "", (root[2] or "") if root else causes[-1])
    return PlainError(type=kind, message=message, frames=tuple(reversed(frames[:FRAMES])))


def _head(lines: list[str]) -> tuple[int, str, str]:
    for place in range(len(lines) - 1, max(len(lines) - _MESSAGE_LINES, 0) - 1, -1):
        line = lines[place].strip()
        match = _PLAIN_HEAD.match(line) or _HEAD.match(line)
        if match and (match[2] is not None or "." in match[1] or match[1].endswith(("Error", "Exception"))):
            return place, match[1], match[2] or ""
    return 0, "", ""


def _at_frame(place: str) -> PlainFrame | None:
    if (method := _JAVA_AT.match(place)) and not (" (" in place or "(/" in place or "node:" in place):
        owner, _, function = method[1].rpartition(".")
        if _GENERATED.search(method[1]):  # what a runtime puts between two methods of the program
            return None
        return PlainFrame(module=owner or method[1], function=function, in_app=in_app_java(method[1]))
    if named := _JS_NAMED.match(place):
        return PlainFrame(module=named[2], function=named[1], in_app=in_app_node(named[2]))
    plain = _JS_PLAIN.match(place)
    return PlainFrame(module=plain[1], function="<anonymous>", in_app=in_app_node(plain[1])) if plain else None


_GO_HEAD = Regex(r"(?m)^(panic|fatal error): (.{1,2000})$")
_GO_FRAME = Regex(
    r"(?m)^(?:created by )?(\S{1,300}?)"
    r"(?:\([^()\n]{0,600}\)| in goroutine \d{1,9})?\n\t([^\s:]{1,400}):\d{1,9}"
)


_RUST_NEW = Regex(
    r"thread '[^'\n]{0,200}'(?: \(\d{1,12}\))? panicked at ([^\s:'][^:\n]{0,300}):\d{1,9}:\d{1,9}:\n(.{0,2000})"
)
_RUST_OLD = Regex(r"thread '[^'\n]{0,200}' panicked at '((?:[^'\n]|'(?!, )){0,2000})', ([^:\n]{1,300}):\d{1,9}:\d{1,9}")
_RUST_FRAME = Regex(r"(?m)^[ ]{1,6}\d{1,4}: (?:0x[0-9a-f]{1,16} - )?(\S.{0,300})$")
_RUST_HASH = Regex(r"::h[0-9a-f]{16}$")


def _rust(text: str) -> PlainError | None:
    if new := _RUST_NEW.search(text):
        file, message = new[1], new[2]
    elif old := _RUST_OLD.search(text):
        file, message = old[2], old[1]
    else:
        return None
    names = [_RUST_HASH.sub("", match[1]) for match in _RUST_FRAME.finditer(text)]
    frames = [
        PlainFrame(module=name.rpartition("::")[0] or name, function=name.rpartition("::")[2])
        for name in names
        if in_app_rust(name)
    ]
    panicked = PlainFrame(module=file, function="panic", in_app="/rustc/" not in file)
    return PlainError(type="panic", message=message.strip(), frames=(*reversed(frames[:FRAMES]), panicked))


_PLACE = r"(?::\d{1,9}){1,2}$"
_AT_A_LINE = r"(?::\d{1,9}){0,2}\)?$"
_DART = r"^[ \t]{0,8}#\d{1,3}[ ]{1,8}(?P<function>\S.{0,200}?) \((?P<file>(?:package|dart|file):[^()\n]{1,300}?)"
_NATIVE = (
    r"^[ \t]{0,8}#\d{1,3}[ ]{1,8}(?:0x[0-9a-f]{1,16} in )?(?P<function>[^\s(].{0,200}?)(?: ?\([^()\n]{0,400}\))?"
    r"(?: at)? (?P<file>[^\s():]{1,300}\.[A-Za-z]\w{0,5})(?=:\d)"
)
_BROWSER = r"^(?P<function>[\w$.<>/*]{0,120})@(?P<file>(?:https?|file|webpack|capacitor)://\S{1,400}?)(?=:\d)"
_RUBY = r"^[ \t]{1,12}(?:from )?(?P<file>[^\s:]{1,300}\.rb):\d{1,9}:in [`'](?P<function>[^'\n]{1,200})'"
_PHP = r"^#\d{1,3} (?P<file>[^\s():]{1,300}\.php)\(\d{1,9}\): (?P<function>[\w\\:>{}-]{1,200})\(.{0,400}"
_ELIXIR = (
    r"^[ \t]{1,8}(?:\([\w.]{1,60}(?: [\w.\-]{1,30})?\) )?(?P<file>[^\s:()]{1,200}\.exs?):\d{1,9}: "
    r"(?P<function>[\w.!?]{1,160})/\d{1,3}"
)
_LISTED = tuple(
    Regex(form + _AT_A_LINE, need)
    for form, need in (
        (_DART, "#"),
        (_NATIVE, "#"),
        (_BROWSER, "@"),
        (_RUBY, ".rb:"),
        (_PHP, ".php("),
        (_ELIXIR, ".ex"),
    )
)
"""One frame a line, the innermost first; native ones are those of sanitizers and of gdb."""
_LIBRARY = Regex(
    r"[/\\](?:node_modules|vendor|gems|usr/(?:lib|include)|libexec|compiler-rt|deps)[/\\]|^(?:dart:|package:(?:flutter|test)/)"
    r"|^/(?:build/)?(?:glibc|gcc|llvm)|csu/|sysdeps/"
)


def listed_frames(text: str) -> tuple[str, tuple[PlainFrame, ...]]:
    """Return what stands above the frames of a trace that lists one a line, and the frames; all and none otherwise.

    So print sanitizers and gdb, Dart, Firefox and Safari, Ruby, PHP and Elixir.
    """
    lines = text.split("\n")
    matched = [next((found for form in _LISTED if (found := form.match(line))), None) for line in lines]
    first = next((place for place, found in enumerate(matched) if found), len(lines))
    frames = [
        PlainFrame(
            module=each["file"], function=each["function"] or "<anonymous>", in_app=not _LIBRARY.search(each["file"])
        )
        for each in matched[first:]
        if each
    ]
    return "\n".join(lines[:first]), tuple(reversed(frames[:FRAMES]))
