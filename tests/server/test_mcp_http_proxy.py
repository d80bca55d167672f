"""Does the proxy in front of a server over HTTP guard its tools, and is it that server to the byte in all else?"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import uvicorn
from click.testing import CliRunner
from mcp.server.mcpserver import MCPServer
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.cli.program import main
from brainops.errors import InvalidInput
from brainops.mcp.http_proxy import HttpProxy
from brainops.mcp.proxy import Guarding
from brainops.net import Origin, origin_of
from brainops.types import Actor, ActorKind, Failed, Rule, RuleKind, RuleMode
from tests.server.talking import talking, text_of

MARTA = Actor(kind=ActorKind.PERSON, id="marta")
ERROR = "DeployError: the lock file of release 7 is missing"
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "coder", "version": "1"},
}
OF_A_HOP = {"connection", "transfer-encoding", "content-length", "date", "keep-alive"}


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(
        tmp_path / "memory.db", namespace="team/a", read=(), model="none", actor=MARTA, background=False
    ) as opened:
        yield opened


class Upstream(BaseHTTPRequestHandler):
    """A server that answers as it was told to, and keeps what it was asked."""

    protocol_version = "HTTP/1.1"
    answers: ClassVar[list[tuple[int, dict[str, str], list[bytes]]]] = []
    asked: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []
    gone: ClassVar[threading.Event] = threading.Event()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        status, headers, parts = self.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        chunked = "Content-Length" not in headers
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in parts:
            if part == b"WAIT":
                self.connection.settimeout(20)
                if self.connection.recv(1) == b"":
                    self.gone.set()
                return
            if part == b"END":
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = do_DELETE = answer


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def upstream() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.daemon_threads = True
    Upstream.answers.clear()
    Upstream.asked.clear()
    Upstream.gone.clear()
    with running(server) as port:
        yield port


@contextmanager
def in_front_of(port: int, brain: Brain | None) -> Iterator[int]:
    with running(
        HttpProxy(("127.0.0.1", 0), Origin("http", "127.0.0.1", port), Guarding(lambda: brain, "releases"))
    ) as at:
        yield at


@pytest.fixture
def proxy(upstream: int, brain: Brain) -> Iterator[int]:
    with in_front_of(upstream, brain) as port:
        yield port


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        with connection.getresponse() as response:
            shown = sorted((name, value) for name, value in response.getheaders() if name.lower() not in OF_A_HOP)
            return response.status, shown, response.read()


def call(number: object, tool: str, **params: Any) -> bytes:
    said = {"name": tool, "arguments": {"release": 7}, **params}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": said}).encode()


def result(number: object, text: str, *, failed: bool) -> bytes:
    head = f'{{"jsonrpc": "2.0", "id": {json.dumps(number)}, "result": {{"isError": {json.dumps(failed)}, '
    return f'{head}"content": [ {{"text":{json.dumps(text)}, "type":"text"}} ], "x": 1.0}}}}'.encode()


def as_json(body: bytes, **headers: str) -> tuple[int, dict[str, str], list[bytes]]:
    return 200, {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}, [body]


def as_stream(*events: bytes) -> tuple[int, dict[str, str], list[bytes]]:
    return 200, {"Content-Type": "text/event-stream"}, list(events)


def hold(brain: Brain, *operations: str) -> None:
    rule = Rule(id="", namespace="", name="people decide", kind=RuleKind.APPROVAL, operations=operations)
    brain.guard.add(replace(rule, mode=RuleMode.ASK))
    brain.guard.set_enforcement("strict", reason="we mean it")


def test_random_exchanges_are_the_bare_servers_to_the_byte(upstream: int, proxy: int) -> None:
    by = random.Random(9)
    odd = [
        b"data: {}\r\n\r\n",
        b": a comment\n\n",
        b"event: x\ndata: a\ndata: b\nid: 7\n\n",
        b"data: " + b"y" * 150_000,
    ]
    for number in range(120):
        body = by.choice([call(1, "deploy"), call(1, "look", _meta=MODERN), b"not json \xff", b"", b'{"id": 1}'])
        good = result(1, "done" * by.choice([1, 40_000]), failed=by.random() < 0.3)
        parts = by.choices([*odd, b"data: " + good + b"\n\n"], k=by.randrange(4))
        cut = by.randrange(1, 90_000)
        split = [piece for each in parts for piece in (each[:cut], each[cut:]) if piece]
        answer = by.choice(
            [
                as_json(good, **{"Mcp-Session-Id": "s1", "Set-Cookie": "a=b"}),
                as_stream(*split),
                (404, {"Content-Type": "text/plain", "Content-Length": "2"}, [b"no"]),
                (202, {"Content-Length": "0"}, []),
                (401, {"WWW-Authenticate": 'Bearer resource_metadata="x"', "Content-Length": "0"}, []),
            ]
        )
        method, path = by.choice([("POST", "/mcp?x=%20a"), ("POST", "/mcp"), ("GET", "/other"), ("DELETE", "/mcp")])
        told = {"Authorization": "Bearer t", "Mcp_Session_Id": "s1", "Accept": "application/json, text/event-stream"}
        Upstream.answers[:] = [answer, answer]

        bare = ask(upstream, method, path, body, **told)
        through = ask(proxy, method, path, body, **told)

        assert through == bare, number
        one, other = Upstream.asked[-2:]
        for each in (one, other):
            each[2].pop("accept-encoding", None)
            each[2].pop("host")
        assert one == other, number


@pytest.mark.parametrize("meta", [{}, MODERN])
def test_what_the_guard_does_not_let_pass_never_reaches_the_server(
    brain: Brain, proxy: int, meta: dict[str, Any]
) -> None:
    hold(brain, "drop*")

    status, _, said = ask(proxy, "POST", "/mcp", call("a", "drop_table", _meta=meta))
    batch, _, problem = ask(proxy, "POST", "/mcp", b"[" + call(7, "drop_table") + b"]")

    refused = json.loads(said)
    assert status == 200 and refused["id"] == "a" and refused["result"]["isError"]
    assert ("resultType" in refused["result"]) == bool(meta)
    assert "The way out: brainops approvals ask drop_table --target releases" in refused["result"]["content"][0]["text"]
    assert batch == 400 and "send each call alone" in json.loads(problem)["error"]["message"]
    assert Upstream.asked == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_failed_is_an_error_of_its_agent_and_its_known_fix_goes_with_it(
    brain: Brain, proxy: int, stream: bool
) -> None:
    first = result(2, ERROR, failed=True)
    progress = b'event: message\r\ndata: {"method": "notifications/progress"}\r\n\r\n'
    answer = as_stream(progress, b"id: 4\nevent: message\ndata: " + first + b"\n\n") if stream else as_json(first)
    begun = as_json(b'{"id": 1, "result": {}}', **{"Mcp-Session-Id": "s1"})
    Upstream.answers[:] = [begun, answer, answer]
    hello = {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "coder"}}}
    ask(proxy, "POST", "/mcp", json.dumps(hello).encode())
    unknown = ask(proxy, "POST", "/mcp", call(2, "deploy"), Mcp_Session_Id="s1")
    brain.flush()
    (memory,) = [each.memory for each in brain.match(ERROR)]
    brain.fixes.attach(ERROR, "make the lock", advice="make the lock file with touch .ready")

    _, _, helped = ask(proxy, "POST", "/mcp", call(2, "deploy"), Mcp_Session_Id="s1")

    assert first in unknown[2] and memory.source.actor == Actor(kind=ActorKind.AGENT, id="coder")
    if stream:
        assert helped.startswith(progress + b"id: 4\nevent: message\ndata: {") and helped.endswith(b"}\n\n")
        helped = helped.partition(b"4\nevent: message\ndata: ")[2]
    content = json.loads(helped)["result"]["content"]
    assert content[0] == {"type": "text", "text": ERROR} and "touch .ready" in content[1]["text"]
    brain.flush()
    assert [type(each.outcome) for each in brain.operations.list(target="releases")] == [Failed, Failed]


def test_a_client_that_hangs_up_cancels_its_call(brain: Brain, proxy: int) -> None:
    Upstream.answers[:] = [as_stream(b"WAIT")]
    connection = http.client.HTTPConnection("127.0.0.1", proxy, timeout=20)
    connection.request("POST", "/mcp", call(1, "deploy"))
    assert connection.getresponse().status == 200  # before anything was said

    sock = connection.sock
    if isinstance(sock, socket.socket):
        sock.shutdown(socket.SHUT_RDWR)
    connection.close()

    assert Upstream.gone.wait(15)
    brain.flush()
    assert [each for each in brain.operations.list() if each.outcome is not None] == []


def test_a_client_that_is_sent_elsewhere_stays_where_its_calls_are_looked_at(upstream: int, proxy: int) -> None:
    def sent(there: str) -> tuple[int, Any, bytes]:
        Upstream.answers[:] = [(307, {"Location": there, "Content-Length": "0"}, [])]
        return ask(proxy, "POST", "/mcp", call(1, "deploy"))

    for there in (f"http://127.0.0.1:{upstream}/mcp/?a=b", "/mcp/?a=b", "mcp/?a=b"):
        status, headers, _ = sent(there)
        assert status == 307 and ("Location", "/mcp/?a=b") in headers
    status, _, said = sent("https://elsewhere.example/mcp?key=not-to-be-shown")
    assert status == 502 and b"name that one" in said and b"not-to-be-shown" not in said


def test_an_answer_that_broke_off_is_not_a_whole_one_to_the_client(proxy: int) -> None:
    Upstream.answers[:] = [(200, {"Content-Type": "application/json", "Content-Length": "900"}, [b'{"id": 1,', b"END"])]

    with pytest.raises(http.client.IncompleteRead):
        ask(proxy, "POST", "/mcp", call(1, "deploy"))


def test_a_server_that_is_away_is_an_error_of_the_call(brain: Brain) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with in_front_of(port, brain) as proxy:
        status, _, said = ask(proxy, "POST", "/mcp", call(3, "deploy"))
        brain.flush()

        assert status == 502 and json.loads(said)["id"] == 3
        assert "127.0.0.1 could not be asked" in json.loads(said)["error"]["message"]
        assert [type(each.outcome) for each in brain.operations.list()] == [Failed]
        assert ask(proxy, "GET", "/mcp")[0] == 502


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Host": "[::1", "Origin": "http://[::1"}, 403),
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": "99999999999"}, 413),
    ],
)
def test_what_no_program_of_this_machine_would_ask_goes_nowhere(
    proxy: int, headers: dict[str, str], status: int
) -> None:
    assert ask(proxy, "POST", "/mcp", b"" if status == 413 else None, **headers)[0] == status
    assert Upstream.asked == []


def test_a_request_is_to_the_server_as_one_to_its_own_address(upstream: int, proxy: int) -> None:
    Upstream.answers[:] = [as_json(b"{}")]

    ask(proxy, "POST", "/mcp", b"{}", Host=f"localhost:{proxy}", Origin=f"http://localhost:{proxy}")

    headers = Upstream.asked[-1][2]
    assert headers["host"] == f"127.0.0.1:{upstream}" and headers["origin"] == f"http://127.0.0.1:{upstream}"


def test_a_proxy_is_reached_from_this_machine_alone_and_goes_on_without_memory(upstream: int) -> None:
    with pytest.raises(InvalidInput, match="this machine alone"):
        HttpProxy(("0.0.0.0", 0), origin_of("http://x"), Guarding(lambda: None, "x"))
    with in_front_of(upstream, None) as proxy:
        Upstream.answers[:] = [as_json(b"{}")]
        assert ask(proxy, "POST", "/mcp", call(1, "deploy"))[2] == b"{}"


@pytest.fixture
def official() -> Iterator[int]:
    """Run a server of the official library with one tool that fails."""
    server = MCPServer("releases")

    @server.tool()
    def deploy(release: int) -> str:
        if release == 7:
            raise RuntimeError(ERROR)
        return f"release {release} is out"

    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(server.streamable_http_app(), log_level="error", lifespan="on")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        yield int(listening.getsockname()[1])
        running.should_exit = True
        thread.join()


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_official_client_talks_to_the_official_server_as_without_it(brain: Brain, official: int, mode: str) -> None:
    with in_front_of(official, brain) as port, talking(f"http://127.0.0.1:{port}/mcp", mode) as talk:
        listed = [each.name for each in talk.ask("list_tools").tools]
        good = text_of(talk.say("deploy", release=8))
        failed = talk.say("deploy", release=7)
        brain.flush()
        hold(brain, "deploy")
        held = talk.refused("deploy", release=9)

    assert listed == ["deploy"] and good == "release 8 is out" and failed.is_error
    assert "BrainOps did not let this call pass" in held
    assert {type(each.outcome).__name__ for each in brain.operations.list(name="deploy")} == {"Succeeded", "Failed"}


def test_the_command_stands_in_front_of_an_address_until_it_is_stopped(
    upstream: int, brain: Brain, tmp_path: Path
) -> None:
    hold(brain, "drop*")
    url = f"http://127.0.0.1:{upstream}/mcp?key=not-to-be-shown"
    named = ["--store", str(tmp_path / "memory.db"), "--namespace", "team/a", "--listen", "127.0.0.1:0"]
    program = subprocess.Popen(
        [sys.executable, "-c", "from brainops.cli import main; main()", "mcp-proxy", *named, url],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BRAINOPS_HOME": str(tmp_path)},
    )
    with program:
        assert program.stderr is not None
        said = program.stderr.readline()
        port = int(said.rpartition(":")[2].partition("/")[0])
        Upstream.answers[:] = [as_json(b'{"id": 1}')]
        status, _, refused = ask(port, "POST", "/mcp", call(1, "drop_table"))
        passed = ask(port, "POST", "/mcp?key=x", b'{"id": 1}')
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0

    assert said == f"127.0.0.1 is guarded at http://127.0.0.1:{port}/mcp\n"
    assert status == 200 and b"approvals ask drop_table --target 127.0.0.1" in refused
    assert passed[2] == b'{"id": 1}'


@pytest.mark.parametrize("listen", ["8644", "127.0.0.1:x", "127.0.0.1:70000", "0.0.0.0:8644", "203.0.113.1:8644"])
def test_a_place_where_nothing_can_listen_is_an_error_that_names_the_way_out(tmp_path: Path, listen: str) -> None:
    Brain.open(tmp_path / "memory.db", namespace="team/a", model="none", background=False).close()
    arguments = ["mcp-proxy", "--store", str(tmp_path / "memory.db"), "--listen", listen, "http://127.0.0.1:1/mcp"]

    said = CliRunner().invoke(main, arguments)

    assert said.exit_code == 1 and ("127.0.0.1" in said.output or "--listen" in said.output)


def test_an_option_behind_the_address_is_no_command() -> None:
    said = CliRunner().invoke(main, ["mcp-proxy", "http://127.0.0.1:1/mcp", "--listen", "127.0.0.1:0"])

    assert said.exit_code == 2 and "before the address" in said.output
