"""Write the pictures of the dashboard in docs/images anew: light and dark, as a desk and as a telephone has it.

Whoever runs it looks at each of them. Takes Chromium (Debian: apt-get install chromium fonts-dejavu-core).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from brainops.brain import Brain
from brainops.types import Actor, ActorKind, ApprovalState, TerminalProof
from tests.dashboard.conftest import PHRASE, Site, prove
from tests.dashboard.world import furnish
from tests.server.test_alertmanager import PROCEDURE

IMAGES = Path(__file__).parent.parent / "docs" / "images"
PAGES = {"now": "/", "approvals": "/approvals", "run": "/runs/{run}", "incident": "/incident?alert=evening-2"}
KEPT = {  # the others are for looking at
    "now-light-1280",
    "approvals-light-360",
    "run-dark-1280",
    "incident-light-1280",
}


def pass_evening(site: Site) -> None:
    """Let an alert begin a run that a person lets go on and its end verifies, and come again."""
    brain = site.brain
    brain.establish({**PROCEDURE, "name": "grow-pool"})
    brain.guard.set_autonomy("auto", reason="as the team decided")
    monitor = Brain(site.engine, actor=Actor(kind=ActorKind.SERVICE, id="alertmanager", proof="key"))
    said = "PoolExhausted: no connection is free on db-1"
    for key, target in (("evening-1", "shop"), ("evening-2", "billing")):
        begun = monitor.handle(
            "alert.PoolExhausted", key=key, target=target, labels={"instance": "db-1"}, severity="page", error=said
        )
        run = brain.runs.advance(begun.answers[0].run_id or "")
        if key == "evening-1":
            [asked] = [each for each in brain.approvals.list(ApprovalState.PENDING) if each.run_id == run.id]
            proof = TerminalProof(approver="ines", passphrase=PHRASE)
            brain.approvals.grant(asked.id, reason="we need it", proof=proof)
            brain.runs.advance(run.id)
            monitor.handle("alert.PoolExhausted", key=key, target="shop", resolved=True)
            brain.runs.advance(run.id)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as store, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        site = Site(Path(store))
        furnish(site.engine, site.brain)
        pass_evening(site)
        failed = site.brain.runs.list(state="failed")[0].id
        for scheme in ("light", "dark"):
            for width in (1280, 360):
                context = browser.new_context(
                    base_url=site.address, color_scheme=scheme, viewport={"width": width, "height": 800}
                )
                page = context.new_page()
                page.goto(site.link())
                page.get_by_role("button", name="Sign in by this link").click()
                prove(page)
                for name, path in PAGES.items():
                    shown = f"{name}-{scheme}-{width}"
                    if folder == IMAGES and shown not in KEPT:
                        continue
                    page.goto(path.format(run=failed))
                    page.locator("#stream.live").wait_for()
                    page.screenshot(path=folder / f"{shown}.png", full_page=folder != IMAGES)
                context.close()
        browser.close()
        site.close()


if __name__ == "__main__":
    main()
