"""What can be said of and done to a store that is not open: its place, its schema, putting a backup there?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainops import config
from brainops.config import DEFAULT_STORE
from brainops.errors import InvalidInput, StoreCorrupt, StoreUnavailable
from brainops.store import acts
from brainops.store.scope import STORE_NAMESPACE, Scope

if TYPE_CHECKING:
    from brainops.memory.redaction.redact import Redacted
    from brainops.types import JSON, Actor, Proof


def location(store: str | None) -> str:
    """Return where the store is that the settings name: an absolute path, ":memory:" or a URL."""
    named = config.load(store=store).store
    return named if named == ":memory:" or "://" in named else str(Path(named).expanduser().absolute())


def is_served(store: str | None) -> bool:
    """Say whether the settings name a server that has the store."""
    return config.server_of(store) is not None


def missing(store: str | None) -> str | None:
    """Return the file that the settings name and that is not there; None where it is, or is the default place."""
    place = location(store)
    if place == ":memory:" or "://" in place or _is_there(Path(place)):
        return None
    return None if Path(place) == (data_folder() / DEFAULT_STORE).expanduser().absolute() else place


def data_folder() -> Path:
    """Return where the default store lies, and what stands beside it."""
    return config.data_folder(os.environ)


def everywhere() -> str:
    """Return the namespace that holds whatever folder one is in: the one that is named, else the personal one."""
    return config.load(folder=Path(os.sep)).namespace


def setting(name: str) -> str:
    """Return one setting as it stands when nothing else is asked for."""
    return str(getattr(config.load(), name))


def settings(given: Mapping[str, Any]) -> dict[str, dict[str, JSON]]:
    """Return each setting with its value and where that comes from, some of them given; no password is told."""
    from brainops.health.status import masked

    known = {name: value for name, value in given.items() if value is not None}
    held, sources = config.load(**known), config.sources(os.environ, known)
    values = {name: getattr(held, name) for name in sources}
    values |= {"store": masked(held.store), "actor": f"{held.actor.kind.value}:{held.actor.id}"}
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return {name: {"value": told[name], "from": source} for name, source in sources.items()}


def schema(store: str | None) -> dict[str, int | list[str]]:
    """Return the stored and the program's schema and the pending migrations, changing nothing; raise StoreError."""
    from brainops.store import open_store
    from brainops.store.schema import versions

    place = location(store)
    if "://" not in place and not _is_there(Path(place)):
        pending = versions("sqlite")
        return {"stored": 0, "program": pending[-1][0], "pending": [name for _, name in pending]}
    settings = config.load(store=store)
    opened = open_store(place, Scope.of(settings.namespace, settings.read), migrate=False)
    try:
        return opened.upkeep.schema()
    finally:
        opened.close()


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be reached: {error.strerror}; check who may enter its folder") from error


def restore(
    backup: str,
    store: str | None,
    *,
    replace: bool,
    sha256: str | None = None,
    unverified: bool = False,
    proof: Proof | None = None,
) -> tuple[str, str | None]:
    """Put a verified backup in the store's place, as a person; return the place, and where what stood there is kept.

    Where a store stands there in which somebody may approve, it takes the `proof` of one of them: those who may, the
    rules and the record are replaced with it. Raises ArchiveDamaged, Conflict, InvalidInput where its SHA-256 is not
    known, StoreUnavailable where it is in use, ApprovalUnproven.
    """
    from brainops.health.status import masked

    place = location(store)
    if place == ":memory:":
        raise InvalidInput("a backup is put back as a file or into a database; :memory: is gone with its process")
    settings = config.load(store=store)
    by = _allowed(place, settings, proof) if replace else settings.actor
    if "://" in place:
        from brainops.store.postgres_upkeep import restore_database

        kept = restore_database(backup, place, replace=replace, sha256=sha256, unverified=unverified)
    else:
        from brainops.store.sqlite_restore import restore_file

        kept = restore_file(backup, place, replace=replace, sha256=sha256, unverified=unverified)
    if kept is not None:
        _sign(place, settings, by, backup=Path(backup).name, kept=Path(kept).name)
    return masked(place), None if kept is None else str(kept)


def _allowed(place: str, settings: config.Settings, proof: Proof | None) -> Actor:
    """Return who replaces what stands there; of what is too damaged to say who may approve, only the actor is asked."""
    from brainops.memory.context import MemoryContext
    from brainops.memory.meaning import Meaning
    from brainops.memory.redaction.policy import RedactionPolicy
    from brainops.procedures.consent.approvers import Approvers
    from brainops.procedures.consent.outbox import Outbox
    from brainops.store import open_store

    acts.require(acts.RESTORE_STORE, settings.actor, proven=True)
    if "://" not in place and not _is_there(Path(place)):
        return settings.actor
    try:
        with closing(open_store(place, Scope.of(settings.namespace), migrate=False)) as standing:
            if not standing.upkeep.schema()["stored"]:
                return settings.actor
            context = MemoryContext(
                store=standing, redaction=RedactionPolicy(), meaning=Meaning("none"), actor=settings.actor
            )
            standing.prove = Approvers(context, Outbox(context)).prove
            proven = standing.allow(acts.RESTORE_STORE, settings.actor, proof)
    except StoreCorrupt:
        return settings.actor
    return proven.actor if proven is not None else settings.actor


def _sign(place: str, settings: config.Settings, by: Actor, **detail: JSON) -> None:
    """Let the store that was put there say who did; one of another schema says so where it is migrated by then."""
    from brainops.store import open_store

    with closing(open_store(place, Scope.of(settings.namespace), migrate=False)) as store:
        if store.upkeep.schema()["pending"]:
            return
        with store.writing(acts.RESTORED, by, scope=Scope.of(STORE_NAMESPACE)) as tx:
            tx.trail.append(acts.RESTORED.name, store.now(), **detail)


def preview(text: str, personal_data: str | None = None) -> Redacted:
    """Return a text as capture would store it, and what was taken out; hashed personal data shows as dropped."""
    from brainops.memory.redaction.policy import RedactionPolicy
    from brainops.memory.redaction.redact import redact

    asked = config.load(personal_data=personal_data).personal_data
    return redact(text, RedactionPolicy(personal="allow" if asked == "allow" else "drop"))
