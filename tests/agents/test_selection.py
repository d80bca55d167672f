"""Is the agent chosen that did best at this kind of task, is one tried that may be better, and is the reason told?"""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.agents.selection.selection import AgentCandidate, beliefs, choose
from brainops.agents.selection.track_record import TrackRecord, Trial, Utility, own_share, text_key
from brainops.errors import InvalidInput

ALPHA, BETA = AgentCandidate(name="alpha"), AgentCandidate(name="beta")


def trials(agent: str, outcomes: str, *, task_class: str = "deploy", **fields: float) -> list[Trial]:
    """Return one trial a character: 1 succeeded, 0 failed."""
    return [Trial(agent=agent, task_class=task_class, success=float(each), **fields) for each in outcomes]  # type: ignore[arg-type]


def often(
    record: TrackRecord, *candidates: AgentCandidate, task_class: str = "deploy", times: int = 60
) -> dict[str, int]:
    """Return how often each is chosen over as many seeds."""
    chosen = [choose(candidates, record, task_class=task_class, seed=seed).agent for seed in range(times)]
    return {each.name: chosen.count(each.name) for each in candidates}


def test_the_agent_with_the_better_record_is_chosen_and_the_reason_has_its_numbers() -> None:
    record = TrackRecord([*trials("alpha", "1" * 18 + "00"), *trials("beta", "0" * 15 + "11111")])

    choice = choose([ALPHA, BETA], record, task_class="deploy", seed=1)

    assert choice.agent == "alpha"
    assert "18 of 20 tasks succeeded" in choice.sentence and "20 of them deploy" in choice.sentence
    assert choice.expected["alpha"] > choice.expected["beta"]
    assert choice.probability == 1.0


def test_equal_agents_are_chosen_with_the_probability_that_is_told() -> None:
    choice = choose([ALPHA, BETA], [], task_class="deploy", seed=1)

    assert choice.probability == 0.5
    assert 15 < often(TrackRecord(), ALPHA, BETA)["alpha"] < 45


def test_an_agent_that_failed_at_a_task_is_not_asked_again_while_there_is_another() -> None:
    record = trials("alpha", "1" * 20)

    assert choose([ALPHA, BETA], record, task_class="deploy", seed=1, tried=["alpha"]).agent == "beta"
    assert choose([ALPHA], record, task_class="deploy", seed=1, tried=["alpha"]).agent == "alpha"


def test_classes_matter_only_where_the_record_says_so() -> None:
    apart = TrackRecord()
    for _ in range(15):
        for task_class, good, bad in (("deploy", "alpha", "beta"), ("review", "beta", "alpha")):
            for trial in (*trials(good, "1", task_class=task_class), *trials(bad, "0", task_class=task_class)):
                apart.add(trial)

    assert often(apart, ALPHA, BETA, task_class="deploy")["alpha"] == 60
    assert often(apart, ALPHA, BETA, task_class="review")["beta"] == 60


def test_a_dear_or_slow_agent_must_be_better_but_no_failure_beats_a_success() -> None:
    utility = Utility()
    record = TrackRecord([*trials("alpha", "1" * 30, cost=5.0), *trials("beta", "1" * 30)])

    assert often(record, ALPHA, BETA)["beta"] == 60
    dear = Trial(agent="a", task_class="c", success=1.0, seconds=1e9, cost=1e9)
    assert utility.of(dear) > utility.of(Trial(agent="a", task_class="c", success=0.0))


def test_an_unknown_agent_is_judged_by_its_kin_until_it_is_known() -> None:
    record = TrackRecord([*trials("droid opus", "1" * 20), *trials("orchestrator qwen", "0" * 20)])
    unknown = [AgentCandidate(name="droid sonnet"), AgentCandidate(name="orchestrator sonnet")]
    known = [AgentCandidate(name="droid opus"), AgentCandidate(name="orchestrator qwen")]

    droid, orchestrator = beliefs([*unknown, *known], record, task_class="deploy")[:2]

    assert droid.mean > orchestrator.mean
    assert droid.attempts == 0


def test_an_agent_that_began_to_fail_is_left_soon() -> None:
    record = TrackRecord([*trials("alpha", "1" * 200), *trials("beta", "10" * 10), *trials("alpha", "0" * 40)])

    (alpha,) = beliefs([ALPHA], record, task_class="deploy")

    assert record.changes > 0
    assert alpha.mean < 0.3
    assert often(record, ALPHA, BETA)["beta"] > 50


def test_a_task_that_an_agent_did_before_is_its_own() -> None:
    record = TrackRecord(
        [
            *trials("alpha", "10" * 10),
            *trials("beta", "10" * 10),
            *(Trial(agent="beta", task_class="deploy", text_key="Deploy api v3", success=1.0) for _ in range(4)),
            *(Trial(agent="alpha", task_class="deploy", text_key="Deploy api v3", success=0.0) for _ in range(4)),
        ]
    )

    alpha, beta = beliefs([ALPHA, BETA], record, task_class="deploy", text="deploy  API v4")

    assert text_key("Deploy api v3") == text_key("deploy  API v4")
    assert beta.mean - alpha.mean > 0.3


def test_the_best_of_many_is_found_and_kept() -> None:
    draw, record = random.Random(5), TrackRecord()
    many = [AgentCandidate(name=f"agent{chr(97 + number)}") for number in range(20)]
    got = []
    for seed in range(600):
        name = choose(many, record, task_class="deploy", seed=seed).agent
        success = float(draw.random() < (0.9 if name == "agenth" else 0.4))
        record.add(Trial(agent=name, task_class="deploy", success=success))
        got.append(success)

    assert sum(got[300:]) / 300 > 0.8


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.floats(-1, 1), st.floats(0, 1e6)), max_size=60
    ),
    st.integers(0, 2**40),
)
def test_any_record_gives_a_candidate_a_probability_and_finite_figures(
    rows: list[tuple[str, str, float, float]], seed: int
) -> None:
    record = TrackRecord(
        Trial(agent=agent, task_class=kind, success=success, seconds=seconds) for agent, kind, success, seconds in rows
    )
    candidates = [AgentCandidate(name=name) for name in "abce"]

    choice = choose(candidates, record, task_class="x", seed=seed)

    assert choice == choose(candidates, record, task_class="x", seed=seed)
    assert 0 < choice.probability <= 1
    assert all(-100 < value < 100 for value in choice.expected.values())


def test_nobody_to_choose_from_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="at least one candidate"):
        choose([], [], task_class="deploy", seed=1)


def test_a_choice_among_forty_with_thousands_of_trials_takes_about_a_millisecond() -> None:
    draw = random.Random(1)
    names = [f"agent{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(40)]
    record = TrackRecord()
    for _ in range(5_000):
        record.add(Trial(agent=draw.choice(names), task_class=f"c{draw.randrange(50)}", success=draw.random()))
    candidates = [AgentCandidate(name=name) for name in names]
    choose(candidates, record, task_class="c1", seed=0)

    began = time.process_time()
    for seed in range(100):
        choose(candidates, record, task_class="c1", seed=seed)

    assert (time.process_time() - began) / 100 < 0.01  # ten times what it takes on a machine at rest


def test_a_success_that_memory_named_moves_what_is_believed_of_an_agent_hardly() -> None:
    known, own, none = (
        TrackRecord(Trial(agent="ada", task_class="c", success=1.0, named=named, at=at) for at in range(times))
        for named, times in ((0.95, 20), (0.0, 20), (0.0, 0))
    )
    ada = [AgentCandidate(name="ada")]

    means = [beliefs(ada, each, task_class="c")[0].mean for each in (none, known, own)]

    assert means[0] <= means[1] < means[0] + 0.1 < means[2]
    assert own_share(0.4, 0.0) == 1.0


def test_everybody_who_may_be_good_at_a_class_is_tried_at_it() -> None:
    agents = [AgentCandidate(name=f"agent{number}") for number in range(25)]
    record = TrackRecord()
    for task in range(500):
        choice = choose(agents, record, task_class="c", seed=task)
        good = 0.6 if choice.agent == "agent24" else 0.5
        record.add(Trial(agent=choice.agent, task_class="c", success=float(task % 10 < 10 * good), at=task))

    assert len(record.agents) == 25
