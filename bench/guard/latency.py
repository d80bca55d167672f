"""How long does one decision of the guard take in process, with many rules and many procedures?

Rules of every kind, a third of them by globs; procedures that are active, followed and required; a session with a
hundred earlier operations, receipts and approvals. The operations asked about fall under none, one or several rules.
"""

from __future__ import annotations

import gc
import random
from typing import Any

import numpy

from bench.figures import Figure, Timing, add, bootstrap, latencies, rounded
from bench.part import options, profiled, publish, say
from brainops.operations.guard.guard import check, compiled, standard_rules
from brainops.operations.guard.rule_learning import from_procedure
from brainops.types import (
    Action,
    ActionClass,
    Actor,
    AllOf,
    AnyOf,
    Done,
    Enforcement,
    GuardState,
    Mode,
    OperationStart,
    Owner,
    PastOperation,
    Procedure,
    ProcedureState,
    ProcedureVersion,
    Receipt,
    Rule,
    RuleKind,
    RuleMode,
    Step,
    StepKind,
    Trigger,
)

TARGET_MS = 1.0
NOW, HOUR = 1_700_000_000_000_000, 3_600_000_000
AGENT = Actor(id="agent-1")
VERBS = "deploy restart migrate scale drain patch rotate restore promote purge".split()
SEED = 20_240_601


def main() -> None:
    given = options()
    rules, procedures, decisions = (100, 100, 2_000) if given.quick else (1_000, 1_000, 20_000)
    generator = random.Random(SEED)
    versions = [version_of(number) for number in range(procedures)]
    index = compiled([*standard_rules("bench", RuleMode.DENY), *written(rules), *ordered(versions)])
    say(f"{len(index):,} rules, of which {procedures:,} procedures gave {len(index) - rules - 2:,}")
    state = state_of(versions)
    asked = [operation(generator) for _ in range(decisions)]
    figures = measured(f"a decision with {rules:,} rules and {procedures:,} procedures", asked, index, state)
    compiling = Timing(wall=[], cpu=[])
    for _ in range(20):
        add(compiling, lambda: compiled(list(index)))
    figures += latencies(f"compiling {len(index):,} rules", compiling)
    kinds = [type(check(each, None, index, state, NOW)).__name__ for each in asked]
    applying = [sum(1 for _ in index.applying(each)) for each in asked]
    publish(
        figures,
        quick=given.quick,
        decided={kind: kinds.count(kind) for kind in sorted(set(kinds))},
        rules_that_applied={"mean": rounded(float(numpy.mean(applying))), "most": max(applying)},
        profile=profiled(lambda each: check(each, None, index, state, NOW), asked[:500]),
    )


def measured(name: str, asked: list[OperationStart], index: Any, state: GuardState) -> list[Figure]:
    timing = Timing(wall=[], cpu=[])
    gc.freeze()  # as a service that has been up for a while
    for each in asked:
        add(timing, lambda: check(each, None, index, state, NOW))  # noqa: B023 - it is called before the next round
    p99 = float(numpy.quantile(timing.wall, 0.99))
    return [
        *latencies(name, timing),
        Figure(
            name=f"{name}: p99",
            value=p99,
            unit="ms",
            n=len(asked),
            interval=bootstrap(timing.wall[:2_000], lambda rows: numpy.quantile(rows, 0.99, axis=-1)),
            method="bootstrap over the first 2,000",
            at_most=TARGET_MS,
            beside={"cpu_p99_ms": rounded(float(numpy.quantile(timing.cpu, 0.99))), "worst_ms": max(timing.wall)},
        ),
    ]


def version_of(number: int) -> ProcedureVersion:
    """Return a strict procedure of four steps that is set off by an operation of its own."""
    steps = [
        Step(
            id=f"step-{number}-{each}",
            action=Action(uses=StepKind.MANUAL),
            needs=(f"step-{number}-{each - 1}",) if each else (),
        )
        for each in range(4)
    ]
    trigger = Trigger(operations=(f"{VERBS[number % 10]} service-{number}",), targets=("prod*",))
    name = f"procedure-{number}"
    mode = Mode.STRICT if number % 2 else Mode.REQUIRED
    return ProcedureVersion(
        id=name,
        namespace="bench",
        number=1,
        hash=f"{number:064x}",
        procedure=Procedure(name=name, mode=mode, triggers=(trigger,), steps=tuple(steps)),
        state=ProcedureState.ACTIVE,
        owner=Owner.STORE,
        source="",
        path=None,
        created_at=NOW,
        created_by=AGENT,
    )


def ordered(versions: list[ProcedureVersion]) -> list[Rule]:
    return [rule for version in versions for rule in from_procedure(version)]


def written(count: int) -> list[Rule]:
    """Return rules of every kind in turn: exact names, globs at the end, globs at the beginning."""
    kinds = [RuleKind.ORDER, RuleKind.APPROVAL, RuleKind.CONDITION, RuleKind.ORDER]
    shapes = ["{verb} service-{number}", "{verb} service-{number}*", "* service-{number}"]
    return [
        Rule(
            id=f"rule-{number}",
            namespace="bench",
            name=f"rule {number}",
            kind=kinds[number % 4],
            operations=(shapes[number % 3].format(verb=VERBS[number % 10], number=number),),
            requirement=requirement(number),
            mode=list(RuleMode)[number % 4],
        )
        for number in range(count)
    ]


def requirement(number: int) -> AllOf:
    return AllOf(
        parts=(
            Done(operation=f"check {number % 50}", arguments={"service": "service"}),
            AnyOf(parts=(Done(operation=f"read {number % 50}", result="result.rows > 1"), Done(operation="test"))),
        )
    )


def state_of(versions: list[ProcedureVersion]) -> GuardState:
    hashes = {version.procedure.name: version.hash for version in versions}
    past = tuple(
        PastOperation(
            name=f"{'check' if number % 2 else 'read'} {number % 50}",
            target="production",
            arguments={"service": f"service-{number % 7}"},
            result={"rows": number},
            succeeded=True,
            at=NOW - HOUR + number,
            session_id="session-1",
        )
        for number in range(100)
    )
    receipts = tuple(
        Receipt(
            id=f"receipt-{number}",
            operation=f"{VERBS[number]} service-{number}",
            target="production",
            action_class=ActionClass.CHANGING,
            actor=AGENT,
            session_id="session-1",
            created_at=NOW - number,
            expires_at=NOW + HOUR,
            procedures=tuple(f"{name}@{hashes[name]}" for name in list(hashes)[:5]),
        )
        for number in range(10)
    )
    return GuardState(
        enforcement=Enforcement.STRICT,
        past=past,
        receipts=receipts,
        active=hashes,
        followed=tuple(f"{name}@{digest}" for name, digest in list(hashes.items())[::3]),
        unmet=frozenset(f"rule-{number}" for number in range(2, 1_000, 40)),
    )


def operation(generator: random.Random) -> OperationStart:
    number = generator.randrange(1_200)  # a sixth falls under no rule of its own
    return OperationStart(
        name=f"{VERBS[number % 10]} service-{number}",
        target="production",
        context={"service": f"service-{number % 7}", "version": "1.2.3"},
        action_class=generator.choice([ActionClass.CHANGING, ActionClass.CHANGING, ActionClass.DESTRUCTIVE]),
        actor=AGENT,
        session_id="session-1",
    )


if __name__ == "__main__":
    main()
