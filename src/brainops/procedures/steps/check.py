"""What must hold before a run goes on? A condition, a command that succeeds, an address that answers as expected."""

from __future__ import annotations

from brainops.errors import ConditionFailed, InvalidInput, StepFailed
from brainops.procedures.conditions.conditions import compile
from brainops.procedures.steps import command, http
from brainops.procedures.steps.executor import StepDone, StepResult, StepWork
from brainops.procedures.steps.parameters import Parameters
from brainops.types import JSON

KNOWN = ("condition", "message", *command.KNOWN, *http.KNOWN)


def check(work: StepWork) -> StepResult:
    """Look whether everything named holds: `condition`, then `run`, then `url`; fail where one does not."""
    parameters = Parameters(work.action, tuple(dict.fromkeys(KNOWN)))
    if not any(parameters.has(name) for name in ("condition", "run", "url")):
        parameters.refuse("names what must hold: `condition`, `run` or `url`")
    if parameters.has("run") and parameters.has("url"):
        parameters.refuse("looks at a command or at an address; write two steps")
    output: dict[str, JSON] = {"holds": True}
    if parameters.has("condition"):
        condition = parameters.any("condition")
        if isinstance(condition, str):
            try:
                holds = compile(condition, condition=True).holds(work.values)
            except ConditionFailed as failed:
                raise StepFailed(str(failed), kind="ConditionFailed") from None
            except InvalidInput as wrong:
                raise StepFailed(str(wrong), kind=type(wrong).__name__, retryable=False) from None
        elif isinstance(condition, bool):
            holds = condition
        else:
            parameters.refuse("takes a condition that is true or false: ${{ steps.count.output.json.n > 3 }}")
        if not holds:
            said = parameters.text("message", "")
            raise StepFailed(said or f"it does not hold: {condition}", kind="CheckFailed")
    if parameters.has("run"):
        output |= command.run_command(work, parameters)
    if parameters.has("url"):
        output |= http.ask(work, parameters)
    return StepDone(output=output)
