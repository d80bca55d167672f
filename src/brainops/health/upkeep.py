"""How is a memory looked after: indexes, archives, backups, figures and checks?"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from brainops import lazy

if TYPE_CHECKING:
    from brainops.memory import meaning
    from brainops.memory import reindex as sweep
    from brainops.memory.context import MemoryContext
    from brainops.memory.transfer import retention, transfer
    from brainops.store import operations
    from brainops.types import AuditEntry, Check, Junk, Micros, Page, Progress
else:
    meaning, sweep = lazy.modules("brainops.memory", "meaning reindex")
    (operations,) = lazy.modules("brainops.store", "operations")
    retention, transfer = lazy.modules("brainops.memory.transfer", "retention transfer")


class Upkeep:
    """Looks after what is stored."""

    def __init__(self, context: MemoryContext, flush: Callable[[], object], settle: Callable[[], object]) -> None:
        self._context = context
        self._flush = flush  # for what is to be whole
        self._settle = settle  # for who only reads

    def embed_pending(self, *, limit: int | None = None, progress: Progress | None = None) -> int:
        """Embed memories that wait for a vector, and return how many; stopping in between loses nothing."""
        return meaning.embed_pending(self._context.store, self._context.meaning, limit=limit, progress=progress)

    def catching_up(self) -> AbstractContextManager[None]:
        """Return a context in which a question is asked: a few that wait get their vector before, more after it."""
        from brainops.memory.drain import catching_up

        return catching_up(lambda limit: self.embed_pending(limit=limit))

    def handles(self, ids: Collection[str]) -> Mapping[str, str]:
        """Return the handle of each of these ids that is one of this store: its shortest end that no other id has."""
        from brainops.health.handles import handles_in

        return handles_in(self._context.store, ids)

    def ending(self, end: str) -> Mapping[str, str]:
        """Return what has this id, or an id that ends so: of which kind, by its id."""
        from brainops.health.handles import ending_in

        return ending_in(self._context.store, end)

    def reindex(self, *, progress: Progress | None = None) -> int:
        """Write every index anew from the rows, and return how many memories that were."""
        return sweep.reindex(self._context, progress=progress)

    def reembed(self, *, progress: Progress | None = None) -> int:
        """Give every memory a vector of the present model; resumable, and search goes on with what there is."""
        return sweep.reembed(self._context, progress=progress)

    def redact_rescan(self, *, dry_run: bool = False, progress: Progress | None = None) -> sweep.Rescanned:
        """Look through everything stored for secrets that today's rules know, and take them out of rows and indexes.

        Versions of procedures never change: those that hold one are named.
        """
        from brainops.procedures.definition.sources import holds_secret

        return sweep.rescan(self._context, dry_run=dry_run, progress=progress, leaks=holds_secret)

    def export_to(
        self, path: str | os.PathLike[str], *, force: bool = False, progress: Progress | None = None
    ) -> transfer.Exported:
        """Write everything readable as JSONL; `import_from` puts it back losslessly, on either database.

        Raises Conflict where a file is there and `force` is not set, and for a store in any case.
        """
        self._flush()
        return transfer.export_to(self._context, os.fspath(path), progress=progress, force=force)

    def import_from(
        self,
        path: str | os.PathLike[str],
        *,
        into: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> transfer.Imported:
        """Take in a JSONL export; what stands here already is left alone. Raises ArchiveDamaged.

        Only what the written namespace held is taken, unless `into` says for a namespace of the file where it goes.
        Nothing that a file brings is in force: procedures are drafts, rules and settings are not set, fixes are
        suggested, approvals have expired, and runs have ended (docs/reference/export.md).
        """
        from brainops.procedures.definition.sources import require_canonical

        path = os.fspath(path)
        return transfer.import_from(self._context, path, progress=progress, into=into, procedure=require_canonical)

    def backup(self, path: str | os.PathLike[str]) -> str:
        """Write a verified copy of the whole store while others work, its digest beside it; return that SHA-256.

        Raises Conflict where a file is there already.
        """
        return transfer.backup(self._context, os.fspath(path))

    def compact(self, *, older_than_days: float, dry_run: bool = False) -> retention.Compacted:
        """Move old operations and archived memories into compressed, verified, searchable segments."""
        return retention.compact(self._context, older_than_days=older_than_days, dry_run=dry_run)

    def restore_segment(self, segment_id: str) -> retention.Restored:
        """Put an archive segment's rows back where they came from."""
        return retention.restore_segment(self._context, segment_id)

    def set_growth(self, policy: operations.GrowthPolicy) -> None:
        """Say how much of an operation's log is kept, in the written namespace."""
        retention.set_policy(self._context, policy)

    def status(self) -> dict[str, Any]:
        """Return counts, index state and backlog, the last capture, growth and sizes, as JSON-ready values."""
        from brainops.health.status import status as figures

        self._settle()
        return figures(self._context)

    def doctor(self) -> list[Check]:
        """Write, read and match for trial, verify rows, indexes and trail; each check passes or names the way out."""
        from brainops.health.doctor import doctor as checked

        return checked(self._context)

    def trail(
        self, *, act: str | None = None, by: str | None = None, subject: str | None = None,
        since: Micros | None = None, until: Micros | None = None, limit: int = 100, after: str | None = None,
        before: str | None = None,
    ) -> Page[AuditEntry]:  # fmt: skip
        """Return lines of the audit trail of the written namespace, the newest first: who did what, when and why.

        Of one act by its name in the trail, by one actor by id, of one subject, and from `since` up to `until`.
        """
        from brainops.types.limits import Limit
        from brainops.wire import from_plain

        from_plain(Limit, limit, "limit")
        with self._context.store.read() as tx:
            return tx.trail.newest(
                limit, act=act, actor=by, subject=subject, since=since, until=until, after=after, before=before
            )

    def audit(self, *, limit: int = 100, progress: Progress | None = None) -> list[Junk]:
        """Return what makes memory worse to read, each with the command that mends it."""
        from brainops.health.audit import audit as audited

        return audited(self._context, limit=limit, progress=progress)
