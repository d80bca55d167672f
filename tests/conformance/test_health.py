"""Do figures, checks and findings say the same on both databases, and leave no trace of having looked?"""

from __future__ import annotations

from brainops.health.store_location import schema
from tests.conformance.conftest import OpenBrain

DAY_MICROS = 86_400_000_000
TODAY = 1_800_000_000_000_000


def test_a_sound_store_passes_every_check(open_brain: OpenBrain) -> None:
    brain = open_brain(model="minilm")
    brain.capture("The disk is full", "remove archives")
    brain.upkeep.embed_pending()

    assert [check for check in brain.upkeep.doctor() if not check.passed] == []


def test_the_doctor_leaves_no_trace(open_brain: OpenBrain) -> None:
    brain = open_brain()
    captured = brain.capture("The disk is full", "remove archives")
    before = brain.upkeep.status()["memories"]
    brain.upkeep.doctor()
    in_its_namespace = open_brain(namespace="brainops-doctor", read=[])

    assert brain.upkeep.status()["memories"] == before
    assert brain.history(captured.id).acts == ()
    assert in_its_namespace.upkeep.status()["memories"]["total"] == 0
    assert in_its_namespace.retrieve("trial connection refused") == []


def test_status_counts_what_is_readable(open_brain: OpenBrain) -> None:
    open_brain(namespace="team/shared").capture("shared", "x", type="decision_record")
    open_brain(namespace="elsewhere", read=[]).capture("not readable", "y")
    brain = open_brain()
    brain.forget(brain.capture("own", "z").id)
    brain.guidance("deploy")
    figures = brain.upkeep.status()

    assert figures["memories"]["by_namespace"] == {"team/shared": 1, "team/a": 1}
    assert figures["memories"]["by_state"] == {"active": 1, "forgotten": 1}
    assert figures["operations"]["receipts"] == 1
    assert figures["sizes"]["rows"] > 0


def test_status_shows_growth_by_day_and_week(open_brain: OpenBrain) -> None:
    open_brain(clock=lambda: TODAY - 3 * DAY_MICROS).capture("three days ago", "x")
    brain = open_brain(clock=lambda: TODAY)
    brain.capture("today", "y")
    growth = brain.upkeep.status()["growth"]

    assert (growth["day"]["memories"], growth["week"]["memories"]) == (1, 2)


def test_status_counts_vectors_by_model(open_brain: OpenBrain) -> None:
    brain = open_brain(model="minilm")
    brain.capture("one", "with a vector")
    brain.upkeep.embed_pending()
    open_brain().capture("two", "without one")
    index = brain.upkeep.status()["index"]

    assert (index["with_vector"], index["waiting"]) == (1, 1)


def test_the_audit_finds_junk_and_says_what_mends_it(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture("Twice", "the very same words", type="learning_insight")
    twin = brain.capture("Twice", "the very same words", type="success_pattern")
    wrong = brain.capture("Restart cures it", "restart the pods")
    brain.feedback(wrong.id, "wrong")
    brain.capture("Voucher ends", "in spring", valid_from=1, valid_to=2)

    assert [(junk.kind, junk.command) for junk in brain.upkeep.audit()][:2] == [
        ("exact duplicate", f"brainops forget {twin.id}"),
        ("called wrong", f"brainops forget {wrong.id}"),
    ]


def test_the_schema_is_read_without_opening_a_memory(open_brain: OpenBrain, store_url: str) -> None:
    open_brain()
    state = schema(store_url)

    assert state["stored"] == state["program"]
    assert state["pending"] == []
