"""Can somebody at a shell see what was done, and say how it really was?"""

from __future__ import annotations

from pathlib import Path

import pytest

from brainops.brain import Brain
from tests.cli.conftest import Say


@pytest.fixture
def log(store: Path) -> dict[str, str]:
    """Two operations: one that went well and one that failed; their ids by name."""
    with Brain.open(background=False) as brain:
        brain.begin("deploy api", target="production", consult="never").succeed({"version": "2.1"})
        brain.begin("rotate keys", target="payments", consult="never").fail(TimeoutError("the vault did not answer"))
        return {operation.start.name: operation.id for operation in brain.operations.list()}


def test_the_log_is_listed_newest_first_and_narrowed(say: Say, log: dict[str, str]) -> None:
    every = [each["start"]["name"] for each in say("operations", "--json").value]
    failed = [each["start"]["name"] for each in say("operations", "--failed", "--json").value]
    named = [each["start"]["name"] for each in say("operations", "--name", "deploy api", "--json").value]
    elsewhere = say("operations", "--target", "staging", "--json").value
    later = say("operations", "--since", "2100-01-01", "--json").value

    assert (every, failed, named) == (["rotate keys", "deploy api"], ["rotate keys"], ["deploy api"])
    assert (elsewhere, later) == ([], [])


def test_the_list_says_what_failed_and_why(say: Say, log: dict[str, str]) -> None:
    said = say("operations")

    assert "failed        rotate keys payments: TimeoutError the vault did not answer" in said.out
    assert log["rotate keys"][-6:] in said.out


def test_one_operation_is_shown_with_all_that_stands_with_it(say: Say, log: dict[str, str]) -> None:
    said = say("operations", "show", log["deploy api"])

    assert "deploy api production" in said.out
    assert '{"version": "2.1"}' in said.out


def test_a_success_that_was_none_is_contradicted_once(say: Say, log: dict[str, str]) -> None:
    first = say("operations", "contradict", log["deploy api"], "--reason", "the orders stood still for an hour")
    second = say("operations", "contradict", log["deploy api"], "--reason", "again")
    [operation] = say("operations", "--name", "deploy api", "--json").value

    assert (first.code, second.code) == (0, 1)
    assert operation["contradiction"] == "the orders stood still for an hour"


def test_an_outcome_is_verified(say: Say, log: dict[str, str]) -> None:
    say("operations", "verify", log["deploy api"])
    shown = say("operations", "show", log["deploy api"], "--json").value

    assert shown["outcome"]["evidence"] == "verified"


@pytest.mark.parametrize("arguments", [("show", "nope"), ("contradict", "nope", "--reason", "why"), ("verify", "nope")])
def test_an_operation_that_is_not_there_is_one_clear_line(say: Say, arguments: tuple[str, ...]) -> None:
    said = say("operations", *arguments)

    assert said.code == 1
    assert "there is no operation 'nope'" in said.err


def test_an_operation_that_one_command_begins_is_ended_by_another(say: Say) -> None:
    began = say("operations", "begin", "deploy api", "--target", "production", "--service", "api").out.strip()
    other = say("operations", "begin", "deploy api").out.strip()
    ended = say("operations", "finish", began, "--failed", "--error", "-", given="TimeoutError: erp did not answer\n")
    well = say("operations", "finish", other, "--ok")
    failed, fine = (say("operations", "show", each, "--json").value for each in (began, other))

    assert (ended.code, well.code) == (0, 0)
    assert failed["outcome"]["error"]["type"] == "TimeoutError"
    assert failed["outcome"]["error"]["service"] == "api"
    assert failed["error_memory_id"]
    assert [each["outcome"]["evidence"] for each in (failed, fine)] == ["claimed", "claimed"]
    assert failed["outcome"]["duration_seconds"] == pytest.approx(
        (failed["finished_at"] - failed["started_at"]) / 1e6, abs=0.2
    )


def test_an_end_is_told_once_and_plainly(say: Say) -> None:
    began = say("operations", "begin", "deploy api").out.strip()
    unsaid = say("operations", "finish", began)
    both = say("operations", "finish", began, "--ok", "--error", "x")
    said = say("operations", "finish", began, "--ok")
    again = say("operations", "finish", began, "--failed")
    unknown = say("operations", "finish", "0" * 32, "--ok")
    nameless = say("operations", "begin", " ")

    assert [each.code for each in (unsaid, both, said, again, unknown, nameless)] == [2, 2, 0, 1, 1, 1]
    assert "ended already" in again.err


def test_what_may_not_begin_has_no_id(say: Say) -> None:
    say("guard", "rule", "add", "asks", "--on", "drop*", "--approval", "--mode", "deny")
    say("enforcement", "strict", "--reason", "test")
    blocked = say("operations", "begin", "drop table orders")

    assert (blocked.code, blocked.out) == (1, "")
    assert "way out" in blocked.err.lower()


def test_a_list_is_gone_through_page_by_page_and_stays_an_array_for_who_does_not(say: Say) -> None:
    for number in range(3):
        say("operations", "begin", f"deploy {number}")

    assert isinstance(say("operations", "list", "--limit", "2", "--json").value, list)
    page = say("operations", "list", "--limit", "2", "--after", "first", "--json").value
    assert [each["start"]["name"] for each in page["items"]] == ["deploy 2", "deploy 1"]
    following = say("operations", "list", "--limit", "2", "--after", page["next"]).out
    assert "deploy 0" in following and "deploy 1" not in following
