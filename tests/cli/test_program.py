"""Does the program as a whole keep its word: first screen, help, shared options, exit codes, errors as JSON?"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from brainops.cli.help import SECTIONS, page
from brainops.cli.program import FIRST_WEEK, main
from tests.cli.conftest import Say


def test_the_first_screen_fits_a_terminal_and_shows_a_dozen_commands_and_how_to_see_the_rest(say: Say) -> None:
    said = say()

    lines = said.out.splitlines()
    shown = [name.strip(",") for usage in FIRST_WEEK for name in usage.split() if name.strip(",") in main.commands]
    assert said.code == 0
    assert len(lines) <= 23  # the prompt stands below
    assert max(map(len, lines)) <= 80
    assert 12 <= len(shown) <= 18
    assert all(name in said.out for name in shown)
    assert f"all {len(main.commands)} commands" in said.out


def test_help_lists_every_command_by_purpose(say: Say) -> None:
    said = say("--help")

    assert all(f"  {name} " in said.out for name in main.commands)
    assert all(heading in said.out for heading in SECTIONS)


@pytest.mark.parametrize("width", [*range(50, 99, 6), 98])
def test_the_help_is_what_click_makes_of_the_options_and_commands_that_there_are(width: int) -> None:
    context, formatter = click.Context(main, info_name="brainops"), click.HelpFormatter(width=width)
    main.format_usage(context, formatter)
    main.format_help_text(context, formatter)
    click.Command.format_options(main, context, formatter)
    for heading, commands in SECTIONS.items():
        with formatter.section(heading):
            formatter.write_dl([(name, does) for name, (_, does, _) in commands.items()])

    assert page(width) == formatter.getvalue()


def test_the_version_is_that_of_the_installed_package(shell: Say) -> None:
    said = shell("--version")

    assert (said.code, said.out) == (0, f"brainops {importlib.metadata.version('brainops')}\n")
    assert shell("--version", "--json").out == said.out


def test_the_table_of_commands_names_those_of_the_modules() -> None:
    named = {name: main.commands[name].name for name in main.commands}

    assert named == {name: name for name in main.commands}


def test_the_version_and_the_status_import_only_what_they_use() -> None:
    program = (
        "import sys; from brainops.cli.program import main; main({!r}, standalone_mode=False); print(*sys.modules)"
    )

    def imported(*words: str) -> set[str]:
        asked = [sys.executable, "-c", program.format(words) + "; print(*sys.modules)"]
        return set(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split())

    assert not {"brainops.types", "brainops.brain", "brainops.cli.show"} & imported("--version")
    assert not {"brainops.cli.runs", "brainops.cli.procedures", "brainops.cli.guard"} & imported("cycles")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["remember", "x"], "capture"),
        (["recall"], "search"),
        (["find", "x"], "search"),
        (["undo"], "causes undo or improvements undo"),
        (["logs"], "ingest"),
        (["ps"], "runs"),
        (["statsu"], "status"),
        (["enrol"], "approver enrol"),
        (["runs", "ls"], "list"),
        (["fix", "shwo"], "show"),
        (["archive", "x", "--because", "y"], "--reason"),
        (["list", "-n", "3"], "--limit"),
        (["list", "--limt", "3"], "--limit"),
    ],
)
def test_a_wrong_name_is_told_with_the_one_that_is_meant(say: Say, words: list[str], meant: str) -> None:
    said = say(*words)

    assert said.code == 2
    assert f"Did you mean {meant}" in said.err


def test_a_name_that_is_like_nothing_suggests_nothing(say: Say) -> None:
    assert "Did you mean" not in say("xyzzyxyzzy").err


GROUPS = sorted(name for name, command in main.commands.items() if isinstance(command, click.Group))
WITHOUT_A_LIST = {
    "guard": "its rules are `guard rule list`, what they said is `guard decisions`",
    "language": "it has a budget and a record of use",
    "hook": "what hooks did is in `status` and `doctor`",
    "service": "there is one, of which `service status` tells",
    "session": "it has the one that is open",
}


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_that_has_things_lists_them(say: Say, name: str) -> None:
    group = main.commands[name]
    assert isinstance(group, click.Group)

    assert ("list" in group.commands) != (name in WITHOUT_A_LIST)
    if name not in WITHOUT_A_LIST:
        assert say(name, "list", "--json").code == 0


@pytest.mark.parametrize(
    "name", ["agent", "approvals", "cases", "fix", "improvements", "notices", "operations", "runs"]
)
def test_a_group_alone_lists_as_its_list_does_with_the_same_options(say: Say, name: str) -> None:
    assert say(name).out == say(name, "list").out
    assert say(name, "--json").value == say("--json", name, "list").value
    assert "Commands:" in say(name, "--help").out


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_says_what_it_does_and_where_the_shared_options_are(say: Say, name: str) -> None:
    said = say(name, "--help")

    assert said.code == 0
    assert main.commands[name].help
    assert "--json" in said.out


def leaves(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield the path of every command without commands below it."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from leaves(below, *path, name)
    else:
        yield path, command


LEAVES = dict(leaves(main))


def test_every_option_is_explained() -> None:
    silent = [
        f"{' '.join(path)} {option.opts[0]}"
        for path, command in LEAVES.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]

    assert silent == []


def test_a_reason_is_given_in_one_way_everywhere() -> None:
    given = {
        (" ".join(path), each.help)
        for path, command in LEAVES.items()
        for each in command.params
        if "reason" in (each.name or "")
    }

    assert {help for _, help in given} == {"Why; it is kept."}
    assert len(given) > 30


def test_shared_options_stand_before_or_after_the_command(say: Say, tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    say("init", "--store", other)
    say("--store", other, "--namespace", "team/other", "capture", "elsewhere", "text")
    before = say("--json", "--store", other, "--namespace", "team/other", "search", "elsewhere").value
    after = say("search", "elsewhere", "--json", "--store", other, "--read", "team/other", "--read", "x").value
    here = say("search", "elsewhere", "--json").value

    assert [hit["memory"]["namespace"] for hit in before + after] == ["team/other", "team/other"]
    assert here == []


def test_an_option_after_the_command_wins(say: Say, tmp_path: Path) -> None:
    say("--store", str(tmp_path / "first.db"), "init", "--store", str(tmp_path / "second.db"))

    assert not (tmp_path / "first.db").exists()
    assert (tmp_path / "second.db").exists()


def test_errors_are_one_json_document_on_standard_error(say: Say) -> None:
    unknown = say("history", "nope", "--json")
    misused = say("search", "--limit", "0", "--json")
    nothing = say("--json")

    assert (unknown.code, misused.code, nothing.code) == (1, 2, 2)
    assert unknown.error["type"] == "NotFound"
    assert misused.error["type"] == "BadParameter"
    assert (unknown.out, misused.out, nothing.out) == ("", "", "")


def test_after_two_dashes_json_is_a_word_like_any_other(say: Say) -> None:
    said = say("match", "--", "--json is not understood")

    assert said.code == 0
    assert "Nothing found" in said.out


def test_what_is_no_command_is_a_mistake_of_the_caller(say: Say) -> None:
    said = say("recall")

    assert said.code == 2
    assert "brainops --help" in said.err


def test_a_group_without_a_command_shows_its_help_once(say: Say) -> None:
    said = say("approver")

    assert said.code == 2
    assert said.err.count("Usage:") == 1
    assert "enrol" in said.err


def test_a_log_in_the_place_of_a_word_does_not_fill_the_screen(say: Say) -> None:
    said = say("fix", "show", "a-fix", "a line of a log " * 1_000)

    assert said.code == 2
    assert len(said.err) < 1_000


def test_a_traceback_is_shown_only_when_it_is_asked_for(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = say("history", "nope")
    monkeypatch.setenv("BRAINOPS_DEBUG", "1")
    traced = say("history", "nope")

    assert "Traceback" not in plain.err
    assert "Traceback" in traced.err


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("init",),
    ("capture", "a", "b"),
    ("search", "a"),
    ("match", "a"),
    ("guide", "a"),
    ("operations",),
    ("status",),
    ("doctor",),
    ("audit",),
    ("upgrade",),
    ("upgrade", "--check"),
    ("reindex",),
    ("reembed", "--model", "minilm"),
    ("compact", "--dry-run"),
    ("redact", "--rescan"),
    ("redact",),
    ("export", "out.jsonl"),
    ("backup", "out.db"),
    ("demo", "--quick"),
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_json_is_one_document_and_nothing_else(say: Say, arguments: tuple[str, ...]) -> None:
    say("init")
    said = say(*arguments, "--json")

    assert said.code == 0
    assert said.out.count("\n") == 1
    json.loads(said.out)
    assert said.err == ""


@pytest.mark.parametrize(
    "words", [("feedback",), ("operations", "finish", "x"), ("purge", "--reason", "x"), ("cases", "correct", "x")]
)
def test_what_is_wrong_with_the_words_is_told_before_memory_is_opened(say: Say, words: tuple[str, ...]) -> None:
    said = say(*words, "--store", "nowhere.db")

    assert said.code == 2
    assert "nowhere.db" not in said.err
    assert f"Try: brainops {words[0]}" in said.err


@pytest.mark.parametrize("option", ["--store", "--namespace", "--read", "--model"])
def test_an_option_without_its_value_is_refused_and_no_other_store_is_taken(say: Say, option: str) -> None:
    for given in ((option,), (option, ""), (f"{option}=",)):
        said = say("status", *given)
        assert said.code == 2
        assert option in said.err
