"""Does a command under `brainops exec` behave as without it, and does memory know of it what there is to know?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops_core.commands.command_name import name_of
from tests.cli.conftest import PROCESS_SECONDS, Say, program
from tests.cli.test_process import on_a_terminal

TIMED_OUT = "ConnectionError: payments api timed out after 30 s"
SEEN_AGAIN = "ConnectionError: payments api timed out after 41 s"
FAILS = f"echo building; echo '{TIMED_OUT}' >&2; exit 3"
PYTHON = sys.executable


def logged(shell: Say) -> list[Any]:
    found: list[Any] = shell("operations", "--json").value
    return found


def running(*command: str, **rest: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [program(), "exec", "--", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **rest,
    )


# The command is itself


def test_input_output_and_exit_code_are_the_commands_own(store: Path) -> None:
    given = bytes(range(256)) * 500
    passed = subprocess.run(
        [program(), "exec", "--", "sh", "-c", "cat; exit 7"],
        input=given,
        capture_output=True,
        timeout=PROCESS_SECONDS,
        check=False,
    )

    assert (passed.stdout, passed.returncode) == (given, 7)


def test_a_signal_that_ends_the_command_is_told_as_a_shell_tells_it(shell: Say) -> None:
    assert shell("exec", "--", "sh", "-c", "kill -9 $$").code == 128 + signal.SIGKILL
    assert logged(shell)[0]["outcome"]["error"]["message"].endswith("was ended by signal 9")


def test_what_cannot_be_started_ends_as_in_a_shell(shell: Say, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no program", encoding="utf-8")
    missing = shell("exec", "--", "no-such-program")
    locked = shell("exec", "--", "./notes.txt")

    assert (missing.code, locked.code) == (127, 126)
    assert "no-such-program: command not found" in missing.err
    assert "Permission denied" in locked.err


def test_both_outputs_into_one_file_keep_their_order(shell: Say) -> None:
    with subprocess.Popen(
        [program(), "exec", "--", "sh", "-c", "for n in 1 2 3 4 5 6; do echo out $n; echo err $n >&2; done"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as command:
        out, _ = command.communicate(timeout=PROCESS_SECONDS)

    assert out.decode().split("\n")[:-1] == [f"{where} {n}" for n in range(1, 7) for where in ("out", "err")]


def test_a_question_without_a_line_end_is_seen_before_it_is_answered(store: Path) -> None:
    with running(PYTHON, "-c", "print('sure? ', end='', flush=True); print(input())") as command:
        assert command.stdout is not None
        assert command.stdin is not None
        asked = command.stdout.read(6)
        command.stdin.write(b"yes\n")
        command.stdin.close()
        answered = command.stdout.read()

    assert (asked, answered) == (b"sure? ", b"yes\n")


def test_on_a_terminal_the_command_has_one_of_the_same_size(store: Path) -> None:
    looks = "import os, sys; print([os.isatty(n) for n in (0, 1, 2)], os.get_terminal_size(1).columns)"
    shown = on_a_terminal(["exec", "--", "sh", "-c", f'stty cols 93; exec {PYTHON} -c "{looks}"'])
    bare = on_a_terminal(["exec", "--", PYTHON, "-c", looks])

    assert "[True, True, True]" in shown
    assert "[True, True, True]" in bare
    assert "\r\r\n" not in bare


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1], ids=lambda s: s.name)
def test_a_signal_reaches_the_command_which_answers_for_it(store: Path, sent: signal.Signals) -> None:
    answers = (
        "import signal, sys; "
        f"signal.signal({int(sent)}, lambda *_: sys.exit(9)); print('ready', flush=True); signal.pause()"
    )
    with running(
        PYTHON, "-c", answers, start_new_session=True, preexec_fn=lambda: signal.signal(sent, signal.SIG_DFL)
    ) as command:  # whoever runs the tests may have had it ignored, as nohup does
        assert command.stdout is not None
        command.stdout.read(5)
        command.send_signal(sent)
        code = command.wait(PROCESS_SECONDS)

    assert code == 9


def test_a_reader_that_goes_away_ends_the_command_as_without_us(store: Path) -> None:
    with running("sh", "-c", "trap '' USR1; while :; do echo a line; done") as command:
        assert command.stdout is not None
        command.stdout.read(10)
        command.stdout.close()
        code = command.wait(PROCESS_SECONDS)

    assert code == 128 + signal.SIGPIPE


def test_what_is_left_running_keeps_its_output_and_holds_nobody_up(store: Path, tmp_path: Path) -> None:
    waits = "(while ! [ -e go ]; do sleep 0.05; done; echo late) & echo started"
    with running("sh", "-c", waits) as command:
        assert command.stdout is not None
        code = command.wait(PROCESS_SECONDS)
        (tmp_path / "go").touch()
        out = command.stdout.read()

    assert (code, out) == (0, b"started\nlate\n")


@pytest.mark.parametrize("pause", ["sleep 0.02", ":"])
def test_what_is_left_running_and_keeps_printing_holds_nobody_up(store: Path, tmp_path: Path, pause: str) -> None:
    with running("sh", "-c", f"(while ! [ -e go ]; do echo log; {pause}; done) & sleep 0.3; exit 4") as command:
        assert command.stdout is not None
        try:
            reader = threading.Thread(target=command.stdout.read)
            reader.start()
            code = command.wait(PROCESS_SECONDS / 2)
        finally:
            (tmp_path / "go").touch()
            reader.join(PROCESS_SECONDS)

    assert code == 4


# Memory knows of it


def test_a_success_is_an_operation_that_was_observed(shell: Say) -> None:
    shell("exec", "--service", "checkout", "--target", "staging", "--", "true")
    [operation] = logged(shell)

    assert (operation["start"]["name"], operation["start"]["target"]) == ("true", "staging")
    assert operation["start"]["context"]["command"] == "true"
    assert operation["outcome"]["evidence"] == "observed"
    assert operation["outcome"]["result"] == {"exit_code": 0}
    assert operation["guidance_id"]


def test_a_failure_is_known_again_by_what_it_printed(shell: Say) -> None:
    said = shell("exec", "--name", "deploy", "--", "sh", "-c", FAILS)
    [operation] = logged(shell)
    again = shell("match", SEEN_AGAIN, "--json").value

    assert said.code == 3
    assert f"deploy failed with exit code 3 after 0.0 s: {TIMED_OUT}" in said.err.replace("\n  ", " ")
    assert set(operation["outcome"]["result"]["output"].splitlines()) == {"building", TIMED_OUT}
    assert operation["outcome"]["evidence"] == "observed"
    assert [found["exact"] for found in again][:1] == [True]


def test_what_helped_before_is_said_when_it_fails_again(shell: Say) -> None:
    shell("capture", TIMED_OUT, "--type", "error_pattern", "--solution", "raise pool_size to 40")
    shell("fix", "attach", TIMED_OUT, "--command", "true", "--title", "Grow the pool")
    said = shell("exec", "--", "sh", "-c", FAILS).err

    assert "what helped before: raise pool_size to 40" in said
    assert "fix Grow the pool" in said
    assert "brainops fix apply" in said


def test_a_fix_that_has_proved_itself_is_applied_and_said(shell: Say, store: Path, tmp_path: Path) -> None:
    with Brain.open(background=False) as brain:
        brain.limits.allow(commands=["touch"], reason="test")
        brain.guard.set_autonomy("auto", reason="test")
        fix = brain.fixes.attach(TIMED_OUT, "Restart the connector", command=["touch", "restarted"])
        for number in range(21):
            brain.fixes.record(fix.id, helped=True, target=f"node-{number}")
        brain.fixes.set_mode(fix.id, "auto", reason="test")
    said = shell("exec", "--target", "erp", "--", "sh", "-c", FAILS)

    assert said.code == 3
    assert "fix Restart the connector: applied" in said.err
    assert (tmp_path / "restarted").exists()


def test_before_it_runs_memory_says_what_it_knows_in_few_lines(shell: Say) -> None:
    for _ in range(3):
        shell("exec", "--quiet", "--name", "deploy", "--", "sh", "-c", FAILS)
    said = shell("exec", "--name", "deploy", "--", "true").err
    quiet = shell("exec", "--quiet", "--name", "deploy", "--", "true").err

    assert "fails with a probability of" in said
    assert len(said.splitlines()) <= 6
    assert quiet == ""


def test_no_secret_of_its_output_or_arguments_is_kept(shell: Say, store: Path) -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLF"
    fails = f"echo 'Error: denied for {key}' >&2; exit 1"
    shell("exec", "--name", "publish", "--", "sh", "-c", fails, "--password", "hunter2hunter2")
    shell("status")

    kept = b"".join(path.read_bytes() for path in store.parent.glob("memory.db*"))
    assert key.encode() not in kept
    assert b"hunter2hunter2" not in kept


def test_an_interruption_is_no_error_of_the_command(shell: Say) -> None:
    said = shell("exec", "--", "sh", "-c", "exit 130")

    assert said.code == 130
    assert shell("list", "--json").value == []


def test_a_failure_is_told_as_json_on_standard_error(shell: Say) -> None:
    said = shell("--json", "exec", "--", "sh", "-c", FAILS)

    assert said.out == "building\n"
    assert f'"title": "{TIMED_OUT}"' in said.err.splitlines()[-1]


# It is guarded, and it needs no memory


def test_where_rules_hold_it_is_blocked_with_the_way_out_and_not_run(shell: Say, tmp_path: Path) -> None:
    shell("guard", "rule", "add", "asks", "--on", "touch*", "--approval", "--mode", "deny")
    shell("enforcement", "strict", "--reason", "test")
    blocked = shell("exec", "--", "touch", "made")

    assert blocked.code == 125
    assert "The way out:" in blocked.err.replace("\n  ", " ")
    assert not (tmp_path / "made").exists()


def test_without_a_store_it_runs_and_says_so(shell: Say, tmp_path: Path) -> None:
    there = {"BRAINOPS_STORE": str(tmp_path / "none" / "memory.db")}
    said = shell("exec", "--", "sh", "-c", "echo ran; exit 4", environment=there)
    refused = shell("exec", "--strict", "--", "echo", "ran", environment=there)

    assert (said.code, said.out) == (4, "ran\n")
    assert "memory is not available, so this runs without it" in said.err
    assert (refused.code, refused.out) == (125, "")
    assert "The way out: brainops doctor" in refused.err.replace("\n  ", " ")


def test_a_namespace_that_was_strict_stays_so_while_its_store_is_away(
    shell: Say, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    shell("enforcement", "strict", "--reason", "test")
    shell("exec", "--", "true")
    store.rename(tmp_path / "away.db")
    away = shell("exec", "--", "echo", "ran")
    (tmp_path / "away.db").rename(store)
    shell("enforcement", "observe", "--reason", "test")
    shell("exec", "--", "true")
    store.rename(tmp_path / "away.db")
    loosened = shell("exec", "--", "echo", "ran")

    assert (away.code, away.out) == (125, "")
    assert (loosened.code, loosened.out) == (0, "ran\n")


def test_without_the_extra_of_postgresql_a_command_runs_and_another_says_the_way_out(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for module in ("postgres", "postgres_upkeep"):
        monkeypatch.delitem(sys.modules, f"brainops.store.{module}", raising=False)
    monkeypatch.setenv("BRAINOPS_STORE", "postgresql://nohost/x")
    listed = say("list")
    executed = say("exec", "--", "true")

    assert listed.code != 0 and "pip install 'brainops[postgres]'" in listed.err
    assert executed.code == 0 and "pip install 'brainops[postgres]'" in " ".join(executed.err.split())


def test_a_store_that_is_locked_does_not_stop_a_command(shell: Say, store: Path) -> None:
    import sqlite3

    shell("status")
    holder = sqlite3.connect(store, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with running("echo", "ran") as command:
        assert command.stdout is not None
        ran = command.stdout.read(4)
        holder.rollback()
        holder.close()
        code = command.wait(PROCESS_SECONDS)

    assert (code, ran) == (0, b"ran\n")
    assert [each["outcome"]["evidence"] for each in logged(shell)] == ["observed"]


@pytest.mark.parametrize("ends", [0, 7])
@pytest.mark.parametrize("options", [(), ("--strict",)], ids=str)
def test_a_store_that_goes_away_meanwhile_does_not_change_how_the_command_ended(
    shell: Say, ends: int, options: tuple[str, ...]
) -> None:
    shell("status")
    said = shell("exec", *options, "--", "sh", "-c", f"rm memory.db*; mkdir memory.db; exit {ends}")

    assert said.code == ends
    assert "be used now" in said.err.replace("\n  ", " ")


# What it is called, and what is no use of it


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("make deploy -j4", "make deploy"),
        ("/usr/bin/make deploy", "make deploy"),
        ("kubectl rollout restart deployment/api", "kubectl rollout restart"),
        ("./release.sh 2.9", "release.sh"),
        ("python3.12 scripts/sync.py --all", "sync.py"),
        ("python -m pytest -q", "pytest"),
        ("git push origin main", "git push origin"),
        ("pytest", "pytest"),
        ("make -j4 deploy", "make deploy"),
        ("make -j 4 V=1 -C api deploy", "make deploy"),
        ("kubectl --context prod delete ns x", "kubectl delete ns"),
        ("timeout 60 nice -n 5 make deploy", "make deploy"),
        ("sudo -u ops env A=1 make deploy", "make deploy"),
        ("poetry run make deploy", "make deploy"),
        ("poetry install --sync", "poetry install"),
    ],
)
def test_a_command_is_called_by_its_program_and_the_plain_words_after_it(line: str, name: str) -> None:
    assert name_of(line.split()) == name


def test_a_script_is_called_by_the_first_command_that_does_more_than_read() -> None:
    assert name_of(["sh", "-c", "cd api && make -C x deploy; touch done"]) == "make deploy"


@pytest.mark.parametrize("arguments", [("exec",), ("exec", "--"), ("exec", "--no-such-option=1")], ids=" ".join)
def test_without_a_command_it_says_how_it_is_used(shell: Say, arguments: tuple[str, ...]) -> None:
    said = shell(*arguments)

    assert said.code in (2, 127)
    assert "Traceback" not in said.err


def test_an_empty_name_is_refused_and_nothing_runs(shell: Say) -> None:
    said = shell("exec", "--name", " ", "--", "echo", "ran")

    assert (said.code, said.out) == (125, "")
    assert os.linesep in said.err
