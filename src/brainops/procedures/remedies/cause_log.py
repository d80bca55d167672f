"""Which errors have one cause, who said so and why, and how is that taken back?"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.errors import Conflict, InvalidInput, NotFound
from brainops.memory.context import MemoryContext
from brainops.memory.draft import checked_moment
from brainops.memory.filters import member
from brainops.procedures.remedies import errors_seen
from brainops.procedures.remedies.causes import cause_of
from brainops.procedures.remedies.identity import identify
from brainops.store import Transaction, acts
from brainops.store.ids import new_id
from brainops.types import Cause, CauseChange, CauseStanding, ErrorEvent, ErrorState, Micros, Page, SeenError
from brainops.types.limits import LISTED, LISTED_WHOLE, Limit, Said
from brainops.wire import from_plain

_ACTS = {CauseStanding.JOINED: acts.CAUSE_JOIN, CauseStanding.PARTED: acts.CAUSE_PART}

AnyError = str | ErrorEvent | BaseException


class CauseLog:
    """The causes of a memory: shown, listed, joined and parted by people, and taken back."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context

    def show(self, error: AnyError) -> Cause:
        """Return the cause of an error, or of a fingerprint: which errors it shows as, and how each came to it."""
        digest = identify(error).digest
        with self._context.store.read() as tx:
            return _cause(tx, digest)

    def list(self, *, limit: int = LISTED) -> list[Cause]:
        """Return the causes that show as more than one error, those first to which one came last."""
        limit = from_plain(Limit, limit, "limit")
        with self._context.store.read() as tx:
            seen: dict[str, Cause] = {}
            for change in tx.evidence.joined(limit):
                if not any(change.fingerprint in each.fingerprints for each in seen.values()):
                    cause = _cause(tx, change.fingerprint)
                    seen[cause.id] = cause
        return [each for each in seen.values() if len(each.fingerprints) > 1]

    def seen(
        self, *, state: ErrorState | str | None = None, since: Micros = 0, limit: int = LISTED_WHOLE,
        after: str | None = None, before: str | None = None,
    ) -> Page[SeenError]:  # fmt: skip
        """Return the errors that are remembered and came since, a row a cause, those first that came last.

        Each says how it stands (new, returning, ongoing, quiet, mended), how often it came in each quarter of the last
        seven days, which operation it ended last, and the surest of its fixes. Raises InvalidInput.
        """
        limit, wanted = from_plain(Limit, limit, "limit"), None if state is None else member(ErrorState, state)
        since = checked_moment(since, "since")
        with self._context.store.read() as tx:
            now = self._context.store.now()
            return errors_seen.page(tx, now, state=wanted, since=since, limit=limit, after=after, before=before)

    def counts(self, *, since: Micros = 0) -> dict[ErrorState, int]:
        """Return how many causes that came since stand how."""
        with self._context.store.read() as tx:
            return errors_seen.counts(tx, self._context.store.now(), checked_moment(since, "since"))

    def join(self, error: AnyError, other: AnyError, *, reason: str) -> CauseChange:
        """Say, as a person, that two errors have one cause: what helps against one is known of both."""
        return self._say(error, other, CauseStanding.JOINED, reason)

    def part(self, error: AnyError, other: AnyError, *, reason: str) -> CauseChange:
        """Say, as a person, that two errors have two causes; nothing joins them by itself again."""
        return self._say(error, other, CauseStanding.PARTED, reason)

    def undo(self, change_id: str) -> CauseChange:
        """Take back what was said of two errors, by whom ever; what was said before counts again. Raises NotFound."""
        now = self._context.store.now()
        with self._context.store.writing(acts.CAUSE_UNDO, self._context.actor) as tx:
            found = tx.evidence.change(change_id)
            if found is None:
                raise NotFound(f"nothing was said of causes under {str(change_id)[:80]!a}: brainops causes show ERROR")
            if not tx.evidence.undo_change(found.id, now):
                raise Conflict(f"{found.id} was taken back already, or belongs to {found.namespace}")
            tx.trail.append(found.id, now, fingerprint=found.fingerprint, other=found.other, was=found.standing.value)
            again = tx.evidence.change(found.id)
        assert again is not None
        return again

    def _say(self, error: AnyError, other: AnyError, standing: CauseStanding, reason: str) -> CauseChange:
        one, two = identify(error).digest, identify(other).digest
        if one == two:
            raise InvalidInput("these are one error already: their fingerprints are equal")
        now = self._context.store.now()
        change = CauseChange(
            id=new_id(),
            namespace=self._context.store.scope.write,
            fingerprint=one,
            other=two,
            standing=standing,
            why=self._context.text(from_plain(Said, reason, "a reason")),
            at=now,
            actor=self._context.actor,
        )
        with self._context.store.writing(_ACTS[standing], self._context.actor) as tx:
            tx.evidence.add_change(change)
            tx.trail.append(change.id, now, fingerprint=one, other=two, why=change.why)
        return change


def _cause(tx: Transaction, digest: str) -> Cause:
    changes: Sequence[CauseChange] = tx.evidence.changes([digest])
    known = tx.memories.by_fingerprint(digest, (digest,), limit=1)
    return cause_of(digest, known[0].title if known else "", changes)
