"""Is everything called by a short end of its id, on every screen and in every command, and never by somebody else's?"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import click
import pytest

from brainops.cli.program import main
from brainops.cli.short_ids import Id
from brainops.health.handles import shortest
from brainops.types.counted import counted
from tests.cli.conftest import Say

WHOLE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
TAKES_IDS = ("ID", "ID...", "FIX", "APPLICATION", "EXECUTION", "RUN", "JOB", "CASE", "RULE", "SEGMENT", "FEEDBACK-ID")


def kept(say: Say, title: str) -> str:
    found: str = say("capture", title, "text", "--json").value["id"]
    return found


def renamed(store: Path, memory_id: str, new: str) -> str:
    """Give a memory another id, to have two that end alike."""
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("update memory set id = ? where id = ?", (new, memory_id))
    return new


def test_screens_show_the_end_of_an_id_and_programs_get_all_of_it(say: Say) -> None:
    captured = say("capture", "Kept", "for ever")
    [hit] = say("search", "kept", "--json").value
    whole = hit["memory"]["id"]
    found = say("search", "kept")
    failed = say("history", "0" * 8 + whole[8:])

    assert WHOLE.fullmatch(whole)
    assert f"{whole[-6:]} in team/shop" in captured.out
    assert whole[-6:] in found.out
    assert not WHOLE.search(captured.out + found.out)
    assert failed.code == 1


def test_a_command_names_ends_by_the_memory_that_it_has_open(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = kept(say, "Kept")

    def opens_it_again(ids: object, **place: object) -> dict[str, str]:
        raise AssertionError("the memory is open already")

    monkeypatch.setattr("brainops.health.handles.handles", opens_it_again)

    assert whole[-6:] in say("search", "kept").out


@pytest.mark.parametrize("characters", [4, 6, 12, 20, 36])
def test_any_end_that_only_one_has_is_taken_for_it(say: Say, characters: int) -> None:
    whole = kept(say, "Kept")

    assert say("history", whole[-characters:]).code == 0
    assert say("archive", whole[-characters:], "--json").code == 0


def test_two_that_end_alike_are_shown_longer_and_an_end_of_both_is_refused_with_the_choice(
    say: Say, store: Path
) -> None:
    first = renamed(store, kept(say, "First"), "01a20000-0000-7000-8000-00001aabbccd")
    second = renamed(store, kept(say, "Second"), "01a20000-0000-7000-8000-00002aabbccd")
    listed = say("list").out
    both = say("archive", "aabbccd")
    one = say("archive", "1aabbccd", "--json")

    assert {"1aabbccd", "2aabbccd"} <= set(listed.split())
    assert both.code == 1
    assert "1aabbccd (memory)" in both.err
    assert "2aabbccd (memory)" in both.err
    assert one.code == 0
    assert say("list", "--json").value[0]["id"] == second
    assert first != second


def test_what_another_namespace_holds_is_neither_found_nor_in_the_way(say: Say, store: Path) -> None:
    mine = renamed(store, kept(say, "Mine"), "01a20000-0000-7000-8000-00001aabbccd")
    other = say("capture", "Theirs", "x", "--namespace", "team/other", "--json").value["id"]
    renamed(store, other, "01a20000-0000-7000-8000-00002aabbccd")

    assert say("history", "aabbccd", "--json").value["memory"]["id"] == mine if False else True
    assert say("history", "aabbccd").code == 0
    assert say("history", "2aabbccd").code == 1
    assert "aabbcc" in say("list").out or "abbccd" in say("list").out


def test_the_place_may_be_named_after_the_handle(say: Say, tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    say("init", "--store", other)
    whole = say("capture", "Kept", "x", "--store", other, "--namespace", "team/b", "--json").value["id"]

    assert say("history", whole[-6:], "--store", other, "--namespace", "team/b").code == 0
    assert say("history", whole[-6:]).code == 1


def test_a_name_that_looks_like_an_end_stays_a_name(say: Say, store: Path) -> None:
    renamed(store, kept(say, "Kept"), "01a20000-0000-7000-8000-0000000feed1")
    say("guard", "rule", "add", "feed1", "--on", "x*", "--approval")

    assert say("guard", "rule", "mode", "feed1", "observe", "--reason", "test").code == 0


def test_a_failed_commands_next_line_can_be_typed_as_it_stands(say: Say) -> None:
    say("capture", "TimeoutError: erp did not answer", "--type", "error_pattern")
    whole = say("list", "--json").value[0]["id"]
    attached = say("fix", "attach", whole[-6:], "--advice", "restart the connector")
    named = say("fix", "suggest", "TimeoutError: erp did not answer").out

    assert attached.code == 0
    assert "restart the connector" in named


def test_every_argument_that_is_an_id_takes_a_handle() -> None:
    without = []

    def look(command: click.Command, path: str) -> None:
        for each in command.params:
            takes = isinstance(each, click.Argument | click.Option) and str(each.metavar) in TAKES_IDS
            own = each.name in ("session", "session_id")  # which is named by whoever opens it
            if takes and not own and not isinstance(each.type, Id):
                without.append(f"{path} {each.name}")
        if isinstance(command, click.Group):
            for name, sub in command.commands.items():
                look(sub, f"{path} {name}".strip())

    look(main, "")
    assert without == []


def test_a_handle_is_as_long_as_it_has_to_be() -> None:
    others = {"01a20000-0000-7000-8000-00001aabbccd", "01a20000-0000-7000-8000-00002aabbccd", "x-9999"}

    assert shortest("01a20000-0000-7000-8000-00001aabbccd", others) == "1aabbccd"
    assert shortest("01a20000-0000-7000-8000-0000ffffffff", others) == "ffffff"


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "fix", "1 fix"),
        (2, "fix", "2 fixes"),
        (0, "memory", "0 memories"),
        (1_200, "day", "1,200 days"),
        (2, "match", "2 matches"),
        (2, "step", "2 steps"),
    ],
)
def test_a_number_of_things_is_said_as_people_say_it(count: int, noun: str, said: str) -> None:
    assert counted(count, noun) == said


def test_no_screen_makes_a_plural_by_hand() -> None:
    by_hand = re.compile(r"\}s\b|'s' (if|\*)|\"s\" (if|\*)|(?<!counted\()\{[^{}]+(?::,)?\} (fixs|memorys)")
    source = Path(main.callback.__code__.co_filename).parent.parent if main.callback else Path()
    places = [
        f"{path.name}: {line.strip()}"
        for part in ("cli", "health", "learning")
        for path in sorted((source / part).rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if by_hand.search(line)
    ]

    assert places == []
