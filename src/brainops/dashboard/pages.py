"""Which pages are there? One table: where each lies, its name, what it shows, and the template that shows it.

A page is a function of whoever asks: it calls verbs of their view and returns plain values by their names. A value may
be a function without parameters, which is called only where the template asks for it: so one part of a page, asked for
alone when something changed (`?part=NAME`, a block of the template), does no more than it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from brainops.dashboard.agents import agents
from brainops.dashboard.approvals import approvals
from brainops.dashboard.errors import error, errors
from brainops.dashboard.incident import incident
from brainops.dashboard.learning import learning
from brainops.dashboard.now import now
from brainops.dashboard.procedures import procedure, procedures
from brainops.dashboard.runs import run, runs
from brainops.dashboard.search import memory, search
from brainops.dashboard.signals import signals
from brainops.dashboard.upkeep import access, audit, health
from brainops.dashboard.visit import Visit

Values = Mapping[str, Any]


class PageOf(Struct, frozen=True):
    """A page: its path, its title, its template, and the function that returns what it shows; `listed` in the bar.

    No part of it is shown to who may not call each of the verbs of `asks`.
    """

    path: str
    title: str
    template: str
    values: Callable[[Visit], Values]
    listed: bool = True
    asks: tuple[str, ...] = ()


PAGES = (
    PageOf("/", "Now", "now.html", now),
    PageOf("/approvals", "Approvals", "approvals.html", approvals),
    PageOf("/runs", "Runs", "runs.html", runs),
    PageOf("/runs/{run_id:str}", "Run", "run.html", run, listed=False),
    PageOf("/procedures", "Procedures", "procedures.html", procedures),
    PageOf("/procedures/{name:str}", "Procedure", "procedure.html", procedure, listed=False),
    PageOf("/incident", "Incidents", "incident.html", incident),
    PageOf("/search", "Search", "search.html", search),
    PageOf("/memories/{memory_id:str}", "Memory", "memory.html", memory, listed=False),
    PageOf("/errors", "Errors", "errors.html", errors),
    PageOf("/errors/{memory_id:str}", "Error", "error.html", error, listed=False),
    PageOf("/agents", "Agents", "agents.html", agents),
    PageOf("/learning", "Learning", "learning.html", learning),
    PageOf("/signals", "Logs and metrics", "signals.html", signals),
    PageOf("/health", "Health", "health.html", health),
    PageOf("/audit", "Audit", "audit.html", audit),
    PageOf("/access", "Keys and people", "access.html", access, asks=("keys.list", "people.list")),
)
