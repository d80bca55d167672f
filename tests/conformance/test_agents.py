"""Does the agent that has done best get the task, with what memory knows, within its limits, and does all learn?"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import Conflict, InvalidInput, NotFound, OperationBlocked
from brainops.types import (
    Actor,
    ActorKind,
    AgentLearning,
    AgentLimits,
    Evidence,
    ExecutionState,
    Failed,
    OperationStart,
    Rule,
    RuleKind,
    RuleMode,
    Succeeded,
    Task,
    TerminalProof,
)
from brainops.wire import plain
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

PERSON = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")
TASK = "Deploy backend v3.1.195 to production"
WAIT_SECONDS = 60.0
PHRASE = "four plain words here"


class Agent:
    """An agent that answers what a test says, one answer a task, the last one again and again."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers) or ["done"]
        self.tasks: list[Task] = []

    def __call__(self, task: Task) -> Any:
        self.tasks.append(task)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain(actor=PERSON)


def history(brain: Brain, name: str, times: int = 6, *, task: str = TASK) -> None:
    """Let an agent be at a task by itself a few times."""
    for _ in range(times):
        brain.agents.execute(task, agent=name)


def preferring(brain: Brain, *, then: Any, other: Any, times: int = 8) -> None:
    """Let `first` have the best record, and now come to `then`; `second` has the worst, and now comes to `other`."""
    brain.agents.register_callable("first", Agent(*["well"] * times, then))
    history(brain, "first", times)
    brain.agents.register_callable("second", Agent(*[ValueError("no such key")] * times, other))
    history(brain, "second", times)


def test_a_task_is_carried_out_with_guidance_and_its_outcome_kept(brain: Brain) -> None:
    brain.agents.register_callable("deployer", Agent({"version": "3.1.195"}))

    done = brain.agents.execute(TASK, context={"risk_level": "medium"}, target="backend")

    assert done.state is ExecutionState.SUCCEEDED
    assert done.state is ExecutionState.SUCCEEDED
    assert done.result == {"version": "3.1.195"}
    assert done.guidance is not None
    (attempt,) = done.attempts
    assert attempt.success == 1.0
    assert attempt.choice.sentence
    whole, tried = (brain.operations.get(str(each)) for each in (done.operation_id, attempt.operation_id))
    assert (whole.start.name, whole.start.actor, whole.guidance_id) == (TASK, PERSON, done.guidance.id)
    assert (tried.start.actor.kind, tried.start.actor.id, tried.start.parent_id) == (
        ActorKind.AGENT,
        "deployer",
        whole.id,
    )
    assert isinstance(whole.outcome, Succeeded)
    assert isinstance(tried.outcome, Succeeded)


def test_a_failure_is_a_memory_at_once_and_the_next_best_takes_over(brain: Brain) -> None:
    told: list[AgentLearning] = []
    brain.agents.subscribe(told.append)
    preferring(brain, then=RuntimeError("registry answered 503"), other="used the mirror")

    ended = brain.agents.execute(TASK)

    assert [each.agent for each in ended.attempts] == ["first", "second"]
    assert ended.state is ExecutionState.SUCCEEDED
    assert ended.result == "used the mirror"
    assert ended.attempts[0].fingerprint is not None
    known = brain.match("RuntimeError: registry answered 503")
    assert known[0].exact
    assert known[0].memory.occurrences == 1
    assert told[0].failed == {"first": "RuntimeError: registry answered 503"}
    assert told[0].succeeded == "second"


def test_what_one_agent_learnt_stands_in_the_next_ones_guidance_and_memory(brain: Brain) -> None:
    preferring(brain, then=RuntimeError("registry answered 503"), other="used the mirror registry")
    brain.agents.execute(TASK)
    third = Agent()
    brain.agents.register_callable("third", third)

    brain.agents.execute(TASK, agent="third")
    guidance = brain.guidance(TASK)

    assert "used the mirror registry" in third.tasks[-1].memory
    assert any("second succeeded" in each.name for each in guidance.recommendations)


def test_no_agent_is_asked_that_failed_in_the_same_way_not_long_ago(brain: Brain) -> None:
    down = RuntimeError("database is down")
    agents = {name: Agent(down) for name in ("first", "second")}
    for name, agent in agents.items():
        brain.agents.register_callable(name, agent)
        history(brain, name, 1)

    ended = brain.agents.execute(TASK)

    assert ended.state is ExecutionState.FAILED
    assert len(ended.attempts) == 1
    assert sum(len(agent.tasks) for agent in agents.values()) == 3
    assert "failed at such a task in the same way" in ended.reason


def test_no_more_agents_are_asked_than_were_to_be(brain: Brain) -> None:
    for name in ("first", "second", "third"):
        brain.agents.register_callable(name, Agent(RuntimeError(f"{name} does not know")))

    ended = brain.agents.execute(TASK, attempts=2)

    assert (ended.state, len(ended.attempts)) == (ExecutionState.FAILED, 2)
    with pytest.raises(InvalidInput):
        brain.agents.execute(TASK, attempts=0)


def test_a_success_that_memory_named_says_less_of_its_agent(brain: Brain) -> None:
    error = "OSError: disk is full"
    brain.evidence.record(error, "prune", "helped", target="db")

    def works(task: Task) -> str:
        if task.target:
            brain.evidence.record(error, "prune", "helped", target=task.target)
        return "done"

    brain.agents.register_callable("ada", works)
    for target in ("api", "mail"):
        brain.agents.execute(TASK, target=target)
    brain.agents.execute(TASK)

    with inside(brain).store.read() as tx:
        named = sorted(row["named"] or 0.0 for row in tx.agents.trials(0, 10))

    assert named == [0.0, pytest.approx(1 / 2), pytest.approx(2 / 3)]


def test_without_a_capable_agent_it_waits_with_a_plan_and_a_person_says_what_came_of_it(brain: Brain) -> None:
    brain.agents.register_callable("writer", Agent(), capabilities=["write", "review"])
    brain.establish({"name": "ship", "on": {"operations": ["Deploy*"]}, "steps": [{"name": "ship it"}]})

    waiting = brain.agents.execute(TASK)
    done = brain.agents.done(waiting.id, result={"by": "hand"})

    assert waiting.state is ExecutionState.WAITING
    assert waiting.outcome is None
    assert "Follow ship: brainops run ship" in waiting.plan
    assert f"brainops agent done {waiting.id}" in waiting.plan
    assert done.state is ExecutionState.SUCCEEDED
    assert done.result == {"by": "hand"}
    outcome = brain.operations.get(str(done.operation_id)).outcome
    assert outcome is not None
    assert outcome.evidence is Evidence.CLAIMED
    with pytest.raises(Conflict, match="only one that waits"):
        brain.agents.done(waiting.id, result="again")


def test_a_waiting_task_is_tried_again_once_an_agent_is_there(brain: Brain) -> None:
    waiting = brain.agents.execute(TASK)
    brain.agents.register_callable("late", Agent("here I am"))

    done = brain.agents.resume(waiting.id)

    assert (waiting.state, done.state) == (ExecutionState.WAITING, ExecutionState.SUCCEEDED)
    assert done.id == waiting.id


def test_memory_is_packed_to_the_agents_budget_and_its_access(brain: Brain) -> None:
    for number in range(30):
        brain.capture(f"Deploy backend note {number}", "Drain the pool before the switch. " * 10)
    agents: dict[str, tuple[Agent, dict[str, Any]]] = {
        "full": (Agent(), {"limits": {"memory_tokens": 500}}),
        "none": (Agent(), {"memory": "none"}),
        "small": (Agent(), {"limits": {"memory_tokens": 0}}),
    }
    for name, (agent, fields) in agents.items():
        brain.agents.register_callable(name, agent, **fields)
        brain.agents.execute(TASK, agent=name)
    given = {name: agent.tasks[0].memory for name, (agent, _) in agents.items()}

    assert given["none"] == given["small"] == ""
    assert "Drain the pool" in given["full"]
    assert len(given["full"]) <= 500 * 4


def test_an_agents_word_never_makes_it_cheaper_and_its_budget_holds(brain: Brain) -> None:
    lying = Agent(Succeeded(result="cheap", cost=0.0), Succeeded(result="paid back", cost=-50.0))
    brain.agents.register_callable("liar", lying, cost=1.0, limits={"cost_a_day": 2.5})

    ended = [brain.agents.execute(TASK) for _ in range(3)]

    assert [each.state.value for each in ended] == ["succeeded", "succeeded", "waiting"]
    assert [attempt.charged for attempt in brain.agents.attempts()] == [1.0, 1.0]
    assert "0.5 left of today's 2.5" in ended[-1].reason


def test_what_a_task_cost_once_is_reserved_for_the_next(brain: Brain) -> None:
    brain.agents.register_callable("dear", Agent(Succeeded(cost=3.0)), limits={"cost_a_day": 5.0, "tasks_a_day": 9})

    ended = [brain.agents.execute(TASK) for _ in range(2)]

    assert [each.state.value for each in ended] == ["succeeded", "waiting"]


def test_tasks_a_day_hold(brain: Brain) -> None:
    brain.agents.register_callable("once", Agent(), limits=AgentLimits(tasks_a_day=1))

    ended = [brain.agents.execute(TASK) for _ in range(2)]

    assert [each.state.value for each in ended] == ["succeeded", "waiting"]


def test_the_guard_refuses_with_the_way_out_and_no_agent_begins(brain: Brain) -> None:
    agent = Agent()
    brain.agents.register_callable("eager", agent)
    brain.establish({"name": "backup", "mode": "strict", "on": {"operations": ["Drop*"]}, "steps": [{"name": "dump"}]})
    brain.guard.set_enforcement("strict")

    refused = brain.agents.execute("Drop the old tables", target="db")

    assert refused.state is ExecutionState.REFUSED
    assert "backup" in refused.reason
    assert refused.attempts == ()
    assert agent.tasks == []


def test_what_a_person_must_approve_waits_until_a_person_approves(open_brain: OpenBrain, brain: Brain) -> None:
    agent = Agent("dropped")
    brain.agents.register_callable("eager", agent)
    people = Rule(
        id="", namespace="", name="people decide", kind=RuleKind.APPROVAL, operations=("Archive*",), mode=RuleMode.ASK
    )
    brain.guard.add(people)
    brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
    brain.guard.set_enforcement("strict")

    waiting = brain.agents.execute("Archive the old tables", target="db")
    assert waiting.approval_id is not None
    brain.approvals.grant(waiting.approval_id, proof=TerminalProof(approver="ines", passphrase=PHRASE))
    done = brain.agents.resume(waiting.id)

    assert waiting.state is ExecutionState.WAITING
    assert f"brainops agent resume {waiting.id}" in waiting.reason
    assert waiting.attempts == ()
    assert done.state is ExecutionState.SUCCEEDED, done.reason
    assert len(agent.tasks) == 1


def test_in_a_strict_namespace_no_agents_session_registers_or_enables_agents(
    open_brain: OpenBrain, brain: Brain
) -> None:
    brain.agents.register("one", adapter="command", settings={"run": ["true"]}, enabled=False)
    brain.guard.set_enforcement("strict")
    session = open_brain(actor=Actor(kind=ActorKind.AGENT, id="coder"))

    with pytest.raises(OperationBlocked, match="in a strict namespace: a person does"):
        session.agents.register("two", adapter="command", settings={"run": ["true"]})
    with pytest.raises(OperationBlocked, match="in a strict namespace: a person does"):
        session.agents.enable("one")

    assert [each.name for each in brain.agents.list()] == ["one"]
    assert not brain.agents.get("one").enabled


def test_every_change_of_the_registry_is_on_the_trail(brain: Brain) -> None:
    brain.agents.register("one", adapter="http", settings={"url": "https://agents.example.com/run"}, reason="pilot")
    brain.agents.disable("one", reason="too slow")
    brain.agents.enable("one", reason="faster now")
    brain.agents.remove("one", reason="gone")

    acts = [line.act for line in reversed(brain.upkeep.trail())]

    assert [act for act in acts if act.startswith("agent-")] == [
        "agent-register",
        "agent-disable",
        "agent-enable",
        "agent-remove",
    ]
    assert brain.agents.list() == []
    with pytest.raises(NotFound):
        brain.agents.get("one")


@pytest.mark.parametrize(
    "wrong",
    [
        {"adapter": "telepathy"},
        {"adapter": "command", "limits": {"at_once": 0}},
        {"adapter": "command", "cost": float("nan")},
        {"adapter": "command", "capabilities": "deploy"},
        {"adapter": "command", "colour": "red"},
        {"adapter": "http", "settings": {"headers": {"authorization": "Bearer sk-live-4242424242424242424242"}}},
    ],
)
def test_what_is_no_agent_is_told_so(brain: Brain, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        brain.agents.register("one", **wrong)

    assert brain.agents.list() == []


def test_a_later_check_corrects_what_selection_learns(brain: Brain) -> None:
    brain.agents.register_callable("liar", Agent("all tests pass"))
    done = brain.agents.execute(TASK)

    corrected = brain.agents.verify(done.id, right=False, note="the tests do not even start")

    assert corrected.attempts[-1].success == 0.0
    assert corrected.attempts[-1].verified is False
    assert brain.operations.get(str(done.operation_id)).contradiction == "the tests do not even start"


@pytest.mark.parametrize("judge", ["coder", "its friend"])
def test_no_agent_judges_itself_or_another(open_brain: OpenBrain, brain: Brain, judge: str) -> None:
    brain.agents.register_callable("coder", Agent())
    done = brain.agents.execute(TASK)

    with pytest.raises(Conflict, match="no agent judges"):
        open_brain(actor=Actor(kind=ActorKind.AGENT, id=judge)).agents.verify(done.id, right=True)
    assert brain.agents.attempts()[0].verified is None


def test_what_waited_is_ended_by_a_program_that_began_nothing_without_a_complaint(
    open_brain: OpenBrain, brain: Brain, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (brain.agents.execute(task, context={"n": 1}) for task in ("rotate the keys", "drain the queue"))
    other = open_brain(actor=PERSON)

    done = other.agents.done(first.id, result="by hand")
    cancelled = open_brain(actor=PERSON).agents.cancel(second.id, reason="no longer wanted")

    assert (done.state, cancelled.state) == (ExecutionState.SUCCEEDED, ExecutionState.CANCELLED)
    assert caplog.text == ""


def test_a_program_that_nobody_allowed_is_no_failure_of_its_agent(brain: Brain) -> None:
    brain.agents.register("coder", adapter="command", settings={"run": [sys.executable, "-c", "print('done')"]})

    waiting = brain.agents.execute("fix the build")
    brain.limits.allow([sys.executable])
    resumed = brain.agents.resume(waiting.id)

    assert waiting.state is ExecutionState.WAITING and "brainops allow" in waiting.plan
    assert resumed.state is ExecutionState.SUCCEEDED
    assert [attempt.success for attempt in brain.agents.attempts(agent="coder")] == [1.0]


def test_an_agent_whose_program_is_not_there_is_passed_over(brain: Brain) -> None:
    brain.limits.allow(["no-such-coding-agent"])
    brain.agents.register("absent", adapter="command", settings={"run": ["no-such-coding-agent"]})

    waiting = brain.agents.execute("fix the build")

    assert waiting.state is ExecutionState.WAITING and "there is no program" in waiting.plan


@pytest.mark.parametrize(
    ("adapter", "settings"),
    [
        ("command", {}),
        ("command", {"run": "make all"}),
        ("command", {"run": []}),
        ("command", {"run": ["make"], "bogus": 1}),
        ("http", {}),
        ("http", {"url": "ftp://agents.example.com"}),
        ("mcp", {"tool": "fix"}),
        ("mcp", {"tool": "fix", "run": "server"}),
        ("llm", {"price": "cheap"}),
        ("callable", {"run": ["make"]}),
    ],
)
def test_settings_that_an_adapter_cannot_use_are_refused_when_an_agent_is_registered(
    brain: Brain, adapter: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput, match=r"agent (says|takes|does not know)"):
        brain.agents.register("one", adapter=adapter, settings=settings)


def test_cancelling_from_elsewhere_stops_what_is_under_way(open_brain: OpenBrain, brain: Brain) -> None:
    began, ended = threading.Event(), threading.Event()

    def slow(task: Task, cancelled: Callable[[], bool]) -> str:
        began.set()
        while not cancelled():
            threading.Event().wait(0.02)
        ended.set()
        return "never heard"

    brain.agents.register_callable("slow", slow, cancellable=True)
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(brain.agents.execute(TASK)))
    thread.start()
    assert began.wait(WAIT_SECONDS)

    other = open_brain(actor=PERSON)
    (under_way,) = other.agents.executions(state="running")
    other.agents.cancel(under_way.id, reason="wrong version")
    heard = ended.wait(2.0)
    thread.join(WAIT_SECONDS)

    assert heard, "a cancellation is heard within about a second"
    assert done[0].state is ExecutionState.CANCELLED
    assert done[0].reason == "wrong version"
    assert done[0].attempts[0].success is None
    assert brain.retrieve("cancelled wrong version", types=["error_pattern"]) == []


def test_a_task_that_takes_too_long_has_failed_and_the_next_agent_takes_it(brain: Brain) -> None:
    stuck = threading.Event()
    brain.agents.register_callable("stuck", lambda task: stuck.wait(WAIT_SECONDS), limits={"timeout_seconds": 0.2})
    history(brain, "stuck", 1)

    ended = brain.agents.execute(TASK, agent="stuck")
    stuck.set()

    assert ended.state is ExecutionState.FAILED
    outcome = ended.outcome
    assert isinstance(outcome, Failed)
    assert outcome.error.type == "TimeoutError"


def test_the_same_key_is_the_same_execution(brain: Brain) -> None:
    agent = Agent("once")
    brain.agents.register_callable("worker", agent)

    first, second = (brain.agents.execute(TASK, idempotency_key="k") for _ in range(2))

    assert first.id == second.id
    assert len(agent.tasks) == 1


def test_a_recommendation_has_its_reason_and_changes_nothing(brain: Brain) -> None:
    brain.agents.register_callable("deployer", Agent(), capabilities=["deploy"])
    start = OperationStart(name=TASK)

    choice = inside(brain).services.agents.recommend(start)

    assert choice is not None
    assert choice.agent == "deployer"
    assert brain.agents.attempts() == []
    assert inside(brain).services.agents.recommend(OperationStart(name="Water the plants")) is None


def test_a_subscriber_that_fails_fails_no_task(brain: Brain) -> None:
    def broken(learning: AgentLearning) -> None:
        raise RuntimeError("no")

    brain.agents.subscribe(broken)
    preferring(brain, then=RuntimeError("boom"), other="ok")

    ended = brain.agents.execute(TASK)

    assert ended.state is ExecutionState.SUCCEEDED
    assert len(ended.attempts) == 2


def test_a_secret_in_a_task_is_not_kept_and_reaches_its_agent(brain: Brain) -> None:
    agent = Agent()
    brain.agents.register_callable("worker", agent)
    secret = "AKIAIOSFODNN7EXAMPLQ"

    done = brain.agents.execute(f"Log in with {secret}", context={"key": secret})

    assert secret in agent.tasks[0].text
    assert secret not in str(plain(brain.agents.execution(done.id)))
