"""How does a language model carry out a task, and is its answer paid for?"""

from __future__ import annotations

from brainops.agents.adapters.adapter import AdapterPort
from brainops.agents.adapters.agent_settings import Parameters, seconds_of
from brainops.agents.adapters.prompt import prompt_of
from brainops.agents.language.language import MAX_TOKENS
from brainops.agents.language.model import LanguageModels
from brainops.procedures.consent.limits import check_host, limits_of
from brainops.types import Agent, Evidence, Outcome, Succeeded, Task

KNOWN = ("model", "models", "url", "key", "price", "system", "max-tokens")
MOST_TOKENS = 128_000  # of one answer
SYSTEM = "You carry out one task for the team that runs these services. Answer with its result alone."


def run(agent: Agent, task: Task, port: AdapterPort) -> Outcome:
    """Ask `model` (or `models`, the next where one fails; else those of the settings) to do the task.

    What it says is its word (claimed). It is paid for from the budget of the namespace. An `url` of one's own must be
    among the hosts that the namespace may reach; `key` is a reference; `price` is dollars for a million tokens in, out.
    """
    settings = settings_of(agent)
    said = port.language.say(
        prompt_of(task),
        purpose=f"agent {agent.name}",
        system=settings.text("system", SYSTEM),
        models=_models(settings, port),
        max_tokens=int(settings.number("max-tokens", MAX_TOKENS, 1, MOST_TOKENS)),
        timeout_seconds=seconds_of(agent, task),
        cancelled=port.cancelled,
    )
    return Succeeded(result=said.text, cost=said.cost, evidence=Evidence.CLAIMED)


def settings_of(agent: Agent) -> Parameters:
    """Return what its settings say. Raises StepFailed where that is not how a model is asked."""
    settings = Parameters.named("a language model agent", agent.settings, KNOWN)
    price = settings.any("price")
    if price is not None and not (
        isinstance(price, (list, tuple))
        and len(price) == 2
        and all(isinstance(each, (int, float)) and not isinstance(each, bool) and each >= 0 for each in price)
    ):
        settings.refuse(f"takes as `price` two numbers, dollars for a million tokens in and out, not {price!r:.60}")
    return settings


def _models(settings: Parameters, port: AdapterPort) -> LanguageModels | None:
    names = settings.texts("models") or settings.texts("model")
    if not names:
        return None
    url = settings.text("url", "")
    if url:
        check_host(limits_of(port.context), url)
    price = settings.any("price")
    return LanguageModels(
        names=names,
        url=url,
        key=settings.text("key", ""),
        price=(float(price[0]), float(price[1])) if price is not None else None,
    )
