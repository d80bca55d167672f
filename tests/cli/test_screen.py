"""Can stored text steer a terminal, or break the shape of a line? It must not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from brainops.cli import screen
from tests.cli.conftest import Say

HARMLESS = {"\n", "\t", "\u200c", "\u200d"}


@given(some.text())
def test_no_control_format_or_surrogate_character_reaches_the_terminal(text: str) -> None:
    shown = screen.safe(text)

    steering = [character for character in shown if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")]
    assert set(steering) <= HARMLESS
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff") & set(shown)


@given(some.text(some.characters(exclude_categories=("C", "Z"))))
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    assert screen.safe(text) == text


@given(some.text(), some.integers(10, 100))
def test_a_cut_text_fits_its_room(text: str, room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        shown = screen.cut(screen.one_line(text), room)

    assert screen.columns(shown) <= room


@given(some.text())
def test_wrapped_lines_fit_and_lose_no_word(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "40")
        lines = list(screen.wrapped(text, indent="    "))

    assert all(screen.columns(line) <= 41 for line in lines)
    assert "".join("".join(lines).split()) == "".join(screen.safe(text).split())


def test_a_way_out_stays_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    at_hand = "brainops runs current 01a2057b-efec-7023-87d9-697a7eb83bff"

    assert list(screen.wrapped(f"step 'wrong' is not at hand; see what is: {at_hand}")) == [
        "step 'wrong' is not at hand; see what is:",
        at_hand,
    ]
    assert list(screen.wrapped("there is none, and a long way to go to it; `brainops approvals` lists them")) == [
        "there is none, and a long way to go to it;",
        "`brainops approvals` lists them",
    ]


def test_a_wide_character_takes_two_columns() -> None:
    assert screen.columns("磁盘 full") == 9


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "now"), (61, "1 min"), (7_300, "2 h"), (200_000, "2 d"), (9e7, "2 y"), (-500, "ahead")]
)
def test_an_age_is_said_in_one_unit(seconds: float, said: str) -> None:
    assert screen.age(0, int(seconds * 1e6)) == said


def test_escapes_in_a_memory_are_shown_and_not_sent(say: Say) -> None:
    captured = say("capture", "red \x1b[31malert\x1b[0m", "title \x1b]0;pwned\x07 and \u202egnp.exe", "--json").value
    human = say("search", "red alert", "--full").out + say("history", captured["id"]).out
    machine = say("search", "red alert", "--json").out

    assert "\\x1b[31malert" in human
    assert "\\u202egnp" in human
    assert not set("\x1b\x07\u202e") & set(human + machine)


def test_no_line_of_any_help_is_wider_than_a_terminal(say: Say) -> None:
    from brainops.cli.program import main

    wide = {}
    for name, group in main.commands.items():
        for path in ([name], *([name, each] for each in getattr(group, "commands", {}))):
            lines = [
                line for line in say(*path, "--help").out.splitlines() if len(line) > 80 and "|" not in line
            ]  # a choice is one word
            wide.update({" ".join(path): lines} if lines else {})

    assert wide == {}
