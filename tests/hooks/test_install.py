"""Are clients wired so that what is not ours stays, and unwired so that each file is what it was?"""

from __future__ import annotations

import json
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from brainops.cli.program import main
from brainops.errors import InvalidInput
from brainops.hooks import install, trust
from brainops.hooks.canary import sing
from brainops.hooks.clients import MARK, handler
from brainops.hooks.folder import folder_of
from brainops.types.times import DAY_MICROS
from brainops_core.hook import spool
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

    assert result.exit_code != 0 and "stays as it is" in " ".join(result.output.split())
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


@pytest.mark.parametrize("client", list(CLIENTS))
def test_what_was_wired_again_after_somebody_edited_the_file_is_taken_out_whole(home: Path, client: str) -> None:
    path = home / FILES[client]
    brainops("install", client)
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "theme": "dark"}), "utf-8")
    brainops("install", client)

    brainops("install", client, "--remove")

    assert json.loads(path.read_text("utf-8")) == {"theme": "dark"}


@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_handler_of_somebody_else_in_our_group_stays(home: Path, client: str) -> None:
    path = home / FILES[client]
    theirs = {"type": "command", "command": "my-linter"}
    brainops("install", client)
    said = json.loads(path.read_text("utf-8"))
    said["hooks"]["PreToolUse"][0]["hooks"].insert(0, theirs)
    path.write_text(json.dumps(said), "utf-8")

    assert sing(client, "user", {"HOME": str(home), "PATH": "/usr/bin:/bin"}, home) == ""
    brainops("install", client, "--remove")
    assert json.loads(path.read_text("utf-8")) == {"hooks": {"PreToolUse": [{"hooks": [theirs]}]}}


def test_strict_wires_no_file_that_nobody_asked_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brainops("install", "claude-code")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "elsewhere"))

    brainops("enforcement", "strict", "--reason", "the pilot is over")

    assert not (home / "elsewhere").exists()
    assert "onFailure" in (home / FILES["claude-code"]).read_text("utf-8")


def trusts(home: Path, folder: str, hash: str) -> None:
    key = f"/{folder}/.codex/hooks.json:pre_tool_use:0:0"
    known = [trust.CodexHook(key=key, event="pre_tool_use", hash=hash, trusted=False)]
    install.apply(trust.trusting({"HOME": str(home)}, known), {"HOME": str(home)}, None)


def test_trust_for_one_repository_leaves_that_for_another_and_all_that_is_not_ours(home: Path) -> None:
    path = home / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_text('model = "x"', "utf-8")
    trusts(home, "a", "h1")
    trusts(home, "b", "h2")
    path.write_text(f'{path.read_text("utf-8")}\n[hooks.state."mine"]\ntrusted_hash = "m"\n', "utf-8")
    trusts(home, "a", "h3")

    hashes = {
        key: each["trusted_hash"] for key, each in tomllib.loads(path.read_text("utf-8"))["hooks"]["state"].items()
    }
    a, b = (f"/{each}/.codex/hooks.json:pre_tool_use:0:0" for each in "ab")
    assert hashes == {a: "h3", b: "h2", "mine": "m"}
    change = trust.forgetting({"HOME": str(home)}, Path("/b/.codex/hooks.json"))
    assert change is not None and set(tomllib.loads(change.after or "")["hooks"]["state"]) == {a, "mine"}
    change = trust.forgetting({"HOME": str(home)})
    assert change is not None and change.after is not None
    assert tomllib.loads(change.after) == {"model": "x", "hooks": {"state": {"mine": {"trusted_hash": "m"}}}}


def test_settings_that_somebody_put_into_our_tables_keep_the_file_as_it_is(home: Path) -> None:
    trusts(home, "a", "h1")
    path = home / ".codex" / "config.toml"
    path.write_text(f"{path.read_text('utf-8')}\n# mine\nenabled = false\n", "utf-8")

    with pytest.raises(InvalidInput, match="stays as it is"):
        trust.forgetting({"HOME": str(home)})


def test_doctor_tells_of_an_event_that_is_wired_no_more_and_of_no_fault_that_is_over(home: Path) -> None:
    brainops("install", "claude-code")
    folder = folder_of(str(home / "memory.db")) or ""
    fault = {"kind": "fault", "client": "claude-code", "error": "Late: it took too long"}
    spool.append(folder, {"id": spool.new_id(), "at": time.time_ns() // 1000 - 2 * DAY_MICROS, **fault})
    brainops("hook", "drain")

    def check() -> dict[str, Any]:
        said = json.loads(CliRunner().invoke(main, ["doctor", "--json"]).output)
        return next(each for each in said if each["name"] == "coding agents")

    assert check()["passed"], check()
    spool.append(folder, {"id": spool.new_id(), "at": time.time_ns() // 1000, **fault})
    brainops("hook", "drain")
    assert "it took too long" in check()["detail"]
    path = home / FILES["claude-code"]
    said = json.loads(path.read_text("utf-8"))
    del said["hooks"]["PreToolUse"]
    path.write_text(json.dumps(said), "utf-8")
    assert check()["way_out"] == "brainops install claude-code"
