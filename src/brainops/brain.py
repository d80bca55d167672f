"""What does one actor see of a memory? A Brain: the verbs, and nouns for the rest, within one scope and session."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from msgspec.structs import replace

from brainops import lazy
from brainops.engine import Engine, Opens, narrowed
from brainops.memory.filters import filter_of, member
from brainops.nouns import noun
from brainops.services import Services
from brainops.store import acts
from brainops.store.database import Deadline, sooner
from brainops.types import Draft, MemoryState, MemoryType, Source, Trust, Verdict
from brainops.wire import checked

if TYPE_CHECKING:
    from brainops import once
    from brainops.memory import capture as capturing
    from brainops.memory import correction as change
    from brainops.memory import likeness, match_counts, retrieve
    from brainops.memory.recognition import alerts, match
    from brainops.operations.operation import Accompany, Running
    from brainops.types import (
        JSON,
        ActionClass,
        Actor,
        Captured,
        ChangeKind,
        Consult,
        Down,
        DraftFields,
        ErrorEvent,
        Feedback,
        FeedEntry,
        Guidance,
        Handled,
        Hit,
        Match,
        MatchCounts,
        Memory,
        Micros,
        OperationStart,
        Page,
        Procedure,
        ProcedureVersion,
        Progress,
        Proof,
        Recognition,
        Record,
        Run,
    )
else:
    capturing, change, likeness, match_counts, retrieve = lazy.modules(
        "brainops.memory", "capture correction likeness match_counts retrieve"
    )
    (once,) = lazy.modules("brainops", "once")
    alerts, match = lazy.modules("brainops.memory.recognition", "alerts match")

LESSON_RUNS = 200  # the newest runs of a procedure; older ones are of another time


class Brain(metaclass=Opens):
    """The operational memory, as one actor sees it: capture, retrieve, match, guide, operate, correct and look after.

    `Brain.open()` opens a memory and returns its first view; `acting` returns a lesser one in microseconds; a view for
    somebody else is made from the engine, by who holds it. Safe to share between threads, and usable after a fork. Use
    it as a context manager, or call `close`.
    """

    acts: Mapping[str, acts.Act] = acts.TABLE

    def __init__(
        self,
        engine: Engine,
        *,
        actor: Actor | None = None,
        namespace: str | None = None,
        read: Iterable[str] | None = None,
        session: str | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        """Make the view of an actor, whom the holder of the engine knows; what is not given is the engine's own."""
        own = engine.settings
        self.settings = replace(
            own,
            actor=actor or own.actor,
            namespace=namespace or own.namespace,
            read=own.read if read is None else tuple(read),
            session=session or (own.session if actor is None else None),
        )
        self._engine = engine
        self._services = engine.services(self.settings, deadline)
        self._context = self._services.context
        self._owns_engine = False
        engine.put_around(self)

    def acting(
        self,
        *,
        actor: Actor | None = None,
        namespace: str | None = None,
        read: Iterable[str] | None = None,
        session: str | None = None,
        deadline: float | None = None,
        idempotency_key: str | None = None,
        down: Down | str | None = None,
    ) -> Brain:
        """Return a view that sees and may do the same as this one, or less.

        A person's view may become a service's or an agent's, a service's an agent's, and none another person's. What is
        read lies within what is read here; a person or a service may write another namespace of those. An agent stays
        in the namespace that it writes, and in the session that it has. Raises ApprovalUnproven, NamespaceDenied.

        `deadline` is in seconds from now, for all that the view does: make one for each request. What is not committed
        by then raises StoreUnavailable, and nothing of it is written. Runs that it starts go on in the background, and
        the end of an operation is written whenever that is.

        With an `idempotency_key` a call is done once: the same call of the same actor answers for a day as it did
        first, another one raises Conflict, and what was raised is not kept.

        `down` says what becomes of its calls while a server that has the memory cannot be reached: see `Down`. To a
        memory that is open here it says nothing.
        """
        less = narrowed(self.settings, actor, namespace, read, session)
        view = Brain(
            self._engine, actor=less.actor, namespace=less.namespace, read=less.read, session=less.session,
            deadline=sooner(self._context.store.deadline, deadline),
        )  # fmt: skip
        return view if idempotency_key is None else once.under(view, view._context, view.resume, idempotency_key)

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
            title, content, type=type, tags=tags, importance=importance, metadata=metadata, trust=trust, source=source,
            subject=subject, fingerprint=fingerprint, idempotency_key=idempotency_key, valid_from=valid_from,
            valid_to=valid_to,
        )  # fmt: skip
        captured = capturing.capture(self._context, draft)
        self._used()
        return captured

    def draft(self, title: str, content: JSON = "", **fields: Unpack[DraftFields]) -> Draft:
        """Return a draft of a memory, as `capture` takes it: for `capture_many`, `supersede` and `feedback`."""
        given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
        if isinstance(tags := given.get("tags"), Iterable) and not isinstance(tags, str):
            given["tags"] = tuple(tags)
        source = given.pop("source", None) or Source(actor=self.settings.actor, session_id=self.settings.session)
        return checked(Draft(**{**given, "source": source, "title": title, "content": content}))

    def capture_many(self, drafts: Iterable[Draft], progress: Progress | None = None) -> list[Captured]:
        """Store many memories, some hundred in one transaction, and return their acknowledgements in order."""
        captured = capturing.capture_all(self._context, drafts, progress)
        self._used()
        return captured

    def capture_each(self, drafts: Iterable[Draft], progress: Progress | None = None) -> Iterator[Captured]:
        """Store many memories, yielding each acknowledgement once it is durable."""
        yield from capturing.capture_many(self._context, drafts, progress)
        self._used()

    def retrieve(
        self, query: str = "", *, limit: int = 10, budget_tokens: int | None = None, **conditions: Any
    ) -> list[Hit]:
        """Return the memories that answer a query, best first; an empty query lists the newest.

        The conditions are those of `Filter`: types, tags, trust, namespaces, session_id, since, until, as_of,
        include_archived, include_superseded. `budget_tokens` packs the hits into that many tokens. Writes nothing.
        """
        hits = retrieve.retrieve(self._context, query, filter_of(conditions), limit=limit)
        self._used()
        given = hits if budget_tokens is None else retrieve.pack(hits, budget_tokens)
        self._engine.uses.add(self._context.store, "retrieve", (hit.memory for hit in given))
        return given

    def newest(
        self, *, limit: int = 10, after: str | None = None, before: str | None = None, **conditions: Any
    ) -> Page[Memory]:
        """Return a page of the memories that pass conditions as `retrieve` takes them, newest first; writes nothing.

        Those whose time is more than a day ahead, by a wrong clock, come last.
        """
        return retrieve.newest(self._context, filter_of(conditions), limit, after=after, before=before)

    def count(self, query: str = "", **conditions: Any) -> MatchCounts:
        """Return how many memories pass conditions, and share a word with a query; of which types, trust and tags."""
        return match_counts.counts(self._context, query, filter_of(conditions))

    def match(
        self, error: str | ErrorEvent | BaseException, *, service: str | None = None, limit: int = 5, **conditions: Any
    ) -> list[Match]:
        """Return known memories for an error (text, traceback, alert, event or exception): exact ones first."""
        found = match.match(self._context, error, service=service, wanted=filter_of(conditions), limit=limit)
        self._used()
        self._engine.uses.add(self._context.store, "match", (each.memory for each in found))
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
        if isinstance(correction, str):
            correction = change.corrected(self.get(memory_id), correction)
        given, told = member(Verdict, verdict), self._services.of_verdict
        return change.feedback(self._context, memory_id, given, note=note, correction=correction, told=told)

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

    def recognise(self, text: str, **match: Any) -> Recognition:
        """Return what is known of each error that a text (an Alertmanager webhook, too) reports, and what to try."""
        found = functools.partial(self.match, **match)
        return alerts.recognise(text, found, self.fixes.suggest, self.evidence.next_tries)

    def near(self, memory: Memory, *, besides: str = "") -> list[tuple[Memory, float]]:
        """Return memories that say nearly the same in the same words, with the share that they have in common."""
        return likeness.near(memory, lambda text, limit: self.retrieve(text, limit=limit), besides)

    def changes(
        self, *, after: str | None = None, before: str | None = None, kinds: Iterable[ChangeKind | str] = (),
        limit: int = 100,
    ) -> Page[FeedEntry]:  # fmt: skip
        """Return what happened after a cursor, in the order of the feed, which misses no commit however late it comes.

        `next` of a page, or the `id` of a change, is where to go on; `after="newest"` begins with what happens from now
        on, `after=None` with the oldest that is kept. `kinds` are members of `ChangeKind` or their nouns ("run").
        Raises InvalidInput; CursorExpired where what came after is not kept any more, or a backup was restored since.
        """
        return self._services.changes.page(after, before, tuple(kinds), limit)

    # Operations

    def guidance(
        self,
        name: str,
        *,
        target: str | None = None,
        context: Mapping[str, Any] | None = None,
        session: str | None = None,
        action_class: ActionClass | str | None = None,
    ) -> Guidance:
        """Consult memory about an operation; the guidance's id is the receipt that this was done."""
        return self._services.operations.guidance(self._start(name, target, context, session), action_class)

    def operation(
        self,
        name: str,
        *,
        target: str | None = None,
        context: Mapping[str, Any] | None = None,
        session: str | None = None,
        consult: Consult = "always",
        record: Record = "durable",
        timeout_seconds: float | None = None,
        strict: bool = False,
        client_errors: bool = False,
        service: str | None = None,
        action_class: ActionClass | str | None = None,
    ) -> Accompany:
        """Accompany an operation, as `with`, `async with` or decorator: consult before, record after, keep the error.

        See `Manner` for what the options mean. An exception of the operation passes through unchanged.
        """
        from brainops.operations.operation import Accompany, manner_of

        manner = manner_of(
            consult=consult, record=record, timeout_seconds=timeout_seconds, strict=strict, client_errors=client_errors,
            service=service, action_class=action_class,
        )  # fmt: skip
        return Accompany(lambda: self._services.operations, self._start(name, target, context, session), manner)

    def begin(
        self,
        name: str,
        *,
        target: str | None = None,
        context: Mapping[str, Any] | None = None,
        session: str | None = None,
        consult: Consult = "always",
        record: Record = "durable",
        timeout_seconds: float | None = None,
        strict: bool = False,
        service: str | None = None,
        action_class: ActionClass | str | None = None,
    ) -> Running:
        """Begin an operation whose end is told later, by the handle or by `resume(id)` in another process."""
        from brainops.operations.operation import manner_of

        manner = manner_of(
            consult=consult, record=record, timeout_seconds=timeout_seconds, strict=strict, service=service,
            action_class=action_class,
        )  # fmt: skip
        return self._services.operations.begin(self._start(name, target, context, session), manner)

    def resume(self, operation_id: str, *, record: Record = "durable", strict: bool = False) -> Running | None:
        """Return the handle of an operation that was begun elsewhere, to end it; None where there is none."""
        from brainops.operations.operation import Manner

        return self._services.operations.resume(operation_id, Manner(consult="never", record=record, strict=strict))

    def _start(
        self, name: str, target: str | None, context: Mapping[str, Any] | None, session: str | None
    ) -> OperationStart:
        from brainops.operations.operation import start_of

        self._engine.begin(self.settings.namespace)  # a memory that is used also learns while it is open
        return start_of(name, target, context, self.settings.actor, session or self.settings.session)

    def capture_error(self, error: BaseException | ErrorEvent | str, *, service: str | None = None) -> None:
        """Make an error a memory, without waiting: one per fingerprint, with a count."""
        from brainops.operations import log

        context, event = self._context, log.event_of(error, service)
        self._engine.recorder.submit(
            context.store, lambda tx: log.distil(tx, context, log.checked_error(context, event), None, None)
        )

    def handle(
        self, event: str, *, target: str | None = None, error: str | ErrorEvent | BaseException | None = None,
        context: Mapping[str, Any] | None = None, session: str | None = None, key: str | None = None,
        group: str | None = None, labels: Mapping[str, str] | None = None, severity: str = "", link: str | None = None,
        resolved: bool = False, said_at: Micros | None = None,
    ) -> Handled:  # fmt: skip
        """Write down what happened, and let the procedures that are for it begin: one run for each kind and target.

        They are for it by their triggers' events or fingerprints, and begin where autonomy is auto. Each event is an
        operation of the log, each error a memory. Durable when it returns; the runs go on in the background.

        Under a `key` it is an alert that stands as firing until it is told `resolved`: told again, or late by `said_at`
        (its sender's clock), it changes nothing. Alerts of one `group` begin one run. Raises InvalidInput.
        """
        from brainops.operations.events import handle

        alert = {"key": key, "group": group, "resolved": resolved, "target": target, "severity": severity}
        told = {**alert, "name": event, "labels": labels or {}, "link": link, "said_at": said_at}
        found = handle(self._services, told, error=error, said=context, session=session)
        if resolved or any(answer.began for answer in found.answers):
            self._engine.nudge(self.settings.namespace)
        return found

    # Procedures

    def establish(
        self, source: Procedure | str | Mapping[str, JSON], *, activate: bool = True, reason: str = ""
    ) -> ProcedureVersion:
        """Save a procedure and let it hold. Raises InvalidProcedure, Conflict."""
        catalog = self._services.procedures
        saved = catalog.save(source, reason=reason)
        return catalog.activate(saved.procedure.name, number=saved.number, reason=reason) if activate else saved

    def execute(self, name: str, context: Mapping[str, JSON] | None = None, *, target: str | None = None) -> Run:
        """Run a procedure for a context; go on until it ends or waits. Memory is consulted, and the guard asked, first.

        What the procedure names among its inputs is taken from the context; all of it stands with the operation.
        Raises NotFound, InvalidInput, OperationBlocked.
        """
        self._engine.begin(self.settings.namespace)
        return self._services.execute(name, dict(context or {}), target)

    def learn(self, procedure: str, *, limit: int = LESSON_RUNS) -> Captured:
        """Keep what the runs of a procedure teach as an insight: where they fail, what is skipped, what is slow."""
        from brainops.learning.run_lessons import learn

        parts, session = self._services, self.settings.session
        return learn(self._context, parts.procedures, parts.runs, procedure, limit=limit, session=session)

    # Nouns

    agents = noun(Services.agents, hides="readable recommend step")
    alerts = noun(Services.alerts)
    approvals = noun(Services.approvals, hides="ask use withdraw")
    calls = noun(Services.calls, hides="call")
    cases = noun(Services.cases, hides="answered step")
    causes = noun(Services.causes)
    evidence = noun(Services.evidence)
    fixes = noun(Services.fixes, hides="expect receive")
    guard = noun(Services.guard, hides="admission admit cover look must_be_recorded refuse")
    health = noun(Services.health)
    improvements = noun(Services.improvements, hides="parts propose register")
    jobs = noun(Services.jobs, hides="begin")
    keys = noun(Services.keys, hides="known known_token")
    language = noun(Services.language, hides="say")
    learning = noun(Services.learning, hides="parts")
    limits = noun(Services.limits)
    notices = noun(Services.notices, hides="put clicked")
    operations = noun(Services.record)
    people = noun(Services.people)
    procedures = noun(Services.procedures, hides="hold keep")
    runs = noun(Services.runs, hides="carry_on claim claim_due lease_seconds nudge owner refusal version")
    sessions = noun(Services.sessions)
    sharing = noun(Services.sharing)
    signals = noun(Services.signals, hides="parts precursors")
    triggers = noun(Services.triggers, hides="answering resembling")
    upkeep = noun(Services.upkeep)
    workers = noun(Services.workers)
    workflows = noun(Services.workflows, hides="step")

    # The end

    def flush(self) -> bool:
        """Wait until every record handed over is durable; False where that took too long."""
        return self._engine.recorder.flush()

    def close(self) -> None:
        """Write what waits; the Brain that opened the memory lets go of all.

        It lets fixes that errors of this process set off end first (ten seconds at most). What has not ended by then is
        gone on with by the next process that has the memory open, or by a worker.
        """
        (self._engine.close if self._owns_engine else self._services.settle)()

    def _used(self) -> None:
        self._engine.embed(self._context.store)
        self._engine.begin(self.settings.namespace)

    def __enter__(self) -> Brain:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
