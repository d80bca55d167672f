"""Is bad input of any kind, at any entry, a clear error or a correct result, and is what is stored left alone?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainops.brain import Brain
from brainops.errors import BrainOpsError, InvalidInput, NotFound
from brainops.types import Actor, ActorKind, Draft, ErrorEvent, Filter, Frame, Source
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

# Any text at all: NUL, lone surrogates, control characters, and what is syntax to SQL, FTS5, tsquery or a terminal.
SYNTAX = (
    "", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "'", '"', "''", "\\", "%", "_", "--", ";", "/*", "$1", ":name",
    "%(name)s", "?", "*", "a*", "NEAR(", "NEAR(a b, 2)", "AND", "OR NOT", "NOT a", "^a", "title:", "{title body} : a",
    '"unclosed', "a AND", "(((((", "a:b", "-a", "+", "|", "&", "!", "<->", "a & !b | c", ":*", "\x1b[31m", "\r\n",
    "\u2028", "\u202e", "\ufeff", "ﬁ", "İ", "ß", "\U0001d4b3", "👩‍👩‍👧", "\u0430", "x" * 5_000,
    "x " * 5_000, "'; drop table memory; --",
    "') union select * from audit --", "' or '1'='1", '{"a": ', "NaN", "null", "\N{COMBINING ACUTE ACCENT}" * 50,
)  # fmt: skip
TEXT = st.sampled_from(SYNTAX) | st.text(st.characters(exclude_categories=()), max_size=60)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.just(10**400) | st.binary(max_size=5)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT | st.integers(), inner, max_size=4),
    max_leaves=12,
)
ANYTHING = VALUES | st.builds(object) | st.just(print) | st.just(int) | st.just({1, 2}) | st.just(("a",))
OPTIONS: dict[str, Any] = {
    "max_examples": 60,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


def attempt(act: Callable[[], Any]) -> Any:
    """Return what an act returns, or the error of our tree that it raises; any other error passes through."""
    try:
        return act()
    except BrainOpsError as error:
        return error


def kept_memory(brain: Brain) -> Callable[[], None]:
    """Return a check that a memory from before is as it was, and still found."""
    memory = brain.get(brain.capture("keeper of the gateway", {"a": [1]}, tags=["keeper"]).id)

    def check() -> None:
        assert brain.get(memory.id) == memory
        assert [hit.memory.id for hit in brain.retrieve("keeper", tags=["keeper"])] == [memory.id]

    return check


def test_any_title_and_content_is_kept_as_text_or_refused(open_brain: OpenBrain) -> None:
    brain = open_brain()
    still_there = kept_memory(brain)

    @settings(**OPTIONS)
    @given(
        title=TEXT, content=VALUES, tags=st.lists(TEXT, max_size=3), metadata=st.dictionaries(TEXT, VALUES, max_size=3)
    )
    def holds(title: str, content: Any, tags: list[str], metadata: dict[str, Any]) -> None:
        captured = attempt(lambda: brain.capture(title, content, tags=tags, metadata=metadata))

        if isinstance(captured, BrainOpsError):
            assert isinstance(captured, InvalidInput)
            return
        memory = brain.get(captured.id)
        assert "\0" not in memory.title
        memory.title.encode()
        [found] = [hit for hit in brain.retrieve(limit=1_000) if hit.memory.id == memory.id]
        assert found.memory == memory
        for tag in memory.tags:
            assert memory.id in [hit.memory.id for hit in brain.retrieve(tags=[tag], limit=1_000)]

    holds()
    still_there()


DRAFT_FIELDS = ("title", "content", "type", "tags", "importance", "metadata", "trust", "subject", "fingerprint",
                "idempotency_key", "valid_from", "valid_to")  # fmt: skip


def test_any_value_in_any_field_of_a_draft_is_taken_or_refused(open_brain: OpenBrain) -> None:
    brain = open_brain()
    still_there = kept_memory(brain)

    @settings(**{**OPTIONS, "max_examples": 150})
    @given(name=st.sampled_from(DRAFT_FIELDS), value=ANYTHING)
    def holds(name: str, value: Any) -> None:
        fields: dict[str, Any] = {"title": "a title", name: value}

        captured = attempt(lambda: brain.capture_many([Draft(**fields)]))

        if not isinstance(captured, BrainOpsError):
            assert brain.get(captured[0].id).id == captured[0].id

    holds()
    still_there()


def test_any_value_in_any_field_of_a_source_is_taken_or_refused(open_brain: OpenBrain) -> None:
    brain = open_brain()

    @settings(**OPTIONS)
    @given(
        name=st.sampled_from(
            ["session_id", "operation_id", "run_id", "uri", "key", "actor id", "actor proof", "actor"]
        ),
        value=ANYTHING,
    )
    def holds(name: str, value: Any) -> None:
        if name.startswith("actor "):
            source = Source(actor=Actor(kind=ActorKind.AGENT, **{name.removeprefix("actor "): value}))
        else:
            source = Source(**{name: value})

        captured = attempt(lambda: brain.capture("with a source", source=source))

        if not isinstance(captured, BrainOpsError):
            brain.history(captured.id)

    holds()


def test_any_query_is_answered_or_refused(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture("gateway note", "near and not or title", tags=["a"])
    still_there = kept_memory(brain)

    @settings(**{**OPTIONS, "max_examples": 120})
    @given(query=TEXT | TEXT.map(lambda text: f"gateway {text}") | ANYTHING)
    def holds(query: Any) -> None:
        hits = attempt(lambda: brain.retrieve(query))

        assert isinstance(hits, list) or not isinstance(query, str)

    holds()
    still_there()


def test_syntax_in_a_query_neither_hides_nor_widens_what_it_finds(open_brain: OpenBrain) -> None:
    brain = open_brain()
    wanted = brain.capture("zanzibar")
    brain.capture("something else altogether")

    for syntax in SYNTAX:
        found = [hit.memory.id for hit in brain.retrieve(f"zanzibar {syntax}")]

        assert found[:1] == [wanted.id], syntax[:40]


FILTER_FIELDS = tuple(Filter.__struct_fields__)


def test_any_condition_is_answered_or_refused(open_brain: OpenBrain) -> None:
    brain = open_brain()
    still_there = kept_memory(brain)

    @settings(**{**OPTIONS, "max_examples": 200})
    @given(
        name=st.sampled_from((*FILTER_FIELDS, "limit", "budget_tokens")),
        value=ANYTHING | st.lists(TEXT, max_size=3),
        query=st.sampled_from(["", "gateway"]),
    )
    def holds(name: str, value: Any, query: str) -> None:
        hits = attempt(lambda: brain.retrieve(query, **{name: value}))

        assert isinstance(hits, (list, BrainOpsError))

    holds()
    still_there()


def test_any_error_is_matched_or_refused(open_brain: OpenBrain) -> None:
    brain = open_brain()
    still_there = kept_memory(brain)
    frames = st.lists(st.builds(Frame, module=TEXT, function=TEXT), max_size=3).map(tuple)
    events = st.builds(ErrorEvent, type=TEXT, message=TEXT, frames=frames, service=st.none() | TEXT)

    @settings(**OPTIONS)
    @given(error=TEXT | events | TEXT.map(RuntimeError))
    def holds(error: Any) -> None:
        assert isinstance(attempt(lambda: brain.match(error)), (list, BrainOpsError))
        attempt(lambda: brain.capture_error(error))
        assert brain.flush()

    holds()
    still_there()


def test_any_operation_is_recorded_or_refused(open_brain: OpenBrain) -> None:
    brain = open_brain()
    still_there = kept_memory(brain)

    @settings(**OPTIONS)
    @given(
        name=TEXT,
        target=st.none() | TEXT,
        context=st.dictionaries(TEXT, ANYTHING, max_size=3),
        session=st.none() | TEXT,
        result=ANYTHING,
        error=st.none() | TEXT,
    )
    def holds(name: str, target: Any, context: Any, session: Any, result: Any, error: str | None) -> None:
        running = attempt(
            lambda: brain.begin(name, target=target, context=context, session=session, consult="never", strict=True)
        )
        if isinstance(running, BrainOpsError):
            return
        if error is None:
            running.succeed(result)
        else:
            running.fail(RuntimeError(error))
        assert brain.operations.list(limit=1)[0].id == running.id

    holds()
    still_there()


def test_guidance_is_given_for_any_operation_or_refused(open_brain: OpenBrain) -> None:
    brain = open_brain()
    still_there = kept_memory(brain)

    @settings(**OPTIONS)
    @given(name=TEXT, target=st.none() | TEXT, context=st.dictionaries(TEXT, ANYTHING, max_size=3))
    def holds(name: str, target: Any, context: Any) -> None:
        attempt(lambda: brain.guidance(name, target=target, context=context))

    holds()
    still_there()


BY_ID: tuple[Callable[[Brain, Any], Any], ...] = (
    lambda brain, one: brain.get(one),
    lambda brain, one: brain.history(one),
    lambda brain, one: brain.archive(one),
    lambda brain, one: brain.restore(one),
    lambda brain, one: brain.forget(one),
    lambda brain, one: brain.purge(one, reason="x"),
    lambda brain, one: brain.purge_subject(one, reason="x"),
    lambda brain, one: brain.promote(one, "team/b"),
    lambda brain, one: brain.feedback(one, "wrong"),
    lambda brain, one: brain.undo_feedback(one),
    lambda brain, one: brain.supersede(one, Draft(title="x")),
    lambda brain, one: brain.flag(one, "x"),
    lambda brain, one: brain.move_source(one, "x"),
    lambda brain, one: brain.by_source(one),
    lambda brain, one: brain.resume(one),
    lambda brain, one: brain.operations.contradict(one, "x"),
    lambda brain, one: brain.operations.verify(one),
    lambda brain, one: brain.operations.list(name=one, target=one),
)


@pytest.mark.parametrize("number", range(len(BY_ID)))
def test_any_text_as_an_id_is_answered_or_refused(open_brain: OpenBrain, number: int) -> None:
    brain = open_brain()
    still_there = kept_memory(brain)

    for text in SYNTAX:
        attempt(lambda text=text: BY_ID[number](brain, text))  # type: ignore[misc]

    still_there()


REASONS: tuple[Callable[[Brain, str, str], Any], ...] = (
    lambda brain, one, text: (brain.archive(one, reason=text), brain.restore(one, reason=text)),
    lambda brain, one, text: brain.undo_feedback(brain.feedback(one, "helpful", note=text).id),
    lambda brain, one, text: brain.flag(one, text),
    lambda brain, one, text: brain.move_source(one, text),
    lambda brain, one, text: brain.move_source(one, "x", text),
)


@pytest.mark.parametrize("number", range(len(REASONS)))
def test_any_text_as_a_reason_is_written_down(open_brain: OpenBrain, number: int) -> None:
    brain = open_brain()
    memory = brain.capture("gateway")

    for text in SYNTAX:
        REASONS[number](brain, memory.id, text)

    assert brain.get(memory.id).title == "gateway"
    with inside(brain).store.read() as tx:
        assert tx.trail.first_break("team/a") is None


def nested(depth: int) -> Any:
    value: Any = "the end"
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


@pytest.mark.parametrize("depth", [10, 150, 900, 5_000, 200_000])
def test_json_of_any_depth_is_kept_or_refused(open_brain: OpenBrain, depth: int) -> None:
    brain = open_brain()

    captured = attempt(lambda: brain.capture("deep", nested(depth), metadata={"also": nested(depth)}))

    if not isinstance(captured, BrainOpsError):
        assert brain.get(captured.id).title == "deep"
        assert brain.retrieve("deep")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_has_no_word_for_is_refused(open_brain: OpenBrain, value: float) -> None:
    brain = open_brain()
    places: list[dict[str, Any]] = [
        {"content": {"a": [value]}},
        {"content": value},
        {"metadata": {"a": value}},
        {"importance": value},
    ]

    for place in places:
        with pytest.raises(InvalidInput):
            brain.capture("x", **place)


def test_a_whole_log_file_is_kept_and_found(open_brain: OpenBrain) -> None:
    brain = open_brain()
    lines = "\n".join(f"2026-01-01 line {number} of the log, nothing to see" for number in range(200_000))
    text = ("needleatthestart\n" + lines)[: 10 * 1024 * 1024]

    captured = brain.capture("a log", text)

    assert brain.get(captured.id).content == text
    assert [hit.memory.id for hit in brain.retrieve("needleatthestart")] == [captured.id]


def test_what_is_too_large_is_refused_with_the_limit(open_brain: OpenBrain) -> None:
    brain = open_brain()

    with pytest.raises(InvalidInput, match="16,777,216"):
        brain.capture("x", "ä" * (9 * 1024 * 1024))
    with pytest.raises(InvalidInput, match="metadata"):
        brain.capture("x", metadata={"a": "x" * 300_000})
    with pytest.raises(InvalidInput, match="64"):
        brain.capture("x", tags=[str(number) for number in range(65)])

    assert brain.retrieve() == []


WRONG: dict[str, Callable[[Brain], Any]] = {
    "attempts": lambda brain: brain.agents.attempts(limit=None),  # type: ignore[arg-type]
    "choose": lambda brain: brain.agents.choose(None),  # type: ignore[arg-type]
    "capabilities": lambda brain: brain.agents.execute("deploy", capabilities=None),  # type: ignore[arg-type]
    "timeout": lambda brain: brain.agents.execute("deploy", timeout_seconds=""),  # type: ignore[arg-type]
    "ready": lambda brain: brain.agents.ready([]),  # type: ignore[arg-type]
    "cases": lambda brain: brain.cases.learn_many("size", "abc"),  # type: ignore[arg-type]
    "no cases": lambda brain: brain.cases.learn_many("size", None),  # type: ignore[arg-type]
    "compliance": lambda brain: brain.guard.compliance(since=""),  # type: ignore[arg-type]
    "check": lambda brain: brain.guard.check("deploy api"),  # type: ignore[arg-type]
    "add": lambda brain: brain.guard.add("no deploys on friday"),  # type: ignore[arg-type]
    "acknowledge": lambda brain: brain.guard.acknowledge("receipt", None),  # type: ignore[arg-type]
    "decisions": lambda brain: brain.guard.decisions(limit=None),  # type: ignore[arg-type]
    "judge": lambda brain: brain.guard.false_block(5),  # type: ignore[arg-type]
    "rule": lambda brain: brain.guard.rule(5),  # type: ignore[arg-type]
    "replay": lambda brain: brain.guard.replay("week"),  # type: ignore[arg-type]
    "patterns": lambda brain: brain.guard.set_patterns("make*"),  # type: ignore[arg-type]
    "attach": lambda brain: brain.fixes.attach("boom", "Restart", advice=5),  # type: ignore[arg-type]
    "command": lambda brain: brain.fixes.attach("boom", "Restart", command=5),  # type: ignore[arg-type]
    "trust": lambda brain: brain.fixes.attach("boom", "Restart", advice="restart", trust="friend"),
    "fix mode": lambda brain: brain.fixes.list(mode="bogus"),
    "detached": lambda brain: brain.fixes.list(detached=""),  # type: ignore[arg-type]
    "now": lambda brain: brain.learning.run("hourly", now="noon"),  # type: ignore[arg-type]
    "repository": lambda brain: brain.improvements.propose_patch([], title="x"),  # type: ignore[arg-type]
    "procedure": lambda brain: brain.procedures.get(5),  # type: ignore[arg-type]
    "history": lambda brain: brain.procedures.history(None),  # type: ignore[arg-type]
    "activate": lambda brain: brain.procedures.activate(None),  # type: ignore[arg-type]
    "state": lambda brain: brain.procedures.list(state=[]),  # type: ignore[arg-type]
    "prose": lambda brain: brain.procedures.from_text(None),  # type: ignore[arg-type]
    "document": lambda brain: brain.procedures.from_document(b"x"),  # type: ignore[arg-type]
    "bundle": lambda brain: brain.sharing.import_from(None),  # type: ignore[arg-type]
    "peer": lambda brain: brain.sharing.distrust(5, reason="x"),  # type: ignore[arg-type]
    "revoke": lambda brain: brain.sharing.revoke(None, reason="x"),  # type: ignore[arg-type]
    "lines": lambda brain: brain.signals.ingest(b"a line"),  # type: ignore[arg-type]
    "source": lambda brain: brain.signals.ingest(["a line"], source=5),  # type: ignore[arg-type]
    "long path": lambda brain: brain.signals.ingest("x" * 100_000),
    "export": lambda brain: brain.sharing.export_to("x" * 300),
    "no such name": lambda brain: brain.sharing.export_to("a\0b"),
    "tags": lambda brain: brain.sharing.export_to("a.bundle", tags="a"),
    "suspects": lambda brain: brain.signals.suspects("yesterday"),  # type: ignore[arg-type]
    "minutes": lambda brain: brain.signals.trouble(minutes=None),  # type: ignore[arg-type]
    "templates": lambda brain: brain.signals.templates(errors="yes"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("act", WRONG.values(), ids=WRONG)
def test_what_is_of_another_type_or_names_nothing_is_refused_in_our_words(
    open_brain: OpenBrain, act: Callable[[Brain], Any]
) -> None:
    with pytest.raises((InvalidInput, NotFound)):
        act(open_brain())
