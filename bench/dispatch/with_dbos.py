"""How does DBOS wake our runs and tick? Its SQL function enqueues in our own transaction."""

from __future__ import annotations

import json
import signal
import threading
from typing import Any
from uuid import uuid4

import psycopg

from bench.dispatch.port import Work
from brainops.store import Transaction
from brainops.types import Micros

DISTRIBUTIONS = ("dbos", "sqlalchemy", "greenlet", "python-dateutil", "six", "pyyaml", "websockets", "typer-slim",
                 "click", "psutil")  # fmt: skip
TABLES = "select count(*) from pg_tables where schemaname = 'dbos'"
ENQUEUE = """
select dbos.enqueue_workflow(workflow_name => 'advance', queue_name => 'runs',
    positional_args => array[%(run)s::json], workflow_id => %(id)s, app_version => 'bo-1',
    delay_until_epoch_ms => %(delay)s::bigint)
"""
TICK = "* * * * * *"


def _config(url: str) -> Any:
    return {
        "name": "brainops-bench",
        "system_database_url": url,
        "application_version": "bo-1",
        "executor_id": uuid4().hex,
        "log_level": "ERROR",
        "scheduler_polling_interval_sec": 1.0,
    }


def install(url: str) -> None:
    """Make its tables, and let our runtime role use them."""
    from dbos import DBOS

    DBOS(config=_config(url))
    DBOS.launch()
    DBOS.destroy()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("grant usage on schema dbos to brainops_runtime")
        connection.execute("grant all on all tables in schema dbos to brainops_runtime")


def wake(tx: Transaction, run_id: str, at: Micros) -> None:
    """Enqueue in the transaction that made the run due; under a name of its own, for one is never run twice."""
    now = tx.session.connection.execute("select (extract(epoch from now()) * 1e6)::bigint as n").fetchone()["n"]
    delay = at // 1_000 if at > now + 10_000 else None
    given = {"run": json.dumps(run_id), "id": f"{run_id}@{at // 1_000_000}", "delay": delay}
    tx.session.connection.execute(ENQUEUE, given)


def serve(url: str, work: Work) -> None:
    """Work until SIGTERM."""
    from dbos import DBOS

    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    DBOS(config=_config(url))

    @DBOS.workflow(name="advance")
    def advance(run_id: str) -> None:
        work.advance(run_id)

    @DBOS.workflow(name="tick")
    def tick(scheduled: Any, context: Any) -> None:
        work.dispatch_again(wake)

    DBOS.launch()
    DBOS.register_queue("runs", worker_concurrency=work.runs_at_once, polling_interval_sec=0.1)
    DBOS.apply_schedules([{"schedule_name": "tick", "workflow_fn": tick, "schedule": TICK, "context": None}])
    stopped.wait()
    DBOS.destroy(workflow_completion_timeout_sec=30)
