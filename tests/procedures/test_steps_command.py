"""Does a command step run what it may, in time, within limits, and leave nothing behind?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import StepFailed
from brainops.procedures.steps import processes
from brainops.procedures.steps.command import fitted, kept_text
from brainops.procedures.steps.processes import Kept, ProcessLimits, run_process
from brainops.types import StepKind
from tests.procedures.steps_kit import do, output_of

PYTHON = sys.executable
BOUND_SECONDS = 20.0


def python(program: str) -> list[str]:
    return [PYTHON, "-c", program]


@pytest.fixture
def allowed(brain: Brain) -> Brain:
    """Let every command run."""
    brain.limits.allow(["*"])
    return brain


def fails(brain: Brain, **options: Any) -> StepFailed:
    with pytest.raises(StepFailed) as failed:
        do(brain, StepKind.COMMAND, **options)
    return failed.value


def gone(process: int) -> bool:
    """Say whether a process ends within the bound; one that nobody has collected yet has ended too."""
    until = time.monotonic() + BOUND_SECONDS
    while time.monotonic() < until:
        try:
            with open(f"/proc/{process}/stat", encoding="ascii") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        threading.Event().wait(0.02)
    return False


def test_a_command_gives_what_it_printed(allowed: Brain) -> None:
    program = "import sys; print('out'); print('err', file=sys.stderr)"

    output = output_of(allowed, StepKind.COMMAND, run=python(program))

    assert output == {"exit_code": 0, "stdout": "out\n", "stderr": "err\n"}


def test_json_is_read_where_it_is_asked_for(allowed: Brain) -> None:
    output = output_of(allowed, StepKind.COMMAND, run=python("print('{\"a\": [1, null]}')"), output="json")

    assert output["json"] == {"a": [1, None]}


@pytest.mark.parametrize("printed", ["nope", "[1,", "[" * 5_000])
def test_what_is_no_json_fails_and_is_not_tried_again(allowed: Brain, printed: str) -> None:
    failed = fails(allowed, run=python(f"print({printed!r})"), output="json")

    assert (failed.kind, failed.retryable) == ("NoJSON", False)


def test_nothing_runs_until_somebody_allows_it(brain: Brain) -> None:
    failed = fails(brain, run=["make", "test"])

    assert (failed.kind, failed.retryable) == ("CommandNotAllowed", False)
    assert "brainops allow make" in str(failed)


@pytest.mark.parametrize(
    ("entry", "arguments", "runs"),
    [
        ("true", ["true"], True),
        ("true", ["true", "x"], True),
        ("true", ["false"], False),
        ("true", ["./true"], False),
        ("true", ["/tmp/true"], False),
        ("/bin/true", ["/bin/true"], True),
        ("/bin/true", ["true"], False),
        ("'true' a", ["true", "a", "b"], True),
        ("'true' a", ["true", "b"], False),
        ("'true' a", ["true"], False),
        ("*", ["true"], True),
    ],
)
def test_an_entry_allows_a_program_by_its_name_and_first_arguments(
    brain: Brain, entry: str, arguments: list[str], runs: bool
) -> None:
    brain.limits.allow([entry])

    if runs:
        assert output_of(brain, StepKind.COMMAND, run=arguments)["exit_code"] == 0
    else:
        assert fails(brain, run=arguments).kind == "CommandNotAllowed"


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "BASH_ENV", "dyld_insert_libraries", "BRAINOPS_STORE"])
def test_a_variable_that_would_turn_an_allowed_program_into_another_is_refused(brain: Brain, name: str) -> None:
    brain.limits.allow(["true"])

    failed = fails(brain, run=["true"], env={name: "/tmp/evil"})

    assert failed.kind == "VariableNotAllowed"


def test_an_allowed_name_means_the_program_on_our_path_not_on_the_folders(brain: Brain, tmp_path: Path) -> None:
    brain.limits.allow(["true"])
    (tmp_path / "true").write_text("#!/bin/sh\necho evil\n", encoding="utf-8")
    (tmp_path / "true").chmod(0o755)

    output = output_of(brain, StepKind.COMMAND, run=["true"], working_directory=str(tmp_path))

    assert output["stdout"] == ""


def test_no_shell_reads_the_arguments(allowed: Brain) -> None:
    output = output_of(allowed, StepKind.COMMAND, run=["echo", "$HOME; echo no", "`id`", "*"])

    assert output["stdout"] == "$HOME; echo no `id` *\n"


def test_a_shell_runs_only_where_somebody_allowed_it(brain: Brain) -> None:
    brain.limits.allow(["*"])
    assert fails(brain, run="echo a | tr a b", shell=True).kind == "ShellNotAllowed"

    brain.limits.allow(shell=True)

    assert output_of(brain, StepKind.COMMAND, run="echo a | tr a b", shell=True)["stdout"] == "b\n"
    assert fails(brain, run="echo a").kind == "InvalidParameters"


def test_the_environment_is_clean_but_for_what_is_said(allowed: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PASSWORD", "do-not-hand-over")
    program = "import json, os; print(json.dumps(dict(os.environ)))"

    output = output_of(
        allowed, StepKind.COMMAND, run=python(program), output="json", env={"REGION": "eu", "N": 3, "EMPTY": None}
    )

    seen = output["json"]
    assert "MY_PASSWORD" not in seen
    assert (seen["REGION"], seen["N"], seen["EMPTY"]) == ("eu", "3", "")
    assert seen["BRAINOPS_IDEMPOTENCY_KEY"] == "run-1/step-1"


def test_folder_and_input_are_handed_over(allowed: Brain, tmp_path: Path) -> None:
    program = "import os, sys; print(os.getcwd()); print(len(sys.stdin.read()))"

    output = output_of(
        allowed, StepKind.COMMAND, run=python(program), working_directory=str(tmp_path), stdin="x" * 200_000
    )

    assert output["stdout"] == f"{tmp_path}\n200000\n"


def test_an_input_that_is_not_read_does_no_harm(allowed: Brain) -> None:
    assert output_of(allowed, StepKind.COMMAND, run=["true"], stdin="x" * 500_000)["exit_code"] == 0


@pytest.mark.parametrize(
    ("options", "kind", "retryable", "said"),
    [
        ({"run": ["sh", "-c", "echo no room >&2; exit 3"]}, "exit status 3", True, "exit status 3: no room"),
        ({"run": ["sh", "-c", "exit 127"]}, "exit status 127", False, "exit status 127"),
        ({"run": ["sh", "-c", "kill -9 $$"]}, "exit status -9", True, "ended by signal 9"),
        ({"run": ["no-such-program-here"]}, "CommandNotStarted", False, "there is no program 'no-such-program-here'"),
        ({"run": ["/etc/passwd"]}, "CommandNotStarted", False, "may not be executed"),
        ({"run": ["true"], "working-directory": "/no/such/folder"}, "NoFolder", False, "cannot be entered"),
        ({"run": "make test"}, "InvalidParameters", False, "as a list of arguments"),
        ({"run": []}, "InvalidParameters", False, "as a list of arguments"),
        ({"run": ["a\0b"]}, "InvalidParameters", False, "null character"),
        ({"run": ["true"], "env": {"A=B": "x"}}, "InvalidParameters", False, "variables by name"),
        ({"run": ["true"], "comand": 1}, "InvalidParameters", False, "does not know comand; it takes run"),
    ],
)
def test_a_command_that_fails_says_how(
    allowed: Brain, options: dict[str, Any], kind: str, retryable: bool, said: str
) -> None:
    failed = fails(allowed, **options)

    assert (failed.kind, failed.retryable) == (kind, retryable)
    assert said in str(failed)


def test_another_exit_status_may_be_expected(allowed: Brain) -> None:
    output = output_of(allowed, StepKind.COMMAND, run=["sh", "-c", "exit 3"], exit_codes=[0, 3])

    assert output["exit_code"] == 3


def test_of_a_long_output_head_and_tail_are_kept(allowed: Brain) -> None:
    program = "print('first'); print('x' * 3_000_000); print('last')"

    output = output_of(allowed, StepKind.COMMAND, run=python(program))

    assert output["stdout"].startswith("first\n")
    assert output["stdout"].endswith("last\n")
    assert "characters left out" in output["stdout"]
    assert len(json.dumps(output)) < 70_000


def test_a_secret_at_the_cut_of_an_output_leaves_no_half_behind() -> None:
    secret = "0123456789abcdef" * 4
    for shift in range(0, 200, 7):
        kept = Kept(room=1_000 + 2 * len(secret) * 3)
        kept.add(b"." * shift + (secret + " ").encode() * 300)

        text = kept_text(kept, {"KEY": secret}, 1_000)

        assert "0123456" not in text.replace("[secret KEY]", "")


def test_binary_output_still_fits_into_what_is_kept() -> None:
    assert len(json.dumps(fitted("\x00\x01" * 30_000, 1_000), ensure_ascii=False)) < 1_100


def test_memory_is_limited_where_it_is_set(allowed: Brain) -> None:
    allowed.limits.allow(memory_bytes=200_000_000)

    failed = fails(allowed, run=python("x = bytearray(600_000_000)"))

    assert "MemoryError" in str(failed)


def test_a_command_that_takes_too_long_is_ended(allowed: Brain) -> None:
    failed = fails(allowed, run=python("import time; print('begun', flush=True); time.sleep(600)"), timeout_seconds=0.5)

    assert (failed.kind, failed.retryable) == ("TimeoutError", True)
    assert "begun" in str(failed)


def test_a_command_ends_when_the_run_is_stopped(allowed: Brain, tmp_path: Path) -> None:
    begun = tmp_path / "begun"

    failed = fails(allowed, run=["sh", "-c", f"echo > {begun}; sleep 600"], cancelled=begun.exists)

    assert (failed.kind, failed.retryable) == ("Cancelled", False)


STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1], "w").write(str(os.getpid()))
        os.rename(sys.argv[1], sys.argv[2])
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


def test_descendants_that_left_the_session_and_ignore_sigterm_are_ended_too(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    ended = run_process(
        [PYTHON, "-c", STUBBORN, str(tmp_path / "new"), str(pid)],
        environment={},
        limits=ProcessLimits(timeout_seconds=BOUND_SECONDS, output_bytes=100, grace_seconds=0.2),
        cancelled=pid.exists,
    )

    assert ended.why == "cancelled"
    assert gone(int(pid.read_text(encoding="ascii")))


def test_where_linux_does_not_help_a_command_is_ended_with_its_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "SYSTEM", "posix")
    pid = tmp_path / "pid"

    ended = run_process(
        ["/bin/sh", "-c", 'sleep 600 & echo $! > "$0.new"; mv "$0.new" "$0"; wait', str(pid)],
        environment={"PATH": os.environ["PATH"]},
        limits=ProcessLimits(timeout_seconds=BOUND_SECONDS, output_bytes=100, grace_seconds=0.2),
        cancelled=pid.exists,
    )

    assert ended.why == "cancelled"
    assert gone(int(pid.read_text(encoding="ascii")))


def test_what_a_command_leaves_running_ends_with_its_step(allowed: Brain) -> None:
    output = output_of(allowed, StepKind.COMMAND, run=["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!"])

    assert gone(int(output["stdout"]))


WORKER = """
import sys
from brainops.procedures.steps.processes import ProcessLimits, run_process
limits = ProcessLimits(timeout_seconds=600, output_bytes=100, grace_seconds=0.2)
run_process(sys.argv[1:], environment={}, limits=limits)
"""


def test_a_killed_worker_leaves_no_command_running(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    worker = subprocess.Popen([PYTHON, "-c", WORKER, PYTHON, "-c", STUBBORN, str(tmp_path / "new"), str(pid)])
    until = time.monotonic() + BOUND_SECONDS
    while not pid.exists() and time.monotonic() < until:
        threading.Event().wait(0.02)

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(BOUND_SECONDS)

    assert gone(int(pid.read_text(encoding="ascii")))


def test_many_commands_at_once_leave_no_descriptor_open() -> None:
    limits = ProcessLimits(timeout_seconds=BOUND_SECONDS, output_bytes=100)
    printed: list[str] = []

    def echo(number: int) -> None:
        printed.append(run_process(["/bin/echo", str(number)], environment={}, limits=limits).stdout.text())

    before = len(os.listdir("/proc/self/fd"))
    threads = [threading.Thread(target=echo, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND_SECONDS)

    assert sorted(printed) == [f"{number}\n" for number in range(8)]
    assert len(os.listdir("/proc/self/fd")) == before


def test_secrets_stay_out_of_outputs_and_errors(allowed: Brain) -> None:
    secret = "very-secret-value"

    output = output_of(allowed, StepKind.COMMAND, run=["echo", f"token={secret}"], secrets={"TOKEN": secret})
    failed = fails(allowed, run=["sh", "-c", f"echo {secret} >&2; exit 1"], secrets={"TOKEN": secret})

    assert output["stdout"] == "token=[secret TOKEN]\n"
    assert secret not in str(failed)
