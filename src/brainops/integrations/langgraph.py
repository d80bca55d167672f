"""How does LangGraph's store keep its items in this memory? Each is a memory, and what it said before its history.

    graph = builder.compile(store=MemoryStore(brain))

What is searched with a query is found as any memory is: by words, and by meaning where there is a model.
"""

from __future__ import annotations

import asyncio
import hashlib
import operator
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    validate_op_namespace,
)

from brainops.brain import Brain
from brainops.errors import Conflict
from brainops.integrations.source_keys import TITLE_CHARACTERS, place_of, source_key, tell
from brainops.types import Draft, Hit, Memory, MemoryState, Source
from brainops.types.limits import MAX_LIMIT
from brainops.types.times import MINUTE_MICROS

KIND = "langgraph"

Namespace = tuple[str, ...]
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
_ANY = frozenset({"$eq", "$ne"})  # what compares other values than numbers, too


class MemoryStore(BaseStore):
    """A LangGraph store over a view of the memory. Safe to share between threads.

    Secrets are taken out of values, as of any memory, and a warning in the log says so; a key or a namespace that holds
    one raises InvalidInput. What is deleted or has expired is history, until a person purges it. Reading lets an item
    live longer only where that is asked for (`refresh_ttl`), and what is put again unchanged never lives shorter.
    `index` has no effect: everything is indexed.
    """

    supports_ttl = True

    def __init__(self, brain: Brain, *, ttl: TTLConfig | None = None) -> None:
        """`ttl` says what holds where a call says nothing of it; no sweep is needed, what has expired is not found."""
        self.ttl_config = {"refresh_on_read": False, **(ttl or {}), "omit_expired": True}
        self._brain = brain
        self._changing = threading.Lock()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Answer the operations in order; what they write is written afterwards, of several of an item the last."""
        asked = list(ops)
        for op in asked:
            validate_op_namespace(op)
        results = [self._read(op) for op in asked]
        puts = {(op.namespace, op.key): op for op in asked if isinstance(op, PutOp)}
        if puts:
            with self._changing:
                self._write(puts.values())
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Do in a thread what `batch` does."""
        return await asyncio.to_thread(self.batch, list(ops))

    # Reading

    def _read(self, op: Op) -> Result:
        match op:
            case PutOp():
                return None
            case GetOp():
                found = self._standing(op.namespace, op.key)
                item = _item(found[0]) if found and not _has_expired(found[0]) else None
                if item is not None and op.refresh_ttl:
                    self._refresh(found[:1])
                return item
            case SearchOp():
                return self._search(op)
            case ListNamespacesOp():
                return self._namespaces(op)
        raise ValueError(f"Unknown operation type: {type(op)}")

    def _search(self, op: SearchOp) -> list[SearchItem]:
        found = self._asked(op) if op.query else ((each, None) for each in self._below(op.namespace_prefix))
        fits = [(memory, score) for memory, score in found if _fits(memory.content, op.filter or {})]
        chosen = fits[op.offset : op.offset + op.limit]
        if op.refresh_ttl:
            self._refresh([memory for memory, _ in chosen])
        return [SearchItem(**_parts(memory), score=score) for memory, score in chosen]

    def _asked(self, op: SearchOp) -> Iterator[tuple[Memory, float | None]]:
        limit = MAX_LIMIT if op.filter else max(1, min(op.offset + op.limit, MAX_LIMIT))
        hits: list[Hit] = self._brain.retrieve(
            op.query or "",
            limit=limit,
            tags=(_tag(op.namespace_prefix),),
            namespaces=(self._brain.settings.namespace,),
        )
        yield from ((hit.memory, hit.score) for hit in hits)

    def _below(self, prefix: Namespace) -> list[Memory]:
        """Return the items of a namespace and of those below it, the one that was put last first."""
        newest: dict[str | None, Memory] = {}
        for each in self._brain.by_source(source_key(KIND, prefix)):
            other = newest.get(each.source.key)
            if each.state is MemoryState.ACTIVE and (other is None or _put_at(other) < _put_at(each)):
                newest[each.source.key] = each
        live = (each for each in newest.values() if not _has_expired(each))
        return sorted(live, key=_put_at, reverse=True)

    def _namespaces(self, op: ListNamespacesOp) -> list[Namespace]:
        found = {place_of(each.source.key or "")[0] for each in self._below(())}
        matched = (each for each in found if all(_matches(rule, each) for rule in op.match_conditions or ()))
        listed = sorted({each[: op.max_depth] for each in matched})
        return listed[op.offset : op.offset + op.limit]

    # Writing

    def _write(self, puts: Iterable[PutOp]) -> None:
        fresh: list[Draft] = []
        for op in puts:
            standing = self._standing(op.namespace, op.key)
            if op.value is not None:
                draft = self._draft(op, standing[0] if standing else None)
                if not standing or not self._replaced(standing[0], draft):
                    fresh.append(draft)
                standing = standing[1:]  # what two processes put at once
            for each in standing:
                self._brain.forget(each.id, reason="deleted by the store")
        for draft, captured in zip(fresh, self._brain.capture_many(fresh), strict=True):
            tell(captured, draft)

    def _replaced(self, standing: Memory, draft: Draft) -> bool:
        """Put a draft in the place of a memory; False where that says the same, and this is a repetition."""
        try:
            tell(self._brain.supersede(standing.id, draft), draft)
        except Conflict:
            return False
        return True

    def _draft(self, op: PutOp, standing: Memory | None) -> Draft:
        settings, key = self._brain.settings, source_key(KIND, op.namespace, op.key)
        now = _now()
        metadata: dict[str, Any] = {"created_at": standing.metadata["created_at"] if standing else now}
        if op.ttl is not None:
            metadata["ttl_minutes"] = op.ttl
        return self._brain.draft(
            " ".join("/".join((*op.namespace, op.key)).split())[:TITLE_CHARACTERS],
            dict(op.value or {}),
            source=Source(actor=settings.actor, session_id=settings.session, key=key),
            subject=key,
            tags=[_tag(op.namespace[:depth]) for depth in range(len(op.namespace) + 1)],
            metadata=metadata,
            valid_to=None if op.ttl is None else now + max(1, int(op.ttl * MINUTE_MICROS)),
        )

    def _standing(self, namespace: Namespace, key: str) -> list[Memory]:
        """Return what stands under a key, expired or not, the one that was put last first; there is hardly a second."""
        found = self._brain.by_source(source_key(KIND, namespace, key))
        return sorted((each for each in found if each.state is MemoryState.ACTIVE), key=_put_at, reverse=True)

    def _refresh(self, read: Iterable[Memory]) -> None:
        """Let what was read live on from now: said again, a memory holds as long as the later one says."""
        mortal = [each for each in read if each.valid_to is not None]
        with self._changing:
            for each in mortal:
                namespace, key = place_of(each.source.key or "")
                minutes = each.metadata["ttl_minutes"]
                if self._standing(namespace, key)[:1] == [each] and isinstance(minutes, (int, float)):
                    self._write([PutOp(namespace, key, _value(each), ttl=minutes)])


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1_000_000)


def _put_at(memory: Memory) -> tuple[int, str]:
    return memory.last_seen_at, memory.id


def _has_expired(memory: Memory) -> bool:
    return memory.valid_to is not None and memory.valid_to <= _now()


def _tag(path: Namespace) -> str:
    """Return the tag of all that lies in a namespace or below it: a digest, since tags are short."""
    key = source_key(KIND, path)
    return f"{KIND}:{hashlib.blake2b(key.encode(), digest_size=8).hexdigest()}" if path else KIND


def _value(memory: Memory) -> dict[str, Any]:
    assert isinstance(memory.content, dict)
    return memory.content


def _parts(memory: Memory) -> dict[str, Any]:
    namespace, key = place_of(memory.source.key or "")
    created_at, updated_at = (
        datetime.fromtimestamp(float(str(micros)) / 1_000_000, UTC)
        for micros in (memory.metadata["created_at"], memory.last_seen_at)
    )
    return {
        "value": _value(memory),
        "key": key,
        "namespace": namespace,
        "created_at": created_at,
        "updated_at": updated_at,
    }


def _item(memory: Memory) -> Item:
    return Item(**_parts(memory))


def _fits(value: Any, wanted: Any) -> bool:
    """Say whether a value is as a filter wants it: its operators, its members, or the same."""
    match wanted:
        case dict() if any(name.startswith("$") for name in wanted):
            return all(_compared(name, value, other) for name, other in wanted.items())
        case Mapping():
            return isinstance(value, Mapping) and all(_fits(value.get(name), each) for name, each in wanted.items())
        case list() | tuple():
            alike = isinstance(value, (list, tuple)) and len(value) == len(wanted)
            return alike and all(_fits(*each) for each in zip(value, wanted, strict=True))
        case _:
            return bool(value == wanted)


def _compared(name: str, value: Any, other: Any) -> bool:
    if name not in _COMPARED:
        raise ValueError(f"Unsupported operator: {name}; there are {', '.join(_COMPARED)}")
    numbers = isinstance(value, (int, float)) and isinstance(other, (int, float))
    return (numbers or name in _ANY) and _COMPARED[name](value, other)


def _matches(rule: MatchCondition, namespace: Namespace) -> bool:
    path = rule.path
    if rule.match_type not in ("prefix", "suffix"):
        raise ValueError(f"Unsupported match type: {rule.match_type}")
    part = namespace[: len(path)] if rule.match_type == "prefix" else namespace[max(0, len(namespace) - len(path)) :]
    return len(part) == len(path) and all(wanted in ("*", label) for wanted, label in zip(path, part, strict=True))
