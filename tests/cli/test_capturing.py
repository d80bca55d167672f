"""Does what is captured from a shell get into memory, and is it said what became of it?"""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Say


def test_a_capture_is_found_by_the_next_question(say: Say) -> None:
    captured = say("capture", "Payments time out", "raise pool_size to 40", "--tag", "payments", "--json").value
    [hit] = say("search", "payments", "--json").value

    assert hit["memory"]["id"] == captured["id"]
    assert hit["memory"]["content"] == "raise pool_size to 40"
    assert hit["memory"]["tags"] == ["payments"]


def test_content_comes_from_an_argument_an_option_a_file_or_standard_input(say: Say, tmp_path: Path) -> None:
    (tmp_path / "said.txt").write_text("from a file", encoding="utf-8")
    say("capture", "one", "from an argument")
    say("capture", "two", "--content", "from an option")
    say("capture", "three", "--file", "said.txt")
    say("capture", "four", "--content", "-", given="from a pipe")
    say("capture", "five", "--json-content", '{"cause": "a", "fix": ["b"]}')

    contents = [memory["content"] for memory in say("list", "--json").value]
    assert contents[::-1] == [
        "from an argument", "from an option", "from a file", "from a pipe", {"cause": "a", "fix": ["b"]},
    ]  # fmt: skip


def test_content_from_two_places_is_a_mistake_of_the_caller(say: Say) -> None:
    said = say("capture", "one", "text", "--content", "other text")

    assert said.code == 2
    assert "given twice" in said.err


def test_a_secret_is_taken_out_said_and_never_printed(say: Say) -> None:
    said = say("capture", "Deploy", "--content", "password = hunter2-hunter2-x9")

    assert "taken out: 1 password" in said.out
    assert "hunter2" not in said.out + said.err
    assert say("search", "hunter2", "--json").value == []


def test_the_same_thing_twice_is_one_memory_with_a_count(say: Say) -> None:
    first = say("capture", "The disk is full", "again", "--json").value
    second = say("capture", "The disk is full", "again", "--json").value

    assert (second["id"], second["occurrences"], second["repeated"]) == (first["id"], 2, True)


def test_a_near_memory_is_shown_and_never_merged(say: Say) -> None:
    text = "the connection pool of the payments service is exhausted whenever the nightly report runs on the primary"
    older = say("capture", "Pool exhausted", text, "--json").value
    newer = say("capture", "Pool exhausted", text + " database", "--json").value

    assert [near["id"] for near in newer["similar"]] == [older["id"]]
    assert newer["id"] != older["id"]
    assert newer["similar"][0]["likeness"] >= 0.6


def test_something_else_is_not_called_near(say: Say) -> None:
    say("capture", "VM started", "vm-7 was started by the scheduler")
    paused = say("capture", "VM paused", "vm-7 was paused by an operator", "--json").value

    assert paused["similar"] == []


def test_cause_and_solution_become_parts_of_the_content(say: Say) -> None:
    captured = say("capture", "E", "--type", "error_pattern", "--cause", "a leak", "--solution", "restart", "--json")
    told = say("history", captured.value["id"], "--json").value["versions"][0]["content"]

    assert told == {"cause": "a leak", "solution": "restart"}


def test_superseding_keeps_what_is_not_said_anew(say: Say) -> None:
    old = say("capture", "Port of the relay", "it is 25", "--tag", "mail", "--type", "decision_record", "--json").value
    new = say("supersede", old["id"], "--content", "it is 587", "--json").value
    [hit] = say("search", "relay", "--json").value

    assert hit["memory"]["id"] == new["id"]
    assert hit["memory"]["supersedes"] == old["id"]
    assert (hit["memory"]["title"], hit["memory"]["tags"], hit["memory"]["type"]) == (
        "Port of the relay", ["mail"], "decision_record",
    )  # fmt: skip


def test_bad_content_is_refused_with_what_would_do(say: Say) -> None:
    missing = say("capture", "x", "--file", "nowhere.txt")
    binary = say("capture", "x", "--content", "-", given=b"\xff\xfe\x00\x01")
    broken = say("capture", "x", "--json-content", "{bad")
    unknown = say("capture", "x", "--type", "recipe")

    assert (missing.code, binary.code, broken.code, unknown.code) == (1, 1, 1, 2)
    assert "nowhere.txt: No such file" in missing.err
    assert "iconv" in binary.err
    assert "not JSON" in broken.err
    assert "error_pattern" in unknown.err


def test_the_echo_of_brainops_is_not_captured(say: Say) -> None:
    said = say("capture", "", '<brainops-memory id="1">what it said</brainops-memory>')

    assert said.code == 1
    assert "handed out" in said.err
