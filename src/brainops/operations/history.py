"""What has an operation's own past to say: which errors did it end in, and what was followed when it went well?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from brainops.store import Transaction
from brainops.types import Explanation, Failed, Hit, Memory, Operation, OperationStart

MOST_SUPERSEDED = 10  # times, one after the other, that a memory was replaced
LOOKED_AT = 20  # of the last operations of a name, those on the same target first
SURE = 0.9  # that what always happened to an operation is about it: the next one may be another case

_NUMBERS = re.compile(r"\bv?\d[\w.]*", re.IGNORECASE)
_SAID = ("operation", "goal", "task")  # where a memory says which operation it is of


class OperationHistory(Struct, frozen=True, kw_only=True):
    """The last operations of a name, and of each memory that one of them ended in or followed how often that was."""

    operations: Sequence[Operation] = ()
    failed: Mapping[str, int] = {}
    helped: Mapping[str, int] = {}
    memories: Mapping[str, Memory] = {}

    def hit(self, memory_id: str) -> Hit:
        """Return a memory of this past as a hit: as probably about the next one as it was about these."""
        count = self.failed.get(memory_id, 0) + self.helped.get(memory_id, 0)
        share = SURE * count / len(self.operations)
        return Hit(memory=self.memories[memory_id], score=1.0, confidence=share, why=Explanation())

    def reason(self, memory_id: str) -> str | None:
        """Return in words what a memory has to do with this past; None where it has nothing."""
        told = []
        if failed := self.failed.get(memory_id):
            told.append(f"this operation failed so in {failed} of its last {len(self.operations)}")
        if helped := self.helped.get(memory_id):
            told.append(f"this operation succeeded with it in {helped} of its last {len(self.operations)}")
        return ", ".join(told) or None


def past_of(tx: Transaction, start: OperationStart) -> OperationHistory:
    """Return the past of an operation: what ended in it counts as it stands now, with the memories that hold still."""
    operations = tx.operations.similar(start.name, start.target, LOOKED_AT)
    failed = Counter(each.error_memory_id for each in operations if _ended_badly(each) and each.error_memory_id)
    helped = Counter(each.followed_id for each in operations if not _ended_badly(each) and each.followed_id)
    now = _standing(tx, {*failed, *helped})
    return OperationHistory(
        operations=operations,
        failed=_counted(failed, now),
        helped=_counted(helped, now),
        memories={memory.id: memory for memory in now.values()},
    )


def _ended_badly(operation: Operation) -> bool:
    return isinstance(operation.outcome, Failed) or operation.contradicted_at is not None


def _counted(counts: Mapping[str, int], now: Mapping[str, Memory]) -> dict[str, int]:
    """Return how often each memory was met, under the id that it has now."""
    found: Counter[str] = Counter()
    for memory_id, count in counts.items():
        if memory_id in now:
            found[now[memory_id].id] += count
    return dict(found)


def _standing(tx: Transaction, ids: Collection[str]) -> dict[str, Memory]:
    """Return what stands for these memories now, by the ids that they had: themselves, or what superseded them."""
    stands = {each: each for each in ids}
    found: dict[str, Memory] = {}
    for _ in range(MOST_SUPERSEDED):
        met = {memory.id: memory for memory in tx.operations.memories(list(stands.values()))}
        found |= {old: met[new] for old, new in stands.items() if new in met and met[new].superseded_by is None}
        stands = {old: after for old, new in stands.items() if new in met and (after := met[new].superseded_by)}
        if not stands:
            break
    return found


def is_of(memory: Memory, start: OperationStart) -> bool:
    """Say whether a memory is of this very operation, perhaps of another version or number of it."""
    content = memory.content
    if not isinstance(content, Mapping):
        return False
    own = _without_numbers(start.name)
    target = content.get("target")
    if start.target and isinstance(target, str) and target and target != start.target:
        return False
    said = (str(content[key]) for key in _SAID if isinstance(content.get(key), str))
    return any(_without_numbers(each) in (own, f"attempt: {own}", f"execute {own}") for each in said)


def _without_numbers(name: str) -> str:
    return " ".join(_NUMBERS.sub("#", name).lower().split())
