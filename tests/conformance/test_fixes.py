"""Does a fix mend only its own error, prove itself before it acts, and come back when it does not help?"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import Conflict, InvalidInput, InvalidProcedure, NotFound
from brainops.procedures.fixes.apply import DUE_SECONDS
from brainops.procedures.fixes.fixes import PATIENCE_SECONDS
from brainops.procedures.fixes.record import RETURN_SECONDS, application_of
from brainops.store import acts
from brainops.types import Action, Actor, ActorKind, ApplicationState, BlastRadius, Fix, FixMode, NoticeKind, StepKind
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

ERROR = "ConnectionError: payments api timed out after 30 s"
START = 1_700_000_000_000_000
WAIT_SECONDS = 60.0  # for a command of the background; it takes tenths
PERSON = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")
AGENT = Actor(kind=ActorKind.AGENT, id="coder")


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1_000
        return self.now

    def later(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    opened = open_brain(clock=clock, actor=PERSON)
    opened.limits.allow([sys.executable])
    return opened


def python(source: str) -> list[str]:
    """Return a command that runs a line of Python."""
    return [sys.executable, "-c", source]


def touching(path: Path) -> list[str]:
    return python(f"open({str(path)!r}, 'a').write('x')")


def seeing(path: Path) -> list[str]:
    return python(f"import os, sys; sys.exit(not os.path.exists({str(path)!r}))")


def removing(path: Path) -> list[str]:
    return python(f"import os; os.remove({str(path)!r})")


def mending(folder: Path) -> dict[str, Any]:
    """Return what helps each time: the check fails without it, and takes away what it finds."""
    return {"command": touching(folder / "helps"), "verify": removing(folder / "helps")}


def fail(brain: Brain, error: str = ERROR, *, target: str | None = "api", **context: Any) -> None:
    """Let an operation end in an error."""
    running = brain.begin("call payments", target=target, context=context, consult="never")
    running.fail(error)


def succeed(brain: Brain, *, target: str | None = "api") -> None:
    brain.begin("call payments", target=target, consult="never").succeed()


def proven(brain: Brain, fix: Fix, times: int = 25) -> None:
    """Give a fix a verified record."""
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for _ in range(times):
            at = inside(brain).store.now()
            tx.fixes.add_application(
                application_of(fix, ApplicationState.VERIFIED, PERSON, at, decided_at=at, verified_by="check")
            )


def automatic(brain: Brain, fix: Fix) -> None:
    """Let a fix apply itself here."""
    proven(brain, fix)
    brain.fixes.set_mode(fix.id, "auto", reason="it has helped for weeks")
    brain.guard.set_autonomy("auto")


def states(brain: Brain, fix: Fix) -> list[str]:
    """Return the states of what a test let happen, oldest first."""
    return [each.state.value for each in brain.fixes.applications(fix.id) if each.target is not None][::-1]


def finish_runs(brain: Brain) -> None:
    """Do what is due until nothing is."""
    for _ in range(10):
        moved = brain.fixes.sweep()
        for run in inside(brain).services.runs.claim_due(10):
            inside(brain).services.runs.carry_on(run)
            moved += 1
        if not moved:
            return


def test_a_fix_is_suggested_for_its_own_error_with_its_counts(brain: Brain) -> None:
    fix = brain.fixes.attach(ERROR, "raise the pool", command=python("pass"))

    (found,) = brain.fixes.suggest("ConnectionError: payments api timed out after 41 s")

    assert found.fix.id == fix.id
    assert found.exact
    assert "never verified yet" in found.sentence


@pytest.mark.parametrize(
    ("error", "near_miss"),
    [
        ("VM started", "VM paused"),
        ("OSError: [Errno 28] No space left on device", "OSError: [Errno 13] Permission denied"),
        ("HTTP 502 from payments", "HTTP 503 from payments"),
        ("process exited with status 1", "process exited with status 137"),
        (ERROR, "ConnectionError: orders api timed out after 30 s"),
    ],
)
def test_a_near_miss_never_shares_a_fix(brain: Brain, error: str, near_miss: str) -> None:
    fix = brain.fixes.attach(error, "mend it", command=python("pass"))
    automatic(brain, fix)

    fail(brain, near_miss)
    finish_runs(brain)

    assert brain.fixes.suggest(near_miss) == []
    assert states(brain, fix) == []


def test_a_fix_that_a_person_applies_runs_and_is_verified_by_its_check(brain: Brain, tmp_path: Path) -> None:
    mark = tmp_path / "mended"
    fix = brain.fixes.attach(ERROR, "touch it", command=touching(mark), verify=seeing(mark))

    done = brain.fixes.apply(fix.id, target="api")

    assert done.state is ApplicationState.VERIFIED
    assert done.verified_by == "check"
    assert mark.read_text(encoding="utf-8") == "x"
    assert brain.fixes.confidence(fix.id).verified == 1


def test_applying_a_fix_again_where_nothing_failed_since_is_no_second_proof(brain: Brain, tmp_path: Path) -> None:
    fix = brain.fixes.attach(ERROR, "pass", **mending(tmp_path))
    fail(brain)
    first = brain.fixes.apply(fix.id, target="api")
    again = brain.fixes.apply(fix.id, target="api")

    fail(brain, target="other")
    elsewhere = brain.fixes.apply(fix.id, target="other")

    assert [each.state.value for each in (first, again, elsewhere)] == ["verified", "applied", "verified"]
    assert brain.fixes.confidence(fix.id).verified == 2


def test_the_procedures_of_a_fix_order_nothing_else(brain: Brain, tmp_path: Path) -> None:
    before = len(brain.guard.rules())

    brain.fixes.attach(ERROR, "pass", **mending(tmp_path))

    assert len(brain.guard.rules()) == before


def test_a_dry_run_says_what_it_would_do_and_does_nothing(brain: Brain, tmp_path: Path) -> None:
    mark = tmp_path / "mended"
    fix = brain.fixes.attach(ERROR, "touch it", command=touching(mark))

    plan = brain.fixes.plan(fix.id, target="api")

    assert [each.step.id for level in plan.levels for each in level] == ["prepare", "apply"]
    assert not mark.exists()
    assert brain.fixes.applications(fix.id) == []


def test_a_fix_that_is_only_named_keeps_no_procedure_and_one_that_is_applied_does(brain: Brain, tmp_path: Path) -> None:
    fix = brain.fixes.attach(ERROR, "touch it", command=touching(tmp_path / "mended"))
    brain.fixes.plan(fix.id, target="api")
    before = [each.procedure.name for each in brain.procedures.list()]

    brain.fixes.apply(fix.id, target="api")

    assert before == []
    assert [each.procedure.name for each in brain.procedures.list(state="active")] == [f"fix-{fix.id[-12:]}"]


def test_a_fix_that_the_engine_could_not_run_is_refused_when_it_is_attached(brain: Brain) -> None:
    wrong = Action(uses=StepKind.CHECK, parameters={"conditon": "true"})

    with pytest.raises(InvalidProcedure):
        brain.fixes.attach(ERROR, "look", command=python("pass"), verify=wrong)

    assert list(brain.fixes.list()) == []


def test_a_fix_whose_check_fails_is_taken_back_and_demoted(brain: Brain, tmp_path: Path, clock: Clock) -> None:
    mark = tmp_path / "mended"
    fix = brain.fixes.attach(
        ERROR, "touch it", command=touching(mark), verify=python("raise SystemExit(3)"), rollback=removing(mark)
    )
    automatic(brain, fix)
    fail(brain)

    for _ in range(6):  # the check is tried again after a while
        finish_runs(brain)
        clock.later(60)

    assert states(brain, fix) == ["failed"]
    assert not mark.exists()
    assert brain.fixes.get(fix.id).mode is FixMode.SUGGEST
    assert NoticeKind.FIX_DEMOTED in [notice.kind for notice in brain.notices.pending()]


def test_a_fix_that_has_not_proved_itself_is_held_even_in_auto(brain: Brain) -> None:
    fix = brain.fixes.attach(ERROR, "touch it", command=python("pass"))
    proven(brain, fix, 12)
    brain.fixes.set_mode(fix.id, "auto", reason="trying")
    brain.guard.set_autonomy("auto")

    fail(brain)
    finish_runs(brain)

    assert states(brain, fix) == ["held"]
    assert "has not proved itself" in brain.fixes.applications(fix.id)[0].reason


def test_a_proven_fix_applies_itself_once_for_an_error_and_says_so(brain: Brain, tmp_path: Path) -> None:
    mark = tmp_path / "mended"
    fix = brain.fixes.attach(ERROR, "touch it", command=touching(mark), verify=seeing(mark))
    automatic(brain, fix)

    fail(brain)
    finish_runs(brain)
    finish_runs(brain)

    assert states(brain, fix) == ["verified"]
    assert mark.read_text(encoding="utf-8") == "x"
    assert NoticeKind.FIX_APPLIED in [notice.kind for notice in brain.notices.pending()]


def test_nothing_applies_itself_where_the_namespace_only_proposes(brain: Brain, tmp_path: Path) -> None:
    fix = brain.fixes.attach(ERROR, "touch it", command=touching(tmp_path / "mended"))
    automatic(brain, fix)
    brain.guard.set_autonomy("propose")

    fail(brain)
    finish_runs(brain)

    assert states(brain, fix) == ["held"]
    assert not (tmp_path / "mended").exists()


def test_a_stop_of_everything_automatic_leaves_a_due_fix_alone_and_capture_going(brain: Brain, tmp_path: Path) -> None:
    fix = brain.fixes.attach(ERROR, "touch it", command=touching(tmp_path / "mended"))
    automatic(brain, fix)
    brain.guard.stop_automatic(reason="we are looking")

    fail(brain)
    finish_runs(brain)

    assert states(brain, fix) == ["due"]
    assert brain.match(ERROR)[0].exact


def test_a_due_fix_of_some_time_ago_is_held(brain: Brain, tmp_path: Path, clock: Clock) -> None:
    fix = brain.fixes.attach(ERROR, "touch it", command=touching(tmp_path / "mended"))
    automatic(brain, fix)
    fail(brain)
    clock.later(DUE_SECONDS + 1)

    finish_runs(brain)

    assert states(brain, fix) == ["held"]


def test_where_a_fix_helped_counts_however_much_else_is_said_of_the_place(brain: Brain, tmp_path: Path) -> None:
    crowd = dict.fromkeys("app az build cluster commit container env host image instance job kernel pod".split(), "x")
    fix = brain.fixes.attach(ERROR, "pass", **mending(tmp_path))
    for _ in range(25):
        brain.fixes.record(fix.id, helped=True, target="checkout", context={**crowd, "version": "2.7"})

    [elsewhere] = brain.fixes.suggest(ERROR, target="ledger", context={**crowd, "version": "2.7"})
    [later] = brain.fixes.suggest(ERROR, target="checkout", context={**crowd, "version": "3.0"})

    assert (elsewhere.confidence.unseen, later.confidence.unseen) == ("target ledger", "version 3.x")


def test_a_programs_bare_word_makes_no_fix_surer_and_no_agent_takes_back_a_persons(brain: Brain) -> None:
    brain.establish("name: noop\nsteps:\n  - {id: keep, uses: capture, with: {title: done, content: x}}\n")
    fix = brain.fixes.attach(ERROR, "noop", procedure="noop")
    engine = inside(brain).engine
    monitor = Brain(engine, actor=Actor(kind=ActorKind.SERVICE, id="monitor"))
    agent = Brain(engine, actor=Actor(kind=ActorKind.AGENT, id="robot"))
    person = Brain(engine, actor=Actor(kind=ActorKind.PERSON, id="marta", proof="terminal"))
    for _ in range(10):
        monitor.evidence.record(ERROR, "noop", "helped")
    assert brain.fixes.confidence(fix.id).verified == 0
    said = person.evidence.record(ERROR, "noop", "helped")

    assert brain.fixes.confidence(fix.id).verified == 1
    with pytest.raises(Conflict, match="takes back what it said itself"):
        agent.evidence.contradict(said.id, "no")


def test_what_a_program_saw_counts_once_it_has_stood_and_an_agents_word_never_does(brain: Brain, clock: Clock) -> None:
    brain.establish("name: noop\nsteps:\n  - {id: keep, uses: capture, with: {title: done, content: x}}\n")
    fix = brain.fixes.attach(ERROR, "noop", procedure="noop")
    for kind, times in ((ActorKind.SERVICE, 3), (ActorKind.AGENT, 5)):
        view = brain.acting(actor=Actor(kind=kind, id="monitor"))
        told = [view.evidence.record(ERROR, "noop", "helped", target="api") for _ in range(times)]
        if kind is ActorKind.SERVICE:
            view.evidence.contradict(told[0].id, "it is back")
    at_once = brain.fixes.confidence(fix.id)
    clock.later(RETURN_SECONDS)

    stood = brain.fixes.confidence(fix.id)

    brain.guard.set_enforcement("strict")
    unproven = brain.fixes.confidence(fix.id)

    assert (at_once.verified, at_once.contradicted) == (0, 1)
    assert (stood.verified, unproven.verified) == (2, 0)


def test_a_fix_applies_itself_only_where_it_has_helped(brain: Brain, tmp_path: Path) -> None:
    fix = brain.fixes.attach(ERROR, "pass", **mending(tmp_path))
    for _ in range(25):
        brain.fixes.record(fix.id, helped=True, target="checkout", context={"version": "2.7"})
    brain.fixes.set_mode(fix.id, "auto", reason="it has helped for weeks")
    brain.guard.set_autonomy("auto")

    places = (("checkout", "2.9"), ("ledger", "2.9"), ("checkout", "3.0"))
    sure = [brain.fixes.suggest(ERROR, target=at, context={"version": of})[0].confidence for at, of in places]
    fail(brain, target="ledger")
    finish_runs(brain)

    assert [each.unseen for each in sure] == [None, "target ledger", "version 3.x"]
    assert [each.verified for each in sure] == [25, 25, 25]
    [held] = [each for each in brain.fixes.applications(fix.id) if each.target == "ledger"]
    assert held.state is ApplicationState.HELD
    assert held.reason == "it has never helped with target ledger, and applies itself only where it has"


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (BlastRadius(per_hour=2, per_target_hour=1, per_namespace_hour=10), "2 in an hour"),
        (BlastRadius(per_hour=9, per_target_hour=1, per_namespace_hour=2), "2 in this namespace"),
    ],
)
def test_the_blast_radius_holds_what_goes_beyond_it(
    brain: Brain, clock: Clock, limits: BlastRadius, told: str, tmp_path: Path
) -> None:
    fix = brain.fixes.attach(ERROR, "pass", **mending(tmp_path), limits=limits)
    automatic(brain, fix)
    for target in ("a", "b", "c"):  # it helped on each of them before
        brain.fixes.record(fix.id, helped=True, target=target)
    clock.later(2 * RETURN_SECONDS)
    before = len(states(brain, fix))

    for target in ("a", "b", "c"):
        fail(brain, target=target)
        finish_runs(brain)

    assert states(brain, fix)[before:] == ["verified", "verified", "held"]
    assert told in brain.fixes.applications(fix.id)[0].reason


def test_the_blast_radius_on_one_target_counts_that_target_alone(brain: Brain) -> None:
    limits = BlastRadius(per_hour=9, per_target_hour=1, per_namespace_hour=9)
    fix = brain.fixes.attach(ERROR, "pass", command=python("pass"), limits=limits)
    automatic(brain, fix)
    fail(brain, target="a")
    finish_runs(brain)

    with inside(brain).store.read() as tx:
        here, there = (tx.fixes.radius(fix.id, target, START)["of_target"] for target in ("a", "b"))

    assert (here, there) == (1, 0)


def test_a_fix_in_shadow_says_what_it_would_have_done(brain: Brain, tmp_path: Path) -> None:
    fix = brain.fixes.attach(ERROR, "touch it", command=touching(tmp_path / "mended"))
    brain.fixes.set_mode(fix.id, "shadow", reason="let us see")

    fail(brain)
    finish_runs(brain)

    (shadowed,) = brain.fixes.applications(fix.id)
    assert shadowed.state is ApplicationState.SHADOWED
    assert "apply" in str(shadowed.evidence)
    assert not (tmp_path / "mended").exists()


def test_the_same_error_within_the_window_contradicts_and_demotes(brain: Brain, clock: Clock, tmp_path: Path) -> None:
    fix = brain.fixes.attach(ERROR, "pass", **mending(tmp_path))
    automatic(brain, fix)
    fail(brain)
    finish_runs(brain)

    clock.later(60)
    fail(brain)

    assert states(brain, fix)[0] == "contradicted"
    assert brain.fixes.get(fix.id).mode is FixMode.SUGGEST
    assert brain.fixes.confidence(fix.id).contradicted == 1


def test_the_same_error_after_the_window_or_on_another_target_contradicts_nothing(
    brain: Brain, clock: Clock, tmp_path: Path
) -> None:
    fix = brain.fixes.attach(ERROR, "pass", **mending(tmp_path))
    done = brain.fixes.apply(fix.id, target="api")

    fail(brain, target="other")
    clock.later(RETURN_SECONDS + 1)
    fail(brain, target="api")

    assert brain.fixes.application(done.id).state is ApplicationState.VERIFIED


def test_without_a_check_the_next_success_of_the_operation_verifies(brain: Brain) -> None:
    fix = brain.fixes.attach(ERROR, "pass", command=python("pass"))
    automatic(brain, fix)
    fail(brain)
    finish_runs(brain)
    before = states(brain, fix)

    succeed(brain)

    assert before == ["applied"]
    assert states(brain, fix) == ["verified"]


def test_a_fix_applies_only_where_its_context_is_equal(brain: Brain) -> None:
    fix = brain.fixes.attach(ERROR, "pass", command=python("pass"), context={"region": "eu"})
    automatic(brain, fix)

    fail(brain, target="us-api", region="us")
    fail(brain, target="eu-api", region="eu")
    finish_runs(brain)

    assert [each.target for each in brain.fixes.applications(fix.id) if each.target] == ["eu-api"]
    assert brain.fixes.suggest(ERROR) == []
    assert len(brain.fixes.suggest(ERROR, context={"region": "eu"})) == 1


def raise_it(message: str = "bad pool") -> None:
    raise ValueError(message)


def through_more_callers(message: str = "bad pool") -> None:
    def call() -> None:
        raise_it(message)

    call()


def elsewhere() -> None:
    raise ValueError("bad pool")


def caught(raiser: Callable[[], None]) -> Exception:
    try:
        raiser()
    except ValueError as error:
        return error
    raise AssertionError("it raises")


def fail_with(brain: Brain, error: Exception) -> None:
    brain.begin("call payments", target="api", consult="never").fail(error)


@pytest.mark.parametrize("raiser", [raise_it, through_more_callers, elsewhere])
def test_a_fix_bound_to_a_printed_text_holds_for_the_exception_of_that_text(
    brain: Brain, raiser: Callable[[], None], tmp_path: Path
) -> None:
    fix = brain.fixes.attach("ValueError: bad pool", "pass", **mending(tmp_path))
    automatic(brain, fix)

    fail_with(brain, caught(raiser))
    finish_runs(brain)

    assert states(brain, fix) == ["verified"]


def test_a_fix_bound_to_an_exception_holds_where_somebody_else_calls_the_code(brain: Brain, tmp_path: Path) -> None:
    fix = brain.fixes.attach(caught(raise_it), "pass", **mending(tmp_path))
    automatic(brain, fix)
    fail_with(brain, caught(raise_it))
    finish_runs(brain)

    for suggested in (brain.fixes.suggest(caught(raise_it)), brain.fixes.suggest(caught(through_more_callers))):
        assert [each.exact for each in suggested] == [True]
    (named,) = brain.fixes.suggest(caught(elsewhere))
    assert not named.exact


def test_a_fix_bound_to_an_exception_is_only_named_for_the_same_words_elsewhere(brain: Brain) -> None:
    fix = brain.fixes.attach(caught(raise_it), "pass", command=python("pass"))
    automatic(brain, fix)
    fail_with(brain, caught(raise_it))
    finish_runs(brain)

    fail_with(brain, caught(elsewhere))

    newest = brain.fixes.applications(fix.id)[0]
    assert newest.state is ApplicationState.SUGGESTED
    assert newest.reason == "only named: it is bound to the same words at another place in the code"


def test_a_text_without_words_stands_for_no_exception(brain: Brain) -> None:
    fix = brain.fixes.attach("ValueError: 17", "pass", command=python("pass"))
    automatic(brain, fix)

    fail_with(brain, caught(lambda: raise_it("42")))
    finish_runs(brain)

    assert states(brain, fix) == []


def test_what_is_only_named_says_why_and_never_how_often_it_helped(brain: Brain) -> None:
    fix = brain.fixes.attach(ERROR, "pass", command=python("pass"))
    proven(brain, fix)

    fail(brain)

    (named,) = [each for each in brain.fixes.applications(fix.id) if each.target]
    assert named.state is ApplicationState.SUGGESTED
    assert named.reason.startswith("only named: its mode is suggest")
    assert "helped" not in named.reason


def test_a_fix_of_another_namespace_says_that_it_applies_itself_only_there(
    brain: Brain, open_brain: OpenBrain, clock: Clock
) -> None:
    shared = open_brain(clock=clock, actor=PERSON, namespace="team/shared", read=[])
    fix = shared.fixes.attach(ERROR, "pass", command=python("pass"))
    automatic(shared, fix)
    brain.guard.set_autonomy("auto")

    fail(brain)

    (named,) = [each for each in brain.fixes.applications(fix.id) if each.target]
    assert named.reason == "only named: it belongs to team/shared, and a fix applies itself only there"


@pytest.mark.parametrize(
    ("hold_back", "told"),
    [
        (lambda brain: brain.guard.set_autonomy("propose"), "does not let fixes apply themselves"),
        (lambda brain: brain.guard.stop_automatic("a release"), "what acts by itself is stopped"),
    ],
)
def test_a_suggestion_says_what_holds_a_proven_fix_back(
    brain: Brain, hold_back: Callable[[Brain], object], told: str
) -> None:
    fix = brain.fixes.attach(ERROR, "pass", command=python("pass"))
    automatic(brain, fix)
    free = brain.fixes.suggest(ERROR)[0].sentence

    hold_back(brain)

    assert "not applied by itself" not in free
    assert told in brain.fixes.suggest(ERROR)[0].sentence
    fail(brain)
    brain.fixes.sweep()
    assert told in next(each.reason for each in brain.fixes.applications(fix.id) if each.target)


def test_an_error_of_this_process_is_mended_without_waiting_for_a_sweep(open_brain: OpenBrain, tmp_path: Path) -> None:
    with open_brain(actor=PERSON, background=True) as brain:
        dispatcher = inside(brain).dispatcher
        assert dispatcher is not None
        dispatcher._lanes[0].sweeps = ()
        brain.limits.allow([sys.executable])
        fix = brain.fixes.attach(
            ERROR, "touch", command=touching(tmp_path / "mended"), verify=seeing(tmp_path / "mended")
        )
        automatic(brain, fix)

        fail(brain)
        until = time.monotonic() + WAIT_SECONDS
        while states(brain, fix) != ["verified"] and time.monotonic() < until:
            time.sleep(0.05)

        assert states(brain, fix) == ["verified"]


@pytest.mark.parametrize("background", [True, False])
def test_a_memory_that_is_closed_lets_its_fixes_end_first(
    open_brain: OpenBrain, tmp_path: Path, background: bool
) -> None:
    with open_brain(actor=PERSON, background=background) as closing:
        closing.limits.allow([sys.executable])
        fix = closing.fixes.attach(
            ERROR, "touch", command=touching(tmp_path / "mended"), verify=seeing(tmp_path / "mended")
        )
        automatic(closing, fix)
        fail(closing)

    assert (tmp_path / "mended").read_text() == "x"
    assert states(open_brain(), fix) == ["verified"]


def test_a_memory_that_is_closed_does_not_wait_for_what_is_stopped(open_brain: OpenBrain) -> None:
    with open_brain(actor=PERSON) as closing:
        fix = closing.fixes.attach(ERROR, "pass", command=python("pass"))
        automatic(closing, fix)
        closing.guard.stop_automatic("a release")
        fail(closing)
        before = time.monotonic()

    assert time.monotonic() - before < PATIENCE_SECONDS / 2
    assert states(open_brain(), fix) == ["due"]


def test_a_change_of_configuration_is_applied_and_taken_back(brain: Brain, tmp_path: Path) -> None:
    file = tmp_path / "api.env"
    file.write_text("POOL_SIZE=20\nNAME=api\n", encoding="utf-8")
    fix = brain.fixes.attach(
        ERROR, "raise the pool", configuration={"file": str(file), "key": "POOL_SIZE", "value": "40"}
    )
    done = brain.fixes.apply(fix.id, target="api")
    applied = file.read_text(encoding="utf-8")

    back = brain.fixes.rollback(done.id, reason="it was not the pool")

    assert applied == "POOL_SIZE=40\nNAME=api\n"
    assert file.read_text(encoding="utf-8") == "POOL_SIZE=20\nNAME=api\n"
    assert back.state is ApplicationState.ROLLED_BACK
    assert brain.fixes.confidence(fix.id).contradicted == 1


def test_advice_is_judged_by_a_person_and_an_agents_word_does_not_count(
    brain: Brain, open_brain: OpenBrain, clock: Clock
) -> None:
    fix = brain.fixes.attach(ERROR, "look at the pool", advice="Raise the pool and restart.")
    agent = open_brain(clock=clock, actor=AGENT)

    agent.fixes.record(fix.id, helped=True)
    brain.fixes.record(fix.id, helped=True, note="restarted")

    assert brain.fixes.confidence(fix.id).verified == 1
    with pytest.raises(InvalidInput, match="is advice for a person"):
        brain.fixes.apply(fix.id)


def test_an_agent_neither_promotes_nor_vouches_nor_verifies(brain: Brain, open_brain: OpenBrain, clock: Clock) -> None:
    fix = brain.fixes.attach(ERROR, "pass", command=python("pass"))
    done = brain.fixes.apply(fix.id)
    agent = open_brain(clock=clock, actor=AGENT)

    for attempt in (
        lambda: agent.fixes.set_mode(fix.id, "auto", reason="I say so"),
        lambda: agent.fixes.trust(fix.id, reason="I say so"),
        lambda: agent.fixes.verify(done.id),
    ):
        refused(attempt)


def refused(attempt: Callable[[], object]) -> None:
    with pytest.raises(Conflict, match="person"):
        attempt()


def test_what_came_from_outside_is_not_applied_until_somebody_vouches_for_it(brain: Brain) -> None:
    fix = brain.fixes.attach(ERROR, "pass", command=python("pass"), trust="external")
    with pytest.raises(Conflict, match="vouch"):
        brain.fixes.apply(fix.id)

    brain.fixes.trust(fix.id, reason="read it")

    assert brain.fixes.apply(fix.id).state is ApplicationState.APPLIED


def test_a_detached_fix_is_neither_suggested_nor_due_and_its_record_stays(brain: Brain) -> None:
    fix = brain.fixes.attach(ERROR, "pass", command=python("pass"))
    brain.fixes.apply(fix.id, target="api")

    brain.fixes.detach(fix.id, reason="the service is gone")

    assert brain.fixes.suggest(ERROR) == []
    assert len(brain.fixes.applications(fix.id)) == 1
    assert [each.fix.id for each in brain.fixes.list(detached=True)] == [fix.id]
    with pytest.raises(Conflict, match="detached: the service is gone"):
        brain.fixes.apply(fix.id)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"], indirect=True)  # behind a server a worker runs both
def test_a_fix_whose_procedure_a_person_retired_does_not_run_and_is_taken_back(brain: Brain, tmp_path: Path) -> None:
    file = tmp_path / "api.env"
    file.write_text("POOL_SIZE=20\n", encoding="utf-8")
    change = {"file": str(file), "key": "POOL_SIZE", "value": "40"}
    fix = brain.fixes.attach(ERROR, "raise the pool", configuration=change)
    done, name = brain.fixes.apply(fix.id), f"fix-{fix.id[-12:]}"

    brain.procedures.retire(name, reason="not any more")

    with pytest.raises(Conflict, match="was retired"):
        brain.fixes.apply(fix.id)
    assert brain.fixes.rollback(done.id, reason="not wanted").state is ApplicationState.ROLLED_BACK
    assert {each.state.value for each in brain.procedures.history(name).versions} == {"retired"}
    brain.procedures.activate(name)
    assert brain.fixes.apply(fix.id).state is ApplicationState.APPLIED


def test_a_fix_that_cannot_be_kept_is_held_and_nobody_is_told_that_it_was_applied(brain: Brain, tmp_path: Path) -> None:
    mark = tmp_path / "mended"
    fix = brain.fixes.attach(ERROR, "touch it", command=touching(mark), verify=seeing(mark))
    automatic(brain, fix)
    brain.fixes.apply(fix.id)
    finish_runs(brain)
    brain.procedures.retire(f"fix-{fix.id[-12:]}", reason="not any more")

    fail(brain)
    finish_runs(brain)

    assert states(brain, fix) == ["held"]
    assert "was retired" in brain.fixes.applications(fix.id, state="held")[0].reason
    assert NoticeKind.FIX_APPLIED not in [notice.kind for notice in brain.notices.pending()]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "one of: command"),
        ({"command": ["x"], "procedure": "y"}, "one of: command"),
        ({"command": "rm -rf /"}, "list of arguments"),
        ({"configuration": {"file": "a.env"}}, '"file"'),
    ],
)
def test_an_unusable_fix_is_refused_with_what_would_be_one(brain: Brain, options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        brain.fixes.attach(ERROR, "mend", **options)


def test_a_procedure_that_is_not_there_cannot_be_a_fix(brain: Brain) -> None:
    with pytest.raises(NotFound):
        brain.fixes.attach(ERROR, "mend", procedure="no-such-procedure")


@pytest.mark.parametrize("inputs", [None, {"type": "object", "properties": {"error": {"type": "string"}}}])
def test_a_procedure_that_mends_is_given_what_it_asks_for(brain: Brain, inputs: dict[str, Any] | None) -> None:
    told: list[Any] = []
    brain.calls.register("mend", lambda given: told.append(dict(given)))
    said = {"error": "${{ inputs.error }}"} if inputs else {}
    step = {"id": "go", "uses": "call", "with": {"function": "mend", "arguments": said}}
    brain.establish(
        {"name": "mend", "description": "Mend it.", "steps": [step], **({"inputs": inputs} if inputs else {})}
    )
    fix = brain.fixes.attach(ERROR, "mend it", procedure="mend")

    done = brain.fixes.apply(fix.id, target="api", error=ERROR)

    assert done.state is ApplicationState.APPLIED
    assert told == ([{"error": ERROR}] if inputs else [{}])


def test_doctor_names_a_fix_that_nobody_ended(brain: Brain, clock: Clock) -> None:
    fix = brain.fixes.attach(ERROR, "pass", command=python("pass"))
    automatic(brain, fix)
    fail(brain)
    before = [check.passed for check in brain.upkeep.doctor() if check.name == "fixes"]

    clock.later(1_000)

    (named,) = [check for check in brain.upkeep.doctor() if check.name == "fixes"]
    assert before == [True]
    assert not named.passed
    assert "have not ended" in named.detail
    assert named.way_out == "brainops worker"
