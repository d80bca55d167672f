"""Which git repository is around a folder, which namespace does its remote name, and what was left there of a guard?"""

from __future__ import annotations

import os

from brainops_core.json_text import from_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

GUARD_MARK = "brainops-guard.json"  # in a repository's own git folder, which its worktrees share
MAX_NAMESPACE_CHARACTERS = 200
MAX_FILE_BYTES = 1 << 20  # of a git configuration or a mark: what is longer was not written by git or by us
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-")


def repositories(folder: str) -> Iterator[tuple[str, str]]:
    """Yield (git folder, namespace) of the repositories around a folder, the innermost first.

    A `.git` made inside hides none around it. Worktrees share the folder and the namespace of their repository.
    """
    while True:
        git = os.path.join(folder, ".git")
        if os.path.exists(git):
            common = _common_folder(git)
            namespace = _named(remote) if (remote := _remote(common)) else as_namespace(os.path.basename(folder))
            if namespace is not None:
                yield common, namespace
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent


def guarded(git: str) -> list[tuple[str, str]]:
    """Return (store, namespace) of what is strict here, as the mark in a repository's git folder says."""
    try:
        said = from_json(_text(os.path.join(git, GUARD_MARK)))
        return [(str(each["store"]), str(each["namespace"])) for each in said]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def as_namespace(text: str) -> str | None:
    """Return a text as a namespace: what no namespace holds becomes a dash; None where nothing remains."""
    parts = []
    for part in text.split("/"):
        kept: list[str] = []
        for letter in part:
            if letter in _LETTERS:
                kept.append(letter)
            elif kept[-1:] != ["\0"]:
                kept.append("\0")
        parts.append("".join(kept).replace("\0", "-").lstrip("._@-"))
    return "/".join(filter(None, parts))[:MAX_NAMESPACE_CHARACTERS] or None


def _named(remote: str) -> str | None:
    """Return the namespace that a remote's address says: its host and path, without scheme, user and `.git`."""
    address = remote.strip()
    scheme, found, rest = address.partition("://")
    if found and scheme.replace("_", "a").isalnum():
        address = rest
    address = address.rpartition("@")[2].replace(":", "/")
    return as_namespace(address.removesuffix("/").removesuffix(".git"))


def _common_folder(git: str) -> str:
    if os.path.isdir(git):
        return git
    try:
        target = _text(git).removeprefix("gitdir:").strip()
        worktree = os.path.realpath(os.path.join(os.path.dirname(git), target))
        common = _text(os.path.join(worktree, "commondir")).strip()
        return os.path.realpath(os.path.join(worktree, common))
    except (OSError, ValueError):
        return git


def _remote(git: str) -> str | None:
    """Return the address of the remote `origin`, else of the first one."""
    try:
        text = _text(os.path.join(git, "config"))
    except (OSError, ValueError):
        return None
    found: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.partition("]")[0].removeprefix("[")
        elif section.startswith("remote "):
            name, equals, value = stripped.partition("=")
            if equals and name.strip().lower() == "url":
                found[section] = value.strip()
    return found.get('remote "origin"') or next(iter(found.values()), None)


def _text(path: str) -> str:
    with open(path, "rb") as file:
        return file.read(MAX_FILE_BYTES).decode()
