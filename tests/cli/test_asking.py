"""Do the questions of a shell get the answer that memory has, whatever form the error comes in?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brainops.cli.asking import errors_in
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
    asked, matched = say("retrieve", "whatever"), say("match", "whatever")

    assert (asked.code, matched.code) == (0, 0)
    assert "Nothing found" in asked.out
    assert say("match", "whatever", "--json").value == []


def test_an_empty_error_is_refused(say: Say) -> None:
    said = say("match", given="  \n")

    assert said.code == 1
    assert "no text to match" in said.err


def test_filters_narrow_a_question(shop: Say) -> None:
    external = shop("retrieve", "runbook", "--trust", "external", "--json").value
    errors = shop("retrieve", "--type", "error_pattern", "--json").value
    old = shop("retrieve", "runbook", "--until", "2020-01-01", "--json").value
    recent = shop("retrieve", "runbook", "--since", "1h", "--json").value

    assert [hit["memory"]["title"] for hit in external] == ["Runbook: pod crash looping"]
    assert {hit["memory"]["type"] for hit in errors} == {"error_pattern"}
    assert (len(old), len(recent)) == (0, 2)


def test_a_time_that_means_nothing_is_told_how_to_write_it(say: Say) -> None:
    said = say("retrieve", "x", "--since", "yesterdayish")

    assert said.code == 1
    assert "2026-01-31" in said.err


def test_a_hit_takes_two_lines_that_fit_80_columns(shop: Say) -> None:
    heading, line, below, *_ = shop("retrieve", "runbook", "crash").out.splitlines()

    assert heading.split() == ["sure", "type", "title", "age"]
    assert "Runbook: pod crash looping (external)" in line
    assert len(below.split()[0]) == 36
    assert max(len(each) for each in (heading, line, below)) <= 80


def test_full_shows_external_text_behind_a_bar(shop: Say) -> None:
    said = shop("retrieve", "crash", "--full")

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
