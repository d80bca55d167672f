"""How does a program carry out a task, and what of its answer counts?"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from brainops.agents.adapters.adapter import AdapterPort
from brainops.agents.adapters.agent_settings import Parameters, environment_of, seconds_of, secrets_of
from brainops.agents.adapters.client_json import ClientAnswer, error_told, read_answer
from brainops.agents.adapters.prompt import filled, named_in, places_of, quoted_memory
from brainops.memory.recognition.error_events import parse_error
from brainops.procedures.consent.limits import check_command, limits_of
from brainops.procedures.definition.injection import RUNS_ITS_WORDS, code_option, program_of
from brainops.procedures.steps.command import (
    MAX_STDIN_BYTES,
    NO_RETRY_EXITS,
    SAID_CHARACTERS,
    STDERR_SHARE,
    interrupted,
    kept_text,
    margin,
)
from brainops.procedures.steps.processes import ProcessLimits, run_process, which
from brainops.types import Agent, ErrorEvent, Evidence, Failed, Outcome, Succeeded, Task

KNOWN = ("run", "stdin", "env", "secrets", "working-directory", "output", "exit-codes")
READ_BYTES = 1_000_000  # of what an agent prints: a stream of events is long, its last ones say how it ended
MAX_ARGUMENT_BYTES = 100_000  # Linux takes 131,072 of one argument
PLACES = frozenset(("task", "prompt", "memory", "target", "context"))  # all that is text from outside
PROMPTS = {"task", "prompt", "context_file"}  # a command that takes none of these by arguments reads standard input


def run(agent: Agent, task: Task, port: AdapterPort) -> Outcome:
    """Run the arguments `run` with their places filled in, without a shell, and read how it ended.

    Places are those of the prompt and {context_file}, a file of JSON with task, context and memory. Where `run` takes
    the task by none of them, the prompt is handed over on standard input (`stdin` says otherwise). `env` and `secrets`
    (name: reference) are set as variables. `output: json` reads what coding agents print.
    """
    settings = settings_of(agent)
    limits, written = limits_of(port.context), settings.texts("run")
    secrets = secrets_of(settings, limits)
    with _places(task, written) as places:
        arguments = [_argument(each, places, settings) for each in written]
        check_command(limits, arguments)
        arguments[0] = which(arguments[0], os.environ.get("PATH", os.defpath))
        by_argument = any(named_in(each) & PROMPTS for each in written)
        stdin = "" if by_argument else places["prompt"]
        if settings.any("stdin") is not None:
            stdin = filled(settings.text("stdin", ""), places)
        if len(stdin.encode(errors="replace")) > MAX_STDIN_BYTES:
            settings.refuse(f"hands over at most {MAX_STDIN_BYTES:,} bytes on standard input")
        directory = None
        if settings.has("working-directory"):
            written_there = filled(settings.text("working-directory"), {"target": places["target"]})
            directory = os.path.expanduser(written_there)
        ended = run_process(
            arguments,
            environment=environment_of(agent, task, settings, secrets, limits),
            limits=ProcessLimits(
                timeout_seconds=seconds_of(agent, task),
                output_bytes=READ_BYTES + 2 * margin(secrets),
                memory_bytes=limits.memory_bytes,
            ),
            directory=directory,
            stdin=stdin or None,
            cancelled=port.cancelled,
        )
    program = os.path.basename(arguments[0])
    stdout = kept_text(ended.stdout, secrets, READ_BYTES)
    stderr = kept_text(ended.stderr, secrets, limits.output_bytes // STDERR_SHARE)
    answer = read_answer(stdout) if settings.text("output", "text") == "json" else None
    said = (answer.error if answer else "") or stderr.strip() or (answer.text if answer else "") or stdout.strip()
    if ended.why:
        raise interrupted(program, ended.why, said[-SAID_CHARACTERS:])
    cost = answer.cost if answer else None
    code = str(ended.exit_code)
    if code not in (settings.texts("exit-codes") or ("0",)):
        return Failed(error=_exit_error(program, ended.exit_code, said), result=_result(answer, stdout), cost=cost)
    if answer is not None and answer.error:
        event = error_told(answer.error, answer.kind)
        return Failed(error=event, result=_result(answer, stdout), cost=cost, evidence=Evidence.CLAIMED)
    return Succeeded(result=_result(answer, stdout), cost=cost)


def settings_of(agent: Agent) -> Parameters:
    """Return what its settings say. Raises StepFailed where that is not how a program is run."""
    settings = Parameters.named("a command agent", agent.settings, KNOWN)
    written = settings.texts("run")
    if isinstance(settings.any("run"), str) or not written or not written[0]:
        settings.refuse("says what to run as a list of arguments: [my-agent, --task, '{task}']")
    for number, word in enumerate(written):
        if named_in(word) & PLACES and (option := code_option(written, number)):
            settings.refuse(f"would run a task as code, the value of {option}; hand it over on standard input")
    if program_of(written[0]) in RUNS_ITS_WORDS and all(word.startswith("-") for word in written[1:]):
        settings.refuse(f"would run a task as code, which {written[0]:.60} reads; name the script that reads it")
    return settings


@contextmanager
def _places(task: Task, written: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield what each place means; the file with the context lies there as long as the command runs."""
    places = places_of(task)
    if not any("context_file" in named_in(each) for each in written):
        yield places
        return
    with tempfile.TemporaryDirectory(prefix="brainops-task-") as folder:  # which only its owner may enter
        path = os.path.join(folder, "task.json")
        told = {"id": task.id, "task": task.text, "target": task.target, "context": dict(task.context)}
        with open(path, "w", encoding="utf-8") as file:
            json.dump({**told, "memory": quoted_memory(task)}, file, ensure_ascii=False, default=str)
        yield {**places, "context_file": path}


def _argument(written: str, places: Mapping[str, str], settings: Parameters) -> str:
    """Return one argument filled in. A task that begins like an option does not become one."""
    argument = filled(written, places)
    if argument.startswith("-") and not written.startswith("-"):
        argument = f" {argument}"
    if "\0" in argument:
        settings.refuse("cannot hand over an argument with a null character")
    if len(argument.encode(errors="replace")) > MAX_ARGUMENT_BYTES:
        settings.refuse(f"hands over at most {MAX_ARGUMENT_BYTES:,} bytes as one argument; let it read standard input")
    return argument


def _exit_error(program: str, code: int | None, said: str) -> ErrorEvent:
    """Return the error that the output tells of, where it tells of one, so that it is known from elsewhere too."""
    told = parse_error(said)
    if told.type and code not in NO_RETRY_EXITS:
        return told
    how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with exit status {code}"
    tail = f": {said[-SAID_CHARACTERS:]}" if said else ""
    return ErrorEvent(type=f"exit status {code}", message=f"{program} {how}{tail}")


def _result(answer: ClientAnswer | None, stdout: str) -> str:
    return answer.text if answer is not None and answer.text else stdout
