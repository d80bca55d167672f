"""Is a person sitting at this terminal, and what do they answer there? Nothing is read from standard input or options.

Questions and secrets go by /dev/tty, the terminal that controls this process: what an agent pipes in, passes as an
option or leaves in a file or the environment is not looked at.
"""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from brainops.cli.screen import safe, wrapped
from brainops.errors import ApprovalUnproven, InvalidInput
from brainops.types import KeyProof, SecretKind, TerminalProof
from brainops.types.agent_session import agent_session

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.types import Approver, Proof

DEVICE = "/dev/tty"
MAX_LINE_BYTES = 2_000
KEY = "bok_"  # how a personal key begins

T = TypeVar("T")


class Terminal:
    """The terminal that controls this process."""

    def __init__(self, device: int) -> None:
        self._device = device

    def say(self, lines: Iterable[str]) -> None:
        """Show lines."""
        context = click.get_current_context(silent=True)
        plain = context is not None and context.color is False
        self._write("".join(f"{click.unstyle(line) if plain else line}\n" for line in lines))

    def ask(self, question: str) -> str:
        """Ask for a line that may be seen."""
        self._write(f"{question} ")
        return self._line()

    def ask_secret(self, question: str) -> str:
        """Ask for a line that is not shown while it is typed."""
        shown = termios.tcgetattr(self._device)
        hidden = shown[:]
        hidden[3] &= ~termios.ECHO
        try:
            termios.tcsetattr(self._device, termios.TCSAFLUSH, hidden)
            self._write(f"{question} ")
            return self._line()
        finally:
            termios.tcsetattr(self._device, termios.TCSAFLUSH, shown)
            self._write("\n")

    def _write(self, text: str) -> None:
        left = text.encode(errors="backslashreplace")
        while left:
            left = left[os.write(self._device, left) :]

    def _line(self) -> str:
        data = b""
        while not data.endswith(b"\n") and len(data) < MAX_LINE_BYTES:
            read = os.read(self._device, MAX_LINE_BYTES)
            if not read:
                raise InvalidInput("the terminal was closed before there was an answer; nothing was changed")
            data += read
        return data.decode(errors="replace").rstrip("\r\n")


def refuse_agents(act: str, environment: Mapping[str, str] | None = None) -> None:
    """Raise ApprovalUnproven where this looks like an agent's session; an agent that hides has no secret, either."""
    agent = agent_session(os.environ if environment is None else environment, terminal=sys.stdin.isatty())
    if agent is not None:
        raise ApprovalUnproven(
            f"this looks like a session of the agent {safe(agent)[:80]}, which may ask but cannot do this: "
            f"{act} takes a person, who runs it in a terminal of their own"
        )


@contextmanager
def person_at_terminal(act: str, environment: Mapping[str, str] | None = None) -> Iterator[Terminal]:
    """Lend the controlling terminal; raise ApprovalUnproven where there is none, or an agent works in this session."""
    refuse_agents(act, environment)
    try:
        device = os.open(DEVICE, os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise ApprovalUnproven(
            f"{act} takes a person at a terminal, and this process has none: run it in a terminal of your own"
        ) from error
    try:
        yield Terminal(device)
    except termios.error as error:
        raise ApprovalUnproven(f"{act} takes a person at a terminal, and {DEVICE} is none") from error
    finally:
        os.close(device)


def proof_of_person(terminal: Terminal, approvers: Iterable[Approver], name: str | None) -> Proof:
    """Ask who answers, where that is not plain, and for their passphrase or key."""
    names = list(dict.fromkeys(each.name for each in approvers if each.revoked_at is None))
    if not names:
        raise ApprovalUnproven("nobody may approve yet; enrol first, in this terminal: brainops approver enrol NAME")
    with_passphrase = {
        each.name for each in approvers if each.revoked_at is None and each.kind is SecretKind.PASSPHRASE
    }
    if name is None:
        name = names[0] if len(names) == 1 else terminal.ask(f"Who are you ({safe(', '.join(names))})?").strip()
    what = "Passphrase or key" if name in with_passphrase else "Key"
    secret = terminal.ask_secret(f"{what} of {safe(name)}:")
    return KeyProof(key=secret.strip()) if secret.startswith(KEY) else TerminalProof(approver=name, passphrase=secret)


def refuse_agents_from(brain: Brain, name: str) -> None:
    """Raise ApprovalUnproven in an agent's session, where the table of acts says that no agent does this."""
    if brain.acts[name].refuses_agents:
        refuse_agents(f"to {brain.acts[name].does}")


def proven(brain: Brain, name: str, work: Callable[..., T], /, *arguments: object, **rest: object) -> T:
    """Do an act, by its name in the table; where that asks for a proof, ask on the terminal, and do it with that."""
    act = brain.acts[name]
    refuse_agents_from(brain, name)
    try:
        return work(*arguments, **rest)
    except ApprovalUnproven:
        known = brain.approvals.approvers.list()
        if not known:
            raise
        with person_at_terminal(f"to {act.does}") as terminal:
            return work(*arguments, **rest, proof=proof_of_person(terminal, known, None))


def new_passphrase(terminal: Terminal, name: str) -> str:
    """Ask for a new passphrase twice."""
    terminal.say(wrapped(f"Choose a passphrase for {name}: several words that no agent finds in your files."))
    chosen = terminal.ask_secret("New passphrase:")
    if terminal.ask_secret("The same again:") != chosen:
        raise InvalidInput("the two passphrases differ; nothing was changed")
    return chosen
