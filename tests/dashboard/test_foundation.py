"""Does every page hold to what all pages promise: signed in, strict, live, and nothing of elsewhere?"""

from __future__ import annotations

import hashlib
import re

from playwright.sync_api import expect

from brainops.dashboard.assets import STATIC, assets, vendored
from tests.dashboard.conftest import Open, Site


def test_what_is_from_elsewhere_is_what_was_fetched() -> None:
    found = {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in vendored()}

    assert found == {name: said["sha256"] for name, said in vendored().items()}
    assert {each["licence"] for each in vendored().values()} == {"0BSD", "MIT"}


def test_all_that_a_page_loads_is_small() -> None:
    assert sum(len(each.packed) for each in assets().values()) < 60_000


def test_a_change_is_on_screen_within_a_second(signed: Open, site: Site) -> None:
    page = signed("/")
    expect(page.locator("#stream")).to_have_text("live")

    with site.brain.operation("deploy api", target="shop"):
        pass

    expect(page.locator("#tail")).to_contain_text("deploy api", timeout=1_000)


def test_who_is_not_signed_in_comes_to_sign_in_and_back(signed: Open, site: Site) -> None:
    page = signed("/?range=7d", name="ines")
    page.context.clear_cookies()
    page.goto("/?range=7d")
    assert re.search(r"/sign-in\?next=/%3Frange%3D7d$", page.url)
