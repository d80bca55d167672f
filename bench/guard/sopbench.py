"""How does BrainOps guard a recorded agent run? By the order rules of a prerequisite graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from bench.guard.prerequisites import ANSWERED, from_graph, rules_from_graph, satisfied_by_use
from brainops.operations.guard.guard import check, compiled
from brainops.operations.results import answer
from brainops.types import Deny, Enforcement, GuardState, OperationStart, PastOperation, Requirement, Rule


class SopGuard:
    """One run as a session under strict enforcement; the rules of prerequisites stay from task to task."""

    known: ClassVar[dict[str, Rule]] = {}  # the rules of a namespace outlive a session

    def start(self, goal: str, graph: Mapping[str, Any], constraints: object) -> None:
        self.past: list[PastOperation] = []
        self.begun: tuple[OperationStart, bool] | None = None
        needed = from_graph(graph["nodes"], graph["connections"], result=ANSWERED)
        made = rules_from_graph(goal, self.satisfied(needed), namespace="bench") if needed else ()
        here = {rule.id: rule for rule in made if rule.operations == (goal,)}
        self.known.update((rule.id, rule) for rule in made if rule.id not in here)
        self.rules = compiled([*here.values(), *(rule for rule in self.known.values() if rule.operations != (goal,))])

    def satisfied(self, needed: Requirement) -> Requirement:
        return satisfied_by_use(needed)

    def step(self, tool: str, args: Mapping[str, Any]) -> bool:
        operation = OperationStart(name=tool, context=args, session_id="run")
        state = GuardState(enforcement=Enforcement.STRICT, past=tuple(self.past))
        allowed = not isinstance(check(operation, None, self.rules, state, 0), Deny)
        self.begun = (operation, allowed)
        return allowed

    def result(self, text: object) -> None:
        if self.begun is None:  # a call that was never shown to the guard
            return
        (operation, allowed), self.begun = self.begun, None
        ran, value = answer(str(text))
        name, arguments = operation.name, operation.context
        done = PastOperation(
            name=name, target=None, arguments=arguments, result=value, succeeded=ran, at=len(self.past)
        )
        self.past.append(replace(done, session_id="run", denied=not allowed))
