"""What can a piece of SQL do: read, change, or destroy? (pure)"""

from __future__ import annotations

from brainops_core.commands.classes import CHANGE, DESTROY, READ, worst
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


_WORD = Regex(r"[A-Za-z_][A-Za-z_0-9]*")
_DOLLAR = Regex(r"\$(\w*)\$")
_READING = frozenset("select show describe desc values table explain help use fetch analyze".split())
_DESTROYING = frozenset("drop truncate delete purge shutdown kill flushall flushdb".split())
_DESTROYING_CALLS = frozenset(
    "pg_terminate_backend pg_cancel_backend lo_unlink pg_drop_replication_slot xp_cmdshell dblink_exec sys_exec"
    " sys_eval pg_switch_wal pg_rotate_logfile".split()
)
_LOOKS_LIKE = Regex(
    r"(?is)\s*(?:select\b.+\bfrom\b|insert\s+into\b|update\s+\S+\s+set\b|delete\s+from\b|merge\s+into\b|truncate\s+(?:table\s)?"
    r"|(?:create|alter|drop)\s+(?:table|database|schema|index|view|user|role|function|trigger|sequence|tablespace)\b"
    r"|with\b.+\bas\s*\()",
)
_EXECUTES = Regex(r"(?i)\b(?:execute|exec|prepare|call|do)\b")
_BEGINS = tuple("select insert update delete merge truncate create alter drop with".split())
_DESTROYING_TEXT = Regex(r"(?i)\b(?:drop|truncate|delete)\b")


def looks_like_sql(text: str) -> bool:
    """Say whether a text begins as only SQL does."""
    begins = text[:2_000].lstrip()[:8]
    if begins.isascii() and not begins.lower().startswith(_BEGINS):
        return False
    return _LOOKS_LIKE.match(text[:2_000]) is not None


def class_of_sql(text: str) -> str:
    """Return the most dangerous of a text's statements; what is no statement that we know changes something.

    MySQL and the standard disagree on where strings and comments end, so that both readings are made, and the worse
    one counts.
    """
    return worst([_class_in_dialect(text, mysql) for mysql in (False, True)])


def _class_in_dialect(text: str, mysql: bool) -> str:
    code, strings = _without_literals(text, mysql)
    found = [_class_of_statement(statement) for statement in code.split(";") if statement.strip()]
    # A string that is executed hides its statement: execute 'drop table x'.
    if _EXECUTES.search(code) and any(_DESTROYING_TEXT.search(each) for each in strings):
        return DESTROY
    return worst(found)


def _class_of_statement(statement: str) -> str:
    words = [word.lower() for word in _WORD.findall(statement)]
    if not words:
        return READ if not statement.strip(" \t\r\n()") else CHANGE
    first = words[0]
    if _DESTROYING_CALLS & set(words):
        return DESTROY
    match first:
        case "explain":
            inside = [word for word in words[1:] if word not in ("verbose", "query", "plan", "format", "json", "costs")]
            executed = {"analyze", "analyse"} & set(inside)
            return _class_of_statement(" ".join(w for w in inside if not w.startswith("analy"))) if executed else READ
        case "with":
            return worst([_class_of_part(word, words) for word in words])
        case "pragma":
            return CHANGE if "=" in statement or "(" in statement else READ
        case "alter" if "drop" in words:
            return DESTROY
        case "update":
            return CHANGE if "where" in words else DESTROY
        case "copy":
            return DESTROY if "program" in words else CHANGE
        case "reset" if "master" in words or "slave" in words:
            return DESTROY
        case _ if first in _DESTROYING:
            return DESTROY
        case "select":
            return CHANGE if "into" in words or {"for", "update"} <= set(words) else READ
        case _ if first in _READING:
            return READ
    # A block (DO, BEGIN, CREATE FUNCTION) does what stands in it; `create` alone may say "on delete cascade".
    if first in ("do", "begin", "declare", "execute", "exec", "call") and {"drop", "truncate", "delete"} & set(words):
        return DESTROY
    return CHANGE


def _class_of_part(word: str, words: list[str]) -> str:
    if word in ("delete", "drop", "truncate") or (word == "update" and "where" not in words):
        return DESTROY
    return CHANGE if word in ("insert", "update", "merge") else READ


def _without_literals(text: str, mysql: bool) -> tuple[str, list[str]]:
    """Return the code without comments and strings, and the strings. What MySQL runs of a comment stays code."""
    code: list[str] = []
    strings: list[str] = []
    for is_string, piece in _pieces(text, mysql):
        (strings if is_string else code).append(piece)
    return "".join(code), strings


def _pieces(text: str, mysql: bool) -> Iterator[tuple[bool, str]]:
    at = 0
    while at < len(text):
        if _begins_comment(text, at, mysql):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            inside = text[at + 2 : len(text) if end < 0 else end]
            yield False, f" {inside.lstrip('!+0123456789M')} " if inside.startswith(("!", "M!")) else " "
            at = len(text) if end < 0 else end + 2
        elif text[at] in "'\"`":
            end = _end_of_string(text, at, mysql)
            yield text[at] == "'", text[at + 1 : end]
            if text[at] != "'":
                yield False, " "
            at = end + 1
        elif text[at] == "$" and (dollar := _DOLLAR.match(text, at)):
            end = text.find(dollar[0], dollar.end())
            yield False, f" {text[dollar.end() : len(text) if end < 0 else end]} ".replace(";", " ")
            at = len(text) if end < 0 else end + len(dollar[0])
        else:
            yield False, text[at]
            at += 1


def _begins_comment(text: str, at: int, mysql: bool) -> bool:
    if mysql:
        return text[at] == "#" or (text.startswith("--", at) and text[at + 2 : at + 3] in ("", " ", "\t", "\n", "\r"))
    return text.startswith("--", at)


def _end_of_string(text: str, at: int, mysql: bool) -> int:
    quote, at = text[at], at + 1
    while at < len(text):
        if text[at] == "\\" and mysql:
            at += 2
        elif text[at] == quote:
            if text[at + 1 : at + 2] != quote:
                return at
            at += 2
        else:
            at += 1
    return len(text)
