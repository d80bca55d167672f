"""Do keys let in whom they were issued to, no further than that, and nobody any more once they ended?"""

from __future__ import annotations

from typing import Any

import pytest

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.errors import ApprovalUnproven, Conflict, InvalidInput, NotFound
from brainops.types import Actor, ActorKind, IssuedKey, KeyProof, OperationToken, Role
from brainops.types.times import DAY_MICROS, HOUR_MICROS, MINUTE_MICROS
from tests.conformance.conftest import OpenBrain, set_clock
from tests.conformance.everything import MARTA
from tests.inside import inside


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain(actor=MARTA)


def test_a_key_is_known_by_its_secret_which_is_stored_nowhere(brain: Brain) -> None:
    issued = brain.keys.issue("release-bot", role="reader", read=["team/shared"])

    known = inside(brain).engine.known_by(issued.secret)

    assert (known.name, known.role, known.kind) == ("release-bot", Role.READER, ActorKind.AGENT)
    assert (known.writes, known.reads) == ("team/a", ("team/a", "team/shared"))
    assert issued.secret not in repr(issued)
    with inside(brain).store.read(inside(brain).services.keys._scope) as tx:
        found = tx.keys.get(known.id)
        assert found is not None and issued.secret.split("_", 2)[-1] not in str(found)


@pytest.mark.parametrize("end", ["revoked", "ended", "forged", "mistyped", "of an approver"])
def test_a_key_that_holds_no_longer_opens_nothing_and_does_not_say_why(brain: Brain, end: str) -> None:
    issued = brain.keys.issue("release-bot", days=1)
    secret = issued.secret
    match end:
        case "revoked":
            brain.keys.revoke("release-bot")
        case "ended":
            later = inside(brain).store.now() + 2 * DAY_MICROS
            set_clock(inside(brain).store, lambda: later)
        case "forged":
            secret = secret[:-43] + "A" * 43
        case "mistyped":
            secret = secret[:-1]
        case _:
            secret = brain.approvals.approvers.enrol("marta").key or ""

    with pytest.raises(ApprovalUnproven, match="that key opens nothing here"):
        inside(brain).engine.known_by(secret)


def test_a_rotated_key_goes_on_for_the_overlap_and_then_ends(brain: Brain) -> None:
    old = brain.keys.issue("release-bot", role=Role.READER, kind="service", days=30)

    new = brain.keys.rotate("release-bot", overlap_seconds=3_600)

    assert (new.access.role, new.access.kind, new.access.writes) == (Role.READER, ActorKind.SERVICE, "team/a")
    assert opens(brain, old) and opens(brain, new)
    now = inside(brain).store.now()
    set_clock(inside(brain).store, lambda: now + 2 * HOUR_MICROS)
    assert not opens(brain, old) and opens(brain, new)


def opens(brain: Brain, issued: IssuedKey) -> bool:
    try:
        inside(brain).engine.known_by(issued.secret)
    except ApprovalUnproven:
        return False
    return True


def test_one_of_two_keys_of_a_name_is_revoked_by_its_id(brain: Brain) -> None:
    old = brain.keys.issue("release-bot")
    new = brain.keys.rotate("release-bot")

    brain.keys.revoke(old.access.id)

    assert not opens(brain, old) and opens(brain, new)
    with pytest.raises(NotFound, match="brainops keys list"):
        brain.keys.revoke(old.access.id)


def test_the_last_use_of_a_key_is_kept_to_the_minute(brain: Brain) -> None:
    issued = brain.keys.issue("release-bot")
    assert brain.keys.list()[0].used_at is None

    inside(brain).engine.known_by(issued.secret)
    inside(brain).recorder.flush()
    first = brain.keys.list()[0].used_at
    inside(brain).engine.known_by(issued.secret)
    inside(brain).recorder.flush()

    assert first is not None and brain.keys.list()[0].used_at == first


def test_only_a_person_issues_keys_and_proves_to_be_one_where_people_may_approve(open_brain: OpenBrain) -> None:
    agent = open_brain(actor=Actor(kind=ActorKind.AGENT, id="bot"))
    with pytest.raises(ApprovalUnproven, match="agent:bot may not issue a key"):
        agent.keys.issue("mine")
    person = open_brain(actor=MARTA)
    key = person.approvals.approvers.enrol("marta").key
    assert key is not None

    with pytest.raises(ApprovalUnproven, match="takes one of marta"):
        person.keys.issue("theirs")

    assert person.keys.issue("theirs", proof=KeyProof(key=key)).access.created_by.proof == "key"


def test_what_is_no_key_is_refused_with_the_way_out(brain: Brain) -> None:
    brain.keys.issue("release-bot")
    with pytest.raises(Conflict, match="brainops keys rotate release-bot"):
        brain.keys.issue("release-bot")
    with pytest.raises(InvalidInput, match="brainops approver enrol"):
        brain.keys.issue("other", role="approver")
    with pytest.raises(InvalidInput, match="no name for a key"):
        brain.keys.issue("a b")
    with pytest.raises(InvalidInput, match="days"):
        brain.keys.issue("other", days=0)
    with pytest.raises(InvalidInput, match="not a namespace"):
        brain.keys.issue("other", namespace="/")
    with pytest.raises(NotFound, match="brainops keys list"):
        brain.keys.rotate("nobody")


def test_issuing_and_revoking_stand_in_the_trail_without_the_secret(brain: Brain) -> None:
    issued = brain.keys.issue("release-bot")
    brain.keys.revoke("release-bot")

    with inside(brain).store.read(inside(brain).services.keys._scope) as tx:
        lines = tx.trail.of(issued.access.id)

    assert [line.act for line in lines] == ["key-issue", "key-revoke"]
    assert issued.secret.split("_", 2)[-1] not in str(lines)


def test_a_token_holds_for_its_minutes_and_ends_with_its_key_or_by_itself(open_brain: OpenBrain) -> None:
    person = open_brain(actor=MARTA)
    engine, now = inside(person).engine, inside(person).store.now()
    key = person.keys.issue("shop", days=0.01)
    shop = Brain(engine, actor=Actor(kind=ActorKind.AGENT, id="shop", proof="key"), namespace="team/a", read=[])

    first, second, third = (shop.keys.token("checkout", minutes=minutes) for minutes in (5, 20, 5))

    known = engine.let_in_by(first.secret)
    assert (known.operation, known.namespace, known.name, known.secret) == ("checkout", "team/a", "shop", "")
    assert first.secret not in repr(first)
    assert second.expires_at == key.access.expires_at  # it does not outlive the key
    person.keys.revoke(third.secret)
    set_clock(inside(person).store, lambda: now + 6 * MINUTE_MICROS)
    assert [lets_in(engine, each) for each in (first, second, third)] == [False, True, False]
    person.keys.revoke("shop")
    assert not lets_in(engine, second)
    with pytest.raises(NotFound):
        person.keys.revoke(third.secret)


def lets_in(engine: Engine, token: OperationToken) -> bool:
    try:
        engine.let_in_by(token.secret)
    except ApprovalUnproven:
        return False
    return True


@pytest.mark.parametrize("wrong", [{"operation": " "}, {"operation": "x" * 301}, {"minutes": 0}, {"minutes": 61}])
def test_a_token_is_for_one_name_and_for_an_hour_at_most(brain: Brain, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        brain.keys.token(**{"operation": "checkout", **wrong})
