"""Where is a patch of code made and tried, so that nobody's own files are touched and a kill leaves nothing behind?

The commit is made of objects alone: an index of its own, no file written. It is tested in a git worktree in the data
folder, which is removed afterwards; a lock that dies with its process lets the next one remove what a killed one left.
Only `bring_in` touches the branch: forward, by the very commit that was tested, and only where nothing is in the way.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from brainops.config import data_folder
from brainops.errors import Conflict, InvalidInput, OperationBlocked
from brainops.learning.code.git import Git
from brainops.learning.code.patches import NONE, REGULAR, Changed, Tested, changed, path_problem
from brainops.procedures.steps.executor import Limits
from brainops.procedures.steps.processes import ProcessLimits, run_process, which
from brainops.types import CodeRepository

FOLDER = "worktrees"
REFS = "refs/brainops"
BRANCHES = "brainops"
MARK, REVERTS = "BrainOps-Improvement: ", "BrainOps-Reverts: "
LOOKED_BACK = 1_000  # commits of a branch among which one of ours is looked for
SAID_CHARACTERS = 1_500  # of the end of what tests print: the failures, mostly
MAX_FILE_BYTES = 1_000_000
UNDER_WAY = ("rebase-merge", "rebase-apply", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG")


class Made(Struct, frozen=True, kw_only=True):
    """A patch as a commit: what it stands on, the commit, what git says it changes, and how that reads."""

    base: str
    commit: str
    changes: tuple[Changed, ...]
    diff: str


def made(repository: CodeRepository, diff: str, files: Mapping[str, str | None], message: str) -> Made:
    """Make a commit on the branch's head of a diff or of whole files (None removes one); writes objects only.

    Raises InvalidInput where the diff does not fit, Conflict where git refuses.
    """
    git = Git(repository.path)
    base = git.commit_of(f"refs/heads/{repository.branch}")
    if base is None:
        raise Conflict(f"the branch {repository.branch} of {repository.name} is gone")
    with tempfile.TemporaryDirectory(prefix="brainops-") as folder:
        index = Path(folder, "index")
        git("read-tree", base, index=index)
        if files:
            _put_files(git, base, files, index, automation=repository.automation)
        else:
            code, said, wrong = git.ask(
                "apply", "--cached", "--whitespace=nowarn", "-", given=diff.encode(), index=index
            )
            if code:
                raise InvalidInput(f"the diff does not fit {git.folder}: {(wrong or said).strip()[-400:]}")
        tree = git("write-tree", index=index).strip()
    commit = git("commit-tree", tree, "-p", base, "-F", "-", given=message.encode()).strip()
    tell = ("diff-tree", "-r", "--no-renames", "--no-ext-diff", "--no-textconv")
    return Made(
        base=base,
        commit=commit,
        changes=changed(git(*tell, "-z", "--raw", base, commit), git(*tell, "-z", "--numstat", base, commit)),
        diff=git(*tell, "-p", "--full-index", base, commit),
    )


def _put_files(git: Git, base: str, files: Mapping[str, str | None], index: Path, *, automation: bool) -> None:
    for path, text in files.items():
        if problem := path_problem(path, automation=automation):
            raise InvalidInput(problem)
        entry = git("ls-tree", "-z", base, "--", path).split("\0")[0]
        mode = entry.split(" ")[0] if entry else NONE
        if text is None:
            git("update-index", "--force-remove", "--", path, index=index)
            continue
        if mode not in (*REGULAR, NONE):
            raise InvalidInput(f"{path!r:.120} is no regular file in {git.folder}")
        blob = git("hash-object", "-w", "--stdin", given=text.encode()).strip()
        mode = REGULAR[0] if mode == NONE else mode
        code, _, wrong = git.ask("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}", index=index)
        if code:
            raise InvalidInput(f"{path!r:.120} cannot be written in {git.folder}: {wrong.strip()[:200]}")


def text_of(repository: CodeRepository, path: str) -> str | None:
    """Return a file's text at the branch's head, None where it is not there, or is no regular file of text."""
    git = Git(repository.path)
    entry = git("ls-tree", "-z", "-l", f"refs/heads/{repository.branch}", "--", path).split("\0")[0]
    if not entry or entry.split(" ")[0] not in REGULAR:
        return None
    head, _, _ = entry.partition("\t")
    _, _, blob, size = head.split()
    return git("cat-file", "blob", blob) if int(size) <= MAX_FILE_BYTES else None


def hold(repository: CodeRepository, improvement_id: str, commit: str) -> None:
    """Keep a commit that is on no branch."""
    Git(repository.path)("update-ref", f"{REFS}/{improvement_id}", commit)


def let_go(repository: CodeRepository, improvement_id: str) -> None:
    """Keep it no longer."""
    with suppress(Conflict, InvalidInput):  # the repository is gone, and the commit with it
        Git(repository.path)("update-ref", "-d", f"{REFS}/{improvement_id}")


# The tests


def tests(repository: CodeRepository, commit: str, limits: Limits, cancelled: Callable[[], bool]) -> Tested:
    """Run a repository's tests on a commit, in a folder that is removed afterwards, with what the namespace allows.

    Raises StepFailed where the program cannot be started, OperationBlocked where it was cancelled.
    """
    environment = {name: os.environ[name] for name in limits.environment if name in os.environ}
    program = which(repository.test[0], os.environ.get("PATH", os.defpath))
    with checked_out(repository, commit) as folder:
        began = time.monotonic()
        ended = run_process(
            (program, *repository.test[1:]),
            environment=environment,
            limits=ProcessLimits(
                timeout_seconds=repository.timeout_seconds,
                output_bytes=limits.output_bytes,
                memory_bytes=limits.memory_bytes,
            ),
            directory=str(folder),
            cancelled=cancelled,
        )
    if ended.why == "cancelled":
        raise OperationBlocked("what happens by itself was stopped while the tests ran; nothing was kept")
    said = (ended.stderr.text().strip() or ended.stdout.text().strip())[-SAID_CHARACTERS:]
    if ended.why == "timeout":
        said = f"they did not end in {repository.timeout_seconds:g} seconds; {said}"
    return Tested(passed=ended.exit_code == 0, seconds=round(time.monotonic() - began, 3), said=said)


@contextmanager
def checked_out(repository: CodeRepository, commit: str) -> Iterator[Path]:
    """Lend a folder with the files of a commit, in no branch, outside of anybody's own."""
    parent = _parent()
    descriptor, lock = tempfile.mkstemp(prefix="patch-", suffix=".lock", dir=parent)
    place = parent / Path(lock).stem
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, repository.path.encode())
        if not os.path.exists(lock):  # a sweep took it for left behind, in the moment before it was locked
            raise Conflict("another process cleaned up at the same moment; do it again")
        Git(repository.path)("worktree", "add", "--quiet", "--detach", str(place), commit)
        yield place
    finally:
        _remove(place, repository.path)
        with suppress(FileNotFoundError):
            os.unlink(lock)
        os.close(descriptor)


def sweep() -> int:
    """Remove the folders whose process is gone; return how many there were."""
    swept = 0
    for lock in sorted(_parent().glob("patch-*.lock")):
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its process is at work
        else:
            _remove(lock.with_suffix(""), os.read(descriptor, 4_096).decode(errors="replace"))
            lock.unlink(missing_ok=True)
            swept += 1
        finally:
            os.close(descriptor)
    return swept


def _parent() -> Path:
    parent = data_folder(os.environ) / FOLDER
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return parent


def _remove(place: Path, repository: str) -> None:
    if os.path.isdir(repository):
        with suppress(Conflict, InvalidInput):  # it was never added, or the repository is another one now
            Git(repository)("worktree", "remove", "--force", "--force", str(place))
    shutil.rmtree(place, ignore_errors=True)


# The branch


def bring_in(repository: CodeRepository, improvement_id: str, base: str, commit: str) -> str:
    """Move the branch forward to a tested commit; return why it is only left as a branch of its own, or ""."""
    git = Git(repository.path)
    if standing(repository, improvement_id, commit) is not None:
        return ""
    return _forward(git, repository, base, commit, f"{BRANCHES}/improvement-{improvement_id}", "improvements apply")


def take_back(repository: CodeRepository, improvement_id: str, commit: str) -> str:
    """Move the branch forward to a commit that reverts it; return why that is only left as a branch, or "".

    Raises Conflict where somebody changed the same lines since.
    """
    git = Git(repository.path)
    head = _head(git, repository)
    stands = standing(repository, improvement_id, commit)
    if stands is None:
        return ""
    with checked_out(repository, head) as place:
        tree = Git(place)
        if tree.ask("revert", "--no-commit", stands)[0]:
            raise Conflict(
                f"somebody changed the same lines of {repository.name} since: revert {stands[:12]} by hand there "
                f"(git revert {stands[:12]}), then undo it here"
            )
        message = f"Take back an improvement\n\n{REVERTS}{improvement_id}\n"
        tree("commit", "--quiet", "--no-verify", "--allow-empty", "-F", "-", given=message.encode())
        reverted = tree.commit_of("HEAD")
    assert reverted is not None
    return _forward(git, repository, head, reverted, f"{BRANCHES}/undo-{improvement_id}", "improvements undo")


def standing(repository: CodeRepository, improvement_id: str, commit: str) -> str | None:
    """Return the commit by which a patch stands in the branch, None where it does not, or was reverted since."""
    git = Git(repository.path)
    head = _head(git, repository)
    if git.contains(commit, head):
        stands: str | None = commit
    else:  # brought in by somebody's own hand, as another commit with the same message
        stands = git.told(f"{MARK}{improvement_id}", head, most=LOOKED_BACK)
    if stands is None:
        return None
    since = f"{stands}..{head}"
    said = (f"{REVERTS}{improvement_id}", f"This reverts commit {stands}.")
    return None if any(git.told(line, since, most=LOOKED_BACK) for line in said) else stands


def _head(git: Git, repository: CodeRepository) -> str:
    head = git.commit_of(f"refs/heads/{repository.branch}")
    if head is None:
        raise Conflict(f"the branch {repository.branch} of {repository.name} is gone")
    return head


def _forward(git: Git, repository: CodeRepository, base: str, commit: str, branch: str, command: str) -> str:
    why = _in_the_way(git, repository, base) or _moved(git, repository, base, commit)
    if not why:
        git.ask("update-ref", "-d", f"refs/heads/{branch}")
        return ""
    git("update-ref", f"refs/heads/{branch}", commit)
    return (
        f"{why}, so it is left as the branch {branch} of {repository.path}: merge that, then `brainops {command}` again"
    )


def _in_the_way(git: Git, repository: CodeRepository, base: str) -> str:
    if _head(git, repository) != base:
        return f"the branch {repository.branch} has moved since it was tested"
    for place in git.places_of(repository.branch):
        here = Git(place)
        if here("status", "--porcelain", "--untracked-files=no").strip():
            return f"{place} has changes that are not committed"
        marks = [here("rev-parse", "--git-path", name).strip() for name in UNDER_WAY]
        if any(Path(place, mark).exists() for mark in marks):
            return f"{place} is in the middle of a merge or rebase"
    return ""


def _moved(git: Git, repository: CodeRepository, base: str, commit: str) -> str:
    places = git.places_of(repository.branch)
    if places:
        code, said, wrong = Git(places[0]).ask("merge", "--ff-only", "--quiet", "--no-verify", commit)
        return f"git does not merge it in {places[0]} ({(wrong or said).strip()[:200]})" if code else ""
    code, _, wrong = git.ask("update-ref", f"refs/heads/{repository.branch}", commit, base)
    return f"the branch {repository.branch} has moved at the same moment ({wrong.strip()[:100]})" if code else ""
