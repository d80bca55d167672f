"""Which Python functions may a procedure call, and how is one called?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from brainops.errors import Conflict, InvalidInput, StepFailed
from brainops.procedures.steps.executor import StepDone, StepResult, StepWork
from brainops.procedures.steps.parameters import Parameters
from brainops.types import JSON

KNOWN = ("function", "arguments")
MAX_SHOWN = 20  # of the registered names in an error

Function = Callable[[Mapping[str, Any]], JSON]
"""Takes the step's arguments and returns small JSON; what it raises is the step's failure."""
FunctionOfWork = Callable[[Mapping[str, Any], StepWork], JSON]


class Functions(dict[str, FunctionOfWork]):
    """What the program registered, for all that work in its process."""


class Registry:
    """The functions that call steps name. Only what the program registered can be called, never what a file imports.

    `own` are those of the memory that is asked.
    """

    def __init__(self, own: Mapping[str, Function] | None = None, functions: Functions | None = None) -> None:
        self._own = {name: _of_arguments(function) for name, function in (own or {}).items()}
        self._functions = Functions() if functions is None else functions

    def register(self, name: str, function: Function) -> None:
        """Let call steps name a function of their arguments. Raises Conflict for a name that is taken."""
        self.register_with_work(name, _of_arguments(function))

    def register_with_work(self, name: str, function: FunctionOfWork) -> None:
        """Let call steps name a function that also reads the work: its idempotency key, its secrets, `cancelled`."""
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput("a function is registered under a name, such as payments.refund")
        if name in self._own or self._functions.setdefault(name, function) is not function:
            raise Conflict(f"a function is registered as {name} already; choose another name")

    def names(self) -> tuple[str, ...]:
        """Return the registered names in order."""
        return tuple(sorted({*self._own, *self._functions}))

    def call(self, work: StepWork) -> StepResult:
        """Do a call step: `function` by name, with `arguments`; what it returns is the output."""
        parameters = Parameters(work.action, KNOWN)
        name = parameters.text("function")
        function = self._own.get(name) or self._functions.get(name)
        if function is None:
            there = ", ".join(self.names()[:MAX_SHOWN]) or "none"
            raise StepFailed(
                f"no function is registered as {name!r:.80} in this process (there is {there}); register it before the "
                "run: brain.calls.register(name, function)",
                kind="NotRegistered",
                retryable=False,
            )
        output = function(parameters.mapping("arguments"), work)
        try:
            json.dumps(output, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise StepFailed(f"{name} returned what is no JSON: {error}", kind="NoJSON", retryable=False) from None
        return StepDone(output=output)


def _of_arguments(function: Function) -> FunctionOfWork:
    return lambda arguments, _: function(arguments)
