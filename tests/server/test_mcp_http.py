"""Is the memory an MCP server over HTTP too, to whoever shows a key, and each request by itself?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitResult, Implementation

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.mcp.tools import TOOLS
from brainops.remote.verbs import verbs
from brainops.server import mcp as edge
from brainops.server.app import application
from brainops.types import Actor, ActorKind, KeyProof, Role
from tests.server.asking import Asking, asking
from tests.server.talking import talking

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="terminal")
CALLS = {
    "recall": "retrieve",
    "remember": "capture",
    "consult": "operations.begin",
    "correct": "feedback",
    "report_error": "handle",
    "report_outcome": "operations.finish",
    "procedure_list": "procedures.active",
    "procedure_start": "execute",
    "procedure_step": "runs.complete",
    "request_approval": "guard.ask",
    "session_start": "sessions.open",
    "status": "upkeep.status",
}
STATUS = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "status", "arguments": {}}}
ACCEPTS = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(tmp_path / "memory.db", namespace="team/a", read=[], model="none", background=False) as opened:
        yield opened


@pytest.fixture
def person(engine: Engine) -> Brain:
    return Brain(engine, actor=MARTA)


def app_of(engine: Engine) -> Any:
    return application(engine, hosts={"127.0.0.1"}, open_to_this_machine=False, closed=asyncio.Event())


@pytest.fixture
def keyed(engine: Engine) -> Iterator[Asking]:
    with asking(app_of(engine)) as client:
        yield client


@asynccontextmanager
async def reaching(apps: list[Any], key: str, **headers: str) -> AsyncIterator[Any]:
    """Send each request to the next of several servers, as what balances their load does."""
    transports = [httpx2.ASGITransport(app=app) for app in apps]

    class Balanced(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            transports.append(transports.pop(0))
            return await transports[-1].handle_async_request(request)

    said = {"authorization": f"Bearer {key}", **headers}
    async with (
        httpx2.AsyncClient(transport=Balanced(), headers=said) as http,
        streamable_http_client("http://127.0.0.1:8321/mcp", http_client=http) as streams,
    ):
        yield streams


@pytest.mark.parametrize(("mode", "revision"), [("legacy", "2025-11-25"), ("auto", "2026-07-28")])
def test_a_conversation_goes_over_two_servers_of_one_memory_in_both_revisions(
    engine: Engine, person: Brain, mode: str, revision: str
) -> None:
    key = person.keys.issue("coder").secret

    with talking(reaching([app_of(engine), app_of(engine)], key), mode) as talk:
        session = talk.good("session_start", agent="coder")["session_id"]
        kept = talk.good("remember", title="The gateway is drained first", session=session)
        found = talk.good("recall", query="drain the gateway")["items"]
        begun = talk.good("consult", name="restart gateway", target="production", session=session)
        ended = talk.good("report_outcome", operation_id=begun["id"], session=session)
        (read,) = talk.ask("read_resource", f"brainops://memory/{kept['id']}").contents
        assert len(talk.ask("list_tools").tools) == len(TOOLS)
        assert talk.client.protocol_version == revision

    assert found[0]["memory"]["id"] == kept["id"]
    assert "drained first" in read.text
    assert not ended["failed"]
    source = person.get(kept["id"]).source
    assert (source.actor, source.session_id) == (Actor(kind=ActorKind.AGENT, id="coder", proof="key"), session)


def test_a_key_says_where_it_writes_and_who_acts_with_it_is_an_agent(engine: Engine, person: Brain) -> None:
    key = person.keys.issue("ops", namespace="team/b", kind="service", role="admin").secret

    with talking(reaching([app_of(engine)], key)) as talk:
        kept = talk.good("remember", title="Said by a model")

    theirs = Brain(engine, actor=MARTA, namespace="team/b")
    assert theirs.get(kept["id"]).source.actor == Actor(kind=ActorKind.AGENT, id="ops", proof="key")
    assert person.newest() == []


def test_a_reader_reads_and_is_told_who_gives_more(engine: Engine, person: Brain) -> None:
    key = person.keys.issue("reader", role="reader").secret

    with talking(reaching([app_of(engine)], key)) as talk:
        assert talk.good("recall")["items"] == []
        told = talk.refused("remember", title="x")

    assert told.startswith("RoleDenied: reader is a reader, and this is for the role writer")
    assert "brainops keys issue NAME" in told


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_whoever_shows_a_key_does_not_answer_for_a_person(engine: Engine, person: Brain, mode: str) -> None:
    key = person.keys.issue("coder").secret
    mine = person.approvals.approvers.enrol("marta").key
    assert mine is not None
    person.approvals.approvers.accept_clients(["coder"], proof=KeyProof(key=mine))
    shown: list[str] = []

    async def answers(_: Any, params: Any) -> ElicitResult:
        shown.append(params.message)
        return ElicitResult(action="accept", content={"person": "marta"})

    options = {"elicitation_callback": answers, "client_info": Implementation(name="coder", version="1")}
    with talking(reaching([app_of(engine)], key), mode, **options) as talk:
        approval = talk.good("request_approval", name="drop table", reason="it is empty")

    assert (approval["state"], shown) == ("pending", [])


def test_each_tool_takes_the_role_of_the_verb_that_it_calls() -> None:
    table = verbs()

    for name, tool in TOOLS.items():
        assert table[CALLS[name]].role is (Role.READER if tool.reads else Role.WRITER), name


def test_nobody_is_answered_without_a_key_or_from_another_page(keyed: Asking, person: Brain) -> None:
    key = {"authorization": f"Bearer {person.keys.issue('coder').secret}", **ACCEPTS}

    unknown = keyed.send("POST", "/mcp", json=STATUS, headers=ACCEPTS)
    elsewhere = keyed.send("POST", "/mcp", json=STATUS, headers={**key, "origin": "http://evil.test"})
    rebound = keyed.send("POST", "/mcp", json=STATUS, headers={**key, "host": "evil.test"})
    stream = keyed.get("/mcp", headers=key)
    good = keyed.send("POST", "/mcp", json=STATUS, headers=key)

    assert (unknown.status_code, unknown.headers["www-authenticate"]) == (401, "Bearer")
    assert (elsewhere.status_code, rebound.status_code) == (403, 421)
    assert (stream.status_code, stream.headers["allow"]) == (405, "POST")
    assert good.status_code == 200 and '"isError":false' in good.text.replace(" ", "")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\x00\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "\\ud800"}}', 400),
        (b" " * 10_000_001, 413),
    ],
)
def test_what_is_no_message_is_refused(keyed: Asking, person: Brain, body: bytes, status: int) -> None:
    headers = {"authorization": f"Bearer {person.keys.issue('coder').secret}", "content-type": "application/json"}

    for revision in ("2025-11-25", "2026-07-28"):
        answer = keyed.send(
            "POST", "/mcp", content=body, headers={**headers, **ACCEPTS, "mcp-protocol-version": revision}
        )
        assert answer.status_code == status, answer.text


def test_a_huge_text_with_what_no_database_holds_is_kept_without_it(engine: Engine, person: Brain) -> None:
    key = person.keys.issue("coder").secret

    with talking(reaching([app_of(engine)], key)) as talk:
        kept = talk.good("remember", title="a\x00b", content="word " * 20_000)

    assert person.get(kept["id"]).title == "a\ufffdb"


def test_a_message_that_does_not_come_in_whole_is_let_go(
    engine: Engine, person: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "BODY_SECONDS", 0.01)
    key = person.keys.issue("coder").secret

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    with asking(app_of(engine)) as client:
        answer = client.send("POST", "/mcp", content=slow(), headers={"authorization": f"Bearer {key}", **ACCEPTS})

    assert answer.status_code == 408
