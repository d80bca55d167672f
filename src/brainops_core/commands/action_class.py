"""Can an operation only read, does it change something, or does it destroy? (pure)

Its name, its tool, and what its context says of the command line, SQL or HTTP request are each read, and the most
dangerous of them decides. What says nothing changes something. What a namespace says itself comes first.
"""

from __future__ import annotations

from brainops_core.commands.classes import CHANGE, DESTROY, READ, pieces, worst
from brainops_core.commands.command_line import classify_command
from brainops_core.commands.program_tables import DESTROYERS, DESTROYING_VERBS, READERS, READING_VERBS
from brainops_core.commands.sql_statements import class_of_sql, looks_like_sql
from brainops_core.glob import has_form
from brainops_core.words import words_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Protocol

    class AnyStart(Protocol):
        """What is about to be done, of this package or of its callers."""

        @property
        def name(self) -> str: ...
        @property
        def target(self) -> str | None: ...
        @property
        def context(self) -> Mapping[str, Any]: ...
        @property
        def action_class(self) -> str: ...

    class AnyPattern(Protocol):
        """What a namespace says itself: operations, tools or single commands of this form are of this class."""

        @property
        def glob(self) -> str: ...
        @property
        def action_class(self) -> str: ...


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
_METHODS = frozenset("GET HEAD OPTIONS TRACE POST PUT PATCH DELETE PURGE".split())
_KNOWN_PROGRAMS = frozenset(
    "sudo git kubectl docker terraform tofu helm aws gcloud az npm pip apt apt-get systemctl curl psql mysql redis-cli"
    " find xargs bash sh ssh env dd truncate chmod chown mv cp gh brainops make crontab iptables kill killall".split()
)


def classify(start: AnyStart, patterns: Sequence[AnyPattern] = (), least: str | None = None) -> str:
    """Return the class of an operation. `least` is what the caller says itself: it may only raise what is found.

    So does the operation's own class where it is destructive; `changing`, its default, says nothing.
    """
    given = [each for each in (least, start.action_class) if each in (least, DESTROY) and each is not None]
    return worst([_found(start, patterns), *given])


def _found(start: AnyStart, patterns: Sequence[AnyPattern]) -> str:
    whole = f"{start.name} {start.target}" if start.target else start.name
    if (said := said_of(patterns, start.name) or said_of(patterns, whole)) is not None:
        return said
    evidence = [found for key, value in _values(start.context) for found in _class_of_value(key, value, patterns)]
    by_name = class_of_name(start.name)
    if evidence:
        return worst([*evidence, *([by_name] if by_name not in (None, READ) else [])])
    return CHANGE if by_name is None else by_name


def said_of(patterns: Sequence[AnyPattern], text: str) -> str | None:
    """Return what the namespace says: of several patterns that match, the most dangerous."""
    plain = " ".join(text.split()).casefold()
    said = [each.action_class for each in patterns if has_form(plain, each.glob.casefold())]
    return worst(said) if said else None


def _values(context: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what lies under telling keys, in the mappings inside too."""
    waiting: list[tuple[Mapping[str, Any], int]] = [(context, 0)]
    looked = 0
    while waiting and looked < MAX_VALUES:
        mapping, depth = waiting.pop()
        for key, value in mapping.items():
            looked += 1
            if hasattr(value, "items"):
                waiting += [(value, depth + 1)] if depth < MAX_DEPTH else []
            elif isinstance(value, str) or (isinstance(value, (list, tuple)) and value):
                yield str(key).lower(), value


def _class_of_value(key: str, value: Any, patterns: Sequence[AnyPattern]) -> Iterator[str]:
    words = value if isinstance(value, str) else [str(word) for word in value]
    text = words if isinstance(words, str) else " ".join(words)
    if key in COMMAND_KEYS:
        lines = key in ("script", "run") and not isinstance(words, str)  # a list of lines, not of words
        yield classify_command("\n".join(words) if lines else words, lambda said: said_of(patterns, said))
    elif key in SQL_KEYS and (key != "query" or looks_like_sql(text)):
        yield class_of_sql(text)
    elif key in METHOD_KEYS:
        yield class_of_method(text)
    elif key in TOOL_KEYS:
        said = said_of(patterns, text)
        found = said if said is not None else class_of_name(text)
        if found is not None:
            yield found


def class_of_method(text: str) -> str:
    """Return what an HTTP method may do."""
    method = text.strip().split(" ")[0].upper()
    if method in ("GET", "HEAD", "OPTIONS", "TRACE"):
        return READ
    return DESTROY if method in ("DELETE", "PURGE") else CHANGE


def class_of_name(name: str) -> str | None:
    """Return what the name of an operation or tool says; None where it says nothing."""
    text = " ".join(name.split())
    found = [_class_of_verbs(text)]
    first, _, rest = text.partition(" ")
    if first in _METHODS and rest.startswith(("/", "http://", "https://")):
        segments = set(pieces(text.lower(), "/?&="))
        found = [DESTROY if segments & DESTROYING_VERBS else class_of_method(first)]
    elif looks_like_sql(text):
        found.append(class_of_sql(text))
    elif rest and (first in READERS or first in DESTROYERS or first in _KNOWN_PROGRAMS or first.startswith("mkfs")):
        found = [classify_command(text)]
    known = [each for each in found if each is not None]
    return worst(known) if known else None


def _class_of_verbs(name: str) -> str | None:
    """A leading verb decides; a destroying one further on counts where another verb leads only after "and" or last."""
    last = name
    if " " not in name:
        last = pieces(name.strip(" ./").replace("__", "/").replace("::", "/"), "/.")[-1]
    words = [word.lower() for word in words_of(last)]
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
