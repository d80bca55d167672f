"""Whatever happens to a run in whatever order, does each step end once, after its needs, and the run at all?

The real Runner on a real store, with steps that succeed, fail, wait for a time or a person, owners that die before or
after a commit, and owners that wake up when somebody else has gone on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import Conflict
from brainops.operations.run_operations import RunOperations
from brainops.procedures.runs.runner import Runner
from brainops.procedures.steps.executor import StepWork
from brainops.store import Store, Transaction
from brainops.types import ENDED, Procedure, Retry, Run, RunState, Step, StepKind, StepState
from tests.conformance.conftest import set_clock
from tests.conformance.runs_kit import WAIT_SECONDS, Acts, Kit, step
from tests.inside import inside

LEASE_SECONDS = 30.0
DONE = {StepState.SUCCEEDED, StepState.FAILED, StepState.SKIPPED, StepState.CANCELLED, StepState.COMPENSATED}
KINDS = (StepKind.CALL, StepKind.CALL, StepKind.CAPTURE, StepKind.MANUAL, StepKind.WAIT)


class Died(BaseException):
    """The process of an owner ended here."""


class MortalStore(Store):
    """A store whose user dies at its n-th write: before anything of it is committed, or right after all of it is."""

    def __init__(self, store: Store, writes: int, *, committed: bool) -> None:
        super().__init__(store.database, store.index, store.upkeep, store.scope)
        self._writes = writes
        self._committed = committed

    @contextmanager
    def writing(self, *given: Any, **named: Any) -> Iterator[Transaction]:
        """Write, or die."""
        self._writes -= 1
        with super().writing(*given, **named) as tx:
            yield tx
            if self._writes == 0 and not self._committed:
                raise Died
        if self._writes == 0:
            raise Died


@st.composite
def procedures(draw: st.DrawFn) -> tuple[Step, ...]:
    """Return steps of a graph without a circle: each needs some of those before it."""
    steps: list[Step] = []
    for number in range(draw(st.integers(1, 5))):
        needs = draw(st.lists(st.sampled_from([each.id for each in steps]), unique=True, max_size=3)) if steps else []
        kind = draw(st.sampled_from(KINDS))
        given: dict[StepKind, dict[str, Any]] = {
            StepKind.WAIT: {"seconds": 60},
            StepKind.CAPTURE: {"title": f"s{number}"},
            StepKind.CALL: {"fails": draw(st.sampled_from([0, 0, 0, 1, 2, 9]))},
            StepKind.MANUAL: {},
        }
        steps.append(
            step(
                f"s{number}",
                *needs,
                uses=kind,
                undo=draw(st.sampled_from([None, {}, {}, {"fails": 1}])),
                retry=Retry(attempts=draw(st.integers(1, 3)), wait_seconds=5),
                continue_on_error=draw(st.booleans()) and draw(st.booleans()),
                **given[kind],
            )
        )
    return tuple(steps)


class Runs(RuleBasedStateMachine):
    """One run, and everything that can befall it."""

    @initialize(steps=procedures())
    def begin(self, steps: tuple[Step, ...]) -> None:
        self.time = 1_700_000_000_000_000  # moved by this thread alone; every other one that asks only counts
        self.asked = count()
        self.brain = Brain.open(":memory:", namespace="team/a", model="none", background=False)
        set_clock(inside(self.brain).store, self.clock)
        self.kit = Kit(self.brain, Acts(), lease_seconds=LEASE_SECONDS, patience_seconds=0)
        self.version = self.kit.define(*steps)
        self.seen: Run = self.kit.runs.start("p", detached=True)
        self.cancelled = False

    def clock(self) -> int:
        return self.time + next(self.asked)

    @property
    def procedure(self) -> Procedure:
        return self.version.procedure

    def run(self) -> Run:
        return self.kit.runs.get(self.seen.id)

    @rule()
    def advance(self) -> None:
        self.kit.runs.advance(self.seen.id, patience_seconds=0)

    @rule(seconds=st.sampled_from([1, 6, 31, 61, 400]))
    def time_passes(self, seconds: int) -> None:
        self.time += seconds * 1_000_000

    @rule(writes=st.integers(1, 6), committed=st.booleans())
    def an_owner_dies(self, writes: int, committed: bool) -> None:
        store = MortalStore(inside(self.brain).store, writes, committed=committed)
        mortal = self.other(self.kit.acts, store)
        with suppress(Died):
            mortal.advance(self.seen.id, patience_seconds=0)

    @rule()
    def an_owner_sleeps_while_somebody_else_goes_on(self) -> None:
        asleep, awake, acts = threading.Event(), threading.Event(), Acts()

        def sleep(work: StepWork) -> None:
            asleep.set()
            awake.wait(WAIT_SECONDS)

        acts.before = sleep
        zombie = self.other(acts, inside(self.brain).store)
        ended = threading.Event()

        def advance() -> None:
            zombie.advance(self.seen.id, patience_seconds=0)
            ended.set()
            asleep.set()

        thread = threading.Thread(target=advance)
        thread.start()
        asleep.wait(WAIT_SECONDS)
        if not ended.is_set():
            self.time += int(2 * LEASE_SECONDS * 1_000_000)
            self.kit.runs.advance(self.seen.id, patience_seconds=0)
        before = self.run()
        awake.set()
        thread.join(WAIT_SECONDS)

        assert not thread.is_alive()
        assert self.run() == before, "a zombie committed past its fence"

    def other(self, acts: Acts, store: Store) -> Runner:
        context = replace(inside(self.brain).context, store=store)
        return Runner(
            context,
            inside(self.brain).services.procedures,
            inside(self.brain).services.approvals,
            inside(self.brain).services.notices,
            acts.executors(),
            operations=RunOperations(inside(self.brain).context),
            lease_seconds=LEASE_SECONDS,
            chance=lambda: 0.5,
        )

    @rule()
    def a_person_completes_what_is_at_hand(self) -> None:
        for row in self.run().steps:
            if row.state is StepState.WAITING and row.waits_for == "manual":
                with suppress(Conflict):
                    self.kit.runs.complete(self.seen.id, row.step_id)

    @rule(compensate=st.booleans())
    def somebody_cancels(self, compensate: bool) -> None:
        if len(self.run().steps) < 2:
            return  # no precondition: what is drawn must not rest on how fast a thread was
        with suppress(Conflict):
            self.kit.runs.cancel(self.seen.id, compensate=compensate)
            self.cancelled = True

    @rule()
    def somebody_pauses(self) -> None:
        with suppress(Conflict):
            self.kit.runs.pause(self.seen.id)

    @rule()
    def somebody_resumes(self) -> None:
        with suppress(Conflict):
            self.kit.runs.resume(self.seen.id)

    @invariant()
    def nothing_that_ended_changes(self) -> None:
        now, before = self.run(), self.seen
        if before.state in ENDED:
            assert now == before
        assert now.epoch >= before.epoch
        for old in before.steps:
            new = now.step(old.step_id)
            assert new is not None
            if old.state in DONE and new != old:
                assert (old.state, new.state) in {
                    (StepState.SUCCEEDED, StepState.COMPENSATED),
                    (StepState.FAILED, StepState.COMPENSATED),
                }
        self.seen = now

    @invariant()
    def no_step_begins_before_its_needs(self) -> None:
        run = self.run()
        for row in run.steps:
            at = self.procedure.step(row.step_id)
            assert at is not None
            assert row.epoch <= run.epoch
            for need in at.needs:
                needed, before = self.procedure.step(need), run.step(need)
                assert before is not None
                assert before.state in DONE
                assert before.state is not StepState.CANCELLED
                assert before.state is not StepState.FAILED or (needed and needed.continue_on_error)

    @invariant()
    def own_writes_are_there_exactly_where_their_step_succeeded(self) -> None:
        run = self.run()
        for at in self.procedure.steps:
            if at.action.uses is StepKind.CAPTURE:
                row = run.step(at.id)
                done = row is not None and row.state in (StepState.SUCCEEDED, StepState.COMPENSATED)
                assert self.kit.counted(at.id) == int(done)

    @invariant()
    def each_attempt_has_the_key_of_its_step(self) -> None:
        keys = {f"{self.seen.id}:{at.id}{after}" for at in self.procedure.steps for after in ("", ":undo")}
        assert {key for _, _, key in self.kit.acts.done} <= keys

    @invariant()
    def what_was_done_last_is_taken_back_first(self) -> None:
        run = self.run()
        undone = sorted(run.compensations, key=lambda row: (row.completion is None, row.completion or 0))
        places = [(run.step(row.step_id) or row).completion or 0 for row in undone]
        assert places == sorted(places, reverse=True)
        finished = [row.completion for row in (*run.steps, *run.compensations) if row.completion is not None]
        assert sorted(finished) == list(range(1, len(finished) + 1))

    def teardown(self) -> None:
        if not hasattr(self, "brain"):
            return
        for _ in range(60):
            if self.run().state in ENDED:
                break
            self.time += 400 * 1_000_000
            self.somebody_resumes()
            self.advance()
            self.a_person_completes_what_is_at_hand()
        ended = self.run()
        assert ended.state in self.expected(), f"{ended.state}: {ended.error} {ended.reason}"
        assert (ended.owner, ended.wake_at, ended.lease_until) == (None, None, None)
        if ended.state is RunState.SUCCEEDED:
            assert {row.step_id for row in ended.steps} == {at.id for at in self.procedure.steps}
            assert {row.state for row in ended.steps} <= {StepState.SUCCEEDED, StepState.FAILED}
        self.no_step_begins_before_its_needs()
        self.own_writes_are_there_exactly_where_their_step_succeeded()
        self.what_was_done_last_is_taken_back_first()
        self.brain.close()

    def expected(self) -> set[RunState]:
        """Return how the run may end, by a model of ten lines."""
        if self.cancelled:
            return {RunState.CANCELLED}
        done: set[str] = set()
        unsure = False
        for at in self.procedure.steps:
            given: Any = at.action.parameters.get("arguments", {})
            fails = given.get("fails", 0)
            if not set(at.needs) <= done:
                continue
            if fails >= 9 and not at.continue_on_error:
                return {RunState.FAILED}
            # The script counts attempts. One that was cut off is an attempt, and no failure.
            unsure = unsure or (fails >= at.retry.attempts and not at.continue_on_error)
            done.add(at.id)
        return {RunState.SUCCEEDED, RunState.FAILED} if unsure else {RunState.SUCCEEDED}


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
