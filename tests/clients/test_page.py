"""Does the example page do what it shows, in a real browser, with a token and no key?"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from brainops.brain import Brain
from brainops.types import Actor, ActorKind
from scripts.write_client import SERVED, SOURCE
from tests.clients.test_js import FOLDER
from tests.clients.test_js import node as node
from tests.server.test_serve import served

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="terminal")


def test_the_server_hands_out_the_client_as_it_is() -> None:
    assert SERVED.read_bytes() == SOURCE.read_bytes(), "python scripts/write_client.py"


@contextmanager
def shop(node: Path, port: int, memory: str, key: str) -> Iterator[str]:
    """Run the page's own server; yield its address."""
    environment = {**os.environ, "PORT": str(port), "BRAINOPS_URL": memory, "BRAINOPS_KEY": key}
    command = [str(node / "bin" / "node"), "example/server.js"]
    process = subprocess.Popen(command, cwd=FOLDER, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.timeout(120)
@pytest.mark.xdist_group("browser")
def test_a_page_acts_with_memory_and_tells_its_errors_by_a_token(node: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = tmp_path / "memory.db"
    with Brain.open(store, namespace="team/a", read=[], model="none", actor=MARTA, background=False) as brain:
        brain.capture("Checkout fails when the cart is empty", "Look whether the cart is empty before checkout.")
        key = brain.keys.issue("shop").secret
    origin = f"http://127.0.0.1:{port}"

    with (
        served(store, "--keys", "--origin", origin) as (memory, _),
        shop(node, port, memory, key) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        shown: list[str] = []
        page.on("request", lambda request: shown.append(request.headers.get("authorization", "")))
        page.goto(address)
        expect(page.locator("#outcome")).to_have_text("ready")
        page.get_by_role("button", name="Pay").click()
        expect(page.locator("#outcome")).to_have_text("paid, and remembered")
        expect(page.locator("#guidance")).to_contain_text("cart is empty")
        for name in ("Break", "Reject"):
            with page.expect_response("**/v1/capture_error") as told:
                page.get_by_role("button", name=name).click()
            assert told.value.status == 200
        ask = "async (url) => (await fetch(url + '/v1/retrieve', {method: 'POST', body: '{}'})).status"
        assert page.evaluate(ask, memory) == 403  # without a token, a page of this origin is nobody
        browser.close()

    assert {each[:11] for each in shown if each} == {"Bearer bot_"} and key not in str(shown)
    with Brain.open(store, namespace="team/a", read=[], model="none", background=False) as brain:
        [operation] = brain.operations.list(name="checkout")
        assert operation.outcome is not None and operation.start.actor.proof == "token"
        assert brain.match("RangeError: the cart of this page is empty")[0].exact
        assert brain.match("TypeError: the quote of this page is no number")[0].exact
