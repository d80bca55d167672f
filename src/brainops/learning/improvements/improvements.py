"""What did the system change about itself, on what evidence, and how is each change undone?

    proposed ──> trial ──> applied ──> kept
        │          │          ├──> rolled_back   it was worse
    planned ───────┼──> applied
        └──────────┴──> rejected                 vetoed, worse, or nothing could be told

Every move is one transaction that names the state it leaves: of two that try, one does it, and a kill leaves the state
that was. `applied` and `kept` become `undone` where somebody takes them back.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from msgspec.structs import replace

from brainops.agents.agents import Agents
from brainops.errors import (
    ApprovalRequired,
    BrainOpsError,
    Conflict,
    InvalidInput,
    NotFound,
    StoreError,
)
from brainops.learning.code.patch_change import CodePatches, TestedPatch
from brainops.learning.code.patch_prompt import Complete
from brainops.learning.code.repositories import Repositories
from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.learning.improvements.fix_modes import FixModes
from brainops.learning.improvements.lifecycle import OPEN, STANDING, Move, may_apply_itself, may_come_back, next_move
from brainops.learning.improvements.port import Changer
from brainops.learning.improvements.procedure_versions import ProcedureVariants
from brainops.learning.improvements.retrieval_weights import RetrievalWeights
from brainops.learning.improvements.routing import Routing
from brainops.learning.improvements.rule_modes import RuleModes
from brainops.learning.improvements.tidying import MemoryPlans
from brainops.learning.improvements.timing import Timing
from brainops.memory.context import MemoryContext
from brainops.memory.redaction.redact import redact_json
from brainops.operations.guard.enforcement import Guard
from brainops.procedures.catalog import Catalog
from brainops.procedures.consent.outbox import Outbox
from brainops.procedures.fixes.fixes import Fixes
from brainops.statistics.always_valid import Measured
from brainops.store import Transaction, acts
from brainops.store.acts import Proven
from brainops.types import (
    JSON,
    Actor,
    Autonomy,
    Cycle,
    Improvement,
    ImprovementKind,
    ImprovementState,
    Micros,
    NoticeKind,
    Proof,
    Section,
)
from brainops.types.limits import LISTED, Limit
from brainops.types.page import Page
from brainops.wire import from_plain

Choice = TypeVar("Choice", bound=StrEnum)


_ITSELF = {
    ImprovementState.TRIAL: acts.ITSELF_TRIED,
    ImprovementState.APPLIED: acts.ITSELF_APPLIED,
    ImprovementState.KEPT: acts.ITSELF_KEPT,
    ImprovementState.ROLLED_BACK: acts.ITSELF_ROLLED_BACK,
    ImprovementState.UNDONE: acts.ITSELF_UNDONE,
    ImprovementState.REJECTED: acts.ITSELF_REJECTED,
}


class Improvements:
    """The improvements of a namespace."""

    def __init__(
        self,
        context: MemoryContext,
        procedures: Catalog,
        fixes: Fixes,
        guard: Guard,
        agents: Agents,
        notices: Outbox,
    ) -> None:
        self._context = context
        self._procedures = procedures
        self._fixes = fixes
        self._guard = guard
        self._agents = agents
        self._notices = notices
        self._changers: dict[ImprovementKind, Changer] = {}
        self._finders: builtins.list[tuple[Changer, frozenset[Cycle]]] = []
        self.repositories = Repositories(context)
        self._code = CodePatches(context, self.repositories)
        self.register(self._code, Cycle.HOURLY)
        self.register(FixModes(), Cycle.HOURLY)
        self.register(Routing(), Cycle.HOURLY)
        self.register(RuleModes(guard), Cycle.HOURLY)
        self.register(Timing(procedures), Cycle.DAILY)
        self.register(ProcedureVariants(procedures), Cycle.DAILY)
        self.register(RetrievalWeights(), Cycle.DAILY)
        self.register(MemoryPlans(context.redaction), Cycle.DAILY)

    def register(self, changer: Changer, *cycles: Cycle) -> None:
        """Let a kind of improvement be found in these cycles, and be applied and taken back."""
        self._changers |= dict.fromkeys(changer.kinds, changer)
        self._finders.append((changer, frozenset(cycles)))

    # What stands

    def list(
        self,
        *,
        kind: ImprovementKind | str | None = None,
        state: ImprovementState | str | None = None,
        limit: int = LISTED,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[Improvement]:
        """Return improvements, newest first; of one kind or in one state where one is named."""
        wanted = None if kind is None else _member(ImprovementKind, kind).value
        where = None if state is None else _member(ImprovementState, state).value
        from_plain(Limit, limit, "limit")
        with self._context.store.read() as tx:
            return tx.improvements.list(kind=wanted, state=where, limit=limit, after=after, before=before)

    def get(self, improvement_id: str) -> Improvement:
        """Return one improvement; raise NotFound."""
        with self._context.store.read() as tx:
            return _known(tx, improvement_id)

    def held(self) -> str | None:
        """Return why nothing may change by itself here, None where it may."""
        stopped = self._guard.automatic_stopped()
        autonomy = self._guard.settings().autonomy
        return stopped or (None if autonomy is Autonomy.AUTO else f"the autonomy is {autonomy.value}")

    # What somebody or something does with it

    def propose(self, tx: Transaction, found: Improvement) -> Improvement | None:
        """Keep what was found, in the caller's transaction; return it as it stands, None where it was decided before.

        The same key is one improvement while it is open; once it was taken back or refused it is not proposed again,
        and once it was worse not before there are more verified outcomes than it rested on.
        """
        open_one = tx.improvements.open(found.key)
        if open_one is not None:
            return self._again(tx, open_one, found)
        last = tx.improvements.last(found.key)
        if last is not None and not may_come_back(last[0], last[1], found):
            return None
        kept = replace(self._redacted(found), namespace=tx.scope.write, ended_at=None)
        if not tx.improvements.add(kept):
            return None
        proposed = tx.also(acts.IMPROVEMENT_PROPOSE, acts.ITSELF)
        proposed.append(kept.id, kept.proposed_at, kind=kept.kind.value, key=kept.key)
        if kept.state is ImprovementState.PLANNED:
            self._tell(tx, NoticeKind.IMPROVEMENT_PLANNED, kept, f"brainops improvements veto {kept.id}")
        return kept

    def propose_patch(
        self,
        repository: str,
        *,
        diff: str = "",
        files: Mapping[str, str | None] | None = None,
        title: str,
        reason: str = "",
    ) -> Improvement:
        """Make a commit of a diff, or of whole files (None removes one), and run the repository's tests with it.

        Returns it proposed (or planned, where the repository is opted in) when they pass, rejected when they fail.
        Raises NotFound, InvalidInput (everything that is wrong with the patch), StepFailed (its tests may not be run),
        OperationBlocked (what acts by itself is stopped), Conflict (it was decided before).
        """
        return self._proposed(self._code.drafted(repository, diff=diff, files=files, title=title, reason=reason))

    def propose_patch_of(self, improvement_id: str, repository: str) -> Improvement:
        """Make a patch of what an improvement says of a procedure's file in a repository, as `propose_patch` does.

        Raises NotFound, InvalidInput (it is about no file there), Conflict (the file is another by now), and as above.
        """
        return self._proposed(self._code.drafted_of(self.get(improvement_id), repository))

    def ask_for_patch(self, repository: str, goal: str, paths: Sequence[str], *, complete: Complete) -> Improvement:
        """Let a language model (`brain.language.complete`) write a patch of these files; as `propose_patch` else.

        Raises BudgetSpent where no budget was set. What a model wrote never applies itself.
        """
        return self._proposed(self._code.drafted_by(complete, repository, goal, paths))

    def apply(self, improvement_id: str, *, proof: Proof | None = None, reason: str = "") -> Improvement:
        """Apply an improvement because a person says so; one that is applied already stays so.

        In a strict namespace where people are enrolled who may approve, it takes the proof of one of them; so does
        `undo`. Raises NotFound, Conflict (somebody changed its subject meanwhile), ApprovalUnproven, ApprovalRequired.
        """
        proven = self._context.store.allow(acts.IMPROVEMENT_APPLY, self._context.actor, proof)
        by = proven.actor if proven is not None else self._context.actor
        return self._apply(improvement_id, self._context.text(reason) or f"applied by {by.id}", proven)

    def undo(self, improvement_id: str, *, reason: str = "", proof: Proof | None = None) -> Improvement:
        """Put back what an improvement replaced, exactly; raise Conflict where somebody changed it meanwhile."""
        proven = self._context.store.allow(acts.IMPROVEMENT_UNDO, self._context.actor, proof)
        improvement = self.get(improvement_id)
        if improvement.state is ImprovementState.UNDONE:
            return improvement
        if improvement.state not in STANDING:
            raise Conflict(f"it is {improvement.state.value.replace('_', ' ')}; there is nothing to take back")
        self._changer(improvement).outside(improvement, improvement.before, proven)
        now, said = self._context.store.now(), self._context.text(reason) or "taken back"
        with self._context.store.writing(acts.IMPROVEMENT_UNDO, self._context.actor, proven) as tx:
            improvement = _known(tx, improvement_id)
            if improvement.state is ImprovementState.UNDONE:
                return improvement  # of two at once, both hear the same
            known = replace(improvement, by_itself=False)
            return self._move(tx, improvement, known, ImprovementState.UNDONE, tx.actor, now, said)

    def veto(self, improvement_id: str, *, reason: str = "") -> Improvement:
        """Refuse an improvement that is proposed, planned or tried, for good. Raises NotFound, Conflict."""
        now, said = self._context.store.now(), self._context.text(reason) or "vetoed"
        with self._context.store.writing(acts.IMPROVEMENT_VETO, self._context.actor) as tx:
            improvement = _known(tx, improvement_id)
            if improvement.state not in OPEN:
                state = improvement.state.value.replace("_", " ")
                raise Conflict(f"it is {state}; what was applied is taken back by: {improvement.undo}")
            ended = replace(improvement, by_itself=False)
            return self._move(tx, improvement, ended, ImprovementState.REJECTED, tx.actor, now, said)

    def watch(self, now: Micros | None = None) -> builtins.list[Improvement]:
        """Move on what has earned it: begin trials, apply, reject, keep, roll back; return what moved.

        Does nothing where what acts by itself is stopped or the autonomy is not auto. The hourly cycle does the same.
        """
        at = self._context.store.now() if now is None else now
        if self.held() is not None:
            return []
        with self._context.store.read() as tx:
            due = [each for each, _ in self._due(tx, at)]
        return [moved for each in due if (moved := self._move_on(each, at)) is not None]

    def parts(self, cycle: Cycle) -> Sequence[Part]:
        """Return what a learning cycle does of this."""
        finders = [changer for changer, cycles in self._finders if cycle in cycles]
        found = Part(
            name="improvements",
            what="Finds what would be better by the record, and proposes it with its evidence.",
            find=lambda work: self._find(work, finders),
        )
        judged = Part(
            name="trials",
            what="Tries, applies, keeps and takes back improvements by what came of them.",
            find=self._judge,
        )
        return [*([found] if finders else []), *([judged] if cycle is Cycle.HOURLY else [])]

    def _proposed(self, drafted: TestedPatch) -> Improvement:
        """Keep a patch that was made and tested; one whose tests fail is kept as rejected."""
        with self._context.store.writing(acts.IMPROVE, self._context.actor) as tx:
            kept = self.propose(tx, drafted.improvement)
            if kept is None:
                raise Conflict("this very patch was decided before, and is not proposed again; `brainops improvements`")
            if drafted.refused and kept.id == drafted.improvement.id:
                now = self._context.store.now()
                kept = self._move(tx, kept, kept, ImprovementState.REJECTED, acts.ITSELF, now, drafted.refused)
        self._code.keep(kept)
        return kept

    # What the cycles do

    def _find(self, work: CycleWork, finders: Iterable[Changer]) -> Found:
        proposals = [each for changer in finders for each in changer.find(work)]

        def write(tx: Transaction) -> Sequence[str]:
            return [kept.id for each in proposals if (kept := self.propose(tx, each)) is not None]

        lines = tuple(f"{each.title}: {each.reason}" for each in proposals)
        return Found(section=Section(title="Improvements", lines=lines, figures={"found": len(lines)}), write=write)

    def _judge(self, work: CycleWork) -> Found:
        """Say what is to move, and let the cycle's transaction move it; what also acts outside moves by itself."""
        with self._context.store.read() as tx:
            due = self._due(tx, work.now)
        outside = [each for each, _ in due if self._changer(each).acts_outside]
        moved = [] if work.held else [self._move_on(each, work.now) for each in outside]

        def write(tx: Transaction) -> Sequence[str]:
            ids = [each.id for each in moved if each is not None]
            inside = [each for each, _ in due if each not in outside]
            return ids + [done.id for each in inside if (done := self._moved(tx, each, work.now)) is not None]

        held = "held back: " if work.held else ""
        lines = tuple(f"{held}{each.title}: {move.to.value.replace('_', ' ')}, {move.why}" for each, move in due)
        section = Section(title="Trials", lines=lines, figures={"moving": len(lines)})
        return Found(section=section, write=write, changes=True)

    def _due(self, tx: Transaction, now: Micros) -> builtins.list[tuple[Improvement, Move]]:
        """Return what has earned another state and may go there by itself."""
        found = ((each, self._earned(tx, each, now)[0]) for each in tx.improvements.under_way())
        return [(each, move) for each, move in found if move is not None]

    def _earned(self, tx: Transaction, improvement: Improvement, now: Micros) -> tuple[Move | None, Measured]:
        changer = self._changers.get(improvement.kind)
        if changer is None:  # proposed by a program that knows more kinds than this one
            return None, Measured()
        measured = changer.measure(tx, improvement, now)
        move = next_move(improvement, measured, now, tried=changer.tried(improvement))
        if move is None or move.to not in (ImprovementState.TRIAL, ImprovementState.APPLIED):
            return move, measured
        alone = may_apply_itself(improvement) and changer.refused(tx, improvement, by_itself=True) is None
        return (move if alone else None), measured

    def _move_on(self, improvement: Improvement, now: Micros) -> Improvement | None:
        """Move one improvement in a transaction of its own; what it takes outside comes first, and may be repeated."""
        changer = self._changer(improvement)
        if changer.acts_outside:
            if self.held() is not None:  # asked anew: what was found before may have taken minutes
                return None
            with self._context.store.read() as tx:
                move, _ = self._earned(tx, improvement, now)
            if move is not None and move.to is ImprovementState.APPLIED:
                changer.outside(improvement, improvement.after, None)
            elif move is not None and move.to is ImprovementState.ROLLED_BACK:
                changer.outside(improvement, improvement.before, None)
        with self._context.store.writing(acts.IMPROVE, self._context.actor) as tx:
            moved = self._moved(tx, improvement, now)
        if moved is None:
            self._take_back_refused(improvement.id, None)
        return moved

    def _take_back_refused(self, improvement_id: str, proven: Proven | None) -> None:
        """Take back what was done outside while somebody refused it."""
        improvement = self.get(improvement_id)
        if improvement.state is ImprovementState.REJECTED:
            self._changer(improvement).outside(improvement, improvement.before, proven)

    def _moved(self, tx: Transaction, seen: Improvement, now: Micros) -> Improvement | None:
        """Move one improvement on by itself, by what the record says now; None where it stays after all."""
        improvement = tx.improvements.get(seen.id)
        if improvement is None or improvement.state is not seen.state:
            return None
        move, measured = self._earned(tx, improvement, now)
        if move is None:
            return None
        figures = {**improvement.evidence, **measured.figures, "outcomes": measured.counted}
        tested = improvement.state in (ImprovementState.PROPOSED, ImprovementState.TRIAL)
        known = replace(improvement, evidence=figures, by_itself=True)
        if tested and move.to is not ImprovementState.TRIAL:
            known = replace(known, probability_better=measured.probability)
        try:
            with tx.session.savepoint():
                return self._move(tx, improvement, known, move.to, acts.ITSELF, now, move.why, puts=not measured.gone)
        except StoreError:
            raise
        except BrainOpsError as obstacle:  # its subject was changed by somebody, who had their reasons
            back = move.to is ImprovementState.ROLLED_BACK
            to = ImprovementState.UNDONE if back else ImprovementState.REJECTED
            return self._move(tx, improvement, known, to, acts.ITSELF, now, f"{obstacle}", puts=False)

    # How it is moved

    def _apply(self, improvement_id: str, reason: str, proven: Proven | None) -> Improvement:
        with self._context.store.read() as tx:
            improvement = _known(tx, improvement_id)
            refused = self._changer(improvement).refused(tx, improvement, by_itself=False)
        if improvement.state in STANDING:
            return improvement
        if improvement.state not in OPEN:
            raise Conflict(f"it is {improvement.state.value.replace('_', ' ')}; only what is open is applied")
        if refused is not None:
            raise ApprovalRequired(refused)
        self._changer(improvement).outside(improvement, improvement.after, proven)
        now = self._context.store.now()
        with self._context.store.writing(acts.IMPROVEMENT_APPLY, self._context.actor, proven) as tx:
            improvement = _known(tx, improvement_id)
            if improvement.state in OPEN:
                return self._move(tx, improvement, improvement, ImprovementState.APPLIED, tx.actor, now, reason)
        if improvement.state not in STANDING:
            self._take_back_refused(improvement_id, proven)
            raise Conflict(f"it was {improvement.state.value.replace('_', ' ')} meanwhile, so it was not applied")
        return improvement

    def _move(
        self,
        tx: Transaction,
        seen: Improvement,
        known: Improvement,
        to: ImprovementState,
        by: Actor,
        now: Micros,
        why: str,
        *,
        puts: bool = True,
    ) -> Improvement:
        """Move an improvement, in the caller's transaction; raise Conflict where somebody else did first."""
        why = self._context.text(why)
        ends = to not in (*OPEN, ImprovementState.APPLIED)
        moved = replace(
            known,
            state=to,
            outcome=why,
            trial_at=now if to is ImprovementState.TRIAL else known.trial_at,
            applied_at=now if to is ImprovementState.APPLIED else known.applied_at,
            ended_at=now if ends else None,
        )
        if not tx.improvements.move(seen, moved):
            raise Conflict(f"somebody else moved improvement {seen.id} at the same moment; look at it again")
        changer = self._changer(seen)
        if to is ImprovementState.TRIAL:
            changer.stage(tx, moved, by, now)
        elif puts and to is ImprovementState.APPLIED:
            self._put(tx, changer, moved, moved.before, moved.after, by, now, why)
        elif puts and to in (ImprovementState.ROLLED_BACK, ImprovementState.UNDONE):
            self._put(tx, changer, moved, moved.after, moved.before, by, now, why)
        told: dict[str, JSON] = {
            "kind": moved.kind.value,
            "what": moved.subject,
            "from": seen.state.value,
            "reason": why,
        }
        trail = tx.also(_ITSELF[to], by) if by == acts.ITSELF else tx.trail
        trail.append(moved.id, now, **told)
        if to is ImprovementState.APPLIED:
            self._tell(tx, NoticeKind.IMPROVEMENT_APPLIED, moved, f"to take it back: {moved.undo}")
        elif to in (ImprovementState.ROLLED_BACK, ImprovementState.UNDONE):
            self._tell(tx, NoticeKind.IMPROVEMENT_ROLLED_BACK, moved, why)
        return moved

    def _put(
        self,
        tx: Transaction,
        changer: Changer,
        improvement: Improvement,
        expected: JSON,
        value: JSON,
        by: Actor,
        now: Micros,
        why: str,
    ) -> None:
        if changer.standing(tx, improvement) != expected:
            raise Conflict(f"somebody changed {improvement.subject} meanwhile, so nothing was put in its place")
        changer.put(tx, improvement, value, by, now, why)

    def _again(self, tx: Transaction, standing: Improvement, found: Improvement) -> Improvement:
        """Let an improvement that nobody decided yet say what is known now; what is watched, what came of it."""
        if standing.state is ImprovementState.APPLIED:
            again = replace(standing, evidence=self._redacted(found).evidence)
            if found.id == standing.id and again != standing:
                tx.improvements.refresh(again)
            return again
        if standing.state is not ImprovementState.PROPOSED:
            return standing
        names = ("title", "reason", "before", "after", "evidence", "probability_better", "trust", "basis")
        latest = self._redacted(found)
        again = replace(standing, **{name: getattr(latest, name) for name in names})
        if again != standing:
            tx.improvements.refresh(again)
        return again

    def _changer(self, improvement: Improvement) -> Changer:
        found = self._changers.get(improvement.kind)
        if found is None:
            raise InvalidInput(f"this program cannot apply or undo a {improvement.kind.value} improvement")
        return found

    def _tell(self, tx: Transaction, kind: NoticeKind, improvement: Improvement, command: str) -> None:
        told: dict[str, JSON] = {"improvement": improvement.id, "kind": improvement.kind.value, "command": command}
        self._notices.put(tx, kind, improvement.title, **told, reason=improvement.outcome or improvement.reason)

    def _redacted(self, found: Improvement) -> Improvement:
        policy = self._context.redaction
        evidence = redact_json(dict(found.evidence), policy).value
        assert isinstance(evidence, dict)
        return replace(
            found, evidence=evidence, title=self._context.text(found.title), reason=self._context.text(found.reason)
        )


def _known(tx: Transaction, improvement_id: str) -> Improvement:
    found = tx.improvements.get(improvement_id)
    if found is None:
        raise NotFound(f"there is no improvement {improvement_id!r:.80}; `brainops improvements` lists them")
    return found


def _member(kind: type[Choice], value: Choice | str) -> Choice:
    try:
        return kind(str(value))
    except ValueError as error:
        raise InvalidInput(f"{value!r:.40} is none of {', '.join(kind)}") from error
