"""One Chromium for all tests of the pages, and a server of a memory for each, which that browser is signed in at."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.procedures.consent import approvers
from brainops.server.app import application
from brainops.types import Actor, ActorKind

PHRASE = "seven quiet herons at dusk"
INES = Actor(kind=ActorKind.PERSON, id="ines", proof="os-user")
WAIT_MS = 20_000  # a machine may have much else to do


expect.set_options(timeout=WAIT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker have all of these tests, and with them one browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)


@pytest.fixture(scope="package")  # beyond that, the loop that it runs in would be in the way of other tests' own
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])


class Site:
    """A server of one memory in this process: `brain` is ines, who looks after it, `address` where it answers."""

    def __init__(self, folder: Path) -> None:
        self._opened = ExitStack()
        self.engine = self._opened.enter_context(
            Engine.open(folder / "memory.db", namespace="team/a", read=[], model="none", background=False)
        )
        self.brain = Brain(self.engine, actor=INES)
        self.brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
        self.begin(0)

    def begin(self, port: int) -> None:
        """Answer, on a port."""
        self.closed = asyncio.Event()
        app = application(self.engine, hosts={"127.0.0.1"}, open_to_this_machine=True, closed=self.closed)
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="on")
        config.timeout_graceful_shutdown = 2
        self.server = uvicorn.Server(config)
        self.server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        listening = config.bind_socket()
        self.port = listening.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

        def run() -> None:
            self.loop = asyncio.new_event_loop()
            self.loop.run_until_complete(self.server.serve(sockets=[listening]))
            self.loop.close()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def end(self) -> None:
        """Answer no more; what is stored stays."""
        self.loop.call_soon_threadsafe(self.closed.set)
        self.server.should_exit = True
        self.thread.join(10)

    def close(self) -> None:
        self.end()
        self._opened.close()

    def link(self, name: str = "ines") -> str:
        """Return a link by which somebody signs in."""
        return self.brain.people.link(name, self.address)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


Open = Callable[..., Page]


@pytest.fixture
def signed(chromium: Browser, site: Site) -> Iterator[Open]:
    """Return what opens a page in a browser where somebody is signed in; what the console says fails the test."""
    said: list[str] = []
    expected: list[str] = []
    contexts: dict[str, BrowserContext] = {}

    def opened(
        path: str = "/", *, name: str = "ines", proven: bool = False, console: Iterable[str] = (), **options: Any
    ) -> Page:
        expected.extend(console)
        if name not in contexts:
            context = contexts[name] = chromium.new_context(base_url=site.address, **options)
            context.set_default_timeout(WAIT_MS)
            context.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
            context.on("weberror", lambda error: said.append(str(error.error)))
            page = context.new_page()
            page.goto(site.link(name))
            with page.expect_navigation():
                page.get_by_role("button", name="Sign in by this link").click()
            if proven:
                prove(page)
        else:
            page = contexts[name].new_page()
        page.goto(path)
        return page

    yield opened
    for context in contexts.values():
        context.close()
    assert [each for each in said if not any(known in each for known in expected)] == []


def prove(page: Page) -> None:
    """Show on the page of signing in who it is."""
    page.goto("/sign-in")
    page.get_by_label("Passphrase or key").fill(PHRASE)
    with page.expect_navigation():
        page.get_by_role("button", name="Show that it is you").click()


def secret_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["link"][0]
