"""How does somebody at a shell start a run, follow it, answer it and steer it? The commands run, runs and worker."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import click

from brainops.cli.commands import command, group
from brainops.cli.options import REASON, REASON_REQUIRED, beside, paged, shared
from brainops.cli.pairs import value_of, valued
from brainops.cli.pictures import echo_run, pictured
from brainops.cli.screen import age, bold, dim, one_line, wrapped
from brainops.cli.shared import Said, elsewhere, opened, read_text
from brainops.cli.short_ids import Id
from brainops.errors import InvalidInput
from brainops.types import ENDED, ApprovalState, CurrentStep, Plan, Run, RunState, StepRun, StepState
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.brain import Brain

DEFAULT_RUNS = 20
POLL_SECONDS = 0.2  # between two looks at a run that another process advances
UNTAKEN_SECONDS = 15.0  # that a run which is due waits for a worker of a server, until somebody is told
LONGEST_WAIT_SECONDS = 60.0  # for a run that goes on by itself later; a longer wait is left to a worker
STATE_COLUMNS = 12
_ANSWERS = re.compile(r'output\.answer == "([\w-]+)"')  # what a drafted question takes, as its verification says


@command("run", memory=opened)
@click.argument("name")
@click.option("--input", "-i", "pairs", metavar="KEY=VALUE", multiple=True, help="An input; VALUE is JSON or text.")
@click.option("--inputs", "file", metavar="FILE", help="The inputs as one JSON object; - for standard input.")
@click.option("--target", metavar="TARGET", help="On what; one run at a time goes on for each.")
@click.option("--number", type=int, metavar="N", help="This version instead of the active one, for --dry-run.")
@click.option("--key", metavar="KEY", help="The same key again starts nothing and shows the first run.")
@click.option("--dry-run", is_flag=True, help="Say what would run, with which inputs and approvals.")
@click.option("--detach", is_flag=True, help="Only write it down; a worker goes on with it.")
def run(
    brain: Brain,
    name: str,
    pairs: tuple[str, ...],
    file: str | None,
    target: str | None,
    number: int | None,
    key: str | None,
    dry_run: bool,
    detach: bool,
) -> Said:
    """Start a run of the procedure NAME, and show each step as it ends.

    It returns when the run has ended, or waits for somebody; then it says the one command to go on. Exit code 0 means
    that it succeeded or waits, 1 that it failed or was cancelled.

    Example: brainops run deploy-safely --input 'version="2.14"' --dry-run
    """
    inputs = _inputs(pairs, file)
    if dry_run:
        plan = brain.runs.plan(name, inputs, target=target, number=number)
        yield plan
        yield from _planned(plan)
        return
    begun = brain.runs.start(name, inputs, target=target, number=number, idempotency_key=key, detached=True)
    if detach:
        yield begun
        yield f"{begun.id}  queued; `brainops worker` goes on with it"
        return
    yield from _tell(brain, _followed(brain, begun))


def _inputs(pairs: Sequence[str], file: str | None) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    if file is not None:
        where = "standard input" if file == "-" else file
        try:
            read = json.loads(read_text(file))
        except ValueError as error:
            raise InvalidInput(f"{where} is no JSON: {error}") from error
        if not isinstance(read, dict):
            raise InvalidInput(f"{where} holds no JSON object; inputs are names with values")
        inputs.update(read)
    inputs.update(map(valued, pairs))
    return inputs


def _followed(brain: Brain, begun: Run) -> Run:
    """Advance a run here, or watch who does, until it ends or waits for somebody; show each step as it ends."""
    shown: set[str] = set()
    current = begun
    there = elsewhere()
    given_up = time.monotonic() + UNTAKEN_SECONDS
    while True:
        if current.owner is None and not there:
            current = _advanced(brain, current.id, shown)
        _show_steps(current, shown)
        rest = _rest(current)
        if rest is None:
            return current
        if there:  # a worker of the server goes on with it, where there is one
            rest = max(rest, POLL_SECONDS)
            if current.owner is not None:
                given_up = time.monotonic() + UNTAKEN_SECONDS
            elif time.monotonic() > given_up:
                click.echo("No worker takes it: brainops worker, where the server is.", err=True)
                return current
        time.sleep(rest)
        current = brain.runs.get(current.id)


def _advanced(brain: Brain, run_id: str, shown: set[str]) -> Run:
    """Advance a run in a thread, and show meanwhile what has ended; Ctrl-C lets the step at hand end, and leaves."""
    with ThreadPoolExecutor(1) as threads:
        going = threads.submit(brain.runs.advance, run_id, patience_seconds=0)
        try:
            while not wait([going], POLL_SECONDS).done:
                _show_steps(brain.runs.get(run_id), shown)
        except KeyboardInterrupt:
            brain.runs.hand_back()
            click.echo(f"Left after the step at hand; go on: brainops runs advance {run_id}", err=True)
            raise
        return going.result()


def _rest(current: Run) -> float | None:
    """Return the seconds until another look makes sense; None where the run ended or waits for somebody."""
    if current.state in ENDED or current.state is RunState.PAUSED:
        return None
    if (
        current.owner is not None
        or (current.state is not RunState.WAITING and elsewhere())
        or any(step.waits_for == "run" for step in current.steps)
    ):
        return POLL_SECONDS
    if current.wake_at is None:
        return None
    rest = current.wake_at / 1e6 - time.time()
    return max(0.0, rest) if rest <= LONGEST_WAIT_SECONDS else None


def _show_steps(current: Run, shown: set[str]) -> None:
    if shared().json:
        return
    for step in current.steps:
        if step.finished_at is not None and step.step_id not in shown:
            shown.add(step.step_id)
            for line in _step(step):
                click.echo(line)


def _tell(brain: Brain, current: Run) -> Said:
    yield current
    yield from _outcome(current, _granted(brain, current))
    yield from _fixes(brain, current)
    yield from _next_step(brain, current)
    if current.state in (RunState.FAILED, RunState.CANCELLED):
        click.get_current_context().exit(1)


def _fixes(brain: Brain, current: Run) -> Iterator[str]:
    """Yield what came of the fixes that are bound to the error of a run: applied, held back or only named, and why."""
    if current.state is not RunState.FAILED or current.operation_id is None:
        return
    if not elsewhere():
        brain.fixes.finish()
    for each in brain.fixes.applications(operation_id=current.operation_id):
        title, state = one_line(brain.fixes.get(each.fix_id).title), each.state.value.replace("_", " ")
        yield from wrapped(f"Fix {title}: {state}: {one_line(each.reason)}", first="  ", indent="    ")


def _granted(brain: Brain, current: Run) -> bool:
    """Say whether a person has agreed to what the run waits for, so that it only has to go on."""
    asked = [step.waits_on for step in current.steps if step.waits_for == "approval" and step.waits_on]
    return bool(asked) and all(brain.approvals.get(each).state is not ApprovalState.PENDING for each in asked)


def _next_step(brain: Brain, current: Run) -> Iterator[str]:
    """Yield the step at hand where somebody has to do it: whoever completed the one before wants to know."""
    if current.state is RunState.WAITING and any(
        step.waits_for in ("manual", "agent", "decision") for step in current.steps
    ):
        yield from _at_hand(brain.runs.current(current.id))


def _outcome(current: Run, granted: bool = False) -> Iterator[str]:
    yield f"{bold(current.state.value)}  {current.procedure_name} {one_line(current.target or '')}  {dim(current.id)}"
    if current.error:
        yield from wrapped(current.error, indent="  ")
    elif current.reason:
        yield from wrapped(current.reason, indent="  ")
    if current.outputs:
        yield from wrapped(json.dumps(current.outputs, ensure_ascii=False), first="  outputs: ", indent="  ")
    if following := _following(current, granted):
        yield f"Next: {following}"


def _following(current: Run, granted: bool) -> str | None:
    """Return the one command that brings a run on; None where the step at hand says it."""
    for step in current.steps:
        if step.state is not StepState.WAITING or current.state is not RunState.WAITING:
            continue
        match step.waits_for:
            case "approval" if granted:
                return f"brainops runs advance {current.id}"
            case "approval":
                return f"brainops approve {step.waits_on}"
            case "manual" | "agent" | "decision":
                return None
            case _:
                pass
    match current.state:
        case RunState.PAUSED:
            return f"brainops runs resume {current.id}"
        case RunState.FAILED:
            return f"brainops runs retry {current.id}"
        case RunState.QUEUED:
            return f"brainops runs show {current.id}   (another run has its place)"
        case RunState.WAITING:
            return f"brainops worker   (or: brainops runs advance {current.id})"
        case _:
            return None


@group("runs", bare="list")
def runs() -> None:
    """List runs, newest first; or look at one, answer it, steer it.

    \b
    brainops runs show ID              everything about one
    brainops runs current ID           the step at hand, and none to come
    brainops runs complete ID STEP     a manual step was done
    brainops runs retry ID             go on where it failed
    """


@runs.command("list")
@click.option("--active", "state", flag_value="active", default=None, help="Only those that have not ended.")
@click.option("--state", "state", metavar="STATE", help="Only those in this state.")
@click.option("--procedure", metavar="NAME", help="Only runs of this procedure.")
@click.option("--target", metavar="TARGET", help="Only those on this target.")
@paged(DEFAULT_RUNS)
def list_(brain: Brain, after: str | None, before: str | None, **given: Any) -> Said:
    """List runs, newest first.

    Example: brainops runs list --active
    """
    found = brain.runs.list(**beside({"after": after, "before": before}), **given)
    yield found
    if not found:
        yield "No runs. Start one: brainops run NAME"
    for each in found:
        words = f"{each.procedure_name} {one_line(each.target or '')}".strip()
        why = f": {one_line(each.error or each.reason or '')}" if each.error or each.reason else ""
        yield f"{age(each.created_at):>6}  {each.state.value:<{STATE_COLUMNS}} {words}{why}  {dim(each.id)}"


@runs.command("show")
@click.argument("run_id", metavar="ID", type=Id("run"))
@pictured
def show_one(brain: Brain, run_id: str, drawn: str | None) -> Said:
    """Show everything about one run; as a picture, its steps to scale.

    Example: brainops runs show b41f6a --svg
    """
    found = brain.runs.get(run_id)
    if drawn:
        echo_run(found, drawn)
        return
    yield found
    yield from _outcome(found, _granted(brain, found))
    by = one_line(f"{found.actor.kind.value} {found.actor.id}")
    yield dim(f"  started by {by}; definition {found.procedure_hash[:12]}; epoch {found.epoch}")
    if found.inputs:
        yield from wrapped(json.dumps(dict(found.inputs), ensure_ascii=False), first="  inputs: ", indent="  ")
    for step in found.steps:
        yield from _step(step)
    for step in found.compensations:
        yield from _step(step, " (taken back)")
    yield from _next_step(brain, found)


def _step(step: StepRun, after: str = "") -> Iterator[str]:
    tried = (
        f" after {counted(step.attempts, 'attempt')}"
        if step.attempts > 1 and step.state is not StepState.WAITING
        else ""
    )
    waits = f" for {step.waits_for}" if step.waits_for else ""
    skipped = f" ({one_line(step.skipped_because)})" if step.skipped_because else ""
    yield f"  {step.state.value:<{STATE_COLUMNS}} {bold(one_line(step.step_id))}{after}{waits}{tried}{skipped}"
    if step.error and step.state is not StepState.SUCCEEDED:
        yield from wrapped(step.error, indent=" " * (STATE_COLUMNS + 3))


def _planned(plan: Plan) -> Iterator[str]:
    yield f"{bold(plan.procedure_name)} would do this; nothing was done."
    for number, level in enumerate(plan.levels, start=1):
        for each in level:
            does = "runs" if each.would_run else "is skipped"
            why = f" ({one_line(each.why)})" if each.why else ""
            yield f"  {number}. {bold(each.step.id)} {each.step.action.uses.value} {does}{why}"
            if each.parameters:
                yield from wrapped(json.dumps(dict(each.parameters), ensure_ascii=False), indent="       ")
            if each.approval:
                yield from wrapped(f"asks a person: {each.approval}", indent="       ")
    yield from (dim(f"  {one_line(note)}") for note in plan.notes)


@runs.command("current")
@click.argument("run_id", metavar="ID", type=Id("run"))
def current(brain: Brain, run_id: str) -> Said:
    """Show the step at hand, and nothing of those to come.

    Example: brainops runs current b41f6a
    """
    found = brain.runs.current(run_id)
    yield found
    yield from _at_hand(found)


def _at_hand(found: CurrentStep) -> Iterator[str]:
    name = one_line(found.name or found.step_id)
    yield f"Step {found.number} of {found.of}: {bold(name)}"
    text = found.text.strip()
    if text.rstrip(".") not in ("", name.rstrip(".")):
        yield from wrapped(text, indent="  ")
    if found.verify:
        yield from wrapped(f"It is done when: {found.verify}", indent="  ")
    if found.kind.value != "approval":
        answers = _ANSWERS.findall(found.verify or "")
        first = f" --answer {answers[0]}" if answers else ""
        yield f"Next: brainops runs complete {found.run_id} {found.step_id}{first}"
        yield from (f"      ... --answer {each}" for each in answers[1:])


@runs.command("complete")
@click.argument("run_id", metavar="ID", type=Id("run"))
@click.argument("step_id", metavar="STEP")
@click.option("--output", metavar="VALUE", help="What it brought, as JSON or text; its verification looks at it.")
@click.option("--answer", "answered", metavar="WORD", help="The answer to a question, such as yes or no.")
@click.option("--evidence", metavar="VALUE", help="What shows that it was done, as JSON or text.")
def complete(run_id: str, step_id: str, output: str | None, answered: str | None, evidence: str | None) -> Said:
    """Say that a manual step was done, and go on; what its verification asks for is looked at first.

    Example: brainops runs complete b41f6a look --output '{"seen": true}'
    """
    if output is not None and answered is not None:
        raise click.UsageError("--answer is short for an output with this answer; give one of them.")
    output_value = {"answer": answered} if answered is not None else None if output is None else value_of(output)
    evidence_value = None if evidence is None else value_of(evidence)
    yield from _steer(lambda brain: brain.runs.complete(run_id, step_id, output=output_value, evidence=evidence_value))


@runs.command("skip")
@click.argument("run_id", metavar="ID", type=Id("run"))
@click.argument("step_id", metavar="STEP")
@REASON_REQUIRED
@click.option(
    "--approval",
    metavar="ID",
    help="The approval that allows it; required and strict procedures want one.",
    type=Id("approval"),
)
def skip(run_id: str, step_id: str, reason: str, approval: str | None) -> Said:
    """Do without a step, and go on.

    Example: brainops runs skip b41f6a look --reason "done yesterday"
    """
    yield from _steer(lambda brain: brain.runs.skip(run_id, step_id, approval_id=approval, reason=reason))


@runs.command("cancel")
@click.argument("run_id", metavar="ID", type=Id("run"))
@REASON
@click.option("--take-back", is_flag=True, help="Take back what it did first, where its steps say how.")
def cancel(run_id: str, reason: str, take_back: bool) -> Said:
    """End a run.

    Example: brainops runs cancel b41f6a --reason "not needed any more"
    """
    yield from _steer(lambda brain: brain.runs.cancel(run_id, reason=reason, compensate=take_back), failing=False)


@runs.command("pause")
@click.argument("run_id", metavar="ID", type=Id("run"))
@REASON
def pause(run_id: str, reason: str) -> Said:
    """Let no further step begin; what is under way ends.

    Example: brainops runs pause b41f6a --reason "until the meeting is over"
    """
    yield from _steer(lambda brain: brain.runs.pause(run_id, reason=reason))


@runs.command("resume")
@click.argument("run_id", metavar="ID", type=Id("run"))
def resume(run_id: str) -> Said:
    """Let a paused run go on.

    Example: brainops runs resume b41f6a
    """
    yield from _steer(lambda brain: brain.runs.resume(run_id))


@runs.command("retry")
@click.argument("run_id", metavar="ID", type=Id("run"))
@click.option("--from", "from_step", metavar="STEP", help="From this step on instead of where it failed.")
def retry(run_id: str, from_step: str | None) -> Said:
    """Let a run that failed or was cancelled go on.

    Example: brainops runs retry e3d790
    """
    yield from _steer(lambda brain: brain.runs.retry(run_id, from_step=from_step))


@runs.command("take-over")
@click.argument("run_id", metavar="ID", type=Id("run"))
def take_over(run_id: str) -> Said:
    """Make a run your own: nobody else completes its steps from now on.

    Example: brainops runs take-over b41f6a
    """
    yield from _steer(lambda brain: brain.runs.take_over(run_id))


@runs.command("advance")
@click.argument("run_id", metavar="ID", type=Id("run"))
def advance(run_id: str) -> Said:
    """Go on with a run here, where it is due and nobody else does.

    Example: brainops runs advance b41f6a
    """
    yield from _steer(lambda brain: brain.runs.get(run_id))


@runs.command("remove")
@click.option("--older-than-days", type=float, required=True, metavar="N", help="Ended so long ago.")
def remove(brain: Brain, older_than_days: float) -> Said:
    """Remove ended runs for good; what memory learnt from them stays.

    Example: brainops runs remove --older-than-days 90
    """
    removed = brain.runs.remove_ended(older_than_days=older_than_days)
    yield {"removed": removed}
    yield f"{counted(removed, 'run')} removed."


def _steer(act: Callable[[Brain], Run], *, failing: bool = True) -> Said:
    with opened() as brain:
        ended = _followed(brain, act(brain))
        if failing:
            yield from _tell(brain, ended)
        else:
            yield ended
            yield from _outcome(ended)
