"""Does what takes long go on in the background, once, whoever has the time, and is what came of it known?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import Conflict, InvalidInput, NotFound, OperationBlocked, StoreUnavailable
from brainops.health import jobs
from brainops.procedures.consent import approvers
from brainops.procedures.runs.clock import LEASE
from brainops.store import acts
from brainops.types import Actor, ActorKind, Job, JobKind, JobState
from tests.conformance.conftest import OpenBrain, set_clock
from tests.conformance.everything import MARTA, PROOF
from tests.inside import inside

BOT = Actor(kind=ActorKind.AGENT, id="bot", proof="key")
Work = Callable[..., Any]


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain(actor=MARTA)


@pytest.fixture
def does(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Let a reindex be some other work, and signs of life be given at each step of it."""
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0.0)
    monkeypatch.setattr(jobs.JobAtHand, "_give_signs", lambda self: None)

    def put(work: Work) -> None:
        monkeypatch.setitem(jobs.WORK, JobKind.REINDEX, replace(jobs.WORK[JobKind.REINDEX], do=work))

    return put


def done(brain: Brain) -> Job:
    found = brain.jobs.work()
    assert found is not None
    return found


def test_a_job_answers_what_its_verb_answers(brain: Brain, tmp_path: Path) -> None:
    brain.capture("the pool is small", "ten are too few")
    asked = [brain.jobs.start(kind) for kind in ("audit", "doctor", "reindex")]
    asked.append(brain.jobs.start("export", {"path": str(tmp_path / "all.jsonl")}))
    assert {job.state for job in asked} == {JobState.WAITING}

    for _ in asked:
        done(brain)

    assert brain.jobs.work() is None
    audit, doctor, reindex, export = (brain.jobs.get(job.id) for job in asked)
    assert {job.state for job in (audit, doctor, reindex, export)} == {JobState.SUCCEEDED}, export.error
    assert audit.result == [] and reindex.result == 1 and reindex.done == 1
    assert isinstance(doctor.result, list) and isinstance(export.result, dict)
    assert {"name", "passed"} <= set(doctor.result[0])
    assert export.result["memories"] == 1 and (tmp_path / "all.jsonl").stat().st_size > 0
    assert [job.id for job in brain.jobs.list()] == [job.id for job in reversed(asked)]
    told = [entry for entry in brain.changes(kinds=["job"]) if entry.ref == reindex.id]
    assert [entry.kind.value for entry in told] == ["job.waiting", "job.running", "job.succeeded"]
    assert told[-1].facts == {"kind": "reindex", "done": 1, "total": 1}


def test_a_purge_in_the_background_takes_the_proof_when_it_is_asked_for(
    brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    kept, about = brain.capture("a mug", "of nobody"), brain.capture("a cup", "of jo", subject="jo")
    brain.approvals.approvers.enrol("ines", passphrase=PROOF.passphrase)
    brain.guard.set_enforcement("strict")
    said = {"subject": "jo", "reason": "jo asked for it"}

    with pytest.raises(Exception, match="takes one of ines"):
        brain.jobs.start("purge_subject", said)
    job = brain.jobs.start("purge_subject", said, proof=PROOF)
    ended = done(brain)

    assert (ended.state, ended.error) == (JobState.SUCCEEDED, None)
    assert brain.get(kept.id).title == "a mug"
    with pytest.raises(NotFound):
        brain.get(about.id)
    assert "jo" not in brain.jobs.get(job.id).given.values()  # whose name it was is kept no longer


def test_a_job_that_was_written_by_hand_is_not_done(brain: Brain) -> None:
    brain.jobs.start("doctor")
    forged = replace(brain.jobs.list()[0], id="0190-forged", kind=JobKind.PURGE_SUBJECT, created_at=0)
    with inside(brain).store.writing(acts.JOB_DO, MARTA) as tx:
        tx.jobs.add(replace(forged, given={"subject": "jo", "reason": "none"}, agreed_by=MARTA))

    ended = done(brain)

    assert (ended.id, ended.state) == ("0190-forged", JobState.FAILED)
    assert "audit trail" in str(ended.error)


def test_what_is_asked_for_is_looked_at_at_once(brain: Brain, tmp_path: Path) -> None:
    there = tmp_path / "there.jsonl"
    there.write_text("mine")

    for kind, given, error in (
        ("bake", {}, InvalidInput),
        ("reindex", {"limit": 3}, InvalidInput),
        ("audit", {"limit": 0}, InvalidInput),
        ("purge_subject", {"subject": "jo"}, InvalidInput),
        ("export", {"path": "here.jsonl"}, InvalidInput),
        ("export", {"path": str(there)}, Conflict),
    ):
        with pytest.raises(error):
            brain.jobs.start(kind, given)
    assert brain.jobs.list() == []


def test_a_job_that_waits_is_cancelled_at_once_and_one_under_way_where_it_next_looks(
    brain: Brain, does: Callable[[Work], None]
) -> None:
    waits = brain.jobs.start("doctor")
    assert brain.jobs.cancel(waits.id).state is JobState.CANCELLED

    def work(context: Any, given: Any, progress: Any, agreed: Any) -> None:
        progress(1, 10)
        assert brain.jobs.get(under_way.id).done == 1
        brain.jobs.cancel(under_way.id)
        progress(2, 10)
        raise AssertionError("it went on")

    does(work)
    under_way = brain.jobs.start("reindex")
    ended = done(brain)

    assert (ended.state, ended.done, ended.total) == (JobState.CANCELLED, 2, 10)
    assert brain.jobs.get(under_way.id).state is JobState.CANCELLED
    with pytest.raises(Conflict):
        brain.jobs.cancel(under_way.id)
    with pytest.raises(NotFound):
        brain.jobs.cancel("nothing")


def test_no_agent_cancels_what_another_asked_for(brain: Brain, open_brain: OpenBrain) -> None:
    theirs, bot = brain.jobs.start("doctor"), open_brain(actor=BOT)

    with pytest.raises(OperationBlocked):
        bot.jobs.cancel(theirs.id)
    own = bot.jobs.start("doctor")
    assert bot.jobs.cancel(own.id).state is JobState.CANCELLED


def test_after_a_process_that_was_killed_another_goes_on_and_the_first_writes_nothing_more(
    brain: Brain, does: Callable[[Work], None]
) -> None:
    def work(context: Any, given: Any, progress: Any, agreed: Any) -> int:
        attempts.append(1)
        if len(attempts) > 1:
            return 7
        set_clock(inside(brain).store, lambda: later)
        assert done(brain).result == 7  # the lease of this one has passed meanwhile: another takes it up
        progress(1, None)
        raise AssertionError("it went on")

    attempts: list[int] = []
    later = inside(brain).store.now() + 3 * LEASE.micros // 2
    does(work)
    job = brain.jobs.start("reindex")
    assert done(brain).id == job.id

    found = brain.jobs.get(job.id)
    assert (found.state, found.result, found.attempts, len(attempts)) == (JobState.SUCCEEDED, 7, 2, 2)


def test_a_store_that_is_away_is_waited_out_and_what_fails_is_said(brain: Brain, does: Callable[[Work], None]) -> None:
    def work(*of: Any) -> None:
        raise problems.pop(0)

    problems: list[Exception] = [StoreUnavailable("away"), InvalidInput("no such index")]
    does(work)
    brain.jobs.start("reindex")
    later = inside(brain).store.now() + 3 * LEASE.micros // 2

    assert done(brain).state is JobState.RUNNING
    assert brain.jobs.work() is None  # it rests for as long as its lease
    set_clock(inside(brain).store, lambda: later)
    ended = done(brain)
    assert (ended.state, ended.error, ended.attempts) == (JobState.FAILED, "no such index", 2)


def test_a_job_goes_on_however_often_its_process_ends_in_good_order(brain: Brain, does: Callable[[Work], None]) -> None:
    def work(context: Any, given: Any, progress: Any, agreed: Any) -> int:
        begun.append(1)
        if len(begun) <= jobs.MOST_ATTEMPTS + 1:
            raise jobs.Stopped
        return 7

    begun: list[int] = []
    does(work)
    brain.jobs.start("reindex")

    for _ in range(jobs.MOST_ATTEMPTS + 1):
        assert done(brain).state is JobState.WAITING
    assert (done(brain).result, brain.jobs.list()[0].attempts) == (7, 1)


def test_an_export_leaves_a_file_that_came_after_it_was_asked_for(brain: Brain, tmp_path: Path) -> None:
    target = tmp_path / "all.jsonl"
    brain.jobs.start("export", {"path": str(target)})
    target.write_text("precious", encoding="utf-8")

    ended = done(brain)

    assert ended.state is JobState.FAILED and "exists already" in str(ended.error)
    assert target.read_text(encoding="utf-8") == "precious"


def test_work_over_which_processes_end_is_not_begun_for_ever(brain: Brain, does: Callable[[Work], None]) -> None:
    class Killed(BaseException):
        pass

    def work(*of: Any) -> None:
        raise Killed

    does(work)
    brain.jobs.start("reindex")
    begun = inside(brain).store.now()

    for number in range(1, jobs.MOST_ATTEMPTS + 1):
        with pytest.raises(Killed):
            brain.jobs.work()
        at = begun + number * (LEASE.micros + 1_000_000)
        set_clock(inside(brain).store, partial(int, at))
    ended = done(brain)

    assert ended.state is JobState.FAILED and "by hand" in str(ended.error)
    assert brain.jobs.work() is None


def test_a_process_that_has_the_time_does_it(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=MARTA, background=True)
    job = brain.jobs.start("doctor")
    brain.close()  # it lets the job at hand end, or go

    again = open_brain(actor=MARTA)
    if again.jobs.get(job.id).state is not JobState.SUCCEEDED:
        done(again)
    assert again.jobs.get(job.id).state is JobState.SUCCEEDED


BLOCKED = """
import sys
from msgspec.structs import replace
from brainops.brain import Brain
from brainops.health import jobs
from brainops.types import JobKind

def work(context, given, progress, agreed):
    progress(3, 10)
    print("begun", flush=True)
    sys.stdin.read()

jobs.WORK[JobKind.REINDEX] = replace(jobs.WORK[JobKind.REINDEX], do=work)
with Brain.open(sys.argv[1], namespace="team/a", read=[], model="none", background=False) as brain:
    brain.jobs.work()
"""


def test_a_job_whose_process_is_killed_is_done_by_another(brain: Brain, store_url: str) -> None:
    brain.capture("the pool is small", "ten are too few")
    job = brain.jobs.start("reindex")
    with subprocess.Popen(
        [sys.executable, "-c", BLOCKED, store_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        process.kill()
    assert brain.jobs.get(job.id).state is JobState.RUNNING and brain.jobs.work() is None

    later = inside(brain).store.now() + 3 * LEASE.micros // 2
    set_clock(inside(brain).store, lambda: later)
    ended = done(brain)

    assert (ended.id, ended.state, ended.result, ended.attempts) == (job.id, JobState.SUCCEEDED, 1, 2)
