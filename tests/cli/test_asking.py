"""Do the questions of a shell get the answer that memory has, whatever form the error comes in?"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from brainops.memory.recognition.alerts import errors_in
from tests.cli.conftest import Say

TRACEBACK = """Traceback (most recent call last):
  File "/app/shop/cart.py", line 81, in checkout
    total = basket.total()
ZeroDivisionError: division by zero
"""

WEBHOOK = {
    "version": "4",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "KubePodCrashLooping", "namespace": "shop", "severity": "warning"},
            "annotations": {"summary": "Pod is crash looping.", "runbook_url": "https://runbooks.example/crash"},
            "startsAt": "2026-02-03T04:05:06Z",
            "generatorURL": "http://prometheus.example/graph?g0.expr=up",
        },
        {
            "status": "firing",
            "labels": {"alertname": "NodeFilesystemFull", "severity": "critical"},
            "annotations": {"description": "No space left on /var."},
        },
    ],
}


@pytest.fixture
def shop(say: Say) -> Say:
    say(
        "capture",
        "ZeroDivisionError: division by zero",
        "--type",
        "error_pattern",
        "--solution",
        "guard the empty basket",
    )
    say("capture", "Runbook: pod crash looping", "KubePodCrashLooping: read the previous log", "--trust", "external")
    say("capture", "Runbook: disk full", "NodeFilesystemFull: remove old archives; No space left")
    return say


def test_a_traceback_from_standard_input_finds_the_error_that_it_ends_with(shop: Say) -> None:
    [best, *_] = shop("match", "--json", given=TRACEBACK).value

    assert best["memory"]["content"]["solution"] == "guard the empty basket"


def test_the_same_error_is_said_to_be_the_same_with_what_helped(shop: Say) -> None:
    said = shop("match", "2026-02-03 04:05:06 ERROR ZeroDivisionError: division by zero")

    assert "same error" in said.out
    assert "solution: guard the empty basket" in said.out
    assert "None of these" not in said.out


def test_an_error_comes_from_arguments_or_from_a_file(shop: Say, tmp_path: Path) -> None:
    (tmp_path / "trace.txt").write_text(TRACEBACK, encoding="utf-8")
    from_file = shop("match", "--file", "trace.txt", "--json").value
    from_words = shop("match", "ZeroDivisionError:", "division by zero", "--json").value

    assert from_file[0]["memory"]["id"] == from_words[0]["memory"]["id"]


def test_each_alert_of_a_webhook_finds_its_runbook(shop: Say) -> None:
    found = shop("match", "--json", given=json.dumps(WEBHOOK)).value

    titles = [match["memory"]["title"] for match in found]
    assert {"Runbook: pod crash looping", "Runbook: disk full"} <= set(titles)


def test_an_alert_is_its_labels_and_annotations_without_links_and_times() -> None:
    [crash, disk] = errors_in(json.dumps(WEBHOOK))

    assert crash == "alertname: KubePodCrashLooping\nnamespace: shop\nseverity: warning\nsummary: Pod is crash looping."
    assert "No space left on /var." in disk


@pytest.mark.parametrize("text", ["{not json", '{"msg": "boom"}', "[1, 2]", "plain words", '{"alerts": 3}'])
def test_what_is_no_webhook_is_matched_as_it_stands(text: str) -> None:
    assert errors_in(text) == [text]


def test_nothing_found_is_no_error(say: Say) -> None:
    asked, matched = say("search", "whatever"), say("match", "whatever")

    assert (asked.code, matched.code) == (0, 0)
    assert "Nothing found" in asked.out
    assert say("match", "whatever", "--json").value == []


def test_an_empty_error_is_refused(say: Say) -> None:
    said = say("match", given="  \n")

    assert said.code == 1
    assert "no text to match" in said.err


def test_filters_narrow_a_question(shop: Say) -> None:
    external = shop("search", "runbook", "--trust", "external", "--json").value
    errors = shop("list", "--type", "error_pattern", "--json").value
    old = shop("search", "runbook", "--until", "2020-01-01", "--json").value
    recent = shop("search", "runbook", "--since", "1h", "--json").value

    assert [hit["memory"]["title"] for hit in external] == ["Runbook: pod crash looping"]
    assert {memory["type"] for memory in errors} == {"error_pattern"}
    assert (len(old), len(recent)) == (0, 2)


def test_a_time_that_means_nothing_is_told_how_to_write_it(say: Say) -> None:
    said = say("search", "x", "--since", "yesterdayish")

    assert said.code == 1
    assert "2026-01-31" in said.err


def test_a_hit_takes_two_lines_that_fit_80_columns(shop: Say) -> None:
    heading, line, below, *_ = shop("search", "runbook", "crash").out.splitlines()

    assert heading.split() == ["sure", "type", "title", "age"]
    assert "Runbook: pod crash looping (external)" in line
    assert len(below.split()[0]) == 6
    assert max(len(each) for each in (heading, line, below)) <= 80


def test_full_shows_external_text_behind_a_bar(shop: Say) -> None:
    said = shop("search", "crash", "--full")

    assert "    | KubePodCrashLooping: read the previous log" in said.out


def test_guidance_says_what_to_do_and_keeps_its_receipt(shop: Say) -> None:
    said = shop("guide", "checkout of a basket", "--error", "ZeroDivisionError: division by zero", "--context", "v=1")
    value = shop("guide", "checkout of a basket", "--error", "ZeroDivisionError: division by zero", "--json").value

    assert "guard the empty basket" in said.out
    assert "receipt" in said.out
    assert value["primary_recommendation"]["name"] == "ZeroDivisionError: division by zero"
    assert value["confidence"] > 0
    assert shop("status", "--json").value["operations"]["receipts"] == 2


def test_a_context_without_a_name_is_a_mistake_of_the_caller(say: Say) -> None:
    said = say("guide", "deploy", "--context", "production")

    assert said.code == 2
    assert "NAME=VALUE" in said.err


def test_a_fix_that_is_bound_to_the_error_is_named_with_the_command_that_goes_on(say: Say) -> None:
    log = "\n".join(f"{number} upstream answers slowly" for number in range(2_000))
    alert = f'{log}\nTraceback (most recent call last):\n  File "a.py", line 1, in rate\nOSError: tax is gone'
    fix = say("fix", "attach", "-", "--title", "warm tax", "--command", "warm tax", "--json", given=alert).value["id"]

    matched = say("match", "-", given=alert)
    guided = say("guide", "handle alert", "--error", "-", given=alert)

    assert f"brainops fix apply {fix[-6:]} --dry-run" in matched.out
    assert "None of these is the same error" not in matched.out
    assert f"brainops fix show {fix[-6:]}" in guided.out  # also where the context keeps only a part of so long a text


def test_a_file_that_was_meant_is_told_from_an_error(say: Say, tmp_path: Path) -> None:
    (tmp_path / "alert.txt").write_text("OSError: tax is gone")

    assert "brainops match --file alert.txt" in say("match", "alert.txt").err


def test_guidance_says_how_to_name_back_what_must_be_known(say: Say) -> None:
    say("procedure", "new", "deploy-api")
    text = Path("deploy-api/SKILL.md").read_text().replace("mode: advisory            ", "mode: required            ")
    Path("deploy-api/SKILL.md").write_text(text)
    say("procedure", "apply", "deploy-api")

    said = say("guide", "deploy-api", "--target", "db 1")
    named = next(line.strip() for line in said.out.splitlines() if "--acknowledge" in line)
    again = say(*shlex.split(named)[1:])

    assert "brainops run deploy-api --target 'db 1'" in said.out
    assert again.code == 0
    assert "--acknowledge" not in again.out


def test_a_match_as_json_carries_the_fixes_of_that_very_error(say: Say) -> None:
    say("capture", "ConnectionError: payments api timed out", "pool exhausted", "--type", "error_pattern")
    say("fix", "attach", "ConnectionError: payments api timed out", "--title", "Raise the pool", "--advice", "pool 40")

    matched = say("match", "ConnectionError: payments api timed out", "--json").value

    assert [each["fix"]["title"] for each in matched[0]["fixes"]] == ["Raise the pool"]


def test_a_pull_whose_source_cannot_be_read_ends_with_one(say: Say, tmp_path: Path) -> None:
    say("share", "trust", say("share", "key").out.strip(), "--name", "team-b", "--from", str(tmp_path / "gone"))

    pulled = say("share", "pull")

    assert pulled.code == 1
    assert "refused" in pulled.out
