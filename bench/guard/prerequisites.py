"""Which order rules follow from a prerequisite graph, or from the record? (pure)

A graph says outright what must come before what. What it leaves out is that one step may stand for another: who has
logged in need not ask whether the account exists. `satisfied_by_use` reads that from names and arguments alone;
`satisfiers` finds it in recorded runs, with its evidence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import InvalidInput
from brainops.statistics.proportions import wilson_interval
from brainops.types import JSON, AllOf, AnyOf, Done, PastOperation, Requirement, Rule, RuleKind, RuleMode
from brainops_core.guard.results import said_no, same

MAX_NODES = 200  # of a prerequisite graph; those that people draw have fewer than thirty
ANSWERED = "true"  # as a condition on a result: it was done, whatever the answer was


def from_graph(
    nodes: Sequence[Any], connections: Iterable[Sequence[int]], *, root: int = 0, result: str | None = None
) -> Requirement | None:
    """Return what the operation at `root` requires by a prerequisite graph, None where it requires nothing.

    A node is "and", "or", or (operation, {its argument: the guarded operation's argument}); a connection leads from a
    node to what it needs. What a prerequisite needs must have been done before it. `result` is the condition on every
    result: `ANSWERED` where the graph asks that a check was made and not what it said. Raises InvalidInput for a graph
    that is too large or runs in a circle.
    """
    if len(nodes) > MAX_NODES:
        raise InvalidInput(f"a prerequisite graph has at most {MAX_NODES} nodes, not {len(nodes)}")
    needs: dict[int, list[int]] = defaultdict(list)
    for above, below in connections:
        needs[above].append(below)

    def requirement(number: int, path: tuple[int, ...]) -> Requirement:
        if number in path:
            raise InvalidInput(f"the prerequisite graph runs in a circle through {nodes[number]!r}")
        node = nodes[number]
        if isinstance(node, str):
            return _joined(node, [requirement(below, (*path, number)) for below in needs[number]])
        name, arguments = node
        return Done(
            operation=name, arguments=dict(arguments or {}), result=result, after=required(number, (*path, number))
        )

    def required(number: int, path: tuple[int, ...]) -> Requirement | None:
        below = [requirement(each, path) for each in needs[number]]
        return _joined("and", below) if below else None

    return required(root, (root,))


def from_tree(tree: Sequence[Any], *, result: str | None = None) -> Requirement:
    """Return nested lists as a requirement: ["single", operation, arguments], ["and", [...]], ["or", [...]], and
    ["chain", [...]], of which each part comes after the one before it. Raises InvalidInput for anything else.
    """
    match tree:
        case ["single", str() as name, *rest]:
            return Done(operation=name, arguments=dict(rest[0] or {}) if rest else {}, result=result)
        case [("and" | "or") as word, [_, *_] as parts]:
            return _joined(word, [from_tree(part, result=result) for part in parts])
        case ["chain", [_, *_] as parts]:
            whole = from_tree(parts[0], result=result)
            for part in parts[1:]:
                whole = _after(from_tree(part, result=result), whole)
            return whole
        case _:
            raise InvalidInput(f"a requirement is a single, and, or or chain, not {str(tree)[:80]!r}")


def rules_from_graph(
    operation: str, requirement: Requirement, *, namespace: str, mode: RuleMode = RuleMode.DENY, source: str = "written"
) -> tuple[Rule, ...]:
    """Return an order rule for an operation and one for each prerequisite that needs something itself."""
    found = {operation: requirement}
    for done in _each(requirement):
        if done.after is not None:
            own = {value: name for name, value in done.arguments.items() if isinstance(value, str)}
            found.setdefault(done.operation, _renamed(done.after, own))
    return tuple(
        Rule(
            id=f"order/{name}",
            namespace=namespace,
            name=f"before {name}",
            kind=RuleKind.ORDER,
            operations=(name,),
            requirement=needed,
            mode=mode,
            source=source,
        )
        for name, needed in found.items()
    )


def _joined(word: str, parts: Sequence[Requirement]) -> Requirement:
    if word not in ("and", "or"):
        raise InvalidInput(f"a junction is 'and' or 'or', not {word!r}")
    if len(parts) == 1:
        return parts[0]
    return AllOf(parts=tuple(parts)) if word == "and" else AnyOf(parts=tuple(parts))


def _after(requirement: Requirement, earlier: Requirement) -> Requirement:
    match requirement:
        case Done(after=None):
            return replace(requirement, after=earlier)
        case Done(after=after):
            assert after is not None
            return replace(requirement, after=_after(after, earlier))
        case AllOf(parts=parts):
            return AllOf(parts=tuple(_after(part, earlier) for part in parts))
        case AnyOf(parts=parts):
            return AnyOf(parts=tuple(_after(part, earlier) for part in parts))


def _each(requirement: Requirement) -> Iterator[Done]:
    match requirement:
        case Done(after=after):
            yield requirement
            if after is not None:
                yield from _each(after)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _each(part)


def _changed(requirement: Requirement, change: Any) -> Requirement:
    """Return a requirement with each Done changed, those below first."""
    match requirement:
        case Done(after=after):
            below = _changed(after, change) if after is not None else None
            return change(replace(requirement, after=below))  # type: ignore[no-any-return]
        case AllOf(parts=parts):
            return AllOf(parts=tuple(_changed(part, change) for part in parts))
        case AnyOf(parts=parts):
            return AnyOf(parts=tuple(_changed(part, change) for part in parts))


def _renamed(requirement: Requirement, own: Mapping[str, str]) -> Requirement:
    """Map arguments to those of the prerequisite that is guarded itself; what it does not have is not compared."""

    def change(done: Done) -> Done:
        kept = {
            name: own[source] if isinstance(source, str) else source
            for name, source in done.arguments.items()
            if not isinstance(source, str) or source in own
        }
        return replace(done, arguments=kept)

    return _changed(requirement, change)


# What may stand for what: by names

_EXISTENCE = re.compile(r"exist(s|ence|ing)?", re.IGNORECASE)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def satisfied_by_use(requirement: Requirement) -> Requirement:
    """Let a question whether a thing exists be answered by any other operation of the same requirement that succeeded
    with that thing: what was used exists.

    Only a question about existence, known by its name, and only with equal arguments; whether a book is available, or a
    person an administrator, does not follow from its use.
    """
    others = list(dict.fromkeys(done.operation for done in _each(requirement)))

    def change(done: Done) -> Requirement:
        if not done.arguments or not any(_EXISTENCE.fullmatch(word) for word in _WORDS.findall(done.operation)):
            return done
        uses = tuple(Done(operation=name, arguments=done.arguments) for name in others if name != done.operation)
        return AnyOf(parts=(done, *uses)) if uses else done

    return _changed(requirement, change)


# What may stand for what: by the record

CERTAIN = 0.90  # the line that everything learned has to pass; it takes 25 cases without an exception


class Satisfier(Struct, frozen=True, kw_only=True):
    """That `by`, having succeeded, makes asking `wanted` needless: so often did it hold.

    `arguments` maps those of `wanted` to those of `by`; `certainty` is the lower 95 % bound of the rate.
    """

    wanted: str
    by: str
    arguments: Mapping[str, str]
    cases: int
    exceptions: int
    certainty: float


def satisfiers(runs: Iterable[Sequence[PastOperation]]) -> list[Satisfier]:
    """Find questions whose answer another operation's success implies: it was yes whenever the other had succeeded with
    the same things in the same run, though it can be no.

    The surest first. What is true in the record need not be true by nature: offer it to a person before it holds.
    """
    together: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[int]] = defaultdict(lambda: [0, 0])
    said: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for run in runs:
        done = [earlier for earlier in run if earlier.succeeded and not said_no(earlier.result)]
        for asked in run:
            said_yes = yes_or_no(asked.result) if asked.succeeded and asked.arguments else None
            if said_yes is None:
                continue
            said[asked.name][said_yes] += 1
            for pair in {(other.name, pairing) for other in done if (pairing := _pairing(asked, other))}:
                together[asked.name, *pair][said_yes] += 1
    found = [
        Satisfier(
            wanted=wanted,
            by=by,
            arguments=dict(pairing),
            cases=no + yes,
            exceptions=no,
            certainty=wilson_interval(yes, no)[0],
        )
        for (wanted, by, pairing), (no, yes) in together.items()
        if said[wanted][False] > no
    ]
    certain = [each for each in found if each.certainty >= CERTAIN]
    return sorted(certain, key=lambda each: (-each.certainty, each.wanted, each.by))


def yes_or_no(result: JSON) -> bool | None:
    """Return the answer to a question: a bool, alone or after a status; None for any other result."""
    match result:
        case bool():
            return result
        case [True, bool() as answered]:
            return answered
        case _:
            return None


def with_satisfiers(requirement: Requirement, known: Iterable[Satisfier]) -> Requirement:
    """Let each operation of a requirement be replaced by those that are known to satisfy it."""
    by_wanted: dict[str, list[Satisfier]] = defaultdict(list)
    for each in known:
        by_wanted[each.wanted].append(each)

    def change(done: Done) -> Requirement:
        uses = tuple(
            Done(
                operation=each.by,
                arguments={each.arguments[name]: source for name, source in done.arguments.items()},
            )
            for each in by_wanted[done.operation]
            if set(done.arguments) == set(each.arguments)
        )
        return AnyOf(parts=(done, *uses)) if uses else done

    return _changed(requirement, change)


def _pairing(asked: PastOperation, other: PastOperation) -> tuple[tuple[str, str], ...] | None:
    """Return which argument of another operation holds the value of each argument asked about, None where one lacks."""
    if other.name == asked.name:
        return None
    found = []
    for name, value in asked.arguments.items():
        holders = [each for each, held in other.arguments.items() if same(held, value)]
        if not holders:
            return None
        found.append((name, name if name in holders else holders[0]))
    return tuple(sorted(found))
