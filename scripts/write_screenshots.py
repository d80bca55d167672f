"""Write the pictures of the dashboard in docs/images anew: light and dark, as a desk and as a telephone has it.

Whoever runs it looks at each of them. Takes Chromium (Debian: apt-get install chromium fonts-dejavu-core).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.dashboard.conftest import Site, prove
from tests.dashboard.world import furnish

IMAGES = Path(__file__).parent.parent / "docs" / "images"
PAGES = {"now": "/", "approvals": "/approvals", "run": "/runs/{run}"}
KEPT = {"now-light-1280", "now-dark-1280", "approvals-light-360", "run-dark-1280"}  # the others are for looking at


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as store, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        site = Site(Path(store))
        furnish(site.engine, site.brain)
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
