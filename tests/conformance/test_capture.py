"""Is what was captured stored as it was said, once, and found at once?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import Conflict, InvalidInput, RecallLoop
from brainops.types import JSON, Actor, ActorKind, Draft, MemoryState, MemoryType, Source, Trust
from brainops_core.redaction.injected import wrap_injected
from tests.conformance.conftest import OpenBrain

CONTENTS: list[JSON] = [
    "plain text",
    {"error": "timeout", "tries": 3, "nested": {"list": [1, 2.5, None, True]}},
    ["a", 1],
    7,
]
EVERYTHING = Source(
    actor=Actor(kind=ActorKind.SERVICE, id="deployer", proof="token"),
    session_id="s1",
    operation_id="o1",
    run_id="r1",
    uri="file:///runbooks/db.md",
    key="runbooks/db.md#1",
)


def test_a_memory_is_stored_as_it_was_said(open_brain: OpenBrain) -> None:
    brain = open_brain()
    said = brain.draft(
        "Failover drill",
        {"steps": ["stop", "promote"]},
        type="deployment_log",
        tags=["db", "drill"],
        importance=0.75,
        metadata={"region": "east"},
        trust="verified",
        source=EVERYTHING,
        subject="db-1",
        fingerprint="f" * 32,
        valid_from=1_000,
        valid_to=4_000_000_000_000_000,
    )

    [captured] = brain.capture_many([said])
    memory = brain.get(captured.id)

    assert (memory.namespace, memory.type, memory.title) == ("team/a", MemoryType.DEPLOYMENT_LOG, "Failover drill")
    assert (memory.content, memory.tags, memory.importance) == ({"steps": ["stop", "promote"]}, ("db", "drill"), 0.75)
    assert (memory.metadata, memory.trust, memory.source) == ({"region": "east"}, Trust.VERIFIED, EVERYTHING)
    assert (memory.subject, memory.fingerprint, memory.valid_from) == ("db-1", "f" * 32, 1_000)
    assert (memory.valid_to, memory.state, memory.occurrences) == (4_000_000_000_000_000, MemoryState.ACTIVE, 1)
    assert captured.created_at == memory.created_at == memory.last_seen_at


@pytest.mark.parametrize("content", CONTENTS, ids=["text", "object", "list", "number"])
def test_content_comes_back_equal(open_brain: OpenBrain, content: JSON) -> None:
    brain = open_brain()

    captured = brain.capture("any", content)

    assert brain.get(captured.id).content == content


@pytest.mark.parametrize("kind", MemoryType)
def test_each_of_the_ten_types_is_kept(open_brain: OpenBrain, kind: MemoryType) -> None:
    brain = open_brain()
    brain.capture("a thing of its kind", type=kind)

    [hit] = brain.retrieve("thing", types=[kind])

    assert hit.memory.type is kind


def test_a_capture_is_found_at_once_by_another_connection(open_brain: OpenBrain) -> None:
    writer, reader = open_brain(), open_brain()

    captured = writer.capture("Certificate expired on the gateway")

    assert [hit.memory.id for hit in reader.retrieve("expired certificates")] == [captured.id]


def test_the_same_memory_again_is_counted_and_not_stored_twice(open_brain: OpenBrain) -> None:
    brain = open_brain()
    first = brain.capture("Disk full", "on /var", tags=["disk"])

    again = brain.capture("Disk full", "on /var", tags=["disk", "var"], metadata={"host": "db-2"}, importance=0.9)

    memory = brain.get(first.id)
    assert (again.id, again.repeated, again.occurrences) == (first.id, True, 2)
    assert (memory.occurrences, memory.tags, memory.importance) == (2, ("disk", "var"), 0.9)
    assert [hit.memory.id for hit in brain.retrieve(tags=["var"])] == [first.id]
    assert len(brain.retrieve("disk full")) == 1


def test_each_repetition_is_kept_with_who_said_it(open_brain: OpenBrain) -> None:
    brain = open_brain()
    captured = brain.capture("Disk full", "on /var")

    brain.capture("Disk full", "on /var", metadata={"host": "db-2"}, source=EVERYTHING)

    [seen] = brain.history(captured.id).occurrences
    assert (seen["actor_id"], seen["session_id"], seen["uri"]) == ("deployer", "s1", "file:///runbooks/db.md")
    assert "db-2" in str(seen["detail"])


def test_a_repetition_is_redacted_like_the_first(open_brain: OpenBrain) -> None:
    brain = open_brain()
    secret = "https://deploy:hunter2hunter2@git.example.com/x.git"
    captured = brain.capture("Clone", "of the repository")

    brain.capture("Clone", "of the repository", metadata={"from": secret}, source=Source(uri=secret))

    assert "hunter2" not in str(brain.history(captured.id).occurrences)


def test_a_repetition_with_characters_that_no_database_holds_is_counted(open_brain: OpenBrain) -> None:
    brain = open_brain()
    captured = brain.capture("Odd", "place")

    brain.capture("Odd", "place", source=Source(session_id="a\0b\ud800", uri="x\0"))

    assert brain.get(captured.id).occurrences == 2


def test_the_same_content_of_another_type_or_title_is_another_memory(open_brain: OpenBrain) -> None:
    brain = open_brain()

    ids = {
        brain.capture("Disk full", "on /var").id,
        brain.capture("Disk full", "on /var", type="error_pattern").id,
        brain.capture("Disk nearly full", "on /var").id,
    }

    assert len(ids) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("VM started", "VM paused"),
        ("errno 2: open failed", "errno 13: open failed"),
        ("Retry 3 times", "Retry 3 times."),
    ],
)
def test_near_ones_are_never_merged(open_brain: OpenBrain, one: str, other: str) -> None:
    brain = open_brain()

    first, second = brain.capture(one), brain.capture(other)

    assert first.id != second.id
    assert not second.repeated


def test_the_same_content_in_another_namespace_is_another_memory(open_brain: OpenBrain) -> None:
    here, there = open_brain(), open_brain(namespace="team/b", read=[])

    assert here.capture("Disk full").id != there.capture("Disk full").id


def test_an_idempotency_key_is_captured_once_and_answered_the_same(open_brain: OpenBrain) -> None:
    brain = open_brain()
    said: dict[str, Any] = {"tags": ["b", "a"], "metadata": {"n": 1}, "subject": "api", "idempotency_key": "rollout-7"}
    first = brain.capture("Rollout", "began", **said)
    brain.capture("Rollout", "began", tags=["c"], metadata={"n": 2, "m": 3})

    again = brain.capture("Rollout", "began", **said)

    assert (again.id, again.repeated, again.created_at) == (first.id, True, first.created_at)
    assert brain.get(first.id).occurrences == 2


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Rolled out"},
        {"content": "ended"},
        {"subject": "bob"},
        {"metadata": {"host": "b"}},
        {"type": "error_pattern"},
        {"tags": ["x"]},
        {"valid_to": 4_000_000_000_000_000},
    ],
    ids=lambda other: next(iter(other)),
)
@pytest.mark.parametrize("standing", [False, True], ids=["alone", "beside its equal"])
def test_an_idempotency_key_that_says_something_else_is_a_conflict(
    open_brain: OpenBrain, other: dict[str, Any], standing: bool
) -> None:
    brain = open_brain()
    said: dict[str, Any] = {"title": "Rollout", "content": "began", "idempotency_key": "rollout-7"}
    if standing:
        brain.capture("Rollout", "began")
    first = brain.capture(**said)

    with pytest.raises(Conflict, match=first.id):
        brain.capture(**{**said, **other})

    assert brain.capture(**said).id == first.id
    assert [hit.memory.id for hit in brain.retrieve()] == [first.id]


def test_a_bulk_capture_that_meets_a_used_key_keeps_what_came_before(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture("Rollout", "began", idempotency_key="k")
    drafts = [Draft(title="good one"), Draft(title="another", idempotency_key="k"), Draft(title="good two")]

    with pytest.raises(Conflict):
        brain.capture_many(drafts)

    assert {hit.memory.title for hit in brain.retrieve()} == {"Rollout", "good one"}


def test_an_idempotency_key_belongs_to_its_namespace(open_brain: OpenBrain) -> None:
    here, there = open_brain(), open_brain(namespace="team/b", read=[])
    first = here.capture("Rollout", "here", idempotency_key="rollout-7")

    other = there.capture("Rollout", "there", idempotency_key="rollout-7")

    assert other.id != first.id
    assert not other.repeated


def test_a_bulk_capture_acknowledges_each_in_order(open_brain: OpenBrain) -> None:
    brain = open_brain()
    seen: list[int] = []
    drafts = [Draft(title=f"number {number % 1_000}") for number in range(1_200)]

    captured = brain.capture_many(drafts, lambda done, _: seen.append(done))

    assert [each.repeated for each in captured] == [False] * 1_000 + [True] * 200
    assert [brain.get(captured[number].id).title for number in (0, 999, 1_199)] == [
        "number 0",
        "number 999",
        "number 199",
    ]
    assert seen == [500, 1_000, 1_200]


def test_a_bulk_capture_that_meets_bad_input_keeps_what_came_before(open_brain: OpenBrain) -> None:
    brain = open_brain()
    drafts = [Draft(title="good one"), Draft(title="good two"), Draft(title="", content=""), Draft(title="good three")]

    with pytest.raises(InvalidInput):
        brain.capture_many(drafts)

    assert {hit.memory.title for hit in brain.retrieve("good")} == {"good one", "good two"}


def test_secrets_are_taken_out_before_anything_is_stored_and_that_is_said(open_brain: OpenBrain) -> None:
    brain = open_brain()

    captured = brain.capture("Key", {"password": "hunter2hunter2", "note": "AKIAIOSFODNN7EXAMPLE"}, tags=["ops"])

    assert {finding.kind for finding in captured.redacted} >= {"password", "aws-access-key"}
    assert "hunter2" not in str(brain.get(captured.id).content)
    assert brain.retrieve("hunter2hunter2") == []


def test_what_brainops_handed_out_is_not_captured_again(open_brain: OpenBrain) -> None:
    brain = open_brain()

    with pytest.raises(RecallLoop):
        brain.capture("", wrap_injected("an old memory", "receipt-1"))

    assert brain.retrieve() == []


def test_capturing_goes_on_when_a_memory_of_the_same_text_was_archived(open_brain: OpenBrain) -> None:
    brain = open_brain()
    first = brain.capture("Disk full")
    brain.archive(first.id)

    second = brain.capture("Disk full")

    assert (second.id != first.id, second.repeated) == (True, False)


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self, at: int = 1_700_000_000_000_000) -> None:
        self.at = at

    def __call__(self) -> int:
        self.at += 1
        return self.at


HOUR = 3_600_000_000


def captured_again(brain: Brain, standing: str) -> str:
    return brain.capture("Gateway limit", "10 requests").id


def captured_in_bulk(brain: Brain, standing: str) -> str:
    return brain.capture_many([Draft(title="filler"), Draft(title="Gateway limit", content="10 requests")])[1].id


def superseding(brain: Brain, standing: str) -> str:
    other = brain.capture("Gateway limit", "20 requests")
    return brain.supersede(other.id, Draft(title="Gateway limit", content="10 requests")).id


def correcting(brain: Brain, standing: str) -> str:
    other = brain.capture("Gateway limit", "20 requests")
    given = brain.feedback(other.id, "wrong", correction="10 requests")
    assert given.correction_id
    return given.correction_id


def restoring(brain: Brain, standing: str) -> str:
    """An equal one that was archived comes back while another one had ended in between."""
    again = brain.capture("Gateway limit", "10 requests").id
    brain.archive(again)
    ended = brain.capture("Gateway limit", "10 requests").id
    brain.feedback(ended, "outdated")
    return brain.restore(again).id


@pytest.mark.parametrize(
    "capture", [captured_again, captured_in_bulk, superseding, correcting, restoring], ids=lambda each: each.__name__
)
@pytest.mark.parametrize("ended", ["by its time", "by feedback"])
def test_what_is_said_again_after_it_had_ended_is_found_at_once(
    open_brain: OpenBrain, capture: Callable[[Brain, str], str], ended: str
) -> None:
    clock = Clock()
    brain = open_brain(clock=clock)
    valid_to = clock.at + HOUR if ended == "by its time" else None
    old = brain.capture("Gateway limit", "10 requests", valid_to=valid_to)
    if ended == "by feedback":
        brain.feedback(old.id, "outdated")
    clock.at += 2 * HOUR
    assert brain.retrieve("gateway limit") == []

    now_there = capture(brain, old.id)

    assert now_there != old.id
    assert [hit.memory.id for hit in brain.retrieve("gateway limit")] == [now_there]
    assert brain.get(now_there).valid_to is None
    assert old.id in {version.id for version in brain.history(now_there).versions}
    assert (brain.get(old.id).valid_to or 0) <= clock.at - 2 * HOUR + HOUR
    assert [hit.memory.id for hit in brain.retrieve("gateway", as_of=clock.at - HOUR)] == []


def test_a_verdict_that_is_taken_back_leaves_one_current_memory(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old = brain.capture("Gateway limit", "10")
    verdict = brain.feedback(old.id, "outdated")
    again = brain.capture("Gateway limit", "10")

    brain.undo_feedback(verdict.id)

    assert [hit.memory.id for hit in brain.retrieve("gateway limit")] == [again.id]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"valid_to": HOUR}, {}),
        ({"valid_from": HOUR}, {}),
        ({"valid_to": HOUR}, {"valid_to": 3 * HOUR}),
        ({"valid_from": HOUR}, {"valid_to": 3 * HOUR}),
    ],
    ids=["no end", "begun already", "a later end", "both"],
)
def test_a_repetition_is_valid_for_as_long_as_it_says(
    open_brain: OpenBrain, first: dict[str, int], then: dict[str, int]
) -> None:
    clock = Clock()
    brain, start = open_brain(clock=clock), clock.at
    times: list[dict[str, Any]] = [{name: start + time for name, time in each.items()} for each in (first, then)]
    brain.capture("Gateway limit", "10", **times[0])

    brain.capture("Gateway limit", "10", **times[1])

    assert len(brain.retrieve("gateway")) == 1
    clock.at = start + 2 * HOUR
    assert len(brain.retrieve("gateway")) == 1


def test_what_was_said_of_two_people_is_two_memories_and_each_is_purged_with_its_subject(open_brain: OpenBrain) -> None:
    brain = open_brain()
    alice = brain.capture("Asked for a refund", "by phone", subject="alice", metadata={"ticket": 1})
    bob, again = brain.capture_many(2 * [Draft(title="Asked for a refund", content="by phone", subject="bob")])
    assert (again.id, again.repeated) == (bob.id, True)
    assert {hit.memory.subject for hit in brain.retrieve("refund")} == {"alice", "bob"}

    removed = brain.purge_subject("bob", reason="asked to")

    assert removed.memory_ids == (bob.id,)
    assert [hit.memory.id for hit in brain.retrieve("refund")] == [alice.id]
    brain.purge_subject("alice", reason="asked to")
    assert brain.retrieve("refund") == []


@pytest.mark.parametrize("subjects", [(None, "bob"), ("bob", None)], ids=["later", "first"])
def test_whom_a_memory_is_about_is_known_once_somebody_said_it(
    open_brain: OpenBrain, subjects: tuple[str | None, str | None]
) -> None:
    brain = open_brain()
    ids = {brain.capture("Asked for a refund", "by phone", subject=subject).id for subject in subjects}

    removed = brain.purge_subject("bob", reason="asked to")

    assert set(removed.memory_ids) == ids
    assert brain.retrieve("refund") == []


def test_a_memory_of_another_subject_comes_back_from_the_archive(open_brain: OpenBrain) -> None:
    brain = open_brain()
    alice = brain.capture("Asked for a refund", subject="alice")
    brain.archive(alice.id)
    brain.capture("Asked for a refund", subject="bob")

    brain.restore(alice.id)

    assert {hit.memory.subject for hit in brain.retrieve("refund")} == {"alice", "bob"}
    assert brain.capture("Asked for a refund", subject="alice").id == alice.id


def test_a_repetition_adds_its_metadata(open_brain: OpenBrain) -> None:
    brain = open_brain()
    first = brain.capture("Disk full", metadata={"host": "db-1"})

    brain.capture("Disk full", metadata={"host": "db-2", "region": "east"}, fingerprint="f" * 32)

    memory = brain.get(first.id)
    assert memory.metadata == {"host": "db-1", "region": "east"}
    assert memory.fingerprint == "f" * 32
    assert "db-2" in str(brain.history(first.id).occurrences)


def test_a_repetition_whose_metadata_finds_no_room_says_so(open_brain: OpenBrain) -> None:
    brain = open_brain()
    [*_, last] = brain.capture_many(
        Draft(title="Disk full", metadata={"host": f"db-{number}"}) for number in range(103)
    )
    added = brain.capture("Disk full", metadata={"host": "db-1", "region": "east"})

    assert any("is not" in note for note in last.notes)
    assert brain.get(added.id).metadata == {"host": "db-0", "region": "east"}


def test_what_is_verified_stays_as_it_is_when_an_agent_says_it_again(open_brain: OpenBrain) -> None:
    person = open_brain(actor=Actor(kind=ActorKind.PERSON, id="ann"), read=[])
    agent = open_brain(actor=Actor(kind=ActorKind.AGENT, id="robot"), read=[])
    kept = person.capture("Restore the region", trust="verified")
    person.guard.set_enforcement("strict")
    before = person.get(kept.id)

    again = agent.capture("Restore the region", tags=["mine"], metadata={"runbook": "mine"}, valid_from=1)
    about = agent.capture("Restore the region", subject="bob")

    after = person.get(kept.id)
    assert (again.id, after.occurrences, person.get(about.id).subject) == (kept.id, 2, "bob")
    assert replace(after, occurrences=1, last_seen_at=before.last_seen_at) == before
    person.capture("Restore the region", tags=["dr"])
    assert person.get(kept.id).tags == ("dr",)
