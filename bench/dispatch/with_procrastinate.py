"""How does procrastinate wake our runs and tick? Its SQL function enqueues in our own transaction."""

from __future__ import annotations

import psycopg

from bench.dispatch.port import Work
from brainops.store import Transaction
from brainops.types import Micros

DISTRIBUTIONS = ("procrastinate", "psycopg-pool", "croniter", "asgiref", "attrs", "python-dateutil", "six", "pytz")
TABLES = "select count(*) from pg_tables where tablename like 'procrastinate%'"
DEFER = """
select procrastinate_defer_jobs_v1(array[row('runs', 'advance', 0, null, %(lock)s, %(args)s::jsonb,
    case when %(at)s > %(now)s then to_timestamp(%(at)s / 1e6) end)::procrastinate_job_to_defer_v1])
where not exists (select 1 from procrastinate_jobs where queueing_lock = %(lock)s and status = 'todo')
"""


def install(url: str) -> None:
    """Make its tables, and let our runtime role use them."""
    from procrastinate import App, SyncPsycopgConnector

    with App(connector=SyncPsycopgConnector(conninfo=url)).open() as app:
        app.schema_manager.apply_schema()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("grant all on all tables in schema public to brainops_runtime")
        connection.execute("grant all on all sequences in schema public to brainops_runtime")


def wake(tx: Transaction, run_id: str, at: Micros) -> None:
    """Enqueue in the transaction that made the run due; one that is enqueued already is not enqueued again."""
    from brainops.types.times import SECOND_MICROS

    now = tx.session.connection.execute("select (extract(epoch from now()) * 1e6)::bigint as n").fetchone()["n"]
    lock = run_id if at <= now + SECOND_MICROS // 100 else f"{run_id}@{at}"
    given = {"lock": lock, "args": f'{{"run_id": "{run_id}"}}', "at": at, "now": now}
    tx.session.connection.execute(DEFER, given)


def serve(url: str, work: Work) -> None:
    """Work until SIGTERM."""
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=url))

    @app.task(name="advance", queue="runs")
    def advance(run_id: str) -> None:
        work.advance(run_id)

    @app.periodic(cron="* * * * * *")
    @app.task(name="tick", queue="runs", queueing_lock="tick")
    def tick(timestamp: int) -> None:
        work.dispatch_again(wake)

    app.run_worker(
        concurrency=work.runs_at_once + 1,
        delete_jobs="always",
        update_heartbeat_interval=1,
        stalled_worker_timeout=5,
        shutdown_graceful_timeout=30,
    )
