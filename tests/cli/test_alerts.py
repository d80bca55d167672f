"""Does the command line say how alerts stand, and and what could not be worked on, and have that tried again?"""

from __future__ import annotations

from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.store import acts
from brainops.store.alerts import INBOX_ATTEMPTS
from tests.cli.conftest import Say
from tests.inside import inside


@pytest.fixture
def brain(store: Path) -> Brain:
    return Brain.open(store, namespace="team/shop", read=[], model="none", background=False)


def test_alerts_are_listed_and_shown(say: Say, brain: Brain) -> None:
    with brain:
        brain.handle("alert.DiskFull", key="disk-1", target="db-1", labels={"mount": "/var"}, severity="page")

    listed, shown = say("alerts", "list", "--state", "firing"), say("alerts", "show", "disk-1")

    assert "firing    DiskFull, db-1, page" in listed.out and "disk-1" in listed.out
    assert "mount=/var" in shown.out and "1 time" in shown.out
    assert say("alerts", "list", "--state", "resolved").out.strip() == "No alert is known."
    assert "brainops alerts" not in say("status").out


def test_what_was_set_aside_is_told_with_its_error_and_worked_on_again(say: Say, brain: Brain) -> None:
    with brain:
        brain.alerts.receive("generic", {"name": "DiskFull", "key": "disk-1"})
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            [message] = [row["id"] for row in tx.alerts.waiting(1)]
            for _ in range(INBOX_ATTEMPTS):
                tx.alerts.failed(message, "it has another form")

    assert "1 alert set aside (brainops alerts aside)" in say("status").out
    assert say("status", "--json").value["inbox"]["set_aside"] == 1
    told = say("alerts", "aside").out
    assert "generic  it has another form" in told and message in told
    assert say("alerts", "retry", message).out.strip() == "1 message to work on again"
    assert say("alerts", "list").out.splitlines()[-1] == "1 alert to work on"
