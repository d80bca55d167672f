"""How does a test sit at a terminal? The program runs with a pseudo-terminal as its controlling one."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Sequence
from typing import Any

from tests.cli.conftest import PROCESS_SECONDS, Said, program

AGENT_MARKS = (
    "CLAUDE",
    "CODEX_",
    "CURSOR_",
    "CLINE_",
    "GEMINI_CLI",
    "OPENCODE",
    "AI_AGENT",
    "AUGMENT_AGENT",
    "COPILOT",
)


def people_only(**more: str) -> dict[str, str]:
    """Return an environment in which no agent has left its mark."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(AGENT_MARKS) and name != "CI"}
    return {**kept, "TERM": "xterm", **more}


def typed(
    arguments: Sequence[str],
    answers: Sequence[tuple[str, str]] = (),
    *,
    stdin: bytes | None = None,
    environment: dict[str, str] | None = None,
) -> tuple[Said, str]:
    """Run the program at a terminal, type each answer once its question is there; return what it said, and the screen.

    `stdin` is piped in where it is given; standard output and error are never the terminal.
    """
    main, side = pty.openpty()

    def take_terminal() -> None:
        fcntl.ioctl(side, termios.TIOCSCTTY, 0)

    with subprocess.Popen(
        [program(), *arguments],
        stdin=subprocess.PIPE if stdin is not None else side,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=people_only() if environment is None else environment,
        start_new_session=True,
        preexec_fn=take_terminal,
    ) as running:
        if stdin is not None and running.stdin is not None:
            running.stdin.write(stdin)
            running.stdin.close()
            running.stdin = None
        screen = _converse(running, main, list(answers))
        os.close(side)
        out, err = running.communicate(timeout=PROCESS_SECONDS)
    os.close(main)
    return Said(code=running.returncode, out=out.decode(), err=err.decode()), screen


def _converse(running: subprocess.Popen[Any], main: int, answers: list[tuple[str, str]]) -> str:
    """Type what is asked for until the program ends; return all that stood on the screen."""
    screen, read_up_to, deadline = "", 0, time.monotonic() + PROCESS_SECONDS
    while time.monotonic() < deadline:
        ended = running.poll() is not None
        if select.select([main], [], [], 0 if ended else 0.05)[0]:
            screen += os.read(main, 65_536).decode(errors="replace")
        elif ended:
            return screen
        if answers and answers[0][0] in screen[read_up_to:]:
            read_up_to = len(screen)
            os.write(main, (answers.pop(0)[1] + "\n").encode())
    running.kill()
    raise AssertionError(f"the program waits for something else than {answers}: {screen[-500:]!r}")
