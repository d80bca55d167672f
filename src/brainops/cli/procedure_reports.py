"""How do a linter's and a test's findings read in a terminal, as JUnit, and as GitHub annotations?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from brainops.cli.screen import safe
from brainops.errors import Problem
from brainops.types import ExampleResult
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.authoring import Linted

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def lint_lines(files: Sequence[Linted]) -> Iterator[str]:
    """Yield every problem as `path:line: message (way out)`, and a last line with the count."""
    problems = [problem for file in files for problem in file.problems]
    for problem in problems:
        doubt = "warning: " if problem.severity == "warning" else ""
        way_out = f" ({problem.way_out})" if problem.way_out else ""
        yield safe(f"{problem.path}:{problem.line}: {doubt}{problem.message}{way_out}")
    errors = sum(problem.severity == "error" for problem in problems)
    if not files:
        yield "No procedure there: a Markdown file is one when its front matter has `steps:`."
    else:
        said = counted(errors, "problem")
        doubts = len(problems) - errors
        yield f"{counted(len(files), 'procedure')}, {said}" + (f", {doubts} doubtful." if doubts else ".")


def lint_github(files: Sequence[Linted]) -> Iterator[str]:
    """Yield every problem as a workflow command of GitHub Actions."""
    for file in files:
        for problem in file.problems:
            place = f"file={_property(problem.path)},line={problem.line}"
            yield f"::{problem.severity} {place}::{_data(_whole(problem))}"


def lint_junit(files: Sequence[Linted]) -> Iterator[str]:
    """Yield the lines of a JUnit report: a case for each file."""
    cases = []
    for file in files:
        errors = [f"line {problem.line}: {_whole(problem)}" for problem in file.problems if problem.severity == "error"]
        cases.append((file.path, file.procedure.name if file.procedure else file.path, errors))
    yield _suite("brainops procedure lint", cases)


REPORTS: dict[str, Callable[[Sequence[Linted]], Iterable[str]]] = {
    "json": lambda _: (),
    "junit": lint_junit,
    "github": lint_github,
}


def examples_junit(results: Iterable[tuple[str, str, Sequence[ExampleResult]]]) -> str:
    """Return a JUnit report of examples: a case for each."""
    cases = [
        (f"{name} ({path})", result.name, list(result.differences)) for path, name, done in results for result in done
    ]
    return _suite("brainops procedure test", cases) + "\n"


def _suite(name: str, cases: Sequence[tuple[str, str, Sequence[str]]]) -> str:
    failed = sum(bool(errors) for _, _, errors in cases)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuite name={_attribute(name)} tests="{len(cases)}" failures="{failed}" errors="0" skipped="0">',
    ]
    for place, case, errors in cases:
        start = f"  <testcase classname={_attribute(place)} name={_attribute(case)}"
        if not errors:
            lines.append(f"{start}/>")
            continue
        text = escape(_xml("\n".join(errors)))
        lines.append(f"{start}><failure message={_attribute(errors[0])}>{text}</failure></testcase>")
    return "\n".join([*lines, "</testsuite>"])


def _whole(problem: Problem) -> str:
    return problem.message + (f" ({problem.way_out})" if problem.way_out else "")


def _attribute(text: str) -> str:
    return quoteattr(_xml(text), {"\n": "&#10;"})


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
