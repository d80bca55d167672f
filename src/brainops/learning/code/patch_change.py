"""Which patches of code are there, do the tests pass with them, and how does each come into its branch and out again?

A patch is made and tested when it is proposed: what is brought in later is that very commit, or nothing. Who applies
one is a person who proves it; where a person has opted a repository in, a patch that rests on no agent's word applies
itself after a day, unless it is vetoed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import Conflict, InvalidInput, OperationBlocked
from brainops.learning.code import worktree
from brainops.learning.code.file_edits import edited
from brainops.learning.code.patch_prompt import Complete, asked_diff
from brainops.learning.code.patches import RUNS, Tested, TestVerdict, refusal, verdict
from brainops.learning.code.repositories import Repositories, repository_of
from brainops.learning.cycles.part import CycleWork
from brainops.learning.improvements.lifecycle import OPEN
from brainops.learning.improvements.port import InStore, draft
from brainops.memory.context import MemoryContext
from brainops.procedures.consent.automatic import stopped_here
from brainops.procedures.consent.limits import check_command, limits_of
from brainops.procedures.definition.parse import parse
from brainops.statistics.always_valid import Measured
from brainops.store import Transaction, acts
from brainops.store.acts import Proven
from brainops.types import (
    JSON,
    Actor,
    ActorKind,
    CodeRepository,
    Improvement,
    ImprovementKind,
    ImprovementState,
    Micros,
    Trust,
)
from brainops.types.times import DAY_MICROS

STANDS_MICROS = DAY_MICROS  # a day in which anybody may veto what applies itself
MAX_TITLE_CHARACTERS = 120
MAX_REASON_CHARACTERS = 2_000
KEPT = 200  # patches whose commits are looked after
ASKED_SECONDS = 1.0  # between two looks whether somebody stopped what happens by itself


class TestedPatch(Struct, frozen=True, kw_only=True):
    """A patch that was made and tested: the improvement, and why it is refused, or ""."""

    improvement: Improvement
    refused: str


class CodePatches(InStore):
    """Brings tested commits into the branches of registered repositories, and reverts them."""

    kinds = frozenset((ImprovementKind.CODE,))
    acts_outside = True

    def __init__(self, context: MemoryContext, repositories: Repositories) -> None:
        self._context = context
        self._repositories = repositories

    # How one is proposed

    def drafted(
        self,
        repository: str,
        *,
        diff: str = "",
        files: Mapping[str, str | None] | None = None,
        title: str,
        reason: str,
        derived_from: Improvement | None = None,
        asked: bool = False,
    ) -> TestedPatch:
        """Make a commit of a diff or of whole files, and run the tests without it and with it.

        `derived_from` is what a rule, and nobody's word, made it of; `asked` that a model wrote it. Raises InvalidInput
        with everything that is wrong with the patch, StepFailed where the tests may not be run, OperationBlocked where
        what happens by itself is stopped.
        """
        known = self._repositories.get(repository)
        title, reason = self._text(title, MAX_TITLE_CHARACTERS), self._text(reason, MAX_REASON_CHARACTERS)
        title = " ".join(title.split())
        if not title or bool(diff) == bool(files):
            raise InvalidInput("a patch has a title, and either a diff or whole files")
        stopped = self._stopped()
        if stopped():
            raise OperationBlocked("what happens by itself is stopped here: brainops stop --automatic --resume")
        limits = limits_of(self._context)
        check_command(limits, known.test)
        worktree.sweep()
        at = self._context.store.now()
        found = draft(
            ImprovementKind.CODE,
            "",
            f"repository:{known.name}",
            f"{known.name}: {title}",
            reason or title,
            before={},
            after={},
            at=at,
            trust=Trust.AGENT if asked else self._trust(derived_from),
        )
        body = f"{reason}\n\n" if reason and reason != title else ""
        made = worktree.made(known, diff, _checked(files or {}), f"{title}\n\n{body}{worktree.MARK}{found.id}\n")
        if problem := refusal(made.changes, made.diff, automation=known.automation):
            raise InvalidInput(f"this patch is refused: {problem}")
        key = f"code:{known.name}:{made.base[:12]}:{sha256(made.diff.encode()).hexdigest()[:16]}"
        with self._context.store.read() as tx:
            open_one = tx.improvements.open(key)
        if open_one is not None:
            return TestedPatch(improvement=open_one, refused="")
        found = replace(found, key=key)
        before = [worktree.tests(known, made.base, limits, stopped) for _ in range(RUNS)]
        after = [worktree.tests(known, made.commit, limits, stopped) for _ in range(RUNS)]
        said = verdict(before, after)
        return TestedPatch(
            improvement=_proposal(found, known, made, before, after, said, derived_from), refused=said.refused
        )

    def drafted_of(self, improvement: Improvement, repository: str) -> TestedPatch:
        """Make a patch of the file of a procedure that git owns, by what an improvement says of the procedure.

        Raises InvalidInput where it is about no file of the repository, Conflict where the file is another by now.
        """
        known, path = self._repositories.get(repository), improvement.evidence.get("path")
        before, after = (str(_of(side, "source") or "") for side in (improvement.before, improvement.after))
        if not isinstance(path, str) or not before or not after:
            raise InvalidInput(f"improvement {improvement.id} changes no file of a repository")
        text = worktree.text_of(known, path)
        if text is None:
            raise InvalidInput(f"{path} is no file of the branch {known.branch} of {known.name}")
        if text.rstrip("\n") != before.rstrip("\n"):
            raise Conflict(
                f"{path} is another than the version that was measured; run `brainops procedure apply` first"
            )
        named = parse(before, path), parse(after, path)
        return self.drafted(
            repository,
            files={path: edited(text, *named) or after},
            title=improvement.title.removeprefix(f"{known.name}: "),
            reason=improvement.reason,
            derived_from=improvement,
        )

    def drafted_by(self, complete: Complete, repository: str, goal: str, paths: Sequence[str]) -> TestedPatch:
        """Let a language model write a patch of these files for a goal, which rests on its word alone."""
        known = self._repositories.get(repository)
        texts = {path: worktree.text_of(known, path) for path in paths}
        missing = sorted(path for path, text in texts.items() if text is None)
        if missing or not texts:
            raise InvalidInput(f"name files of {known.name} that are text: {', '.join(missing) or 'none is named'}")
        diff = asked_diff(complete, goal, {path: text for path, text in texts.items() if text is not None})
        return self.drafted(repository, diff=diff, title=goal, reason=f"a language model was asked: {goal}", asked=True)

    def keep(self, improvement: Improvement) -> None:
        """Keep the commit of a patch that is open, so that git does not remove it; let go of that of one that ended."""
        known = self._repository(improvement)
        if known is None:
            return
        if improvement.state in OPEN:
            worktree.hold(known, improvement.id, str(_of(improvement.after, "commit")))
        else:
            worktree.let_go(known, improvement.id)

    # What the port asks

    def find(self, work: CycleWork) -> Sequence[Improvement]:
        """Find nothing: patches are proposed. Remove what a killed process left behind, and what is decided."""
        worktree.sweep()
        with work.context.store.read() as tx:
            known = tx.improvements.list(kind=ImprovementKind.CODE.value, state=None, limit=KEPT)
        for each in known:
            self.keep(each)
        return []

    def standing(self, tx: Transaction, improvement: Improvement) -> JSON:
        """Return `after` where the patch was brought in, else `before`."""
        row = tx.code.get(improvement.id)
        return improvement.after if row is not None and row["stands"] else improvement.before

    def put(self, tx: Transaction, improvement: Improvement, value: JSON, by: Actor, now: Micros, reason: str) -> None:
        """Say that the patch holds, or no longer; raise Conflict where it is only left as a branch so far."""
        row = tx.code.get(improvement.id)
        if row is None:
            raise Conflict(f"nothing was done in {improvement.subject} yet")
        if row["left_because"]:
            raise Conflict(row["left_because"])
        tx.code.stand(improvement.id, stands=value == improvement.after, at=now)

    def refused(self, tx: Transaction, improvement: Improvement, *, by_itself: bool) -> str | None:
        """A person applies code, unless the repository is opted in, and is still."""
        known = repository_of(tx, _named(improvement))
        if known is None:
            return f"{improvement.subject} is not registered any more: brainops improvements repository add"
        if by_itself and not (known.by_itself and improvement.state is ImprovementState.PLANNED):
            return f"a person applies code: brainops improvements apply {improvement.id}"
        return None

    def measure(self, tx: Transaction, improvement: Improvement, now: Micros) -> Measured:
        """Nothing is measured but its tests, which have run; it is kept unless somebody takes it back."""
        return Measured()

    def outside(self, improvement: Improvement, value: JSON, proof: Proven | None) -> None:
        """Move the branch forward to the tested commit, or to one that reverts it; say what is left as a branch."""
        known = self._repository(improvement)
        if known is None:
            raise Conflict(f"{improvement.subject} is not registered any more: brainops improvements repository add")
        base, commit = (str(_of(improvement.after, name)) for name in ("base", "commit"))
        known = replace(known, branch=str(_of(improvement.after, "branch")))
        worktree.sweep()
        if value == improvement.after:
            # What does not apply itself a person applies: one who proves it, where anybody can.
            if improvement.state is not ImprovementState.PLANNED:
                self._context.store.allow(acts.CODE_APPLY, self._context.actor, proof)
            left = worktree.bring_in(known, improvement.id, base, commit)
        else:
            left = worktree.take_back(known, improvement.id, commit)
        with self._context.store.writing(acts.IMPROVE, self._context.actor) as tx:
            tx.code.put(improvement.id, known.name, commit, left, self._context.store.now())

    # What these are made of

    def _repository(self, improvement: Improvement) -> CodeRepository | None:
        with self._context.store.read() as tx:
            return repository_of(tx, _named(improvement))

    def _trust(self, derived_from: Improvement | None) -> Trust:
        if derived_from is not None:
            return derived_from.trust
        return Trust.AGENT if self._context.actor.kind is ActorKind.AGENT else Trust.VERIFIED

    def _stopped(self) -> Callable[[], bool]:
        """Return whether what happens by itself is stopped; what a person asks for goes on."""
        if self._context.actor.kind is ActorKind.PERSON:
            return lambda: False
        asked, answer = -ASKED_SECONDS, False

        def stopped() -> bool:
            nonlocal asked, answer
            if not answer and time.monotonic() - asked >= ASKED_SECONDS:
                asked = time.monotonic()
                answer = stopped_here(self._context.store, os.environ) is not None
            return answer

        return stopped

    def _text(self, text: str, most: int) -> str:
        return self._context.text(text, most).replace("BrainOps-", "BrainOps ")


def _proposal(
    found: Improvement,
    repository: CodeRepository,
    made: worktree.Made,
    before: Sequence[Tested],
    after: Sequence[Tested],
    said: TestVerdict,
    derived_from: Improvement | None,
) -> Improvement:
    where: dict[str, JSON] = {"repository": repository.name, "branch": repository.branch, "base": made.base}
    alone = repository.by_itself and found.trust is Trust.VERIFIED and not said.flaky and not said.refused
    return replace(
        found,
        before=where,
        after={**where, "commit": made.commit, "patch": made.diff},
        evidence={
            "tests": said.sentence,
            "command": list(repository.test),
            "passed_before": [each.passed for each in before],
            "passed_with_it": [each.passed for each in after],
            "seconds": [each.seconds for each in (*before, *after)],
            "files": [each.path for each in made.changes],
            **({"flaky_baseline": True} if said.flaky else {}),
            **({"derived_from": derived_from.id} if derived_from else {}),
        },
        basis=len(before) + len(after),
        state=ImprovementState.PLANNED if alone else ImprovementState.PROPOSED,
        apply_at=found.proposed_at + STANDS_MICROS if alone else None,
    )


def _checked(files: Mapping[str, str | None]) -> Mapping[str, str | None]:
    for path, text in files.items():
        if not isinstance(path, str) or not isinstance(text, str | None):
            raise InvalidInput("files are a mapping of paths to their whole text, or to None where one is removed")
    return files


def _of(value: JSON, name: str) -> JSON:
    return value.get(name) if isinstance(value, dict) else None


def _named(improvement: Improvement) -> str:
    return improvement.subject.removeprefix("repository:")
