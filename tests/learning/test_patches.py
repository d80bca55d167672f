"""Is what a patch may not touch refused, however it is written, and are the tests' answers read rightly?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from brainops.errors import InvalidInput
from brainops.learning.code import patches
from brainops.learning.code.patches import refusal, verdict
from brainops.learning.code.worktree import made, text_of
from brainops.types import CodeRepository
from tests.learning.git_kit import commit, git


@pytest.fixture
def shop(tmp_path: Path) -> CodeRepository:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, {"limit.txt": "5\n", "test.sh": "true\n"})
    return CodeRepository(name="shop", path=str(folder), branch="main", test=("sh", "test.sh"))


def refused(shop: CodeRepository, diff: str = "", files: Mapping[str, str | None] | None = None) -> str:
    """Return why a patch is refused, where it can be made at all."""
    try:
        found = made(shop, diff, files or {}, "message")
    except InvalidInput as error:
        return str(error)
    return refusal(found.changes, found.diff, automation=shop.automation)


HOSTILE = {
    "outside": {"../evil.txt": "x"},
    "absolute": {"/etc/evil": "x"},
    "not plain": {"a/./b": "x"},
    "git": {".git/config": "[core]\n"},
    "git in capitals": {".GIT/config": "[core]\n"},
    "git below": {"sub/.git/hooks/post-commit": "x"},
    "short name of git": {"GIT~1/config": "x"},
    "modules": {".gitmodules": "[submodule]\n"},
    "attributes": {".gitattributes": "* filter=evil\n"},
    "hooks": {".husky/pre-commit": "x"},
    "editor": {".vscode/tasks.json": "{}"},
    "agents": {".claude/settings.json": "{}"},
    "automation": {".github/workflows/x.yml": "on: push\n"},
    "control": {"a\nb": "x"},
    "secret": {"key.txt": "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ8kZ2Lm4\n"},
    "binary": {"blob.bin": "a\0b"},
    "large": {"large.txt": "line of text\n" * 20_000},
    "nothing": {"limit.txt": "5\n"},
}


LINK = """\
diff --git a/out b/out
new file mode 120000
index 0000000..1111111
--- /dev/null
+++ b/out
@@ -0,0 +1 @@
+/etc
\\ No newline at end of file
"""
MODULE = """\
diff --git a/sub b/sub
new file mode 160000
index 0000000..1234567
--- /dev/null
+++ b/sub
@@ -0,0 +1 @@
+Subproject commit 1234567890123456789012345678901234567890
"""
UP = """\
diff --git a/../evil b/../evil
new file mode 100644
--- /dev/null
+++ b/../evil
@@ -0,0 +1 @@
+x
"""
RENAMED = """\
diff --git a/test.sh b/.github/workflows/test.sh
similarity index 100%
rename from test.sh
rename to .github/workflows/test.sh
"""
MODE = """\
diff --git a/test.sh b/test.sh
old mode 100644
new mode 120000
"""


@pytest.mark.parametrize("files", HOSTILE.values(), ids=HOSTILE)
def test_what_a_patch_may_not_touch_is_refused(shop: CodeRepository, files: Mapping[str, str]) -> None:
    assert refused(shop, files=files)
    assert git(Path(shop.path), "status", "--porcelain") == ""


@pytest.mark.parametrize("diff", [LINK, MODULE, UP, RENAMED, MODE, "no diff at all\n"])
def test_a_hostile_diff_is_refused(shop: CodeRepository, diff: str) -> None:
    assert refused(shop, diff)
    assert git(Path(shop.path), "status", "--porcelain") == ""
    assert not (Path(shop.path).parent / "evil").exists()


def test_a_link_that_is_there_leads_no_patch_out(shop: CodeRepository, tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    (Path(shop.path) / "out").symlink_to(tmp_path / "away")
    commit(Path(shop.path), {})

    for files in ({"out/evil.txt": "x"}, {"out": "x"}, {"out": None}):
        assert refused(shop, files=files)

    assert list((tmp_path / "away").iterdir()) == []


def test_an_ordinary_patch_is_not_refused(shop: CodeRepository) -> None:
    files: dict[str, str | None] = {
        "src/new.py": "x = 1\n",
        "limit.txt": "9\n",
        "test.sh": None,
        "docs/größe.md": "ä\n",
    }

    assert refused(shop, files=files) == ""
    assert {each.path for each in made(shop, "", files, "m").changes} == set(files)


def test_a_file_is_read_at_the_branch_and_a_link_is_not_followed(shop: CodeRepository) -> None:
    (Path(shop.path) / "passwords").symlink_to("/etc/passwd")
    commit(Path(shop.path), {})
    (Path(shop.path) / "limit.txt").write_text("8\n")

    assert text_of(shop, "limit.txt") == "5\n"
    assert text_of(shop, "passwords") is None
    assert text_of(shop, "nowhere") is None


def runs(*passed: bool) -> list[patches.Tested]:
    return [patches.Tested(passed=each, seconds=1.0, said="" if each else "boom") for each in passed]


@pytest.mark.parametrize(
    ("before", "after", "refused", "flaky"),
    [
        ((True, True), (True, True), False, False),
        ((False, False), (True, True), False, False),
        ((True, False), (True, True), False, True),
        ((True, True), (False, False), True, False),
        ((False, False), (False, False), True, False),
        ((True, True), (True, False), True, False),
    ],
)
def test_a_patch_is_taken_where_the_tests_pass_with_it_each_time(
    before: tuple[bool, ...], after: tuple[bool, ...], refused: bool, flaky: bool
) -> None:
    said = verdict(runs(*before), runs(*after))

    assert bool(said.refused) is refused
    assert said.flaky is flaky
