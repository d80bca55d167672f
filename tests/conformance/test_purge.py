"""Does a purge leave nothing, wherever the memory had left traces?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from brainops.errors import InvalidInput, NotFound
from brainops.types import Draft, Source
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

WORD = "zanzibarquux"  # stands nowhere else
NOWHERE = "0197f6a2-3c1e-7b0a-9d54-2f8b6c1a7e90"


def stored_bytes(store_url: str) -> bytes:
    """Return everything that the database keeps of its rows: the files of SQLite, every table of PostgreSQL."""
    if not store_url.startswith("postgres"):
        path = Path(store_url)
        return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.name.startswith(path.name))
    import psycopg

    dumped = b""
    with psycopg.connect(store_url) as connection:
        tables = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (table,) in tables:
            connection.execute("select set_config('brainops.upkeep', 'on', true)")
            rows: list[Any] = connection.execute(f"select t::text from {table} as t").fetchall()
            dumped += "\n".join(row[0] for row in rows).encode()
    return dumped


def test_a_purged_memory_leaves_no_byte(open_brain: OpenBrain, store_url: str) -> None:
    brain = open_brain()
    memory = brain.capture(f"{WORD} title", f"{WORD} body", tags=[WORD], metadata={"a": WORD}, subject="keep")
    brain.capture(f"{WORD} title", f"{WORD} body", metadata={"again": WORD}, source=Source(uri=f"x:{WORD}"))
    brain.feedback(memory.id, "wrong", note=f"because {WORD}")
    brain.archive(memory.id)
    brain.capture("another memory that stays")
    assert WORD.encode() in stored_bytes(store_url)

    removed = brain.purge(memory.id, reason="asked to")
    brain.close()

    assert removed.memory_ids == (memory.id,)
    assert WORD.encode() not in stored_bytes(store_url)


def test_a_purged_error_takes_the_log_and_the_receipts_along(open_brain: OpenBrain, store_url: str) -> None:
    brain = open_brain()
    with pytest.raises(RuntimeError), brain.operation("deploy", context={"host": WORD}):
        raise RuntimeError(f"{WORD} is unreachable")
    [error] = brain.retrieve(WORD)
    brain.guidance("deploy")

    brain.purge(error.memory.id, reason="asked to")
    brain.close()

    assert WORD.encode() not in stored_bytes(store_url)


def test_a_purge_by_subject_removes_all_states_and_only_that_subject(open_brain: OpenBrain) -> None:
    brain = open_brain()
    ids = [brain.capture(f"note {number} on alice", subject="alice").id for number in range(4)]
    brain.archive(ids[1])
    brain.forget(ids[2])
    brain.supersede(ids[3], Draft(title="a correction", subject="bob"))
    other = brain.capture("a note on alice2", subject="alice2")

    removed = brain.purge_subject("alice", reason="left the company")

    assert set(removed.memory_ids) == set(ids)
    assert brain.get(other.id).subject == "alice2"
    for memory_id in ids:
        with pytest.raises(NotFound):
            brain.get(memory_id)
    with pytest.raises(NotFound):
        brain.purge_subject("alice", reason="again")


def test_a_purge_names_the_backups_that_may_still_hold_it(open_brain: OpenBrain, tmp_path: Path) -> None:
    brain = open_brain()
    memory = brain.capture("gateway note")
    target = tmp_path / "copy.backup"
    brain.upkeep.backup(target)

    removed = brain.purge(memory.id, reason="asked to")

    assert removed.backups == (str(target),)


def test_a_purge_leaves_a_line_in_the_trail_that_does_not_say_what_it_was(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture(f"{WORD} note")
    keeper = brain.capture("keeper")

    brain.purge(memory.id, reason="asked to")

    with inside(brain).store.read() as tx:
        [line] = tx.trail.of(memory.id)
        assert (line.act, line.detail["reason"]) == ("purge", "asked to")
        assert WORD not in str(line)
        assert tx.trail.first_break("team/a") is None
    assert brain.get(keeper.id)


def test_a_purge_needs_a_reason_and_a_memory(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("gateway note")

    with pytest.raises(InvalidInput):
        brain.purge(memory.id, reason=" ")
    with pytest.raises(NotFound):
        brain.purge(NOWHERE, reason="asked to")

    assert brain.get(memory.id)


def test_the_neighbours_of_a_purged_memory_in_a_chain_stay_readable(open_brain: OpenBrain) -> None:
    brain = open_brain()
    first = brain.capture("Limit", "10")
    second = brain.supersede(first.id, Draft(title="Limit", content="20"))
    third = brain.supersede(second.id, Draft(title="Limit", content="30"))

    brain.purge(second.id, reason="asked to")

    assert brain.get(first.id).superseded_by != second.id
    assert brain.get(third.id).supersedes != second.id
    assert [hit.memory.id for hit in brain.retrieve("limit")] == [third.id]


def test_a_correction_can_be_purged_when_its_old_text_stands_there_again(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old = brain.capture("Limit", "10")
    correction = brain.supersede(old.id, Draft(title="Limit", content="20"))
    again = brain.capture("Limit", "10")

    brain.purge(correction.id, reason="asked to")

    assert [hit.memory.id for hit in brain.retrieve("limit")] == [again.id]
