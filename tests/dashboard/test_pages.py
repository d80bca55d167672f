"""Does each page show what it promises, empty too and with hostile text in it, and does each act do and undo?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from brainops.types import Actor, ActorKind, ApprovalState, OperationStart, RunState
from tests.dashboard.conftest import Open, Site
from tests.dashboard.world import furnish

PAGES = ("/", "/approvals", "/runs", "/procedures", "/incident")
BOT = Actor(kind=ActorKind.AGENT, id="bot", proof="key")
AXE = Path(__file__).parents[2] / ".clients" / "axe.min.js"
HOSTILE = (
    "<script>document.title='owned'</script>\u202egnp.exe\x1b[2J "
    "<hx-partial hx-target='body'>x</hx-partial> \u0645\u0631\u062d\u0628\u0627 \U0001f600"
)


@pytest.fixture
def furnished(site: Site) -> Site:
    furnish(site.engine, site.brain)
    return site


def look(page: Page) -> None:
    """Look at a page as everybody has to be able to use it, and at whether it is wider than its screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url
    page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
    found: Any = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)")
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


def test_every_page_says_what_would_fill_it_and_serves_everybody_on_a_telephone(signed: Open) -> None:
    page = signed("/", viewport={"width": 360, "height": 740})
    expect(page.locator("#needs")).to_contain_text("Nothing needs you")
    for path in PAGES:
        page.goto(path)
        expect(page.locator(".empty code, .allright").first).to_be_visible()
        look(page)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_every_page_serves_everybody_with_something_of_everything(
    scheme: str, width: int, furnished: Site, signed: Open
) -> None:
    page = signed("/", color_scheme=scheme, viewport={"width": width, "height": 740})
    [failed] = furnished.brain.runs.list(state=RunState.FAILED)
    for path in (*PAGES, f"/runs/{failed.id}", "/procedures/enlarge-pool", f"/incident?run={failed.id}"):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        look(page)


def test_what_is_stored_is_only_text(site: Site, signed: Open) -> None:
    site.brain.guard.ask(OperationStart(name=HOSTILE, actor=BOT), reason=HOSTILE)
    running = site.brain.begin(HOSTILE[:200], consult="never")
    running.fail(HOSTILE + "x" * 100_000)
    site.brain.establish(
        {"name": "hostile", "description": HOSTILE, "steps": [{"id": "a", "uses": "manual", "text": HOSTILE}]}
    )
    run = site.brain.runs.start("hostile", target=HOSTILE[:60])
    page = signed("/")
    for path in (*PAGES, f"/runs/{run.id}", "/procedures/hostile", f"/incident?run={run.id}"):
        page.goto(path)
        expect(page).not_to_have_title("owned")
        assert "\u202e" not in page.content() and "\x1b" not in page.content()
    page.goto(f"/runs/{run.id}")
    expect(page.locator("#run")).to_contain_text("[U+202E]gnp.exe[U+001B]")
    told = page.request.get(f"/incident?run={run.id}&download=1")
    assert told.headers["content-type"].startswith("text/markdown") and "<script>" not in told.text()


def test_a_question_is_answered_where_it_stands_and_vanishes_in_a_second_tab(site: Site, signed: Open) -> None:
    first = site.brain.guard.ask(OperationStart(name="deploy api", actor=BOT))
    second = site.brain.guard.ask(OperationStart(name="drop table", actor=BOT))
    page = signed("/approvals", proven=True)
    other = signed("/approvals")
    expect(other.locator("#stream")).to_have_text("live")

    card = page.locator(f"#approval-{first.id}")
    card.get_by_placeholder("Why", exact=True).fill("it was planned")
    card.get_by_role("button", name="Approve").click()

    expect(page.locator("#said")).to_contain_text("Approved.")
    expect(card).to_have_count(0)
    expect(other.locator(f"#approval-{first.id}")).to_have_count(0, timeout=1_000)
    expect(other.locator(f"#approval-{second.id}")).to_be_visible()
    granted = site.brain.approvals.get(first.id)
    assert (granted.state, granted.decision_reason) == (ApprovalState.GRANTED, "it was planned")
    assert granted.decided_by is not None and granted.decided_by.id == "ines"


def test_questions_are_answered_by_the_keyboard_alone(site: Site, signed: Open) -> None:
    kept = site.brain.guard.ask(OperationStart(name="drop table", actor=BOT))
    page = signed("/approvals", proven=True)

    page.keyboard.press("j")
    page.keyboard.press("r")
    page.keyboard.type("not on a Friday")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Refused.")

    assert site.brain.approvals.get(kept.id).state is ApprovalState.REFUSED
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()


def test_who_did_not_show_lately_who_they_are_is_told_in_place_and_nothing_is_lost(site: Site, signed: Open) -> None:
    asked = site.brain.guard.ask(OperationStart(name="deploy api", actor=BOT))
    page = signed("/approvals", console=["403"])
    card = page.locator(f"#approval-{asked.id}")

    card.get_by_placeholder("Why", exact=True).fill("it was planned")
    card.get_by_role("button", name="Approve").click()

    expect(card.locator(".wrong")).to_be_visible()
    expect(card.get_by_role("link", name="Show that it is you")).to_be_visible()
    expect(card.get_by_placeholder("Why", exact=True)).to_have_value("it was planned")
    assert site.brain.approvals.get(asked.id).state is ApprovalState.PENDING


def test_nothing_is_done_by_looking_or_without_the_page_s_own_token(site: Site, signed: Open) -> None:
    asked = site.brain.guard.ask(OperationStart(name="deploy api", actor=BOT))
    page = signed("/approvals", proven=True)
    form: dict[str, str | float | bool] = {
        "approval_id": asked.id,
        "reason": "x",
        "_digest": asked.digest,
        "_csrf": "forged",
    }

    looked = page.request.get(f"/act/approvals.refuse?approval_id={asked.id}")
    forged = page.request.post("/act/approvals.refuse", form=form)
    unknown = page.request.post("/act/purge", form={"_csrf": "forged"})

    assert (looked.status, forged.status, unknown.status) == (405, 403, 404)
    assert site.brain.approvals.get(asked.id).state is ApprovalState.PENDING


def test_a_run_is_steered_on_its_page_and_each_act_says_what_undoes_it(furnished: Site, signed: Open) -> None:
    [waiting] = furnished.brain.runs.list(procedure="rotate-keys")
    page = signed(f"/runs/{waiting.id}")
    expect(page.locator("#step-hand-over-waiting")).to_have_attribute("open", "")

    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#said")).to_contain_text("It pauses.")
    page.locator("#said").get_by_role("button", name="Go on").click()
    expect(page.locator("#said")).to_contain_text("It goes on.")
    page.get_by_role("button", name="Take over").click()
    expect(page.locator("#said")).to_contain_text("It is yours.")
    page.get_by_role("button", name="It is done").click()
    expect(page.locator("#step-hand-over-waiting")).to_have_count(0)
    furnished.brain.runs.advance(waiting.id)  # as a worker does
    expect(page.locator("#run > p").first).to_contain_text("succeeded")

    assert furnished.brain.runs.get(waiting.id).state is RunState.SUCCEEDED


def test_a_run_that_failed_shows_why_in_the_list_and_is_retried_and_cancelled_with_what_is_taken_back(
    furnished: Site, signed: Open
) -> None:
    furnished.brain.limits.allow(["sh"])
    page = signed("/runs?state=failed")
    expect(page.locator("#rows")).to_contain_text("not among those that this namespace may run")
    page.locator("#rows a").click()

    page.get_by_role("button", name="Retry from here").click()
    expect(page.locator("#said")).to_contain_text("It goes on.")
    run_id = page.url.partition("?")[0].rpartition("/")[2]
    furnished.brain.runs.advance(run_id)

    expect(page.locator("#step-migrate-failed pre").first).to_contain_text("column total does not exist")
    assert furnished.brain.runs.get(run_id).state is RunState.FAILED


def test_a_page_goes_on_when_the_server_was_away_and_says_of_an_act_that_it_got_no_answer(
    site: Site, signed: Open
) -> None:
    asked = site.brain.guard.ask(OperationStart(name="drop table", actor=BOT))
    page = signed("/", console=["ERR_", "sse:error", "htmx:error"])
    expect(page.locator("#stream")).to_have_text("live")
    site.end()
    expect(page.locator("#stream")).to_contain_text("away")
    row = page.locator(f"#need-{asked.id}")
    row.get_by_placeholder("Why", exact=True).fill("it was planned")
    row.get_by_role("button", name="Approve").click()
    expect(row.locator("output").first).to_contain_text("the server does not answer")
    expect(row.get_by_placeholder("Why", exact=True)).to_have_value("it was planned")

    site.begin(site.port)
    expect(page.locator("#stream")).to_have_text("live", timeout=10_000)
    with site.brain.operation("deploy api", target="shop"):
        pass

    expect(page.locator("#tail")).to_contain_text("deploy api")


def test_what_somebody_opened_and_typed_stays_while_the_page_goes_on(site: Site, signed: Open) -> None:
    running = site.brain.begin("call payments", consult="never")
    running.fail("PoolTimeout: none was free")
    site.brain.flush()
    page = signed(f"/errors/{site.brain.operations.get(running.id).error_memory_id}")
    page.get_by_text("Write a fix", exact=True).click()
    line = page.get_by_label("What is done, in a line")
    line.fill("restart the po")
    line.blur()

    site.brain.fixes.attach("PoolTimeout: none was free", "make the pool larger", advice="by one")

    expect(page.locator("#newer")).to_have_text("1 new")
    expect(line).to_have_value("restart the po")
    line.fill("")
    page.locator("#newer").click()
    expect(page.locator("#fixes")).to_contain_text("make the pool larger")
    expect(line).to_be_visible()


def test_a_stretch_that_is_drawn_on_a_chart_is_the_page_s_time(furnished: Site, signed: Open) -> None:
    page = signed("/")
    over = page.locator("#chart-1 .u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 30, steps=4)
    page.mouse.up()

    page.wait_for_url(re.compile(r"since=\d{16}&until=\d{16}"))
    expect(page.locator("select[name=range]")).to_have_value("")
