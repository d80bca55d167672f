"""Does every filter hold, alone and together with others, and is no list short while more memories match?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainops.brain import Brain
from brainops.errors import InvalidInput, NamespaceDenied
from brainops.types import Draft, Memory, MemoryType, Source, Trust
from tests.conformance.conftest import OpenBrain

TYPES = (MemoryType.ERROR_PATTERN, MemoryType.DECISION_RECORD, MemoryType.DEPLOYMENT_LOG)
TAGS = ("db", "net", "DB", "team/run", "team/running")
SESSIONS = ("s1", "s2")


def stored(brain: Brain, count: int = 60) -> list[Memory]:
    """Capture memories of every combination, one microsecond at least apart, all about one word."""
    made = []
    for number in range(count):
        draft = Draft(
            title=f"deployment number {number}",
            content="of the api",
            type=TYPES[number % 3],
            tags=tuple(tag for bit, tag in enumerate(TAGS) if number >> bit & 1),
            trust=tuple(Trust)[number % 2],
            source=Source(session_id=SESSIONS[number % 5 % 2]),
        )
        made.append(brain.get(brain.capture_many([draft])[0].id))
    return made


CONDITIONS: dict[str, tuple[Any, Callable[[Memory, Any], bool]]] = {
    "types": ([MemoryType.ERROR_PATTERN, MemoryType.DECISION_RECORD], lambda memory, value: memory.type in value),
    "tags": (["db", "net"], lambda memory, value: set(value) <= set(memory.tags)),
    "trust": ([Trust.AGENT], lambda memory, value: memory.trust in value),
    "namespaces": (["team/a"], lambda memory, value: memory.namespace in value),
    "session_id": ("s2", lambda memory, value: memory.source.session_id == value),
}


@pytest.mark.parametrize("query", ["deployment", ""])
@pytest.mark.parametrize("name", CONDITIONS)
def test_a_filter_lets_through_exactly_what_it_says(open_brain: OpenBrain, name: str, query: str) -> None:
    brain = open_brain()
    there = stored(brain)
    value, holds = CONDITIONS[name]

    hits = brain.retrieve(query, limit=100, **{name: value})

    assert {hit.memory.id for hit in hits} == {memory.id for memory in there if holds(memory, value)}


@pytest.mark.parametrize("query", ["deployment", ""])
def test_since_and_until_bound_the_time_of_capture(open_brain: OpenBrain, query: str) -> None:
    ticking = iter(range(1_000_000, 10_000_000, 10))
    brain = open_brain(clock=lambda: next(ticking))
    there = stored(brain, 20)
    since, until = there[5].created_at, there[11].created_at

    hits = brain.retrieve(query, limit=100, since=since, until=until)

    assert {hit.memory.id for hit in hits} == {memory.id for memory in there[5:11]}


def test_all_filters_hold_together(open_brain: OpenBrain) -> None:
    brain = open_brain()
    there = stored(brain)
    everything = {name: value for name, (value, _) in CONDITIONS.items()}

    hits = brain.retrieve("deployment", limit=100, **everything)

    expected = {each.id for each in there if all(holds(each, value) for value, holds in CONDITIONS.values())}
    assert {hit.memory.id for hit in hits} == expected
    assert expected


def test_any_choice_of_filters_agrees_with_the_plain_meaning_of_each(open_brain: OpenBrain) -> None:
    brain = open_brain()
    there = stored(brain)

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(
        types=st.lists(st.sampled_from(TYPES), max_size=2),
        tags=st.lists(st.sampled_from(TAGS), max_size=2),
        trust=st.lists(st.sampled_from(Trust), max_size=2),
        session_id=st.none() | st.sampled_from(SESSIONS),
        query=st.sampled_from(["deployment", "api number", ""]),
        limit=st.integers(1, 100),
    )
    def agrees(
        types: list[MemoryType], tags: list[str], trust: list[Trust], session_id: str | None, query: str, limit: int
    ) -> None:
        hits = brain.retrieve(query, limit=limit, types=types, tags=tags, trust=trust, session_id=session_id)

        expected = {
            memory.id
            for memory in there
            if (not types or memory.type in types)
            and set(tags) <= set(memory.tags)
            and (not trust or memory.trust in trust)
            and session_id in (None, memory.source.session_id)
        }
        assert {hit.memory.id for hit in hits} <= expected
        assert len(hits) == min(limit, len(expected))

    agrees()


TWINS = (
    "team/run",
    "team/running",
    "Team/Run",
    "team/runs",
    "team/run-1",
    "team run",
    "team",
    "run",
    "équipe",
    "equipe",
)


@pytest.mark.parametrize("tag", TWINS)
def test_a_tag_finds_neither_its_stem_nor_its_prefix_nor_its_other_case(open_brain: OpenBrain, tag: str) -> None:
    brain = open_brain()
    ids = {twin: brain.capture(f"about {number}", "the word", tags=[twin]).id for number, twin in enumerate(TWINS)}

    assert [hit.memory.id for hit in brain.retrieve("word", tags=[tag])] == [ids[tag]]
    assert [hit.memory.id for hit in brain.retrieve(tags=[tag])] == [ids[tag]]


def crowd(brain: Brain, count: int, **fields: Any) -> None:
    """Capture many memories that answer the query better than what is looked for."""
    brain.capture_many(
        brain.draft(f"database failover {number}", "database failover failover failover", **fields)
        for number in range(count)
    )


@pytest.mark.parametrize("rare", [{"tags": ["rare"]}, {"type": "decision_record"}, {"trust": "verified"}])
def test_no_list_is_short_while_more_memories_match(open_brain: OpenBrain, rare: dict[str, Any]) -> None:
    brain = open_brain()
    crowd(brain, 600)
    wanted = {
        brain.capture(f"note {number}", "somewhere in a long text the word failover stands once", **rare).id
        for number in range(12)
    }
    crowd(brain, 600, tags=["later"])
    conditions = {"types" if name == "type" else name: value for name, value in rare.items()}

    hits = brain.retrieve("database failover", limit=12, **conditions)

    assert {hit.memory.id for hit in hits} == wanted


def test_the_list_is_not_short_when_filters_that_words_know_nothing_of_leave_few(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old = [brain.capture(f"note {number}", "the word failover once").id for number in range(12)]
    until = brain.get(brain.capture("the moment").id).created_at
    crowd(brain, 1_000)

    hits = brain.retrieve("database failover", limit=12, until=until)

    assert {hit.memory.id for hit in hits} == set(old)


def test_many_rows_of_another_namespace_do_not_shorten_a_list(open_brain: OpenBrain) -> None:
    brain, other = open_brain(), open_brain(namespace="team/ab", read=[])
    wanted = {brain.capture(f"note {number}", "failover").id for number in range(10)}
    crowd(other, 1_000)

    assert {hit.memory.id for hit in brain.retrieve("database failover", limit=10)} == wanted


def test_an_empty_query_lists_the_newest_first(open_brain: OpenBrain) -> None:
    brain = open_brain()
    ids = [brain.capture(f"number {number}").id for number in range(5)]

    assert [hit.memory.id for hit in brain.retrieve(limit=3)] == ids[:1:-1]


@pytest.mark.parametrize(
    "conditions",
    [
        {"limit": 0},
        {"limit": 1_001},
        {"limit": True},
        {"limit": "3"},
        {"types": ["no_such_type"]},
        {"trust": ["blind"]},
        {"colour": "red"},
    ],
)
def test_a_condition_that_means_nothing_is_refused(open_brain: OpenBrain, conditions: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        open_brain().retrieve("x", **conditions)


def test_a_namespace_that_is_not_read_is_denied_and_not_just_empty(open_brain: OpenBrain) -> None:
    with pytest.raises(NamespaceDenied):
        open_brain().retrieve("x", namespaces=["team/b"])


def texts(hits: Sequence[Any]) -> list[str]:
    """Return the titles of hits."""
    return [hit.memory.title for hit in hits]


def test_a_token_budget_is_never_exceeded(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture("long", "word " * 400)
    brain.capture("short", "word")

    assert texts(brain.retrieve("word", budget_tokens=20)) == ["short"]
    assert brain.retrieve("word", budget_tokens=0) == []


def test_what_no_database_holds_is_looked_for_as_it_was_kept(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture("a tag with half a pair", tags=["half \ud800"])

    assert texts(brain.retrieve(tags=["half \ud800"])) == ["a tag with half a pair"]
