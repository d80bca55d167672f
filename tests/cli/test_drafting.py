"""Does the command line read a text back before anybody relies on it?"""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Say

TEXT = """\
# Close the shop

1. Count the till.
2. If money is missing, call the owner.
3. Lock the door.

The sun sets early.
"""


def test_a_text_is_shown_back_with_picture_and_the_way_to_activate_it(say: Say) -> None:
    said = say("procedure", "from-text", "-", given=TEXT)

    assert said.code == 0
    assert "2. Money is missing?   [yes: 3; no: 4]" in said.out
    assert "flowchart TD" in said.out
    assert "brainops procedure activate close-the-shop --number 1" in said.out
    assert "1 sentence explains" in said.out


def test_notes_show_what_became_no_step(say: Say) -> None:
    assert "The sun sets early." in say("procedure", "from-text", "-", "--notes", given=TEXT).out


def test_the_picture_alone_can_be_asked_for(say: Say) -> None:
    assert say("procedure", "from-text", "-", "--mermaid", given=TEXT).out.startswith("flowchart TD")


def test_json_holds_the_procedure_and_the_notes(say: Say, tmp_path: Path) -> None:
    (tmp_path / "shop.txt").write_text(TEXT, encoding="utf-8")

    value = say("procedure", "from-text", "shop.txt", "--name", "evening", "--json").value

    assert (value["name"], value["state"]) == ("evening", "draft")
    assert len(value["procedure"]["steps"]) == 4
    assert value["notes"][0]["line"] == 7


UNCLEAR = "1. Count the till.\n2. The exception is Sunday.\n"


def test_what_is_not_clear_is_asked_plainly_and_answered_on_the_line(say: Say) -> None:
    asked = say("procedure", "from-text", "-", "--name", "till", given=UNCLEAR)
    refused = say("procedure", "activate", "till")
    answered = say("procedure", "from-text", "-", "--name", "till", "--answer", "1=note", given=UNCLEAR)

    assert '1. line 2: "The exception is Sunday.": is it a step, a condition,' in asked.out
    assert "--answer 1=" in asked.out and "cannot be activated" in asked.out
    assert refused.code == 1 and "The exception is Sunday" in refused.err
    assert "open question" not in answered.out
    assert say("procedure", "activate", "till", "--number", "2").code == 0


def test_a_wrong_answer_names_its_form(say: Say) -> None:
    for given in ("note", "x=note", "7=note", "1="):
        said = say("procedure", "from-text", "-", "--answer", given, given=UNCLEAR)

        assert said.code != 0 and ("N=TEXT" in said.err or "question" in said.err)


def test_an_import_shows_the_questions_of_each_file(say: Say, tmp_path: Path) -> None:
    (tmp_path / "till.md").write_text(f"# Till\n\n{UNCLEAR}", encoding="utf-8")

    said = say("procedure", "import", "till.md")

    assert "The exception is Sunday." in said.out
    assert "import it again" in said.out
    assert say("procedure", "import", "till.md", "--json").value["kept"][0]["questions"][0]["line"] == 4


def test_an_empty_text_is_refused(say: Say) -> None:
    said = say("procedure", "from-text", "-", given="\n")

    assert said.code == 1
    assert "no text" in said.err


def test_a_folder_is_imported_as_drafts_and_what_was_left_is_told(say: Say, tmp_path: Path) -> None:
    folder = tmp_path / "runbooks"
    (folder / "mail").mkdir(parents=True)
    (folder / "mail" / "SKILL.md").write_text(
        "---\nname: mail\ndescription: Mails.\n---\nBe short.\n", encoding="utf-8"
    )
    (folder / "DiskFull.md").write_text("# DiskFull\n\n## Mitigation\n\n- Delete logs.\n", encoding="utf-8")
    (folder / "empty.md").write_text("", encoding="utf-8")
    (folder / "README.md").write_text("# About\n", encoding="utf-8")

    said = say("procedure", "import", "runbooks")
    listed = say("procedure", "list", "--json").value

    assert said.code == 1
    assert "2 kept, 1 left" in said.out
    assert "empty.md" in said.out
    assert {(each["name"], each["state"]) for each in listed} == {("disk-full", "draft"), ("mail", "draft")}


def test_a_path_that_is_not_there_is_named(say: Say) -> None:
    assert "nowhere" in say("procedure", "import", "nowhere").err
