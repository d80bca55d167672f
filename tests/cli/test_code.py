"""Are repositories registered, and patches tested, proposed, shown and applied, on the command line?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Say
from tests.learning.git_kit import commit, git


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, {"limit.txt": "5\n", "test.sh": "true\n"})
    return folder


def test_a_patch_goes_from_a_diff_to_a_commit_and_back(say: Say, shop: Path, tmp_path: Path) -> None:
    (shop / "limit.txt").write_text("9\n")
    diff = tmp_path / "raise.diff"
    diff.write_text(git(shop, "diff") + "\n")
    git(shop, "checkout", "-q", "--", ".")
    say("allow", "sh test.sh")

    added = say("improvements", "repository", "add", "shop", str(shop), "--", "sh", "test.sh")
    patched = say("--json", "improvements", "patch", "shop", str(diff), "--title", "Raise the limit")
    found = patched.value["id"]
    shown = say("improvements", "show", found)
    applied = say("improvements", "apply", found)
    between = (shop / "limit.txt").read_text()
    undone = say("improvements", "undo", found)

    assert [each.code for each in (added, patched, shown, applied, undone)] == [0] * 5
    assert "+9" in shown.out
    assert "pass with it" in shown.out
    assert (between, (shop / "limit.txt").read_text()) == ("9\n", "5\n")


def test_repositories_are_listed_and_removed(say: Say, shop: Path) -> None:
    say("allow", "sh test.sh")
    say("improvements", "repository", "add", "shop", str(shop), "--by-itself", "--", "sh", "test.sh")

    listed = say("improvements", "repository", "list")
    removed = say("improvements", "repository", "remove", "shop")

    assert "sh test.sh" in listed.out
    assert "by itself" in listed.out
    assert removed.code == 0
    assert "No repository" in say("improvements", "repository", "list").out


def test_what_is_missing_is_told(say: Say, shop: Path) -> None:
    assert "--of ID" in say("improvements", "patch", "shop").err
    assert "cannot be read" in say("improvements", "patch", "shop", "nowhere.diff").err
    assert "brainops allow" in say("improvements", "repository", "add", "shop", str(shop), "--", "make", "test").err
