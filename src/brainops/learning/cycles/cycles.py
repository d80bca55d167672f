"""What is learnt every five minutes, every hour and every day, and when is that due?

A run looks in short read transactions, and writes all that it found in one transaction that also moves the cycle's
mark, fenced by its epoch: killed at any point it leaves nothing, and the next run does the same again.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import BrainOpsError, InvalidInput, StoreError
from brainops.learning.cycles import (
    failure_predictors,
    failure_rates,
    handover,
    insights,
    recent,
    reviews,
    successes,
    work_plan,
)
from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.learning.cycles.timetable import PERIOD_MICROS, Round, boundary, due, next_at, set_back
from brainops.learning.improvements.improvements import Improvements
from brainops.learning.signals.signals import Signals
from brainops.memory.context import MemoryContext
from brainops.memory.draft import checked_moment
from brainops.memory.recognition.error_events import from_exception
from brainops.operations import log as records
from brainops.operations.guard.enforcement import Guard
from brainops.operations.predictions import Predictions
from brainops.procedures.consent.outbox import Outbox
from brainops.procedures.runs.clock import Lease
from brainops.store import Transaction, acts
from brainops.store.ids import new_id
from brainops.types import Autonomy, Cycle, CycleReport, CycleStanding, Memory, Micros, Section
from brainops.types.limits import LISTED
from brainops.types.page import Page

LEASE = Lease(seconds=60.0)  # a killed run is soon repeated, and three signs of life may fail before
BEAT_SECONDS = 15.0  # between two signs of life
KEPT_REPORTS = {Cycle.FIVE_MINUTES: 8_640, Cycle.HOURLY: 2_160, Cycle.DAILY: 3_650}  # a month, 90 days, ten years
BOOT = Path("/proc/sys/kernel/random/boot_id")  # another one on each machine, and after each start
PROCESSES = Path("/proc/self/ns/pid")  # another one in each container that numbers its processes by itself

Parts = Callable[[Cycle], Sequence[Part]]
log = logging.getLogger("brainops")


class _Claim(Struct, frozen=True, kw_only=True):
    """A run that this process holds."""

    work: CycleWork
    round: Round
    owner: str
    epoch: int
    began_at: Micros  # by the store's clock; `work.now` is whatever time the run was asked for


class _Overtaken(BrainOpsError):
    """Somebody else took this run over, and does it."""


class Learning:
    """The learning cycles of a namespace."""

    def __init__(
        self,
        context: MemoryContext,
        guard: Guard,
        signals: Signals,
        improvements: Improvements,
        predictions: Predictions,
        notices: Outbox,
    ) -> None:
        self._context = context
        self._guard = guard
        self._sources: list[Parts] = [
            lambda cycle: recent.parts(cycle, guard),
            failure_rates.parts,
            signals.parts,
            successes.parts,
            reviews.parts,
            lambda cycle: [failure_predictors.part(predictions)] if cycle is Cycle.DAILY else [],
            improvements.parts,
            work_plan.parts,
            lambda cycle: handover.parts(cycle, notices),
        ]

    def parts(self, cycle: Cycle | str) -> tuple[Part, ...]:
        """Return what a cycle does, in its order: the name and the sentence of each part."""
        wanted = cycle_of(cycle)
        return tuple(part for source in self._sources for part in source(wanted))

    def due(self, now: Micros | None = None) -> list[Cycle]:
        """Return the cycles of the written namespace that are due, the most frequent first."""
        at = self._at(now)
        with self._context.store.read() as tx:
            rows = tx.learning.cycles()
        through = {cycle: row["through_at"] for cycle, row in rows.items()}
        return [cycle for cycle in Cycle if due(cycle, through.get(cycle), at) is not None]

    def tick(self) -> list[CycleReport]:
        """Run what is due, once each however often it was missed; called by every loop that has the time."""
        found = (self.run(cycle) for cycle in self.due())
        return [report for report in found if report is not None]

    def run(self, cycle: Cycle | str, *, now: Micros | None = None, early: bool = False) -> CycleReport | None:
        """Run a cycle that is due, and return its report; None where it is not due, or somebody else is at it.

        One run covers everything since the last. With `early` it runs up to this moment, due or not.
        """
        claim = self._claim(cycle_of(cycle), self._at(now), early)
        if claim is None:
            return None
        try:
            with _Beat(lambda: self._renew(claim)):
                found = self._found(claim)
            return self._write(claim, found)
        except _Overtaken:
            return None
        except BaseException:
            self._release(claim)
            raise

    def reports(
        self,
        cycle: Cycle | str | None = None,
        *,
        limit: int = LISTED,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[CycleReport]:
        """Return what the cycles found, newest first."""
        wanted = None if cycle is None else cycle_of(cycle)
        with self._context.store.read() as tx:
            return tx.learning.reports(wanted, limit, after=after, before=before)

    def insights(self, *, limit: int = LISTED, after: str | None = None, before: str | None = None) -> Page[Memory]:
        """Return what holds at present of what the cycles found, what matters most first."""
        with self._context.store.read() as tx:
            return tx.learning.insights(limit, after=after, before=before)

    def standing(self, now: Micros | None = None) -> list[CycleStanding]:
        """Return where each cycle stands and what it does."""
        at = self._at(now)
        with self._context.store.read() as tx:
            rows = tx.learning.cycles()
        return [
            CycleStanding(
                cycle=cycle,
                through_at=row["through_at"] if row else None,
                ran_at=row["ran_at"] if row else None,
                next_at=next_at(cycle, row["through_at"] if row else None, at),
                running=bool(row and row["owner"] is not None and LEASE.holds(row["lease_until"], at)),
                parts={part.name: part.what for part in self.parts(cycle)},
            )
            for cycle in Cycle
            for row in (rows.get(cycle),)
        ]

    def _at(self, now: Micros | None) -> Micros:
        return self._context.store.now() if now is None else checked_moment(now, "now")

    def _claim(self, cycle: Cycle, now: Micros, early: bool) -> _Claim | None:
        to_at = now if early else boundary(cycle, now)
        with self._context.store.read() as tx:
            row = tx.learning.cycles().get(cycle)
        through = row["through_at"] if row is not None else None
        if through is not None and through >= to_at and not set_back(through, now):
            return None  # the usual answer costs no write
        owner = _owner()
        with self._context.store.writing(acts.LEARN, self._context.actor) as tx:
            if row is not None and row["owner"] is not None and _has_died(row["owner"]):
                tx.learning.release(cycle, row["owner"], row["epoch"])
            taken = tx.learning.claim(cycle, owner, now=now, to_at=to_at, lease=LEASE.micros)
        if taken is None:
            return None
        through = taken["through_at"]
        covered = due(cycle, through, now)
        if covered is None or early:
            missed = covered.missed if covered else 0
            begin = through if through is not None and through < to_at else to_at - PERIOD_MICROS[cycle]
            covered = Round(from_at=begin, to_at=to_at, missed=missed)
        work = CycleWork(
            context=self._context,
            cycle=cycle,
            from_at=covered.from_at,
            to_at=covered.to_at,
            now=now,
            held=self._held(),
        )
        return _Claim(work=work, round=covered, owner=owner, epoch=taken["epoch"], began_at=self._context.store.now())

    def _moment(self, claim: _Claim) -> Micros:
        """Return the time of a run: that for which it was asked, and what it has taken since."""
        return claim.work.now + max(0, self._context.store.now() - claim.began_at)

    def _held(self) -> str | None:
        """Return why nothing may change by itself here, None where it may."""
        stopped = self._guard.automatic_stopped()
        if stopped is not None:
            return f"what acts by itself is stopped ({stopped})"
        autonomy = self._guard.settings().autonomy
        return None if autonomy is Autonomy.AUTO else f"the autonomy is {autonomy.value}"

    def _found(self, claim: _Claim) -> list[tuple[Part, Found | Exception]]:
        found: list[tuple[Part, Found | Exception]] = []
        for part in self.parts(claim.work.cycle):
            before = tuple(each for _, each in found if isinstance(each, Found))
            found.append((part, self._find(part, claim, replace(claim.work, before=before))))
        return found

    def _find(self, part: Part, claim: _Claim, work: CycleWork) -> Found | Exception:
        """Let a part look. What its code raises is told in the report and kept as an error; the others go on."""
        if not self._renew(claim):
            raise _Overtaken("somebody else took this run over")
        try:
            return part.find(work)
        except StoreError:
            raise
        except Exception as error:  # one part that fails must not keep the others from learning
            log.exception("the part %s of the cycle %s failed", part.name, claim.work.cycle.value)
            return error

    def _renew(self, claim: _Claim) -> bool:
        """Say that this process is still at a run; return False where somebody else took it over."""
        with self._context.store.writing(acts.LEARN, self._context.actor) as tx:
            lease_until = LEASE.until(self._moment(claim))
            return tx.learning.renew(claim.work.cycle, claim.owner, claim.epoch, lease_until)

    def _write(self, claim: _Claim, found: Sequence[tuple[Part, Found | Exception]]) -> CycleReport:
        work = claim.work
        held = self._held()  # anew: somebody may have stopped it while the parts looked
        with self._context.store.writing(acts.LEARN, self._context.actor) as tx:
            ended_at = self._moment(claim)
            times = {"now": work.now, "to_at": work.to_at, "ran_at": ended_at}
            if not tx.learning.advance(work.cycle, claim.owner, claim.epoch, **times):
                raise _Overtaken("somebody else took this run over")
            told = [self._write_part(tx, claim, part, each, held) for part, each in found]
            report = CycleReport(
                cycle=work.cycle,
                namespace=tx.scope.write,
                from_at=work.from_at,
                to_at=work.to_at,
                ended_at=ended_at,
                sections=tuple(section for section, _, _ in told),
                insights=tuple(each for _, written, _ in told for each in written),
                improvements=tuple(dict.fromkeys(each for _, _, moved in told for each in moved)),
                missed=claim.round.missed,
                held=held if held is not None and any(_would_change(each) for _, each in found) else "",
            )
            tx.learning.add_report(report, KEPT_REPORTS[work.cycle])
            tx.counts.fold(self._context.store.now())
        return report

    def _write_part(
        self, tx: Transaction, claim: _Claim, part: Part, found: Found | Exception, held: str | None
    ) -> tuple[Section, list[str], list[str]]:
        """Write what one part found, or nothing of it: return its section, and the ids of what is new or changed."""
        if isinstance(found, Found):
            try:
                with tx.session.savepoint():
                    return self._write_found(tx, claim, part, found, held)
            except StoreError:
                raise
            except Exception as error:  # what one part writes must not keep the others from learning
                log.exception("what the part %s found could not be written", part.name)
                found = error
        event = records.checked_error(self._context, from_exception(found))
        records.distil(tx, self._context, event, None, None)
        said = f"{event.type}: {event.message}"[:300]
        line = f"could not be looked at, and is tried again next time: {said}"
        return Section(title=part.name.replace("_", " ").capitalize(), lines=(line,)), [], []

    def _write_found(
        self, tx: Transaction, claim: _Claim, part: Part, found: Found, held: str | None
    ) -> tuple[Section, list[str], list[str]]:
        name = f"{claim.work.cycle.value}.{part.name}"
        kept = [insights.keep(tx, self._context, name, each) for each in found.insights]
        written = [each.id for each in kept if each.written]
        if found.complete:
            written += insights.end_others(
                tx, name, frozenset(each.key for each in found.insights), self._context.store.now()
            )
        if found.write is None or (found.changes and held is not None):
            return found.section, written, []
        return found.section, written, list(found.write(tx) or ())

    def _release(self, claim: _Claim) -> None:
        with suppress(StoreError), self._context.store.writing(acts.LEARN, self._context.actor) as tx:
            tx.learning.release(claim.work.cycle, claim.owner, claim.epoch)


class _Beat:
    """Gives a sign of life now and then, in a thread of its own, for the length of a block."""

    def __init__(self, renew: Callable[[], bool]) -> None:
        self._renew = renew
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="brainops-cycle", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            try:
                if not self._renew():
                    return
            except BrainOpsError as error:
                log.warning("a learning cycle could not give a sign of life: %s", error)


def _owner() -> str:
    return f"{_place()}-{os.getpid()}-{new_id()[-12:]}"


def _place() -> str:
    """Return where the numbers of processes mean what they mean here: containers may share a host's name.

    Where that cannot be told, the name is nobody else's, so that nobody takes its process for dead.
    """
    try:
        where = f"{BOOT.read_text(encoding='ascii').strip()}-{PROCESSES.stat().st_ino}"
    except OSError:
        where = new_id()
    return f"{socket.gethostname()[:60]}-{where}"


def _has_died(owner: str) -> bool:
    """Say whether an owner was a process of this place that is no more; of others only their lease tells."""
    place, process, _ = owner.rsplit("-", 2) if owner.count("-") >= 2 else ("", "", "")
    if place != _place() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _would_change(found: Found | Exception) -> bool:
    return isinstance(found, Found) and found.changes and bool(found.section.lines)


def cycle_of(cycle: Cycle | str) -> Cycle:
    """Return a cycle by its name, as Python or as the command line writes it; raise InvalidInput."""
    try:
        return Cycle(cycle.replace("-", "_") if isinstance(cycle, str) else cycle)
    except ValueError as error:
        raise InvalidInput(f"a cycle is five-minutes, hourly or daily, not {cycle!r:.40}") from error
