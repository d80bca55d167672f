"""Who ends a command with everything that it started, even when the program that asked for it is killed?

Runs as a program of its own, on the standard library alone: `python -I -S warden.py CONTROL STATUS SYSTEM`. It reads
one line of JSON from the descriptor CONTROL (arguments, environment, memory, grace), starts the command in a process
group of its own, and writes lines of JSON to STATUS: {"started": PID}, {"error": ERRNO}, {"exit": CODE}. When the other
end of CONTROL is closed, by whomever, it ends the command and all its descendants: SIGTERM, the grace, SIGKILL. What a
system does for that beyond POSIX stands behind `Posix`; on Linux, leaving the group or the session is no way out.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Any, NoReturn

LINE_BYTES = 4_194_304  # arguments and environment; the system's own limit is below it
KILL_SECONDS = 5.0  # after SIGKILL: a process that a disk or a debugger holds is not waited for any longer
POLL_SECONDS = 0.02


class Posix:
    """What every system gives: who is in the command's process group is known, and who left it is not."""

    def adopt(self) -> None:
        """Become the parent of what a command detaches."""

    def end_with_parent(self) -> None:
        """Let this process end when its parent does."""

    def descendants(self, process: int) -> set[int] | None:
        """Return every descendant of a process; None where nobody says it."""
        return None


class Linux(Posix):
    """What Linux does besides: prctl(2), and the children of a process under /proc."""

    PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

    def adopt(self) -> None:
        self._prctl(self.PR_SET_CHILD_SUBREAPER, 1)

    def end_with_parent(self) -> None:
        self._prctl(self.PR_SET_PDEATHSIG, signal.SIGKILL)

    def descendants(self, process: int) -> set[int] | None:
        found: set[int] = set()
        open_ = [process]
        while open_:
            try:
                with open(f"/proc/{(here := open_.pop())}/task/{here}/children", encoding="ascii") as file:
                    children = {int(each) for each in file.read().split()} - found
            except FileNotFoundError:
                if here == process:
                    return None
                continue  # it has just ended
            except ProcessLookupError:
                continue
            found |= children
            open_ += children
        return found

    def _prctl(self, option: int, value: int) -> None:
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


SYSTEMS = {"linux": Linux(), "posix": Posix()}


def main(control: int, status: int, system: Posix) -> None:
    """Start one command, wait for its end or for the order to end it, and leave nothing behind."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(control, 65_536)
        if not part or len(line) > LINE_BYTES:
            sys.exit(1)
        line += part
    order: dict[str, Any] = json.loads(line)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    system.adopt()
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = _start(order, control, status, system)
    _say(status, started=child)
    for each in (0, 1, 2):
        os.close(each)  # so that the pipes end when the command and what it started have closed them
    code = _wait(child, control, woken)
    _end_all(child, float(order["grace"]), system)
    _say(status, exit=code)


def _say(status: int, **words: object) -> None:
    with suppress(OSError):  # where nobody listens any longer, the command is ended all the same
        os.write(status, json.dumps(words).encode() + b"\n")


def _start(order: dict[str, Any], control: int, status: int, system: Posix) -> int:
    child = os.fork()
    if child:
        with suppress(OSError):  # it did so itself already
            os.setpgid(child, child)
        return child
    try:
        os.setpgid(0, 0)
        system.end_with_parent()
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(each, signal.SIG_DFL)
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold secrets
        if memory := order.get("memory"):
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        os.set_inheritable(status, False)
        os.close(control)
        os.execve(order["program"], order["arguments"], order["environment"])
    except OSError as error:
        _say(status, error=error.errno)
    except ValueError as error:
        _say(status, error=None, what=str(error))
    finally:  # whatever happened: the child of a fork must not go on in its parent's code
        os._exit(127)


def _wait(child: int, control: int, woken: int) -> int | None:
    """Return the command's status once it ends by itself; None once it is to be ended."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        ready, _, _ = select.select([control, woken], [], [], 1.0)
        if woken in ready:
            os.read(woken, 4_096)
        if control in ready and not os.read(control, 1):
            return None


def _end_all(child: int, grace: float, system: Posix) -> None:
    """Ask the command's group and descendants to end, then make them; what a command leaves behind has no step."""
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, KILL_SECONDS)):
        until = time.monotonic() + seconds
        asked: set[int] = set()
        while True:
            present = _reap_and_list(child, system)
            if not present:
                return
            for each in present - asked if number == signal.SIGTERM else present:
                _signal(each, number)
            if not asked:
                _signal(-child, number)
            asked |= present
            if time.monotonic() > until:
                break
            time.sleep(POLL_SECONDS)


def _reap_and_list(child: int, system: Posix) -> set[int]:
    """Collect what has ended, and return what has not: every descendant where the system tells, else the group."""
    while True:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if not ended:
            break
    descendants = system.descendants(os.getpid())
    if descendants is not None:
        return descendants
    try:
        os.killpg(child, 0)
    except OSError:
        return set()
    return {child}


def _signal(process: int, number: int) -> None:
    with suppress(OSError):  # it has ended, or belongs to somebody else now
        os.kill(process, number)  # a negative one means the group


def run() -> NoReturn:
    """Serve as the program."""
    main(int(sys.argv[1]), int(sys.argv[2]), SYSTEMS[sys.argv[3]])
    os._exit(0)


if __name__ == "__main__":
    run()
