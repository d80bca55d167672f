"""Which steps go on later: at a time, on an answer, when another run has ended, or once something can do them?"""

from __future__ import annotations

from datetime import datetime

from brainops.procedures.steps.executor import StepResult, StepWaits, StepWork
from brainops.procedures.steps.parameters import Parameters
from brainops.types import JSON
from brainops.types.times import SECOND_MICROS

MAX_WAIT_DAYS = 366
RESOLVED_SECONDS = 86_400.0  # that alerts are waited for where nothing says how long: by then somebody looks
UNITS = {"seconds": 1.0, "minutes": 60.0, "hours": 3_600.0, "days": 86_400.0}


def wait(work: StepWork) -> StepResult:
    """Wait a time (`seconds`, `minutes`, `hours`, `days`, added up) or `until` a moment; it holds nothing meanwhile.

    `until` is text as ISO 8601 with a zone, or microseconds; one that has passed ends at once. Output: {waited_until}.
    `until: resolved` waits for the alerts that began the run, at most so long (a day where nothing says); it is the one
    wait that can verify a step. Output: {resolved, alerts}.
    """
    parameters = Parameters(work.action, ("until", *UNITS))
    now = work.context.store.now()
    given = [name for name in UNITS if parameters.has(name)]
    most = MAX_WAIT_DAYS * 86_400.0
    seconds = sum(parameters.number(name, 0.0, 0.0, most / UNITS[name]) * UNITS[name] for name in given)
    if parameters.has("until") and parameters.any("until") == "resolved":
        seconds = seconds or work.timeout_seconds or RESOLVED_SECONDS
        return StepWaits(waits_for="resolved", wake_at=now + int(seconds * SECOND_MICROS))
    if bool(given) == parameters.has("until"):
        parameters.refuse("says how long (`minutes: 5`) or `until` when, one of them")
    if given:
        wake_at = now + int(seconds * SECOND_MICROS)
    else:
        until = parameters.any("until")
        if isinstance(until, int) and not isinstance(until, bool) and until >= 0:
            wake_at = until
        else:
            try:
                moment = datetime.fromisoformat(str(until))
            except ValueError:
                parameters.refuse(f"waits `until` a moment such as 2030-01-31T08:00:00Z, not {until!r:.60}")
            if moment.tzinfo is None:
                parameters.refuse(f"waits `until` a moment with its zone, such as {until}Z")
            wake_at = int(moment.timestamp() * SECOND_MICROS)
    if wake_at - now > MAX_WAIT_DAYS * 86_400 * SECOND_MICROS:
        parameters.refuse(f"waits at most {MAX_WAIT_DAYS} days")
    return StepWaits(waits_for="time", wake_at=wake_at, detail={"waited_until": wake_at})


def manual(work: StepWork) -> StepResult:
    """Wait until somebody says that the step is done: `brainops run complete`, or Runner.complete."""
    return StepWaits(waits_for="manual", detail=dict(work.action.parameters))


def approval(work: StepWork) -> StepResult:
    """Wait for the answer to an approval; whoever runs the step asks it."""
    return StepWaits(waits_for="approval", detail=dict(work.action.parameters))


def procedure(work: StepWork) -> StepResult:
    """Wait for the run of another procedure; whoever runs the step begins it: {procedure, inputs, context, target}."""
    parameters = Parameters(work.action, ("procedure", "name", "inputs", "context", "target"))
    name = parameters.text("procedure" if parameters.has("procedure") else "name")
    detail: JSON = {
        "procedure": name,
        "inputs": parameters.mapping("inputs"),
        "context": parameters.mapping("context"),
        "target": parameters.any("target"),
    }
    return StepWaits(waits_for="run", detail=detail)


def agent(work: StepWork) -> StepResult:
    """Wait for a person: no agent can be asked here. What was to be done is the plan; nothing is taken for done."""
    return _by_hand(work, "there is no agent here that can do it")


def decide(work: StepWork) -> StepResult:
    """Wait for a person: nothing here decides from past cases. What is to be decided is the plan."""
    return _by_hand(work, "there are no past cases here to decide it from")


def _by_hand(work: StepWork, why: str) -> StepResult:
    plan: dict[str, JSON] = dict(work.action.parameters)
    return StepWaits(waits_for="manual", detail={"why": f"{why}; do it by hand and say what came of it", "plan": plan})
