"""Where does everything come together? A Brain opens a store, wires the parts and holds them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from msgspec.structs import replace

from brainops import config
from brainops.agents.agents import Agents
from brainops.agents.language.language import Language
from brainops.agents.language.model import LanguageModels
from brainops.agents.workflows.workflows import Workflows
from brainops.errors import BrainOpsError, InvalidInput, NotFound
from brainops.founding import calls as founding
from brainops.health.looking import Looking
from brainops.health.operating import Operating
from brainops.health.upkeep import Upkeep
from brainops.health.working import Working
from brainops.learning.cycles.cycles import Learning
from brainops.learning.improvements.improvements import Improvements
from brainops.learning.sharing.sharing import Sharing
from brainops.learning.signals.signals import Signals
from brainops.memory import capture as capturing
from brainops.memory import correction as change
from brainops.memory import meaning, retrieve
from brainops.memory.context import MemoryContext
from brainops.memory.drain import Drainer
from brainops.memory.filters import filter_of, member
from brainops.memory.recognition import fingerprint_move, match
from brainops.memory.redaction.policy import redaction_policy
from brainops.memory.uses import Uses
from brainops.operations.guard.enforcement import Guard
from brainops.operations.guard.other_namespaces import Elsewhere, place_of
from brainops.operations.guidance import Advisers
from brainops.operations.operation import OperationLog
from brainops.operations.predictions import Predictions
from brainops.operations.recorder import Recorder
from brainops.operations.run_operations import RunOperations
from brainops.procedures.cases.cases import Cases
from brainops.procedures.catalog import Catalog
from brainops.procedures.consent.allow_list import StepLimits
from brainops.procedures.consent.approvals import Approvals
from brainops.procedures.consent.automatic import stopped_here
from brainops.procedures.consent.outbox import Outbox
from brainops.procedures.definition.inputs import fitting
from brainops.procedures.fixes.fixes import Fixes
from brainops.procedures.runs.lessons import lesson
from brainops.procedures.runs.runner import Runner
from brainops.procedures.steps.call import Registry
from brainops.procedures.steps.kinds import executors
from brainops.procedures.triggers.triggers import Triggers
from brainops.store import Store, acts, open_store
from brainops.store.operations import EXECUTE
from brainops.store.scope import Scope
from brainops.types import (
    JSON,
    Actor,
    Captured,
    Draft,
    ErrorEvent,
    Feedback,
    Hit,
    Match,
    Memory,
    MemoryState,
    MemoryType,
    Procedure,
    ProcedureVersion,
    Progress,
    Proof,
    Run,
    Source,
    Trust,
    Verdict,
)

log = logging.getLogger("brainops")

LESSON_RUNS = 200  # the newest runs of a procedure; older ones are of another time


class Brain(Operating, Upkeep, Working, Looking):
    """The operational memory, open: capture, retrieve, match, guide, operate, correct and look after.

    Safe to share between threads, and usable after a fork. Use it as a context manager, or call `close`.
    """

    acts: Mapping[str, acts.Act] = acts.TABLE
    agents: Agents  # made after the runs whose agent steps they do

    def __init__(self, store: Store, settings: config.Settings, *, background: bool = True) -> None:
        self.settings = settings
        self._store = store
        self._context = MemoryContext(
            store=store,
            redaction=redaction_policy(store, settings.personal_data),
            meaning=meaning.Meaning(settings.model),
            actor=settings.actor,
            due=lambda application_ids: self.fixes.expect(application_ids),
        )
        self._recorder = Recorder()
        self._uses = Uses(self._recorder.submit)
        self.notices = Outbox(self._context)
        self.approvals = Approvals(self._context, self.notices)
        store.prove = self.approvals.approvers.prove
        self.procedures = Catalog(self._context)
        self.limits = StepLimits(self._context)
        self.calls = Registry()
        self.cases = Cases(self._context)
        self.triggers = Triggers(self._context, self.procedures)
        self.guard = Guard(
            self._context, self.procedures, self.triggers, self.approvals, self.notices, self._recorder.flush
        )
        self.guard.elsewhere = Elsewhere(store, place_of(settings.store), self._of)
        self.runs = Runner(
            self._context,
            self.procedures,
            self.approvals,
            self.notices,
            executors(self.calls, agents=lambda work: self.workflows.step(work), decisions=self.cases.step),
            admit=self.guard.admission,
            operations=RunOperations(self._context),
            answered=self.cases.answered,
        )
        self.fixes = Fixes(self._context, self.procedures, self.runs, lambda: stopped_here(store, os.environ))
        self._dispatcher = self.dispatcher() if background else None
        if self._dispatcher is not None:
            self.runs.nudge = self._dispatcher.nudge
        self.predictions = Predictions(self._context)
        advisers = Advisers(
            triggers=self.triggers,
            fixes=self.fixes.suggest,
            agent=lambda start: self.agents.recommend(start),
            precursors=lambda now: self.signals.precursors(now),
        )
        self._operations = OperationLog(self._context, self._recorder, self.guard, advisers)
        models = LanguageModels(names=settings.language, url=settings.language_url, key=settings.language_key)
        self.language = Language(self._context, models)
        self.agents = Agents(self._context, self._operations, self.guard, self.notices, self.runs, self.language)
        self.workflows = Workflows(
            self._context,
            self.agents,
            self.procedures,
            self.runs,
            self.triggers,
            self.notices,
            self.language,
            lambda name, given, target: self.execute(name, given, target=target),
        )
        self.signals = Signals(self._context)
        self.improvements = Improvements(
            self._context, self.procedures, self.fixes, self.guard, self.agents, self.notices
        )
        self.learning = Learning(
            self._context, self.guard, self.signals, self.improvements, self.predictions, self.notices
        )
        self.sharing = Sharing(self._context, self.procedures, self.fixes)
        self._drainer = Drainer(self._context.meaning) if background else None
        self._register_calls()

    @classmethod
    def open(
        cls,
        store: str | os.PathLike[str] | None = None,
        *,
        namespace: str | None = None,
        read: Iterable[str] | None = None,
        model: str | None = None,
        personal_data: str | None = None,
        actor: Actor | None = None,
        background: bool = True,
    ) -> Brain:
        """Open a memory; what is not given comes from the environment, the settings file, or the defaults.

        `store` is a file (made where there is none), ":memory:" or a postgresql:// URL. With `background`, a thread
        embeds what waits for a vector once something was captured or asked. Raises InvalidConfiguration, StoreError.
        """
        settings = config.load(
            store=os.fspath(store) if store is not None else None,
            namespace=namespace,
            read=tuple(read) if read is not None else None,
            model=model,
            personal_data=personal_data,
            actor=actor,
        )
        scope = Scope.of(settings.namespace, settings.read)
        opened = open_store(settings.store, scope)
        try:
            brain = cls(opened, settings, background=background)
            fingerprint_move.move(brain._context)
        except BaseException:  # a signal too: a command that is ended while it opens leaves no log behind
            opened.close()
            raise
        return brain

    # Memory

    def capture(
        self,
        title: str,
        content: JSON = "",
        *,
        type: MemoryType | str = MemoryType.LEARNING_INSIGHT,
        tags: Iterable[str] = (),
        importance: float = 0.5,
        metadata: Mapping[str, JSON] | None = None,
        trust: Trust | str = Trust.AGENT,
        source: Source | None = None,
        subject: str | None = None,
        fingerprint: str | None = None,
        idempotency_key: str | None = None,
        valid_from: int | None = None,
        valid_to: int | None = None,
    ) -> Captured:
        """Store a memory durably; it is safe and searchable by words when this returns.

        `content` is text or JSON; `importance` 0 to 1; times are microseconds. The same content again is counted on the
        first one. Raises InvalidInput, RecallLoop, StoreError.
        """
        draft = self.draft(
            title,
            content,
            type=type,
            tags=tags,
            importance=importance,
            metadata=metadata,
            trust=trust,
            source=source,
            subject=subject,
            fingerprint=fingerprint,
            idempotency_key=idempotency_key,
            valid_from=valid_from,
            valid_to=valid_to,
        )
        captured = capturing.capture(self._context, draft)
        self._nudge()
        return captured

    def draft(self, title: str, content: JSON = "", **fields: Any) -> Draft:
        """Return a draft of a memory, as `capture` takes it: for `capture_many`, `supersede` and `feedback`."""
        fields = {name: value for name, value in fields.items() if value is not None}
        fields["type"] = member(MemoryType, fields.get("type", MemoryType.LEARNING_INSIGHT))
        fields["trust"] = member(Trust, fields.get("trust", Trust.AGENT))
        tags = fields.get("tags", ())
        if isinstance(tags, str):
            raise InvalidInput(f"tags are a list of texts; for one tag write [{tags!r}]")
        fields["tags"] = tuple(tags)
        fields.setdefault("source", Source(actor=self.settings.actor, session_id=self.settings.session))
        return Draft(title=title, content=content, **fields)

    def capture_many(self, drafts: Iterable[Draft], progress: Progress | None = None) -> list[Captured]:
        """Store many memories, some hundred in one transaction, and return their acknowledgements in order."""
        return list(self.capture_each(drafts, progress))

    def capture_each(self, drafts: Iterable[Draft], progress: Progress | None = None) -> Iterator[Captured]:
        """Store many memories, yielding each acknowledgement once it is durable."""
        yield from capturing.capture_many(self._context, drafts, progress)
        self._nudge()

    def retrieve(
        self, query: str = "", *, limit: int = 10, budget_tokens: int | None = None, **conditions: Any
    ) -> list[Hit]:
        """Return the memories that answer a query, best first; an empty query lists the newest.

        The conditions are those of `Filter`: types, tags, trust, namespaces, session_id, since, until, as_of,
        include_archived, include_superseded. `budget_tokens` packs the hits into that many tokens. Writes nothing.
        """
        hits = retrieve.retrieve(self._context, query, filter_of(conditions), limit=limit)
        self._nudge()
        given = hits if budget_tokens is None else retrieve.pack(hits, budget_tokens)
        self._uses.add(self._store, "retrieve", (hit.memory for hit in given))
        return given

    def match(
        self, error: str | ErrorEvent | BaseException, *, service: str | None = None, limit: int = 5, **conditions: Any
    ) -> list[Match]:
        """Return known memories for an error (text, traceback, alert, event or exception): exact ones first."""
        if isinstance(error, BaseException):
            from brainops.memory.recognition.error_events import from_exception

            error = from_exception(error)
        found = match.match(self._context, error, service=service, wanted=filter_of(conditions), limit=limit)
        self._nudge()
        self._uses.add(self._store, "match", (each.memory for each in found))
        return found

    def get(self, memory_id: str) -> Memory:
        """Return one memory by id; raise NotFound."""
        return change.get(self._context, memory_id)

    def history(self, memory_id: str) -> change.History:
        """Return a memory's versions, acts, verdicts and occurrences."""
        return change.history(self._context, memory_id)

    def feedback(
        self, memory_id: str, verdict: Verdict | str, *, note: str = "", correction: Draft | str | None = None
    ) -> Feedback:
        """Say that a memory is helpful, wrong or outdated; a correction (draft, or its new text) supersedes it."""
        given = member(Verdict, verdict)
        if isinstance(correction, str):
            correction = change.corrected(self.get(memory_id), correction)
        return change.feedback(self._context, memory_id, given, note=note, correction=correction)

    def undo_feedback(self, feedback_id: str) -> Feedback:
        """Take a verdict back."""
        return change.undo_feedback(self._context, feedback_id)

    def supersede(self, memory_id: str, draft: Draft) -> Captured:
        """Replace a memory by a corrected one; the old one stays as history."""
        return change.supersede(self._context, memory_id, draft)

    def archive(self, memory_id: str, *, reason: str = "") -> Memory:
        """Set a memory aside: found only where archived ones are asked for."""
        return change.set_state(self._context, memory_id, MemoryState.ARCHIVED, reason)

    def forget(self, memory_id: str, *, reason: str = "") -> Memory:
        """Hide a memory from every search; `restore` brings it back."""
        return change.set_state(self._context, memory_id, MemoryState.FORGOTTEN, reason)

    def restore(self, memory_id: str, *, reason: str = "") -> Memory:
        """Bring an archived or forgotten memory back."""
        return change.set_state(self._context, memory_id, MemoryState.ACTIVE, reason)

    def purge(self, memory_id: str | Sequence[str], *, reason: str, proof: Proof | None = None) -> change.Removed:
        """Remove a memory (or several) for good, with everything derived from it; only a person may. Cannot be undone.

        In a strict namespace where people are enrolled who may approve, it takes the `proof` of one of them, and so
        does `purge_subject`. Raises NotFound, ApprovalUnproven.
        """
        return change.purge(self._context, memory_id, reason=reason, proof=proof)

    def purge_subject(self, subject: str, *, reason: str, proof: Proof | None = None) -> change.Removed:
        """Remove every memory about a subject for good, as `purge` does one. Cannot be undone."""
        return change.purge_subject(self._context, subject, reason=reason, proof=proof)

    def promote(self, memory_id: str, namespace: str, *, reason: str = "") -> Captured:
        """Copy a memory into another namespace, as an audited act."""
        return change.promote(self._context, memory_id, namespace, reason=reason)

    def flag(self, memory_id: str, reason: str | None) -> None:
        """Mark a memory for review; None clears the mark."""
        change.flag(self._context, memory_id, reason)

    def by_source(self, prefix: str) -> list[Memory]:
        """Return the memories of the written namespace whose source key begins like this, those set aside too."""
        return change.by_source(self._context, prefix)

    def move_source(self, memory_id: str, key: str, uri: str | None = None) -> None:
        """Say that the source of a memory was renamed."""
        change.move_source(self._context, memory_id, key, uri)

    # Procedures

    def establish(
        self, source: Procedure | str | Mapping[str, JSON], *, activate: bool = True, reason: str = ""
    ) -> ProcedureVersion:
        """Save a procedure and let it hold. Raises InvalidProcedure, Conflict."""
        saved = self.procedures.save(source, reason=reason)
        return self.procedures.activate(saved.procedure.name, number=saved.number, reason=reason) if activate else saved

    def execute(self, name: str, context: Mapping[str, JSON] | None = None, *, target: str | None = None) -> Run:
        """Run a procedure for a context; go on until it ends or waits. Memory is consulted, and the guard asked, first.

        What the procedure names among its inputs is taken from the context; all of it stands with the operation.
        Raises NotFound, InvalidInput, OperationBlocked.
        """
        given = dict(context or {})
        procedure = self.procedures.get(name).procedure
        name, inputs = procedure.name, fitting(procedure, given)
        target = target or (str(given["target"]) if given.get("target") else None)
        running = self.begin(f"{EXECUTE}{name}", target=target, context=given, consult="cached")
        try:
            run = self.runs.start(name, inputs, target=target, executes=running.id)
        except BrainOpsError:
            running.discard()
            raise
        if run.operation_id != running.id:
            running.discard()  # it joined a run that is an operation already
        return run

    def learn(self, procedure: str, *, limit: int = LESSON_RUNS) -> Captured:
        """Keep what the runs of a procedure teach as an insight: where they fail, what is skipped, what is slow."""
        version = self.procedures.get(procedure)
        procedure = version.procedure.name
        taught = lesson(version.procedure, self.runs.list(procedure=procedure, limit=limit))
        metadata: dict[str, JSON] = {"procedure": procedure, "hash": version.hash}
        title = f"Runs of {procedure}: {taught.findings[0] if taught.findings else 'none has ended'}"
        return self.capture(title, taught.as_content(), tags=["procedure", procedure], metadata=metadata)

    # Runs

    def _register_calls(self) -> None:
        asked = founding.MemoryParts(
            guidance=self.guidance,
            match=self.match,
            operations=self.operations,
            embed_pending=self.embed_pending,
            audit=self.audit,
            doctor=self.doctor,
            fixes=self.fixes,
            guard=self.guard,
            learning=self.learning,
            improvements=self.improvements,
        )
        for name, function in founding.calls(asked).items():
            self.calls.register(name, function)

    # Upkeep

    def flush(self) -> bool:
        """Wait until every record handed over is durable; False where that took too long."""
        return self._recorder.flush()

    def close(self) -> None:
        """Write what waits, let fixes that errors of this process set off end (ten seconds at most), and let go of all.

        What has not ended by then is gone on with by the next process that has the memory open, or by a worker.
        """
        self._finish_fixes()
        if self._dispatcher is not None:
            self._dispatcher.close()
        if self._drainer is not None:
            self._drainer.close()
        self._uses.write()
        self._context.process.close()
        self._recorder.close()
        self.guard.elsewhere.close()
        self._store.close()

    def _of(self, guarded: config.Guarded) -> Brain:
        """Return another namespace that holds here, open: of this store, or of the one that it was strict in."""
        own = guarded.store == place_of(self.settings.store)
        if not own and not os.path.isfile(guarded.store):
            raise NotFound(f"{guarded.namespace} is guarded in {guarded.store}, which cannot be opened from here")
        settings = replace(
            self.settings, store=self.settings.store if own else guarded.store, namespace=guarded.namespace
        )
        scope = Scope.of(settings.namespace, settings.read)
        return Brain(
            self._store.within(scope) if own else open_store(settings.store, scope), settings, background=False
        )

    def _finish_fixes(self) -> None:
        try:
            self._recorder.flush()
            self.fixes.finish()
        except BrainOpsError as error:
            log.warning("fixes that were due are left to others: %s", error)

    def _nudge(self) -> None:
        if self._drainer is not None:
            self._drainer.nudge(self._store)
        if self._dispatcher is not None:
            self._dispatcher.begin()

    def __enter__(self) -> Brain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
