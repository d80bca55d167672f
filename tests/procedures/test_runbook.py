"""Does a runbook or a skill of somebody else become the advisory procedure that it describes?"""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainops.errors import InvalidInput, InvalidProcedure
from brainops.procedures.english.runbook import alert_of, imported
from brainops.types import Mode, StepKind

RUNBOOK = """\
---
title: Queue Backlog High
weight: 20
---

# QueueBacklogHigh

## Meaning

More than a thousand jobs wait in the [queue](https://example.org/queue).

## Impact

Orders are confirmed late.

## Mitigation

If the workers are down, start them:

```shell
systemctl start worker
```

## Diagnosis

1. Count the waiting jobs.

   ```console
   $ queuectl length
   1204
   ```

2. Check the workers.
"""

SKILL = """\
---
name: answer-reviews
description: How to answer a review of a shop.
license: MIT
---

Thank first. Never argue.
"""


def test_diagnosis_comes_before_mitigation_and_meaning_is_the_description() -> None:
    procedure = imported(RUNBOOK, path="alerts/QueueBacklogHigh.md").procedure

    assert [step.name for step in procedure.steps] == [
        "Count the waiting jobs",
        "Check the workers",
        "The workers are down?",
        "Start them",
    ]
    assert procedure.description == "More than a thousand jobs wait in the queue. Orders are confirmed late."
    assert procedure.mode is Mode.ADVISORY


def test_commands_are_suggested_and_their_output_is_not() -> None:
    steps = {step.name: step for step in imported(RUNBOOK).procedure.steps}

    assert "queuectl length" in steps["Count the waiting jobs"].text
    assert "systemctl start worker" in steps["Start them"].text
    assert {step.action.uses for step in steps.values()} == {StepKind.MANUAL}


def test_the_alerts_name_sets_it_off() -> None:
    [trigger] = imported(RUNBOOK).procedure.triggers

    assert trigger.events == ("QueueBacklogHigh", "alert:QueueBacklogHigh")
    assert "queue backlog high" in trigger.intents


def test_the_whole_text_is_kept() -> None:
    prose = imported(RUNBOOK).procedure.prose

    assert all(line.strip() in prose for line in RUNBOOK.splitlines())


@pytest.mark.parametrize("heading", ["Troubleshooting", "Investigation", "Diagnostics", "How to debug it"])
def test_other_words_for_diagnosis_come_first_too(heading: str) -> None:
    text = f"# Alert\n\n## Resolution\n\n- Restart it.\n\n## {heading}\n\n- Read the log.\n"

    assert [step.name for step in imported(text).procedure.steps] == ["Read the log", "Restart it"]


def test_a_runbook_without_steps_asks_what_is_to_be_done() -> None:
    procedure = imported("# DiskGone\n\n## Meaning\n\nThe disk is gone.\n").procedure

    assert [step.text.startswith("[open question]") for step in procedure.steps] == [True]
    assert procedure.name == "disk-gone"


def test_a_runbook_is_named_by_its_alert_else_its_title_else_its_file() -> None:
    assert imported("# KubePodDown\n\nRestart it.\n", path="a/x.md").procedure.name == "kube-pod-down"
    assert imported("# How to pay\n\nPay it.\n", path="a/x.md").procedure.name == "how-to-pay"
    assert imported("Pay the bill now.\n", path="a/PayBills.md").procedure.name == "pay-bills"


def test_names_of_alerts_are_told_from_titles() -> None:
    assert alert_of("KubePodDown") == "KubePodDown"
    assert alert_of("etcdNoLeader") == "etcdNoLeader"
    assert alert_of("`CoreDNSDown`") == "CoreDNSDown"
    assert alert_of("Introduction", "gatherLogs") == ""


def test_a_skill_without_steps_is_an_advisory_procedure_of_prose() -> None:
    drafted = imported(SKILL, path="skills/answer-reviews/SKILL.md")

    assert drafted.procedure.name == "answer-reviews"
    assert drafted.procedure.steps == ()
    assert drafted.procedure.prose == "Thank first. Never argue."
    assert drafted.procedure.skill == {"license": "MIT"}
    assert drafted.procedure.triggers[0].intents == ("How to answer a review of a shop.",)
    assert "nothing is tracked" in drafted.notes[0].why


def test_a_skill_is_named_by_its_folder_when_it_has_no_name() -> None:
    assert imported("Water the plants.\n", path="skills/water-plants/SKILL.md").procedure.name == "water-plants"


def test_a_skill_with_steps_is_read_as_it_stands() -> None:
    text = "---\nname: greet\ndescription: Greets.\nsteps:\n  - id: wave\n    name: Wave\n---\n"

    assert [step.id for step in imported(text, path="greet/SKILL.md").procedure.steps] == ["wave"]


def test_an_empty_document_is_refused_by_name() -> None:
    with pytest.raises(InvalidProcedure, match=r"empty\.md"):
        imported("---\ntitle: Empty\n---\n", path="empty.md")
    with pytest.raises(InvalidProcedure, match=r"SKILL\.md"):
        imported("---\nname: x\n---\n", path="x/SKILL.md")


def test_too_long_a_document_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at most"):
        imported("x" * 300_000, path="long.md")


PARTS = st.sampled_from(
    [
        "# Title",
        "## Meaning",
        "## Diagnosis",
        "## Mitigation",
        "---",
        "name: x",
        "steps:",
        "- run it",
        "```",
        "$ ls",
        "",
        "Check it.",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.lists(PARTS, max_size=12).map("\n".join), st.text(max_size=200)),
    st.sampled_from(["", "a/SKILL.md", "b.md"]),
)
def test_any_document_is_a_procedure_or_is_refused_as_ours(text: str, path: str) -> None:
    with suppress(InvalidInput):
        assert imported(text, path=path).procedure.name
