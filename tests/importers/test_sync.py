"""Does an import stay in step with its source, and lose nothing on the way?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from brainops.errors import InvalidInput
from brainops.importers import Format, ImportAction, ImportReport, import_path
from brainops.importers.runbook_links import HEADING
from brainops.types import Trust
from tests.importers.material import Write, lines
from tests.importers.small_memory import SmallMemory

RULE = "groups: [{name: g, rules: [{alert: QueueStuck, expr: up, annotations: {summary: Queue is stuck, %s}}]}]\n"
URL = "runbook_url: 'https://example.com/queuestuck'"


@pytest.fixture
def memory() -> SmallMemory:
    return SmallMemory()


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.taken, report.repeated, report.superseded, report.moved, report.flagged


def ops(write: Write) -> Path:
    return write("a.md", "Alpha text.").parent


def test_importing_twice_changes_nothing_the_second_time(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    write("rules.yml", RULE % URL)
    write("QueueStuck.md", "Restart it.")

    first, second = import_path(memory, folder), import_path(memory, folder)

    assert counts(first) == (3, 0, 0, 0, 0)
    assert counts(second) == (0, 3, 0, 0, 0)
    assert memory.writes == 3


def test_a_dry_run_plans_and_writes_nothing(write: Write, memory: SmallMemory) -> None:
    report = import_path(memory, ops(write), dry_run=True)

    assert [(planned.action, planned.key) for planned in report.plan] == [(ImportAction.TAKE, "markdown:ops/a.md")]
    assert report.dry_run and memory.writes == 0


def test_sync_supersedes_what_changed(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    import_path(memory, folder, sync=True)
    write("a.md", "Beta text.")

    report = import_path(memory, folder, sync=True)

    assert counts(report) == (0, 0, 1, 0, 0)
    assert [(m.content, m.supersedes) for m in memory.current()] == [("Beta text.", "m00001")]


def test_without_sync_a_changed_document_is_added_and_said(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    import_path(memory, folder)
    write("a.md", "Beta text.")

    report = import_path(memory, folder)

    assert counts(report) == (1, 0, 0, 0, 0) and "--sync" in report.plan[0].reason
    assert counts(import_path(memory, folder, sync=True)) == (0, 1, 0, 0, 1)
    assert memory.flags == {"m00001": "another text of the same source"}


def test_sync_flags_what_is_gone_and_deletes_nothing(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    gone = write("b.md", "Gone soon.")
    import_path(memory, folder, sync=True)
    gone.unlink()

    assert counts(import_path(memory, folder)) == (0, 1, 0, 0, 0)
    report = import_path(memory, folder, sync=True)

    assert counts(report) == (0, 1, 0, 0, 1)
    assert list(memory.flags.values()) == ["gone from its source"]
    assert len(memory.current()) == 2


def test_sync_moves_what_was_renamed(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    old = write("old.md", "# One title\n\nStays the same.")
    import_path(memory, folder, sync=True)
    old.rename(folder / "new.md")

    report = import_path(memory, folder, sync=True)

    assert counts(report) == (0, 1, 0, 1, 0)
    assert memory.titled("One title").source.key == "markdown:ops/new.md"
    assert counts(import_path(memory, folder, sync=True)) == (0, 2, 0, 0, 0)


def test_a_move_that_changes_title_or_tags_supersedes_as_well(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    old = write("old.md", "Stays the same.")
    import_path(memory, folder, sync=True)
    old.rename(folder / "new.md")

    report = import_path(memory, folder, sync=True)

    assert counts(report) == (0, 1, 1, 1, 0)
    assert memory.titled("new").content == "Stays the same."
    assert counts(import_path(memory, folder, sync=True)) == (0, 2, 0, 0, 0)


def test_a_move_that_changes_tags_alone_is_a_move(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    old = write("old/b.md", "# One title\n\nStays the same.")
    import_path(memory, folder, sync=True)
    (folder / "new").mkdir()
    old.rename(folder / "new" / "b.md")

    report = import_path(memory, folder, sync=True)

    assert (counts(report), report.left) == ((0, 1, 0, 1, 0), ())


def test_a_section_that_left_its_document_is_flagged(write: Write, memory: SmallMemory) -> None:
    path = write("AGENTS.md", "## Build\n\nmake\n\n## Test\n\nmake test\n")
    import_path(memory, path.parent, sync=True)
    path.write_text("## Build\n\nmake\n")

    report = import_path(memory, path.parent, sync=True)

    assert [(p.action, p.key) for p in report.plan if p.action is ImportAction.FLAG] == [
        (ImportAction.FLAG, "markdown:ops/AGENTS.md#test")
    ]


def test_what_cannot_be_read_this_time_is_not_taken_for_deleted(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    write("b.md", "Readable.")
    write("notes.jsonl", lines({"title": "one", "id": 1}, {"title": "two", "id": 2}))
    import_path(memory, folder, sync=True)
    write("b.md", b"\xff\xfe\xff")
    write("notes.jsonl", '{"title": "one", "id": 1}\n{"title": "tw')

    report = import_path(memory, folder, sync=True)

    assert counts(report) == (0, 2, 0, 0, 0)
    assert [leave.fault for leave in report.left] == [True, True]


def test_another_folder_of_the_same_name_flags_nothing(write: Write, memory: SmallMemory, tmp_path: Path) -> None:
    import_path(memory, ops(write), sync=True)
    other = tmp_path / "elsewhere" / "ops"
    other.mkdir(parents=True)
    (other / "z.md").write_text("Quite another.")

    report = import_path(memory, other, sync=True)

    assert counts(report) == (1, 0, 0, 0, 0)
    assert "--name" in report.left[0].why
    assert counts(import_path(memory, other, sync=True, name="second")) == (0, 1, 0, 0, 0)


def test_syncing_one_file_or_folder_speaks_for_nothing_else(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    write("sub/b.md", "Beta.")
    import_path(memory, folder, sync=True)
    (folder / "sub" / "b.md").unlink()

    report = import_path(memory, folder / "a.md", sync=True)

    assert counts(report) == (0, 1, 0, 0, 0)


def test_checkouts_of_one_repository_are_one_source(tmp_path: Path, memory: SmallMemory) -> None:
    for name, url in (("one", "https://me:secret@Git.example.com/org/ops.git"), ("two", "git@git.example.com:org/ops")):
        (tmp_path / name / ".git").mkdir(parents=True)
        (tmp_path / name / ".git" / "config").write_text(f'[core]\n\turl = no\n[remote "{name}"]\n\turl = {url}\n')
        (tmp_path / name / "docs").mkdir()
        (tmp_path / name / "docs" / "a.md").write_text(f"Alpha from {name}.")
    import_path(memory, tmp_path / "one" / "docs", sync=True)

    report = import_path(memory, tmp_path / "two", sync=True)

    assert counts(report) == (0, 0, 1, 0, 0)
    assert report.plan[0].key == "markdown:git.example.com/org/ops/docs/a.md"


def test_of_two_drafts_with_one_key_the_second_is_left_and_said(write: Write, memory: SmallMemory) -> None:
    path = write("n.jsonl", lines({"id": 1, "title": "first"}, {"id": 1, "title": "second"}))

    report = import_path(memory, path)

    assert [m.title for m in memory.current()] == ["first"]
    assert "a second one with the key" in report.left[0].why


def test_a_copy_of_a_document_is_not_taken_twice(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    write("x/same.md", "# Same\n\ntext")
    write("x/again.md", "# Same\n\ntext")

    report = import_path(memory, folder)

    assert counts(report) == (2, 1, 0, 0, 0)
    assert [p.reason for p in report.plan if p.action is ImportAction.REPEAT] == ["the same as markdown:ops/x/again.md"]


@pytest.mark.parametrize("order", [("runbooks", "rules"), ("rules", "runbooks")])
@pytest.mark.parametrize("sync", [False, True])
def test_alerts_and_runbooks_are_bound_whichever_comes_first(
    write: Write, memory: SmallMemory, order: tuple[str, str], sync: bool
) -> None:
    folder = write("runbooks/QueueStuck.md", "Restart it.").parent.parent
    write("rules/rules.yml", RULE % URL)

    for part in order:
        report = import_path(memory, folder / part, sync=sync)

    assert report.bound == 1
    (alert,) = memory.by_source("prometheus:")
    (runbook,) = memory.by_source("markdown:")
    assert alert.metadata["runbook"] == runbook.source.key
    assert str(runbook.content).split(HEADING)[1].strip() == "- QueueStuck: Queue is stuck"
    writes = memory.writes
    for part in order:
        import_path(memory, folder / part, sync=sync)
    assert memory.writes == writes


def test_a_binding_leaves_with_its_alert(write: Write, memory: SmallMemory) -> None:
    folder = write("QueueStuck.md", "Restart it.").parent
    write("rules.yml", RULE % URL)
    import_path(memory, folder, sync=True)
    write("rules.yml", "groups: []\n")

    import_path(memory, folder, sync=True)

    (runbook,) = memory.by_source("markdown:")
    assert runbook.content == "Restart it."
    assert "alerts" not in runbook.metadata


def test_a_verified_runbook_is_not_rewritten_by_alerts_trusted_less(write: Write, memory: SmallMemory) -> None:
    folder = write("runbooks/QueueStuck.md", "Restart it.").parent.parent
    write("rules/rules.yml", RULE % URL)
    import_path(memory, folder / "runbooks", trust=Trust.VERIFIED)

    report = import_path(memory, folder / "rules")

    assert (counts(report), report.left) == ((1, 0, 0, 0, 0), ())
    assert memory.by_source("prometheus:")[0].metadata["runbook"] == "markdown:runbooks/QueueStuck.md"


@pytest.mark.parametrize("sync", [False, True])
def test_a_change_of_tags_alone_is_said_and_supersedes_nothing(write: Write, memory: SmallMemory, sync: bool) -> None:
    folder = write("a.md", "---\ntags: [one]\n---\nText.").parent
    import_path(memory, folder, sync=True)
    write("a.md", "---\ntags: [two]\n---\nText.")

    report = import_path(memory, folder, sync=sync)

    assert counts(report) == (0, 1, 0, 0, 0)
    assert "only tags or metadata changed" in report.plan[0].reason


def test_what_redaction_took_from_an_alert_is_no_change_of_its_binding(write: Write, memory: SmallMemory) -> None:
    folder = write("QueueStuck.md", "Restart it.").parent
    import_path(memory, write("rules.yml", RULE % URL).parent)
    (alert,) = memory.by_source("prometheus:")
    memory.memories[alert.id] = replace(alert, metadata={**alert.metadata, "summary": "[redacted]"})

    report = import_path(memory, folder / "QueueStuck.md")

    assert counts(report) == (0, 1, 0, 0, 0)


def test_an_alert_whose_expression_alone_changed_leaves_its_runbook_as_it_is(write: Write, memory: SmallMemory) -> None:
    folder = write("QueueStuck.md", "Restart it.").parent
    write("rules.yml", RULE % URL)
    import_path(memory, folder, sync=True)
    write("rules.yml", (RULE % URL).replace("expr: up", "expr: down"))

    report = import_path(memory, folder, sync=True)

    assert (counts(report), report.left) == ((0, 1, 1, 0, 0), ())


def test_a_draft_that_the_store_refuses_costs_nothing_else(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    write("0-echo.md", "ECHO of memory")
    memory.refused = "ECHO"

    report = import_path(memory, folder)

    assert counts(report) == (1, 0, 0, 0, 0)
    assert [leave.what for leave in report.left] == ["markdown:ops/0-echo.md"]


def test_progress_reaches_the_total(write: Write, memory: SmallMemory) -> None:
    seen: list[tuple[int, int | None]] = []

    import_path(memory, ops(write), progress=lambda done, total: seen.append((done, total)))

    assert seen == [(1, 1)]


def test_links_tools_and_loops_are_not_followed(write: Write, memory: SmallMemory, tmp_path: Path) -> None:
    folder = ops(write)
    write(".git/HEAD.md", "Not knowledge.")
    (tmp_path / "outside.md").write_text("A secret outside.")
    (folder / "loop").symlink_to(folder)
    (folder / "out.md").symlink_to(tmp_path / "outside.md")
    os.mkfifo(folder / "pipe.md")

    report = import_path(memory, folder)

    assert [m.content for m in memory.current()] == ["Alpha text."]
    said = {leave.what: leave.why for leave in report.left}
    assert said.keys() == {".git", "loop", "out.md", "pipe.md"}
    assert "symbolic link" in said["loop"] and "symbolic link" in said["out.md"]


def test_a_mixed_folder_takes_each_file_by_its_own_format(write: Write, memory: SmallMemory) -> None:
    folder = ops(write)
    write("rules.yml", RULE % "x: y")
    write("graph.json", lines({"type": "entity", "name": "db1", "entityType": "host", "observations": ["has 4 disks"]}))
    write("notes.jsonl", lines({"title": "A note", "content": "text"}))
    write("picture.png", b"\x89PNG\r\n\x1a\n\0")
    write("script.sh", "echo hello\n")

    report = import_path(memory, folder)

    assert sorted(m.title for m in memory.current()) == ["A note", "QueueStuck: Queue is stuck", "a", "db1"]
    assert {leave.what for leave in report.left} == {"picture.png", "script.sh"}


@pytest.mark.parametrize("format", ["markdown", "folder", "brainops-export", "word"])
def test_a_path_or_format_that_is_none_is_refused_with_the_way_out(
    tmp_path: Path, memory: SmallMemory, format: str
) -> None:
    with pytest.raises(InvalidInput, match=r"there are markdown|cannot be found"):
        import_path(memory, tmp_path / "nowhere", format=format)


def test_our_own_export_is_known_and_sent_where_it_is_read(write: Write, memory: SmallMemory) -> None:
    path = write("export.jsonl", lines({"brainops_export": 1}, {"title": "x"}))

    with pytest.raises(InvalidInput, match="import_from"):
        import_path(memory, path)


def test_the_trust_that_was_given_reaches_every_memory(write: Write, memory: SmallMemory) -> None:
    import_path(memory, ops(write), trust=Trust.VERIFIED)

    assert {m.trust for m in memory.current()} == {Trust.VERIFIED}


def test_what_is_no_document_is_left_with_the_reason_and_flagged_where_it_was_taken_before(
    write: Write, memory: SmallMemory
) -> None:
    kept = write("notes/a.md", "# Queue\n\nIt is small.\n")
    write(".gitignore", "# logs\n*.log\n")
    folder = kept.parent.parent
    import_path(memory, folder, format=Format.MARKDOWN)

    report = import_path(memory, folder, sync=True)

    assert (report.repeated, report.flagged) == (1, 1)
    assert [(leave.what, leave.fault) for leave in report.left] == [(".gitignore", False)]
