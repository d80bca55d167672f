"""What happened since somebody last looked? The feed, read from a cursor on, and how long it is kept."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from brainops.errors import CursorExpired, InvalidInput
from brainops.store import acts, cursors
from brainops.store.changes import TRIMMED, TRIMMED_ROWS
from brainops.types import ChangeKind, FeedEntry, Page
from brainops.types.times import DAY_MICROS
from brainops.wire import from_plain

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.store.changes import Newest
    from brainops.store.database import Row
    from brainops.types import JSON

NEWEST = "newest"
LIST = "changes"
OLDEST_PLACE = "0.0"
FACT_CHARACTERS = 200  # of each fact, on one line: whoever wants more reads the row
TRIM_SECONDS = 3_600.0  # between two looks of a process whether something is older than what is kept

Limit = Annotated[int, Meta(ge=1, le=1_000)]


class Changes:
    """The feed of what happened in the namespaces that a view reads."""

    def __init__(self, context: MemoryContext, kept_days: float) -> None:
        self._context = context
        self._kept_days = kept_days
        self._trim_at = 0.0

    def page(
        self, after: str | None, before: str | None, kinds: Collection[ChangeKind | str], limit: int
    ) -> Page[FeedEntry]:
        """Return the changes beside a cursor; see `Brain.changes`."""
        from_plain(Limit, limit, "limit")
        if after and before:
            raise InvalidInput("a page lies after one cursor or before one; hand in either")
        wanted = {kind for each in kinds for kind in _kinds(each)} or set(ChangeKind)
        with self._context.store.read() as tx:
            newest = tx.changes.newest()
            if before:
                place = _place(before, newest)
                rows = tx.changes.before(place, wanted, limit)
                end, more = _cursor(newest.epoch, rows[-1]["place"] if rows else place), len(rows) == limit
            else:
                place = OLDEST_PLACE if after is None else _place(after, newest)
                rows = tx.changes.after(place, wanted, limit)
                if after is not None and any(row["kind"] == TRIMMED for row in rows):
                    raise CursorExpired(
                        f"what came right after that cursor is kept no longer (changes_days = {self._kept_days:g}). "
                        f"Read what you follow anew, then go on from after={NEWEST!r}"
                    )
                # All up to the newest was looked at, rows that are not read here too: nobody looks at them again.
                end = _cursor(newest.epoch, rows[-1]["place"] if len(rows) == limit else newest.place)
                more = True
            told = list(_told(tx, [row for row in rows if row["kind"] != TRIMMED], newest.epoch))
        first = _cursor(newest.epoch, rows[0]["place"]) if rows else end
        return Page(told, next=end, previous=first if more else None)

    def trim(self) -> None:
        """Take out what is older than what is kept of the written namespace; once an hour is enough."""
        if time.monotonic() < self._trim_at:
            return
        self._trim_at = time.monotonic() + TRIM_SECONDS
        store = self._context.store
        with store.read() as tx:
            number = tx.changes.last_before(store.now() - int(self._kept_days * DAY_MICROS))
        with store.writing(acts.SWEEP, self._context.actor) as tx:
            tx.answers.trim(store.now())
        taken = TRIMMED_ROWS if number is not None else 0
        while number is not None and taken == TRIMMED_ROWS:
            with store.writing(acts.SWEEP, self._context.actor) as tx:
                taken = tx.changes.trim(number)


def _kinds(named: ChangeKind | str) -> list[ChangeKind]:
    """Return the kinds that a kind or a noun means."""
    kinds = [kind for kind in ChangeKind if named in (kind, kind.noun)]
    if not kinds:
        nouns = ", ".join(dict.fromkeys(kind.noun for kind in ChangeKind))
        raise InvalidInput(
            f"{named!r:.60} is no kind of change; there is {nouns}, or one that it says, like run.failed"
        )
    return kinds


def _place(cursor: str, newest: Newest) -> str:
    """Return the place of a cursor of this history. Raises InvalidInput, CursorExpired."""
    if cursor == NEWEST:
        return newest.place
    epoch, place = cursors.read(cursor, LIST, str, str)
    if epoch != newest.epoch:
        raise CursorExpired(
            "the cursor is of before a backup was restored, or of another store: what stands here is another history. "
            f"Read what you follow anew, then go on from after={NEWEST!r}"
        )
    if not re.fullmatch(r"\d{1,20}(\.\d{1,19})?", str(place)):
        raise InvalidInput("the cursor is of no place in this feed; hand in `next` of a page, or the `id` of a change")
    return str(place)


def _cursor(epoch: str, place: str) -> str:
    return cursors.written(LIST, (epoch, place))


def _told(tx: Transaction, rows: Sequence[Row], epoch: str) -> Iterator[FeedEntry]:
    """Yield the lines with what their rows say, asked once for each noun."""
    refs: dict[str, set[str | int]] = defaultdict(set)
    for row in rows:
        refs[_noun(row)].add(int(row["ref"]) if _noun(row) == "act" else _row(row))
    known = {
        (noun, found["namespace"], found["ref"]): _facts(found)
        for noun, of in refs.items()
        if noun != "setting"
        for found in tx.changes.told_of(noun, of)
    }
    for row in rows:
        step = row["ref"].partition("/")[2] if row["kind"].startswith("step.") else ""
        facts = known.get((_noun(row), row["namespace"], _row(row)), {})
        yield FeedEntry(
            id=_cursor(epoch, row["place"]),
            kind=ChangeKind(row["kind"]),
            ref=row["ref"],
            namespace=row["namespace"],
            at=row["at"],
            facts={**facts, **({"step": step} if step else {})},
        )


def _noun(row: Row) -> str:
    """Return by which name the rows of a kind are asked for."""
    noun = ChangeKind(row["kind"]).noun
    return {"error": "memory", "session": "operation", "step": "run"}.get(noun, noun)


def _facts(found: Row) -> dict[str, JSON]:
    said = {name: found[name] for name in found.keys() if name not in ("namespace", "ref")}  # noqa: SIM118 -- no dict
    return {
        name: " ".join(value.split())[:FACT_CHARACTERS] if isinstance(value, str) else value
        for name, value in said.items()
        if value is not None
    }


def _row(line: Row) -> str:
    """Return which row a line names: of a step its run."""
    ref: str = line["ref"]
    return ref.partition("/")[0] if line["kind"].startswith("step.") else ref
