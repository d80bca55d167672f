"""What do an agent's own settings say, which secrets do they name, and how long may it take?"""

from __future__ import annotations

from brainops.procedures.secret_refs import resolve
from brainops.procedures.steps.parameters import Parameters
from brainops.types import Agent, Task

__all__ = ["Parameters", "seconds_of", "secrets_of"]


def seconds_of(agent: Agent, task: Task) -> float:
    """Return how long an agent may be at a task: what the task gives it, at most what is its own limit."""
    return min(task.timeout_seconds, agent.limits.timeout_seconds)


def secrets_of(settings: Parameters) -> dict[str, str]:
    """Return the values of the secrets that `secrets` names by reference. Raises StepFailed."""
    return {name: resolve(str(reference)) for name, reference in settings.mapping("secrets").items()}
