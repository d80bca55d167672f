"""Does whatever a tool is called with leave the agent to go on, and the guard in its place?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from brainops.brain import Brain
from brainops.errors import OperationBlocked, StoreUnavailable
from brainops.integrations.openai_tools import answer, tool_schemas
from brainops.integrations.tool_calls import ToolCalls
from brainops.mcp.tools import TOOLS

DEEP: Any = []
for _ in range(500):
    DEEP = [DEEP]


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", namespace="team/a", read=(), model="none", background=False) as opened:
        yield opened


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("", None),
        ("\x00\ud800", {"\x00": "\ud800"}),
        ("x" * 100_000, {"text": "y" * 5_000_000}),
        ("deep", {"value": DEEP}),
        ("odd", {"number": 10**400, "nan": float("nan"), "object": object()}),
        ("list", [1, 2, 3]),
        ("text", "no mapping"),
    ],
)
def test_any_name_and_arguments_begin_a_call_and_any_text_ends_it(brain: Brain, tool: str, arguments: object) -> None:
    calls = ToolCalls(brain, agent="coder\x00")

    running = calls.begin(tool, arguments)
    told = calls.fail(running, "Error: \x00\ud800" + "z" * 1_000_000)
    brain.flush()

    (operation,) = brain.operations.list()
    assert operation.outcome is not None and operation.start.actor.id == "coder"
    assert told == ""


def test_calls_of_several_threads_are_each_on_record_once(brain: Brain) -> None:
    calls = ToolCalls(brain, agent="coder")

    def call(number: int) -> None:
        calls.succeed(calls.begin(f"tool {number % 5}", {"number": number}))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(40)))
    brain.flush()

    numbers = [each.start.context["number"] for each in brain.operations.list(limit=100)]
    assert len(numbers) == 40 and set(numbers) == set(range(40))


class Away:
    """A memory that is out of reach."""

    def __getattr__(self, name: str) -> Any:
        raise StoreUnavailable("the database is down")


@pytest.mark.parametrize("strict", [False, True])
def test_a_memory_out_of_reach_stops_calls_only_where_it_was_strict(brain: Brain, strict: bool) -> None:
    if strict:
        brain.guard.set_enforcement("strict", reason="we mean it")
    calls = ToolCalls(brain, agent="coder")
    calls.brain = cast("Brain", Away())

    if strict:
        with pytest.raises(OperationBlocked, match=r"the database is down\. The way out: brainops doctor"):
            calls.begin("deploy", {})
    else:
        running = calls.begin("deploy", {})
        calls.succeed(running)
        assert calls.fail(running, "Error: gone") == ""


def test_calls_after_the_memory_was_closed_end_without_an_error(brain: Brain) -> None:
    calls = ToolCalls(brain, agent="coder")
    begun = calls.begin("deploy", {})
    brain.close()

    calls.succeed(begun)
    assert calls.fail(calls.begin("deploy", {}), "Error: gone") == ""


def test_the_schemas_are_those_of_the_tools_in_both_forms_of_the_api() -> None:
    chat, responses = tool_schemas(), tool_schemas(responses=True)

    assert [each["function"]["name"] for each in chat] == list(TOOLS) == [each["name"] for each in responses]
    assert all(each["function"]["parameters"]["type"] == "object" for each in chat)
    assert json.loads(json.dumps(chat)) == chat


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("purge", "{}", "NotFound: there is no tool 'purge'; there is recall"),
        ("recall", "{", "InvalidInput: the arguments are no JSON"),
        ("recall", "[]", "InvalidInput: the arguments of a call are one JSON object"),
        ("recall", "[" * 100_000, "InvalidInput: the arguments are no JSON"),
        ("recall", '{"limit": 99}', "InvalidInput: limit: Expected int <= 50"),
        ("remember", '{"title": "\\u0000\\ud800"}', "Kept as "),
        ("status", "", "namespace: "),
        ("recall", {"query": "nothing"}, "Nothing that is remembered answers this."),
    ],
)
def test_what_a_model_wrote_is_answered_by_a_text(brain: Brain, name: str, arguments: Any, told: str) -> None:
    assert told in answer(brain, name, arguments)
