"""Does everything that is stored come through an export and an import unchanged, on either database?"""

from __future__ import annotations

import io
import json
import stat
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import ArchiveDamaged, Conflict, InvalidInput, SchemaTooNew
from brainops.memory.transfer import transfer
from brainops.memory.transfer.lines import VERSION
from brainops.store.operations import GrowthPolicy
from brainops.types import Draft, Source
from tests.conformance.conftest import OWNER, FreshDatabase, OpenBrain
from tests.conformance.postgres_server import PostgresServer
from tests.inside import inside

INTO = {name: name for name in ("team/a", "team/shared")}


@pytest.fixture(params=["sqlite", "postgres"])
def open_other(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Return a function that opens a Brain on a second, empty store, once of each database."""
    opened: list[Brain] = []

    def open_at(url: str) -> Callable[..., Brain]:
        def open_one(**options: Any) -> Brain:
            defaults = {"namespace": "team/a", "read": ["team/shared"], "model": "none", "background": False}
            opened.append(Brain.open(url, **{**defaults, **options}))
            return opened[-1]

        return open_one

    if request.param == "sqlite":
        yield open_at(str(tmp_path / "other.db"))
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        with FreshDatabase(server) as name:
            yield open_at(server.url(name, OWNER))
            for brain in opened:
                brain.close()
            opened.clear()
    for brain in opened:
        brain.close()


def fill(brain: Brain, name: str = "first") -> None:
    """Leave something of every kind, with everything that could get lost on the way."""
    first = brain.capture(
        f"Database Überlauf \u2028 日本 {name}",
        {"b": [1, 2.5, None, True, "x"], "a": {"nested": "\u0000 escaped"}},
        tags=["db", "ü/tag"],
        metadata={"host": "db-1", "big": 2**60},
        source=Source(uri="file:///x", key="x#1", session_id="s"),
        idempotency_key=name,
        subject="db-1",
        valid_to=4_000_000_000_000_000,
    )
    for number in range(3):
        brain.capture("Repeated", "text", metadata={"number": number})
    second = brain.supersede(first.id, Draft(title=f"Database overflow {name}", content="plain text"))
    given = brain.feedback(second.id, "wrong", note="no")
    brain.undo_feedback(given.id)
    brain.feedback(second.id, "helpful")
    brain.archive(brain.capture("Archived thing", f"about zebras {name}").id)
    brain.forget(brain.capture(f"Forgotten thing {name}").id)
    brain.promote(second.id, "team/shared")
    brain.upkeep.set_growth(GrowthPolicy(operation_name="poll", mode="sampled", rate=0.5))
    for number in range(3):
        with brain.operation("deploy api", target=f"t{number}", context={"n": number}) as running:
            running.note(result=[number], cost=0.1 * number)
    with pytest.raises(RuntimeError), brain.operation("deploy api", target="t0"):
        raise RuntimeError("database is unreachable")
    brain.operations.contradict(brain.operations.list(outcome="succeeded")[0].id, "was not")
    brain.begin("left open")


def lines_of(path: Path) -> list[str]:
    """Return an export's lines, but the first, which has the time."""
    return path.read_text(encoding="utf-8").split("\n")[1:-2]


def test_an_import_of_an_export_gives_the_same_export(
    open_brain: OpenBrain, open_other: OpenBrain, tmp_path: Path
) -> None:
    brain, other = open_brain(), open_other()
    fill(brain)
    brain.upkeep.compact(older_than_days=0)
    fill(brain, "second")

    exported = brain.upkeep.export_to(tmp_path / "one.jsonl")
    transfer.import_from(inside(other).context, str(tmp_path / "one.jsonl"), into=INTO)
    other.upkeep.export_to(tmp_path / "two.jsonl")

    assert lines_of(tmp_path / "one.jsonl") == lines_of(tmp_path / "two.jsonl")
    kinds = {"memory", "occurrence", "feedback", "operation", "operation_count", "guidance", "growth_policy", "audit"}
    assert set(exported.counts) == kinds | {"segment", "guard_count"}


def test_what_was_imported_is_found_and_its_trail_holds(
    open_brain: OpenBrain, open_other: OpenBrain, tmp_path: Path
) -> None:
    brain, other = open_brain(), open_other()
    fill(brain)
    brain.upkeep.export_to(tmp_path / "one.jsonl")

    imported = transfer.import_from(inside(other).context, str(tmp_path / "one.jsonl"), into=INTO)

    def found(each: Brain) -> list[str]:
        return sorted(hit.memory.id for hit in each.retrieve("database overflow", include_superseded=True))

    assert found(other) == found(brain)
    assert other.retrieve(tags=["ü/tag"], include_superseded=True)
    assert (
        other.match("RuntimeError: database is unreachable")[0].memory.title == "RuntimeError: database is unreachable"
    )
    assert imported.left == ()
    with inside(other).store.read() as tx:
        assert tx.trail.first_break("team/a") is None
        assert tx.trail.first_break("team/shared") is None


def test_importing_again_changes_nothing(open_brain: OpenBrain, open_other: OpenBrain, tmp_path: Path) -> None:
    brain, other = open_brain(), open_other()
    fill(brain)
    brain.upkeep.export_to(tmp_path / "one.jsonl")
    transfer.import_from(inside(other).context, str(tmp_path / "one.jsonl"), into=INTO)

    again = transfer.import_from(inside(other).context, str(tmp_path / "one.jsonl"), into=INTO)

    other.upkeep.export_to(tmp_path / "two.jsonl")
    assert again.taken == {}
    assert lines_of(tmp_path / "one.jsonl") == lines_of(tmp_path / "two.jsonl")


def as_format_1(path: Path) -> None:
    """Make an export what a program of the first format wrote: without the kinds and fields that came later."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()][:-1]
    lines[0]["brainops_export"] = 1
    known = {"memory", "occurrence", "feedback", "operation", "operation_count", "guidance", "growth_policy", "audit"}
    kept = [line for line in lines if line.get("kind", "memory") in known | {"segment"}]
    for line in kept:
        if line.get("kind") == "guidance":
            for name in ("used_at", "procedures", "required", "acknowledged"):
                del line[name]
    path.write_bytes(signed(kept))


def test_an_export_of_the_first_format_is_taken_in_whole(
    open_brain: OpenBrain, open_other: OpenBrain, tmp_path: Path
) -> None:
    brain, other = open_brain(), open_other()
    fill(brain)
    brain.upkeep.compact(older_than_days=0)
    fill(brain, "second")
    brain.upkeep.export_to(tmp_path / "one.jsonl")
    as_format_1(tmp_path / "one.jsonl")

    imported = transfer.import_from(inside(other).context, str(tmp_path / "one.jsonl"), into=INTO)

    other.upkeep.export_to(tmp_path / "two.jsonl")
    as_format_1(tmp_path / "two.jsonl")
    assert lines_of(tmp_path / "one.jsonl") == lines_of(tmp_path / "two.jsonl")
    assert imported.left == imported.disarmed == ()


def test_a_field_of_the_second_format_has_no_place_in_a_file_of_the_first(
    open_brain: OpenBrain, tmp_path: Path
) -> None:
    brain = open_brain()
    brain.guidance("deploy")
    brain.upkeep.export_to(tmp_path / "one.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "one.jsonl").read_text(encoding="utf-8").splitlines()]
    lines[0]["brainops_export"] = 1
    (tmp_path / "one.jsonl").write_bytes(signed(lines[:-1]))

    with pytest.raises(ArchiveDamaged, match="other fields"):
        brain.upkeep.import_from(tmp_path / "one.jsonl")


class Stopped(Exception):
    """Somebody pulled the plug."""


def test_an_import_that_was_stopped_goes_on_where_it_was(
    open_brain: OpenBrain, open_other: OpenBrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain, other = open_brain(), open_other()
    fill(brain)
    brain.upkeep.export_to(tmp_path / "one.jsonl")
    monkeypatch.setattr(transfer, "BATCH_LINES", 7)
    seen: list[int] = []

    def stop(done: int, total: int | None) -> None:
        seen.append(done)
        if len(seen) == 4:
            raise Stopped

    with pytest.raises(Stopped):
        transfer.import_from(inside(other).context, str(tmp_path / "one.jsonl"), stop, into=INTO)
    assert other.retrieve()

    transfer.import_from(inside(other).context, str(tmp_path / "one.jsonl"), into=INTO)

    other.upkeep.export_to(tmp_path / "two.jsonl")
    assert lines_of(tmp_path / "one.jsonl") == lines_of(tmp_path / "two.jsonl")


def test_only_the_written_namespace_is_taken_unless_the_call_says_more(
    open_brain: OpenBrain, open_other: OpenBrain, tmp_path: Path
) -> None:
    brain, other = open_brain(), open_other(read=["team/shared", "elsewhere"])
    fill(brain)
    brain.upkeep.export_to(tmp_path / "one.jsonl")

    imported = other.upkeep.import_from(tmp_path / "one.jsonl")

    assert {hit.memory.namespace for hit in other.retrieve(limit=100)} == {"team/a"}
    assert {left.kind for left in imported.left} == {"memory", "audit"}
    assert all("team/shared" in left.reason for left in imported.left)

    transfer.import_from(inside(other).context, str(tmp_path / "one.jsonl"), into={"team/shared": "elsewhere"})

    assert {hit.memory.namespace for hit in other.retrieve(limit=100)} == {"team/a", "elsewhere"}


def test_a_trail_that_cannot_be_continued_is_kept_in_the_one_that_stands(
    open_brain: OpenBrain, open_other: OpenBrain, tmp_path: Path
) -> None:
    brain, other = open_brain(), open_other()
    fill(brain)
    mine = other.capture("my own")
    other.archive(mine.id)
    brain.upkeep.export_to(tmp_path / "one.jsonl")

    other.upkeep.import_from(tmp_path / "one.jsonl")
    other.upkeep.import_from(tmp_path / "one.jsonl")

    with inside(other).store.read() as tx:
        trail = tx.trail.page("team/a", 0)
        assert tx.trail.first_break("team/a") is None
    acts = [line["act"] for line in trail]
    assert acts == ["archived", "import", "import"]
    kept = json.loads(trail[1]["detail"])["lines"]
    assert [line["act"] for line in kept][:3] == ["supersede", "feedback", "undo-feedback"]


def test_what_stands_here_already_is_left_alone(open_brain: OpenBrain, tmp_path: Path) -> None:
    brain = open_brain()
    memory = brain.capture("Limit", "10")
    brain.upkeep.export_to(tmp_path / "one.jsonl")
    brain.supersede(memory.id, Draft(title="Limit", content="20"))

    imported = brain.upkeep.import_from(tmp_path / "one.jsonl")

    assert imported.taken == {}
    assert brain.get(memory.id).superseded_by is not None


def test_the_same_content_under_another_id_is_left_with_its_reason(
    open_brain: OpenBrain, open_other: OpenBrain, tmp_path: Path
) -> None:
    brain, other = open_brain(), open_other()
    for _ in range(2):
        brain.capture("Limit", "10")
    mine = other.capture("Limit", "10")
    brain.upkeep.export_to(tmp_path / "one.jsonl")

    imported = other.upkeep.import_from(tmp_path / "one.jsonl")

    assert {left.kind: left.reason for left in imported.left} == {
        "memory": "another memory with the same content stands here already, and keeps what this one adds",
        "occurrence": "the memory or run that it belongs to was left",
    }
    assert other.get(mine.id).occurrences == 1


def spoil(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[: data.rindex(b'{"kind": "end"')],
        lambda data: data.replace(b"gateway", b"gateweg", 1),
        lambda data: b"\n".join([*data.split(b"\n")[:2], *data.split(b"\n")[3:]]),
        lambda data: data + data,
        lambda data: data.replace(b'"brainops_export"', b'"something"'),
        lambda data: b"",
        lambda data: b"\x00\xff garbage",
        lambda data: b"[" * 100_000,
        lambda data: b"[]\n" + data,
    ],
    ids=["cut", "no end", "changed", "line missing", "twice", "other", "empty", "binary", "nested", "no object"],
)
def test_a_damaged_export_is_refused_and_nothing_is_taken(
    open_brain: OpenBrain, open_other: OpenBrain, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    brain, other = open_brain(), open_other()
    for number in range(3):
        brain.capture(f"gateway note {number}")
    brain.upkeep.export_to(tmp_path / "one.jsonl")
    spoil(tmp_path / "one.jsonl", change)

    with pytest.raises(ArchiveDamaged):
        other.upkeep.import_from(tmp_path / "one.jsonl")

    assert other.retrieve() == []


def signed(lines: list[dict[str, Any]]) -> bytes:
    """Return lines with an end that fits them: what a hostile author would write."""
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    counts: dict[str, int] = {}
    for line in lines[1:]:
        counts[line["kind"]] = counts.get(line["kind"], 0) + 1
    end = {"kind": "end", "counts": counts, "sha256": sha256(data).hexdigest()}
    return data + (json.dumps(end) + "\n").encode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "no_such_type"),
        ("state", "nowhere"),
        ("trust", 7),
        ("title", None),
        ("title", "a\0b"),
        ("title", "\ud800"),
        ("content", float("nan")),
        ("content_format", "xml"),
        ("tags", "text"),
        ("tags", [1]),
        ("metadata", []),
        ("created_at", -1),
        ("created_at", 2**63),
        ("created_at", "1"),
        ("importance", True),
        ("namespace", "../up"),
        ("kind", "surprise"),
        ("extra", 1),
    ],
)
def test_a_signed_export_with_values_that_mean_nothing_is_refused(
    open_brain: OpenBrain, tmp_path: Path, field: str, value: Any
) -> None:
    brain = open_brain()
    brain.capture("gateway", {"a": 1})
    path = tmp_path / "one.jsonl"
    brain.upkeep.export_to(path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[1][field] = value
    path.write_bytes(signed(lines[:-1]))

    with pytest.raises(ArchiveDamaged):
        brain.upkeep.import_from(path)


def test_an_export_of_a_newer_format_is_refused_with_the_way_out(open_brain: OpenBrain, tmp_path: Path) -> None:
    (tmp_path / "new.jsonl").write_bytes(signed([{"brainops_export": VERSION + 1, "namespaces": []}]))

    with pytest.raises(SchemaTooNew, match="upgrade"):
        open_brain().upkeep.import_from(tmp_path / "new.jsonl")


def test_an_export_appears_whole_or_not_at_all(
    open_brain: OpenBrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain = open_brain()
    fill(brain)
    target = tmp_path / "folder" / "one.jsonl"
    target.parent.mkdir()
    brain.upkeep.export_to(target)
    before = target.read_bytes()
    monkeypatch.setattr(transfer, "BATCH_LINES", 5)

    def stop(done: int, total: int | None) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        brain.upkeep.export_to(target, progress=stop, force=True)

    assert target.read_bytes() == before
    assert [file.name for file in target.parent.iterdir()] == ["one.jsonl"]


def test_an_export_is_only_for_its_owner_and_says_its_digest(open_brain: OpenBrain, tmp_path: Path) -> None:
    brain = open_brain()
    brain.capture("gateway")
    path = tmp_path / "one.jsonl"

    exported = brain.upkeep.export_to(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert exported.sha256 == sha256(path.read_bytes()).hexdigest()
    assert (exported.memories, exported.path) == (1, str(path))


def test_an_export_goes_through_standard_output_and_input(
    open_brain: OpenBrain, open_other: OpenBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain, other = open_brain(), open_other()
    brain.capture("gateway")
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe))
    brain.upkeep.export_to("-")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pipe.getvalue())))

    other.upkeep.import_from("-")

    assert [hit.memory.title for hit in other.retrieve("gateway")] == ["gateway"]


def test_a_place_that_cannot_be_written_or_read_is_a_clear_error(open_brain: OpenBrain, tmp_path: Path) -> None:
    brain = open_brain()

    for act in (
        lambda: brain.upkeep.export_to(tmp_path / "missing" / "one.jsonl"),
        lambda: brain.upkeep.export_to(tmp_path),
        lambda: brain.upkeep.export_to(tmp_path / "a\0b"),
        lambda: brain.upkeep.import_from(tmp_path / "missing.jsonl"),
        lambda: brain.upkeep.import_from(tmp_path),
        lambda: brain.upkeep.import_from("a\0b"),
    ):
        with pytest.raises(InvalidInput):
            act()


def test_facts_about_the_installation_are_not_exported(open_brain: OpenBrain, tmp_path: Path) -> None:
    brain = open_brain(personal_data="hash")
    brain.capture("gateway")
    with inside(brain).store.read() as tx:
        key = tx.setting("redaction_key")

    brain.upkeep.export_to(tmp_path / "one.jsonl")

    assert key is not None
    assert key not in (tmp_path / "one.jsonl").read_text(encoding="utf-8")


def test_a_backup_is_remembered_and_never_overwritten(open_brain: OpenBrain, tmp_path: Path) -> None:
    brain = open_brain()
    brain.capture("gateway")
    target = tmp_path / "copy.backup"

    digest = brain.upkeep.backup(target)

    assert digest == sha256(target.read_bytes()).hexdigest()
    with inside(brain).store.read() as tx:
        [row] = tx.trail.backups()
        assert (row["path"], row["sha256"]) == (str(target), digest)
        assert [line["act"] for line in tx.trail.page("team/a", 0)] == ["backup"]
    with pytest.raises(Conflict):
        brain.upkeep.backup(target)


def test_a_memory_that_arrives_where_its_equal_had_ended_or_is_about_another_is_there(
    open_brain: OpenBrain, open_other: OpenBrain, tmp_path: Path
) -> None:
    there, here = open_brain(namespace="team/b", read=[]), open_other()
    for title, subject in (("Ended", None), ("Of two", "bob"), ("Of one", "bob")):
        there.capture(title, "the same", subject=subject, metadata={"from": "b"}, idempotency_key=title)
    there.upkeep.export_to(tmp_path / "b.jsonl")
    ended = here.capture("Ended", "the same")
    here.feedback(ended.id, "outdated")
    here.capture("Of two", "the same", subject="alice")
    one = here.capture("Of one", "the same", idempotency_key="Of two")

    for _ in range(2):
        here.upkeep.import_from(tmp_path / "b.jsonl", into={"team/b": "team/a"})

    found = sorted((hit.memory.title, hit.memory.subject or "") for hit in here.retrieve())
    assert found == [("Ended", ""), ("Of one", "bob"), ("Of two", "alice"), ("Of two", "bob")]
    assert here.get(one.id).metadata == {"from": "b"}
    assert len(here.purge_subject("bob", reason="asked to").memory_ids) == 2
