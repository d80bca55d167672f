"""Is every command that a message or a page names there, with the options that it is named with?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from brainops.cli.program import main

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "src" / "brainops").rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BEFORE = r"(?:^|(?<=[`\"'(>$])|(?<=[:;,.] )|(?<=[$|\u2026] )|(?<=\u2026)|(?<=see )|(?<=&& ))"
NAMED = re.compile(BEFORE + r"\s*brainops ((?:[a-z][a-z-]*|--json)\b[^\n`;|\"]*)", re.MULTILINE)
PLACEHOLDER = "\u2026"  # where a message fills in an id, a name or a word

NOT_SAID = "approval key \u2026"  # what a key's hash begins with: nobody reads it


def texts(path: Path) -> Iterator[str]:
    """Yield what a module says: its texts, with a placeholder for each value that is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(part) for each in ast.walk(tree) if isinstance(each, ast.JoinedStr) for part in each.values}
    for each in ast.walk(tree):
        if isinstance(each, ast.JoinedStr):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else PLACEHOLDER for p in each.values)
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in inside:
            yield each.value


def missing(named: str) -> str | None:
    """Return what of a named command line is not there; None where all of it is."""
    words = re.sub(r"'[^']*'", "QUOTED", named).split()
    node: click.Command = main
    known = {option for parameter in main.params for option in (*parameter.opts, *parameter.secondary_opts)}
    while words and isinstance(node, click.Group) and not words[0].startswith("-"):
        found = node.commands.get(words[0].strip(".,:)'"))
        if found is None:
            takes_words = node is not main and (words[0][:1].isupper() or not words[0][:1].isalpha())
            return None if takes_words or getattr(node, "bare", None) else words[0]
        node = found
        words.pop(0)
        known |= {option for parameter in node.params for option in (*parameter.opts, *parameter.secondary_opts)}
    if bare := getattr(node, "bare", None):
        assert isinstance(node, click.Group)
        known |= {option for parameter in node.commands[bare].params for option in parameter.opts}
    options = [word.strip(".,:)'") for word in words if word.startswith("--") and word != "--"]
    unknown = [each for each in options if each.partition("=")[0] not in known | {"--help"}]
    return unknown[0] if unknown else None


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_is_named_is_there(path: Path) -> None:
    said = texts(path) if path.suffix == ".py" else [path.read_text(encoding="utf-8")]

    wrong = [
        f"brainops {named}: {gap}"
        for text in said
        for named in NAMED.findall(text)
        if (gap := missing(named)) and named != NOT_SAID
    ]
    assert wrong == []


def test_a_command_that_is_not_there_is_noticed() -> None:
    assert missing("recall x") == "recall"
    assert missing("runs advance ID --force") == "--force"
    assert missing("procedure activate NAME --number 1") is None
