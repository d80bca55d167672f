"""What was decided in cases like this one, and what follows for a new one? The command cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brainops.cli.commands import group
from brainops.cli.options import REASON, limited
from brainops.cli.pairs import valued
from brainops.cli.screen import bold, dim, one_line, wrapped
from brainops.cli.shared import Said
from brainops.cli.short_ids import Id
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.brain import Brain

_VALUES = "as NAME=VALUE; may be repeated. A value is read as JSON where it is JSON."


@group("cases", bare="list")
def cases() -> None:
    """List what is decided from past cases.

    \b
    brainops cases learn refund --in amount=40 --in kind=book --out decision=yes
    brainops cases decide refund --in amount=35 --in kind=book
    brainops cases import refund old-cases.csv --outputs decision
    """


@cases.command("list")
@click.argument("name", required=False)
@click.option("--standing", type=click.Choice(["stands", "open", "replaced"]), help="Only those that stand so.")
@limited(20)
def list_(brain: Brain, name: str | None, standing: str | None, limit: int) -> Said:
    """List what is decided from cases; the cases of NAME, the newest first. Nobody has confirmed an open one.

    Example: brainops cases list refund --standing open
    """
    if name is None:
        names: list[dict[str, Any]] = [dict(row) for row in brain.cases.names()]
        yield names
        if not names:
            yield "No case has been decided yet. Learn one: brainops cases learn NAME --in … --out …"
        for row in names:
            judged = f", {row['judged_right']} of {row['judged']} foretold right" if row["judged"] else ""
            waits = f", {row['open']} decided here and confirmed by nobody" if row["open"] else ""
            yield f"{bold(one_line(row['name']))}  {counted(row['standing'], 'case')}{judged}{waits}"
    else:
        found = brain.cases.list(name, standing=standing, limit=limit)
        yield found
        if not found:
            yield f"There is no case of {one_line(name)!r}: brainops cases lists what is decided from cases."
        for case in found:
            stands = "" if case.standing.value == "stands" else f"  ({case.standing.value})"
            yield f"{bold(_written(case.outputs))}{stands}  {dim(f'{case.origin}, {case.trust.value}')}"
            yield from wrapped(_written(case.inputs), indent="  ")
            yield dim(f"  case {case.id}")


@cases.command("learn")
@click.argument("name")
@click.option("--in", "inputs", multiple=True, required=True, metavar="NAME=VALUE", help=f"What was given, {_VALUES}")
@click.option(
    "--out", "outputs", multiple=True, required=True, metavar="NAME=VALUE", help="What was decided, the same."
)
@click.option("--source", metavar="TEXT", help="Where it comes from; the same source again is the same case.")
@click.option("--trust", type=click.Choice(["verified", "agent", "external"]), help="Who vouches for it.")
def learn(
    brain: Brain, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...], source: str | None, trust: str | None
) -> Said:
    """Keep how a case of NAME was decided, and learn from it.

    Example: brainops cases learn refund --in amount=40 --out decision=pay
    """
    made = brain.cases.learn(name, _mapping(inputs), _mapping(outputs), source=source, trust=trust)
    yield made
    yield f"Learned: {bold(made.name)} {_written(made.outputs)}"
    yield dim(f"  case {made.id}")


@cases.command("decide")
@click.argument("name")
@click.option("--in", "inputs", multiple=True, required=True, metavar="NAME=VALUE", help=f"What is given, {_VALUES}")
@click.option("--confidence", default=0.9, show_default=True, help="Below this it abstains; 0 never does.")
def decide(brain: Brain, name: str, inputs: tuple[str, ...], confidence: float) -> Said:
    """Decide a new case of NAME from past ones, or abstain; nothing is written. Leaves with 1 where it abstains.

    Example: brainops cases decide refund --in amount=41 --confidence 0
    """
    decided = brain.cases.decide(name, _mapping(inputs), confidence=confidence)
    yield decided
    if decided.outputs is None:
        lean = f", leaning to {_written(decided.leaning)}" if decided.leaning else ""
        yield f"{bold('Abstains')}{lean}"
    else:
        yield f"{decided.probability:4.0%} {bold(_written(decided.outputs))}"
    yield from wrapped(decided.reason, indent="  ")
    for each in decided.rests_on:
        yield dim(f"  case {each}")
    if decided.abstained:
        click.get_current_context().exit(1)


@cases.command("correct")
@click.argument("case_id", metavar="CASE", type=Id("decided_case"))
@click.option("--out", "outputs", multiple=True, metavar="NAME=VALUE", help=f"What would have been right, {_VALUES}")
@click.option("--right", is_flag=True, help="It was right: a check confirmed it.")
@REASON
def correct(brain: Brain, case_id: str, outputs: tuple[str, ...], right: bool, reason: str) -> Said:
    """Say what would have been right for CASE, or that it was; either counts more than other cases.

    Example: brainops cases correct 27dd63 --out decision=refuse
    """
    if right == bool(outputs):
        raise click.UsageError("Say what would have been right with --out NAME=VALUE, or --right where it was.")
    made = brain.cases.verify(case_id) if right else brain.cases.correct(case_id, _mapping(outputs), reason=reason)
    yield made
    yield f"{made.origin.capitalize()}: {_written(made.outputs)}"
    yield dim(f"  case {made.id}")


@cases.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--outputs", required=True, metavar="NAMES", help="Which columns were decided, with commas between.")
@click.option("--leave-out", metavar="NAMES", default="", help="Columns that are neither: ids, remarks.")
@click.option("--trust", type=click.Choice(["verified", "agent", "external"]), help="Who vouches for them.")
def import_(brain: Brain, name: str, file: Path, outputs: str, leave_out: str, trust: str | None) -> Said:
    """Learn the cases of NAME from FILE: .csv with a heading, or JSON lines (one mapping each).

    A line of JSON may hold {"inputs": {...}, "outputs": {...}} instead. What was imported before is not learned twice.

    Example: brainops cases import refund cases.csv --outputs decision
    """
    made = brain.cases.learn_from(name, file, outputs=_split(outputs), leave_out=_split(leave_out), trust=trust)
    told = {"name": name, "cases": len(made)}
    yield told
    yield f"{counted(len(made), 'case')} of {bold(one_line(name))} to learn from."


def _split(names: str) -> list[str]:
    return [each.strip() for each in names.split(",") if each.strip()]


def _mapping(given: Sequence[str]) -> dict[str, Any]:
    return dict(map(valued, given))


def _written(values: Mapping[str, Any] | None) -> str:
    return one_line(", ".join(f"{name} = {value}" for name, value in (values or {}).items()))
