"""Which parts of a text are secrets by the name that they are given to: settings, fields, options, keys? (pure)"""

from __future__ import annotations

from itertools import chain

from brainops_core.redaction.secret_names import (
    FOREIGN,
    FOREIGN_MARKED,
    is_code,
    is_harmless,
    is_number,
    looks_random,
    name_kind,
)
from brainops_core.redaction.secrets import Span
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Match

_KEYWORDS = ("pass", "pw", "secret", "token", "key", "cred", "auth", "sharedaccesssignature")
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_NAME_REACH = 64
_GAP = 10
_MAY_FOLLOW = frozenset(":=>\"'`]\\,*|[fviwVW\uff1a\uff1d")
_VALUE_REACH = 4096
"""Longest name and value, in characters, that are read; a longer value is replaced up to there and then read on."""

_ANNOTATION = (
    r"(?:(?:Optional\[)?(?:str|string|String|bytes|SecretStr|&str|any|Any)\]?(?:[ \t]{0,2}\|[ \t]{0,2}None)?"
    r"[ \t]{0,4}=(?!=)[ \t]{0,4})?"
)
_SEPARATOR = Regex(
    rf"(?P<close>(?:\\{{0,3}}[\"'`])?\]?(?:\*\*)?(?: \[[^\[\]\n]{{0,24}}\])?)[ \t]{{0,8}}"
    rf"(?P<op>:=|=>|=|:|\uff1a|\uff1d|>)(?![=:])(?:\*\*)?[ \t]{{0,8}}{_ANNOTATION}"
)
_NAME_VALUE = Regex(
    r"(?P<close>\\{0,3}[\"'`]?),?\s{1,40}\\{0,3}[\"']?[vV]alue\\{0,3}[\"']?[ \t]{0,4}(?P<op>[:=])[ \t]{0,8}"
)
_OPTION = Regex(r"(?P<close>)(?P<op>[ \t]{1,4}|[\"'],\s{0,16})(?![\s\-])")
_IS = Regex(r"(?P<close>)[ \t](?P<op>is|was)[ \t:]{1,3}(?=[^\s])")
_FOR = Regex(r"(?P<close>)[ ](?P<op>for)[ ]\S{1,80}?:[ \t]{1,4}")
_NEXT_LINE = Regex(r"(?P<close>[\"']?)(?P<op>:)[ \t]{0,4}(?:[|>][+-]?)?[ \t]{0,4}\r?\n[ \t]{1,24}(?=[^\s#-])")
_ROW = Regex(r"(?P<close>)[ \t]{0,8}(?P<op>\|)[ \t]{1,8}")
_QUOTED_NEXT = Regex(r"(?P<close>)(?P<op>[ \t]{1,4})(?=['\"])")
_WORD_BEFORE = Regex(r"[A-Za-z]{3,12} $")
_OPEN = Regex(r"[rbfuRBFU]{0,2}(?P<quote>\\{0,3}[\"'`])")
_INSIDE = {quote: Regex(rf"(?:[^{quote}\\\n]|\\.)*") for quote in "\"'`"}
_UNQUOTED = Regex(r"[^\s\"'`,;&<>\\]+")
_SHELL_VALUE = Regex(r"[^\s\"'`]+")
_MORE_PROSE = Regex(r"[ \t]+[A-Za-z(]")
_NEXT_SETTING = Regex(r"[ \t]+[\w.\-]{1,64}[\"']?[ \t]?[:=]")
_PLAIN_WORD = Regex(r"[A-Za-z]+(?:[-'][a-z]{1,32})?[.,:;!?)]{0,3}$")
_WORDS = Regex(r"[a-z]+(?:[-_][a-z]+)+[.,:;!?)]{0,3}$")
_LABEL = Regex(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+$")
_LABEL_WORD = Regex(r"(?:^|-)[a-z]{4,}(?:-|$)")
_SHORTEST_NUMBER = 4
_SHORTEST_WORD_SECRET = 16
_SHORTEST_TOLD = 8


class _Name:
    __slots__ = ("end", "foreign", "kind", "start", "text")

    def __init__(self, text: str, start: int, end: int, kind: str, *, foreign: bool = False) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.kind = kind
        self.foreign = foreign


def find_assignments(text: str, lower: str) -> Iterator[Span]:
    """Yield the values of settings, fields, headers and options whose name says that they hold a secret."""
    covered = range(0)
    for name in chain(_names(text, lower), _foreign_names(text, lower)):
        if name.start in covered:
            continue
        for pattern in _forms(name):
            separator = pattern.match(text, name.end)
            if separator and _fits(text, name, separator):
                span = _value(text, name, separator)
                if span:
                    covered = range(span.start, span.end)
                    yield span
                break


def _names(text: str, lower: str) -> Iterator[_Name]:
    seen: set[int] = set()
    for keyword in _KEYWORDS:
        position = lower.find(keyword)
        while position >= 0:
            end, ceiling = position, min(position + _NAME_REACH, len(text))
            while end < ceiling and text[end] in _NAME_CHARACTERS:
                end += 1
            if end not in seen and _may_hold(text, position, end):
                start = _name_start(text, position)
                kind = name_kind(text[start:end].rstrip(".")) or _spaced_kind(text, start, lower[start:end])
                seen.add(end)
                if kind and not text.endswith("[redacted:", 0, start):
                    yield _Name(text[start:end], start, end, kind)
            position = lower.find(keyword, max(end, position + 1))


def _foreign_names(text: str, lower: str) -> Iterator[_Name]:
    for word in FOREIGN if text.isascii() else (*FOREIGN, *FOREIGN_MARKED):
        position = lower.find(word)
        while position >= 0:
            end = position + len(word)
            if not (text[position - 1 : position].isalnum() and word.isascii()) and text[end : end + 1] != "":
                yield _Name(text[position:end], position, end, "password", foreign=True)
            position = lower.find(word, end)


def _spaced_kind(text: str, start: int, name: str) -> str | None:
    """Return the kind of a name in two words: "API key", "secret access key"."""
    before = _WORD_BEFORE.search(text, max(start - 16, 0), start) if name == "key" else None
    return name_kind(f"{before.group().strip()}_key") if before else None


def _may_hold(text: str, position: int, end: int) -> bool:
    """Say cheaply whether anything can follow the name that makes it one of a setting; in prose nearly nothing does."""
    following = text[end : end + _GAP].lstrip()[:1]
    if not following:
        return text[end : end + 1] != ""
    return following in _MAY_FOLLOW or text.find("-", max(position - _NAME_REACH, 0), position + 1) >= 0


def _name_start(text: str, position: int) -> int:
    start, floor = position, max(position - _NAME_REACH, 0)
    while start > floor and text[start - 1] in _NAME_CHARACTERS:
        start -= 1
    return start


def _forms(name: _Name) -> tuple[Regex, ...]:
    if name.text.startswith("--") or (name.text[0] == "-" and name.text[1:2].isupper()):
        return (_SEPARATOR, _OPTION)
    forms = (_NEXT_LINE, _SEPARATOR, _NAME_VALUE, _IS, _FOR, _ROW)
    return (*forms, _QUOTED_NEXT) if name.kind == "password" and name.text.lower() != "pass" else forms


def _fits(text: str, name: _Name, separator: Match[str]) -> bool:
    before = text[max(name.start - 8, 0) : name.start]
    match separator["op"]:
        case ">" | "|" if not before:
            return False
        case ">":
            return before.endswith("<") and text[separator.end() : separator.end() + 1] not in ("'", '"')
        case "|":
            return before.rstrip(" \t*`").endswith("|")
    # 'Password: ', more: the quote that follows ends the text that the name stands in.
    inside = before[-1:] in ("'", '"') and not separator["close"] and "," not in separator["op"]
    return not (inside and text.startswith(before[-1], separator.end()))


def _value(text: str, name: _Name, separator: Match[str]) -> Span | None:
    start = separator.end()
    opening = _OPEN.match(text, start)
    if opening:
        start = opening.end()
        end = _quoted_end(text, start, opening["quote"])
        value = text[start:end]
        said = opening["quote"] in "\"'`" and _MORE_PROSE.match(text, end + 1) is not None
        wanted = _is_secret(value, name) and not (said and name.kind != "password" and _WORDS.match(value))
    else:
        end = _unquoted_end(text, start, name, separator)
        value = text[start:end]
        wanted = _is_secret(value, name) and not _is_source_or_prose(text, end, value, name, separator)
    if separator["op"] in ("is", "was", "for", "|"):
        wanted = wanted and _is_told(value, quoted=opening is not None)
    if name.foreign:  # its words for wrong, missing and the like stand in no list of ours
        wanted = wanted and any(map(str.isdigit, value))
    if name.text == "PASS" and separator["op"] == ":":
        wanted = False  # what a test runner says of a test
    if not wanted:
        return None
    json_field = not opening and separator["op"] == ":" and separator["close"] == '"'
    return Span(start, end, name.kind if name.kind not in ("key", "tokens") else "secret", 5, json_field)


def _quoted_end(text: str, start: int, quote: str) -> int:
    limit = min(start + _VALUE_REACH, len(text))
    if len(quote) > 1:
        end = text.find(quote, start, limit)
        if end >= 0:
            return end
        line = text.find("\n", start, limit)
        return line if line >= 0 else limit
    inside = _INSIDE[quote].match(text, start, limit)
    return inside.end() if inside else start


def _unquoted_end(text: str, start: int, name: _Name, separator: Match[str]) -> int:
    pattern = _SHELL_VALUE if _is_shell_setting(text, name, separator) else _UNQUOTED
    match = pattern.match(text, start, min(start + _VALUE_REACH, len(text)))
    if not match:
        return start
    value = match.group()
    while value and value[-1] in ")]}" and value.count(value[-1]) > value.count("([{"[")]}".index(value[-1])]):
        value = value[:-1]
    return start + len(value)


def _is_shell_setting(text: str, name: _Name, separator: Match[str]) -> bool:
    before = text[name.start - 1 : name.start]
    return name.text.isupper() and separator.group() == "=" and (not before or before.isspace())


def _is_secret(value: str, name: _Name) -> bool:
    if name.kind != "password" and value.startswith(("http://", "https://")):
        return False  # where one gets it; what the address itself gives away is found for itself
    if name.text.lower().endswith("s") and _LABEL.match(value) and _LABEL_WORD.search(value):
        return name.kind == "password"  # which ones, by their names
    if name.kind in ("key", "tokens"):
        return looks_random(value) and not is_harmless(value)
    if is_harmless(value):
        return False
    if is_number(value):
        return name.kind == "password" and sum(map(str.isdigit, value)) >= _SHORTEST_NUMBER
    return True


def _is_source_or_prose(text: str, end: int, value: str, name: _Name, separator: Match[str]) -> bool:
    shell = _is_shell_setting(text, name, separator)
    if "\n" in separator.group() and (value.endswith(":") or text[end : end + 1] not in ("", "\r", "\n")):
        return True
    if is_code(value.rstrip("!?"), text[end : end + 1]) and not (shell and value.isidentifier()):
        return True
    if not shell and value.replace("_", "").isalpha() and name_kind(value):
        return True  # api_key=api_key: the value is the name of a variable that holds the secret.
    if shell or separator["op"].isspace() or separator.group()[-1] not in " \t":
        return False
    if name.kind != "password" and _WORDS.match(value):
        return True  # invalid credentials: account_locked
    if not _PLAIN_WORD.match(value):
        return False
    if _MORE_PROSE.match(text, end) and not _NEXT_SETTING.match(text, end):
        return True
    return name.kind != "password" and not value.isupper() and len(value) < _SHORTEST_WORD_SECRET


def _is_told(value: str, *, quoted: bool) -> bool:
    """Say whether "the password is X" names a password rather than says something about it."""
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    if quoted:
        return mixed
    upper, lower = any(map(str.isupper, value)), any(map(str.islower, value))
    return len(value) >= _SHORTEST_TOLD and mixed and ((upper and lower) or not value.isalnum()) and "://" not in value
