"""What does the store hold of operations, receipts, tallies and archive segments?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Unpack

from msgspec import Meta, Struct
from msgspec.structs import asdict

from brainops.store.memories import memory_of
from brainops.store.paging import paged
from brainops.store.rows import always, value_of
from brainops.types import ErrorEvent, Evidence, Failed, Operation, OperationStart, Succeeded
from brainops.types.knowledge import Share
from brainops.types.limits import Name
from brainops.types.times import DAY_MICROS, SECOND_MICROS
from brainops.wire import from_json, plain

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.store.paging import Beside
    from brainops.types import JSON, Memory, Micros, Outcome
    from brainops.types.page import Page

EXECUTE = "execute "  # before a procedure's name in the name of its runs' operations
PAGE_ROWS = 500
FOLLOWINGS = 1_000  # the newest that are counted: older ones say little about today
FAILURES_KEPT_A_DAY = 100  # of one fingerprint; the tally counts the rest


class GrowthPolicy(Struct, frozen=True, kw_only=True):
    """How much of an operation's log is kept: "full", "sampled" (successes at `rate`) or "counted" (failures only)."""

    operation_name: Name = ""
    mode: Literal["full", "sampled", "counted"] = "full"
    rate: Share = 1.0
    failures_per_fingerprint: Annotated[int, Meta(ge=1, le=1_000_000)] = FAILURES_KEPT_A_DAY  # some are always kept


class OperationRows:
    """The operation log of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, operation_id: str, start: OperationStart, guidance_id: str | None, at: int) -> None:
        """Write that something is about to be done."""
        self._session.run("operation_begin", **begin_row(operation_id, start, guidance_id, at))

    def finish(self, operation_id: str, values: Mapping[str, Any]) -> bool:
        """Write how it ended; return False where an end was written before."""
        return self._session.run("operation_finish", id=operation_id, **values) > 0

    def contradict(self, operation_id: str, reason: str) -> bool:
        """Say that an outcome was wrong; return False where there is none, or it was said before."""
        return self._session.run("operation_contradict", id=operation_id, contradiction=reason) > 0

    def verify(self, operation_id: str) -> bool:
        """Say that a check confirmed an outcome."""
        return self._session.run("operation_verify", id=operation_id) > 0

    def get(self, operation_id: str) -> Operation | None:
        """Return one readable operation."""
        row = self._session.one("operation_get", id=operation_id)
        return operation_of(row) if row else None

    def list(
        self,
        *,
        name: str | None,
        target: str | None,
        outcome: str | None,
        since: int | None,
        limit: int,
        **beside: Unpack[Beside],
    ) -> Page[Operation]:
        """Return the log, newest first."""
        wanted = {"name": name, "target": target, "outcome": outcome, "since": since}
        return paged(self._session, "operation_list", operation_of, limit, **beside, **wanted)

    def similar(self, name: str, target: str | None, limit: int) -> Sequence[Operation]:
        """Return finished operations of a name, those on the same target first; runs of a procedure so named too."""
        rows = self._session.all("operation_similar", names=_names(name), target=target, limit=limit)
        return [operation_of(row) for row in rows]

    def record(self, name: str, target: str | None, limit: int) -> Row:
        """Return how the last operations of a name ended, runs of a procedure so named too: finished, failed, here."""
        return always(self._session, "operation_record", names=_names(name), target=target, limit=limit)

    def ended(self, until: int, limit: int) -> Sequence[Row]:
        """Return the newest operations of the written namespace that ended before then, with what led to their end."""
        return self._session.all("operation_ended", until=until, limit=limit)

    def failed_lately(self, since: int, limit: int) -> Sequence[Row]:
        """Return what failed in the written namespace since then, newest first."""
        return self._session.all("operation_failed_lately", since=since, limit=limit)

    def insights(self, name: str, target: str | None, limit: int) -> Sequence[Memory]:
        """Return the current insights about an operation or its target, newest first."""
        rows = self._session.all("guidance_insights", name=name, target=target, limit=limit)
        return [memory_of(row) for row in rows]

    def failed_since(self, name: str, target: str | None, since: int) -> bool:
        """Say whether this operation failed on this target since then."""
        return self._session.one("operation_failed_since", name=name, target=target, since=since) is not None

    def discard(self, operation_id: str) -> None:
        """Take a begun operation out of the log that the growth policy does not keep."""
        self._session.run("operation_discard", id=operation_id)

    def failures_kept(self, fingerprint: str, since: int) -> int:
        """Return how many failures of a fingerprint the log keeps since then."""
        found = self._session.one("operation_failures_kept", fingerprint=fingerprint, since=since)
        return int(found["kept"]) if found else 0

    def followed(self, limit: int) -> Sequence[Row]:
        """Return the guidance that was followed and how each turned out, newest first."""
        return self._session.all("operation_followed", limit=limit)

    def followings(self, ids: Sequence[str], procedures: Sequence[str]) -> Sequence[Row]:
        """Return what became of following these memories and versions, and of the runs of these procedures by name."""
        return self._session.all("guidance_followings", ids=list(ids), names=list(procedures), limit=FOLLOWINGS)

    def memories(self, ids: Sequence[str]) -> Sequence[Memory]:
        """Return those of these memories that hold now, or were superseded."""
        return [memory_of(row) for row in self._session.all("guidance_memories", ids=list(ids))]

    def page(self, after: int) -> Sequence[Row]:
        """Return the next operations after a key."""
        return self._session.all("operation_page", after=after, limit=PAGE_ROWS)

    def before(self, before: int, limit: int) -> Sequence[Row]:
        """Return the oldest finished operations before a time."""
        return self._session.all("operation_before", before=before, limit=limit)

    def remove_archived(self, keys: Sequence[int]) -> None:
        """Take rows out of the log that a verified segment holds."""
        self._session.run("operation_archive", keys=list(keys))

    def put_back(self, row: Mapping[str, Any], now: Micros) -> bool:
        """Insert an operation as it was when it was exported or archived: it is history from now on."""
        return self._session.run("operation_restore_row", **{**row, "imported_at": now}) > 0

    def rewrite(self, operation_id: str, values: Mapping[str, Any]) -> None:
        """Replace an operation's texts, after redaction."""
        self._session.run("operation_rewrite", id=operation_id, **values)

    def purge(self, memory_id: str) -> None:
        """Remove what the log and the receipts hold of a purged memory."""
        self._session.run("guidance_purge", memory_id=memory_id)  # first: it looks at which operations ended in it
        self._session.run("operation_purge", memory_id=memory_id)

    def growth(self, since: int) -> Row:
        """Return the number of operations, those since then, the open ones and the last start."""
        return always(self._session, "operation_growth", since=since)

    def tally(self, name: str, at: int, *, failed: bool, recorded: bool) -> None:
        """Count an operation of a day, whether or not its row is kept."""
        self._session.run(
            "operation_tally",
            name=name,
            day=at // DAY_MICROS,
            succeeded=int(not failed),
            failed=int(failed),
            recorded=int(recorded),
        )

    def counts(self, since_day: int) -> Sequence[Row]:
        """Return the tallies by name and day."""
        return self._session.all("operation_counts", since_day=since_day)

    def put_back_count(self, row: Mapping[str, Any]) -> bool:
        """Insert an exported tally as it was; return False where one of that name and day stands there already."""
        return self._session.run("operation_count_restore_row", **row) > 0

    def rename_count(self, row: Row, name: str) -> None:
        """Add a tally to that of another name, and take it away."""
        counts = {column: row[column] for column in ("day", "succeeded", "failed", "recorded")}
        self._session.run("operation_tally", name=name, **counts)
        self._session.run("operation_count_delete", name=row["name"], day=row["day"])

    def policy(self, name: str) -> GrowthPolicy:
        """Return the growth policy of an operation name, the namespace's own, or the default."""
        row = self._session.one("policy_get", operation_name=name)
        return policy_of(row) if row else GrowthPolicy()

    def put_policy(self, policy: GrowthPolicy) -> None:
        """Set a growth policy."""
        self._session.run("policy_put", **asdict(policy))

    def policies(self) -> Sequence[Row]:
        """Return every growth policy of the readable namespaces."""
        return self._session.all("policy_list")

    def add_guidance(self, row: Mapping[str, Any]) -> bool:
        """Keep a receipt; return False where its id stands there already."""
        return self._session.run("guidance_insert", **row) > 0

    def guidance(self, guidance_id: str) -> Row | None:
        """Return one readable receipt."""
        return self._session.one("guidance_get", id=guidance_id)

    def recent_guidance(self, name: str, target: str | None, now: int) -> Row | None:
        """Return the newest receipt for an operation and target that has not expired."""
        return self._session.one("guidance_recent", operation_name=name, target=target, now=now)

    def guidance_page(self, after: str) -> Sequence[Row]:
        """Return the next receipts after an id."""
        return self._session.all("guidance_page", after=after, limit=PAGE_ROWS)

    def guidance_count(self, since: int) -> int:
        """Return how many receipts were given since."""
        found = self._session.one("guidance_count", since=since)
        return int(found["receipts"]) if found else 0

    def rewrite_guidance(self, guidance_id: str, values: Mapping[str, Any]) -> None:
        """Replace a receipt's texts, after redaction."""
        self._session.run("guidance_rewrite", id=guidance_id, **values)

    def add_segment(self, row: Mapping[str, Any]) -> bool:
        """Keep an archive segment; return False where its id stands there already."""
        return self._session.run("segment_insert", **row) > 0

    def segment(self, segment_id: str) -> Row | None:
        """Return an archive segment with its data."""
        return self._session.one("segment_get", id=segment_id)

    def segments(self, kind: str | None = None) -> Sequence[Row]:
        """Return the archive segments without their data."""
        return self._session.all("segment_list", kind=kind)

    def remove_segment(self, segment_id: str) -> None:
        """Remove a segment whose rows were restored or purged."""
        self._session.run("segment_delete", id=segment_id)


def _names(name: str) -> list[str]:
    """Return the names under which an operation stands in the log: its own, and that of a procedure's runs."""
    return [name, f"{EXECUTE}{'-'.join(name.lower().split())}"]


def begin_row(operation_id: str, start: OperationStart, guidance_id: str | None, at: int) -> dict[str, Any]:
    """Return the values of a begun operation."""
    return {
        "id": operation_id,
        "name": start.name,
        "target": start.target,
        "context": json.dumps(dict(start.context), ensure_ascii=False),
        "action_class": start.action_class.value,
        "actor_kind": start.actor.kind.value,
        "actor_id": start.actor.id,
        "actor_proof": start.actor.proof,
        "session_id": start.session_id,
        "parent_id": start.parent_id,
        "guidance_id": guidance_id,
        "started_at": at,
    }


def finish_row(outcome: Outcome, finished_at: int) -> dict[str, Any]:
    """Return the values of an outcome; the fingerprint and links are the caller's."""
    seconds = outcome.duration_seconds
    failed = isinstance(outcome, Failed)
    return {
        "finished_at": finished_at,
        "outcome": "failed" if failed else "succeeded",
        "result": None if outcome.result is None else json.dumps(outcome.result, ensure_ascii=False),
        "error": json.dumps(plain(outcome.error), ensure_ascii=False) if isinstance(outcome, Failed) else None,
        "duration_us": None if seconds is None else int(seconds * SECOND_MICROS),
        "cost": outcome.cost,
        "evidence": outcome.evidence.value,
        "fingerprint": None,
        "error_memory_id": None,
        "followed_id": None,
    }


def operation_of(row: Row) -> Operation:
    """Read a row as an Operation."""
    return value_of(Operation, row, start=value_of(OperationStart, row, "context"), outcome=outcome_of(row))


def policy_of(row: Row) -> GrowthPolicy:
    """Read a row as a GrowthPolicy."""
    return value_of(GrowthPolicy, row)


def outcome_of(row: Row) -> Outcome | None:
    """Read how something ended from the columns that `finish_row` gives; None where it has not."""
    if row["outcome"] is None:
        return None
    result: JSON = None if row["result"] is None else json.loads(row["result"])
    seconds = None if row["duration_us"] is None else row["duration_us"] / 1_000_000
    evidence = Evidence(row["evidence"])
    if row["outcome"] == "succeeded":
        return Succeeded(result=result, duration_seconds=seconds, cost=row["cost"], evidence=evidence)
    error = from_json(ErrorEvent, row["error"]) if row["error"] else ErrorEvent()
    return Failed(error=error, result=result, duration_seconds=seconds, cost=row["cost"], evidence=evidence)
