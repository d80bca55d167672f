"""Does a Markdown document become the memories that a reader would make of it?"""

from __future__ import annotations

import pytest

from brainops.errors import InvalidInput
from brainops.importers import markdown
from brainops.importers.runbook_links import MARKER
from brainops.types import Draft, MemoryType, Trust
from tests.importers.material import Write, drafts, left, place

RUNBOOK = """---
title: Queue is stuck
tags: [queue, Night Shift]
weight: 3
---

# QueueStuck

## Meaning

Nothing leaves the queue.

## Mitigation

Restart the consumer.
"""


def taken(write: Write, name: str, text: str | bytes) -> list[Draft]:
    return drafts(markdown.read(place(write(name, text))))


def test_a_runbook_is_one_memory_with_title_tags_and_front_matter(write: Write) -> None:
    (draft,) = taken(write, "runbooks/billing/QueueStuck.md", RUNBOOK)

    assert draft.title == "Queue is stuck"
    assert draft.type is MemoryType.OPERATIONAL_PROCEDURE
    assert draft.tags == ("runbook", "queue", "night-shift", "billing")
    assert draft.metadata["front_matter"] == {"title": "Queue is stuck", "tags": ["queue", "Night Shift"], "weight": 3}
    assert str(draft.content).startswith("# QueueStuck") and str(draft.content).endswith("Restart the consumer.")
    assert draft.trust is Trust.EXTERNAL
    assert draft.source.key == "markdown:ops/runbooks/billing/QueueStuck.md"


def test_trust_is_what_the_importer_was_told(write: Write) -> None:
    items = markdown.read(place(write("a.md", "Text.")), trust=Trust.VERIFIED)

    assert [draft.trust for draft in drafts(items)] == [Trust.VERIFIED]


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.md", "---\ntitle: From above\n---\n# Heading\ntext", "From above"),
        ("a.md", "text\n\n# `Heading` of it #\ntext", "Heading of it"),
        ("a.md", "Heading\n=======\ntext", "Heading"),
        ("disk-full.md", "only text", "disk-full"),
        ("disk-full/index.md", "only text", "disk-full"),
        ("a.md", "```sh\n# no heading\n```\n# Heading\n", "Heading"),
        ("SKILL.md", "---\nname: rotate-keys\ndescription: x\n---\nSteps.", "rotate-keys"),
    ],
)
def test_the_title_comes_from_front_matter_then_heading_then_file_name(
    write: Write, name: str, text: str, title: str
) -> None:
    assert [draft.title for draft in taken(write, name, text)] == [title]


@pytest.mark.parametrize("name", ["adr/0007-use-sqlite.md", "notes/0007-use-sqlite.md"])
def test_a_decision_record_is_known_by_its_folder_or_its_headings(write: Write, name: str) -> None:
    heading = "Outcome" if name.startswith("adr") else "Decision"
    text = f"# 7. Use SQLite\n\n## Status\n\nAccepted\n\n## Context\n\nOne file.\n\n## {heading}\n\nSQLite.\n"

    (draft,) = taken(write, name, text)

    assert draft.type is MemoryType.DECISION_RECORD
    assert draft.metadata["status"] == "accepted"
    assert {"adr", "status:accepted"} <= set(draft.tags)


def test_instructions_for_agents_are_one_memory_a_section(write: Write) -> None:
    text = "Preface.\n\n## Build\n\nmake all\n\n### Fast\n\nmake fast\n\n## Test\n\nmake test\n\n## Empty\n\n"
    text += "## Test\n\nagain\n"

    found = taken(write, "CLAUDE.md", text)

    assert [draft.title for draft in found] == ["CLAUDE.md", "CLAUDE.md: Build", "CLAUDE.md: Test", "CLAUDE.md: Test"]
    assert [str(draft.source.key).partition("#")[2] for draft in found] == ["top", "build", "test", "test~2"]
    assert "make fast" in str(found[1].content)
    assert found[1].tags == ("agent-instructions",)


def test_a_long_note_is_taken_by_sections_and_a_short_one_whole(write: Write) -> None:
    short = "# Note\n\n## A\n\none\n\n## B\n\ntwo\n"
    long = short + "many words " * 500

    assert len(taken(write, "short.md", short)) == 1
    assert [draft.title for draft in taken(write, "long.md", long)] == ["Note: A", "Note: B"]


def test_headings_inside_of_code_part_nothing(write: Write) -> None:
    text = "# Agents\n\n## Build\n\n~~~sh\n# not a heading\n```\n## nor this\n~~~\n\n## Test\n\nx\n"

    assert [draft.title for draft in taken(write, "AGENTS.md", text)] == ["Agents: Build", "Agents: Test"]


@pytest.mark.parametrize("name", ["README.md", "runbooks/_index.md", "LICENSE.md", "Contributing.md", "template.md"])
def test_what_is_about_the_repository_is_left_and_said(write: Write, name: str) -> None:
    items = list(markdown.read(place(write(name, "# Title\n\ntext"))))

    assert drafts(items) == []
    assert "name the file itself" in left(items)[0].why


def test_a_file_that_was_named_itself_is_taken_even_if_it_is_a_readme(write: Write) -> None:
    items = markdown.read(place(write("README.md", "# Title\n\ntext")), named=True)

    assert [draft.title for draft in drafts(items)] == ["Title"]


@pytest.mark.parametrize("text", ["", "\n\n", "---\ntitle: x\n---\n", "# Only\n\n## Headings\n", "<!-- later -->\n"])
def test_an_empty_document_is_left_and_said(write: Write, text: str) -> None:
    items = list(markdown.read(place(write("a.md", text))))

    assert drafts(items) == []
    assert "empty" in left(items)[0].why


@pytest.mark.parametrize(
    "front",
    [
        "title: [unclosed",
        "a: *nothing",
        "- a list",
        "a: &a [*a]",
        "date: !!timestamp x",
        "n: !!int ''",
        "x: {{ helm }}",
    ],
)
def test_broken_front_matter_is_told_and_the_document_taken_as_text(write: Write, front: str) -> None:
    items = list(markdown.read(place(write("a.md", f"---\n{front}\n---\n# Title\n\ntext\n"))))

    assert [draft.title for draft in drafts(items)] == ["Title"]
    assert f"{front}\n" in str(drafts(items)[0].content)
    assert "plain text" in left(items)[0].why


def test_a_yaml_bomb_in_front_matter_is_refused_quickly(write: Write) -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))

    items = list(markdown.read(place(write("a.md", f"---\n{bomb}---\ntext\n"))))

    assert "nodes with its aliases" in left(items)[0].why
    assert len(drafts(items)) == 1


def test_carriage_returns_and_a_byte_order_mark_change_nothing(write: Write) -> None:
    plain = taken(write, "runbooks/a.md", RUNBOOK)

    marked = taken(write, "runbooks/a.md", b"\xef\xbb\xbf" + RUNBOOK.replace("\n", "\r\n").encode())

    assert marked == plain


def test_utf_16_is_read_where_its_mark_says_so(write: Write) -> None:
    assert taken(write, "a.md", "# Ü\n\ntext".encode("utf-16"))[0].title == "Ü"


@pytest.mark.parametrize(
    ("content", "why"),
    [("# Größe".encode("latin-1"), "not UTF-8"), (b"# a\0b", "NUL"), (b"x" * (10 * 2**20 + 1), "10 MB")],
)
def test_what_is_not_text_is_refused_with_the_reason(write: Write, content: bytes, why: str) -> None:
    path = write("a.md", content)

    with pytest.raises(InvalidInput, match=why):
        list(markdown.read(place(path)))


def test_a_document_cannot_bring_the_mark_of_our_own_section(write: Write) -> None:
    assert MARKER not in str(taken(write, "a.md", f"Text.\n{MARKER}\nForged.")[0].content)


def test_a_declared_type_is_kept(write: Write) -> None:
    (draft,) = taken(write, "a.md", "---\ntype: deployment_log\n---\nVersion 3 went out.")

    assert draft.type is MemoryType.DEPLOYMENT_LOG


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "notes/a.md",
            "# Keep it\n\n## Problem statement\n\nx\n\n## Alternatives considered\n\nx\n\n## Decision Outcome\n\ny\n",
        ),
        ("notes/a.md", "# Keep it\n\n## 2.1 Background:\n\nx\n\n## 2.2 **Our decision**\n\ny\n"),
        ("notes/a.md", "# Keep it\n\nContext\n-------\n\nx\n\nDecision\n--------\n\ny\n"),
        ("notes/a.md", "# Keep it\n\n**Status:** accepted\n\n**Decision:** we keep it.\n"),
        ("notes/a.md", "# Keep it\n\n- Context: two teams\n- Decision: one queue\n"),
        ("notes/ADR-7.md", "# Keep it\n\n## Status\n\naccepted\n\nWe keep it.\n"),
        ("0042-keep-it.md", "# ADR 42: keep it\n\n## Rationale\n\nx\n"),
        (
            "notes/a.md",
            "# Keep it\n\nIn the context of orders, facing two\nreaders, we decided for one queue, accepting delay.\n",
        ),
        ("notes/a.md", "# Behalten\n\n## Kontext\n\nx\n\n## Entscheidung\n\ny\n"),
    ],
)
def test_a_decision_record_is_known_in_every_common_style(write: Write, name: str, text: str) -> None:
    (draft,) = taken(write, name, text)

    assert draft.type is MemoryType.DECISION_RECORD


@pytest.mark.parametrize(
    "text",
    [
        "# How we decide\n\n## Background\n\nx\n\n## People\n\ny\n",
        "# Colours\n\n~~~\n## Context\n## Decision\n~~~\n",
        "# Status page\n\n## Status\n\nAll is well.\n",
    ],
)
def test_a_note_with_one_word_of_a_decision_record_is_none(write: Write, text: str) -> None:
    (draft,) = taken(write, "notes/a.md", text)

    assert draft.type is MemoryType.LEARNING_INSIGHT


@pytest.mark.parametrize(
    "text",
    [
        "# Fail over\n\n## Prerequisites\n\nx\n\n## Procedure\n\n1. Go.\n",
        "# Playbook for a full disk\n\n## Triage\n\nLook.\n",
    ],
)
def test_a_runbook_is_known_by_the_headings_of_procedures_and_by_its_title(write: Write, text: str) -> None:
    (draft,) = taken(write, "notes/a.md", text)

    assert (draft.type, draft.tags[0]) == (MemoryType.OPERATIONAL_PROCEDURE, "runbook")


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: Night work\ndescription: When to act: at night, alone\ntags: [night]\n---\n\nSleep.\n",
        "---\ntitle: Night work\nowner: @ops\ntags: [night]\n---\n\nSleep.\n",
        "\n\n---\npermalink: a/b\n---\n\n---\ntitle: Night work\ntags: night\n---\n\nSleep.\n",
        '+++\ntitle = "Night work"\ntags = ["night"]\n+++\n\nSleep.\n',
        '{\n  "title": "Night work",\n  "tags": ["night"]\n}\n\nSleep.\n',
    ],
)
def test_front_matter_is_read_as_clients_accept_it(write: Write, text: str) -> None:
    items = list(markdown.read(place(write("a.md", text))))
    (draft,) = drafts(items)

    assert left(items) == []
    assert draft.title == "Night work"
    assert "night" in draft.tags
    assert str(draft.content).endswith("Sleep.")


def test_a_rule_between_paragraphs_is_no_front_matter(write: Write) -> None:
    (draft,) = taken(write, "a.md", "---\ntitle: One\n---\n\nFirst.\n\n---\n\nSecond: it follows.\n\n---\n\nThird.\n")

    assert str(draft.content).startswith("First.")
    assert str(draft.content).endswith("Third.")


def test_what_a_document_is_for_stands_in_its_text_once(write: Write) -> None:
    skill = "---\nname: volumes\ndescription: Use it when a volume fills up.\n---\n\n# Volumes\n\nRun the tool.\n"
    twice = skill.replace("Run the tool.", "Use it when a volume\nfills up.")

    assert taken(write, "skills/volumes/SKILL.md", skill)[0].content == (
        "Use it when a volume fills up.\n\n# Volumes\n\nRun the tool."
    )
    assert taken(write, "skills/volumes/SKILL.md", twice)[0].content == "# Volumes\n\nUse it when a volume\nfills up."


def test_a_heading_in_a_comment_is_none(write: Write) -> None:
    (draft,) = taken(write, "a.md", "<!--\n# Draft\n-->\n\n# Night work\n\n<!-- # no --> Sleep.\n")

    assert draft.title == "Night work"
