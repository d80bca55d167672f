"""Do the hooks do with the real clients what they promise? Both run offline, against a model that keeps what it got."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.hooks.real import CLIENTS as PROGRAMS_FOLDER
from tests.hooks.real import Machine, program
from tests.hooks.stub_model import in_turn

CLIENTS = ("claude-code", "codex")
OTHER = {"claude-code": "codex", "codex": "claude-code"}
DEPLOY = """#!/bin/sh
test -f .ready || { echo 'DeployError: the lock file of release 7 is missing' >&2; exit 3; }
echo deployed
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    script = made.repository / "deploy.sh"
    script.write_text(DEPLOY, encoding="utf-8")
    script.chmod(0o755)
    return made


def wired(machine: Machine, *clients: str) -> None:
    for client in clients:
        program(client)
    trust = ["--trust"] if "codex" in clients else []
    machine.environment["PATH"] = f"{PROGRAMS_FOLDER}:{machine.environment['PATH']}"
    machine.brainops("install", *clients, *trust)


def test_what_one_agent_learnt_reaches_the_other_before_it_makes_the_same_mistake(machine: Machine) -> None:
    wired(machine, *CLIENTS)
    machine.run("claude-code", in_turn("./deploy.sh", "touch .ready", "./deploy.sh"))
    machine.brainops("hook", "drain")
    (machine.repository / ".ready").unlink()

    model = machine.run("codex", in_turn("./deploy.sh"))

    assert "what helps" in model.sent and "touch .ready" in model.sent
    told = json.loads(machine.brainops("fix", "list", "--json"))
    assert told[0]["fix"]["id"] in model.sent


def follows(answers: Sequence[str]) -> str | None:
    """Return what an agent does that reads what it is told: the call that clears a denial, then what helps."""
    last = answers[-1] if answers else ""
    if not answers:
        return "./deploy.sh"
    if found := re.search(r"The one call that clears it: `(.*?)`", last):
        return found[1]
    if "deployed" in last or len(answers) > 5:
        return None
    return "touch .ready" if len(answers) == 2 else "./deploy.sh"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_mistake_that_was_made_before_is_denied_with_its_fix_and_the_agent_goes_on_by_it(
    machine: Machine, client: str
) -> None:
    wired(machine, *CLIENTS)
    machine.run(client, in_turn("./deploy.sh", "touch .ready", "./deploy.sh"))
    machine.brainops("enforcement", "strict", "--reason", "the pilot is over")
    (machine.repository / ".ready").unlink()

    model = machine.run(OTHER[client], follows)

    denied, guided, *_, deployed = model.answers()
    assert "BrainOps holds back `deploy.sh`" in denied and "touch .ready" in denied and "DeployError" in denied
    assert "DeployError" in guided and "deployed" in deployed
    hooks = json.loads(machine.brainops("status", "--json"))["hooks"]
    assert hooks["denied"] == 1 and hooks["avoided"] == 1 and hooks["waiting"] == 0 and hooks["faults"] == 0
    assert 0 < hooks["used_tokens"] <= hooks["injected_tokens"]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_known_fix_of_an_error_reaches_the_model_right_after_the_failure(machine: Machine, client: str) -> None:
    wired(machine, client)
    error = "DeployError: the lock file of release 7 is missing"
    machine.brainops("fix", "attach", error, "--advice", "make the lock file with touch .ready")

    model = machine.run(client, in_turn("sh ./deploy.sh", "ls"))

    assert "make the lock file with touch .ready" in json.dumps(model.requests[1])


@pytest.mark.parametrize("client", CLIENTS)
def test_an_agent_that_needs_nothing_is_told_nothing(machine: Machine, client: str) -> None:
    wired(machine, client)

    model = machine.run(client, in_turn("ls", "touch made", "cat made"))

    assert "BrainOps" not in model.sent and "<brainops-memory" not in model.sent
    assert json.loads(machine.brainops("status", "--json"))["hooks"]["events"] >= 5


@pytest.mark.parametrize(("enforcement", "ran"), [("observe", True), ("strict", False)])
def test_a_package_that_was_taken_away_lets_claude_code_go_on_unless_it_fails_closed(
    machine: Machine, enforcement: str, ran: bool
) -> None:
    wired(machine, "claude-code")
    machine.brainops("enforcement", enforcement, "--reason", "as the team wants it")
    settings = machine.home / ".claude" / "settings.json"
    settings.write_text(settings.read_text("utf-8").replace("brainops_core.hook.run", "taken_away"), "utf-8")

    machine.run("claude-code", in_turn("touch ran"))

    assert (machine.repository / "ran").exists() is ran


def test_codex_goes_on_where_a_hook_fails(machine: Machine) -> None:
    wired(machine, "codex")
    (machine.home / ".local" / "share" / "brainops").chmod(0o500)
    pack = next((machine.home / ".local" / "share" / "brainops").glob("*.pack"))
    pack.write_text("no pack\n", "utf-8")

    machine.run("codex", in_turn("touch ran"))

    assert (machine.repository / "ran").exists()
