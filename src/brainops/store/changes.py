"""What happened, in which order, and since when is that kept? The feed, which the migrations let every change write."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from brainops.store.rows import always

if TYPE_CHECKING:
    from brainops.store.database import Row, Session

TRIMMED = "trimmed"  # the kind of the line that stands for those that were taken out before it
TRIMMED_ROWS = 5_000  # in one transaction: some milliseconds


class Newest(NamedTuple):
    """The place after all that has happened, and of which history: another one after a restore."""

    place: str
    epoch: str


class ChangeRows:
    """The feed in one transaction. A place is a text that only the database reads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def newest(self) -> Newest:
        """Return the place up to which the feed can be read now, and its epoch."""
        row = always(self._session, "change_newest")
        return Newest(row["place"], row["epoch"])

    def after(self, place: str, kinds: Collection[str], limit: int) -> list[Row]:
        """Return the next readable lines of these kinds, and the marks of what was taken out."""
        return self._lines("change_after", place, [*kinds, TRIMMED], limit)

    def before(self, place: str, kinds: Collection[str], limit: int) -> list[Row]:
        """Return the last readable lines of these kinds before a place, in the feed's order."""
        return self._lines("change_before", place, list(kinds), limit)[::-1]

    def _lines(self, statement: str, place: str, kinds: Sequence[str], limit: int) -> list[Row]:
        return list(self._session.all(statement, place=place, kinds=kinds, limit=limit))

    def told_of(self, noun: str, refs: Collection[str | int]) -> Sequence[Row]:
        """Return what is told of some rows, each with its namespace and `ref`."""
        return self._session.all(f"told_of_{noun}", refs=list(refs))

    def last_before(self, at: int) -> int | None:
        """Return the number of the last line of the written namespace that is older."""
        number: int | None = always(self._session, "change_last_before", at=at)["number"]
        return number

    def trim(self, number: int) -> int:
        """Let one line stand for those before it, take some of those out, and return how many that were."""
        self._session.run("change_mark", number=number)
        return self._session.run("change_trim", number=number, limit=TRIMMED_ROWS)

    def delayed(self) -> tuple[int | None, str]:
        """Return since when committed lines wait, and for whose open transactions; (None, "") where none does."""
        row = self._session.one("change_delayed")
        return (None, "") if row is None else (row["since"], row["held_by"] or "")
