"""What is wrong with a procedure's text, and in which line? (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from brainops.errors import InvalidProcedure, Problem

Where = tuple[str | int, ...]
"""A place in a procedure: ("steps", 2, "if")."""

Lines = Mapping[Where, int]
"""The line of each place that a text has."""

MAX_PROBLEMS = 200  # more say nothing new, and a hostile file could make millions
SHOWN_PROBLEMS = 5  # in an error's message; `problems` holds all


class Findings:
    """Gathers every problem of one text, each with its line."""

    def __init__(self, path: str = "", lines: Lines | None = None) -> None:
        self.path = path
        self.lines = lines or {}
        self.problems: list[Problem] = []

    def add(
        self, where: Where, message: str, way_out: str = "", severity: Literal["error", "warning"] = "error"
    ) -> None:
        """Note a problem at a place."""
        self.at_line(self.line(where), f"{place(where)}: {message}" if where else message, way_out, severity)

    def at_line(
        self, line: int, message: str, way_out: str = "", severity: Literal["error", "warning"] = "error"
    ) -> None:
        """Note a problem in a line."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(
                Problem(path=self.path, line=line, message=message, way_out=way_out, severity=severity)
            )

    def line(self, where: Where) -> int:
        """Return the line of a place, or of the nearest one around it; 1 where nothing is known."""
        while where:
            if where in self.lines:
                return self.lines[where]
            where = where[:-1]
        return self.lines.get((), 1)

    @property
    def failed(self) -> bool:
        """Whether anything is wrong, not only doubtful."""
        return any(problem.severity == "error" for problem in self.problems)

    def sorted(self) -> tuple[Problem, ...]:
        """Return the problems in the order of their lines."""
        return tuple(sorted(self.problems, key=lambda problem: problem.line))

    def raise_errors(self) -> None:
        """Raise InvalidProcedure where anything is wrong."""
        if self.failed:
            raise invalid(self.sorted())


def place(where: Where) -> str:
    """Return a place as people write it: steps[2].if, counted from 1."""
    written = ""
    for part in where:
        if isinstance(part, int):
            written += f"[{part + 1}]"
        else:
            written += f".{part}" if written else str(part)
    return written


def told(problem: Problem) -> str:
    """Return a problem as one line: path:line: message (way out)."""
    start = f"{problem.path or 'procedure'}:{problem.line}: "
    doubt = "warning: " if problem.severity == "warning" else ""
    return start + doubt + problem.message + (f" ({problem.way_out})" if problem.way_out else "")


def invalid(problems: tuple[Problem, ...]) -> InvalidProcedure:
    """Return the error that tells the first problems and holds all."""
    errors = [problem for problem in problems if problem.severity == "error"]
    lines = [told(problem) for problem in errors[:SHOWN_PROBLEMS]]
    if len(errors) > SHOWN_PROBLEMS:
        lines.append(f"and {len(errors) - SHOWN_PROBLEMS} more; `brainops procedure lint` shows all")
    return InvalidProcedure("\n".join(lines), problems)
