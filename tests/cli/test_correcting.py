"""Can a memory be judged, set aside, brought back, shared and removed from a shell, but not by accident?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Say


@pytest.fixture
def memory(say: Say) -> str:
    captured = say("capture", "A restart cures it", "restart the pods", "--subject", "customer-17", "--json").value
    return str(captured["id"])


def titles(say: Say, *more: str) -> list[str]:
    return [hit["memory"]["title"] for hit in say("search", "restart", "--json", *more).value]


@pytest.mark.parametrize("verb", ["archive", "forget"])
def test_what_is_set_aside_is_not_found_and_comes_back(say: Say, memory: str, verb: str) -> None:
    say(verb, memory, "--reason", "not now")
    gone = titles(say)
    say("restore", memory)

    assert gone == []
    assert titles(say) == ["A restart cures it"]


def test_a_verdict_acts_and_is_undone(say: Say, memory: str) -> None:
    verdict = say("feedback", memory, "outdated", "--note", "since 2.0", "--json").value
    gone = titles(say)
    say("feedback", "--undo", verdict["id"])

    assert gone == []
    assert titles(say) == ["A restart cures it"]


def test_a_correction_supersedes(say: Say, memory: str) -> None:
    said = say(
        "feedback", memory, "wrong", "--correction", "-", given="a restart hides it: the probe answers too early"
    )
    [hit] = say("search", "restart", "--json").value

    assert "is the right answer" in said.out
    assert hit["memory"]["supersedes"] == memory


def test_history_shows_what_was_done_and_said(say: Say, memory: str) -> None:
    say("feedback", memory, "helpful", "--note", "saved the evening")
    say("archive", memory, "--reason", "autumn cleaning")
    said = say("history", memory)

    assert "saved the evening" in said.out
    assert "autumn cleaning" in said.out


def test_a_purge_needs_a_reason_and_a_yes_where_nobody_can_be_asked(say: Say, memory: str) -> None:
    without_reason = say("purge", memory)
    without_yes = say("purge", memory, "--reason", "asked to")
    neither = say("purge", "--reason", "asked to", "--yes")
    standing = titles(say)

    assert (without_reason.code, without_yes.code, neither.code) == (2, 1, 2)
    assert "--yes" in without_yes.err
    assert standing == ["A restart cures it"]


def test_a_purge_by_subject_names_the_backups_that_may_still_hold_it(say: Say, memory: str, tmp_path: Path) -> None:
    say("backup", "kept.db")
    said = say("purge", "--subject", "customer-17", "--reason", "asked to", "--yes")

    assert "Removed 1 for good" in said.out
    assert str(tmp_path / "kept.db") in said.out
    assert say("history", memory).code == 1


def test_a_promotion_copies_into_another_namespace(say: Say, memory: str) -> None:
    promoted = say("promote", memory, "organisation", "--reason", "all should know", "--json").value
    here = titles(say)
    there = say("search", "restart", "--namespace", "organisation", "--read", "organisation", "--json").value

    assert here == ["A restart cures it"]
    assert [hit["memory"]["id"] for hit in there] == [promoted["id"]]


def test_redact_shows_what_capture_would_keep(say: Say) -> None:
    said = say("redact", given="token=ghp_016C7nMOiGQ1KqFyKl3XmCsUu1nKbm0xYzAb\nfine\n")

    assert "ghp_" not in said.out
    assert "fine" in said.out
    assert "taken out: 1" in said.err


def test_redact_rescan_finds_nothing_where_capture_redacts(say: Say, memory: str) -> None:
    said = say("redact", "--rescan", "--dry-run", "--json")

    assert said.code == 0
    assert said.value["changed"] == 0
    assert say("redact", "--dry-run").code == 2


@pytest.mark.parametrize(
    "arguments",
    [("history", "nope"), ("archive", "nope"), ("forget", "nope"), ("restore", "nope"), ("feedback", "nope", "wrong"),
     ("supersede", "nope", "title"), ("promote", "nope", "organisation"), ("purge", "nope", "--reason", "r", "--yes")],
)  # fmt: skip
def test_an_unknown_id_is_one_clear_line(say: Say, arguments: tuple[str, ...]) -> None:
    said = say(*arguments)

    assert said.code == 1
    assert said.out == ""
    assert said.err.startswith("brainops: there is no memory 'nope'")


def test_a_backup_goes_back_only_where_nothing_stands_or_with_replace(say: Say, memory: str, store: Path) -> None:
    say("backup", "kept.db")
    say("capture", "Restart of the other kind", "later")
    refused = say("restore", "--from", "kept.db")
    done = say("restore", "--from", "kept.db", "--replace")

    assert refused.code == 1
    assert "--replace" in refused.err
    assert done.code == 0
    assert titles(say) == ["A restart cures it"]
    assert len(list(store.parent.glob("memory.db.replaced-*Z"))) == 1


def test_what_is_no_backup_is_refused(say: Say, memory: str, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"nothing of the kind" * 100)
    unknown = say("restore", "--from", "broken.db", "--replace")
    said = say("restore", "--from", "broken.db", "--replace", "--unverified")

    assert unknown.code == 1
    assert "--sha256" in unknown.err
    assert said.code == 1
    assert "does not verify" in " ".join(said.err.split())
    assert titles(say) == ["A restart cures it"]
