"""What do the goldens stand on? Two stores, made once, of which every case gets a copy, a clock, and a folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.types import Draft
from tests.conformance.everything import ERROR, MARTA, furnish
from tests.goldens.clock import stopped

CASE_SECONDS = 10  # after the start: by then everything recorded has happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A store file, and the ids in it by what they are called in the cases."""

    store: Path
    ids: dict[str, str]


def open_at(store: Path) -> Brain:
    """Open a store as every golden does: one namespace, found by words alone, nothing in the background."""
    return Brain.open(str(store), namespace="team/a", read=[], model="none", background=False, actor=MARTA)


def history(brain: Brain) -> dict[str, str]:
    """Leave what anybody leaves in a first week; return the ids of it."""
    first = brain.capture("drain the gateway", "before a deploy", tags=["gateway"], type="decision_record")
    newer = brain.supersede(first.id, Draft(title="drain the gateway", content="before every deploy"))
    spare = brain.capture("restart order", "queue, then api", subject="api", metadata={"host": "api-1"})
    archived = brain.capture("old notes", "about the old gateway")
    brain.archive(archived.id)
    given = brain.feedback(newer.id, "helpful")
    failed = brain.begin("deploy api", target="prod", consult="never")
    failed.fail(ERROR)
    done = brain.begin("migrate database", target="stage", context={"version": "2"}, consult="never")
    done.succeed({"rows": 3})
    left = brain.begin("rotate keys", target="prod", consult="never")
    return {
        "memory": newer.id,
        "older": first.id,
        "spare": spare.id,
        "archived": archived.id,
        "feedback": given.id,
        "failed": failed.id,
        "done": done.id,
        "open": left.id,
        "error": brain.operations.list(outcome="failed")[0].error_memory_id or "",
    }


def everything(brain: Brain, *, strict: bool) -> dict[str, str]:
    """Leave a history and something of every kind; return the ids of it."""
    ids = history(brain)
    furnish(brain, strict=strict)
    ids |= {f"run_{run.state}": run.id for run in brain.runs.list()}
    ids |= {f"approval_{each.state}": each.id for each in brain.approvals.list()}
    ids |= {f"improvement_{each.state}": each.id for each in brain.improvements.list()}
    ids |= {f"task_{each.state}": each.id for each in brain.agents.executions()}
    ids |= {f"application_{each.state}": each.id for each in brain.fixes.applications()}
    ids |= {f"decision_{each.kind}": each.id for each in brain.guard.decisions()}
    [rule] = [each for each in brain.guard.rules() if each.name == "ask first"]
    ids |= {f"case_{each.standing}": each.id for each in brain.cases.list("refund")}
    return {
        **ids,
        "fix": brain.fixes.list()[0].fix.id,
        "rule": rule.id,
        "notice": brain.notices.list()[0].id,
    }


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """Make the stores that the cases copy: a `strict` one with an approver, and one where nobody approves, `open`."""
    folder, made = tmp_path_factory.mktemp("recordings"), {}
    for name in ("strict", "open"):
        store = folder / f"{name}.db"
        with stopped(), open_at(store) as brain:
            made[name] = Recording(store=store, ids=everything(brain, strict=name == "strict"))
    return made


Copied = Callable[[str], Recording]


@pytest.fixture
def copied(recordings: dict[str, Recording], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copied]:
    """Return a function that empties the folder of the test, its home too, and copies a recording there."""
    folder = tmp_path / "work"  # a name that does not depend on which tests ran before
    monkeypatch.setenv("HOME", str(folder))

    def copy(name: str) -> Recording:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        monkeypatch.chdir(folder)
        store = folder / "memory.db"
        shutil.copy(recordings[name].store, store)
        store.chmod(0o600)
        return Recording(store=store, ids=recordings[name].ids)

    with stopped(after_seconds=CASE_SECONDS):
        yield copy
