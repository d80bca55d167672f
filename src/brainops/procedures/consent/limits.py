"""What may the steps of a namespace run and reach, and who said so?"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from brainops.errors import InvalidInput, StepFailed
from brainops.procedures.steps.executor import Limits
from brainops.store import acts
from brainops.wire import from_plain

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.types import Proof

SETTING = "step_limits"  # of the namespace, guarded with its rules
MAX_ENTRIES = 500  # of one list: it is read before every command
MAX_ENTRY_CHARACTERS = 500
ANY = "*"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

SAFE_VARIABLES = frozenset("CI COLUMNS LANG LC_ALL LINES NO_COLOR SOURCE_DATE_EPOCH TZ".split())
SAFE_PREFIX = "INPUT_"
"""What a step may set without being asked: by none of these does a program run or read something else.

No list of dangerous names is ever whole (GIT_EXTERNAL_DIFF, PYTHONPATH, PAGER, JAVA_TOOL_OPTIONS...), so every other
name is allowed by a person, by name. INPUT_ is for a step's own scripts: nothing else reads it.
"""
OURS = "BRAINOPS_"  # by which a step could act as another one


class StepLimits:
    """What the steps of the written namespace may do. Nothing is allowed until a person allows it."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context

    def get(self) -> Limits:
        """Return what is allowed now."""
        return limits_of(self._context)

    def allow(
        self,
        commands: Iterable[str] = (),
        *,
        hosts: Iterable[str] = (),
        variables: Iterable[str] = (),
        plain: Iterable[str] = (),
        shell: bool | None = None,
        memory_bytes: int | None = None,
        reason: str = "",
        proof: Proof | None = None,
    ) -> Limits:
        """Let command steps run these programs and http steps reach these hosts; say so in the audit trail.

        `variables` are names that a step may set for a program; `plain` says of commands that they take every further
        word as data, so that a step may hand them an input as an argument.
        In a strict namespace where people are enrolled who may approve, it takes the `proof` of one of them.
        """
        new = _entries(commands=commands, hosts=hosts, variables=variables, plain=plain)
        if any(self._context.text(entry) != entry for entries in new.values() for entry in entries):
            raise InvalidInput("an entry holds a secret, which would be stored; allow the program or host without it")

        def changed(before: Limits) -> Limits:
            lists = {name: (*(getattr(before, name) or ()), *entries) for name, entries in new.items()}
            most = before.memory_bytes if memory_bytes is None else memory_bytes or None
            return _with(before, lists, shell=before.shell if shell is None else shell, memory_bytes=most)

        return self._change(acts.ALLOW, changed, new, shell, reason, proof)

    def disallow(
        self,
        commands: Iterable[str] = (),
        *,
        hosts: Iterable[str] = (),
        variables: Iterable[str] = (),
        plain: Iterable[str] = (),
        shell: bool = False,
        reason: str = "",
    ) -> Limits:
        """Take back what was allowed; with `shell`, the shell too. Steps under way go on to their end."""
        old = _entries(commands=commands, hosts=hosts, variables=variables, plain=plain)

        def changed(before: Limits) -> Limits:
            lists = {
                name: tuple(each for each in getattr(before, name) or () if each not in entries)
                for name, entries in old.items()
            }
            return _with(before, lists, shell=before.shell and not shell, memory_bytes=before.memory_bytes)

        return self._change(acts.DISALLOW, changed, old, shell, reason, None)

    def _change(
        self,
        act: acts.Act,
        changed: Callable[[Limits], Limits],
        said: Mapping[str, tuple[str, ...]],
        shell: bool | None,
        reason: str,
        proof: Proof | None,
    ) -> Limits:
        with self._context.store.writing(act, self._context.actor, proof) as tx:
            at = self._context.store.now()
            after = changed(limits_in(tx))
            text = json.dumps({name: getattr(after, name) for name in (*_KEPT_AS, "shell", "memory_bytes")})
            tx.rules.set(SETTING, text, tx.actor, at)
            tx.also(acts.STEP_LIMITS).append(tx.scope.write, at, value=text)  # by which `doctor` knows who set it
            lists = {name: list(map(self._context.text, each)) for name, each in said.items()}
            tx.trail.append("steps", at, **lists, shell=shell, reason=self._context.text(reason))
        return after


def limits_of(context: MemoryContext) -> Limits:
    """Return what the steps of the written namespace may do."""
    with context.store.read() as tx:
        return limits_in(tx)


def limits_in(tx: Transaction) -> Limits:
    """Return the same inside a transaction."""
    said = tx.rules.own(SETTING)
    return from_plain(Limits, {name: value for name, value in json.loads(said or "{}").items() if value})


def _with(before: Limits, lists: Mapping[str, tuple[str, ...]], *, shell: bool, memory_bytes: int | None) -> Limits:
    kept = {name: tuple(dict.fromkeys(entries)) or getattr(Limits(), name) for name, entries in lists.items()}
    if any(len(entries or ()) > MAX_ENTRIES for entries in kept.values()):
        raise InvalidInput(f"at most {MAX_ENTRIES} entries are kept; take some back: brainops allow --remove ENTRY")
    return replace(before, **kept, shell=shell, memory_bytes=memory_bytes)


def _entries(**said: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what somebody allows or takes back, each entry in the form in which it is kept."""
    for entries in said.values():
        if isinstance(entries, str):  # one text alone is never its letters
            raise InvalidInput(f"what is allowed is a list: [{entries!r:.80}]")
    return {name: tuple(map(_KEPT_AS[name], entries)) for name, entries in said.items()}


def _command(entry: str) -> str:
    try:
        words = shlex.split(entry)
    except ValueError as error:
        raise InvalidInput(f"{entry!r:.80} cannot be split into words: {error}") from None
    if not words or len(entry) > MAX_ENTRY_CHARACTERS or "\0" in entry:
        raise InvalidInput('a command to allow is a program with, perhaps, its first arguments: "systemctl restart"')
    return shlex.join(words) if words != [ANY] else ANY


def _host(entry: str) -> str:
    host = entry.strip().lower()
    if not host or len(host) > MAX_ENTRY_CHARACTERS or "/" in host or "@" in host or " " in host:
        raise InvalidInput(f"a host to allow is api.example.com, *.example.com or localhost:8080, not {entry!r:.80}")
    return host


def _variable(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > MAX_ENTRY_CHARACTERS or name.startswith(OURS):
        raise InvalidInput(f"a variable to allow is a name, as in AWS_PROFILE, and none of {OURS}*, not {name!r:.80}")
    return name


def _plain(entry: str) -> str:
    command = _command(entry)
    if command == ANY:
        raise InvalidInput("name each program that takes plain arguments; nobody can say so of all")
    return command


_KEPT_AS: Mapping[str, Callable[[str], str]] = {
    "commands": _command,
    "hosts": _host,
    "variables": _variable,
    "plain": _plain,
}


def _refused(message: str, kind: str) -> StepFailed:
    return StepFailed(message, kind=kind, retryable=False)


def check_command(limits: Limits, arguments: Sequence[str]) -> None:
    """Raise StepFailed where a command is not among those that a person has allowed."""
    for entry in limits.commands or ():
        words = shlex.split(entry)
        if entry == ANY or list(arguments[: len(words)]) == words:
            return
    program = shlex.quote(arguments[0])
    raise _refused(
        f"the command {shlex.join(arguments[:2])!r:.200} is not among those that this namespace may run; a person "
        f"allows it: brainops allow {program}",
        "CommandNotAllowed",
    )


def check_shell(limits: Limits) -> None:
    """Raise StepFailed where no shell may be used."""
    if not limits.shell:
        raise _refused(
            "this namespace runs no shell: write arguments, or a person allows it: brainops allow --shell",
            "ShellNotAllowed",
        )


def check_environment(limits: Limits, names: Iterable[str]) -> None:
    """Raise StepFailed for a variable that nobody allowed: by one, an allowed program can be made to run another."""
    for name in names:
        if name.startswith(OURS):
            raise _refused(f"a step does not set {name}: it is BrainOps' own; leave it out", "VariableNotAllowed")
        anything = limits.commands is not None and ANY in limits.commands  # `env NAME=... program` among it
        if not (anything or name in SAFE_VARIABLES or name.startswith(SAFE_PREFIX) or name in limits.variables):
            raise _refused(
                f"{name} is not among the variables that a step may set, as it could make an allowed program run "
                f"something else; call it {SAFE_PREFIX}{name.upper()}, or a person allows it: "
                f"brainops allow --variable {name}",
                "VariableNotAllowed",
            )


def check_host(limits: Limits, url: str) -> None:
    """Raise StepFailed where an address is none of HTTP, or its host not among those that a person has allowed."""
    from brainops.net import origin_of

    _, host, port = origin_of(url)
    if not host_allowed(limits, host, port):
        raise _refused(
            f"{host} is not among the hosts that this namespace may reach; a person allows it: "
            f"brainops allow --host {host}",
            "HostNotAllowed",
        )


def host_allowed(limits: Limits, host: str, port: int) -> bool:
    """Say whether an http step may reach a host."""
    name = host.lower().rstrip(".")
    for entry in limits.hosts or ():
        known, colon, known_port = entry.rpartition(":")
        if not known_port.isdigit() or not (entry.count(":") == 1 or "]:" in entry):
            known, colon = entry, ""  # it names no port
        if colon and known_port != str(port):
            continue
        if known in (ANY, name) or (known.startswith("*.") and name.endswith(known[1:])):
            return True
    return False
