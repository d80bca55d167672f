"""Which variants of a procedure does the record of its runs suggest? (pure)

Four habits of people say that a procedure is not as it should be: a step fails each time and the run goes on without
it; a step is skipped with an approval each time; the same repair is done on the target each time after the run; a check
that often fails comes after what costs time. "Each time" is a rate whose 90 % credible interval (Jeffreys' prior) lies
above ALWAYS. Whether a variant is better is for its trial to say; here it only must be safe to try: nothing that reads
what a step said is left without it, and what came after a step that had to succeed comes after its success still.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from brainops.procedures.definition.references import expressions, references
from brainops.procedures.definition.step_kinds import STEP_KINDS
from brainops.statistics.proportions import jeffreys_interval
from brainops.types import JSON, Action, Procedure, Retry, Step, StepKind, StepState
from brainops.types.counted import counted
from brainops.types.times import MINUTE_MICROS

LEAST = 10  # runs that a habit rests on: fewer may be one bad week
ALWAYS = 0.8  # that the interval of "each time" lies above: ten of ten do, nine of ten do not
OFTEN = 0.1  # of the runs a check fails in, before it is worth to come first
SELDOM = 0.2  # of the runs before which the repair was done as well: more, and it is no repair but a routine
LEVEL = 0.90  # of the interval
WINDOW_MICROS = 30 * MINUTE_MICROS  # after a run, a repair belongs to it: people look after what they started
SAVED = 0.1  # of a run's time that a variant must save, where saving time is all that it does

QUICK_SUCCESS, QUICK_END, NOT_REPAIRED = "quick_success", "quick_end", "not_repaired"


class PastStep(Struct, frozen=True, kw_only=True):
    """How a step went in one run: its state, how often it failed, the approval it was skipped by, and its time."""

    state: StepState
    failures: int = 0
    excused: bool = False
    seconds: float | None = None


class Deed(Struct, frozen=True, kw_only=True):
    """What somebody did on a target beside a run: an operation's name, and the command where it was one."""

    name: str
    command: tuple[str, ...] = ()


class PastRun(Struct, frozen=True, kw_only=True):
    """A run that ended: whether it succeeded, its time, its steps, and what was done on its target before and after.

    `told` says that enough time has passed to know what was done after it.
    """

    succeeded: bool
    seconds: float
    steps: Mapping[str, PastStep]
    before: frozenset[Deed] = frozenset()
    after: frozenset[Deed] = frozenset()
    told: bool = True


class Variant(Struct, frozen=True, kw_only=True):
    """Another way to do a procedure: what is different, why, what it is measured by, and what that rests on.

    `excuses` says that people agreed each time to what it does for good.
    """

    key: str
    procedure: Procedure
    what: str
    why: str
    measure: str
    reference_seconds: float = 0.0
    deed: Deed | None = None
    excuses: bool = False
    evidence: Mapping[str, JSON] = {}


def variants(procedure: Procedure, runs: Sequence[PastRun]) -> Iterator[Variant]:
    """Yield what the runs of one version suggest, at most one variant for each step and habit."""
    if len(runs) < LEAST:
        return
    for step in procedure.steps:
        if not STEP_KINDS[step.action.uses].claims or step.verify is not None:
            yield from _failing(procedure, step, runs)
            yield from _repaired_step(procedure, step, runs)
            yield from _earlier(procedure, step, runs)
            yield from _first(procedure, step, runs)
        yield from _excused(procedure, step, runs)
    yield from _repaired_run(procedure, runs)


def interval(cases: int, of: int) -> tuple[float, float]:
    """Return the 90 % credible interval of a rate under Jeffreys' prior."""
    low, high = jeffreys_interval(cases, of - cases, LEVEL)
    return round(low, 4), round(high, 4)


def always(cases: int, of: int) -> bool:
    """Say whether something happens each time, as far as so many cases can tell."""
    return of >= LEAST and interval(cases, of)[0] > ALWAYS


# A step that fails each time, and the run goes on without it


def _failing(procedure: Procedure, step: Step, runs: Sequence[PastRun]) -> Iterator[Variant]:
    tried = [run for run in runs if _state(run, step) in (StepState.FAILED, StepState.SUCCEEDED)]
    failed = [run for run in tried if _state(run, step) is StepState.FAILED]
    around = sum(run.succeeded for run in failed)
    if not step.continue_on_error or not always(len(failed), len(tried)) or not always(around, len(failed)):
        return
    without = _without(procedure, step)
    usual = median(run.seconds for run in failed if run.succeeded)
    saved = _seconds(step, failed)
    if without is None or saved < SAVED * usual:
        return
    yield Variant(
        key=f"failing:{step.id}",
        procedure=without,
        what=f"leave out step {step.id}",
        why=f"it failed in {len(failed)} of {counted(len(tried), 'run')}, {around} of which succeeded without it",
        measure=QUICK_SUCCESS,
        reference_seconds=usual - saved / 2,
        evidence=_figures(len(failed), len(tried)),
    )


# A step that is skipped with an approval each time


def _excused(procedure: Procedure, step: Step, runs: Sequence[PastRun]) -> Iterator[Variant]:
    reached = [run for run in runs if _is_reached(run, step)]
    excused = [run for run in reached if run.steps[step.id].excused]
    well = [run for run in excused if run.succeeded]
    if not always(len(excused), len(reached)) or not always(len(well), len(excused)):
        return
    without = _without(procedure, step)
    if without is None:
        return
    yield Variant(
        key=f"excused:{step.id}",
        procedure=without,
        what=f"leave out step {step.id}",
        why=f"it was skipped with an approval in {len(excused)} of {counted(len(reached), 'run')}",
        measure=QUICK_SUCCESS,
        reference_seconds=median(run.seconds for run in well) / 2,
        excuses=True,
        evidence=_figures(len(excused), len(reached)),
    )


# The same repair each time


def _repaired_step(procedure: Procedure, step: Step, runs: Sequence[PastRun]) -> Iterator[Variant]:
    """After a run that a step brought to fail: repair when it fails, and do the step again, which then must succeed."""
    failed = [run for run in runs if run.told and not run.succeeded and _state(run, step) is StepState.FAILED]
    deed = _habit(failed)
    if deed is None or step.continue_on_error or step.id in _read(procedure, step):
        return
    name, again = _new_id(procedure, f"repair_{step.id}"), _new_id(procedure, f"{step.id}_again")
    broke = f'steps["{step.id}"].state == "failed"'
    repair = replace(_repair(name, deed), needs=(step.id,), condition=broke)
    retried = replace(
        step, id=again, name=f"{step.name or step.id} again", needs=(name,), condition=broke, retry=Retry()
    )
    once = replace(step, continue_on_error=True, retry=Retry())
    later = tuple(
        replace(each, needs=tuple(again if need == step.id else need for need in each.needs))
        for each in procedure.steps[procedure.steps.index(step) + 1 :]
    )
    if any(step.id in each.needs for each in procedure.steps[: procedure.steps.index(step)]):
        return
    steps = (*procedure.steps[: procedure.steps.index(step)], once, repair, retried, *later)
    cases = sum(deed in run.after for run in failed)
    often = f", after {step.retry.attempts} attempts" if step.retry.attempts > 1 else ""
    yield Variant(
        key=f"repaired:{step.id}",
        procedure=replace(procedure, steps=steps),
        what=f"do {deed.name} where step {step.id} fails, then do it again",
        why=f"{deed.name} was done by hand after {cases} of {counted(len(failed), 'run')} in which it failed{often}",
        measure=NOT_REPAIRED,
        deed=deed,
        evidence=_figures(cases, len(failed)),
    )


def _repaired_run(procedure: Procedure, runs: Sequence[PastRun]) -> Iterator[Variant]:
    succeeded = [run for run in runs if run.told and run.succeeded]
    deed = _habit(succeeded)
    if deed is None or not procedure.steps:
        return
    needed = {need for step in procedure.steps for need in step.needs}
    last = tuple(step.id for step in procedure.steps if step.id not in needed)
    repair = replace(_repair(_new_id(procedure, "repair"), deed), needs=last)
    cases = sum(deed in run.after for run in succeeded)
    yield Variant(
        key="repaired",
        procedure=replace(procedure, steps=(*procedure.steps, repair)),
        what=f"end with {deed.name}",
        why=f"{deed.name} was done by hand after {cases} of {counted(len(succeeded), 'run')} that succeeded",
        measure=NOT_REPAIRED,
        deed=deed,
        evidence=_figures(cases, len(succeeded)),
    )


def _habit(runs: Sequence[PastRun]) -> Deed | None:
    """Return what was done after each of these runs, and seldom before them; the commonest where there are several."""
    counts = Counter(deed for run in runs for deed in run.after)
    for deed, cases in sorted(counts.items(), key=lambda each: (-each[1], each[0].name, each[0].command)):
        routine = sum(deed in run.before for run in runs)
        if always(cases, len(runs)) and routine <= SELDOM * len(runs):
            return deed
    return None


def _repair(step_id: str, deed: Deed) -> Step:
    """Return the step that does what people did: their command, their procedure, or else the words for a person."""
    if deed.command:
        action = Action(uses=StepKind.COMMAND, parameters={"run": list(deed.command)})
    elif deed.name.startswith("execute "):
        action = Action(uses=StepKind.PROCEDURE, parameters={"name": deed.name.removeprefix("execute ")})
    else:
        return Step(id=step_id, action=Action(uses=StepKind.MANUAL), text=f"Do: {deed.name}")
    return Step(id=step_id, name=deed.name, action=action)


# A check that often fails, after what costs time


def _earlier(procedure: Procedure, step: Step, runs: Sequence[PastRun]) -> Iterator[Variant]:
    failed = [run for run in runs if _state(run, step) is StepState.FAILED and not run.succeeded]
    tried = [run for run in runs if _state(run, step) in (StepState.FAILED, StepState.SUCCEEDED)]
    if len(failed) < LEAST or len(failed) < OFTEN * len(tried) or not _only_reads(step):
        return
    known = {each.id: each for each in procedure.steps}
    alone = Procedure(name="alone", steps=(step,))
    read = _closure(
        {found.name for each in expressions(alone) for found in references(each.source) if found.root == "steps"}
        & set(known),
        known,
    )
    waits_for = _closure(set(step.needs), known) - read
    costs = [each for each in waits_for if not STEP_KINDS[known[each].action.uses].unhurried]
    usual = median(run.seconds for run in failed)
    saved = sum(_seconds(known[each], failed) for each in costs)
    if not waits_for or saved < SAVED * usual:
        return
    yield Variant(
        key=f"earlier:{step.id}",
        procedure=replace(procedure, steps=_moved(procedure, step, read, waits_for)),
        what=f"do step {step.id} before {', '.join(each.id for each in procedure.steps if each.id in waits_for)}",
        why=f"it failed in {len(failed)} of {counted(len(tried), 'run')}, and reads nothing of what came before it",
        measure=QUICK_END,
        reference_seconds=usual - saved / 2,
        evidence=_figures(len(failed), len(tried)),
    )


def _first(procedure: Procedure, step: Step, runs: Sequence[PastRun]) -> Iterator[Variant]:
    """A quick step that often fails beside long ones that do not depend on it: they begin once it has succeeded."""
    failed = [run for run in runs if _state(run, step) is StepState.FAILED and not run.succeeded]
    tried = [run for run in runs if _state(run, step) in (StepState.FAILED, StepState.SUCCEEDED)]
    often = len(failed) >= LEAST and len(failed) >= OFTEN * len(tried)
    if not often or step.continue_on_error or step.condition is not None or STEP_KINDS[step.action.uses].unhurried:
        return
    known = {each.id: each for each in procedure.steps}
    beside = [
        each
        for each in procedure.steps
        if step.id not in _closure({each.id}, known) and each.id not in _closure({step.id}, known)
    ]
    own, usual = _seconds(step, tried), median(run.seconds for run in failed)
    long = [
        each for each in beside if not STEP_KINDS[each.action.uses].unhurried and _seconds(each, failed) > own / SAVED
    ]
    saved = max((_seconds(each, failed) for each in long), default=0.0) - own
    if not long or saved < SAVED * usual:
        return
    ids = {each.id for each in long}
    steps = tuple(replace(each, needs=(*each.needs, step.id)) if each.id in ids else each for each in procedure.steps)
    yield Variant(
        key=f"first:{step.id}",
        procedure=replace(procedure, steps=steps),
        what=f"do step {step.id} before {', '.join(each.id for each in long)}, which do not depend on it",
        why=f"it failed in {len(failed)} of {counted(len(tried), 'run')}, and takes {own:.1f} seconds",
        measure=QUICK_END,
        reference_seconds=usual - saved / 2,
        evidence=_figures(len(failed), len(tried)),
    )


def _only_reads(step: Step) -> bool:
    """Say whether a step looks at nothing but values: when it is done then makes no difference to what it says."""
    conditional = step.action.uses is StepKind.CHECK and set(step.action.parameters) <= {"condition", "message"}
    return conditional and step.verify is None and step.compensate is None and not step.satisfies


def _moved(procedure: Procedure, step: Step, read: set[str], waits_for: set[str]) -> tuple[Step, ...]:
    """Return the steps with one of them done as soon as what it reads is there, and before all it waited for."""
    needs = tuple(each.id for each in procedure.steps if each.id in read)
    early = replace(step, needs=needs)

    def with_needs(each: Step) -> Step:
        if each.id in waits_for:
            return replace(each, needs=(*each.needs, step.id))
        if step.id in each.needs:
            return replace(each, needs=tuple(dict.fromkeys((*each.needs, *step.needs))))
        return each

    others = [with_needs(each) for each in procedure.steps if each.id != step.id]
    at = next(number for number, each in enumerate(others) if each.id in waits_for)
    return (*others[:at], early, *others[at:])


# What these are made of


def _without(procedure: Procedure, step: Step) -> Procedure | None:
    """Return the procedure without a step, what came after it after what it came after; None where it is relied on."""
    fallbacks = {each.id: each for each in procedure.steps if each.condition in _fell_back(step)}
    readers = _read(procedure, step, besides=frozenset(fallbacks))
    if step.satisfies or step.id in readers or len(procedure.steps) == 1:
        return None

    def of(each: Step) -> Step:
        needs = [n for need in each.needs for n in (step.needs if need == step.id else (need,))]
        condition = None if each.id in fallbacks else each.condition
        return replace(each, needs=tuple(dict.fromkeys(needs)), condition=condition)

    return replace(procedure, steps=tuple(of(each) for each in procedure.steps if each.id != step.id))


def _fell_back(step: Step) -> tuple[str, ...]:
    """Return the conditions by which another step is done where this one failed."""
    names = (f"steps.{step.id}", f'steps["{step.id}"]', f"steps['{step.id}']")
    ways = ('.state == "failed"', ".state == 'failed'", ".succeeded == false")
    return tuple(f"{name}{way}" for name in names for way in ways) + tuple(f"!{name}.succeeded" for name in names)


def _read(procedure: Procedure, step: Step, besides: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the id of a step where anything but itself reads what it says, conditions of `besides` left aside."""
    for each in expressions(procedure):
        own = each.step is not None and (
            each.step.id == step.id or (each.step.id in besides and each.where[-1] == "if")
        )
        if not own and any(found.root == "steps" and found.name == step.id for found in references(each.source)):
            return frozenset((step.id,))
    return frozenset()


def _closure(ids: set[str], known: Mapping[str, Step]) -> set[str]:
    """Return steps with all that they need."""
    found: set[str] = set()
    left = list(ids)
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += known[each].needs
    return found


def _is_reached(run: PastRun, step: Step) -> bool:
    past = run.steps.get(step.id)
    ended = (StepState.SUCCEEDED, StepState.FAILED, StepState.SKIPPED)
    return past is not None and past.state in ended and (past.excused or past.state is not StepState.SKIPPED)


def _state(run: PastRun, step: Step) -> StepState | None:
    past = run.steps.get(step.id)
    return None if past is None else past.state


def _seconds(step: Step, runs: Sequence[PastRun]) -> float:
    known = [past.seconds for run in runs if (past := run.steps.get(step.id)) is not None and past.seconds is not None]
    return median(known) if known else 0.0


def _new_id(procedure: Procedure, wanted: str) -> str:
    taken = {step.id for step in procedure.steps}
    return next(name for name in (wanted, *(f"{wanted}_{n}" for n in range(2, len(taken) + 3))) if name not in taken)


def _figures(cases: int, of: int) -> dict[str, JSON]:
    low, high = interval(cases, of)
    return {"runs": of, "cases": cases, "interval": [low, high]}
