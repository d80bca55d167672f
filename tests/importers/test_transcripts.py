"""Are errors and what cured them found in a session, and nothing else taken?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from brainops.importers import claude_code, codex
from brainops.importers.command_purpose import looks_only, program, words
from brainops.types import Draft, MemoryType, Trust
from tests.importers.material import Write, drafts, left, lines, place

Step = tuple[str, dict[str, Any], str, bool]
FAILING = "Exit code 1\nE   ModuleNotFoundError: No module named 'yaml'\n1 failed in 0.2s"


def bash(command: str, output: str = "ok", *, error: bool = False) -> Step:
    return "Bash", {"command": command}, output, error


def claude(*steps: Step, **fields: Any) -> str:
    """Return a Claude Code transcript of these uses of tools."""
    about = {"sessionId": "s-1", "cwd": "/home/dev/app", "version": "2.1.0", **fields}
    records: list[dict[str, Any]] = [{"type": "summary", "summary": "Work", "leafUuid": "u"}]
    records.append({**about, "type": "user", "message": {"role": "user", "content": "please fix it"}})
    for number, (tool, given, output, error) in enumerate(steps):
        use = {"type": "tool_use", "id": f"t{number}", "name": tool, "input": given}
        content = [{"type": "text", "text": "thinking aloud"}, use]
        records.append({**about, "type": "assistant", "message": {"role": "assistant", "content": content}})
        result: dict[str, Any] = {"type": "tool_result", "tool_use_id": f"t{number}", "content": output}
        if error:
            result["is_error"] = True
        at = f"2026-01-01T00:00:{number:02}Z"
        records.append({**about, "type": "user", "timestamp": at, "message": {"role": "user", "content": [result]}})
    return lines(*records)


def read_claude(write: Write, *steps: Step, **fields: Any) -> list[Draft]:
    return drafts(claude_code.read(place(write("s.jsonl", claude(*steps, **fields)))))


def test_an_error_and_the_command_that_then_worked_are_a_candidate_fix(write: Write) -> None:
    (draft,) = read_claude(
        write,
        bash("cd app && pytest tests/test_config.py -q", FAILING, error=True),
        bash("pip list"),
        bash("pip install pyyaml"),
        (
            "Edit",
            {"file_path": "/app/setup.cfg", "old_string": "requires =", "new_string": "requires = pyyaml"},
            "ok",
            False,
        ),
        bash("pytest tests/test_config.py", "1 passed"),
    )

    assert draft.type is MemoryType.ERROR_PATTERN
    assert draft.title == "1 failed in 0.2s"
    assert "ModuleNotFoundError" in str(draft.content)
    assert draft.tags == ("candidate-fix", "transcript", "claude-code")
    assert draft.trust is Trust.EXTERNAL
    assert draft.metadata["verified"] is False
    assert draft.metadata["failing_command"] == "cd app && pytest tests/test_config.py -q"
    assert draft.metadata["worked_command"] == "pytest tests/test_config.py"
    assert draft.metadata["commands_between"] == [
        "$ pip install pyyaml",
        "Edit /app/setup.cfg: 'requires =' -> 'requires = pyyaml'",
    ]
    assert draft.metadata["happened_at"] == "2026-01-01T00:00:00Z"
    assert draft.source.session_id == "s-1"
    assert str(draft.source.key).startswith("claude-code:s-1#")


def test_an_error_without_a_later_success_is_kept_without_a_fix(write: Write) -> None:
    (draft,) = read_claude(
        write, bash("make deploy", "Exit code 2\nfatal: no route to host", error=True), bash("make lint")
    )

    assert draft.tags == ("transcript", "claude-code")
    assert "candidate_fix" not in draft.metadata
    assert draft.metadata["exit_code"] == 2


def test_nothing_but_errors_is_taken_and_that_is_said(write: Write) -> None:
    items = list(claude_code.read(place(write("s.jsonl", claude(bash("ls"), bash("make"))))))

    assert drafts(items) == []
    assert "only errors and what cured them" in left(items)[-1].why


def test_a_success_beyond_the_window_is_no_cure(write: Write) -> None:
    steps = [
        bash("make test", "Error: broken", error=True),
        *(bash(f"touch {n}") for n in range(25)),
        bash("make test"),
    ]

    (draft,) = read_claude(write, *steps)

    assert "candidate_fix" not in draft.metadata


def test_looking_at_the_failing_file_is_no_cure(write: Write) -> None:
    (draft,) = read_claude(
        write,
        bash("pytest tests/a.py", "Error: broken", error=True),
        bash("cat tests/a.py"),
        bash("git log tests/a.py"),
    )

    assert "candidate_fix" not in draft.metadata


def test_the_same_error_twice_is_one_memory(write: Write) -> None:
    found = read_claude(
        write,
        bash("make test", "Error: took 12 s at 0x1f", error=True),
        bash("make test", "Error: took 15 s at 0x2e", error=True),
        bash("make test"),
    )

    assert len(found) == 1
    assert found[0].metadata["worked_command"] == "make test"
    assert found[0].metadata["commands_between"] == []


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("The user doesn't want to proceed with this tool use.", "refused or interrupted"),
        ("Permission to use Bash has been denied.", "refused or interrupted"),
        ("<tool_use_error>File has not been read yet.</tool_use_error>", "misuse"),
        ("Exit code 1", "without a message"),
        ("Exit code 1\n<system-reminder>be careful</system-reminder>", "without a message"),
    ],
)
def test_refusals_misuse_and_silence_are_no_errors(write: Write, output: str, why: str) -> None:
    items = list(claude_code.read(place(write("s.jsonl", claude(bash("grep x y", output, error=True))))))

    assert drafts(items) == []
    assert why in left(items)[0].why


def test_a_side_chain_does_not_cure_the_errors_of_another(write: Write) -> None:
    main = claude(bash("make test", "Error: broken", error=True))
    side = claude(bash("make test"), isSidechain=True)

    (draft,) = drafts(claude_code.read(place(write("s.jsonl", main + side))))

    assert "candidate_fix" not in draft.metadata


def test_a_tool_without_a_command_is_compared_by_what_it_was_given(write: Write) -> None:
    (draft,) = read_claude(
        write,
        ("mcp__db__query", {"sql": "select nme from users", "database": "main"}, "column nme does not exist", True),
        ("mcp__db__query", {"sql": "select name from users", "database": "main"}, "3 rows", False),
    )

    assert "select name" in str(draft.metadata["worked_command"])


def test_broken_and_foreign_records_are_told_and_cost_nothing_else(write: Write) -> None:
    odd = lines({"type": "user", "message": 7}, {"message": {"content": [7, {"type": "tool_result"}]}}, {"type": []})
    text = odd + "not json\n[1]\n" + claude(bash("make", "Error: broken", error=True)) + '{"type": "us'

    items = list(claude_code.read(place(write("s.jsonl", text))))

    assert len(drafts(items)) == 1
    assert [leave.why.split(" ")[0] for leave in left(items)[:3]] == ["not", "not", "half-written"]


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("pytest -q 2>&1 | tail -5", "FAILED tests/test_a.py::test_x - assert 1 == 2\n1 failed, 3 passed in 0.2s"),
        ("cd app && npm run build | tee out.log", "npm ERR! missing script: build"),
        ("make all | grep -v warning | head -20", "make: *** [Makefile:3: all] Error 2"),
        ("cargo build |& tail -3", "error[E0308]: mismatched types"),
        ("python run.py 2>&1 | sed 's/a|b/c/'", "Traceback (most recent call last):\nKeyError: 'x'"),
        ("npx tsc --noEmit | head", "src/a.ts(3,5): error TS2322: Type 'x' is not assignable"),
        ("deploy --now | cat", "deploy: command not found"),
    ],
)
def test_a_failure_whose_exit_code_a_pipe_hid_is_an_error_and_no_cure(write: Write, command: str, output: str) -> None:
    (draft,) = read_claude(write, bash(command, output), bash(command, output), bash(command, "all is well"))

    assert output.splitlines()[-1] in str(draft.content)
    assert "exit_code" not in draft.metadata
    assert draft.metadata["worked_command"] == command


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("kubectl logs web-1 | tail", "Error: broken\nfatal: gone"),
        ("cat build.log | grep ERROR", "ERROR: broken"),
        ("grep -rn 'a|b' src", "Error: in a comment"),
        ("pytest -q | tail -1", "4 passed, 0 failed in 0.2s"),
        ("set -o pipefail; make | tail", "error: shown by a test of errors"),
        ("make check || echo 'FAILED | x'", "FAILED | x"),
        ("curl -s https://a.example/api | jq .", '{"error": "not found"}'),
        ("python list_errors.py", "Error: one that it lists"),
    ],
)
def test_what_a_command_looks_at_or_lists_is_no_failure_of_it(write: Write, command: str, output: str) -> None:
    assert read_claude(write, bash(command, output)) == []


def test_a_session_that_went_on_keeps_its_keys(write: Write) -> None:
    failing = bash("make", "Error: broken", error=True)

    assert read_claude(write, failing)[0].source.key == read_claude(write, failing, bash("make"))[0].source.key


def rollout(*payloads: dict[str, Any]) -> str:
    """Return a Codex rollout of today's form."""
    meta = {"type": "session_meta", "payload": {"id": "c-1", "cwd": "/home/dev/app", "cli_version": "0.60.0"}}
    kinds = {"exec_command_begin": "event_msg", "exec_command_end": "event_msg"}
    return lines(meta, *({"type": kinds.get(p["type"], "response_item"), "payload": p} for p in payloads))


def call(id: str, command: Any, name: str = "shell") -> dict[str, Any]:
    return {"type": "function_call", "name": name, "call_id": id, "arguments": json.dumps({"command": command})}


def answer(id: str, output: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id, "output": output}


def in_json(text: str, code: int) -> str:
    return json.dumps({"output": text, "metadata": {"exit_code": code, "duration_seconds": 0.1}})


@pytest.mark.parametrize(
    ("failed", "worked"),
    [
        (in_json("Error: broken", 2), in_json("fine", 0)),
        (
            "Exit code: 2\nWall time: 1 seconds\nOutput:\nError: broken",
            "Exit code: 0\nWall time: 1 seconds\nOutput:\nfine",
        ),
        (
            "Chunk ID: 1a\nWall time: 0.1 seconds\nProcess exited with code 2\nOutput:\nError: broken",
            "Process exited with code 0\nOutput:\nfine",
        ),
        (
            [{"type": "input_text", "text": "Exit code: 2\nOutput:\nError: broken"}],
            [{"type": "input_text", "text": "Exit code: 0"}],
        ),
        ({"content": "Exit code: 2\nOutput:\nError: broken", "success": False}, {"content": "fine", "success": True}),
    ],
)
def test_codex_outputs_of_every_version_are_understood(write: Write, failed: Any, worked: Any) -> None:
    text = rollout(
        call("1", ["bash", "-lc", "make test"]), answer("1", failed), call("2", "make test"), answer("2", worked)
    )

    (draft,) = drafts(codex.read(place(write("rollout.jsonl", text))))

    assert draft.title == "Error: broken"
    assert isinstance(draft.content, dict)
    assert draft.content["error"] == "Error: broken"
    assert draft.metadata["failing_command"] == "make test"
    assert draft.metadata["candidate_fix"] is True
    assert str(draft.source.key).startswith("codex:c-1#")


def test_codex_events_bring_exit_codes(write: Write) -> None:
    local = {"type": "local_shell_call", "call_id": "1", "action": {"type": "exec", "command": ["make", "test"]}}
    end = {"type": "exec_command_end", "call_id": "1", "stdout": "", "stderr": "Error: broken", "exit_code": 2}
    alone = {"type": "exec_command_end", "call_id": "2", "command": ["bash", "-lc", "make test"], "exit_code": 0}

    (draft,) = drafts(codex.read(place(write("r.jsonl", rollout(local, end, answer("1", "Error: broken"), alone)))))

    assert draft.metadata["exit_code"] == 2
    assert draft.metadata["worked_command"] == "make test"


def test_the_earliest_codex_files_have_no_envelope(write: Write) -> None:
    head = {"id": "c-0", "timestamp": "2025-05-07T17:24:21.123Z", "instructions": ""}
    text = lines(head, call("1", ["make", "test"]), answer("1", in_json("Error: broken", 1)))

    (draft,) = drafts(codex.read(place(write("r.jsonl", text))))

    assert draft.source.session_id == "c-0"


def test_a_patch_between_failure_and_success_is_told(write: Write) -> None:
    patch = "*** Begin Patch\n*** Update File: src/app.py\n@@\n-import ymal\n+import yaml\n*** End Patch"
    change = {"type": "custom_tool_call", "name": "apply_patch", "call_id": "2", "input": patch}
    done = {"type": "custom_tool_call_output", "call_id": "2", "output": in_json("Success. Updated", 0)}
    text = rollout(
        call("1", "make test"),
        answer("1", in_json("Error", 1)),
        change,
        done,
        call("3", "make test"),
        answer("3", in_json("", 0)),
    )

    (draft,) = drafts(codex.read(place(write("r.jsonl", text))))

    assert draft.metadata["commands_between"] == ["apply_patch src/app.py: -import ymal +import yaml"]


def test_a_codex_call_without_a_known_end_is_neither_error_nor_cure(write: Write) -> None:
    running = answer("2", "Process running with session ID 7")
    text = rollout(call("1", "make"), answer("1", in_json("Error", 1)), call("2", "make"), running)

    (draft,) = drafts(codex.read(place(write("r.jsonl", text))))

    assert "candidate_fix" not in draft.metadata


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("cd /app && FOO=1 sudo python3.11 -m pytest tests -q 2>&1 | tail -5", "pytest"),
        ("timeout 60 uv run pytest", "pytest"),
        ("docker compose up -d", "docker-compose up"),
        ("docker-compose up", "docker-compose up"),
        ("/usr/bin/pip3 install x", "pip install"),
        ("git -c a=b push", "git a=b"),
        ("export A=1; make test", "make test"),
        ("python3 - <<'EOF'\nprint(1)\nEOF", "python"),
        ("", ""),
        ("cd x", "cd"),
    ],
)
def test_a_program_is_known_by_its_name_whatever_it_is_started_through(command: str, name: str) -> None:
    assert program(words(command)) == name


@pytest.mark.parametrize(
    ("command", "looks"),
    [
        ("cat a", True),
        ("git status", True),
        ("sed -n 1,5p a", True),
        ("sed -i s/a/b/ c", False),
        ("cat a > b", False),
        ("make", False),
    ],
)
def test_commands_that_only_look_are_known(command: str, looks: bool) -> None:
    assert looks_only(command) is looks
