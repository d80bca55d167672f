"""May a patch be tried at all, and what do the tests before and after it say? (pure)"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from msgspec import Struct

from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.redaction.redact import redact
from brainops.types.counted import counted

MAX_DIFF_BYTES = 100_000  # what a person reads before agreeing; larger changes are not made by a patch of this kind
MAX_FILES = 50
MAX_PATH_CHARACTERS = 300
RUNS = 2  # of the tests on each side: once says nothing of tests that pass only sometimes

REGULAR = ("100644", "100755")
NONE = "000000"
LINK, SUBMODULE = "120000", "160000"

GIT_OWN = (".git", ".gitmodules", ".gitattributes", ".gitconfig")
"""Names by which git itself would do something else, at any depth."""

HOOKS = (".husky", ".githooks", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml", "lefthook.yml", "lefthook.yaml",
         ".lefthook", ".envrc", ".vscode", ".idea", ".claude", ".cursor", ".devcontainer")  # fmt: skip
"""What runs by itself on the machine of whoever opens or commits to the repository."""

AUTOMATION = (".github", ".gitlab-ci.yml", ".gitlab", ".circleci", ".travis.yml", "jenkinsfile", ".jenkins",
              "azure-pipelines.yml", ".azure-pipelines", "bitbucket-pipelines.yml", ".buildkite", ".drone.yml",
              ".woodpecker.yml", ".woodpecker", ".forgejo", ".gitea", "appveyor.yml", ".appveyor.yml", ".cirrus.yml",
              ".semaphore", "cloudbuild.yaml", "buildspec.yml", ".teamcity")  # fmt: skip
"""What runs by itself in continuous integration, often with secrets."""

SECRETS_ONLY = RedactionPolicy(private=False)


class Changed(Struct, frozen=True, kw_only=True):
    """One file of a patch, as git sees it; a mode is "000000" where the file is not there. `binary`: no text."""

    path: str
    mode_before: str
    mode_after: str
    binary: bool


class Tested(Struct, frozen=True, kw_only=True):
    """One run of a repository's tests: whether they passed, how long they took, and the end of what they said."""

    passed: bool
    seconds: float
    said: str


class TestVerdict(Struct, frozen=True, kw_only=True):
    """What the tests say: why the patch is refused (or ""), one sentence for people, whether they passed only sometimes
    without it.
    """

    refused: str
    sentence: str
    flaky: bool


def refusal(changes: Sequence[Changed], diff: str, *, automation: bool) -> str:
    """Return everything that is wrong with a patch, or "" where it may be tried."""
    return "; ".join(dict.fromkeys(_problems(changes, diff, automation)))


def path_problem(path: str, *, automation: bool) -> str:
    """Return why a file of this path is not touched, or ""."""
    parts = path.split("/")
    names = [part.casefold().rstrip(" .") for part in parts]
    shown = f"{path!r:.120}"
    odd = any(not each.isprintable() or each in "\\\ufffd" for each in path)
    if not path or len(path) > MAX_PATH_CHARACTERS or odd:
        return f"{shown} is no path that a patch may have"
    if path.startswith("/") or ".." in parts or posixpath.normpath(path) != path:
        return f"{shown} lies outside of the repository, or is not written plainly"
    if any(name in GIT_OWN or name.startswith("git~") for name in names):
        return f"{shown} is what git itself goes by"
    if any(name in HOOKS for name in names) or names[0] == "hooks":
        return f"{shown} runs by itself on somebody's machine"
    if not automation and any(name in AUTOMATION for name in names):
        return f"{shown} runs by itself in continuous integration; a person allows that for the repository"
    return ""


def _problems(changes: Sequence[Changed], diff: str, automation: bool) -> Iterator[str]:
    if not changes:
        yield "it changes nothing"
    if len(changes) > MAX_FILES or len(diff.encode(errors="replace")) > MAX_DIFF_BYTES:
        yield f"it is too large: at most {counted(MAX_FILES, 'file')} and {MAX_DIFF_BYTES:,} bytes are taken"
        return
    for each in changes:
        shown = f"{each.path!r:.120}"
        if problem := path_problem(each.path, automation=automation):
            yield problem
        if SUBMODULE in (each.mode_before, each.mode_after):
            yield f"{shown} is a submodule"
        elif LINK in (each.mode_before, each.mode_after):
            yield f"{shown} is a symbolic link, which could lead out of the repository"
        elif {each.mode_before, each.mode_after} - {*REGULAR, NONE}:
            yield f"{shown} is no regular file"
        if each.binary:
            yield f"{shown} is binary, which nobody can read"
    if redact(diff, SECRETS_ONLY).findings:
        yield "it holds what looks like a secret; patches are kept for good"


def verdict(before: Sequence[Tested], after: Sequence[Tested]) -> TestVerdict:
    """Return what the runs of the tests without a patch and with it say."""
    well_before, well_after = _passed(before), _passed(after)
    flaky = 0 < well_before < len(before)
    if flaky:
        base = f"without it the tests passed {well_before} of {counted(len(before), 'time')}, so they say little"
    else:
        base = "the tests passed before" if well_before else "the tests failed before"
    if well_after == len(after):
        return TestVerdict(
            refused="",
            sentence=f"{base}, and pass with it ({well_after} of {counted(len(after), 'time')})",
            flaky=flaky,
        )
    failed = next(each for each in after if not each.passed)
    how = "fail" if not well_after else f"passed only {well_after} of {counted(len(after), 'time')}"
    said = f": {failed.said}" if failed.said else ""
    return TestVerdict(refused=f"the tests {how} with it{said}", sentence=f"{base}, and {how} with it", flaky=flaky)


def changed(raw: str, numbers: str) -> tuple[Changed, ...]:
    """Return the files of a patch from git's `diff-tree -z --raw` and `-z --numstat`, both without renames."""
    binary = {fields[2] for fields in (line.split("\t", 2) for line in numbers.split("\0") if line) if fields[0] == "-"}
    words = [word for word in raw.split("\0") if word]
    found = []
    for head, path in zip(words[::2], words[1::2], strict=False):
        mode_before, mode_after = head.lstrip(":").split(" ")[:2]
        found.append(Changed(path=path, mode_before=mode_before, mode_after=mode_after, binary=path in binary))
    return tuple(found)


def _passed(runs: Sequence[Tested]) -> int:
    return sum(each.passed for each in runs)
