"""Which Python functions may a procedure call, and how is one called?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from threading import Lock
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


class Registry:
    """The functions that call steps name. Only what the program registered can be called, never what a file imports."""

    def __init__(self, functions: Mapping[str, Function] | None = None) -> None:
        self._functions: dict[str, FunctionOfWork] = {}
        self._lock = Lock()
        for name, function in (functions or {}).items():
            self.register(name, function)

    def register(self, name: str, function: Function) -> None:
        """Let call steps name a function of their arguments. Raises Conflict for a name that is taken."""
        self.register_with_work(name, lambda arguments, _: function(arguments))

    def register_with_work(self, name: str, function: FunctionOfWork) -> None:
        """Let call steps name a function that also reads the work: its idempotency key, its secrets, `cancelled`."""
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput("a function is registered under a name, such as payments.refund")
        with self._lock:
            if name in self._functions:
                raise Conflict(f"a function is registered as {name} already; choose another name")
            self._functions[name] = function

    def names(self) -> tuple[str, ...]:
        """Return the registered names in order."""
        return tuple(sorted(self._functions))

    def call(self, work: StepWork) -> StepResult:
        """Do a call step: `function` by name, with `arguments`; what it returns is the output."""
        parameters = Parameters(work.action, KNOWN)
        name = parameters.text("function")
        function = self._functions.get(name)
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
