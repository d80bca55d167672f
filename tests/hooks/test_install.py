"""Are clients wired so that what is not ours stays, and unwired so that each file is what it was?"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from brainops.cli.program import main
from brainops.hooks import install
from brainops.hooks.canary import sing
from brainops.hooks.clients import MARK, handler
from brainops_core.hook.clients import CLIENTS

OURS = """{
    "model": "opus",
    "hooks": {
        "PreToolUse": [
            {"matcher": "Bash", "hooks": [{"type": "command", "command": "guard it's mine"}]}
        ],
        "Notification": []
    },
    "größe": 1
}"""
FILES = {"claude-code": ".claude/settings.json", "codex": ".codex/hooks.json"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / 'a home\'s "folder"'
    home.mkdir()
    for name in ("HOME", "BRAINOPS_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("BRAINOPS_MODEL", "none")
    monkeypatch.chdir(tmp_path)
    return home


def brainops(*words: str) -> str:
    result = CliRunner().invoke(main, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("client", list(CLIENTS))
@pytest.mark.parametrize(
    "before", [None, OURS, OURS + "\n", "{}"], ids=["none", "theirs", "theirs and a line", "empty"]
)
def test_what_is_not_ours_stays_and_taking_out_leaves_every_byte_as_it_was(
    home: Path, client: str, before: str | None
) -> None:
    path = home / FILES[client]
    if before is not None:
        path.parent.mkdir()
        path.write_text(before, "utf-8")

    brainops("install", client)
    wired = path.read_text("utf-8")
    brainops("install", client)

    assert path.read_text("utf-8") == wired
    said = json.loads(wired)
    assert all(any(MARK in json.dumps(group) for group in said["hooks"][event]) for event in CLIENTS[client].events)
    if before and "model" in before:
        theirs = json.loads(before)
        for event, groups in theirs["hooks"].items():
            assert [each for each in said["hooks"][event] if MARK not in json.dumps(each)] == groups
        assert {**said, "hooks": None} == {**theirs, "hooks": None}
    brainops("install", client, "--remove")
    assert (path.read_text("utf-8") if path.exists() else None) == before


@pytest.mark.parametrize("client", list(CLIENTS))
def test_what_somebody_changed_since_stays_when_ours_is_taken_out(home: Path, client: str) -> None:
    path = home / FILES[client]
    brainops("install", client)
    said = json.loads(path.read_text("utf-8"))
    theirs = {"hooks": [{"type": "command", "command": "theirs"}]}
    said["hooks"]["Stop"].insert(0, theirs)
    path.write_text(json.dumps(said), "utf-8")

    brainops("install", client, "--remove")

    assert json.loads(path.read_text("utf-8")) == {"hooks": {"Stop": [theirs]}}


def test_a_dry_run_shows_the_difference_and_changes_nothing(home: Path) -> None:
    said = brainops("install", "claude-code", "--dry-run")

    assert f"+++ {home / FILES['claude-code']}" in said and "SessionStart" in said
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"hooks": []}', '{"hooks": {"Stop": {}}}'])
def test_a_file_that_cannot_be_read_stays_as_it_is(home: Path, text: str) -> None:
    path = home / FILES["claude-code"]
    path.parent.mkdir()
    path.write_text(text, "utf-8")

    result = CliRunner().invoke(main, ["install", "claude-code"])

    assert result.exit_code != 0 and "stays as it is" in result.output
    assert path.read_text("utf-8") == text


def test_an_event_that_is_left_out_is_not_wired(home: Path) -> None:
    brainops("install", "claude-code", "--without", "prompt", "--without", "subagent")

    hooks = json.loads((home / FILES["claude-code"]).read_text("utf-8"))["hooks"]
    assert "UserPromptSubmit" not in hooks and "SubagentStart" not in hooks and "Stop" in hooks


def test_strict_lets_the_hook_before_a_tool_fail_closed_and_no_other(home: Path) -> None:
    brainops("install", "claude-code", "codex")
    brainops("enforcement", "strict", "--reason", "the pilot is over")

    hooks = json.loads((home / FILES["claude-code"]).read_text("utf-8"))["hooks"]
    closed = {event for event, groups in hooks.items() if groups[0]["hooks"][0].get("onFailure") == "block"}
    assert closed == {"PreToolUse"}
    assert "onFailure" not in (home / FILES["codex"]).read_text("utf-8")
    brainops("install", "claude-code", "--remove")
    assert not (home / FILES["claude-code"]).exists()


@pytest.mark.parametrize("client", list(CLIENTS))
def test_the_canary_is_denied_by_the_hook_that_is_wired_with_spaces_and_quotes_in_its_paths(
    home: Path, client: str
) -> None:
    assert "calls no hook of ours" in sing(client, "user", {"HOME": str(home)}, home)
    brainops("install", client)

    assert sing(client, "user", {"HOME": str(home), "PATH": "/usr/bin:/bin"}, home) == ""
    path = home / FILES[client]
    path.write_text(path.read_text("utf-8").replace(MARK, f"{MARK}.gone"), "utf-8")
    assert "exit code 1" in sing(client, "user", {"HOME": str(home), "PATH": "/usr/bin:/bin"}, home)


@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_package_that_is_gone_never_ends_with_two_which_would_block_every_call(client: str) -> None:
    called = handler(client, "PreToolUse")
    text = json.dumps(called).replace("brainops_core", "brainops_gone")
    gone = json.loads(text)
    words = [gone["command"], *gone["args"]] if "args" in gone else ["sh", "-c", gone["command"]]

    done = subprocess.run(words, input=b"{}", capture_output=True, timeout=20)

    assert done.returncode == 1


def test_a_guide_for_agents_stands_between_marks_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    path = tmp_path / "AGENTS.md"
    path.write_text("# Ours\n", "utf-8")

    change = install.guide(tmp_path)
    assert change.after is not None
    path.write_text(change.after, "utf-8")

    assert change.after.startswith("# Ours\n<!-- brainops: begin -->") and install.guide(tmp_path).after == change.after
    assert install.guide(tmp_path, remove=True).after == "# Ours\n"
    path.unlink()
    made = install.guide(tmp_path)
    path.write_text(made.after or "", "utf-8")
    assert (made.before, install.guide(tmp_path, remove=True).after) == (None, None)


def test_uninstalling_the_product_takes_its_hooks_out_and_leaves_every_byte_as_it_was(home: Path) -> None:
    path = home / FILES["claude-code"]
    path.parent.mkdir()
    path.write_text(OURS, "utf-8")
    brainops("install", "claude-code", "codex")

    said = brainops("uninstall", "--yes")

    assert f"cleans   {path}" in said
    assert path.read_text("utf-8") == OURS and not (home / FILES["codex"]).exists()


def test_doctor_says_that_codex_skips_what_nobody_trusted(home: Path) -> None:
    brainops("install", "codex")

    result = CliRunner().invoke(main, ["doctor", "--json"])
    checks = {each["name"]: each for each in json.loads(result.output)}
    assert checks["coding agents"]["way_out"] == "brainops install codex --trust"


def test_doctor_says_where_hooks_are_wired_and_that_somebody_took_them_out(home: Path) -> None:
    brainops("install", "claude-code")

    checks = {each["name"]: each for each in json.loads(brainops("doctor", "--json"))}
    assert checks["coding agents"]["passed"] and "claude-code wired" in checks["coding agents"]["detail"]
    (home / FILES["claude-code"]).write_text("{}", "utf-8")
    result = CliRunner().invoke(main, ["doctor", "--json"])
    checks = {each["name"]: each for each in json.loads(result.output)}
    assert checks["coding agents"]["way_out"] == "brainops install claude-code"
