"""Does the installed program behave as a program of a shell should: quick, quiet, plain in a pipe, clear in trouble?"""

from __future__ import annotations

import ctypes
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import PROCESS_SECONDS, Say, program

HEAVY = ("jsonschema", "numpy", "onnxruntime", "psycopg", "rapidfuzz", "yaml")
DAC_OVERRIDE, DAC_READ_SEARCH, CAPBSET_DROP = 1, 2, 24  # capabilities(7), prctl(2)


def loaded_by(*arguments: str) -> list[str]:
    """Return which heavy modules a command loads."""
    run = f"""
import sys
sys.argv = ["brainops", *{arguments!r}]
from brainops.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    return done.stderr.split()


@pytest.mark.parametrize(
    "arguments",
    [("--help",), (), ("init",), ("capture", "title", "text"), ("status",), ("operations",), ("audit",)],
    ids=" ".join,
)
def test_what_needs_no_model_loads_nothing_heavy(
    store: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("BRAINOPS_MODEL", "minilm")

    assert loaded_by(*arguments) == []


def test_a_question_embeds_what_captures_left_waiting(shell: Say) -> None:
    minilm = {"BRAINOPS_MODEL": "minilm"}
    shell("capture", "The disk is full", "remove archives", environment=minilm)
    before = shell("status", "--json", environment=minilm).value["index"]
    shell("search", "out of space", environment=minilm)
    after = shell("status", "--json", environment=minilm).value["index"]

    assert (before["with_vector"], before["waiting"]) == (0, 1)
    assert (after["with_vector"], after["waiting"]) == (1, 0)


def test_lone_surrogates_in_arguments_are_taken_or_told(shell: Say) -> None:
    captured = shell("capture", b"bad \xff title", b"\xed\xa0\x80 text")
    asked = shell("search", b"\xff\xfe", "bad")
    unknown = shell("history", b"\xff")
    missing = shell("capture", "x", "--file", b"no\xffwhere")

    assert (captured.code, asked.code, unknown.code, missing.code) == (0, 0, 1, 1)
    assert "lone surrogates" in captured.out
    assert "Traceback" not in captured.err + asked.err + unknown.err + missing.err


def test_a_terminal_that_knows_few_characters_gets_escapes(shell: Say) -> None:
    shell("capture", "磁盘 full", "remove archives")
    said = shell("search", "archives", environment={"PYTHONIOENCODING": "latin-1"})

    assert said.code == 0
    assert "\\u78c1\\u76d8 full" in said.out


def test_a_reader_that_goes_away_is_met_with_silence(shell: Say, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("a line of some length\n" * 20_000, encoding="utf-8")
    shell("capture", "long", "--file", "long.txt")
    with subprocess.Popen(
        [program(), "search", "long", "--full"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(10)
        running.stdout.close()
        err = running.stderr.read()
        code = running.wait(PROCESS_SECONDS)

    assert (code, err) == (141, b"")


def test_an_interrupt_is_quiet_and_ends_with_130(store: Path) -> None:
    with subprocess.Popen(
        [program(), "match"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a suite in the background ignores it
    ) as running:
        wait_until_reading(running.pid)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=PROCESS_SECONDS)

    assert running.returncode == 130
    assert (out, err.strip()) == (b"", b"")


def wait_until_reading(process: int) -> None:
    """Wait until a process waits for its standard input: it sleeps and has loaded the commands."""
    deadline = time.monotonic() + PROCESS_SECONDS
    while time.monotonic() < deadline:
        done = subprocess.run(
            ["ps", "-o", "wchan:20=", "-p", str(process)], capture_output=True, text=True, check=False
        )
        if "pipe" in done.stdout:
            return
    raise AssertionError("the program did not come to read its standard input")


def unprivileged() -> None:
    """Take from root what lets it pass over file modes; anybody else has none of it."""
    libc = ctypes.CDLL(None)
    for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
        libc.prctl(CAPBSET_DROP, capability, 0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="taking capabilities away is Linux's")
def test_a_store_that_may_not_be_written_is_one_line_with_the_way_out(shell: Say, store: Path, tmp_path: Path) -> None:
    shell("capture", "Kept", "for ever")
    for path in tmp_path.glob("memory.db*"):
        path.chmod(0o400)
    tmp_path.chmod(0o500)
    written = shell("capture", "More", "text", preexec_fn=unprivileged)
    checked = shell("doctor", preexec_fn=unprivileged)
    tmp_path.chmod(0o000)
    hidden = shell("upgrade", "--check", preexec_fn=unprivileged)
    tmp_path.chmod(0o700)

    assert (hidden.code, hidden.out) == (1, "")
    assert "Permission denied" in hidden.err
    assert "Traceback" not in hidden.err
    assert (written.code, written.out) == (1, "")
    assert "permissions" in written.err
    assert "Traceback" not in written.err + checked.err
    assert checked.code == 1
    assert "FAIL" in checked.out


def test_a_model_that_cannot_be_loaded_leaves_search_by_words(shell: Say, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    broken = {"BRAINOPS_MODEL": str(tmp_path / "model")}
    shell("capture", "Kept", "for ever", environment=broken)
    asked = shell("search", "kept", "--json", environment=broken)
    checked = shell("doctor", "--json", environment=broken)

    assert [hit["memory"]["title"] for hit in asked.value] == ["Kept"]
    assert [check["name"] for check in checked.value if not check["passed"]] == ["model"]
    assert checked.code == 1


def on_a_terminal(arguments: list[str], **environment: str) -> str:
    """Return what a program prints on a terminal of 80 columns."""
    main, side = pty.openpty()
    env = {**os.environ, "TERM": "xterm", **environment}
    with subprocess.Popen([program(), *arguments], stdin=side, stdout=side, stderr=side, env=env) as running:
        os.close(side)
        text = b""
        while select.select([main], [], [], PROCESS_SECONDS)[0]:
            try:
                read = os.read(main, 65_536)
            except OSError:  # how Linux says that the other side has closed
                break
            if not read:
                break
            text += read
        running.wait(PROCESS_SECONDS)
    os.close(main)
    return text.decode()


def test_colour_appears_on_a_terminal_only_and_not_against_the_wish(shell: Say) -> None:
    shell("capture", "Kept", "for ever")
    coloured = on_a_terminal(["search", "kept"])
    plain = on_a_terminal(["search", "kept"], NO_COLOR="1")
    piped = shell("search", "kept")

    assert "\x1b[" in coloured
    assert "\x1b[" not in plain + piped.out


def test_progress_is_drawn_on_a_terminal_and_leaves_nothing_behind(shell: Say, tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "disk.md").write_text("# Disk full\n\nRemove old archives.\n", encoding="utf-8")
    drawn = on_a_terminal(["import", "runbooks"], BRAINOPS_MODEL="minilm")
    piped = shell("import", "runbooks", environment={"BRAINOPS_MODEL": "minilm"})

    assert "embedding: 1 of 1 [####################]" in drawn
    assert "\r" not in piped.out + piped.err


def test_purge_asks_on_a_terminal(shell: Say) -> None:
    captured = shell("capture", "Kept", "for ever", "--json").value
    main, side = pty.openpty()
    with subprocess.Popen(
        [program(), "purge", captured["id"], "--reason", "test"], stdin=side, stderr=side, stdout=side
    ) as running:
        os.close(side)
        os.write(main, b"n\n")
        code = running.wait(PROCESS_SECONDS)
    os.close(main)

    assert code != 0
    assert json.loads(shell("search", "kept", "--json").out)


def test_sigterm_ends_a_command_in_order(store: Path, shell: Say) -> None:
    """What is recorded is written and the store closed, as its log that is gone shows."""
    shell("init")
    log = store.with_name(store.name + "-wal")
    waiting = subprocess.Popen(
        [program(), "ingest", "-", "--source", "app"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + PROCESS_SECONDS
    while not log.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert log.exists()

    waiting.send_signal(signal.SIGTERM)
    waiting.communicate(timeout=PROCESS_SECONDS)

    assert waiting.returncode == 128 + signal.SIGTERM
    assert not log.exists()
