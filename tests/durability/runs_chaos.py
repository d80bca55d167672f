"""What do kill -9 and SIGSTOP at random do to runs? The driver: workers, blows, and what is found afterwards.

Used by the short test beside it and by the long measurement in bench/.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from brainops.brain import Brain
from brainops.procedures.runs.unit_of_work import Wake, stay
from tests.durability import runs_worker
from tests.durability.runs_worker import CALLS, CAPTURES
from tests.inside import inside

WORKERS = 3
BLOW_SECONDS = 0.35  # on average between two blows
PAUSE_LEASES = 1.6  # how long a stopped worker sleeps, in leases: past its fence


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found: `wrong` is empty when everything holds."""

    runs: int
    seconds: float
    kills: int
    pauses: int
    outside_effects: int
    repeated_effects: int
    highest_epoch: int
    wrong: tuple[str, ...]


def chaos(
    url: str,
    folder: Path,
    *,
    runs: int = 200,
    lease_seconds: float = 1.0,
    least_seconds: float = 0.0,
    most_seconds: float = 300.0,
    seed: int = 7,
    worker: Sequence[str] = (str(Path(runs_worker.__file__)),),
    wake: Wake = stay,
) -> Outcome:
    """Let workers do the runs while they are killed and stopped, and return what is found afterwards.

    New runs are added until `least_seconds` have passed. `worker` and `wake` are for workers that an engine dispatches.
    """
    effects, dice = folder / "effects", random.Random(seed)
    effects.touch()
    command = [sys.executable, *worker, url, str(effects), str(lease_seconds)]
    with runs_worker.opened(url) as brain:
        runner = runs_worker.runner(brain, str(effects), lease_seconds, wake)
        brain.procedures.save(runs_worker.six_steps())
        brain.procedures.activate("six")
        begun = [runner.start("six", target=str(number), detached=True).id for number in range(runs)]
        blows = Blows(command, dice, lease_seconds)
        began = time.monotonic()
        try:
            while time.monotonic() - began < most_seconds:
                blows.strike()
                late = time.monotonic() - began >= least_seconds
                if not runner.list(state="active", limit=1):
                    if late:
                        break
                    begun += [runner.start("six", target=str(each), detached=True).id for each in range(runs)]
        finally:
            blows.end()
        seconds = time.monotonic() - began
        return found(brain, begun, effects, seconds, blows)


class Blows:
    """The workers, and what befalls them."""

    def __init__(self, command: list[str], dice: random.Random, lease_seconds: float) -> None:
        self.kills = self.pauses = 0
        self._command = command
        self._dice = dice
        self._pause_seconds = lease_seconds * PAUSE_LEASES
        self._workers = [self._begin() for _ in range(WORKERS)]
        self._asleep: dict[int, float] = {}

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command)

    def strike(self) -> None:
        """Wait a moment, then kill or stop a worker; a killed one is replaced, a stopped one goes on later."""
        time.sleep(self._dice.uniform(0, 2 * BLOW_SECONDS))
        self._wake(time.monotonic())
        index = self._dice.randrange(WORKERS)
        worker = self._workers[index]
        if index in self._asleep:
            return
        if self._dice.random() < 0.7:
            worker.kill()
            worker.wait()
            self._workers[index] = self._begin()
            self.kills += 1
        else:
            worker.send_signal(signal.SIGSTOP)
            self._asleep[index] = time.monotonic() + self._pause_seconds
            self.pauses += 1

    def _wake(self, now: float) -> None:
        for index, until in list(self._asleep.items()):
            if until <= now:
                self._workers[index].send_signal(signal.SIGCONT)
                del self._asleep[index]

    def end(self) -> None:
        """Let every worker leave, those that were stopped last: what they wake up to is over."""
        self._wake(float("inf"))
        for worker in self._workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self._workers:
            with suppress(subprocess.TimeoutExpired):
                worker.wait(30)
            worker.kill()
            worker.wait()


def found(brain: Brain, begun: list[str], effects: Path, seconds: float, blows: Blows) -> Outcome:
    """Look at every run, every effect and every row."""
    wrong: list[str] = []
    lines = [line.split() for line in effects.read_text(encoding="utf-8").splitlines()]
    outside = Counter(line[0] for line in lines)
    highest = 0
    with inside(brain).store.read() as tx:
        for run_id in begun:
            run = tx.runs.get(run_id)
            assert run is not None
            highest = max(highest, run.epoch)
            if run.state.value != "succeeded":
                wrong.append(f"run {run_id} is {run.state.value}: {run.error or run.reason}")
            states = {row.step_id: row.state.value for row in run.steps}
            if states != dict.fromkeys((*CALLS, *CAPTURES), "succeeded"):
                wrong.append(f"run {run_id} has steps {states}")
            if sorted(row.completion or 0 for row in run.steps) != [1, 2, 3, 4, 5, 6]:
                wrong.append(f"run {run_id} completed {[row.completion for row in run.steps]}")
            for step_id in CAPTURES:
                count = int(tx.setting(f"effect:{run_id}:{step_id}") or 0)
                if count != 1:
                    wrong.append(f"the own effect {run_id}:{step_id} was committed {count} times")
            missing = [step_id for step_id in CALLS if outside[f"{run_id}:{step_id}"] < 1]
            wrong += [f"the outside effect {run_id}:{step_id} never happened" for step_id in missing]
            wrong += past_the_fence(run.steps, run.epoch)
    expected = {f"{run_id}:{step_id}" for run_id in begun for step_id in CALLS}
    wrong += [f"an effect of nobody: {key}" for key in outside.keys() - expected]
    wrong += inside(brain).store.upkeep.check()
    return Outcome(
        runs=len(begun),
        seconds=seconds,
        kills=blows.kills,
        pauses=blows.pauses,
        outside_effects=len(lines),
        repeated_effects=len(lines) - len(outside),
        highest_epoch=highest,
        wrong=tuple(wrong),
    )


def past_the_fence(steps: tuple[object, ...], epoch: int) -> list[str]:
    """Say where a step was committed by an epoch that had passed when a later step was: epochs only rise."""
    ended = sorted(steps, key=lambda row: row.completion or 0)  # type: ignore[attr-defined]
    epochs = [row.epoch for row in ended]  # type: ignore[attr-defined]
    if epochs != sorted(epochs) or max(epochs, default=0) > epoch:
        return [f"steps were committed under the epochs {epochs} of {epoch}"]
    return []
