"""How does any command become an operation, from a shell, a Makefile, cron or CI? The command exec."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import click

from brainops.cli import fix as fixing
from brainops.cli import show
from brainops.cli.commands import command
from brainops.cli.options import TARGET, shared
from brainops.cli.screen import one_line, wrapped
from brainops.cli.shared import elsewhere, opened
from brainops.cli.short_ids import shortened
from brainops.errors import BrainOpsError, InvalidConfiguration, OperationBlocked, StoreUnavailable
from brainops.types import ErrorEvent, Evidence, NextTries
from brainops.wire import plain
from brainops_core.commands.command_name import name_of

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.integrations.relay import ProgramEnd
    from brainops.types import FixApplication, FixSuggestion, Guidance, Memory

REFUSED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127  # as env, timeout and a shell have them
ERROR_CHARACTERS = 16_384  # of the tail in which the error is looked for: what ended a program stands near its end
KEPT_CHARACTERS = 4_000  # of the tail that stand with the outcome
INTERRUPTIONS = frozenset((129, 130, 141, 143))  # SIGHUP, SIGINT, SIGPIPE, SIGTERM: somebody wanted no more of it
SERVER_SECONDS = 4.0  # that a command is held up by a server which does not answer
TOLD_AFTER = 3
TOLD_BEFORE = 3  # lines of what to know before: a job's log is for the job
FAILS = 0.35  # above the third that one success leaves of doubt
SURE = 0.3  # less likely than this, advice is not worth a line in front of every run


@command(
    "exec",
    short_help="run any command as an operation",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--name", metavar="NAME", help='What it is called; "make deploy" for `make deploy -j4` otherwise.')
@click.option("--service", metavar="NAME", help="Which service it is about.")
@TARGET
@click.option("--strict", is_flag=True, help="Do not run it where memory cannot be asked or written.")
@click.option("--quiet", is_flag=True, help="Say nothing before it, and nothing after it went well: for cron.")
@click.argument("arguments", metavar="-- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(
    name: str | None,
    service: str | None,
    target: str | None,
    strict: bool,
    quiet: bool,
    arguments: tuple[str, ...],
) -> None:
    """Run any command as an operation, in a shell, a Makefile, cron or CI.

    What memory knows is said before, on standard error; where rules hold, the guard is asked. Input, output, terminal,
    signals and exit code are the command's own. Where it fails, its error is kept, with the fix that is known.
    The exit code is 125 where it was not allowed to run.

    \b
    brainops exec -- make deploy
    brainops exec --service checkout --target production -- ./release.sh 2.9

    Example: brainops exec --service checkout -- make deploy
    """
    given = {"name": name or name_of(arguments), "target": target, "service": service}
    ended: list[
        ProgramEnd
    ] = []  # told before memory is: what fails there afterwards does not change how the command ended
    try:
        _accompany(arguments, given, ended, strict=strict, quiet=quiet)
    except BrainOpsError as error:
        say(f"it ran, but memory does not have all of it: {error}" if ended else str(error))
    click.get_current_context().exit(ended[0].code if ended else REFUSED)


def _accompany(
    arguments: Sequence[str], given: dict[str, Any], ended: list[ProgramEnd], *, strict: bool, quiet: bool
) -> None:
    """Run the command with memory around it; without, where memory cannot be opened and nothing forbids that."""
    from brainops.health.strict_mark import remember_strict, was_strict

    with ExitStack() as stack:
        try:
            # By words alone: loading the model would take longer than many a command.
            brain = stack.enter_context(opened(model="none", call_seconds=SERVER_SECONDS))
        except BrainOpsError as trouble:
            if strict or was_strict(shared().store, shared().namespace):
                raise _blocked(given["name"], strict, trouble) from trouble
            say(f"memory is not available, so this runs without it: {trouble}")
            ended.append(_run(arguments))
            return
        context = {"command": shlex.join(arguments), "folder": os.getcwd()}
        try:
            # Written beside the command that runs; where rules hold, what has to stand before it does.
            running = brain.begin(**given, context=context, strict=strict, record="durable" if strict else "async")
        except (StoreUnavailable, InvalidConfiguration) as trouble:
            raise _blocked(given["name"], strict, trouble) from trouble
        finally:
            with suppress(StoreUnavailable, InvalidConfiguration):  # who is not reached was as strict as it was last
                remember_strict(brain.guard.is_strict(), shared().store, shared().namespace)
        # It goes on without its server, by the pack that is kept: without that, nobody can say what it demands.
        if running.without and running.guidance is None and was_strict(shared().store, shared().namespace):
            raise _blocked(given["name"], strict, running.without)
        if not quiet and running.guidance is not None:
            say(*before(running.guidance))
        ended.append(_run(arguments))
        _after(brain, running, ended[0])


def _blocked(name: str, strict: bool, trouble: object) -> OperationBlocked:
    why = "--strict asks for memory" if strict else "this namespace was strict when it was last asked"
    return OperationBlocked(
        f"{name!r} was not run: {why}, and memory is not available: {trouble}. The way out: brainops doctor"
    )


def _run(arguments: Sequence[str]) -> ProgramEnd:
    from brainops.integrations.relay import ProgramEnd, Relay

    try:
        relay = Relay(arguments, os.environ)
    except OSError as error:
        code = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
        said = "command not found" if code == NOT_FOUND else error.strerror or str(error)
        text = f"{one_line(arguments[0])}: {said}"
        click.echo(text, err=True)
        return ProgramEnd(code=code, signal=None, tail=text.encode(errors="replace"), seconds=0.0)
    try:
        return relay.wait()
    finally:
        relay.close()


# What is said before


def before(guidance: Guidance) -> Iterator[str]:
    """Yield what to know before, in few lines; nothing where nothing is known."""
    told = [] if guidance.next_tries is None else guidance.next_tries.text.splitlines()
    if guidance.failure_probability is not None and guidance.failure_probability >= FAILS:
        why = f": {guidance.failure_reasons[0]}" if guidance.failure_reasons else ""
        told.append(f"fails with a probability of {guidance.failure_probability:.0%}{why}")
    advised = guidance.primary_recommendation
    if advised is not None and advised.confidence >= SURE:
        text = " ".join(advised.text.removeprefix(advised.name).split())
        told.append(f"memory advises ({advised.confidence:.0%} sure): {advised.name}" + (f": {text}" if text else ""))
    named = {advised.memory_id} if advised is not None else set()
    known = (each for each in guidance.known_errors if each.probability >= SURE and each.memory_id not in named)
    told += [f"went wrong before: {each.name}" for each in known]
    yield from told[:TOLD_BEFORE]


# What is kept and said after


def _after(brain: Brain, running: Any, ended: ProgramEnd) -> None:
    """Record how the command ended, and tell what is known of its error."""
    if ended.code == 0:
        running.succeed({"exit_code": 0}, evidence=Evidence.OBSERVED)
        return
    output = ended.text
    running.note(result={"exit_code": ended.code, "output": output[-KEPT_CHARACTERS:]})
    if ended.code in INTERRUPTIONS:  # is no error of the command, and becomes no memory
        running.fail(ErrorEvent(type="CancelledError", message=f"interrupted with exit code {ended.code}"))
        return
    how = f"was ended by signal {ended.signal}" if ended.signal else f"ended with exit status {ended.code}"
    error = output[-ERROR_CHARACTERS:].strip() or f"{running.start.name} {how}"
    running.fail(error)
    brain.flush()
    # What a server has is applied by a worker of it.
    told = _told(brain, running, error, ended, () if elsewhere() else brain.fixes.finish())
    if shared().json:
        click.echo(json.dumps(plain(told), ensure_ascii=True), err=True)
    else:
        say(*_failed(told))


def _told(
    brain: Brain, running: Any, error: str, ended: ProgramEnd, applied: Sequence[FixApplication]
) -> dict[str, Any]:
    """Return what is known of the error of a command that failed, and what was done about it."""
    service = running.manner.service
    same: list[Memory] = []
    suggested: Sequence[FixSuggestion] = ()
    tries: NextTries | None = None
    with suppress(*((StoreUnavailable,) if elsewhere() else ())):  # a server that is away: its pack says what it can
        same += [each.memory for each in brain.match(error, service=service) if each.exact]
        suggested = brain.fixes.suggest(error, context=running.start.context)
        tries = brain.evidence.next_tries(
            error, target=running.start.target, context={"service": service} if service else {}
        )
    return {
        "operation": running.id,
        "name": running.start.name,
        "exit_code": ended.code,
        "seconds": round(ended.seconds, 3),
        "memory": same[0] if same else None,
        "solutions": [told for memory in same if (told := show.solution(memory))],
        "applied": list(applied),
        "fixes": suggested,
        "next_tries": tries,
    }


def _failed(told: dict[str, Any]) -> Iterator[str]:
    memory: Memory | None = told["memory"]
    what = f": {one_line(memory.title)}" if memory else ""
    yield f"{told['name']} failed with exit code {told['exit_code']} after {told['seconds']:.1f} s{what}"
    applied: list[FixApplication] = told["applied"]
    fixes: dict[str, FixSuggestion] = {each.fix.id: each for each in told["fixes"]}
    for each in applied:
        fix = fixes.pop(each.fix_id, None)
        yield f"fix {one_line(fix.fix.title) if fix else each.fix_id}: {each.state.value} ({one_line(each.reason)})"
    tries: NextTries | None = told["next_tries"]
    yield from map(one_line, tries.text.splitlines() if tries else ())
    for known in list(fixes.values())[:TOLD_AFTER]:
        yield f"fix {one_line(known.fix.title)} ({known.sentence}): {fixing.try_it(known.fix)}"
    for solution in told["solutions"][:TOLD_AFTER]:
        yield f"what helped before: {one_line(solution)}"
    if memory is not None and not (applied or fixes or told["solutions"]):
        often = f"seen {memory.occurrences} times, " if memory.occurrences > 1 else "new here, "
        yield f"{often}and nothing that helps is known; once it is: brainops fix attach {memory.id} --advice TEXT"


def say(*lines: str) -> None:
    for line in shortened(lines):
        click.echo("\n".join(wrapped(line, first="brainops: ", indent="  ")), err=True)
