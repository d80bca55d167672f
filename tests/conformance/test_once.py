"""Is a call that is repeated under one idempotency key done once, and answered as it was the first time?"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import BrainOpsError, Conflict, InvalidInput, NotFound
from brainops.operations.operation import start_of
from brainops.remote.verbs import verbs
from brainops.store.answers import KNOWN_MICROS, Repeated
from brainops.store.operations import GrowthPolicy
from brainops.types import Actor, ActorKind, AdapterKind, Agent, Draft, Rule, RuleKind
from brainops.wire import plain
from tests.conformance.conftest import OpenBrain
from tests.conformance.everything import MARTA, PHRASE, PROOF, furnish, look
from tests.inside import inside

NOW = 1_800_000_000_000_000
RULE = Rule(id="", namespace="", name="ask before", kind=RuleKind.MEMORY_FIRST, operations=("erase*",))
NOT_CALLED = set(
    "agents.cancel agents.verify approvals.grant fixes.apply fixes.contradict "
    "fixes.rollback guard.acknowledge guard.false_block workflows.plan "
    "guard.right_block improvements.apply improvements.undo "
    "improvements.veto keys.issue keys.revoke keys.rotate keys.token language.complete "
    "notices.add_channel notices.remove_channel notices.try_channel operations.begin operations.finish "
    "procedures.from_document procedures.from_text purge_subject runs.retry "
    "runs.skip sharing.distrust sharing.revoke sharing.trust signals.ingest "
    "upkeep.doctor upkeep.redact_rescan upkeep.reembed upkeep.restore_segment "
    "workflows.learn workflows.run"
    " people.add people.grant people.remove people.sign_out people.withdraw"
    " causes.join causes.part causes.undo evidence.contradict evidence.record".split()
)
"""Those that take an agent, a model, a peer, a folder or a run under way, or that differ from others by a word."""
NEW = Agent(name="new", adapter=AdapterKind.COMMAND, settings={"run": ["true"]})
Call = Callable[[Brain], Any]


def calls(brain: Brain) -> dict[str, Call]:
    """Return a call of each writing verb that a furnished store can answer at once."""
    memory = brain.capture("what is corrected", "x").id
    doubted, set_aside, gone = (brain.capture(f"{word} memory", "x").id for word in ("doubted", "old", "gone"))
    undone = brain.feedback(memory, "helpful").id
    hidden = brain.archive(brain.capture("hidden", "x").id).id
    operation = brain.begin("tidy up", consult="never")
    operation.succeed()
    failed = brain.begin("tidy more", consult="never")
    failed.succeed()
    fix = brain.fixes.attach("DiskFull: no space", "clean", advice="remove old files").id
    dropped = brain.fixes.attach("DiskSlow: seconds", "wait", advice="wait").id
    other_case = brain.cases.learn("travel", {"km": 9}, {"pay": True}, source="b").id
    case = brain.cases.learn("travel", {"km": 1}, {"pay": True}, source="a").id
    rule = next(each for each in brain.guard.rules() if each.name == "ask first").id
    brain.procedures.save(look("Look again."))
    run = {name: brain.runs.start("deploy-safely", {"version": name}, target=name).id for name in "abcd"}
    brain.runs.pause(run["b"])
    service = Brain(inside(brain).engine, actor=Actor(kind=ActorKind.AGENT, id="robot"), namespace="team/a", read=[])
    asked = service.guard.ask(start_of("erase disk", "db", {}, service.settings.actor, "s"), reason="full").id
    told = brain.notices.list()[0].id
    job = service.jobs.start("audit").id
    waiting = [each.id for each in brain.agents.executions(state="waiting")]
    return {
        "capture": lambda view: view.capture("said once", "x", tags=["a"]),
        "capture_many": lambda view: view.capture_many(
            [Draft(title="one", content="1"), Draft(title="two", content="2")]
        ),
        "capture_error": lambda view: view.capture_error("PoolTimeout: none was free"),
        "feedback": lambda view: view.feedback(doubted, "wrong", note="it is not so"),
        "undo_feedback": lambda view: view.undo_feedback(undone),
        "supersede": lambda view: view.supersede(memory, Draft(title="corrected", content="y")),
        "archive": lambda view: view.archive(set_aside, reason="old"),
        "forget": lambda view: view.forget(doubted),
        "restore": lambda view: view.restore(hidden),
        "promote": lambda view: view.promote(hidden, "team/shared"),
        "flag": lambda view: view.flag(hidden, "look at it"),
        "move_source": lambda view: view.move_source(memory, "kept elsewhere"),
        "guidance": lambda view: view.guidance("deploy api"),
        "handle": lambda view: view.handle("disk is full", target="db-1"),
        "alerts.receive": lambda view: view.alerts.receive("generic", {"name": "DiskFull", "key": "disk-1"}),
        "alerts.retry": lambda view: view.alerts.retry(),
        "learn": lambda view: view.learn("deploy-safely"),
        "establish": lambda view: view.establish(look("Look twice.")),
        "execute": lambda view: view.execute("deploy-safely", {"version": "9"}, target="nine"),
        "agents.done": lambda view: view.agents.done(waiting[0], result={"version": 4}),
        "agents.disable": lambda view: view.agents.disable("deployer", reason="slow"),
        "agents.enable": lambda view: view.agents.enable("idle", reason="mended"),
        "agents.remove": lambda view: view.agents.remove("idle", reason="unused"),
        "cases.learn": lambda view: view.cases.learn("travel", {"km": 2}, {"pay": False}),
        "cases.learn_many": lambda view: view.cases.learn_many("travel", [({"km": 3}, {"pay": True}, None)]),
        "cases.correct": lambda view: view.cases.correct(case, {"pay": False}, reason="too far"),
        "fixes.attach": lambda view: view.fixes.attach("PortTaken: 80", "free it", advice="stop the other"),
        "fixes.record": lambda view: view.fixes.record(fix, helped=True, target="db"),
        "fixes.set_mode": lambda view: view.fixes.set_mode(fix, "shadow", reason="try"),
        "fixes.demote": lambda view: view.fixes.demote(fix, reason="not yet"),
        "fixes.detach": lambda view: view.fixes.detach(dropped, reason="useless"),
        "guard.add": lambda view: view.guard.add(RULE),
        "guard.set_mode": lambda view: view.guard.set_mode(rule, "warn"),
        "guard.remove": lambda view: view.guard.remove(rule),
        "guard.set_autonomy": lambda view: view.guard.set_autonomy("observe"),
        "guard.stop_automatic": lambda view: view.guard.stop_automatic("a storm"),
        "guard.resume_automatic": lambda view: view.guard.resume_automatic("over"),
        "guard.bypass": lambda view: view.guard.bypass(5, "broken", proof=PROOF),
        "guard.close_bypass": lambda view: view.guard.close_bypass(),
        "language.set_budget": lambda view: view.language.set_budget(1.0, 100, proof=PROOF),
        "limits.disallow": lambda view: view.limits.disallow([sys.executable]),
        "notices.acknowledge": lambda view: view.notices.acknowledge([told]),
        "operations.contradict": lambda view: view.operations.contradict(failed.id, "it was broken"),
        "operations.verify": lambda view: view.operations.verify(operation.id),
        "procedures.save": lambda view: view.procedures.save(look("Look well.")),
        "purge": lambda view: view.purge(gone, reason="asked to", proof=PROOF),
        "runs.start": lambda view: view.runs.start("deploy-safely", {"version": "7"}, target="seven"),
        "runs.complete": lambda view: view.runs.complete(run["a"], "look", output={"seen": True}, evidence="seen"),
        "runs.resume": lambda view: view.runs.resume(run["b"]),
        "runs.pause": lambda view: view.runs.pause(run["c"]),
        "runs.cancel": lambda view: view.runs.cancel(run["d"]),
        "sessions.open": lambda view: view.sessions.open(),
        "upkeep.set_growth": lambda view: view.upkeep.set_growth(GrowthPolicy(operation_name="tidy*", mode="counted")),
        "agents.register": lambda view: view.agents.register(
            Agent(name="new", adapter=AdapterKind.COMMAND, settings={"run": ["true"]})
        ),
        "guard.ask": lambda view: view.guard.ask(start_of("erase disk", "db2", {}, MARTA, "s"), reason="full"),
        "guard.check": lambda view: view.guard.check(start_of("drop table", "db", {}, MARTA, "s")),
        "guard.set_per_person": lambda view: view.guard.set_per_person(True),
        "guard.set_patterns": lambda view: view.guard.set_patterns({"tidy*": "read_only"}),
        "cases.verify": lambda view: view.cases.verify(other_case),
        "jobs.cancel": lambda view: view.jobs.cancel(job),
        "jobs.start": lambda view: view.jobs.start("doctor"),
        "limits.allow": lambda view: view.limits.allow(["git"]),
        "learning.run": lambda view: view.learning.run("hourly", early=True),
        "procedures.activate": lambda view: view.procedures.activate("deploy-safely", number=3),
        "runs.take_over": lambda view: view.runs.take_over(run["b"]),
        "upkeep.reindex": lambda view: view.upkeep.reindex(),
        "upkeep.compact": lambda view: view.upkeep.compact(older_than_days=1),
        "fixes.trust": lambda view: view.fixes.trust(fix, reason="it is right"),
        "workflows.create": lambda view: view.workflows.create("move the service", run=False),
        "runs.remove_ended": lambda view: view.runs.remove_ended(older_than_days=1),
        "procedures.retire": lambda view: view.procedures.retire("deploy-safely"),
        "approvals.refuse": lambda view: view.approvals.refuse(asked, proof=PROOF),
        "guard.set_enforcement": lambda view: view.guard.set_enforcement("strict", reason="we mean it"),
    }


def test_every_writing_verb_is_done_once_and_answers_the_same(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=MARTA)
    furnish(brain, strict=False)
    brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
    asked = calls(brain)
    assert {name for name, verb in verbs().items() if verb.writes} - set(asked) == NOT_CALLED
    wrong: dict[str, object] = {}

    for name, call in asked.items():
        brain.flush()
        try:
            first = call(brain.acting(idempotency_key=f"key of {name}"))
            place = brain.changes(after="newest").next
            second = call(brain.acting(idempotency_key=f"key of {name}"))
        except BrainOpsError as error:
            wrong[name] = error
            continue
        if plain(second) != plain(first) or type(second) is not type(first) or brain.changes(after=place):
            wrong[name] = (first, second, brain.changes(after=place))

    assert wrong == {}


def test_a_key_is_of_one_call_of_one_actor(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=MARTA)
    other = Brain(inside(brain).engine, actor=Actor(kind=ActorKind.AGENT, id="robot"), namespace="team/a", read=[])
    first = brain.acting(idempotency_key="1").capture("a note", "x")

    with pytest.raises(Conflict, match="something else was asked"):
        brain.acting(idempotency_key="1").capture("another note", "x")
    with pytest.raises(Conflict, match="something else was asked"):
        brain.acting(idempotency_key="1").archive(first.id)
    assert other.acting(idempotency_key="1").capture("the robot's note", "x").id != first.id
    for wrong in ("", " ", "x" * 10_000):
        with pytest.raises(InvalidInput, match="idempotency key"):
            brain.acting(idempotency_key=wrong)


def test_a_call_that_only_reads_takes_no_key(open_brain: OpenBrain) -> None:
    brain = open_brain()
    keyed = brain.acting(idempotency_key="1")
    brain.capture("the pool is small", "x")

    assert keyed.retrieve("pool") and keyed.changes() and keyed.operations.list() == []
    brain.flush()
    assert keyed.capture("a note", "x").id


def test_what_was_raised_is_tried_anew(open_brain: OpenBrain) -> None:
    brain = open_brain()
    keyed = brain.acting(idempotency_key="1")
    with pytest.raises(NotFound):
        keyed.archive("00000000-0000-7000-8000-000000000000")
    with pytest.raises(InvalidInput):
        keyed.capture("a note", "x", type="nonsense")

    assert keyed.capture("a note", "x").id


def test_a_key_is_known_for_a_day(open_brain: OpenBrain) -> None:
    now = [NOW]
    brain = open_brain(clock=lambda: now[0])
    first = brain.acting(idempotency_key="1").cases.learn("travel", {"km": 1}, {"pay": True})
    now[0] += KNOWN_MICROS
    assert brain.acting(idempotency_key="1").cases.learn("travel", {"km": 1}, {"pay": True}) == first
    now[0] += 1

    assert brain.acting(idempotency_key="1").cases.learn("travel", {"km": 2}, {"pay": True}).id != first.id


def test_threads_that_ask_the_same_at_once_do_it_once(open_brain: OpenBrain) -> None:
    brain = open_brain()
    start, answers, refused = threading.Barrier(4), list[str](), list[Conflict]()

    def ask() -> None:
        view = brain.acting(idempotency_key="1")
        start.wait(30)
        try:
            answers.append(view.cases.learn("travel", {"km": 1}, {"pay": True}).id)
        except Conflict as error:  # the one that does it has not answered yet
            refused.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(answers) + len(refused) == 4 and len(set(answers)) == 1
    assert len(brain.cases.list()) == 1


def test_what_is_shown_once_is_kept_nowhere_and_a_purge_takes_answers_along(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=MARTA)
    keyed = brain.acting(idempotency_key="1")
    assert keyed.approvals.approvers.enrol("ines").key
    with pytest.raises(Conflict, match="its answer is not kept"):
        keyed.approvals.approvers.enrol("ines")

    memory = brain.capture("a name that must go", "x").id
    assert brain.acting(idempotency_key="2").archive(memory).id == memory
    brain.purge(memory, reason="asked to")
    with pytest.raises(Conflict, match="it is not done twice"):
        brain.acting(idempotency_key="2").archive(memory)


def test_an_operation_that_is_begun_again_is_the_same_one(open_brain: OpenBrain) -> None:
    brain = open_brain()
    running = brain.acting(idempotency_key="1").begin("deploy", target="api")
    again = brain.acting(idempotency_key="1").begin("deploy", target="api")
    again.succeed()

    assert again.id == running.id
    assert len(brain.operations.list()) == 1


def test_a_call_whose_first_came_to_nothing_meanwhile_is_told_so(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was first had the key when this one wanted to write, and let go of it before it was asked for its answer."""
    brain = open_brain(actor=MARTA)
    captured = brain.capture("x", "y")

    def beaten(*_: object, **__: object) -> None:
        raise Repeated

    with monkeypatch.context() as patch:
        patch.setattr("brainops.memory.correction.set_state", beaten)
        with pytest.raises(Conflict, match="came to nothing; send it again"):
            brain.acting(idempotency_key="k").archive(captured.id)

    assert brain.acting(idempotency_key="k").archive(captured.id).state.value == "archived"
