"""What do an agent's own settings say, which secrets do they name, and how long may it take?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

from brainops.agents.adapters.prompt import filled
from brainops.procedures.consent.limits import check_command, check_environment
from brainops.procedures.steps.executor import Limits
from brainops.procedures.steps.parameters import Parameters
from brainops.procedures.steps.secret_refs import resolve
from brainops.types import Agent, Task

__all__ = ["Parameters", "address_of", "environment_of", "seconds_of", "secrets_of"]


def address_of(settings: Parameters) -> str:
    """Return the `url`. Raises StepFailed where it is none."""
    url = settings.text("url")
    if not url.lower().startswith(("http://", "https://")):
        settings.refuse(f"takes an http:// or https:// address as `url`, not {url!r:.80}")
    return url


def seconds_of(agent: Agent, task: Task) -> float:
    """Return how long an agent may be at a task: what the task gives it, at most what is its own limit."""
    return min(task.timeout_seconds, agent.limits.timeout_seconds)


def secrets_of(settings: Parameters, limits: Limits) -> dict[str, str]:
    """Return the values of the secrets that `secrets` names by reference. Raises StepFailed."""
    allowed = partial(check_command, limits)
    return {name: resolve(str(reference), allowed) for name, reference in settings.mapping("secrets").items()}


def filled_headers(settings: Parameters, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the `headers`, each {NAME} of a secret filled in."""
    return {name: filled(str(value), secrets) for name, value in settings.mapping("headers").items()}


def environment_of(
    agent: Agent, task: Task, settings: Parameters, secrets: Mapping[str, str], limits: Limits
) -> dict[str, str]:
    """Return a clean environment: a few variables of ours, the agent's own, its secrets, and who it is."""
    given = {name: str(value) for name, value in settings.mapping("env").items()} | dict(secrets)
    if wrong := [name for name, value in given.items() if not name.isidentifier() or "\0" in value]:
        settings.refuse(f"sets variables by name to a text; {wrong[0]!r:.60} is none")
    check_environment(limits, given)
    kept = {name: os.environ[name] for name in limits.environment if name in os.environ}
    ours = {
        "BRAINOPS_ACTOR": f"agent:{agent.name}",
        "BRAINOPS_TASK_ID": task.id,
        "BRAINOPS_IDEMPOTENCY_KEY": task.idempotency_key or task.id,
    }
    return {**kept, **given, **ours}
