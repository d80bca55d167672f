"""What happened since the last look: how much was done, what failed, what was slow, skipped, and who did it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.operations.guard.enforcement import Guard
from brainops.statistics.rates import label
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Cycle, Section
from brainops.types.counted import counted
from brainops.types.limits import SHOWN
from brainops.types.times import DAY_MICROS

MOST_OPERATIONS = 200_000  # of one run: some seconds' writing; the rest is of the next run
MOST_ERRORS = 500  # kinds of them that are looked at in one run
MOST_ATTEMPTS = 5_000
LEAST_ENDED = 5  # before which a mean says nothing
SLOW_MICROS = 1_000_000  # what takes less is not worth a line
SLOW_TIMES = 3.0  # as long as usual, at least
USUAL_OPERATIONS = 50  # of a name: what it usually takes
QUIET_MICROS = 7 * DAY_MICROS  # without an error: whatever ended it was thought to have worked


class _Seen(Struct):
    """What was counted of the operations that nobody had looked at."""

    keys: list[int] = []
    ended: Counter[str] = field(default_factory=Counter)
    failed: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = {}
    longest: dict[str, tuple[int, str | None, str]] = {}

    def add(self, row: Row) -> None:
        """Count an operation."""
        name, duration = row["name"], row["duration_us"] or 0
        self.keys.append(row["key"])
        self.ended[name] += 1
        if row["outcome"] == "failed":
            self.failed[name, row["target"]] += 1
            if row["fingerprint"]:
                self.errors[row["fingerprint"]] += 1
                first = self.first.get(row["fingerprint"], row["finished_at"])
                self.first[row["fingerprint"]] = min(first, row["finished_at"])
        elif duration >= SLOW_MICROS and duration > self.longest.get(name, (0, None, ""))[0]:
            self.longest[name] = duration, row["target"], row["id"]


class _Look:
    """One look at what is new, which two parts of a run share: what is told is what is marked."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._seen: _Seen | None = None

    def seen(self, work: CycleWork) -> _Seen:
        """Return what was counted; read once."""
        if self._seen is None:
            seen = _Seen()
            for row in _unlearnt(work):
                seen.add(row)
            self._seen = seen
        return self._seen

    def operations(self, work: CycleWork) -> Found:
        """Count what ended, and mark it as looked at."""
        seen = self.seen(work)
        failed = sum(seen.failed.values())
        figures = {"ended": len(seen.keys), "failed": failed, "names": len(seen.ended)}
        section = Section(title="Operations", lines=tuple(_told(seen, failed, work)), figures=dict(figures))
        return Found(section=section, write=lambda tx: _mark(tx, seen.keys, work))

    def errors(self, work: CycleWork) -> Found:
        """Name the errors that are new or came back; which ones rise is found by what signals do of them."""
        seen = self.seen(work)
        fingerprints = [fingerprint for fingerprint, _ in seen.errors.most_common(MOST_ERRORS)]
        with work.context.store.read() as tx:
            known = {row["fingerprint"]: row for row in tx.learning.errors_known(fingerprints)}
            captured = tx.learning.errors_captured(work.from_at, work.to_at, MOST_ERRORS)
        found = [(known[each], seen.first[each], seen.errors[each]) for each in fingerprints if each in known]
        new = [f"new: {row['title']} ({_times(count)})" for row, _, count in found if row["before_at"] is None]
        back = [
            f"came back after {(first - row['before_at']) // DAY_MICROS} days: {row['title']} ({_times(count)})"
            for row, first, count in found
            if row["before_at"] is not None and first - row["before_at"] >= QUIET_MICROS
        ]
        others = [
            f"new, reported from outside an operation: {row['title']}"
            for row in captured
            if row["fingerprint"] not in seen.errors
        ]
        figures = {"new": len(new), "returned": len(back), "captured": len(others)}
        lines = (*back[:SHOWN], *new[:SHOWN], *others[:SHOWN])
        return Found(section=Section(title="New errors", lines=lines, figures=dict(figures)))

    def compliance(self, work: CycleWork) -> Found:
        """Say where rules and procedures were departed from."""
        found = self._guard.compliance(since=work.from_at)
        departed = [each for each in found.departures if work.from_at <= each.at < work.to_at]
        lines = [
            f"{each.kind}: {label(each.operation, each.target)}, against {each.rule}: {each.reason}"
            for each in departed[:SHOWN]
        ]
        figures = {"departures": len(departed), "rate_of_days": found.total.rate}
        return Found(section=Section(title="Compliance", lines=tuple(lines), figures=dict(figures)))


def parts(cycle: Cycle, guard: Guard) -> Sequence[Part]:
    """Return the parts that look at what has just happened."""
    if cycle is not Cycle.FIVE_MINUTES:
        return ()
    look = _Look(guard)
    return [
        Part(
            name="operations",
            what="Counts the operations that ended since the last look, each once, with their failures and slow ones.",
            find=look.operations,
        ),
        Part(
            name="errors",
            what="Names the errors of these operations that are new, or that came back after a week of quiet.",
            find=look.errors,
        ),
        Part(
            name="compliance",
            what="Tells where rules and procedures were departed from.",
            find=look.compliance,
        ),
        Part(name="agents", what="Counts how the attempts of each agent ended.", find=_agents),
    ]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _unlearnt(work: CycleWork) -> Iterator[Row]:
    after = taken = 0
    while taken < MOST_OPERATIONS:
        with work.context.store.read() as tx:
            rows = tx.learning.unlearnt(work.to_at, after)
        if not rows:
            return
        yield from rows
        taken, after = taken + len(rows), rows[-1]["key"]


def _mark(tx: Transaction, keys: list[int], work: CycleWork) -> None:
    tx.learning.mark_learnt(keys, work.to_at)


def _told(seen: _Seen, failed: int, work: CycleWork) -> Iterator[str]:
    if not seen.keys:
        return
    yield f"{counted(len(seen.keys), 'operation')} ended, {failed:,} of them failed."
    for (name, target), count in sorted(seen.failed.items(), key=lambda each: (-each[1], label(*each[0])))[:SHOWN]:
        yield f"{label(name, target)}: {count:,} failed"
    yield from _slow(seen, work)


def _slow(seen: _Seen, work: CycleWork) -> Iterator[str]:
    longest = sorted(seen.longest.items(), key=lambda each: (-each[1][0], each[0]))[:SHOWN]
    with work.context.store.read() as tx:
        usual = {name: tx.learning.usual(name, USUAL_OPERATIONS) for name, _ in longest}
    for name, (duration, target, operation_id) in longest:
        mean = usual[name]["duration_us"]
        if mean and usual[name]["ended"] >= LEAST_ENDED and duration >= SLOW_TIMES * mean:
            took, usually = duration / 1e6, float(mean) / 1e6
            yield f"{label(name, target)} took {took:,.1f} s, usually {usually:,.1f} s (operation {operation_id})"


def _agents(work: CycleWork) -> Found:
    with work.context.store.read() as tx:
        attempts = tx.agents.attempts(task_class=None, agent=None, since=work.from_at, limit=MOST_ATTEMPTS)
    ended = [each for each in attempts if each.outcome is not None and each.started_at < work.to_at]
    tried, right = Counter(each.agent for each in ended), Counter(each.agent for each in ended if each.success)
    lines = [f"{name}: {right[name]} of {counted(count, 'attempt')} succeeded" for name, count in sorted(tried.items())]
    figures = {name: {"attempts": count, "succeeded": right[name]} for name, count in sorted(tried.items())}
    return Found(section=Section(title="Agents", lines=tuple(lines[: 2 * SHOWN]), figures=dict(figures)))
