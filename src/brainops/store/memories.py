"""What does the store hold of memories, and how is a row read as a Memory?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from brainops.errors import Conflict, InvalidInput, NotFound
from brainops.store.actors import actor_of
from brainops.store.counts import FOLD_EVERY, CountRows
from brainops.store.cursors import read, written
from brainops.store.named import back
from brainops.store.paging import list_of, outside, page_of, place_beside
from brainops.store.rows import always
from brainops.types import Filter, Memory, MemoryState, MemoryType, MemoryUse, Page, Source, Trust
from brainops.types.times import DAY_MICROS

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.store.search import Index, Words
    from brainops.types import Micros

PAGE_ROWS = 500  # rows fetched at a time when a whole store is walked
ID_CHARACTERS = 36
FOLLOWERS = 20  # operations that followed a memory which are named, the newest
FAR_AHEAD_MICROS = DAY_MICROS  # no clock that is only a little off is a day ahead
LIST_LIMIT = 100_000  # no list is longer than this


class Inserted(Struct, frozen=True, kw_only=True):
    """What an insert did: `fresh` is False where the same memory stood there already."""

    key: int
    id: str
    occurrences: int
    created_at: int
    fresh: bool


class MemoryRows:
    """The memories of one transaction."""

    def __init__(self, session: Session, index: Index) -> None:
        self._session = session
        self._index = index

    def insert(self, row: Mapping[str, Any], words: Words, *, asked: bool = False) -> Inserted | None:
        """Insert a memory with its word index, or count the same one again, which then holds of what this one says.

        Returns None, with nothing done, where its equal has ended, is about another subject, or is verified and nobody
        asked yet whether it may change.
        """
        found = self._session.one("memory_insert", **row, asked=asked)
        if found is None:
            return None
        fresh = found["id"] == row["id"]
        if fresh:
            self._index_words(found["key"], row, words)
            self._count_sometimes(found["key"], row["now"])
        return _inserted(found, fresh=fresh)

    def _count_sometimes(self, key: int, now: Micros) -> None:
        """Add up what was appended to the counts, once in so many captures: of a program that does no upkeep, too."""
        if key % FOLD_EVERY == 0:
            CountRows(self._session).fold(now)

    def count(self, memory_id: str, now: Micros) -> Inserted:
        """Count a memory again that stays as it is."""
        found = self._session.one("memory_count", id=memory_id, now=now)
        assert found is not None
        return _inserted(found, fresh=False)

    def put_back(self, row: Mapping[str, Any], words: Words) -> bool:
        """Insert an exported row as it was; return False where its id stands there already."""
        found = self._session.one("memory_restore_row", **row)
        if found is None:
            return False
        self._index_words(found["key"], row, words)
        self._count_sometimes(found["key"], row["created_at"])
        return True

    def _index_words(self, key: int, row: Mapping[str, Any], words: Words) -> None:
        tags: list[str] = json.loads(row["tags"])
        for tag in tags:
            self._session.run("tag_insert", memory_key=key, tag=tag)
        self._index.add(self._session, key, words, row)

    def reindex(self, row: Row, words: Words) -> None:
        """Write a memory's word index and tags anew, from what its row says now."""
        self._index.remove(self._session, row["key"])
        self._session.run("tag_delete", memory_key=row["key"])
        self._index_words(row["key"], row, words)

    def row(self, memory_id: str) -> Row:
        """Return a readable memory's row; raise NotFound."""
        found = self._session.one("memory_get", id=checked_id(memory_id))
        if found is None:
            raise NotFound(f"there is no memory {memory_id[:80]!r} in the namespaces that you read")
        return found

    def writable_row(self, memory_id: str) -> Row:
        """Return a memory's row in the written namespace; raise NotFound."""
        found = self._session.one("memory_get_writable", id=checked_id(memory_id))
        if found is None:
            raise NotFound(
                f"there is no memory {memory_id[:80]!r} in the namespace {self._session.scope.write!r}, "
                "which is the one that you write; open the memory with the namespace that it belongs to"
            )
        return found

    def by_idempotency(self, key: str, key_hash: str) -> Row | None:
        """Return what was captured under an idempotency key before; `said` is the digest of what was said then."""
        return self._session.one("memory_by_idempotency", idempotency_key=key, key_hash=key_hash)

    def keep_key(self, key_hash: str, memory_key: int, said: str) -> None:
        """Remember under which idempotency key a memory was captured, and what was said."""
        self._session.run("capture_key_insert", key_hash=key_hash, memory_key=memory_key, said=said)

    def same(self, content_hash: str) -> Row | None:
        """Return the memory that stands under this identity, whether its validity has ended or not."""
        return self._session.one("memory_same", content_hash=content_hash)

    def by_keys(self, keys: Sequence[int]) -> dict[int, Row]:
        """Return the readable rows of these keys."""
        return {row["key"]: row for row in self._session.all("memory_by_keys", keys=list(keys))}

    def facts(self, keys: Sequence[int]) -> dict[int, Row]:
        """Return what ranking needs to know of readable memories."""
        return {row["key"]: row for row in self._session.all("memory_facts", keys=list(keys))}

    def newest(
        self, wanted: Filter, limit: int, now: Micros, after: str | None = None, before: str | None = None
    ) -> Page[Memory]:
        """Return a page of the memories that pass a filter, newest first; those ahead of now, by a wrong clock, last.

        Where "ahead" begins stands in the cursor, so that none changes its place while somebody reads on.
        """
        given, of = filter_parameters(wanted), list_of(self._session, "memory_list", structs.asdict(wanted))
        cursor, goes_back = place_beside(after, before), before is not None
        far, place = now + FAR_AHEAD_MICROS, None
        if cursor is not None:
            far, *place = map(int, read(cursor, of, int, int, int))
        near = {**given, "until": far if wanted.until is None else min(far, wanted.until)}
        ahead = {**given, "since": far if wanted.since is None else max(far, wanted.since)}
        parts = [ahead, near] if goes_back else [near, ahead]
        if place is not None and (place[0] >= far) is not goes_back:
            parts = parts[1:]
        rows: list[Row] = []
        for part in parts:
            if len(rows) <= limit:
                rows += self._newest(wanted.types, part, limit + 1 - len(rows), place, goes_back)
                place = None
        return page_of(
            rows, limit, memory_of, lambda row: written(of, [far, row["created_at"], row["key"]]), after, before
        )

    def _newest(
        self,
        types: Sequence[MemoryType],
        given: Mapping[str, Any],
        limit: int,
        place: Sequence[Any] | None,
        goes_back: bool,
    ) -> list[Row]:
        """Return rows from a place on: those of each namespace, and of each type asked for, from its index."""
        found: list[Row] = []
        for namespace in self._session.scope.read:
            for type in dict.fromkeys(types) or (None,):
                name = "memory_list" if type is None else "memory_list_of_type"
                at = place or outside(self._session.order(name), goes_back)
                found += self._session.all(
                    back(name) if goes_back else name,
                    **given,
                    of_namespace=namespace,
                    **({} if type is None else {"of_type": type.value}),
                    place_0=at[0],
                    place_1=at[1],
                    limit=limit,
                )
        return sorted(found, key=lambda row: (row["created_at"], row["key"]), reverse=not goes_back)[:limit]

    def by_fingerprint(
        self, digest: str, texts: Sequence[str], wanted: Filter | None = None, *, limit: int
    ) -> list[Memory]:
        """Return the memories of an error fingerprint, or of its text's, that pass a filter, most useful first."""
        given = filter_parameters(wanted or Filter())
        rows = self._session.all("memory_by_fingerprint", fingerprint=digest, texts=list(texts), limit=limit, **given)
        return [memory_of(row) for row in rows]

    def by_source(self, prefix: str) -> list[Memory]:
        """Return the current memories of the written namespace whose source key begins like this."""
        rows = self._session.all("memory_by_source", prefix=prefix, prefix_end=prefix + "\U0010ffff", limit=LIST_LIMIT)
        return [memory_of(row) for row in rows]

    def of_sources(self, keys: Sequence[str]) -> dict[str, Memory]:
        """Return the readable current memories with these source keys; of several, the newest."""
        rows = self._session.all("memory_of_sources", source_keys=list(keys)) if keys else []
        return {row["source_key"]: memory_of(row) for row in rows}

    def by_subject(self, subject: str) -> Sequence[Row]:
        """Return every row about a subject in the written namespace, in any state."""
        return self._session.all("memory_by_subject", subject=subject, limit=LIST_LIMIT)

    def chain(self, memory_id: str) -> list[Memory]:
        """Return what this memory replaced and what replaced it, oldest first."""
        return [memory_of(row) for row in self._session.all("memory_chain", id=memory_id)]

    def newest_key(self) -> int:
        """Return the highest key, which bounds how many memories there are."""
        row = self._session.one("lexical_last")
        return int(row["key"] or 0) if row else 0

    def page(self, after: int) -> Sequence[Row]:
        """Return the next rows after a key, in key order."""
        return self._session.all("memory_page", after=after, limit=PAGE_ROWS)

    def neighbours(self, keys: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """Return for each key the keys captured directly before and after it in its session."""
        rows = self._session.all("memory_neighbours", keys=list(keys))
        return {
            row["key"]: tuple(key for key in (row["previous_key"], row["next_key"]) if key is not None) for row in rows
        }

    def set_state(self, memory_id: str, state: MemoryState, expected: MemoryState, words: Words) -> None:
        """Move a memory from one state to another; raise Conflict where it is not in the expected one."""
        row = self.writable_row(memory_id)
        changed = self._session.run("memory_set_state", id=memory_id, state=state.value, expected=expected.value)
        if not changed:
            raise Conflict(f"memory {memory_id} is {row['state']}, not {expected.value}")
        self.reindex(self.writable_row(memory_id), words)

    def mark_superseded(self, memory_id: str, successor: str, valid_to: int, words: Words) -> None:
        """Say that a memory was replaced; raise Conflict where it was before."""
        changed = self._session.run("memory_supersede", id=memory_id, superseded_by=successor, valid_to=valid_to)
        if not changed:
            row = self.writable_row(memory_id)
            raise Conflict(f"memory {memory_id} was superseded before, by {row['superseded_by']}; supersede that one")
        self.reindex(self.writable_row(memory_id), words)

    def link_supersedes(self, memory_id: str, older: str) -> None:
        """Say that a memory that stood there already replaces another."""
        self._session.run("memory_link_supersedes", id=memory_id, supersedes=older)

    def set_source(self, memory_id: str, source_key: str, uri: str | None) -> None:
        """Move a memory to another place in its source."""
        self._session.run("memory_set_source", id=memory_id, source_key=source_key, uri=uri)

    def set_tags(self, memory_id: str, tags: str, words: Words) -> None:
        """Replace a memory's tags (JSON text), with every index of them."""
        self._session.run("memory_set_tags", id=memory_id, tags=tags)
        self.reindex(self.writable_row(memory_id), words)

    def set_metadata(self, memory_id: str, metadata: str) -> None:
        """Replace a memory's metadata (JSON text)."""
        self._session.run("memory_set_metadata", id=memory_id, metadata=metadata)

    def join(self, memory_id: str, row: Mapping[str, Any]) -> None:
        """Let a memory hold of what another one of the same content says: whom it is about, and for how long."""
        self._session.run("memory_join", **{**row, "id": memory_id})

    def set_hash(self, memory_id: str, content_hash: str) -> None:
        """Give a memory the identity under which it may be current."""
        self._session.run("memory_set_hash", id=memory_id, content_hash=content_hash)

    def set_flag(self, memory_id: str, reason: str | None) -> None:
        """Mark a memory for review, or clear the mark."""
        self._session.run("memory_set_flag", id=memory_id, flag=reason)

    def clear_flag(self, memory_id: str, reason: str) -> None:
        """Clear the mark for review that says this; another one stays."""
        self._session.run("memory_clear_flag", id=memory_id, flag=reason)

    def add_feedback(
        self, memory_id: str, change: float, now: Micros, *, ends: bool = False, ended_at: Micros | None = None
    ) -> None:
        """Add to a memory's feedback; end its validity, or open it again where a verdict of that time ended it."""
        self._session.run("memory_add_feedback", id=memory_id, change=change, now=now, ends=ends, ended_at=ended_at)

    def rewrite(self, row: Row, values: Mapping[str, Any], words: Words) -> None:
        """Replace a memory's text after redaction, with every index of it."""
        self._session.run("memory_rewrite", id=row["id"], **values)
        self._session.run("vector_delete", memory_key=row["key"])
        self.reindex(self.writable_row(row["id"]), words)

    def delete(self, row: Row) -> None:
        """Remove a memory and all that is derived from it."""
        self._index.remove(self._session, row["key"])
        self._session.run("memory_unlink", id=row["id"])
        self._session.run("memory_delete", id=row["id"])

    def remove_archived(self, rows: Iterable[Row]) -> None:
        """Take rows out that a verified segment holds; links to them stay, because they can be restored."""
        for row in rows:
            self._index.remove(self._session, row["key"])
            self._session.run("memory_delete", id=row["id"])

    def prune_index(self) -> None:
        """Take words out of the index that belong to no memory."""
        self._session.run("lexical_prune")

    def key(self, memory_id: str) -> int | None:
        """Return a readable memory's key, or None where there is no such memory."""
        row = self._session.one("memory_key", id=memory_id)
        return None if row is None else int(row["key"])

    def count_retrieved(self, uses: Mapping[int, int]) -> None:
        """Add up how often memories were retrieved."""
        self._session.many("memory_count_retrieved", ({"key": key, "times": times} for key, times in uses.items()))

    def used(self, ids: Sequence[str]) -> MemoryUse:
        """Return how often a memory was used in any of its versions, and the newest operations that followed it."""
        row = always(self._session, "memory_used", ids=list(ids))
        followers = self._session.all("memory_followers", ids=list(ids), limit=FOLLOWERS)
        counted = {name: int(row[name]) for name in ("retrieved", "given", "followed", "right", "wrong")}
        return MemoryUse(**counted, operations=tuple(each["id"] for each in followers))

    def kinds(self, keys: Sequence[int]) -> Sequence[Row]:
        """Return how many of these memories are of which `type` and `trust`."""
        return self._session.all("memory_kinds", keys=list(keys))

    def tags_of(self, keys: Sequence[int], limit: int) -> Mapping[str, int]:
        """Return the tags that these memories have, the most frequent first."""
        rows = self._session.all("memory_tags_of", keys=list(keys), limit=limit)
        return {row["tag"]: int(row["memories"]) for row in rows}

    def passing(self, wanted: Filter, limit: int) -> list[int]:
        """Return the keys of the newest memories that pass a filter, at most so many."""
        rows = self._session.all("memory_keys", limit=limit, **filter_parameters(wanted))
        return [row["key"] for row in rows]

    def junk(self, *, oversized: int, unused_before: int, limit: int) -> Sequence[Row]:
        """Return current memories that are flagged, oversized, stale or never retrieved."""
        return self._session.all("memory_junk", oversized=oversized, unused_before=unused_before, limit=limit)

    def add_occurrence(self, key: int, at: int, source: Source, detail: str | None, keep: int) -> bool:
        """Record that a memory was seen again, up to so many times; say whether it was recorded."""
        counted = self._session.one("occurrence_count", memory_key=key)
        if counted is not None and counted["occurrences"] >= keep:
            return False
        self._session.run(
            "occurrence_insert",
            memory_key=key,
            now=at,
            actor_kind=source.actor.kind.value,
            actor_id=source.actor.id,
            session_id=source.session_id,
            operation_id=source.operation_id,
            uri=source.uri,
            detail=detail,
        )
        return True

    def occurrences(self, memory_id: str, limit: int = PAGE_ROWS) -> Sequence[Row]:
        """Return when a memory was seen again, newest first."""
        return self._session.all("occurrence_list", id=memory_id, limit=limit)

    def occurrences_between(self, after: int, until_key: int) -> Sequence[Row]:
        """Return the occurrences of the memories with keys in (after, until_key]."""
        return self._session.all("occurrence_page", after=after, until_key=until_key)

    def put_back_occurrence(self, row: Mapping[str, Any]) -> None:
        """Insert an exported occurrence as it was."""
        self._session.run("occurrence_restore_row", **row)

    def rewrite_occurrence(self, key: int, at: int, detail: str | None, uri: str | None) -> None:
        """Replace what an occurrence says, after redaction."""
        self._session.run("occurrence_rewrite", memory_key=key, at=at, detail=detail, uri=uri)


def walk(memories: MemoryRows) -> Iterator[Row]:
    """Yield every readable row, a page at a time."""
    after = 0
    while rows := memories.page(after):
        yield from rows
        after = rows[-1]["key"]


def _inserted(row: Row, *, fresh: bool) -> Inserted:
    return Inserted(fresh=fresh, **{name: row[name] for name in ("key", "id", "occurrences", "created_at")})


def memory_of(row: Row) -> Memory:
    """Read a row as a Memory."""
    # Field by field, in two thirds of the time that `value_of` takes: each hit of each search is read here.
    return Memory(
        id=row["id"],
        namespace=row["namespace"],
        type=MemoryType(row["type"]),
        title=row["title"],
        content=json.loads(row["content"]) if row["content_format"] == "json" else row["content"],
        tags=tuple(json.loads(row["tags"])),
        importance=row["importance"],
        metadata=json.loads(row["metadata"]),
        trust=Trust(row["trust"]),
        source=Source(
            actor=actor_of(row),
            session_id=row["session_id"],
            operation_id=row["operation_id"],
            run_id=row["run_id"],
            uri=row["uri"],
            key=row["source_key"],
        ),
        subject=row["subject"],
        fingerprint=row["fingerprint"],
        occurrences=row["occurrences"],
        state=MemoryState(row["state"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        last_seen_at=row["last_seen_at"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        supersedes=row["supersedes"],
        superseded_by=row["superseded_by"],
        feedback=row["feedback"],
    )


def checked_id(memory_id: str) -> str:
    """Return an id that can be looked up; raise InvalidInput where it is none."""
    if isinstance(memory_id, str) and memory_id.isascii() and 0 < len(memory_id) <= ID_CHARACTERS:
        return memory_id.replace("\0", "")
    raise InvalidInput(f"a memory id is a text like 0197f6a2-3c1e-7b0a-9d54-2f8b6c1a7e90, not {str(memory_id)[:60]!a}")


def filter_parameters(wanted: Filter) -> dict[str, Any]:
    """Return a filter as the parameters of the statements that include `memory_filter`."""
    return {
        "types": _list([kind.value for kind in wanted.types]),
        "trust": _list([trust.value for trust in wanted.trust]),
        "tags": _list(wanted.tags),
        "session_id": wanted.session_id,
        "since": wanted.since,
        "until": wanted.until,
        "as_of": wanted.as_of,
        "include_archived": wanted.include_archived,
        "include_superseded": wanted.include_superseded,
    }


def _list(values: Iterable[str]) -> list[str] | None:
    return list(values) or None
