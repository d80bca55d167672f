"""Does the feed tell of all that happens, in one order, each commit once, and of nothing that is not to be read?"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.errors import CursorExpired, InvalidInput
from brainops.health.store_location import restore
from brainops.store import acts
from brainops.store.changes import ChangeRows
from brainops.types import (
    ApplicationState,
    ApprovalState,
    ChangeKind,
    DecisionKind,
    ExecutionState,
    FeedEntry,
    ImprovementState,
    JobState,
    ProcedureState,
    RunState,
    StepState,
)
from brainops.types.times import DAY_MICROS
from tests.conformance.conftest import OWNER, OpenBrain
from tests.conformance.everything import MARTA, furnish
from tests.conformance.postgres_server import PostgresServer
from tests.inside import inside

WRITER = """
import sys
from brainops.brain import Brain
with Brain.open(sys.argv[1], namespace="team/a", read=[], model="none", background=False) as brain:
    for number in range(int(sys.argv[3])):
        brain.capture(f"{sys.argv[2]} {number}", "said")
        print(number, flush=True)
"""

NOW = 1_800_000_000_000_000


def followed(brain: Brain, after: str | None = None, limit: int = 100) -> Iterator[FeedEntry]:
    """Yield all that a reader finds who goes on from page to page."""
    while page := brain.changes(after=after, limit=limit):
        yield from page
        after = page.next


@pytest.mark.parametrize(
    ("noun", "states"),
    [
        ("run", RunState),
        ("step", StepState),
        ("task", ExecutionState),
        ("approval", ApprovalState),
        ("procedure", ProcedureState),
        ("job", JobState),
        ("application", ApplicationState),
        ("improvement", ImprovementState),
        ("decision", DecisionKind),
    ],
)
def test_a_noun_has_a_kind_for_each_state(noun: str, states: type[RunState]) -> None:
    assert {kind for kind in ChangeKind if kind.noun == noun} == {f"{noun}.{state}" for state in states}


def test_every_noun_is_told_with_what_its_row_says(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=MARTA)
    furnish(brain)
    brain.sessions.open()
    brain.capture_error("PoolTimeout: none was free")
    brain.jobs.start("doctor")
    brain.handle("alert.Slow", key="a key / with a slash", target="api")
    brain.flush()
    furnished = list(followed(brain))

    assert {kind.noun for kind in ChangeKind} == {entry.kind.noun for entry in furnished}
    assert {entry.kind.noun for entry in furnished if not entry.facts} <= {"setting", "rule"}  # or a built-in rule


def test_what_happens_is_told_in_order_by_noun_or_kind(open_brain: OpenBrain) -> None:
    brain = open_brain()
    start = brain.changes(after="newest").next
    first = brain.capture("the pool is small", "x")
    with brain.operation("deploy", target="api"):
        pass
    brain.archive(first.id)
    brain.sessions.open()

    told = brain.changes(after=start)
    assert [entry.kind.value for entry in told] == [
        "memory.captured",
        "operation.begun",
        "operation.succeeded",
        "memory.archived",
        "act.done",
        "session.opened",
    ]
    assert told[0].facts == {"type": "learning_insight", "title": "the pool is small"}
    assert [entry.ref for entry in brain.changes(after=start, kinds=["memory"])] == [first.id, first.id]
    assert [entry.kind for entry in brain.changes(after=start, kinds=[ChangeKind.OPERATION_BEGUN])] == [
        ChangeKind.OPERATION_BEGUN
    ]


def test_a_reader_goes_on_from_the_cursor_of_any_change(open_brain: OpenBrain) -> None:
    brain = open_brain()
    ids = [brain.capture(f"note {number}", "x").id for number in range(5)]
    entries = list(brain.changes())

    assert [entry.ref for entry in entries] == ids
    for limit in (1, 2, 3):
        assert [entry.ref for entry in followed(brain, limit=limit)] == ids
    for number, entry in enumerate(entries):
        assert [later.ref for later in brain.changes(after=entry.id)] == ids[number + 1 :]
        assert [earlier.ref for earlier in brain.changes(before=entry.id, limit=2)] == ids[max(0, number - 2) : number]


def test_only_what_the_view_reads_is_told_and_a_purged_memory_says_nothing(open_brain: OpenBrain) -> None:
    brain, elsewhere = open_brain(actor=MARTA), open_brain(namespace="team/b", read=[])
    elsewhere.capture("a secret of team b", "x")
    gone = brain.capture("a name that must go", "x")
    brain.purge(gone.id, reason="asked to")

    told = list(followed(brain))
    assert {entry.namespace for entry in told} == {"team/a"}
    assert "a name that must go" not in repr(told)
    assert told[0].facts == {}
    assert brain.changes(kinds=["memory"])[-1].ref == gone.id


def test_a_cursor_that_is_none_is_refused_with_what_to_hand_in(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture("a note", "x")
    cursor = str(brain.changes().next)

    for wrong in ("", "abc", cursor[:-1], cursor + "A", "é", "WyJydW5zIiwxXQ", "x" * 5_000):
        with pytest.raises(InvalidInput, match="cursor"):
            brain.changes(after=wrong)
    with pytest.raises(InvalidInput, match="either"):
        brain.changes(after=cursor, before=cursor)
    with pytest.raises(InvalidInput, match="memory, error, session"):
        brain.changes(kinds=["memories"])
    with pytest.raises(InvalidInput, match="limit"):
        brain.changes(limit=0)


def test_a_commit_that_comes_late_is_told_after_all_and_once_on_postgres(
    postgres: PostgresServer, database: str
) -> None:
    """On SQLite one transaction at a time writes, and none can come late."""
    early, late, reader = (
        Brain.open(
            postgres.url(database, OWNER), namespace=name, read=["early", "late"], model="none", background=False
        )
        for name in ("early", "late", "reader")
    )
    with early, late, reader:
        start = reader.changes(after="newest").next
        with inside(early).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            tx.session.run("setting_put", name="begun_first", value="it has written")
            committed = late.capture("committed while another was open", "x")
            page = reader.changes(after=start)
            since, held_by = delayed(reader)
            feed = next(check for check in reader.upkeep.doctor() if check.name == "feed")
            assert page == [] and since is not None and "pid" in held_by and feed.passed
            tx.session.run(
                "feedback_insert", id="f", memory_id="m", verdict="helpful", actor_kind="person", actor_id="a",
                actor_proof="p", at=1, note=None, correction_id=None, undone_at=None,
            )  # fmt: skip
        told = list(followed(reader, page.next))

        assert [entry.ref for entry in told] == ["m", committed.id]
        assert delayed(reader) == (None, "")


def delayed(brain: Brain) -> tuple[int | None, str]:
    with inside(brain).store.read() as tx:
        return tx.changes.delayed()


def test_a_transaction_that_hangs_is_named_by_doctor(open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch) -> None:
    brain = open_brain(clock=lambda: NOW)
    held = "pid 4711 (psql), for 90 s"
    monkeypatch.setattr(ChangeRows, "delayed", lambda self: (NOW - 90_000_000, held))

    feed = next(check for check in brain.upkeep.doctor() if check.name == "feed")
    assert not feed.passed
    assert "90 s" in feed.detail and held in feed.detail and "pg_terminate_backend" in feed.way_out


def test_processes_that_write_and_one_that_is_killed_lose_no_line(open_brain: OpenBrain, store_url: str) -> None:
    brain = open_brain()
    after = brain.changes(after="newest").next
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, store_url, name, count], stdout=subprocess.PIPE, text=True, bufsize=1
        )
        for name, count in (("one", "40"), ("two", "40"), ("killed", "100000"))
    ]
    victim = writers[2]
    assert victim.stdout is not None
    told: list[str] = []
    for _ in range(10):
        victim.stdout.readline()
        page = brain.changes(after=after, limit=7)
        told += [entry.ref for entry in page]
        after = page.next
    victim.send_signal(signal.SIGKILL)
    for writer in writers:
        writer.communicate(timeout=60)
    told += [entry.ref for entry in followed(brain, after, limit=7)]

    committed = {hit.memory.id for hit in brain.retrieve(limit=1_000)}
    assert len(told) == len(set(told))
    assert set(told) == committed and len(committed) >= 90


def test_a_restored_backup_begins_another_history(open_brain: OpenBrain, store_url: str, tmp_path: Path) -> None:
    with Brain.open(store_url, namespace="team/a", read=[], model="none", background=False) as brain:
        brain.capture("before", "x")
        brain.upkeep.backup(tmp_path / "backup")
        cursor = brain.changes().next
    restore(str(tmp_path / "backup"), store_url, replace=True)

    restored = open_brain()
    with pytest.raises(CursorExpired, match="after='newest'"):
        restored.changes(after=cursor)
    after = restored.capture("after", "x")
    assert next(reversed(restored.changes())).ref == after.id


def test_what_is_older_than_what_is_kept_is_trimmed_and_whoever_comes_from_there_is_told(
    open_brain: OpenBrain,
) -> None:
    now = [NOW]
    brain = open_brain(clock=lambda: now[0])
    for number in range(4):
        brain.capture(f"old {number}", "x")
    entries = brain.changes()
    now[0] += 8 * DAY_MICROS
    fresh = brain.capture("fresh", "x")
    inside(brain).services.changes.trim()

    assert [entry.ref for entry in brain.changes()] == [fresh.id]
    assert [entry.ref for entry in brain.changes(after=entries[-1].id)] == [fresh.id]
    assert brain.changes(after="newest") == []
    for old in entries[:3]:
        with pytest.raises(CursorExpired, match="changes_days = 7"):
            brain.changes(after=old.id)


def test_a_feed_of_which_all_was_trimmed_goes_on_behind_its_end(open_brain: OpenBrain) -> None:
    now = [NOW]
    brain = open_brain(clock=lambda: now[0])
    brain.capture("old", "x")
    end = brain.changes().next
    now[0] += 30 * DAY_MICROS
    inside(brain).services.changes.trim()
    fresh = brain.capture("fresh", "x")

    assert [entry.ref for entry in brain.changes(after=end)] == [fresh.id]


def test_what_another_schema_version_captures_is_told_too(open_brain: OpenBrain) -> None:
    """The statement itself tells the feed, so that a program that knows of none does as well."""
    brain = open_brain()
    start = brain.changes(after="newest").next
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.session.run(
            "feedback_insert", id="f", memory_id="m", verdict="helpful", actor_kind="person", actor_id="a",
            actor_proof="p", at=1, note=None, correction_id=None, undone_at=None,
        )  # fmt: skip

    assert [entry.ref for entry in brain.changes(after=start)] == ["m"]
