"""Does the program as a whole keep its word: first screen, help, shared options, exit codes, errors as JSON?"""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from brainops.cli import main
from brainops.cli.program import FIRST_SCREEN, SECTIONS
from tests.cli.conftest import Say


def test_the_first_screen_fits_a_terminal_and_names_every_command(say: Say) -> None:
    said = say()

    lines = said.out.splitlines()
    assert said.code == 0
    assert len(lines) <= 23  # the prompt stands below
    assert max(map(len, lines)) <= 80
    missing = [name for name in main.commands if name not in FIRST_SCREEN and name != "demo"]
    assert missing == []


def test_help_lists_every_command_by_purpose(say: Say) -> None:
    said = say("--help")

    assert all(f"  {name} " in said.out for name in main.commands)
    assert all(heading in said.out for heading in SECTIONS)


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_says_what_it_does_and_where_the_shared_options_are(say: Say, name: str) -> None:
    said = say(name, "--help")

    assert said.code == 0
    assert main.commands[name].help
    assert "--json" in said.out


def test_every_option_is_explained() -> None:
    silent = [
        f"{name} {option.opts[0]}"
        for name, command in main.commands.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]

    assert silent == []


def test_shared_options_stand_before_or_after_the_command(say: Say, tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    say("init", "--store", other)
    say("--store", other, "--namespace", "team/other", "capture", "elsewhere", "text")
    before = say("--json", "--store", other, "--namespace", "team/other", "retrieve", "elsewhere").value
    after = say("retrieve", "elsewhere", "--json", "--store", other, "--read", "team/other", "--read", "x").value
    here = say("retrieve", "elsewhere", "--json").value

    assert [hit["memory"]["namespace"] for hit in before + after] == ["team/other", "team/other"]
    assert here == []


def test_an_option_after_the_command_wins(say: Say, tmp_path: Path) -> None:
    say("--store", str(tmp_path / "first.db"), "init", "--store", str(tmp_path / "second.db"))

    assert not (tmp_path / "first.db").exists()
    assert (tmp_path / "second.db").exists()


def test_errors_are_one_json_document_on_standard_error(say: Say) -> None:
    unknown = say("history", "nope", "--json")
    misused = say("retrieve", "--limit", "0", "--json")
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
    said = say("guard", "rule")

    assert said.code == 2
    assert said.err.count("Usage:") == 1
    assert "remove" in said.err


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
    ("retrieve", "a"),
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
