"""Do session, health and report say on a terminal what they say as JSON, on one screen?"""

from __future__ import annotations

from tests.cli.conftest import Say


def test_a_session_starts_on_one_screen_and_says_how_to_carry_it(say: Say) -> None:
    say("capture", "The pool is exhausted", "raise its size")
    started = say("session", "start")

    assert started.code == 0
    assert len(started.out.splitlines()) <= 24
    assert started.out.startswith("BrainOps ")
    assert "The pool is exhausted" in started.out


def test_a_session_is_one_json_document_with_the_founding_names(say: Say) -> None:
    value = say("session", "start", "--agent", "builder", "--json").value

    assert value["system_status"]["memories"]["total"] == 0
    assert value["block"].startswith("<brainops-memory")
    shown = say("session", "show", "--json").value
    assert (shown["session_id"], shown["actor"]["id"]) == (value["session_id"], "builder")


def test_an_agent_gets_the_block_alone(say: Say) -> None:
    out = say("session", "start", "--block").out.strip()

    assert (out.startswith("<brainops-memory"), out.endswith("</brainops-memory>")) == (True, True)


def test_showing_a_session_where_there_is_none_names_the_way_out(say: Say) -> None:
    found = say("session", "show")

    assert found.code == 1
    assert "brainops session start" in found.err


def test_health_fits_a_screen_and_leaves_out_what_there_is_nothing_of(say: Say) -> None:
    found = say("health")

    assert len(found.out.splitlines()) <= 24
    assert "nothing yet" not in found.out
    assert "12 more are silent" in found.out


def test_health_tells_each_formula(say: Say) -> None:
    figures = say("health", "--json").value

    assert all(figure["formula"] in say("health", "--formulas").out for figure in figures)


def test_a_report_fits_a_screen_and_is_a_page_of_markdown_where_asked(say: Say) -> None:
    say("guide", "deploy api")

    assert len(say("report", "--week").out.splitlines()) <= 24
    page = say("report", "--markdown").out
    assert page.startswith("# team/shop: the last 7 days\n\n| | these | before |")
    names = [line["name"] for line in say("report", "--days", "14", "--json").value["lines"]]
    assert all(f"| {name} |" in page and f"- {name}: " in page for name in names)
