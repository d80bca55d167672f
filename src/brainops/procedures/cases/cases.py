"""Which cases were decided how, and what do they say of a new one?"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from brainops.errors import Conflict, InvalidInput, NotFound
from brainops.memory.context import MemoryContext
from brainops.memory.filters import member
from brainops.memory.redaction.redact import redact_json
from brainops.procedures.cases.case_files import cases_in
from brainops.procedures.cases.learner import CaseExample, Judgement, Learner
from brainops.procedures.steps.executor import StepResult, StepWaits, StepWork, StepWrite
from brainops.procedures.steps.parameters import Parameters
from brainops.statistics.calibration import RECENT, calibrated_by_record
from brainops.store import Transaction, acts
from brainops.store.ids import new_id
from brainops.types import (
    JSON,
    ActorKind,
    CaseDecision,
    CaseStanding,
    DecidedCase,
    Run,
    StepRun,
    Trust,
)
from brainops.types.knowledge import Share
from brainops.types.limits import LISTED_WHOLE, MAX_NAME_CHARACTERS, Said
from brainops.types.page import Page
from brainops.wire import from_plain
from brainops_core.redaction.redact import clean

CONFIDENCE = 0.90  # below this it abstains: what acts by itself is right nine times in ten, as a fix is
LEARNED_CASES = 5_000  # the newest; older ones are of another time, and a decision stays fast
KEPT_LEARNERS = 20  # of different names in one process
MAX_BYTES = 50_000  # of a case's inputs or outputs: a larger one is a document, to be captured and named
IMPORTED_TOGETHER = 200  # cases in one transaction

WEIGHTS = {Trust.VERIFIED: 2.0, Trust.AGENT: 1.0, Trust.EXTERNAL: 0.5}
"""What a case counts, by who vouches for it. Stated beliefs: a person's or a later check's word is worth two of an
agent's, and two from outside are worth one."""

CORRECTED = 3.0
"""What a correction counts: somebody looked at this very decision and knew better."""


class _Learned(Struct):
    """A learner with what it has seen, and the record that its sayings are calibrated on."""

    learner: Learner = field(default_factory=Learner)
    seen: dict[str, CaseStanding] = {}
    mark: tuple[int, int] = (0, 0)
    record: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=RECENT))


class _Learners:
    """What was learned of each name in one scope."""

    def __init__(self) -> None:
        self.learned: dict[str, _Learned] = {}
        self.lock = threading.RLock()


class Cases:
    """The decided cases of a namespace: learned from, decided by, listed, corrected."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
        self._at_hand = context.here.of(_Learners)

    def learn(
        self,
        name: str,
        inputs: Mapping[str, JSON],
        outputs: Mapping[str, JSON],
        *,
        source: str | None = None,
        trust: Trust | str | None = None,
    ) -> DecidedCase:
        """Keep how a case was decided, and learn from it; the same `source` again is the same case.

        `inputs` and `outputs` are JSON mappings. Without `trust` a person's word counts as verified, an agent's as its
        own; "external" counts less, and alone decides nothing. Raises InvalidInput.
        """
        return self.learn_many(name, [(inputs, outputs, source)], trust=trust)[0]

    def learn_many(
        self,
        name: str,
        cases: Iterable[tuple[Mapping[str, JSON], Mapping[str, JSON], str | None]],
        *,
        trust: Trust | str | None = None,
    ) -> list[DecidedCase]:
        """Keep and learn many cases, (inputs, outputs, source) each, in their order."""
        name = self._name(name)
        given = list(cases) if isinstance(cases, Iterable) else [cases]
        if not all(isinstance(each, (tuple, list)) and len(each) == 3 for each in given):
            raise InvalidInput("cases are a list of (inputs, outputs, source), the source perhaps None")
        sure = self._trust(trust)
        made = [
            self._case(name, inputs, outputs, sure, origin="told", source=source and from_plain(str, source, "source"))
            for inputs, outputs, source in given
        ]
        kept: list[DecidedCase] = []
        for start in range(0, len(made), IMPORTED_TOGETHER):
            with self._at_hand.lock, self._context.store.writing(acts.CASE_LEARN, self._context.actor) as tx:
                for each in made[start : start + IMPORTED_TOGETHER]:
                    # an agent's word is never verified
                    believed = each.trust is not Trust.VERIFIED or tx.lets(acts.VOUCH)
                    kept.append(self._learn(tx, each if believed else replace(each, trust=Trust.AGENT)))
        return kept

    def learn_from(
        self,
        name: str,
        path: str | os.PathLike[str],
        *,
        outputs: Sequence[str],
        leave_out: Collection[str] = (),
        trust: Trust | str | None = None,
    ) -> list[DecidedCase]:
        """Keep and learn the cases of a .csv file with a heading, or of JSON lines; `outputs` names what was decided.

        Columns of `leave_out` are neither inputs nor outputs: ids, remarks. Raises InvalidInput.
        """
        return self.learn_many(name, cases_in(Path(path), outputs, leave_out), trust=trust)

    def decide(self, name: str, inputs: Mapping[str, JSON], *, confidence: float = CONFIDENCE) -> CaseDecision:
        """Decide a new case from past ones, or abstain below `confidence`. Writes nothing. Raises InvalidInput."""
        name, asked = self._name(name), self._mapping(inputs, "inputs")
        line = from_plain(Share, confidence, "confidence")
        with self._at_hand.lock, self._context.store.read() as tx:
            learned = self._current(tx, name)
            return _decision(learned, learned.learner.judge(asked), line)

    def get(self, case_id: str) -> DecidedCase:
        """Return one case; raise NotFound."""
        with self._context.store.read() as tx:
            return _known(tx, case_id)

    def list(
        self,
        name: str | None = None,
        *,
        standing: CaseStanding | str | None = None,
        limit: int = LISTED_WHOLE,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[DecidedCase]:
        """Return cases, newest first: of one name, or one standing ("stands", "open", "replaced")."""
        wanted = None if standing is None else member(CaseStanding, standing).value
        with self._context.store.read() as tx:
            return tx.cases.list(name=name, standing=wanted, limit=limit, after=after, before=before)

    def names(self, *, limit: int = LISTED_WHOLE) -> Sequence[Mapping[str, JSON]]:
        """Return what is decided from cases: name, cases that stand, open decisions, judged and right ones."""
        with self._context.store.read() as tx:
            return [dict(row) for row in tx.cases.names(limit)]

    def verify(self, case_id: str) -> DecidedCase:
        """Say, after a check, that a case was decided right: it counts more, and one decided here is learned from.

        An agent's word verifies nothing. Raises NotFound, Conflict.
        """
        with self._at_hand.lock, self._context.store.writing(acts.CASE_VERIFY, self._context.actor) as tx:
            case = self._open(tx, case_id)
            decided_here = case.standing is CaseStanding.OPEN
            origin = "confirmed" if decided_here else case.origin
            self._move(tx, case, CaseStanding.STANDS, origin=origin, right=True if decided_here else None)
            self._note(tx, case)
            return _known(tx, case_id)

    def correct(self, case_id: str, outputs: Mapping[str, JSON], *, reason: str = "") -> DecidedCase:
        """Say how a case should have been decided; the correction counts more, and the old case no more.

        An agent's correction counts as its word does, and corrects what agents said alone.
        Raises NotFound, Conflict (it was corrected before), InvalidInput.
        """
        with self._at_hand.lock, self._context.store.writing(acts.CASE_CORRECT, self._context.actor) as tx:
            case = self._open(tx, case_id)
            by_agent = self._context.actor.kind is ActorKind.AGENT
            if by_agent and case.trust is Trust.VERIFIED:
                raise Conflict(f"the case {case.id} is verified, and an agent's word does not outweigh that")
            right = False if case.standing is CaseStanding.OPEN else None
            self._move(tx, case, CaseStanding.REPLACED, origin=case.origin, right=right)
            trust = Trust.AGENT if by_agent else Trust.VERIFIED
            made = self._case(case.name, case.inputs, outputs, trust, origin="corrected")
            made = replace(made, replaces=case.id, run_id=case.run_id, step_id=case.step_id)
            tx.cases.add(made)
            self._note(tx, case, corrected=made.id, reason=self._context.text(reason))
            return made

    def step(self, work: StepWork) -> StepResult:
        """Do a decide step: {name, inputs, confidence, question}. Below the line it waits for a person's answer.

        Output: {outputs, probability, reason, decision}; `decision` is what `verify` and `correct` take later.
        """
        parameters = Parameters(work.action, ("name", "inputs", "confidence", "question", "text"))
        name, inputs = self._name(parameters.text("name")), self._mapping(parameters.mapping("inputs"), "inputs")
        line = parameters.number("confidence", CONFIDENCE, 0.0, 1.0)
        with self._at_hand.lock, self._context.store.read() as tx:
            learned = self._current(tx, name)
            judgement = learned.learner.judge(inputs)
        decision = _decision(learned, judgement, line)
        if decision.outputs is None:
            asked = {"name": name, "inputs": inputs, "expected": judgement.raw, "leaning": decision.leaning}
            plan = parameters.any("question") or parameters.any("text") or f"decide {name}: give its outputs"
            return StepWaits(waits_for="decision", detail={"why": decision.reason, "plan": plan, "decide": asked})
        made = self._case(name, inputs, decision.outputs, Trust.AGENT, origin="decided")
        made = replace(
            made,
            standing=CaseStanding.OPEN,
            expected=judgement.raw,
            run_id=work.run_id,
            step_id=work.step_id,
            decided_by=work.actor,
        )
        output = {
            "outputs": dict(decision.outputs),
            "probability": decision.probability,
            "reason": decision.reason,
            "decision": made.id,
        }

        def write(tx: Transaction) -> JSON:
            tx.cases.add(made)
            return output

        return StepWrite(write=write)

    def answered(self, tx: Transaction, run: Run, row: StepRun, output: JSON) -> None:
        """Learn from the answer to a decide step that waited."""
        asked = row.detail.get("decide") if isinstance(row.detail, dict) else None
        if not isinstance(asked, dict) or not isinstance(output, dict):
            return
        made = self._case(asked["name"], asked["inputs"], output["outputs"], self._trust(None), origin="answer")
        leaning = asked.get("leaning")
        made = replace(
            made,
            run_id=run.id,
            step_id=row.step_id,
            expected=asked.get("expected") if leaning is not None else None,
            expected_right=None if leaning is None else leaning == dict(made.outputs),
        )
        tx.cases.add(made)

    # What these share

    def _learn(self, tx: Transaction, case: DecidedCase) -> DecidedCase:
        known = tx.cases.of_source(case.name, case.source) if case.source else None
        if known is not None:
            return known
        learned = self._current(tx, case.name)
        judged = learned.learner.judge(case.inputs)
        if judged.outputs is not None:
            case = replace(case, expected=judged.raw, expected_right=judged.outputs == case.outputs)
        tx.cases.add(case)
        return case

    def _current(self, tx: Transaction, name: str) -> _Learned:
        """Return what was learned of a name, with what was decided since; anew where an old case changed."""
        learned = self._at_hand.learned.get(name) or _Learned()
        mark = tx.cases.mark(name)
        if mark != learned.mark:
            changed = tx.cases.since(name, learned.mark[1], LEARNED_CASES)
            if not _take(learned, changed) or len(learned.seen) != min(mark[0], LEARNED_CASES):
                learned = _Learned()
                _take(learned, tx.cases.since(name, 0, LEARNED_CASES))
            learned.mark = mark
            if len(self._at_hand.learned) >= KEPT_LEARNERS:
                self._at_hand.learned.clear()
            self._at_hand.learned[name] = learned
        return learned

    def _open(self, tx: Transaction, case_id: str) -> DecidedCase:
        case = _known(tx, case_id)
        if case.standing is CaseStanding.REPLACED:
            raise Conflict(f"the case {case.id} was corrected before; correct the one that replaced it")
        return case

    def _move(
        self, tx: Transaction, case: DecidedCase, standing: CaseStanding, *, origin: str, right: bool | None
    ) -> None:
        now = self._context.store.now()
        trust = Trust.VERIFIED if standing is CaseStanding.STANDS else case.trust
        if not tx.cases.move(case, standing, now, trust=trust, origin=origin, right=right):
            raise Conflict(f"the case {case.id} changed in the meantime, or is only read here; look at it again")

    def _case(
        self,
        name: str,
        inputs: Mapping[str, JSON],
        outputs: Mapping[str, JSON],
        trust: Trust,
        *,
        origin: str,
        source: str | None = None,
    ) -> DecidedCase:
        kept = self._mapping(outputs, "outputs")
        if not kept:
            raise InvalidInput("a case's outputs name at least one thing that was decided, such as {'decision': 'yes'}")
        return DecidedCase(
            id=new_id(),
            namespace=self._context.store.scope.write,
            name=name,
            inputs=self._mapping(inputs, "inputs"),
            outputs=kept,
            trust=trust,
            standing=CaseStanding.STANDS,
            origin=origin,
            decided_at=self._context.store.now(),
            decided_by=self._context.actor,
            source=self._context.text(source, MAX_NAME_CHARACTERS) if source else None,
        )

    def _trust(self, trust: Trust | str | None) -> Trust:
        if trust is not None:
            return member(Trust, trust)
        return Trust.VERIFIED if self._context.actor.kind is ActorKind.PERSON else Trust.AGENT

    def _name(self, name: Any) -> str:
        return self._context.text(from_plain(Said, name, "the name of what is decided"), MAX_NAME_CHARACTERS)

    def _mapping(self, value: Any, what: str) -> dict[str, JSON]:
        """Return a mapping as it may be stored: redacted JSON of bounded size."""
        if not isinstance(value, Mapping):
            raise InvalidInput(f"a case's {what} are a mapping, not {type(value).__name__}")
        try:
            text = json.dumps(dict(value), ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidInput(f"a case's {what} are no JSON: {error}") from None
        if len(text) > MAX_BYTES:
            raise InvalidInput(f"a case's {what} have {len(text):,} characters, and at most {MAX_BYTES:,} are kept")
        kept = redact_json(json.loads(clean(text)), self._context.redaction).value
        assert isinstance(kept, dict)
        return kept

    def _note(self, tx: Transaction, case: DecidedCase, **detail: JSON) -> None:
        tx.trail.append(case.id, self._context.store.now(), name=case.name, **detail)


def _take(learned: _Learned, changed: Iterable[DecidedCase]) -> bool:
    """Learn what is new; return False where something changed that was learned before."""
    new: list[CaseExample] = []
    for case in changed:
        before = learned.seen.get(case.id)
        if before is case.standing:
            continue
        if before is CaseStanding.STANDS:
            return False
        learned.seen[case.id] = case.standing
        if case.standing is CaseStanding.STANDS:
            corrected = case.origin == "corrected" and case.trust is Trust.VERIFIED
            weight = CORRECTED if corrected else WEIGHTS[case.trust]
            own = case.trust is not Trust.EXTERNAL
            new.append(CaseExample(id=case.id, inputs=case.inputs, outputs=case.outputs, weight=weight, own=own))
        if case.expected is not None and case.expected_right is not None:
            learned.record.append((case.expected, case.expected_right))
    learned.learner.add_many(new)
    return True


def _decision(learned: _Learned, judgement: Judgement, line: float) -> CaseDecision:
    probability = calibrated_by_record(judgement.raw, list(learned.record)) if judgement.outputs is not None else 0.0
    reason, decided = judgement.reason, judgement.outputs
    if decided is not None and not judgement.own:
        decided, reason = None, f"{reason}; all of them come from outside, and alone they decide nothing"
    elif decided is not None and probability < line:
        decided, reason = None, f"{reason}; {probability:.0%} sure is below the line of {line:.0%}"
    return CaseDecision(
        outputs=decided,
        probability=probability,
        cases=judgement.cases,
        reason=reason,
        rests_on=judgement.rests_on,
        leaning=judgement.outputs,
    )


def _known(tx: Transaction, case_id: str) -> DecidedCase:
    case = tx.cases.get(case_id) if isinstance(case_id, str) else None
    if case is None:
        raise NotFound(f"there is no case {str(case_id)[:80]!a} in the namespaces that you read")
    return case
