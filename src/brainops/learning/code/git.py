"""How is git asked for something so that nothing but git's own program runs, and nothing but the repository is read?"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from brainops.errors import Conflict, InvalidInput

MAX_SECONDS = 120.0  # of one call; a checkout of a large repository takes some ten
MAX_BYTES = 20_000_000  # of one answer: the files of a repository by name, at most
SAID_CHARACTERS = 600
AUTHOR = "BrainOps"
MAIL = "brainops@localhost"

SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "commit.gpgSign=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "merge.ff=only",
)
"""Nothing that a repository or its user has set up runs by what is done here, and nothing is asked of a network."""


class Git:
    """Git in one folder, with a clean environment: no hooks, no settings of the user or the system, no questions."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = str(folder)

    def __call__(self, *arguments: str, given: bytes | None = None, index: str | Path | None = None) -> str:
        """Return what git says; raise Conflict with what went wrong. `given` is its input, `index` another index."""
        code, said, wrong = self.ask(*arguments, given=given, index=index)
        if code:
            raise Conflict(f"git {arguments[0]} in {self.folder}: {(wrong or said).strip()[-SAID_CHARACTERS:]}")
        return said

    def holds(self, *arguments: str) -> bool:
        """Say whether git answers a question with yes."""
        return self.ask(*arguments)[0] == 0

    def ask(self, *arguments: str, given: bytes | None = None, index: str | Path | None = None) -> tuple[int, str, str]:
        """Return git's exit status and what it wrote to both outputs."""
        settings = [word for setting in SETTINGS for word in ("-c", setting)]
        try:
            ended = subprocess.run(
                ["git", *settings, *arguments],
                cwd=self.folder,
                env=_environment(index),
                input=given,
                stdin=subprocess.DEVNULL if given is None else None,
                capture_output=True,
                timeout=MAX_SECONDS,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            missing = self.folder if not os.path.isdir(self.folder) else "git"
            raise InvalidInput(
                f"{missing} is not there ({error.strerror}); install git, or name another folder"
            ) from None
        except NotADirectoryError:
            raise InvalidInput(f"{self.folder} is no folder") from None
        except subprocess.TimeoutExpired:
            raise Conflict(f"git {arguments[0]} in {self.folder} took more than {MAX_SECONDS:g} seconds") from None
        if len(ended.stdout) > MAX_BYTES:
            raise Conflict(f"git {arguments[0]} in {self.folder} said more than {MAX_BYTES:,} bytes")
        return ended.returncode, ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace")

    def commit_of(self, name: str) -> str | None:
        """Return the commit that a branch or other name stands for, None where there is none."""
        code, said, _ = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return None if code else said.strip()

    def contains(self, commit: str, head: str) -> bool:
        """Say whether a commit is among those that lead to another."""
        return self.holds("merge-base", "--is-ancestor", commit, head)

    def told(self, line: str, head: str, *, most: int) -> str | None:
        """Return the newest of the last `most` commits whose message has this line."""
        found = self("log", f"--max-count={most}", "--format=%H%x00%B%x00%x00", head)
        for each in found.split("\0\0"):
            commit, _, message = each.strip("\n").partition("\0")
            if line in message.splitlines():
                return commit
        return None

    def places_of(self, branch: str) -> Sequence[str]:
        """Return the folders in which a branch is checked out."""
        found, here = [], ""
        for line in self("worktree", "list", "--porcelain").splitlines():
            if line.startswith("worktree "):
                here = line.removeprefix("worktree ")
            elif line == f"branch refs/heads/{branch}":
                found.append(here)
        return found


def _environment(index: str | Path | None) -> dict[str, str]:
    known = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "GIT_EDITOR": "false",
        "GIT_SEQUENCE_EDITOR": "false",
        "GIT_PAGER": "cat",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_AUTHOR_NAME": AUTHOR,
        "GIT_AUTHOR_EMAIL": MAIL,
        "GIT_COMMITTER_NAME": AUTHOR,
        "GIT_COMMITTER_EMAIL": MAIL,
    }
    return known if index is None else {**known, "GIT_INDEX_FILE": str(index)}
