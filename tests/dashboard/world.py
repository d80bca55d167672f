"""A memory in which something of everything stands: what the pages show beside an empty one, and on their pictures."""

from __future__ import annotations

from typing import Any

from brainops.brain import Brain
from brainops.cli.demo_history import MEMORIES, OPERATIONS
from brainops.engine import Engine
from brainops.types import Actor, ActorKind, OperationStart

AGENT = Actor(kind=ActorKind.AGENT, id="claude", proof="key")
OTHER = Actor(kind=ActorKind.AGENT, id="night-shift", proof="key")
ERROR = "psycopg.OperationalError: connection pool exhausted: 20 of 20 in use"
ENLARGE: dict[str, Any] = {
    "name": "enlarge-pool",
    "description": "Give the pool more connections, once somebody agreed",
    "on": {"operations": ["enlarge pool *"]},
    "steps": [
        {"id": "look", "uses": "capture", "with": {"title": "20 of 20 connections are in use"}},
        {"id": "ask", "uses": "approval", "with": {"question": "May the pool of shop grow to 40?"}, "needs": ["look"]},
        {"id": "enlarge", "uses": "command", "with": {"run": ["pgbouncer-ctl", "set", "pool_size", "40"]}},
        {"id": "tell", "uses": "manual", "text": "Tell the channel #shop what was done.", "needs": ["enlarge"]},
    ],
}
BY_HAND: dict[str, Any] = {
    "name": "rotate-keys",
    "description": "Rotate the keys of the payment provider",
    "steps": [
        {"id": "make", "uses": "capture", "with": {"title": "a new key was made"}},
        {"id": "hand-over", "uses": "manual", "text": "Give the new key to the vault."},
    ],
}
FAILS: dict[str, Any] = {
    "name": "migrate-orders",
    "description": "Move the table of orders to its new form",
    "steps": [
        {"id": "dump", "uses": "capture", "with": {"title": "orders were dumped"}},
        {
            "id": "migrate",
            "uses": "command",
            "with": {"run": ["sh", "-c", "echo 'column total does not exist' >&2; exit 3"]},
            "compensate": {"uses": "capture", "with": {"title": "the old form stands"}},
        },
    ],
}


def furnish(engine: Engine, brain: Brain) -> None:
    """Fill a memory that ines looks after; `brain` is hers."""
    namespace = brain.settings.namespace
    agents = [Brain(engine, actor=each, namespace=namespace) for each in (AGENT, OTHER)]
    brain.capture_many([brain.draft(**memory) for memory in MEMORIES])
    for at, (name, target, error) in enumerate(OPERATIONS):
        running = agents[at % 2].begin(name, target=target, consult="never")
        running.succeed() if error is None else running.fail(error)
    for _ in range(2):
        agents[0].begin("checkout", target="shop", consult="never").fail(ERROR)
    for procedure in (ENLARGE, BY_HAND, FAILS):
        brain.establish(procedure)
        agents[1].runs.start(procedure["name"], target="shop")
    agents[0].guard.ask(
        OperationStart(name="deploy api", target="production", actor=AGENT, session_id="s-1"),
        reason="2.14 mends the error of the pool",
    )
