"""Which parts do the views of a memory stand on, and what does each need of the others? Made when first asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from brainops.agents.agents import Agents
    from brainops.agents.language.language import Language
    from brainops.agents.workflows.workflows import Workflows
    from brainops.config import Guarded, Settings
    from brainops.health.changes import Changes
    from brainops.health.health import Health
    from brainops.health.jobs import Jobs
    from brainops.health.sessions import Sessions
    from brainops.health.upkeep import Upkeep
    from brainops.health.workers import Workers
    from brainops.learning.cycles.cycles import Learning
    from brainops.learning.improvements.improvements import Improvements
    from brainops.learning.sharing.sharing import Sharing
    from brainops.learning.signals.signals import Signals
    from brainops.memory.context import MemoryContext
    from brainops.memory.uses import Uses
    from brainops.operations.alerts import Alerts
    from brainops.operations.guard.enforcement import Guard
    from brainops.operations.guard.other_namespaces import Other
    from brainops.operations.middleware import Around
    from brainops.operations.operation import OperationLog
    from brainops.operations.operations import Operations
    from brainops.operations.predictions import Predictions
    from brainops.operations.recorder import Recorder
    from brainops.procedures.cases.cases import Cases
    from brainops.procedures.catalog import Catalog
    from brainops.procedures.consent.approvals import Approvals
    from brainops.procedures.consent.keys import Keys
    from brainops.procedures.consent.limits import StepLimits
    from brainops.procedures.consent.outbox import Outbox
    from brainops.procedures.consent.people import People
    from brainops.procedures.consent.sign_ins import SignIns
    from brainops.procedures.fixes.fixes import Fixes
    from brainops.procedures.remedies.cause_log import CauseLog
    from brainops.procedures.remedies.evidence import RemedyRecord
    from brainops.procedures.runs.dispatcher import Lane
    from brainops.procedures.runs.runner import Runner
    from brainops.procedures.steps.call import Registry
    from brainops.procedures.triggers.triggers import Triggers
    from brainops.store import Transaction
    from brainops.types import JSON, Feedback, Memory, Run

T = TypeVar("T")

LEARNS_AFTER_SECONDS = 60.0  # a program that is over sooner leaves learning to those that stay
READER_SECONDS = (
    2.0  # that a reader waits for what was handed over before: a thousand times what it takes, unless another writes
)


class part(Generic[T]):
    """A part that is made when first asked for.

    It holds no lock, which a fork could leave held: where two threads make it at once, the first one counts.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = self.of = make  # `of` says what it makes, to who reads signatures without making it
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, holder: Any, owner: type | None = None) -> T:
        if holder is None:  # asked of the class, by who lists what there is
            return self  # type: ignore[return-value]
        found: T = vars(holder).setdefault(self._name, self._make(holder))
        return found


class Services:
    """The parts that one actor works with in one scope."""

    def __init__(
        self,
        context: MemoryContext,
        settings: Settings,
        recorder: Recorder,
        uses: Uses,
        nudge: Callable[[], object],
        background: bool,
        opened: Callable[[Guarded], Other],
        around: Sequence[Around] = (),
        lasting: Callable[[], Services] | None = None,
    ) -> None:
        self.context = context
        self.settings = settings
        self.recorder = recorder
        self.uses = uses
        self.background = background
        self._nudge = nudge
        self._opened = opened
        self._around = around
        self._lasting = lasting  # the same without a deadline, for what goes on past it

    def settle(self) -> None:
        """Let a reader see what was counted and handed over."""
        self.uses.write(self.context.store.scope)
        self.settle_records()

    def settle_records(self) -> None:
        """Let a reader see what was handed over; who holds the lock for long does not keep it waiting."""
        deadline = self.context.store.deadline
        self.recorder.flush(READER_SECONDS if deadline is None else min(READER_SECONDS, deadline.left()))

    # Consent

    @part
    def notices(self) -> Outbox:
        """What people are told, and by which ways."""
        from brainops.procedures.consent.outbox import Outbox

        return Outbox(self.context)

    @part
    def approvals(self) -> Approvals:
        """What waits for a person's word, and who may give it."""
        from brainops.procedures.consent.approvals import Approvals

        return Approvals(self.context, self.notices)

    @part
    def keys(self) -> Keys:
        """The keys by which agents and services reach the memory over the network."""
        from brainops.procedures.consent.keys import Keys

        return Keys(self.context)

    @part
    def people(self) -> People:
        """The people of this memory, what each may do where, and where they are signed in."""
        from brainops.procedures.consent.people import People

        return People(self.context)

    @part
    def sign_ins(self) -> SignIns:
        """How people sign in, and who is signed in."""
        return self.approvals.approvers.sign_ins

    @part
    def limits(self) -> StepLimits:
        """What steps may run and reach."""
        from brainops.procedures.consent.limits import StepLimits

        return StepLimits(self.context)

    # Procedures

    @part
    def procedures(self) -> Catalog:
        """The procedures and their versions."""
        from brainops.procedures.catalog import Catalog

        return Catalog(self.context)

    @part
    def triggers(self) -> Triggers:
        """What sets procedures off."""
        from brainops.procedures.triggers.triggers import Triggers

        return Triggers(self.context, self.procedures)

    @part
    def alerts(self) -> Alerts:
        """How what is monitored stands, and what came in of it."""
        from brainops.operations.alerts import Alerts

        return Alerts(self.context, self.triggers, self.guard, self._nudge)

    @part
    def cases(self) -> Cases:
        """What was decided before, to decide alike."""
        from brainops.procedures.cases.cases import Cases

        return Cases(self.context)

    @part
    def calls(self) -> Registry:
        """The Python functions that procedures may call."""
        from brainops.founding import calls as founding
        from brainops.procedures.steps.call import Functions, Registry

        return Registry(founding.calls(self), self.context.process.of(Functions))

    @part
    def runs(self) -> Runner:
        """The runs of procedures."""
        from brainops.operations.middleware import around_steps
        from brainops.operations.run_operations import RunOperations
        from brainops.procedures.runs.runner import AtWork, Runner
        from brainops.procedures.steps.kinds import executors

        kinds = executors(self.calls, agents=lambda work: self.workflows.step(work), decisions=self.cases.step)
        runs = Runner(
            self.context,
            self.procedures,
            self.approvals,
            self.notices,
            around_steps(kinds, self._around),
            admit=self.guard.admission,
            operations=RunOperations(self.context),
            answered=self.cases.answered,
            at_work=self.context.process.of(AtWork),
        )
        runs.nudge = self._nudge
        return runs

    @part
    def fixes(self) -> Fixes:
        """What helps against which error, and how surely."""
        from brainops.procedures.consent.automatic import stopped_here
        from brainops.procedures.fixes.fixes import Fixes

        store = self.context.store
        return Fixes(self.context, self.procedures, self.runs, lambda: stopped_here(store, os.environ))

    @part
    def evidence(self) -> RemedyRecord:
        """What remedies did, and what is worth trying next."""
        from brainops.procedures.remedies.evidence import RemedyRecord

        return RemedyRecord(self.context)

    @part
    def causes(self) -> CauseLog:
        """Which errors have one cause."""
        from brainops.procedures.remedies.cause_log import CauseLog

        return CauseLog(self.context)

    @staticmethod
    def of_verdict(tx: Transaction, given: Feedback, memory: Memory) -> None:
        """Keep what a verdict on an error memory says of the remedy that it names."""
        from brainops.procedures.remedies.outcomes import of_verdict

        of_verdict(tx, given, memory)

    # Operations

    @part
    def guard(self) -> Guard:
        """The rules that hold here, their settings and what they decided."""
        from brainops.operations.guard.enforcement import Guard
        from brainops.operations.guard.other_namespaces import Elsewhere, place_of

        elsewhere = Elsewhere(self.context, place_of(self.settings.store), self._opened)
        return Guard(
            self.context,
            self.procedures,
            lambda start: self.triggers.pushed(start),
            lambda: self.approvals,
            lambda: self.notices,
            self.recorder.flush,
            elsewhere,
        )

    @part
    def operations(self) -> OperationLog:
        from brainops.operations.guidance import Advisers
        from brainops.operations.operation import OperationLog

        advisers = Advisers(
            triggers=self.triggers,
            fixes=lambda error, **more: self.fixes.suggest(error, **more),
            next_tries=lambda error, **more: self.evidence.next_tries(error, **more),
            agent=lambda start: self.agents.recommend(start),
            precursors=lambda now: self.signals.precursors(now),
        )
        return OperationLog(self.context, self.recorder, self.guard, advisers, self._around)

    @part
    def record(self) -> Operations:
        """The operation log."""
        from brainops.operations.operations import Operations

        return Operations(self.context, self.settle_records)

    @part
    def predictions(self) -> Predictions:
        from brainops.operations.predictions import Predictions

        return Predictions(self.context)

    # Agents

    @part
    def language(self) -> Language:
        """The language models, and what they may take."""
        from brainops.agents.language.language import Language
        from brainops.agents.language.model import LanguageModels

        settings = self.settings
        models = LanguageModels(names=settings.language, url=settings.language_url, key=settings.language_key)
        return Language(self.context, models)

    @part
    def agents(self) -> Agents:
        """The agents, and the tasks that they carry out."""
        from brainops.agents.agents import Agents

        lasting = self._lasting
        return Agents(
            self.context,
            self.operations,
            self.guard,
            self.notices,
            self.runs,
            self.language,
            (lambda: lasting().agents) if lasting else None,
        )

    @part
    def workflows(self) -> Workflows:
        """Plans for goals, as procedures whose steps name agents."""
        from brainops.agents.workflows.workflows import Workflows

        return Workflows(
            self.context,
            self.agents,
            self.procedures,
            self.runs,
            self.triggers,
            self.notices,
            self.language,
            self.execute,
        )

    def execute(self, name: str, given: Mapping[str, JSON], target: str | None) -> Run:
        """Run a procedure as an operation of its own."""
        from brainops.operations.execution import execute

        return execute(
            self.context,
            self.operations,
            self.procedures,
            self.runs,
            name,
            given,
            target=target,
            session=self.settings.session,
        )

    # Learning

    @part
    def signals(self) -> Signals:
        """Logs, figures and pages that are watched."""
        from brainops.learning.signals.signals import Signals

        return Signals(self.context)

    @part
    def improvements(self) -> Improvements:
        """What learning proposes to change, or has changed."""
        from brainops.learning.improvements.improvements import Improvements

        return Improvements(self.context, self.procedures, self.fixes, self.guard, self.agents, self.notices)

    @part
    def learning(self) -> Learning:
        """The cycles that learn from the record."""
        from brainops.learning.cycles.cycles import Learning

        return Learning(self.context, self.guard, self.signals, self.improvements, self.predictions, self.notices)

    @part
    def sharing(self) -> Sharing:
        """What instances teach each other."""
        from brainops.learning.sharing.sharing import Sharing

        return Sharing(self.context, self.procedures, self.fixes)

    # Health

    @part
    def health(self) -> Health:
        """The figures of health, and the report of a week."""
        from brainops.health.health import Health

        return Health(self.context, self.settle)

    @part
    def changes(self) -> Changes:
        """The feed of what happened."""
        from brainops.health.changes import Changes

        return Changes(self.context, self.settings.changes_days)

    @part
    def sessions(self) -> Sessions:
        """The sessions, and the briefing that opens one."""
        from brainops.health.session import SessionPlace
        from brainops.health.sessions import Sessions

        place = SessionPlace(
            context=self.context, procedures=self.procedures, learning=self.learning, background=self.background
        )
        return Sessions(place, self.settings.session, self.settle_records)

    @part
    def upkeep(self) -> Upkeep:
        """What is stored: state, checks, backup, transfer, indexes, growth."""
        from brainops.health.upkeep import Upkeep

        return Upkeep(self.context, self.recorder.flush, self.settle_records)

    @part
    def jobs(self) -> Jobs:
        """What takes long, and goes on in the background."""
        from brainops.health.jobs import Jobs

        return Jobs(self.context, self._nudge)

    @part
    def workers(self) -> Workers:
        """Who goes on with runs: this process, and others."""
        from brainops.health.workers import Workers

        return Workers(self.context, self.lane)

    # What goes on by itself

    def lane(self, *, keep_days: float | None = None, learns_after_seconds: float = LEARNS_AFTER_SECONDS) -> Lane:
        """Return what a dispatcher does here: it goes on with the runs that are due, and now and then looks around.

        Approvals escalate and expire, notices leave, fixes are judged, and learning cycles that are due run once the
        process has lived for some seconds; with `keep_days` runs that ended so long ago are removed.
        """
        from brainops.procedures.runs.dispatcher import Lane

        begin = time.monotonic() + learns_after_seconds
        sweeps: list[Callable[[], object]] = [
            self.approvals.sweep,
            self.alerts.work,
            self.notices.deliver,
            self.fixes.sweep,
            self.agents.sweep,
            self.workflows.sweep,
            self.changes.trim,
            lambda: self.learning.tick() if time.monotonic() >= begin else None,
        ]
        if keep_days is not None:
            sweeps.append(lambda: self.runs.remove_ended(older_than_days=keep_days))
        return Lane(self.context.store, self.runs, sweeps, mend=self.fixes.sweep, do_jobs=self.jobs.begin)
