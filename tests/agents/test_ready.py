"""Are the ready coding agents asked as they want to be? Their programs are stood in for by small ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from brainops.agents.presets import READY, ready
from brainops.brain import Brain
from brainops.errors import InvalidInput
from brainops.types import Actor, ActorKind, Succeeded
from tests.agents.kit import PYTHON, outcome_of

PERSON = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
STAND_IN = """#!{python}
import json, sys
told = sys.stdin.read() if not sys.stdin.isatty() else ""
print(json.dumps({{"type": "result", "is_error": False, "result": json.dumps([sys.argv[1:], told])}}))
"""


@pytest.fixture
def brain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Brain]:
    """Return a memory that may run any program, and finds stand-ins for the coding agents first."""
    for each in READY.values():
        program = tmp_path / each.run[0]
        program.write_text(STAND_IN.format(python=PYTHON), encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with Brain.open(":memory:", namespace="team/a", model="none", background=False, actor=PERSON) as opened:
        opened.limits.allow(["*"])
        yield opened


@pytest.mark.parametrize("name", READY)
def test_a_coding_agent_is_told_its_task_once(brain: Brain, name: str) -> None:
    outcome = outcome_of(brain, ready(name))

    assert isinstance(outcome, Succeeded)
    printed = json.loads(str(outcome.result))
    arguments, told = json.loads(printed["result"]) if isinstance(printed, dict) else printed
    assert (" ".join(arguments) + told).count("Task: Say how the gateway is.") == 1
    assert not {"--dangerously-skip-permissions", "--yolo", "--force", "--allow-all-tools"} & set(arguments)


def test_settings_are_added_to_a_ready_agent() -> None:
    agent = ready("claude-code", **{"working-directory": "~/payments"})

    assert agent.settings["working-directory"] == "~/payments"
    assert agent.settings["run"] == ["claude", "-p", "--output-format", "json"]
    with pytest.raises(InvalidInput, match="codex"):
        ready("cloud")
