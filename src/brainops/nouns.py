"""Which nouns does a Brain have, beside its verbs? Each is made, and imported, when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from brainops.services import Services, part

if TYPE_CHECKING:
    from brainops.agents.agents import Agents
    from brainops.agents.language.language import Language
    from brainops.agents.workflows.workflows import Workflows
    from brainops.health.health import Health
    from brainops.health.sessions import Sessions
    from brainops.health.upkeep import Upkeep
    from brainops.health.workers import Workers
    from brainops.learning.cycles.cycles import Learning
    from brainops.learning.improvements.improvements import Improvements
    from brainops.learning.sharing.sharing import Sharing
    from brainops.learning.signals.signals import Signals
    from brainops.operations.guard.enforcement import Guard
    from brainops.operations.operations import Operations
    from brainops.procedures.cases.cases import Cases
    from brainops.procedures.catalog import Catalog
    from brainops.procedures.consent.approvals import Approvals
    from brainops.procedures.consent.limits import StepLimits
    from brainops.procedures.consent.outbox import Outbox
    from brainops.procedures.fixes.fixes import Fixes
    from brainops.procedures.runs.runner import Runner
    from brainops.procedures.steps.call import Registry
    from brainops.procedures.triggers.triggers import Triggers

T = TypeVar("T")


class noun(part[T]):
    """A noun of a Brain, made of its parts when first asked for."""

    def __init__(self, make: Callable[[Services], T]) -> None:
        super().__init__(lambda brain: make(brain._services))
        self.__doc__ = make.__doc__


def agents(services: Services) -> Agents:
    """The agents, and the tasks that they carry out."""
    return services.agents


def approvals(services: Services) -> Approvals:
    """What waits for a person's word, and who may give it."""
    return services.approvals


def calls(services: Services) -> Registry:
    """The Python functions that procedures may call."""
    return services.calls


def cases(services: Services) -> Cases:
    """What was decided before, to decide alike."""
    return services.cases


def fixes(services: Services) -> Fixes:
    """What helps against which error, and how surely."""
    return services.fixes


def guard(services: Services) -> Guard:
    """The rules that hold here, their settings and what they decided."""
    return services.guard


def health(services: Services) -> Health:
    """The figures of health, and the report of a week."""
    from brainops.health.health import Health

    return Health(services.context, services.settle)


def improvements(services: Services) -> Improvements:
    """What learning proposes to change, or has changed."""
    return services.improvements


def language(services: Services) -> Language:
    """The language models, and what they may take."""
    return services.language


def learning(services: Services) -> Learning:
    """The cycles that learn from the record."""
    return services.learning


def limits(services: Services) -> StepLimits:
    """What steps may run and reach."""
    return services.limits


def notices(services: Services) -> Outbox:
    """What people are told, and by which ways."""
    return services.notices


def operations(services: Services) -> Operations:
    """The operation log."""
    from brainops.operations.operations import Operations

    return Operations(services.context, services.recorder.flush)


def procedures(services: Services) -> Catalog:
    """The procedures and their versions."""
    return services.procedures


def runs(services: Services) -> Runner:
    """The runs of procedures."""
    return services.runs


def sessions(services: Services) -> Sessions:
    """The sessions, and the briefing that opens one."""
    from brainops.health.session import SessionPlace
    from brainops.health.sessions import Sessions

    place = SessionPlace(
        context=services.context,
        procedures=services.procedures,
        learning=services.learning,
        background=services.background,
    )
    return Sessions(place, services.settings.session, services.recorder.flush)


def sharing(services: Services) -> Sharing:
    """What instances teach each other."""
    return services.sharing


def signals(services: Services) -> Signals:
    """Logs, figures and pages that are watched."""
    return services.signals


def triggers(services: Services) -> Triggers:
    """What sets procedures off."""
    return services.triggers


def upkeep(services: Services) -> Upkeep:
    """What is stored: state, checks, backup, transfer, indexes, growth."""
    from brainops.health.upkeep import Upkeep

    return Upkeep(services.context, services.recorder.flush)


def workers(services: Services) -> Workers:
    """Who goes on with runs: this process, and others."""
    from brainops.health.workers import Workers

    return Workers(services.context, services.lane)


def workflows(services: Services) -> Workflows:
    """Plans for goals, as procedures whose steps name agents."""
    return services.workflows
