"""Is code only changed by a tested commit, by whom it may, in nobody's own files, and back by a revert?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import (
    ApprovalRequired,
    ApprovalUnproven,
    BrainOpsError,
    Conflict,
    InvalidInput,
    NotFound,
    OperationBlocked,
    StepFailed,
)
from brainops.learning.code import worktree
from brainops.learning.improvements.port import draft
from brainops.learning.improvements.versions import side
from brainops.store import acts
from brainops.types import Actor, ActorKind, Improvement, ImprovementKind, ImprovementState, KeyProof, Trust
from tests.conformance.conftest import OpenBrain
from tests.inside import inside
from tests.learning.git_kit import commit, git, write

PERSON = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")
AGENT = Actor(kind=ActorKind.AGENT, id="coder")
TEST = ("sh", "test.sh")
WRONG = {"limit.txt": "3\n"}
BETTER = {"limit.txt": "9\n"}
MAKES_ONE = {"limit.txt": "7\n"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the tests of a repository once on each side, where it is not about them."""
    monkeypatch.setattr("brainops.learning.code.patch_change.RUNS", 1)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A small repository whose tests pass where limit.txt holds more than 4."""
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(
        folder, {"limit.txt": "5\n", "test.sh": 'test "$(cat limit.txt)" -gt 4 || { echo limit too low; exit 1; }\n'}
    )
    return folder


@pytest.fixture
def brain(open_brain: OpenBrain, shop: Path) -> Brain:
    opened = open_brain(actor=PERSON)
    opened.limits.allow(["sh test.sh"])
    opened.improvements.repositories.add("shop", shop, TEST)
    return opened


def proposed(brain: Brain, files: Mapping[str, str | None] = BETTER, **more: Any) -> Improvement:
    return brain.improvements.propose_patch("shop", files=files, title="Raise the limit", reason="it is hit", **more)


def left_over(home: Path, shop: Path) -> list[str]:
    """Return what was not cleaned up: folders of ours, and worktrees that git knows besides the first."""
    folders = [each.name for each in (home / "worktrees").glob("*")]
    return folders + git(shop, "worktree", "list", "--porcelain").split("\n\n")[1:]


# It is made and tested


def test_a_patch_whose_tests_pass_is_proposed_with_its_diff_and_evidence(brain: Brain, shop: Path, home: Path) -> None:
    found = proposed(brain)

    assert found.state is ImprovementState.PROPOSED
    assert isinstance(found.after, dict)
    assert "-5\n+9\n" in str(found.after["patch"])
    assert found.evidence["passed_before"] == [True, True]
    assert found.evidence["passed_with_it"] == [True, True]
    assert found.trust is Trust.VERIFIED
    assert (shop / "limit.txt").read_text() == "5\n"
    assert git(shop, "status", "--porcelain") == ""
    assert left_over(home, shop) == []


def test_a_diff_says_the_same_as_whole_files(brain: Brain, shop: Path) -> None:
    write(shop, BETTER)
    diff = git(shop, "diff") + "\n"
    git(shop, "checkout", "-q", "--", ".")

    found = brain.improvements.propose_patch("shop", diff=diff, title="Raise the limit", reason="it is hit")

    assert isinstance(found.after, dict)
    assert "-5\n+9\n" in str(found.after["patch"])


def test_a_patch_whose_tests_fail_is_rejected_and_says_why(brain: Brain, shop: Path) -> None:
    found = proposed(brain, WRONG)

    assert found.state is ImprovementState.REJECTED
    assert "limit too low" in found.outcome
    with pytest.raises(Conflict):
        brain.improvements.apply(found.id)


def test_that_the_tests_failed_before_is_part_of_the_evidence(brain: Brain, shop: Path) -> None:
    commit(shop, {"limit.txt": "1\n"})

    found = proposed(brain)

    assert found.state is ImprovementState.PROPOSED
    assert found.evidence["passed_before"] == [False, False]
    assert "failed before" in str(found.evidence["tests"])


def test_tests_that_pass_only_sometimes_without_it_are_told(brain: Brain, shop: Path, tmp_path: Path) -> None:
    mark = tmp_path / "seen"
    script = f"test -e {mark} || {{ touch {mark}; exit 1; }}\n"
    commit(shop, {"test.sh": script})

    found = proposed(brain)

    assert found.evidence["passed_before"] == [False, True]
    assert found.evidence["flaky_baseline"] is True
    assert "1 of 2" in str(found.evidence["tests"])


def test_tests_that_do_not_end_in_time_fail(brain: Brain, shop: Path) -> None:
    commit(shop, {"test.sh": 'test "$(cat limit.txt)" -lt 9 || exec sleep 30\n'})
    brain.improvements.repositories.add("shop", shop, TEST, timeout_seconds=0.5)

    found = proposed(brain)

    assert found.state is ImprovementState.REJECTED
    assert "did not end" in found.outcome


def test_the_same_patch_is_one_improvement(brain: Brain) -> None:
    assert proposed(brain).id == proposed(brain).id


# It comes into the branch


@pytest.mark.usefixtures("once")
def test_a_patch_is_applied_as_a_commit_and_undone_by_a_revert(brain: Brain, shop: Path, home: Path) -> None:
    before = git(shop, "rev-parse", "HEAD")
    found = proposed(brain)

    applied = brain.improvements.apply(found.id)
    between = ((shop / "limit.txt").read_text(), git(shop, "rev-list", "--count", f"{before}..main"))
    undone = brain.improvements.undo(found.id, reason="too high")

    assert (applied.state, undone.state) == (ImprovementState.APPLIED, ImprovementState.UNDONE)
    assert between == ("9\n", "1")
    assert (shop / "limit.txt").read_text() == "5\n"
    assert git(shop, "diff", before, "main") == ""
    assert git(shop, "status", "--porcelain") == ""
    assert git(shop, "branch", "--list") == "* main"
    assert left_over(home, shop) == []


@pytest.mark.usefixtures("once")
def test_a_branch_that_is_not_checked_out_moves_all_the_same(brain: Brain, shop: Path) -> None:
    git(shop, "checkout", "-q", "-b", "feature")
    found = proposed(brain)

    brain.improvements.apply(found.id)

    assert git(shop, "show", "main:limit.txt") == "9"
    assert (shop / "limit.txt").read_text() == "5\n"


@pytest.mark.usefixtures("once")
def test_a_branch_that_moved_is_left_alone_until_somebody_merges(brain: Brain, shop: Path) -> None:
    found = proposed(brain)
    commit(shop, {"other.txt": "x\n"})

    with pytest.raises(Conflict, match=f"brainops/improvement-{found.id}"):
        brain.improvements.apply(found.id)
    between = (brain.improvements.get(found.id).state, (shop / "limit.txt").read_text())
    git(shop, "merge", "-q", "--no-edit", f"brainops/improvement-{found.id}")

    assert between == (ImprovementState.PROPOSED, "5\n")
    assert brain.improvements.apply(found.id).state is ImprovementState.APPLIED


@pytest.mark.usefixtures("once")
def test_what_is_not_committed_is_not_touched(brain: Brain, shop: Path) -> None:
    found = proposed(brain)
    write(shop, {"limit.txt": "6\n"})

    with pytest.raises(Conflict, match="not committed"):
        brain.improvements.apply(found.id)
    between = (shop / "limit.txt").read_text()
    git(shop, "checkout", "-q", "--", ".")
    brain.improvements.apply(found.id)

    assert between == "6\n"
    assert (shop / "limit.txt").read_text() == "9\n"


@pytest.mark.usefixtures("once")
def test_a_file_that_git_does_not_know_is_not_overwritten(brain: Brain, shop: Path) -> None:
    found = proposed(brain, {"new.txt": "ours\n"})
    write(shop, {"new.txt": "mine\n"})

    with pytest.raises(Conflict):
        brain.improvements.apply(found.id)

    assert (shop / "new.txt").read_text() == "mine\n"


@pytest.mark.usefixtures("once")
def test_what_others_changed_since_stays_when_a_patch_is_undone(brain: Brain, shop: Path) -> None:
    found = proposed(brain)
    brain.improvements.apply(found.id)
    commit(shop, {"other.txt": "theirs\n"})

    brain.improvements.undo(found.id)

    assert (shop / "limit.txt").read_text() == "5\n"
    assert (shop / "other.txt").read_text() == "theirs\n"


@pytest.mark.usefixtures("once")
def test_a_revert_that_conflicts_changes_nothing_and_says_how(brain: Brain, shop: Path, home: Path) -> None:
    found = proposed(brain)
    brain.improvements.apply(found.id)
    head = commit(shop, {"limit.txt": "11\n"})

    with pytest.raises(Conflict, match="by hand"):
        brain.improvements.undo(found.id)

    assert git(shop, "rev-parse", "main") == head
    assert brain.improvements.get(found.id).state is ImprovementState.APPLIED
    assert left_over(home, shop) == []


@pytest.mark.usefixtures("once")
def test_what_somebody_reverted_by_hand_is_undone_without_another_commit(brain: Brain, shop: Path) -> None:
    found = proposed(brain)
    brain.improvements.apply(found.id)
    git(shop, "revert", "--no-edit", "HEAD")
    head = git(shop, "rev-parse", "HEAD")

    undone = brain.improvements.undo(found.id)

    assert undone.state is ImprovementState.UNDONE
    assert git(shop, "rev-parse", "HEAD") == head


# Who may


@pytest.mark.usefixtures("once")
def test_an_agent_proposes_and_a_person_applies(open_brain: OpenBrain, brain: Brain) -> None:
    agent = open_brain(actor=AGENT)
    found = proposed(agent)

    with pytest.raises(ApprovalUnproven):
        agent.improvements.apply(found.id)

    assert found.trust is Trust.AGENT
    assert brain.improvements.apply(found.id).state is ImprovementState.APPLIED


@pytest.mark.usefixtures("once")
def test_where_people_are_enrolled_one_of_them_proves_it(brain: Brain) -> None:
    key = brain.approvals.approvers.enrol("grace").key
    assert key is not None
    found = proposed(brain)

    with pytest.raises(ApprovalUnproven, match="grace"):
        brain.improvements.apply(found.id)

    assert brain.improvements.apply(found.id, proof=KeyProof(key=key)).state is ImprovementState.APPLIED


@pytest.mark.usefixtures("once")
def test_an_agent_registers_no_repository(open_brain: OpenBrain, brain: Brain, shop: Path) -> None:
    repositories = open_brain(actor=AGENT).improvements.repositories

    with pytest.raises(OperationBlocked):
        repositories.add("shop", shop, TEST, by_itself=True)
    with pytest.raises(OperationBlocked):
        repositories.remove("shop")


@pytest.mark.usefixtures("once")
def test_a_test_command_that_is_not_allowed_does_not_run(brain: Brain, shop: Path) -> None:
    with pytest.raises(StepFailed, match="brainops allow"):
        brain.improvements.repositories.add("other", shop, ("make", "test"))
    brain.limits.disallow(["sh test.sh"])

    with pytest.raises(StepFailed, match="brainops allow"):
        proposed(brain)


@pytest.mark.usefixtures("once")
def test_a_repository_that_is_opted_in_takes_a_patch_after_a_day_unless_it_is_vetoed(brain: Brain, shop: Path) -> None:
    brain.guard.set_autonomy("auto")
    brain.improvements.repositories.add("shop", shop, TEST, by_itself=True)
    found, vetoed = proposed(brain), proposed(brain, MAKES_ONE)
    brain.improvements.veto(vetoed.id)
    day = inside(brain).store.now() + 86_400_000_000

    early = brain.improvements.watch()
    moved = brain.improvements.watch(day)

    assert found.state is ImprovementState.PLANNED
    assert early == []
    assert [each.state for each in moved] == [ImprovementState.APPLIED]
    assert (shop / "limit.txt").read_text() == "9\n"


@pytest.mark.usefixtures("once")
def test_a_patch_of_an_agent_never_applies_itself(open_brain: OpenBrain, brain: Brain, shop: Path) -> None:
    brain.guard.set_autonomy("auto")
    brain.improvements.repositories.add("shop", shop, TEST, by_itself=True)
    found = proposed(open_brain(actor=AGENT))

    moved = brain.improvements.watch(inside(brain).store.now() + 10 * 86_400_000_000)

    assert found.state is ImprovementState.PROPOSED
    assert moved == []


@pytest.mark.usefixtures("once")
def test_an_opted_in_patch_that_finds_the_branch_moved_is_left_as_a_branch_and_said(brain: Brain, shop: Path) -> None:
    brain.guard.set_autonomy("auto")
    brain.improvements.repositories.add("shop", shop, TEST, by_itself=True)
    found = proposed(brain)
    commit(shop, {"other.txt": "x\n"})

    (moved,) = brain.improvements.watch(inside(brain).store.now() + 2 * 86_400_000_000)

    assert moved.state is ImprovementState.REJECTED
    assert f"brainops/improvement-{found.id}" in moved.outcome
    assert (shop / "limit.txt").read_text() == "5\n"


@pytest.mark.usefixtures("once")
def test_a_stop_halts_what_agents_propose_and_what_applies_itself(
    open_brain: OpenBrain, brain: Brain, shop: Path
) -> None:
    brain.guard.set_autonomy("auto")
    brain.improvements.repositories.add("shop", shop, TEST, by_itself=True)
    proposed(brain)
    brain.guard.stop_automatic("we look into something")

    with pytest.raises(OperationBlocked, match="stopped"):
        proposed(open_brain(actor=AGENT), MAKES_ONE)

    assert brain.improvements.watch(inside(brain).store.now() + 2 * 86_400_000_000) == []
    assert (shop / "limit.txt").read_text() == "5\n"


def while_it_comes_in(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen once, between what is done in the repository and what is written of it."""
    usual, left = worktree.bring_in, [happens]

    def bring_in(*given: Any) -> str:
        said = usual(*given)
        if left:
            left.pop()()
        return said

    monkeypatch.setattr(worktree, "bring_in", bring_in)


@pytest.mark.parametrize("by_itself", [False, True])
@pytest.mark.usefixtures("once")
def test_what_is_vetoed_at_the_moment_it_comes_in_goes_out_again(
    brain: Brain, shop: Path, monkeypatch: pytest.MonkeyPatch, by_itself: bool
) -> None:
    brain.guard.set_autonomy("auto")
    brain.improvements.repositories.add("shop", shop, TEST, by_itself=True)
    found = proposed(brain)
    while_it_comes_in(monkeypatch, lambda: brain.improvements.veto(found.id, reason="no"))

    if by_itself:
        assert brain.improvements.watch(inside(brain).store.now() + 2 * 86_400_000_000) == []
    else:
        with pytest.raises(Conflict, match="rejected meanwhile"):
            brain.improvements.apply(found.id)

    assert brain.improvements.get(found.id).state is ImprovementState.REJECTED
    assert (shop / "limit.txt").read_text() == "5\n"


@pytest.mark.usefixtures("once")
def test_a_stop_between_two_patches_halts_the_second(brain: Brain, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brain.guard.set_autonomy("auto")
    brain.improvements.repositories.add("shop", shop, TEST, by_itself=True)
    first, second = proposed(brain), proposed(brain, MAKES_ONE)
    while_it_comes_in(monkeypatch, lambda: brain.guard.stop_automatic("we look into something"))

    brain.improvements.watch(inside(brain).store.now() + 2 * 86_400_000_000)

    assert brain.improvements.get(first.id).state is ImprovementState.APPLIED
    assert brain.improvements.get(second.id).state is ImprovementState.PLANNED


@pytest.mark.usefixtures("once")
def test_a_repository_that_is_removed_takes_no_patch(brain: Brain) -> None:
    found = proposed(brain)
    brain.improvements.repositories.remove("shop")

    with pytest.raises(ApprovalRequired, match="not registered"):
        brain.improvements.apply(found.id)
    with pytest.raises(NotFound):
        proposed(brain)
    assert brain.improvements.repositories.list() == []


# What it may touch, and what runs


@pytest.mark.parametrize("files", [{".github/workflows/x.yml": "on: push\n"}, {".git/config": "[core]\n"}])
@pytest.mark.usefixtures("once")
def test_what_a_patch_may_not_touch_is_refused_before_anything_runs(
    brain: Brain, shop: Path, home: Path, files: Mapping[str, str]
) -> None:
    with pytest.raises(InvalidInput):
        proposed(brain, files)

    assert brain.improvements.list() == []
    assert left_over(home, shop) == []


@pytest.mark.usefixtures("once")
def test_a_person_allows_continuous_integration_to_be_changed(brain: Brain, shop: Path) -> None:
    brain.improvements.repositories.add("shop", shop, TEST, automation=True)

    assert proposed(brain, {".github/workflows/x.yml": "on: push\n"}).state is ImprovementState.PROPOSED


@pytest.mark.usefixtures("once")
def test_no_hook_of_the_repository_runs(brain: Brain, shop: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    for name in ("post-checkout", "pre-commit", "commit-msg", "post-commit", "post-merge", "reference-transaction"):
        hook = shop / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\necho {name} >> {ran}\n")
        hook.chmod(0o755)
    found = proposed(brain)
    brain.improvements.apply(found.id)

    brain.improvements.undo(found.id)

    assert not ran.exists()


@pytest.mark.usefixtures("once")
def test_a_message_of_a_patch_does_not_pass_for_another(brain: Brain, shop: Path) -> None:
    first = proposed(brain)
    brain.improvements.apply(first.id)
    forged = f"BrainOps-Reverts: {first.id}"
    second = brain.improvements.propose_patch("shop", files=MAKES_ONE, title=forged, reason=f"x\n{forged}")
    brain.improvements.apply(second.id)
    brain.improvements.undo(second.id)

    brain.improvements.undo(first.id)

    assert (shop / "limit.txt").read_text() == "5\n"


# Killed


class Killed(BaseException):
    """As if the process ended here."""


@pytest.mark.parametrize("where", ["brainops.store.code.CodeRows.put", "brainops.store.trail.Trail.append"])
@pytest.mark.usefixtures("once")
def test_killed_between_the_branch_and_the_record_it_is_done_once(
    brain: Brain, shop: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    found = proposed(brain)

    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    for act in (brain.improvements.apply, brain.improvements.undo):
        with monkeypatch.context() as patched:
            patched.setattr(where, dies)
            with pytest.raises(Killed):
                act(found.id)
        act(found.id)

    assert brain.improvements.get(found.id).state is ImprovementState.UNDONE
    assert git(shop, "rev-list", "--count", "main") == "3"
    assert (shop / "limit.txt").read_text() == "5\n"


@pytest.mark.usefixtures("once")
def test_what_a_killed_process_left_is_cleaned_up_by_the_next(
    brain: Brain, shop: Path, home: Path, store_url: str, tmp_path: Path
) -> None:
    began = tmp_path / "began"
    commit(shop, {"test.sh": f"touch {began}; exec sleep 60\n"})
    script = textwrap.dedent(f"""
        from brainops.brain import Brain
        from brainops.types import Actor, ActorKind
        brain = Brain.open({store_url!r}, namespace="team/a", model="none", background=False,
                           actor=Actor(kind=ActorKind.PERSON, id="ada", proof="os-user"))
        brain.improvements.propose_patch("shop", files={BETTER!r}, title="x", reason="y")
    """)
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        wait_for(began.exists)
        os.kill(process.pid, signal.SIGKILL)
    before = left_over(home, shop)

    swept = worktree.sweep()

    assert before
    assert swept == 1
    assert left_over(home, shop) == []
    assert brain.improvements.list() == []


def wait_for(happened: Any) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.usefixtures("once")
def test_the_hourly_cycle_sweeps_and_goes_on(brain: Brain) -> None:
    proposed(brain)

    report = brain.learning.run("hourly", early=True)

    assert report is not None
    assert not any("failed" in line for section in report.sections for line in section.lines)


@pytest.mark.usefixtures("once")
def test_wrong_types_are_told(brain: Brain, shop: Path) -> None:
    repositories = brain.improvements.repositories
    for wrong in ("sh test.sh", [], ["sh", 1]):
        with pytest.raises(BrainOpsError):
            repositories.add("shop", shop, wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        repositories.add("shop", shop / "nowhere", TEST)
    with pytest.raises(InvalidInput):
        repositories.add("shop", shop, TEST, branch="nowhere")
    with pytest.raises(InvalidInput):
        repositories.add("../shop", shop, TEST)
    with pytest.raises(InvalidInput):
        proposed(brain, {"limit.txt": 3})  # type: ignore[dict-item]


# Where a patch comes from


SERVE = """\
---
name: serve
description: Serve.
# the team's own words
steps:
  - id: start
    run: [true]
    timeout-minutes: 1
---
"""


@pytest.mark.usefixtures("once")
def test_what_would_be_better_of_a_file_of_git_becomes_a_tested_patch_of_it(brain: Brain, shop: Path) -> None:
    commit(shop, {"serve.md": SERVE})
    brain.procedures.apply(shop)
    version = brain.procedures.get("serve")
    step = replace(version.procedure.steps[0], timeout_seconds=120.0)
    better = draft(
        ImprovementKind.TIMEOUT,
        "timeout:serve",
        "procedure:serve",
        "serve: give step start 120 seconds",
        "it ran out of time",
        before=side(version),
        after=side(replace(version.procedure, steps=(step,))),
        at=inside(brain).store.now(),
        evidence={"path": version.path},
    )
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inside(brain).services.improvements.propose(tx, better)

    found = brain.improvements.propose_patch_of(better.id, "shop")
    brain.improvements.apply(found.id)

    assert found.evidence["derived_from"] == better.id
    assert (shop / "serve.md").read_text() == SERVE.replace("timeout-minutes: 1", "timeout-minutes: 2")
    with pytest.raises(Conflict, match="another than the version"):
        brain.improvements.propose_patch_of(better.id, "shop")


@pytest.mark.usefixtures("once")
def test_a_model_writes_a_patch_within_its_budget_and_on_its_word_alone(brain: Brain, shop: Path) -> None:
    brain.guard.set_autonomy("auto")
    brain.improvements.repositories.add("shop", shop, TEST, by_itself=True)
    answer = "Here:\n```diff\n--- a/limit.txt\n+++ b/limit.txt\n@@ -1 +1 @@\n-5\n+9\n```\n"

    with pytest.raises(BrainOpsError):
        brain.improvements.ask_for_patch("shop", "raise the limit", ["limit.txt"], complete=brain.language.complete)
    found = brain.improvements.ask_for_patch(
        "shop", "raise the limit", ["limit.txt"], complete=lambda prompt, *, purpose, system: answer
    )

    assert found.state is ImprovementState.PROPOSED
    assert found.trust is Trust.AGENT
    with pytest.raises(InvalidInput, match="no diff"):
        brain.improvements.ask_for_patch("shop", "x", ["limit.txt"], complete=lambda *_, **__: "I cannot")
