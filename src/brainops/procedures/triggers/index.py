"""Which of many triggers could an operation, its event or its error set off? (pure)

Names without wildcards are looked up, globs by what stands before their first wildcard, so that a thousand procedures
cost little more than the few that could match. A trigger's targets narrow its operations and events; a trigger that
names only targets covers every operation there, one with a condition alone every operation for which it holds.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from brainops.types import ProcedureVersion, Trigger

_WILDCARD = re.compile(r"[*?\[]")
Matches = Callable[[str], object]


class Entry(Struct, frozen=True, kw_only=True):
    """One trigger of one active version, with its targets compiled (None: any)."""

    position: int
    version: ProcedureVersion
    trigger: Trigger
    target: Matches | None

    def covers(self, target: str | None) -> bool:
        """Say whether a target is one of the trigger's."""
        return self.target is None or bool(self.target(canonical(target or "")))


def canonical(name: str) -> str:
    """Return a name as it is compared: in one case, with single spaces."""
    return " ".join(name.split()).casefold()


class Globs:
    """Many patterns, asked at once which of them match a text."""

    def __init__(self) -> None:
        self._exact: dict[str, list[tuple[Entry, str]]] = {}
        self._prefixed: dict[str, list[tuple[Matches, Entry, str]]] = {}
        self._lengths: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._exact or self._prefixed)

    def add(self, glob: str, entry: Entry) -> None:
        """Let a pattern stand for a trigger."""
        pattern = canonical(glob)
        if _WILDCARD.search(pattern) is None:
            self._exact.setdefault(pattern, []).append((entry, glob))
            return
        prefix = _WILDCARD.split(pattern, maxsplit=1)[0]
        matches = re.compile(fnmatch.translate(pattern)).match
        self._prefixed.setdefault(prefix, []).append((matches, entry, glob))
        self._lengths = tuple(sorted({*self._lengths, len(prefix)}))

    def matching(self, text: str) -> Iterator[tuple[Entry, str]]:
        """Yield the triggers that a text matches, with the pattern that says so."""
        name = canonical(text)
        yield from self._exact.get(name, ())
        for length in self._lengths:
            for matches, entry, glob in self._prefixed.get(name[:length], ()):
                if matches(name):
                    yield entry, glob


class TriggerIndex:
    """The triggers of the active versions, compiled once."""

    def __init__(self, versions: Iterable[ProcedureVersion]) -> None:
        self.versions = tuple(versions)
        self._operations, self._events, self._targets = Globs(), Globs(), Globs()
        self._fingerprints: dict[str, list[Entry]] = {}
        self._conditions: list[Entry] = []
        self._by_version: dict[str, list[Entry]] = {}
        self._size = 0
        for version in self.versions:
            for trigger in version.procedure.triggers:
                entry = Entry(position=self._size, version=version, trigger=trigger, target=_matcher(trigger.targets))
                self._size += 1
                self._by_version.setdefault(version.id, []).append(entry)
                for glob in trigger.operations:
                    self._operations.add(glob, entry)
                for glob in trigger.events:
                    self._events.add(glob, entry)
                for digest in trigger.fingerprints:
                    self._fingerprints.setdefault(digest.strip().lower(), []).append(entry)
                others = (*trigger.operations, *trigger.events, *trigger.fingerprints, *trigger.intents)
                if not others:
                    for glob in trigger.targets:
                        self._targets.add(glob, entry)
                    if not trigger.targets and trigger.when is not None:
                        self._conditions.append(entry)

    def entries(self, version_id: str) -> Sequence[Entry]:
        """Return the triggers of one version."""
        return self._by_version.get(version_id, ())

    @property
    def has_fingerprints(self) -> bool:
        """Say whether any trigger waits for an error."""
        return bool(self._fingerprints)

    def candidates(
        self, operation: str, target: str | None, events: Sequence[str], fingerprints: Sequence[str]
    ) -> dict[int, tuple[Entry, str]]:
        """Return the triggers that match but for their condition, by position, each with the reason."""
        found: dict[int, tuple[Entry, str]] = {}
        for entry in (entry for digest in fingerprints for entry in self._fingerprints.get(digest, ())):
            found.setdefault(entry.position, (entry, "the error's fingerprint is one of its own"))
        for event in events:
            _keep(found, self._events.matching(event), target, "the event {} is one of its own", event)
        _keep(found, self._operations.matching(operation), target, "the operation matches {}", operation)
        if target:
            _keep(found, self._targets.matching(target), target, "the target matches {}", target)
        for entry in self._conditions:
            found.setdefault(entry.position, (entry, "its condition holds"))
        return found


def _keep(
    found: dict[int, tuple[Entry, str]],
    matching: Iterable[tuple[Entry, str]],
    target: str | None,
    reason: str,
    text: str,
) -> None:
    for entry, glob in matching:
        if entry.covers(target):
            named = glob if canonical(glob) == canonical(text) else f"{glob!r}"
            found.setdefault(entry.position, (entry, reason.format(named)))


def _matcher(globs: Sequence[str]) -> Matches | None:
    if not globs:
        return None
    return re.compile("|".join(fnmatch.translate(canonical(glob)) for glob in globs)).match
