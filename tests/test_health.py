"""Do the figures, the checks and the findings say how memory really is, and leave no trace of having looked?"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.health import store_location
from brainops.types import Check, Junk, Source


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
def brain(store: Path) -> Iterator[Brain]:
    with opened(store) as brain:
        yield brain


def opened(store: Path, *, model: str = "none", namespace: str = "team/shop") -> Brain:
    return Brain.open(store, namespace=namespace, read=(), model=model, background=False)


def failed(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks if not check.passed}


def kinds(found: list[Junk]) -> list[str]:
    return [junk.kind for junk in found]


def changed(store: Path, *statements: str) -> None:
    with closing(sqlite3.connect(store)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


# status


def test_status_counts_by_type_state_and_namespace(brain: Brain) -> None:
    brain.capture("an error", "x", type="error_pattern")
    brain.capture("another error", "x", type="error_pattern")
    hidden = brain.capture("an insight", "y")
    brain.forget(hidden.id)
    memories = brain.upkeep.status()["memories"]

    assert memories["total"] == 3
    assert memories["by_type"] == {"error_pattern": 2, "learning_insight": 1}
    assert memories["by_state"] == {"active": 2, "forgotten": 1}
    assert memories["by_namespace"] == {"team/shop": 3}


def test_status_of_an_empty_store_has_every_figure(brain: Brain) -> None:
    figures = brain.upkeep.status()

    assert figures["memories"]["last_capture_at"] is None
    assert figures["growth"]["days_until_full"] is None
    assert figures["operations"]["total"] == 0
    assert figures["sizes"]["rows"] > 0


def test_status_shows_the_backlog_without_loading_the_model(store: Path) -> None:
    with opened(store) as brain:
        brain.capture("waits", "for its vector")
    with opened(store, model="minilm") as brain:
        before = brain.upkeep.status()["index"]
        brain.upkeep.embed_pending()
        after = brain.upkeep.status()["index"]

    assert (before["waiting"], before["model_id"]) == (1, None)
    assert (after["waiting"], after["with_vector"]) == (0, 1)
    assert after["model_id"]


def test_nothing_waits_for_a_vector_where_no_model_is_wanted(brain: Brain) -> None:
    brain.capture("found", "by words alone")

    assert brain.upkeep.status()["index"]["waiting"] == 0


def test_status_says_when_the_disk_will_be_full(brain: Brain) -> None:
    brain.capture("something", "of some length " * 1_000)
    growth = brain.upkeep.status()["growth"]

    assert growth["day"]["memories"] == growth["week"]["memories"] == 1
    assert growth["days_until_full"] > 1


def test_status_never_shows_a_password() -> None:
    from brainops.health.status import masked

    assert masked("postgresql://team:s3cret@db/brainops") == "postgresql://team:***@db/brainops"


def test_status_lists_operations_receipts_and_backups(brain: Brain, tmp_path: Path) -> None:
    brain.begin("deploy", target="production")
    brain.upkeep.backup(tmp_path / "kept.db")
    figures = brain.upkeep.status()

    assert (figures["operations"]["total"], figures["operations"]["open"]) == (1, 1)
    assert figures["operations"]["receipts"] == 1
    assert figures["backups"][0]["path"] == str(tmp_path / "kept.db")


# doctor


def test_a_sound_store_passes_every_check(store: Path) -> None:
    with opened(store, model="minilm") as brain:
        brain.capture("The disk is full", "remove archives")
        brain.upkeep.embed_pending()
        checks = brain.upkeep.doctor()

    assert failed(checks) == {}
    assert {check.name for check in checks} >= {"write, read, match", "model", "vectors", "audit trail", "permissions"}


def test_the_trial_leaves_no_trace(store: Path) -> None:
    def rows() -> dict[str, int]:
        with closing(sqlite3.connect(store)) as connection:
            tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
            return {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in tables}

    with opened(store, model="minilm") as brain:
        brain.capture("The disk is full", "remove archives")
        before = rows()
        brain.upkeep.doctor()

        assert rows() == before


def test_a_word_index_that_lost_a_memory_fails_with_reindex(store: Path) -> None:
    with opened(store) as brain:
        brain.capture("The disk is full", "remove archives")
        changed(store, "delete from memory_fts")
        check = failed(brain.upkeep.doctor())["rows and word index"]
        brain.upkeep.reindex()

        assert check.way_out == "brainops reindex"
        assert failed(brain.upkeep.doctor()) == {}


def test_a_trail_that_was_changed_fails(store: Path) -> None:
    with opened(store) as brain:
        captured = brain.capture("Kept", "for ever")
        brain.archive(captured.id, reason="first")
        brain.restore(captured.id, reason="second")
        changed(store, "drop trigger audit_is_append_only_update", "update audit set act = 'purge' where sequence = 1")
        check = failed(brain.upkeep.doctor())["audit trail"]

    assert "line 1 of team/shop" in check.detail


def test_vectors_of_another_text_fail_with_reembed(store: Path) -> None:
    with opened(store, model="minilm") as brain:
        brain.capture("The disk is full", "remove archives")
        brain.capture("Mail is late", "the relay waits for its certificate")
        brain.upkeep.embed_pending()
    changed(
        store,
        "update memory_vector set vector = (select v.vector from memory_vector as v order by v.sequence desc limit 1) "
        "where sequence = (select min(sequence) from memory_vector)",
    )
    with opened(store, model="minilm") as brain:
        check = failed(brain.upkeep.doctor())["vectors"]

    assert check.way_out == "brainops reembed"
    assert "1 of 2" in check.detail


def test_files_that_others_may_read_fail_with_the_command(store: Path) -> None:
    with opened(store) as brain:
        store.chmod(0o640)
        check = failed(brain.upkeep.doctor())["permissions"]

    assert check.way_out == f"chmod 600 {store}"


def test_memories_from_the_future_say_that_the_clock_was_set_back(store: Path) -> None:
    with opened(store) as brain:
        brain.capture("Kept", "for ever")
        changed(store, "update memory set created_at = created_at + 3600 * 1000000")
        check = failed(brain.upkeep.doctor())["clock"]

    assert "ahead of now" in check.detail


def test_a_model_that_is_not_there_fails_with_what_to_install(store: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with opened(store, model=str(tmp_path / "empty")) as brain:
        check = failed(brain.upkeep.doctor())["model"]

    assert "model.onnx" in check.detail
    assert "model = none" in check.way_out


# audit


def test_an_orderly_memory_has_no_junk(brain: Brain) -> None:
    brain.capture("The disk is full", "remove archives")
    brain.capture("Mail is late", "the relay waits for its certificate")

    assert brain.upkeep.audit() == []


def test_the_same_text_under_two_types_is_an_exact_duplicate(brain: Brain) -> None:
    first = brain.capture("Twice", "the very same words", type="learning_insight")
    second = brain.capture("Twice", "the very same  words", type="success_pattern")
    [found] = brain.upkeep.audit()

    assert found.kind == "exact duplicate"
    assert found.memory_ids == (first.id, second.id)
    assert found.command == f"brainops forget {second.id}"


def test_nearly_the_same_text_is_a_near_duplicate_and_the_newer_one_stays(brain: Brain) -> None:
    text = "when the nightly report runs the connection pool of the payments service is exhausted within two minutes"
    first = brain.capture("Pool exhausted", text)
    second = brain.capture("Pool exhausted", text + " or three")
    [found] = brain.upkeep.audit()

    assert found.kind == "near duplicate"
    assert found.memory_ids == (first.id, second.id)
    assert found.command == f"brainops archive {first.id}"


def test_parts_of_one_file_stand_side_by_side_on_purpose(brain: Brain) -> None:
    text = "the interface server burns its error budget too fast: look at the slowest calls and at the newest release"
    for number in range(2):
        source = Source(key=f"prometheus:ops/rules.yaml#burn-{number}")
        brain.capture("ErrorBudgetBurn", f"{text}, window {number}", source=source)

    assert brain.upkeep.audit() == []


def test_one_template_for_two_subjects_is_no_duplicate(brain: Brain) -> None:
    template = "the {} of the cluster is overcommitted: add nodes, or lower the requests of the largest workloads first"
    brain.capture("KubeCPUOvercommit", template.format("processor"))
    brain.capture("KubeMemoryOvercommit", template.format("memory"))

    assert brain.upkeep.audit() == []


def test_what_is_flagged_wrong_stale_oversized_or_says_nothing_is_found(brain: Brain, store: Path) -> None:
    wrong = brain.capture("Restart cures it", "restart the pods")
    brain.feedback(wrong.id, "wrong")
    gone = brain.capture("From a file", "which is gone")
    brain.flag(gone.id, "its source is gone")
    brain.capture("Voucher ends", "in spring", valid_from=1, valid_to=2)
    brain.capture("A whole log", "line\n" * 20_000)
    brain.capture("is it", "that which")

    assert kinds(brain.upkeep.audit()) == ["called wrong", "flagged", "stale", "empty", "oversized"]


def test_a_recall_loop_that_got_in_another_way_is_found(brain: Brain, store: Path) -> None:
    captured = brain.capture("Echo", "placeholder")
    changed(store, "update memory set content = '<brainops-memory id=\"1\">what it said</brainops-memory>'")
    [found] = brain.upkeep.audit()

    assert (found.kind, found.memory_ids) == ("recall loop", (captured.id,))


def test_never_retrieved_is_said_only_where_use_is_counted(brain: Brain, store: Path) -> None:
    brain.capture("Old and unused", "for a year")
    brain.capture("Old and used", "again and again")
    changed(store, "update memory set created_at = created_at - 365 * 86400 * 1000000")
    uncounted = brain.upkeep.audit()
    changed(store, "update memory set retrieved_count = 3 where title = 'Old and used'")
    [found] = brain.upkeep.audit()

    assert uncounted == []
    assert found.kind == "never retrieved"
    assert found.detail.startswith("Old and unused")


def test_the_command_names_the_namespace_where_it_is_another(store: Path) -> None:
    with opened(store, namespace="team/other") as brain:
        other = brain.capture("is it", "that which")
    with Brain.open(store, namespace="team/shop", read=("team/other",), model="none", background=False) as brain:
        [found] = brain.upkeep.audit()

    assert found.command == f"brainops forget {other.id} --namespace team/other"


def test_findings_end_at_the_limit(brain: Brain) -> None:
    for title in ("is it", "that which", "who was", "as of", "if so"):
        brain.capture(title)

    assert len(brain.upkeep.audit(limit=3)) == 3


def test_an_audit_changes_nothing(brain: Brain, store: Path) -> None:
    brain.flag(brain.capture("Kept", "for ever").id, "look at it")
    before = store.read_bytes()
    brain.upkeep.audit()

    assert store.read_bytes() == before


# stores that are not open


def test_the_schema_of_a_store_that_is_not_there_makes_none(store: Path) -> None:
    schema = store_location.schema(str(store))

    assert schema["stored"] == 0
    assert schema["pending"]
    assert not store.exists()


def test_a_preview_of_redaction_needs_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "BRAINOPS_STORE", "/nowhere/at/all.db")
    shown = store_location.preview("password = hunter2-hunter2-x9, write to a.b@example.org", "drop")

    assert "hunter2" not in shown.text
    assert "a.b@example.org" not in shown.text


def test_an_audit_says_how_far_it_is(brain: Brain) -> None:
    brain.capture_many([brain.draft(f"a note about {number}") for number in range(1_100)])
    told: list[tuple[int, int | None]] = []

    brain.upkeep.audit(progress=lambda done, total: told.append((done, total)))

    assert [done for done, _ in told] == [500, 1_000]
    assert {total for _, total in told} == {1_100}
