"""Does a verb still execute the same statements, in the same transactions? See golden.py for how to record anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from brainops.brain import Brain
from brainops.types import Action, OperationStart, Procedure, Step, StepKind
from tests.conformance.everything import ERROR, MARTA
from tests.goldens.conftest import Copied, open_at
from tests.goldens.golden import compare
from tests.goldens.statements import watched

GREET = Procedure(
    name="greet",
    description="Look, then keep what was found.",
    steps=(
        Step(id="find", action=Action(uses=StepKind.RETRIEVE, parameters={"query": "gateway"})),
        Step(
            id="keep",
            needs=("find",),
            action=Action(uses=StepKind.CAPTURE, parameters={"title": "hello", "content": "said"}),
        ),
    ),
)

Verb = Callable[[Brain], object]


def prepared(brain: Brain) -> None:
    """Leave what the verbs find there already, and what is read once in the life of a brain."""
    brain.establish(GREET)
    brain.begin("warm up", target="stage", consult="never").succeed()


VERBS: dict[str, Verb] = {
    "capture": lambda brain: brain.capture("restart the api", "after the queue", tags=["api"]),
    "retrieve": lambda brain: brain.retrieve("drain the gateway"),
    "match": lambda brain: brain.match(ERROR),
    "guidance": lambda brain: brain.guidance("deploy api", target="prod"),
    "begin": lambda brain: brain.begin("restart api", target="prod", session="s"),
    "finish": lambda brain: brain.begin("restart api", target="prod", consult="never").fail(ERROR),
    "execute": lambda brain: brain.execute("greet", target="prod"),
    "guard check": lambda brain: brain.guard.check(OperationStart(name="drop table", target="prod", actor=MARTA)),
    "fix binding": lambda brain: brain.fixes.attach("OSError: disk full", "Make room", advice="Remove old logs."),
    "learning cycle": lambda brain: brain.learning.run("daily"),
}


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_executes_the_statements_that_it_executed(name: str, copied: Copied) -> None:
    with open_at(copied("open").store) as brain:
        prepared(brain)
        brain.flush()
        with watched() as transactions:
            VERBS[name](brain)
            brain.flush()

    compare(f"statements-{name.replace(' ', '-')}", transactions)
