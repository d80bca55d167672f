"""Does each page answer its question, quote what is stored, and let do what somebody may, and no more?"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from brainops.brain import Brain
from brainops.dashboard.acts import ACTS
from brainops.dashboard.html import environment
from brainops.dashboard.pages import PAGES
from brainops.engine import Engine
from brainops.remote.verbs import verbs
from brainops.server.app import application
from brainops.types import Actor, ActorKind, OperationStart, TerminalProof
from tests.dashboard.conftest import PHRASE, Open, Site, secret_of
from tests.server.asking import Asking, asking

ADDRESS = "http://127.0.0.1:8321"
INES = Actor(kind=ActorKind.PERSON, id="ines", proof="os-user")
BOT = Actor(kind=ActorKind.AGENT, id="bot")
PROOF = TerminalProof(approver="ines", passphrase=PHRASE)
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe\u202c\x07 [a](javascript:alert(3)) مرحبا 🎉"
)
POOL = "PoolTimeout: none was free"

Client = Callable[..., Any]


class Visitor:
    """Somebody who is signed in at the pages: what they get, and what comes of what they do there."""

    def __init__(self, client: Client, brain: Brain, name: str) -> None:
        self._client = client
        link = secret_of(brain.people.link(name, ADDRESS))
        answer = self.send("POST", "/sign-in/link", {"link": link})
        self._cookie = {"cookie": "; ".join(each.partition(";")[0] for each in answer.headers.get_list("set-cookie"))}

    def get(self, path: str, **query: str) -> str:
        answer = self._client("GET", path, params=query or None, headers=self._cookie)
        assert answer.status_code == 200, answer.text
        assert "unsafe" not in answer.headers.get("content-security-policy", "none")
        return str(answer.text)

    def refused(self, path: str, **query: str) -> tuple[int, str]:
        answer = self._client("GET", path, params=query or None, headers=self._cookie)
        return answer.status_code, answer.text

    def act(self, verb: str, **fields: str) -> tuple[int, str]:
        """Do what a form of the page does."""
        csrf = self._client("GET", "/sign-in/who", headers=self._cookie).json()["csrf"]
        told = {"_csrf": csrf, "_namespace": "team/a", **fields}
        answer = self.send("POST", f"/act/{verb}", told, {**self._cookie, "hx-request": "true"})
        return answer.status_code, answer.text

    def send(self, method: str, path: str, form: Mapping[str, str], headers: Mapping[str, str] = {}) -> Any:
        named = {"content-type": "application/x-www-form-urlencoded", **headers}
        return self._client(method, path, content=urlencode(form), headers=named)


class Memory:
    """A memory with pages: `ines` looks after it, `ada` reads it."""

    def __init__(self, engine: Engine, client: Client) -> None:
        self.brain = Brain(engine, actor=INES)
        self.brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
        self.brain.people.add("ada", email="ada@example.org", proof=PROOF)
        self.brain.people.grant("ada", "reader", "team/a", proof=PROOF)
        self.ines = Visitor(client, self.brain, "ines")
        self.ada = Visitor(client, self.brain, "ada")

    def fail(self, error: str, name: str = "call payments") -> str:
        """Let an operation end in an error, and return the memory of it."""
        running = self.brain.begin(name, target="api", consult="never")
        running.fail(error)
        self.brain.flush()
        found = self.brain.operations.get(running.id).error_memory_id
        assert found is not None
        return found


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Engine.open(tmp_path / "m.db", namespace="team/a", read=[], model="none", background=False) as engine:
        app = application(engine, hosts={"127.0.0.1"}, open_to_this_machine=True, closed=asyncio.Event())
        # in a thread of its own: the browser of other tests has a loop that runs in this one
        with ThreadPoolExecutor(1) as thread:
            lent = asking(app)
            client = thread.submit(lent.__enter__).result()
            yield Memory(engine, partial(_sent, thread, client))
            thread.submit(lent.__exit__, None, None, None).result()


def _sent(thread: ThreadPoolExecutor, client: Asking, method: str, path: str, **request: Any) -> Any:
    return thread.submit(partial(client.send, method, path, **request)).result()


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def verbs(self) -> set[str]:
        """Return the verbs that its forms call."""
        actions = [attrs.get("action") or "" for tag, attrs in self.found if tag == "form"]
        return {action.removeprefix("/act/") for action in actions if action.startswith("/act/")}


def filled(memory: Memory) -> dict[str, str]:
    """Put something hostile into everything that pages show, and return their addresses."""
    brain = memory.brain
    kept = brain.capture(f"note {HOSTILE}", {"deep": HOSTILE}, tags=["tag"], trust="external").id
    newer = brain.supersede(kept, brain.draft(f"newer {HOSTILE}", f"one\n{HOSTILE}")).id
    brain.feedback(newer, "helpful", note=HOSTILE)
    error = memory.fail(f"GatewayError: {HOSTILE}", f"call {HOSTILE[:60]}")
    fix = brain.fixes.attach(f"GatewayError: {HOSTILE}", f"fix {HOSTILE}", advice=HOSTILE)
    brain.fixes.record(fix.id, helped=True, note=HOSTILE)
    brain.agents.register("coder", adapter="command", settings={"run": ["true"]}, description=HOSTILE)
    at = datetime.now(UTC).isoformat()
    brain.signals.ingest([json.dumps({"time": at, "level": "error", "service": HOSTILE[:80], "message": HOSTILE})])
    brain.signals.ingest([json.dumps({"metric": "cpu", "value": 1, "time": time.time(), "pod": HOSTILE[:80]})])
    brain.keys.issue("ci", proof=PROOF)
    given = {"/memories/{memory_id:str}": newer, "/errors/{memory_id:str}": error}
    return {page.title: re.sub(r"\{.*\}", given.get(page.path, ""), page.path) for page in MINE}


MINE = [page for page in PAGES if page.template.partition(".")[0] in (
    "search", "memory", "errors", "error", "agents", "learning", "signals", "health", "audit", "access"
)]  # fmt: skip


def test_no_page_obeys_what_is_stored_and_each_shows_what_hides(memory: Memory) -> None:
    addresses = filled(memory)
    assert len(addresses) == 10

    for title, address in addresses.items():
        page = memory.ines.get(address)
        found = Elements(page)
        scripts = [attrs for tag, attrs in found.found if tag == "script"]
        assert all((attrs.get("src") or "").startswith("/static/") for attrs in scripts), title
        handlers = [(tag, name) for tag, attrs in found.found for name in attrs if name.startswith("on")]
        assert handlers == [] and not any(tag == "img" for tag, _ in found.found), title
        assert not any((attrs.get("href") or "").startswith("javascript") for _, attrs in found.found), title
        assert "\u202e" not in page and "\x07" not in page and not any("style" in attrs for _, attrs in found.found)
        if title in ("Search", "Memory", "Errors", "Error", "Agents", "Logs and metrics"):
            assert "alert(1)" in found.text and "[U+202E]" in found.text, title
    for part in ("given", "results"):
        assert "<script>" not in memory.ines.get("/search", query="newer", part=part)
    assert "alert(1)" in memory.ines.get("/search", query="newer", part="given")


def test_an_empty_page_says_what_would_fill_it_and_by_which_command(memory: Memory) -> None:
    for path in ("/search", "/errors", "/agents", "/learning", "/signals"):
        assert re.search(r'class="empty">\s*<p>[^<]+</p>\s*<p><code>(brainops|curl) ', memory.ines.get(path)), path


def test_who_reads_sees_no_act_and_may_do_none(memory: Memory) -> None:
    addresses = filled(memory)

    for title, address in addresses.items():
        if title != "Keys and people":
            assert Elements(memory.ada.get(address)).verbs() == set(), title
        assert Elements(memory.ines.get(address)).verbs() <= set(ACTS), title
    note = memory.brain.newest(limit=1)[0].id
    for verb, fields in {
        "feedback": {"memory_id": note, "verdict": "wrong"},
        "archive": {"memory_id": note},
        "keys.revoke": {"name": "ci"},
        "people.grant": {"name": "ada", "role": "admin", "path": "team/a"},
        "upkeep.doctor": {},
    }.items():
        status, said = memory.ada.act(verb, **fields)
        assert status == 403 and "ada is a reader" in said, verb
    assert memory.brain.history(note).verdicts == ()


def test_who_reads_sees_a_question_and_no_button_to_answer_it(memory: Memory) -> None:
    memory.brain.guard.ask(OperationStart(name="deploy api", actor=BOT), reason="out of hours")

    for path in ("/", "/approvals"):
        assert Elements(memory.ines.get(path)).verbs() == {"approvals.grant", "approvals.refuse"}
        assert "deploy api" in memory.ada.get(path) and Elements(memory.ada.get(path)).verbs() == set()


def test_a_filter_stays_when_the_bar_chooses_another_time(memory: Memory) -> None:
    bar = Elements(memory.ines.get("/errors", state="new", range="1h")).found
    hidden = {attrs["name"]: attrs["value"] for tag, attrs in bar if tag == "input" and attrs.get("type") == "hidden"}
    assert {"state": "new"}.items() <= hidden.items() and not hidden.keys() & {"range", "namespace", "after"}


def test_a_procedure_is_drawn_with_how_its_steps_went(memory: Memory) -> None:
    steps = [{"id": "look", "uses": "manual", "text": "look"}, {"id": "mend", "uses": "manual", "needs": ["look"]}]
    memory.brain.procedures.save({"name": "mend-it", "steps": steps})
    memory.brain.procedures.activate("mend-it")

    page = memory.ines.get("/procedures/mend-it")

    assert "<title>The steps of mend-it</title>" in page and "mend after look" in page


def test_who_reads_sees_neither_keys_nor_people_nor_any_part_of_them(memory: Memory) -> None:
    memory.brain.keys.issue("ci", proof=PROOF)
    for part in ("", "main", "keys", "people"):
        assert memory.ines.get("/access", part=part) != ""
        status, said = memory.ada.refused("/access", part=part)
        assert status == 403 and "for the role admin" in said and "ada@example.org" not in said and ">ci" not in said
    assert "/access" not in memory.ada.get("/")


def test_a_part_of_every_page_is_there_and_an_unknown_one_is_not(memory: Memory) -> None:
    for path in ("/", "/search", "/access"):
        assert "needs you (0)" in memory.ines.get(path, part="bar"), path
        assert memory.ines.refused(path, part="nothing")[0] == 404, path


def test_a_page_without_its_sign_in_does_nothing(memory: Memory) -> None:
    note = memory.brain.capture("kept").id
    key = memory.brain.keys.issue("ci", role="writer", proof=PROOF).secret
    for shown in ({}, {"authorization": f"Bearer {key}"}):
        answer = memory.ines.send("POST", "/act/archive", {"memory_id": note, "_namespace": "team/a"}, shown)
        assert answer.status_code == 401 and "sign in" in answer.text
    assert [each.act for each in memory.brain.history(note).acts if each.act == "archive"] == []


def test_every_act_of_a_page_is_a_verb_that_writes_and_so_is_what_undoes_it() -> None:
    for name, act in ACTS.items():
        assert verbs()[name].writes, name
        if act.undo:
            assert act.undo in ACTS, name
            fields = {each.partition("=")[0] for each in act.takes} | set(act.gives)
            assert verbs()[act.undo].needs <= fields <= verbs()[act.undo].keywords, name


def test_a_verdict_counts_at_once_and_its_undo_takes_it_back(memory: Memory) -> None:
    note = memory.brain.capture("drain the node", "before the deploy").id

    status, said = memory.ines.act("feedback", memory_id=note, verdict="wrong")
    assert status == 200 and 'action="/act/undo_feedback"' in said
    (given,) = memory.brain.history(note).verdicts
    assert f'name="feedback_id" value="{given.id}"' in said and memory.brain.get(note).feedback == -1
    assert memory.ines.act("undo_feedback", feedback_id=given.id)[0] == 200
    assert memory.brain.get(note).feedback == 0
    status, said = memory.ines.act("undo_feedback", feedback_id=given.id)

    assert status in (404, 409) and 'class="wrong"' in said


def test_search_says_why_what_it_counts_and_which_filter_keeps_all_out(memory: Memory) -> None:
    brain = memory.brain
    for number in range(3):
        brain.capture(f"widen the pool {number}", "it was too small", tags=["pool"])
    brain.capture("the pool was chosen", "for speed", type="decision_record")
    memory.fail(POOL)

    page = memory.ines.get("/search", query="pool")
    narrowed = memory.ines.get("/search", query="pool", type="decision_record")
    none = Elements(memory.ines.get("/search", query="pool", type="automation_rule", tag="pool"))
    same = Elements(memory.ines.get("/search", query=POOL))
    given = Elements(memory.ines.get("/search", query="pool", part="given"))

    assert "shares pool" in page and re.search(r"learning_insight <small>3</small>", page)
    assert "the pool was chosen" in narrowed and "widen the pool 1" not in narrowed
    assert "Without type: 3 would." in " ".join(none.text.split())
    assert "this very error is known" in same.text
    assert "widen the pool 1" in given.text and "tokens" in given.text
    assert "widen the pool" not in memory.ines.get("/search", query="pool", as_of="2020-01-01")
    status, said = memory.ines.refused("/search", as_of="yesterday")
    assert status == 422 and "2026-11-30" in said


def test_what_is_searched_as_typed_stands_in_the_address_with_its_results(signed: Open, site: Site) -> None:
    site.brain.capture("widen the pool", "it was too small")
    site.brain.capture("of another kind", "else")
    page = signed("/search")

    page.locator("#query").press_sequentially("pool")

    expect(page.locator("#results .rows li")).to_have_count(1)
    assert page.url.endswith("/search?query=pool")
    expect(page.locator("#query")).to_be_focused()


def test_what_does_not_fit_is_named_with_what_it_would_take(memory: Memory) -> None:
    for number in range(12):
        memory.brain.capture(f"pool at length {number}", f"{number} " + "word " * 190)

    page = " ".join(Elements(memory.ines.get("/search", query="pool", part="given")).text.split())

    assert re.search(r"Left out: 2 pool at length \d+ takes about 24\d tokens", page)


def test_a_memory_shows_its_versions_as_a_difference(memory: Memory) -> None:
    old = memory.brain.capture("the port", "it is 80\nit is open").id
    new = memory.brain.supersede(old, memory.brain.draft("the port", "it is 8080\nit is open")).id

    page = memory.ines.get(f"/memories/{new}")

    assert "<del>- it is 80</del>" in page and "<ins>+ it is 8080</ins>" in page and "<span>  it is open</span>" in page
    assert memory.ines.refused("/memories/nothing")[0] == 404


def test_versions_of_thousands_of_other_lines_are_shown_all_the_same(memory: Memory) -> None:
    first, second = ("\n".join(f"line {number} is {word}" for number in range(3_000)) for word in ("one", "another"))
    old = memory.brain.capture("the list", first).id
    new = memory.brain.supersede(old, memory.brain.draft("the list", second)).id

    assert "<ins>+ line 7 is another</ins>" in memory.ada.get(f"/memories/{new}")


def test_what_a_script_reads_is_whole_however_long_and_only_shows() -> None:
    said = {"operations": ["x" * 19_000, "y" * 19_000, "<b>&'"], "unit": "\u202egnp"}

    made = environment().from_string('<i data-chart="{{ chart | data }}"></i>').render(chart=said)

    assert json.loads(unescape(made.split('"')[1])) == {**said, "unit": "[U+202E]gnp"}


def test_an_error_says_how_it_stands_and_its_surest_fix_first(memory: Memory) -> None:
    brain, error = memory.brain, memory.fail(POOL)
    brain.fixes.attach(POOL, "restart it", advice="restart it")
    sure = brain.fixes.attach(POOL, "widen it", advice="widen it")
    for _ in range(4):
        brain.fixes.record(sure.id, helped=True)

    listed = " ".join(Elements(memory.ines.get("/errors")).text.split())
    page = Elements(memory.ines.get(f"/errors/{error}")).text

    assert re.search(r"widen it, at least 0\.\d\d \(4 of 4\)", listed) and "mended 1" in listed
    assert page.index("widen it") < page.index("restart it")
    assert "PoolTimeout" not in memory.ines.get("/errors", state="quiet")
    status, said = memory.ines.act("fixes.attach", error=brain.get(error).fingerprint or "", title="a", advice="b")
    assert status == 200 and "/act/fixes.detach" in said
    assert [each.fix.title for each in brain.fixes.suggest(POOL)][-1] == "a"
    assert memory.ines.refused(f"/errors/{brain.capture('no error', 'x').id}")[0] == 404


def test_what_came_of_an_operation_that_is_only_counted_hides_no_error(memory: Memory) -> None:
    from brainops.store.operations import GrowthPolicy

    memory.brain.upkeep.set_growth(GrowthPolicy(failures_per_fingerprint=1))
    error = memory.fail(POOL)
    for _ in range(2):
        memory.brain.begin("call payments", target="api", consult="never").fail(POOL)
    memory.brain.flush()
    assert len(memory.brain.operations.list()) == 1

    page = Elements(memory.ines.get(f"/errors/{error}")).text

    assert "3 times" in page and "Where it came" in page


def test_the_trail_is_filtered_and_exported_whole(memory: Memory) -> None:
    for number in range(60):
        memory.brain.archive(memory.brain.capture(f"n {number}", "x").id)

    first = memory.ines.get("/audit", act="archived")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    lines = memory.ines.get("/audit.jsonl", act="archived").splitlines()

    assert len(re.findall("data-row", first)) == 50 and following is not None
    assert len(re.findall("data-row", memory.ines.get(following[1].replace("&amp;", "&")))) == 10
    assert len(lines) == 60 and {json.loads(line)["act"] for line in lines} == {"archived"}
    assert "archived" not in memory.ines.get("/audit", by="nobody", part="rows")


def test_checks_answer_in_their_place(memory: Memory) -> None:
    status, said = memory.ines.act("upkeep.doctor")

    assert status == 200 and said.count("passes") >= 3 and "fails" not in said


def test_a_chosen_span_is_held_against_what_points_where(memory: Memory) -> None:
    now = memory.brain.upkeep.status()["now"]
    memory.fail(POOL)

    page = memory.ines.get("/signals", since=str(now - 60_000_000), until=str(now + 60_000_000))

    assert "What points where" in page and "api" in page
