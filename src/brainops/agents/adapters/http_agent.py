"""How does an agent behind an HTTP address carry out a task?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from brainops.agents.adapters.adapter import AdapterPort
from brainops.agents.adapters.agent_settings import Parameters, address_of, filled_headers, seconds_of, secrets_of
from brainops.agents.adapters.client_json import error_told, told
from brainops.agents.adapters.prompt import filled_in, places_of, quoted_memory
from brainops.agents.time_limit import within
from brainops.procedures.consent.limits import limits_of
from brainops.procedures.steps import http
from brainops.types import JSON, Agent, Evidence, Failed, Outcome, Succeeded, Task

KNOWN = ("url", "method", "headers", "secrets", "json", "expect")
OURS = ("url", "method", "headers", "json", "expect")


def run(agent: Agent, task: Task, port: AdapterPort) -> Outcome:
    """Post the task as JSON to `url` and read the answer, within the hosts that the namespace may reach.

    The body is {id, task, task_class, target, context, memory}, or `json` with its places filled in. In `headers` a
    {NAME} of `secrets` stands for its value. The same idempotency key goes with every attempt at a task, and none is
    made twice here. A status of 2xx is success, unless the answer says that the task failed.
    """
    settings, limits = settings_of(agent), limits_of(port.context)
    secrets, seconds = secrets_of(settings, limits), seconds_of(agent, task)
    parameters: dict[str, Any] = {name: settings.any(name) for name in OURS if settings.has(name)}
    parameters["method"] = settings.text("method", "POST")
    parameters["headers"] = filled_headers(settings, secrets)
    parameters["json"] = {
        "id": task.id,
        "task": task.text,
        "task_class": task.task_class,
        "target": task.target,
        "context": dict(task.context),
        "memory": quoted_memory(task),
    }
    if settings.has("json"):
        parameters["json"] = filled_in(settings.any("json"), places_of(task))

    def asked(stopped: Callable[[], bool]) -> dict[str, JSON]:
        what, key = Parameters.named("an HTTP agent", parameters, OURS), task.idempotency_key or task.id
        return http.answer(what, key, limits, seconds, secrets, stopped)

    answer = within(seconds, port.cancelled, asked)
    body = answer.get("json", answer.get("text"))
    said = told(body) if isinstance(body, Mapping) else None
    if said is None or not said.error:
        return Succeeded(result=body, cost=said.cost if said else None)
    return Failed(error=error_told(said.error, said.kind), result=body, cost=said.cost, evidence=Evidence.CLAIMED)


def settings_of(agent: Agent) -> Parameters:
    """Return what its settings say. Raises StepFailed where that is not how an address is asked."""
    settings = Parameters.named("an HTTP agent", agent.settings, KNOWN)
    address_of(settings)
    return settings
