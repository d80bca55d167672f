"""Does a session of the OpenAI Agents SDK answer here as the SDK's own does, and does a conversation go on by it?"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, RunConfig, Runner, SessionSettings, SQLiteSession
from agents.items import ModelResponse
from agents.models.interface import Model
from agents.usage import Usage
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

from brainops.brain import Brain
from brainops.errors import InvalidInput
from brainops.integrations.openai_session import MemorySession

ITEMS: list[Any] = [
    {"role": "user", "content": "drain the gateway"},
    {"role": "assistant", "content": [{"type": "output_text", "text": "ä ✓", "annotations": []}]},
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAABo" + "xY9-_" * 200},
    {"type": "function_call", "call_id": "call_1", "name": "deploy", "arguments": '{"release": 7}'},
]


class Echo(Model):
    """A model that answers with how much of the conversation it was given."""

    async def get_response(self, *_: Any, **given: Any) -> ModelResponse:
        text = f"given {len(given['input'])}"
        part = ResponseOutputText(type="output_text", text=text, annotations=[])
        said = ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[part])
        return ModelResponse(output=[said], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def opened(place: Path) -> Brain:
    return Brain.open(place / "memory.db", namespace="team/a", read=(), model="none", background=False)


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with opened(tmp_path) as brain:
        yield brain


async def answered(session: Any, by: random.Random) -> Any:
    match by.randrange(6):
        case 0 | 1 | 2:
            return await session.add_items([by.choice(ITEMS) for _ in range(by.randrange(4))])
        case 3:
            return await session.get_items(by.choice([None, 0, 1, 3, -1]))
        case 4:
            return await session.pop_item()
        case _:
            return await session.clear_session() if by.random() < 0.2 else await session.get_items()


def test_random_calls_are_answered_as_by_the_session_over_sqlite(brain: Brain) -> None:
    async def compare() -> set[bool]:
        theirs, told = SQLiteSession("s1"), set()
        with_limit = SessionSettings(limit=5)
        theirs.session_settings = with_limit
        ours, other = random.Random(3), random.Random(3)
        for number in range(150):
            made_anew = MemorySession("s1", brain, settings=with_limit)
            here, there = await answered(made_anew, ours), await answered(theirs, other)
            assert here == there, number
            told.add(bool(here))
        theirs.close()
        return told

    assert asyncio.run(compare()) == {True, False}


def test_a_conversation_goes_on_after_the_process_that_led_it(tmp_path: Path) -> None:
    def asked(session_id: str) -> str:
        with opened(tmp_path) as brain:
            agent = Agent(name="a", model=Echo())
            run = Runner.run(
                agent, "hello", session=MemorySession(session_id, brain), run_config=RunConfig(tracing_disabled=True)
            )
            return str(asyncio.run(run).final_output)

    assert [asked("s1"), asked("s1"), asked("s10"), asked("s1")] == ["given 1", "given 3", "given 1", "given 5"]


def test_what_was_said_is_found_only_where_what_was_set_aside_is_asked_for(brain: Brain) -> None:
    asyncio.run(MemorySession("s1", brain).add_items(ITEMS))

    assert brain.retrieve("drain the gateway") == []
    (found,) = brain.retrieve("drain the gateway", include_archived=True)
    assert found.memory.content == ITEMS[0]


def test_secrets_are_taken_out_of_items_which_stay_what_they_were_otherwise(
    brain: Brain, caplog: pytest.LogCaptureFixture
) -> None:
    session = MemorySession("s1", brain)
    no_json: list[Any] = [{"role": "user", "content": object()}]
    called = {"type": "function_call", "call_id": "c", "name": "login", "arguments": '{"password": "correct-horse-7"}'}

    with caplog.at_level(logging.WARNING, logger="brainops"):
        asyncio.run(session.add_items([called]))  # type: ignore[list-item]

    assert asyncio.run(session.get_items()) == [{**called, "arguments": '{"password": "[redacted:password]"}'}]
    assert "taken out: 1 password" in caplog.text and "correct-horse" not in caplog.text
    with pytest.raises(InvalidInput, match="holds a secret"):
        asyncio.run(MemorySession("sk-proj-" + "aB3" * 20, brain).add_items(ITEMS))
    with pytest.raises(InvalidInput, match="not JSON"):
        asyncio.run(session.add_items(no_json))


def test_pieces_of_two_processes_stand_in_the_order_in_which_they_were_added(tmp_path: Path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as other:
        sessions = [MemorySession("s1", one), MemorySession("s1", other)]
        said: list[Any] = [{"role": "user", "content": str(number)} for number in range(12)]
        for number, each in enumerate(said):
            asyncio.run(sessions[number % 2].add_items([each]))

        assert asyncio.run(sessions[0].get_items()) == said
