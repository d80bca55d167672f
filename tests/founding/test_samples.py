"""The founding document's own samples run as they stand."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain

DOCUMENT = Path(__file__).parents[2] / "docs" / "founding_document.md"


def sample(heading: str) -> str:
    """Return the Python sample under a heading, dedented."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"### {heading}\n", 1)[1]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return textwrap.dedent(found[1])


def run(source: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run a sample under top-level await and return its names."""
    code = compile(source, "sample", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)
    if inspect.iscoroutine(result):
        asyncio.run(result)
    return names


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the default memory at a folder of the test's own."""
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path))
    monkeypatch.setenv("BRAINOPS_NAMESPACE", "founding")
    monkeypatch.setenv("BRAINOPS_MODEL", "none")
    return tmp_path / "memory.db"


def test_the_sample_of_basic_knowledge_capture_leaves_a_memory_that_its_error_finds(memory: Path) -> None:
    run(sample("Basic Knowledge Capture"), {})

    with Brain.open(memory) as brain:
        found = brain.match("Connection timeout")
    assert found[0].exact
    assert found[0].memory.title == "Database Connection Error"
    assert found[0].memory.importance == 0.9
    assert set(found[0].memory.tags) == {"database", "network", "timeout"}


def test_the_sample_of_backend_integration_records_one_operation_with_its_guidance(memory: Path) -> None:
    names = run(sample("Backend Integration"), {})

    with Brain.open(memory) as brain:
        operations = brain.operations.list()
    assert [operation.start.name for operation in operations] == ["Create new user"]
    assert operations[0].guidance_id is not None
    assert operations[0].outcome is not None
    assert operations[0].outcome.result == {"user_id": 123}
    assert names["context"]["operation_id"] == operations[0].id
    names["memory_integration"]._opened().close()
    names["memory_integration"]._brain = None


def test_ending_an_operation_twice_records_it_once(memory: Path) -> None:
    from brainops.framework import MemoryIntegration

    async def twice() -> None:
        with Brain.open(memory) as brain:
            integration = MemoryIntegration(brain)
            context = await integration.before_operation("Rotate keys")
            await integration.after_operation("Rotate keys", result=1, context=context)
            await integration.after_operation("Rotate keys", result=2, context=context)

    asyncio.run(twice())

    with Brain.open(memory) as brain:
        outcomes = [operation.outcome for operation in brain.operations.list()]
    assert [outcome.result for outcome in outcomes if outcome] == [1]


def test_the_framework_captures_retrieves_and_guides(memory: Path) -> None:
    from brainops.framework import MemoryType, PersistentMemoryFramework

    async def session() -> Any:
        async with PersistentMemoryFramework() as pmf:
            await pmf.capture_knowledge(
                "Fix a memory leak", "Take a heap snapshot, then restart", MemoryType.OPERATIONAL_PROCEDURE, ["memory"]
            )
            hits = await pmf.retrieve_knowledge("memory leak", memory_type="operational_procedure", tags=["memory"])
            guidance = await pmf.get_contextual_guidance(
                task="Fix memory leak in production", context={"severity": "high", "affecting_users": 1000}
            )
            return hits, guidance

    hits, guidance = asyncio.run(session())

    assert [hit.memory.title for hit in hits] == ["Fix a memory leak"]
    assert 0 <= guidance["confidence"] <= 1
    assert guidance["id"] == guidance.id


def test_the_framework_establishes_a_procedure_by_its_title(memory: Path) -> None:
    from brainops.framework import PersistentMemoryFramework

    async def session() -> Any:
        async with PersistentMemoryFramework() as pmf:
            await pmf.establish_procedure(name="Fix memory leak", steps=["Take a heap snapshot", "Restart"])
            return await pmf.execute_procedure("Fix memory leak")

    run = asyncio.run(session())

    assert run.procedure_name == "fix-memory-leak"
    assert run.state == "waiting"


def test_the_sample_of_a_task_with_memory_ends_in_what_an_agent_did(memory: Path) -> None:
    with Brain.open(memory) as brain:
        brain.agents.register(
            "deployer", adapter="command", settings={"run": [sys.executable, "-c", "print('3.1.195 is out')"]}
        )
        brain.limits.allow([sys.executable])

    names = run(sample("Execute Task with Memory"), {})

    result = names["result"]
    assert result["state"] == "succeeded"
    assert result.agent == "deployer"
    assert "3.1.195 is out" in str(result["outcome"]["result"])
    assert result["guidance"]["id"] == result["task"]["receipt"]
    with Brain.open(memory) as brain:
        whole = brain.operations.get(result["operation_id"])
    assert whole.start.context["risk_level"] == "medium"
    assert whole.outcome is not None


def test_without_an_agent_the_sample_waits_with_a_plan_and_pretends_nothing(memory: Path) -> None:
    result = run(sample("Execute Task with Memory"), {})["result"]

    assert result["state"] == "waiting"
    assert "Deploy backend v3.1.195 to production" in result["plan"]


def test_the_sample_of_getting_started_opens_a_session(memory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from brainops import framework

    started = DOCUMENT.read_text(encoding="utf-8").split("## Getting Started\n", 1)[1]
    found = re.search(r"```python\n(.*?)```", started, re.DOTALL)
    assert found is not None
    names = run(textwrap.dedent(found[1]), {})
    framework.memory_integration._opened().close()
    framework.memory_integration._brain = None

    assert capsys.readouterr().out.startswith("BrainOps ")
    assert names["session"]["system_status"]["memories"]["total"] == 0
    with Brain.open(memory) as brain:
        assert brain.sessions.record().session_id == names["session"]["session_id"]


PRELUDE = """\
from brainops.framework import MemoryAwareAIOrchestrator

async with MemoryAwareAIOrchestrator() as orchestrator:
"""


def test_the_sample_of_an_intelligent_workflow_makes_a_plan_and_runs_it(memory: Path) -> None:
    names = run(PRELUDE + textwrap.indent(sample("Create Intelligent Workflow"), "    "), {})

    workflow = names["workflow"]
    assert workflow.plan.goal == "Implement user authentication enhancement"
    assert workflow.plan.deadline_seconds == 4 * 3_600
    assert workflow.run is not None
    with Brain.open(memory) as brain:
        assert brain.runs.get(workflow.run.id).procedure_name == workflow.plan.procedure
