"""Which repositories' code may be improved, and who said so?"""

from __future__ import annotations

import builtins
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from brainops.errors import InvalidInput, NotFound
from brainops.learning.code.git import Git
from brainops.memory.context import MemoryContext
from brainops.procedures.consent.limits import check_command, limits_of
from brainops.store import Transaction, acts
from brainops.types import CodeRepository, Micros, Proof
from brainops.wire import from_plain, plain

SETTING = "code_repositories"  # of the namespace, guarded with its rules
MAX_REPOSITORIES = 50
TestCommand = Annotated[tuple[Annotated[str, Meta(max_length=1_000)], ...], Meta(min_length=1, max_length=50)]
TestSeconds = Annotated[float, Meta(gt=0, le=3_600)]  # of one run of the tests; a patch takes four
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class Repositories:
    """The repositories of the written namespace. Only people name them: their tests run on this machine."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context

    def add(
        self,
        name: str,
        path: str | Path,
        test: Sequence[str],
        *,
        branch: str | None = None,
        timeout_seconds: float = 600.0,
        automation: bool = False,
        by_itself: bool = False,
        reason: str = "",
        proof: Proof | None = None,
    ) -> CodeRepository:
        """Let the code of a repository be improved; replaces what was said of that name.

        `test` is the argument list of the command that tests it, which `brainops allow` must allow; `branch` is the one
        that is checked out where none is named. In a strict namespace where people are enrolled it takes a `proof`.
        Raises InvalidInput, StepFailed (the command is not allowed), OperationBlocked, ApprovalUnproven.
        """
        wanted = _checked(name, path, test, branch, timeout_seconds, automation, by_itself)
        check_command(limits_of(self._context), wanted.test)
        with self._context.store.writing(acts.REPOSITORY_ADD, self._context.actor, proof) as tx:
            known = _read(tx)
            known[wanted.name] = wanted
            if len(known) > MAX_REPOSITORIES:
                raise InvalidInput(f"at most {MAX_REPOSITORIES} repositories are kept; remove one")
            self._write(tx, known, wanted.name, reason)
        return wanted

    def remove(self, name: str, *, reason: str = "") -> CodeRepository:
        """Let no code of a repository be improved any longer; what was brought in stays. Raises NotFound."""
        with self._context.store.writing(acts.REPOSITORY_REMOVE, self._context.actor) as tx:
            known = _read(tx)
            if name not in known:
                raise _unknown(name, known)
            gone = known.pop(name)
            self._write(tx, known, name, reason)
        return gone

    def get(self, name: str) -> CodeRepository:
        """Return a repository; raise NotFound."""
        with self._context.store.read() as tx:
            known = _read(tx)
        if str(name) not in known:
            raise _unknown(str(name), known)
        return known[name]

    def list(self) -> builtins.list[CodeRepository]:
        """Return the repositories of the written namespace, by name."""
        with self._context.store.read() as tx:
            known = _read(tx)
        return [known[name] for name in sorted(known)]

    def _write(self, tx: Transaction, known: dict[str, CodeRepository], name: str, reason: str) -> None:
        at: Micros = self._context.store.now()
        text = json.dumps(plain(list(known.values())))
        tx.rules.set(SETTING, text, tx.actor, at)
        tx.trail.append(f"repository:{name}", at, reason=self._context.text(reason))
        tx.also(acts.REPOSITORIES).append(tx.scope.write, at, value=text)  # by which `doctor` knows who set it


def repository_of(tx: Transaction, name: str) -> CodeRepository | None:
    """Return a repository of the written namespace, None where nobody named it."""
    return _read(tx).get(name)


def _read(tx: Transaction) -> dict[str, CodeRepository]:
    said = tx.rules.own(SETTING)
    values = [] if said is None else json.loads(said)
    return {each["name"]: CodeRepository(**{**each, "test": tuple(each["test"])}) for each in values}


def _checked(
    name: str,
    path: str | Path,
    test: Sequence[str],
    branch: str | None,
    timeout_seconds: float,
    automation: bool,
    by_itself: bool,
) -> CodeRepository:
    if not _NAME.fullmatch(from_plain(str, name, "a repository's name")):
        raise InvalidInput(f"a repository's name is letters, digits, dots and dashes, not {name!r:.80}")
    command = from_plain(TestCommand, test, "the command that tests it, such as ['make', 'test']")
    if "\0" in "".join(command):
        raise InvalidInput("an argument of the command that tests it is a text without null characters")
    place = Path(path).expanduser().resolve()
    git = Git(place)
    code, said, _ = git.ask("rev-parse", "--show-toplevel")
    if code or Path(said.rstrip("\n")).resolve() != place:
        raise InvalidInput(f"{place} is not the folder of a git repository that you own; name its top folder")
    return CodeRepository(
        name=name,
        path=str(place),
        branch=_branch(git, branch),
        test=command,
        timeout_seconds=from_plain(TestSeconds, timeout_seconds, "timeout_seconds"),
        automation=automation is True,
        by_itself=by_itself is True,
    )


def _branch(git: Git, named: str | None) -> str:
    if named is None:
        code, said, _ = git.ask("symbolic-ref", "--quiet", "--short", "HEAD")
        if code:
            raise InvalidInput(f"no branch is checked out in {git.folder}; name one")
        named = said.strip()
    if not git.holds("check-ref-format", "--branch", named) or git.commit_of(f"refs/heads/{named}") is None:
        raise InvalidInput(f"there is no branch {named!r:.100} with a commit in {git.folder}")
    return named


def _unknown(name: str, known: dict[str, CodeRepository]) -> NotFound:
    names = ", ".join(sorted(known)) or "none is"
    return NotFound(f"no repository {name!r:.80} may be improved here ({names}): brainops improvements repository add")
