"""Does one evening go as the first page of the docs tells it, from a real Alertmanager to the post-mortem?"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from brainops.types import RunState, TerminalProof
from tests.dashboard.conftest import PHRASE, Open, Site
from tests.server.test_alertmanager import PROCEDURE, alertmanager, tell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the Alertmanager is a package of Debian")

AT_ONCE_MS = 1_000


def test_an_evening_from_the_alert_to_the_post_mortem_and_the_fix_that_the_next_one_is_met_with(
    site: Site, signed: Open, tmp_path: Path
) -> None:
    site.brain.establish(PROCEDURE)
    site.brain.guard.set_autonomy("auto", reason="as the team decided")
    key = site.brain.keys.issue("alertmanager", proof=TerminalProof(approver="ines", passphrase=PHRASE)).secret
    page = signed("/", proven=True)
    expect(page.locator("#stream")).to_have_text("live")
    needs = page.locator("#needs")
    with alertmanager(tmp_path, site.address, key) as at:
        tell(at, "db-1")
        expect(needs).to_contain_text("PoolExhausted on shop")
        [run] = site.brain.runs.list()
        assert site.brain.runs.advance(run.id).state is RunState.WAITING  # as a worker does
        asked = needs.locator("[data-row]", has_text="May the pool be enlarged?")
        expect(asked).to_be_visible(timeout=AT_ONCE_MS)

        asked.get_by_placeholder("Why", exact=True).fill("we need it")
        asked.get_by_role("button", name="Approve").click()
        expect(page.locator("#said")).to_contain_text("Approved.")
        assert site.brain.runs.advance(run.id).steps[-1].waits_for == "resolved"

        tell(at, "db-1", ends=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        expect(needs).not_to_contain_text("PoolExhausted on shop")
        ended = site.brain.runs.advance(run.id)
        assert ended.state is RunState.SUCCEEDED
        assert ended.steps[-1].evidence == {
            "verified": True,
            "by": "resolved",
            "output": {"resolved": True, "alerts": 1},
        }

        page.goto("/incident")
        page.get_by_role("link", name="PoolExhausted on shop").click()
        expect(page.locator("#line")).to_contain_text("granted: we need it")
        with page.expect_download() as told:
            page.get_by_role("link", name="Post-mortem as Markdown").click()
        written = Path(told.value.path()).read_text(encoding="utf-8")
        happened = ["fires (page)", "asked: May the pool be enlarged?", "granted: we need it", "| resolved |"]
        assert written.startswith("# PoolExhausted on shop") and "| ines |" in written
        assert [written.index(each) for each in happened] == sorted(written.index(each) for each in happened)

        page.goto("/")
        tell(at, "db-1", service="billing")
        page.locator("#needs").get_by_role("link", name="PoolExhausted on billing").first.click()
        expect(page.locator("#helps")).to_contain_text("enlarge-pool")
