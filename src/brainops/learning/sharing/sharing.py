"""How do instances share what they learnt: signed, redacted, and taken in as external?

A bundle is signed by the instance that made it, and taken in only from a key that a person said to listen to. What
comes is external: insights are quoted, procedures are drafts, fixes are suggestions with a discounted prior.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from brainops.config import data_folder
from brainops.errors import ArchiveDamaged, BrainOpsError, Conflict, InvalidInput, NotFound
from brainops.learning.sharing import outgoing
from brainops.learning.sharing.bundle import KINDS, MAX_BYTES, Bundle, Item, read, written
from brainops.learning.sharing.incoming import BundleIntake, withdraw
from brainops.learning.sharing.signing import InstanceKey, checked_key, own_key, signed_by
from brainops.learning.signals.pages import page
from brainops.memory.context import MemoryContext
from brainops.procedures.catalog import Catalog
from brainops.procedures.fixes.fix_procedure import TAG as FIX_TAG
from brainops.procedures.fixes.fixes import Fixes
from brainops.store import acts
from brainops.store.actors import actor_columns
from brainops.store.database import Row
from brainops.store.files import ORDINARY, new_file
from brainops.store.rows import value_of
from brainops.types import Filter, Peer, Progress, Proof, Received, Shared, Trust
from brainops.types.limits import LISTED, MAX_TEXT_CHARACTERS, Said
from brainops.types.page import Page
from brainops.wire import from_plain
from brainops_core.redaction.redact import clean

SUFFIX = ".bundle"
MAX_PEER_NAME_CHARACTERS = 80
SHOWN_REFUSALS = 20
NOT_SHARED = frozenset({"founding", FIX_TAG})  # every instance has the first; a fix brings its own


class Sharing:
    """Bundles of learnings that leave and arrive."""

    def __init__(self, context: MemoryContext, procedures: Catalog, fixes: Fixes) -> None:
        self._context = context
        self._procedures = procedures
        self._fixes = fixes

    def key(self) -> str:
        """Return this instance's public key, by which others know it. Raises MissingExtra."""
        return self._own().public

    def peers(self) -> list[Peer]:
        """Return the instances that are or were listened to, by name."""
        with self._context.store.read() as tx:
            return [value_of(Peer, row, actor="added_by") for row in tx.sharing.peers()]

    def trust(
        self, key: str, *, name: str, source: str | None = None, reason: str = "", proof: Proof | None = None
    ) -> Peer:
        """Listen to an instance from now on; `source` is the file, folder or URL that `pull` reads.

        A person does this; a strict namespace with approvers takes a proof. Raises InvalidInput, Conflict.
        """
        key, name = checked_key(key), self._text(name, "the other instance's name", MAX_PEER_NAME_CHARACTERS)
        now, reason = self._context.store.now(), self._context.text(reason)
        if source is not None and self._context.text(source) != source.strip():
            raise InvalidInput("the source holds a secret, which would be stored; name a place that needs none")
        row = {"key": key, "name": name, "source": source, "added_at": now, "reason": reason}
        with self._context.store.writing(acts.SHARE_TRUST, self._context.actor, proof) as tx:
            tx.sharing.put_peer({**row, **actor_columns(tx.actor)})
            tx.trail.append(key, now, name=name, source=source, reason=reason)
        return next(peer for peer in self.peers() if peer.key == key)

    def distrust(self, peer: str, *, reason: str) -> Received:
        """Listen to an instance no longer, and take out of use what came from it. Raises NotFound."""
        known, now, reason = (
            self._peer(peer),
            self._context.store.now(),
            self._text(reason, "a reason", MAX_TEXT_CHARACTERS),
        )
        with self._context.store.writing(acts.SHARE_DISTRUST, self._context.actor) as tx:
            tx.sharing.revoke_peer(known.key, now, reason)
            tx.trail.append(known.key, now, name=known.name, reason=reason)
            rows = tx.sharing.items(key=known.key)
        return self._withdrawn(rows, Bundle(id="", key=known.key, name=known.name, created_at=0, items=(), revoked=()))

    def export_to(
        self,
        path: str | os.PathLike[str],
        *,
        since: int | None = None,
        tags: Sequence[str] = (),
        name: str = "",
        force: bool = False,
    ) -> Shared:
        """Write what was learnt as one signed bundle: a file, or into a folder under this instance's key.

        Insights, active procedures but the founding ones, and fixes leave; nothing that came from outside, no secret
        and no personal data. Raises InvalidInput, MissingExtra, Conflict where a file is there without `force`.
        """
        if not isinstance(path, (str, os.PathLike)) or isinstance(tags, str) or not isinstance(tags, Sequence):
            raise InvalidInput("a bundle is written to a path, of what has one of a list of tags")
        own, items = self._own(), self._items(since, tuple(tags))
        with self._context.store.read() as tx:
            revoked = tx.sharing.withdrawn(own.public)
        now = self._context.store.now()
        items = [item for item in items if (item.kind, item.id) not in set(revoked)]
        named = self._text(name or self._context.store.scope.write, "a name", MAX_PEER_NAME_CHARACTERS)
        bundle_id, data = written(items, revoked, key=own.public, name=named, created_at=now, sign=own.sign)
        target = Path(path)
        if os.path.isdir(target):
            target = target / f"{own.public}{SUFFIX}"
        with new_file(target, force=force, mode=ORDINARY) as unfinished:
            unfinished.write_bytes(data)
        with self._context.store.writing(acts.SHARE_EXPORT, self._context.actor) as tx:
            tx.sharing.put_bundle(
                _bundle_row(bundle_id, own.public, "out", now, now, len(items), self._context.name(str(target)))
            )
            for item in items:
                values: dict[str, str | int | None] = {
                    "key": own.public,
                    "kind": item.kind,
                    "origin_id": item.id,
                    "local_id": None,
                }
                tx.sharing.put_item(
                    {**values, "bundle_id": bundle_id, "hash": item.hash, "at": now, "verified": 0, "contradicted": 0}
                )
            tx.trail.append(bundle_id, now, items=len(items))
        return Shared(
            bundle=bundle_id, path=str(target), counts=dict(Counter(item.kind for item in items)), revoked=len(revoked)
        )

    def import_from(self, source: str | os.PathLike[str] | bytes, *, progress: Progress | None = None) -> Received:
        """Take in a bundle of an instance that is listened to; again is no change.

        Raises ArchiveDamaged where it is not as its maker signed it, Conflict where nobody listens to that key.
        """
        if not isinstance(source, (bytes, str, os.PathLike)) or "\0" in str(source):
            raise InvalidInput(f"a bundle is a file's path, or its bytes, not {source!r:.60}")
        data = source if isinstance(source, bytes) else _read(Path(source))
        bundle = read(data, signed_by)
        peers = {peer.key: peer for peer in self.peers() if peer.revoked_at is None}
        if bundle.key not in peers and bundle.key != self._own().public:
            raise Conflict(
                f"nobody said to listen to {bundle.name or 'this instance'}; compare its key with its owner, then: "
                f"brainops share trust {bundle.key} --name NAME"
            )
        return self._take(bundle, progress)

    def pull(self, peer: str | None = None) -> list[Received]:
        """Take in the bundles of one peer, or of every peer that has a source; what cannot be read is named."""
        peers = [self._peer(peer)] if peer else [each for each in self.peers() if each.source and not each.revoked_at]
        return [received for each in peers for received in self._pulled(each)]

    def bundles(
        self, direction: str | None = None, *, limit: int = LISTED, after: str | None = None, before: str | None = None
    ) -> Page[dict[str, Any]]:
        """Return the bundles that left ("out") or came ("in"), newest first."""
        if direction not in (None, "in", "out"):
            raise InvalidInput(f"bundles go in or out, not {direction!r:.20}")
        with self._context.store.read() as tx:
            return tx.sharing.bundles(direction, limit, after=after, before=before)

    def revoke(self, bundle: str, *, reason: str) -> Received:
        """Take a bundle back. One that came: its items go out of use here. One that left: the next one says so.

        Raises NotFound; again is no change.
        """
        said, now = self._text(reason, "a reason", MAX_TEXT_CHARACTERS), self._context.store.now()
        wanted = str(bundle)
        row = next((each for each in self.bundles(limit=10_000) if each["id"].startswith(wanted)), None)
        if row is None or len(wanted) < 8:
            raise NotFound(f"no bundle {wanted[:64]!r} left or came here; brainops share list shows them")
        with self._context.store.writing(acts.SHARE_REVOKE, self._context.actor) as tx:
            tx.sharing.revoke_bundle(row["id"], row["direction"], now, said)
            tx.trail.append(row["id"], now, reason=said)
            items = tx.sharing.items(bundle_id=row["id"])
        read_as = Bundle(id=row["id"], key=row["key"], name="", created_at=now, items=(), revoked=())
        return self._withdrawn([each for each in items if each["key"] == row["key"]], read_as)

    def _items(self, since: int | None, tags: tuple[str, ...]) -> list[Item]:
        wanted = Filter(types=outgoing.SHARED_TYPES, tags=tags, since=since)
        with self._context.store.read() as tx:
            insights = outgoing.insights(tx, wanted, self._context.store.now())
        versions = [
            version
            for version in self._procedures.active()
            if not NOT_SHARED & set(version.procedure.tags) and version.trust is not Trust.EXTERNAL
        ]
        fixes = [
            each for each in self._fixes.list(limit=outgoing.MAX_OF_EACH) if each.fix.trust != Trust.EXTERNAL.value
        ]
        versions += [
            self._procedures.get(name) for name in sorted(outgoing.needed((each.fix for each in fixes), versions))
        ]
        return [
            *(outgoing.of_insight(memory, self._context) for memory in insights),
            *(outgoing.of_procedure(version, self._context) for version in versions),
            *(outgoing.of_fix(fix, self._context) for fix in fixes),
        ]

    def _take(self, bundle: Bundle, progress: Progress | None) -> Received:
        intake, counts, refused = BundleIntake(self._context, self._procedures, self._fixes, bundle), Counter[str](), []
        order = sorted(bundle.items, key=lambda item: KINDS.index(item.kind))  # a fix may need a procedure
        for number, item in enumerate(order, 1):
            try:
                counts[f"{item.kind} {intake.take(item)}"] += 1
            except (BrainOpsError, ValueError) as error:
                counts[f"{item.kind} refused"] += 1
                refused.append(f"{item.kind} {item.id[:40]}: {str(error)[:200]}")
            if progress is not None:
                progress(number, len(order))
        left = self._taken_back(bundle, counts)
        now = self._context.store.now()
        with self._context.store.writing(acts.SHARE_IMPORT, self._context.actor) as tx:
            row = _bundle_row(bundle.id, bundle.key, "in", now, bundle.created_at, len(order), None)
            if tx.sharing.put_bundle(row):
                tx.trail.append(bundle.id, now, key=bundle.key, **dict(counts))
        return Received(
            bundle=bundle.id,
            key=bundle.key,
            name=bundle.name,
            counts=dict(counts),
            refused=tuple(refused[:SHOWN_REFUSALS]),
            left=tuple(left),
        )

    def _taken_back(self, bundle: Bundle, counts: Counter[str]) -> list[str]:
        rows = []
        for kind, origin in bundle.revoked:
            if kind not in KINDS:
                continue
            with self._context.store.writing(acts.SHARE, self._context.actor) as tx:
                row = tx.sharing.item(bundle.key, kind, origin)
                if row is None:
                    tx.sharing.bury(bundle.key, kind, origin, bundle.id, self._context.store.now())
            if row is not None and row["withdrawn_at"] is None:
                rows.append(row)
        received = self._withdrawn(rows, bundle)
        counts.update(received.counts)
        return list(received.left)

    def _withdrawn(self, rows: Sequence[Row], bundle: Bundle) -> Received:
        """Take items out of use, each in its own transaction, and mark it afterwards: done again it is no change."""
        counts, left = Counter[str](), []
        for row in rows:
            if row["withdrawn_at"] is not None:
                continue
            reason = f"taken back with what {bundle.name or 'an instance'} shared"
            rest = withdraw(self._context, self._procedures, self._fixes, row, reason)
            if rest is not None:
                left.append(rest)
            with self._context.store.writing(acts.SHARE, self._context.actor) as tx:
                tx.sharing.withdraw(bundle.key, row["kind"], row["origin_id"], self._context.store.now())
            counts[f"{row['kind']} withdrawn"] += 1
        return Received(bundle=bundle.id, key=bundle.key, name=bundle.name, counts=dict(counts), left=tuple(left))

    def _pulled(self, peer: Peer) -> list[Received]:
        if not peer.source:
            raise InvalidInput(f"{peer.name} has no source; say where: brainops share trust KEY --name ... --from PATH")
        found = []
        for place in (
            [str(path) for path in sorted(Path(peer.source).glob(f"*{SUFFIX}"))]
            if "://" not in peer.source and os.path.isdir(peer.source)
            else [peer.source]
        ):
            try:
                data = self._asked(place) if "://" in place else _read(Path(place))
                bundle = read(data, signed_by)
                if bundle.key == peer.key:  # a folder may hold the bundles of others
                    found.append(self._take(bundle, None))
            except BrainOpsError as error:
                said = (f"{place}: {error}",)
                found.append(Received(bundle="", key=peer.key, name=peer.name, counts={}, refused=said))
        return found

    def _asked(self, url: str) -> bytes:
        text, cut = page(self._context, url, MAX_BYTES)
        if cut:
            raise InvalidInput(f"it is longer than {MAX_BYTES:,} bytes, and no bundle is")
        return text.encode()

    def _peer(self, wanted: str) -> Peer:
        found = [peer for peer in self.peers() if wanted in (peer.key, peer.name) and peer.revoked_at is None]
        if len(found) != 1:
            raise NotFound(f"nobody is trusted as {str(wanted)[:80]!r}; brainops share peers shows who is")
        return found[0]

    def _own(self) -> InstanceKey:
        return own_key(data_folder(os.environ))

    def _text(self, value: str, what: str, limit: int) -> str:
        return self._context.text(" ".join(from_plain(Said, value, what).split()), limit)


def _bundle_row(
    bundle_id: str, key: str, direction: str, at: int, created_at: int, items: int, path: str | None
) -> dict[str, str | int | None]:
    values: dict[str, str | int | None] = {"id": bundle_id, "key": key, "direction": direction, "at": at}
    return {**values, "created_at": created_at, "items": items, "path": path}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 20_000)
    except (OSError, ValueError) as error:  # ValueError: no such name can be
        raise ArchiveDamaged(f"{clean(str(path))[:200]} cannot be read ({getattr(error, 'strerror', error)})") from None
