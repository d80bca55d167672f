"""Can an operation only read, does it change something, or does it destroy? (pure)

Its name, its tool, and what its context says of the command line, SQL or HTTP request are each read, and the most
dangerous of them decides. What says nothing changes something. What a namespace says itself comes first.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from brainops.operations.commands.command_line import classify_command
from brainops.operations.commands.program_tables import DESTROYERS, DESTROYING_VERBS, READERS, READING_VERBS
from brainops.operations.commands.programs import CHANGE, DESTROY, READ, worst
from brainops.operations.commands.sql_statements import class_of_sql, looks_like_sql
from brainops.types import ActionClass, OperationStart

MAX_VALUES = 1_000  # of a context that are looked at; one with more is not an operation's
MAX_DEPTH = 8

COMMAND_KEYS = frozenset("command cmd argv commandline command_line shell script bash run powershell".split())
SQL_KEYS = frozenset("sql query statement sql_query".split())
METHOD_KEYS = frozenset("method http_method verb".split())
TOOL_KEYS = frozenset("tool tool_name function function_name".split())

_CONNECTORS = frozenset("and or then also plus".split())
_CHANGING_VERBS = frozenset(
    "create update set put post add insert write edit save deploy release restart start stop scale apply install"
    " upgrade configure change modify rename move copy send publish push merge commit rollback roll migrate"
    " restore import upload enable disable book cancel transfer pay order submit assign patch rotate reboot kill"
    " multiedit notebookedit build sync replace fix".split()
)
_METHOD = re.compile(r"\s*(GET|HEAD|OPTIONS|TRACE|POST|PUT|PATCH|DELETE|PURGE)\s+(/|https?://)\S*")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[,;&+]")
_KNOWN_PROGRAM = re.compile(
    r"(?:sudo|git|kubectl|docker|terraform|tofu|helm|aws|gcloud|az|npm|pip|apt|apt-get|systemctl|curl|psql|mysql|redis-cli|find"
    r"|xargs|bash|sh|ssh|env|dd|mkfs\S*|truncate|chmod|chown|mv|cp|gh|brainops|make|crontab|iptables|kill|killall)"
)


class OwnPattern(Struct, frozen=True, kw_only=True):
    """What a namespace says itself: operations, tools or single commands of this form are of this class."""

    glob: str
    action_class: ActionClass


def classify(
    start: OperationStart, patterns: Sequence[OwnPattern] = (), least: ActionClass | None = None
) -> ActionClass:
    """Return the class of an operation. `least` is what the caller says itself: it may only raise what is found.

    So does the operation's own class where it is destructive; `changing`, its default, says nothing.
    """
    given = [each for each in (least, start.action_class) if each in (least, DESTROY) and each is not None]
    return worst([_found(start, patterns), *given])


def _found(start: OperationStart, patterns: Sequence[OwnPattern]) -> ActionClass:
    whole = f"{start.name} {start.target}" if start.target else start.name
    if (said := _said(patterns, start.name) or _said(patterns, whole)) is not None:
        return said
    evidence = [found for key, value in _values(start.context) for found in _class_of_value(key, value, patterns)]
    by_name = class_of_name(start.name)
    if evidence:
        return worst([*evidence, *([by_name] if by_name not in (None, READ) else [])])
    return CHANGE if by_name is None else by_name


def _said(patterns: Sequence[OwnPattern], text: str) -> ActionClass | None:
    """Return what the namespace says: of several patterns that match, the most dangerous."""
    plain = " ".join(text.split()).casefold()
    said = [each.action_class for each in patterns if fnmatch.fnmatchcase(plain, each.glob.casefold())]
    return worst(said) if said else None


def _values(context: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what lies under telling keys, in the mappings inside too."""
    waiting: list[tuple[Mapping[str, Any], int]] = [(context, 0)]
    looked = 0
    while waiting and looked < MAX_VALUES:
        mapping, depth = waiting.pop()
        for key, value in mapping.items():
            looked += 1
            if isinstance(value, Mapping):
                waiting += [(value, depth + 1)] if depth < MAX_DEPTH else []
            elif isinstance(value, str) or (isinstance(value, Sequence) and value):
                yield str(key).lower(), value


def _class_of_value(key: str, value: Any, patterns: Sequence[OwnPattern]) -> Iterator[ActionClass]:
    words = value if isinstance(value, str) else [str(word) for word in value]
    text = words if isinstance(words, str) else " ".join(words)
    if key in COMMAND_KEYS:
        lines = key in ("script", "run") and not isinstance(words, str)  # a list of lines, not of words
        yield classify_command("\n".join(words) if lines else words, lambda said: _said(patterns, said))
    elif key in SQL_KEYS and (key != "query" or looks_like_sql(text)):
        yield class_of_sql(text)
    elif key in METHOD_KEYS:
        yield class_of_method(text)
    elif key in TOOL_KEYS:
        said = _said(patterns, text)
        found = said if said is not None else class_of_name(text)
        if found is not None:
            yield found


def class_of_method(text: str) -> ActionClass:
    """Return what an HTTP method may do."""
    method = text.strip().split(" ")[0].upper()
    if method in ("GET", "HEAD", "OPTIONS", "TRACE"):
        return READ
    return DESTROY if method in ("DELETE", "PURGE") else CHANGE


def class_of_name(name: str) -> ActionClass | None:
    """Return what the name of an operation or tool says; None where it says nothing."""
    text = " ".join(name.split())
    found = [_class_of_verbs(text)]
    if request := _METHOD.match(text):
        segments = set(re.split(r"[/?&=]", text.lower()))
        found = [DESTROY if segments & DESTROYING_VERBS else class_of_method(request[1])]
    elif looks_like_sql(text):
        found.append(class_of_sql(text))
    elif " " in text and (text.split()[0] in READERS | DESTROYERS or _KNOWN_PROGRAM.fullmatch(text.split()[0])):
        found = [classify_command(text)]
    known = [each for each in found if each is not None]
    return worst(known) if known else None


def _class_of_verbs(name: str) -> ActionClass | None:
    """A leading verb decides; a destroying one further on counts where another verb leads only after "and" or last."""
    last = re.split(r"__|::|[./]", name.strip(" ./"))[-1] if " " not in name else name
    words = [word.lower() for word in _WORDS.findall(last)]
    words = words[1:] if words[:1] == ["web"] else words
    if not words:
        return None
    if {"force", "push"} <= set(words) or {"reset", "hard"} <= set(words) or {"rm", "rf"} <= set(words):
        return DESTROY
    destroying = [number for number, word in enumerate(words) if word in DESTROYING_VERBS]
    leads = words[0] in READING_VERBS or words[0] in _CHANGING_VERBS
    for number in destroying:
        joined = number > 0 and (words[number - 1] in _CONNECTORS or not words[number - 1].isalnum())
        if number == 0 or joined or not leads or number == len(words) - 1:
            return DESTROY
    if words[0] in READING_VERBS:
        follows = {words[n + 1] for n, word in enumerate(words[:-1]) if word in _CONNECTORS or not word.isalnum()}
        return CHANGE if follows & _CHANGING_VERBS else READ
    return CHANGE if words[0] in _CHANGING_VERBS else None
