"""What does a start cost, of the library and of the commands that people and hooks wait for, beside a bare interpreter?

CPU seconds of whole processes, user and system, in a clean environment with warm byte code. They take turns with
`python -I -S -c pass`, so that what else the machine does falls on all of them alike; a figure is a ratio of medians.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy

from bench.figures import Figure, Floats, bootstrap, median, rounded
from bench.part import Options, fresh, options, publish, say
from bench.speed.questions import NAMESPACE, notes
from brainops import Brain

BARE = (sys.executable, "-I", "-S", "-c", "pass")
PROGRAM = str(Path(sys.executable).with_name("brainops"))
NOTHING = "true"  # a program that does nothing, for what `exec` adds to one
MEMORIES = 400
ADDED_SECONDS = 0.3

# what is started -> its words after the program, or the code that Python runs; and how many bare interpreters it may be
LIBRARY: Mapping[str, tuple[str, float]] = {
    "import brainops": ("import brainops", 3.0),
    "from brainops import Brain": ("from brainops import Brain", 10.0),
}
COMMANDS: Mapping[str, tuple[Sequence[str], float]] = {
    "brainops --version": (["--version"], 5.0),
    "brainops --help": (["--help"], 5.0),
    "brainops status": (["status"], 12.0),
    "brainops guard check": (["guard", "check", "deploy api", "--command", "kubectl apply -f ."], 12.0),
    "brainops capture": (["capture", "a note {number}", "--content", "text {number}"], 12.0),
}
BESIDE: Mapping[str, Sequence[str]] = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "import click": (sys.executable, "-c", "import click"),
    "import msgspec": (sys.executable, "-c", "import msgspec"),
    "import click, msgspec": (sys.executable, "-c", "import click, msgspec"),
    "brainops search": (PROGRAM, "search", "question number {number}"),
}
EXEC = "brainops exec -- true"


def main() -> None:
    given = options()
    runs = 5 if given.quick else 31
    commands = {
        "bare": BARE,
        **{name: (sys.executable, "-c", code) for name, (code, _) in LIBRARY.items()},
        **{name: (PROGRAM, *words) for name, (words, _) in COMMANDS.items()},
        **BESIDE,
        NOTHING: (NOTHING,),
        EXEC: (PROGRAM, "exec", "--quiet", "--", NOTHING),
    }
    say(f"{len(commands)} kinds of process, {runs} of each in turn")
    seconds = measured(commands, environment(given), runs)
    bars = {name: bar for name, (_, bar) in LIBRARY.items()} | {name: bar for name, (_, bar) in COMMANDS.items()}
    figures = [ratio(name, seconds, bar) for name, bar in bars.items()]
    figures += [ratio(name, seconds, None) for name in BESIDE]
    publish([*figures, added(seconds)], quick=given.quick)


def environment(given: Options) -> dict[str, str]:
    """Return the clean environment of the measured processes, with a store of some memories in it."""
    store, home = fresh(given, "starts"), given.work / "starts-home"
    home.mkdir(exist_ok=True)
    with Brain.open(store, namespace=NAMESPACE, model="none", background=False) as brain:
        brain.capture_many([brain.draft(title, text) for title, text in notes(MEMORIES, 31)])
    named = {"HOME": str(home), "BRAINOPS_STORE": str(store), "BRAINOPS_NAMESPACE": NAMESPACE, "BRAINOPS_MODEL": "none"}
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **named}


def measured(
    commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], runs: int
) -> dict[str, list[float]]:
    """Return the CPU seconds of each command, by turns; a first turn writes the byte code and is left out."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(-1, runs):
        for name, words in commands.items():
            took = cpu_of([word.format(number=number) for word in words], environment)
            if number >= 0:
                seconds[name].append(took)
    return seconds


def cpu_of(command: Sequence[str], environment: Mapping[str, str], given: Path | None = None) -> float:
    """Return the CPU seconds of a process and of what it waited for; a file may stand on its standard input."""
    with open(given or os.devnull, "rb") as said:
        process = subprocess.Popen(
            command, cwd=environment["HOME"], env=environment, stdin=said, stdout=subprocess.DEVNULL
        )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_utime + usage.ru_stime


def ratio(name: str, seconds: Mapping[str, Sequence[float]], at_most: float | None) -> Figure:
    """Return how many bare interpreters a process is."""
    pairs = numpy.array([seconds[name], seconds["bare"]]) * 1e3
    ours, bare = map(float, numpy.median(pairs, axis=1))

    def of(turns: Floats) -> Floats:
        at = turns.astype(int)
        return median(pairs[0][at]) / median(pairs[1][at])

    return Figure(
        name=f"`{name}` over a bare interpreter, CPU",
        value=ours / bare,
        n=pairs.shape[1],
        interval=bootstrap(numpy.arange(pairs.shape[1]), of),
        method="bootstrap",
        at_most=at_most,
        beside={"cpu_ms": rounded(ours), "bare_ms": rounded(bare)},
    )


def added(seconds: Mapping[str, Sequence[float]]) -> Figure:
    """Return the CPU that `exec` adds to the program that it runs."""
    more = numpy.array(seconds[EXEC]) - numpy.array(seconds[NOTHING])
    return Figure(
        name="`brainops exec` adds to a program, CPU",
        value=float(numpy.median(more)),
        unit="s",
        n=len(more),
        interval=bootstrap(more, median),
        method="bootstrap",
        at_most=ADDED_SECONDS,
    )


if __name__ == "__main__":
    main()
