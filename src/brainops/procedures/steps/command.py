"""How does a command step run its program, and what of it is kept?"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

from brainops.errors import StepFailed
from brainops.memory.recognition.error_events import from_output
from brainops.procedures.consent.limits import check_command, check_environment, check_shell, limits_of
from brainops.procedures.definition.injection import WAY_OUT, option_like, unsafe
from brainops.procedures.steps.executor import Limits, StepDone, StepResult, StepWork
from brainops.procedures.steps.parameters import Parameters
from brainops.procedures.steps.processes import Ended, Kept, ProcessLimits, run_process, which
from brainops.procedures.steps.secret_refs import forms, mask
from brainops.types import JSON, Action
from brainops_core.recognition.error_events import error_title

KNOWN = ("run", "shell", "env", "working-directory", "stdin", "output", "exit-codes")
STDERR_SHARE = 4  # stderr may have a quarter of what stdout has: both together fit into what is kept of a step
SAID_CHARACTERS = 800  # of stderr, or else stdout, in the error of a command that failed
MAX_STDIN_BYTES = 1_000_000
NO_RETRY_EXITS = (126, 127)  # a shell's "may not be executed" and "not found"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def command(work: StepWork) -> StepResult:
    """Run a command; its output is {exit_code, stdout, stderr}, and `json` where `output: json` asks for it."""
    return StepDone(output=run_command(work, Parameters(work.action, KNOWN)))


def run_command(work: StepWork, parameters: Parameters) -> dict[str, JSON]:
    """Run the command that the parameters describe and return its output. Raises StepFailed."""
    limits = limits_of(work.context)
    arguments = _arguments(parameters, limits)
    _refuse_injection(work.template, arguments, limits)
    # a clean environment: a few variables of ours, the step's own, and the idempotency key
    given = parameters.mapping("env")
    for name, value in given.items():
        if not _NAME.fullmatch(name) or isinstance(value, (dict, list)) or "\0" in str(value):
            parameters.refuse(f"sets variables by name to a text; {name!r:.60} is none")
    check_environment(limits, given)
    kept = {name: os.environ[name] for name in limits.environment if name in os.environ}
    written = {
        name: "" if value is None else value if isinstance(value, str) else json.dumps(value)
        for name, value in given.items()
    }
    environment = {**kept, **written, "BRAINOPS_IDEMPOTENCY_KEY": work.idempotency_key, "BRAINOPS_RUN_ID": work.run_id}
    if not parameters.flag("shell"):
        arguments[0] = which(arguments[0], os.environ.get("PATH", os.defpath))
    stdin = parameters.text("stdin") if parameters.has("stdin") else None
    directory = parameters.text("working-directory") if parameters.has("working-directory") else None
    if stdin is not None and len(stdin.encode(errors="replace")) > MAX_STDIN_BYTES:
        parameters.refuse(f"hands over at most {MAX_STDIN_BYTES:,} bytes as `stdin`; write a file")
    ended = run_process(
        arguments,
        environment=environment,
        limits=ProcessLimits(
            timeout_seconds=work.timeout_seconds or limits.timeout_seconds,
            output_bytes=limits.output_bytes + 2 * margin(work.secrets),
            memory_bytes=limits.memory_bytes,
        ),
        directory=None if directory is None else os.path.expanduser(directory),
        stdin=stdin,
        cancelled=work.cancelled,
    )
    return _judged(arguments, ended, work, parameters, limits)


def refused(action: Action, limits: Limits) -> str:
    """Return why a command step could not be run, "" where nothing speaks against it: what a dry run says."""
    try:
        parameters = Parameters(action, KNOWN)
        _arguments(parameters, limits)
        check_environment(limits, parameters.mapping("env"))
    except StepFailed as error:
        return str(error)
    return ""


def _arguments(parameters: Parameters, limits: Limits) -> list[str]:
    run = parameters.any("run")
    if parameters.flag("shell"):
        check_shell(limits)
        if not isinstance(run, str) or not run.strip():
            parameters.refuse("with `shell: true` says what to run as one text")
        return ["/bin/sh", "-c", run]
    arguments = list(parameters.texts("run"))
    if isinstance(run, str) or not arguments or not arguments[0]:
        parameters.refuse("says what to run as a list of arguments: [make, test]")
    if any("\0" in each for each in arguments):
        parameters.refuse("cannot hand over an argument with a null character")
    check_command(limits, arguments)
    return arguments


def _refuse_injection(template: Action | None, arguments: list[str], limits: Limits) -> None:
    """Raise StepFailed where what was filled in would be code or an option: also of what was saved before this held."""
    if template is None:
        return
    found = unsafe(template.parameters, limits.plain)
    if found is not None:
        raise StepFailed(f"{found.message}: {found.way_out}", kind="InputNotAllowed", retryable=False)
    words = template.parameters.get("run")
    for number, written in enumerate(words if isinstance(words, (list, tuple)) else ()):
        if "${{" in str(written) and option_like(arguments[number], arguments, number):
            raise StepFailed(
                f"argument {number} begins with -, and what is filled in is never an option: put the word -- before it "
                f"where the program knows that, or {WAY_OUT}",
                kind="InputNotAllowed",
                retryable=False,
            )


def _judged(
    arguments: list[str], ended: Ended, work: StepWork, parameters: Parameters, limits: Limits
) -> dict[str, JSON]:
    stdout = kept_text(ended.stdout, work.secrets, limits.output_bytes)
    stderr = kept_text(ended.stderr, work.secrets, limits.output_bytes // STDERR_SHARE)
    program = os.path.basename(arguments[0])
    said = (stderr.strip() or stdout.strip())[-SAID_CHARACTERS:]
    if ended.why:
        raise interrupted(program, ended.why, said)
    code = ended.exit_code
    accepted = parameters.texts("exit-codes") or ("0",)
    if str(code) not in accepted:
        raise ended_badly(program, -1 if code is None else code, stderr.strip() or stdout.strip())
    output: dict[str, JSON] = {"exit_code": code, "stdout": stdout, "stderr": stderr}
    if parameters.text("output", "text") == "json":
        if ended.stdout.left_out:
            raise StepFailed(
                f"{program} printed more JSON than is kept; have it print less", kind="OutputTooLarge", retryable=False
            )
        try:
            value: JSON = json.loads(stdout)
        except (ValueError, RecursionError) as error:
            raise StepFailed(f"{program} printed no JSON: {error}", kind="NoJSON", retryable=False) from None
        return {"exit_code": code, "stderr": stderr, "json": value}
    return output


def ended_badly(program: str, code: int, output: str) -> StepFailed:
    """Return the failure of a command that ended with an exit status of its own: the error that its output tells of."""
    event = from_output(output, code) if output else None
    said, title = output[-SAID_CHARACTERS:], error_title(event) if event else ""
    if title and title not in said.split("\n", 1)[0]:
        said = f"{title}\n{said}"  # what went wrong comes first, wherever in the output it stood
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit status {code}"
    return StepFailed(
        f"{program} {how}" + (f": {said}" if said else ""),
        kind=f"exit status {code}",
        event=event,
        retryable=code not in NO_RETRY_EXITS,
    )


def interrupted(program: str, why: str, said: str) -> StepFailed:
    """Return the failure of a command that did not come to its own end."""
    tail = f"; it had said: {said}" if said else ""
    match why:
        case "timeout":
            return StepFailed(f"{program} did not end in time and was ended{tail}", kind="TimeoutError")
        case "cancelled":
            return StepFailed(f"{program} was ended because the run was stopped", kind="Cancelled", retryable=False)
    return StepFailed(f"{program} was lost: what watched over it was killed{tail}", kind="CommandLost")


def margin(secrets: Mapping[str, str]) -> int:
    """Return how many bytes more are kept at a cut, so that no half of a secret is left standing there."""
    return max((len(form.encode(errors="replace")) for value in secrets.values() for form in forms(value)), default=0)


def kept_text(kept: Kept, secrets: Mapping[str, str], room: int) -> str:
    """Return an output as text of bounded size, secrets masked, also one that the cut goes through."""
    if not kept.left_out:
        return fitted(str(mask((kept.head + kept.tail).decode(errors="replace"), secrets)), room)
    cut = margin(secrets)
    head, tail = (str(mask(part.decode(errors="replace"), secrets)) for part in (kept.head, kept.tail))
    return _cut(head[: len(head) - cut], tail[cut:], kept.left_out, room)


def fitted(text: str, room: int) -> str:
    """Return a text whose JSON has about that many bytes: head, tail, and a word where something is left out."""
    if _size(text) <= room:
        return text
    half = len(text) // 2
    return _cut(text[:half], text[half:], 0, room)


def _cut(head: str, tail: str, left_out: int, room: int) -> str:
    kept_head, kept_tail = (
        part[: max(1, len(part) * (room // 2) // max(_size(part), room // 2))] for part in (head, tail[::-1])
    )
    left_out += len(head) + len(tail) - len(kept_head) - len(kept_tail)
    return f"{kept_head}\n[... {left_out:,} characters left out ...]\n{kept_tail[::-1]}"


def _size(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode(errors="replace"))
