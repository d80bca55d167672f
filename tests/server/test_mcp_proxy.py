"""Does the proxy guard another server's tools, and is it that server to the byte in all else?"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.mcp.proxy import Guarding
from brainops.types import Actor, ActorKind, Rule, RuleKind, RuleMode

MAIN = "from brainops.cli import main; main()"
MARTA = Actor(kind=ActorKind.PERSON, id="marta")
ERROR = "DeployError: the lock file of release 7 is missing"
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "coder", "version": "1"},
}

# Answers each line by what stands in it, in ways that no writer of JSON would choose; ends with 7 and a word.
SERVER = r"""
import random, sys
for line in sys.stdin.buffer:
    by = random.Random(line)
    for _ in range(by.randrange(3)):
        sys.stdout.buffer.write(by.choice([
            b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0e3,"x":1E400}}\n',
            b' {"method" : "notifications/unknown", "method": "twice", "params": {"\\u00e9": "\xc3\xa9"}}  \r\n',
            b'\n', b'not json \xff\xfe\n', b'[1, 2]\n', b'"\\ud800"\n',
            b'{"id": 1, "method": "sampling/createMessage"}\n',
        ]))
    number = by.randrange(40)
    result = by.choice([
        b'{"content":[{"type":"text","text":"ok","_meta":{"n":12345678901234567890123}}],  "isError" : false}',
        b'{"content":[{"type":"text","text":"%s"}],"structuredContent":{"a":1.50}}' % (b"x" * by.choice([9, 70_000])),
        b'{"content":[],"isError":true}', b'{"resultType":"input_required","inputRequests":{}}',
        b'{"task":{"taskId":"a"}}',
        b'{"content":[{"type":"text","text":"\\ud83d"}],"isError":true}', b'{"content":"odd","isError":"yes"}', b'null',
    ])
    sys.stdout.buffer.write(b'{"jsonrpc":"2.0","id": %d ,"result":%s,"unknown":[ ]}\n' % (number, result))
    sys.stdout.buffer.flush()
sys.stdout.buffer.write(b'{"no": "end of line"')
sys.stderr.write("the server's own words\n")
sys.stdout.flush()
sys.exit(7)
"""


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(
        tmp_path / "memory.db", namespace="team/a", read=(), model="none", actor=MARTA, background=False
    ) as opened:
        yield opened


@pytest.fixture
def guarding(brain: Brain) -> Guarding:
    return Guarding(lambda: brain, "releases")


def written(**message: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


def call(number: object, tool: str, **params: Any) -> bytes:
    return written(id=number, method="tools/call", params={"name": tool, "arguments": {"release": 7}, **params})


def answer(number: object, text: str, *, failed: bool) -> bytes:
    head = f'{{"jsonrpc": "2.0", "id": {json.dumps(number)}, "result": {{"isError": {json.dumps(failed)}, '
    return f'{head}"content": [ {{"text":{json.dumps(text)}, "type":"text"}} ], "x": 1.0}}}}\r\n'.encode()


def hold(brain: Brain, *operations: str) -> None:
    rule = Rule(id="", namespace="", name="people decide", kind=RuleKind.APPROVAL, operations=operations)
    brain.guard.add(replace(rule, mode=RuleMode.ASK))
    brain.guard.set_enforcement("strict", reason="we mean it")


def said_of(answered: bytes | None) -> Any:
    assert answered
    return json.loads(answered)


def test_what_the_guard_does_not_let_pass_is_the_calls_result_with_the_way_out(
    brain: Brain, guarding: Guarding
) -> None:
    hold(brain, "drop*")

    refused = said_of(guarding.asked(call("a", "drop_table", _meta=MODERN)))
    escaped = said_of(guarding.asked(call(2, "drop_table").replace(b"tools/call", rb"tools\u002fcall")))
    surrogate = said_of(guarding.asked(call(3, "drop_table", arguments={"x": "\ud800"})))
    passed = guarding.asked(call(4, "look_up"))

    assert refused["id"] == "a" and refused["result"]["isError"] and refused["result"]["resultType"] == "complete"
    assert "The way out: brainops approvals ask drop_table --target releases" in refused["result"]["content"][0]["text"]
    assert escaped["result"]["isError"] and "resultType" not in escaped["result"]
    assert surrogate["id"] == 3
    assert passed is None


def test_a_call_that_failed_is_an_error_of_its_agent_and_its_known_fix_goes_with_it(
    brain: Brain, guarding: Guarding
) -> None:
    guarding.asked(written(id=1, method="initialize", params={"clientInfo": {"name": "coder"}}))
    guarding.asked(call(2, "deploy"))
    first = answer(2, ERROR, failed=True)
    unknown = guarding.answered(first)
    brain.flush()
    (memory,) = [each.memory for each in brain.match(ERROR)]
    brain.fixes.attach(ERROR, "make the lock", advice="make the lock file with touch .ready")

    guarding.asked(call(3, "deploy", _meta=MODERN))
    helped = guarding.answered(answer(3, ERROR, failed=True))

    assert unknown == first
    assert memory.source.actor == Actor(kind=ActorKind.AGENT, id="coder")
    content = json.loads(helped)["result"]["content"]
    assert content[0] == {"type": "text", "text": ERROR}
    assert content[1]["type"] == "text" and "make the lock file with touch .ready" in content[1]["text"]
    assert helped.endswith(b'],"x":1.0}}\r\n') and b'"jsonrpc":"2.0"' in helped


def test_how_each_call_ended_is_on_record_and_what_did_not_end_is_not(brain: Brain, guarding: Guarding) -> None:
    ends = {
        "good": answer(1, "ok", failed=False),
        "bad": written(id=1, error={"code": -32602, "message": "no such release"}),
        "asks": written(id=1, result={"resultType": "input_required", "inputRequests": {}}),
        "task": written(id=1, result={"task": {"taskId": "a"}}),
        "cancelled": b"",
    }
    for tool, end in ends.items():
        guarding.asked(call(1, tool))
        if end:
            assert guarding.answered(end) == end
        else:
            guarding.asked(written(method="notifications/cancelled", params={"requestId": 1}))
        assert not guarding.waits
    brain.flush()

    ended = {each.start.name: each.outcome for each in brain.operations.list()}
    assert {name: type(outcome).__name__ for name, outcome in ended.items()} == {"good": "Succeeded", "bad": "Failed"}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"[" * 100_000 + b"\n",
        b'{"method": "tools/call"}\n',
        b'{"method": "tools/call", "id": {}, "params": []}\n',
        b'{"method": "tools/call", "id": 1, "params": {"name": null, "arguments": 7, "_meta": 7}}\n',
        b'{"method": "tools/call", "id": 1, "params": {"name": "\\u0000", "arguments": {"\\ud800": "\\u0000"}}}\n',
        b'{"method": "tools/call", "id": 1, "params": {"name": "x", "arguments": {"a": "%s"}}}\n' % (b"y" * 1_000_000),
        b'{"method": "initialize", "params": {"clientInfo": {"name": {}}}}\n',
        b'{"method": "notifications/cancelled", "params": {"requestId": [NaN]}}\n',
    ],
)
def test_whatever_a_client_writes_goes_on(guarding: Guarding, line: bytes) -> None:
    assert guarding.asked(line) is None
    assert guarding.answered(line) == line


DROP = call(7, "drop_table").rstrip(b"\n")


@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\r' + DROP + b"\n",
        b"\xef\xbb\xbf" + DROP + b"\n",
        DROP.decode().encode("utf-16") + b"\n",
        DROP + b" " + DROP + b"\n",
        DROP[:-1] + b', "method": "ping"}\n',
        DROP[:-1] + b', "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}\n",
        DROP[:-1] + b', "x": ' + b"9" * 5_000 + b"}\n",
        b"[" + DROP + b', {"jsonrpc": "2.0", "id": 8, "method": "ping"}]\n',
    ],
    ids="carriage-return bom utf-16 two twice deep digits batch".split(),
)
def test_a_call_that_the_guard_cannot_read_does_not_go_on_where_it_is_strict(
    brain: Brain, guarding: Guarding, line: bytes
) -> None:
    assert guarding.asked(line) is None
    hold(brain, "drop*")

    answered = guarding.asked(line)

    assert answered is not None
    problems = [json.loads(each)["error"] for each in answered.splitlines()]
    assert problems and all("send" in each["message"] for each in problems)
    assert guarding.asked(b'[{"jsonrpc": "2.0", "id": 8, "method": "ping"}]\n') is None
    assert guarding.asked(DROP.replace(b"drop_table", b"look_up") + b"\r\n") is None


def test_a_call_whose_id_another_takes_is_ended_and_a_number_is_one_however_it_is_written(
    brain: Brain, guarding: Guarding
) -> None:
    guarding.asked(call(1, "first"))
    guarding.asked(call(1.0, "second"))

    guarding.answered(answer(1, "done", failed=False))

    assert not guarding.waits
    brain.flush()
    assert [each.start.name for each in brain.operations.list()] == ["second"]


def test_a_memory_that_cannot_be_opened_stops_no_call() -> None:
    assert Guarding(lambda: None, "releases").asked(call(1, "deploy")) is None


# As a client starts it


def through(store: Path, *command: str, **options: Any) -> subprocess.Popen[bytes]:
    named = ["--store", str(store), "--namespace", "team/a"]
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, "mcp-proxy", *named, "--", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "BRAINOPS_HOME": str(store.parent)},
        **options,
    )


def lines_of_a_client(seed: int, count: int) -> bytes:
    by = random.Random(seed)
    make: list[Callable[[], bytes]] = [
        lambda: call(
            by.randrange(40), by.choice(["deploy", "look", "\x00"]), _meta=by.choice([{}, MODERN, {"x": [1.0]}])
        ),
        lambda: call(by.randrange(40), "deploy", arguments={"big": "y" * by.choice([9, 200_000])}),
        lambda: b'{"jsonrpc":"2.0", "method" :"unknown/method","id":%d,"params":{"a":1E2}} \n' % by.randrange(40),
        lambda: written(method="notifications/cancelled", params={"requestId": by.randrange(40)}),
        lambda: bytes(by.choices(range(11, 256), k=50)) + b"\n",
        lambda: b"\r\n",
    ]
    return b"".join(by.choice(make)() for _ in range(count)) + b'{"no": "end'


def test_random_conversations_are_the_bare_servers_to_the_byte(tmp_path: Path, brain: Brain) -> None:
    server = tmp_path / "a server.py"
    server.write_text(SERVER)
    given = lines_of_a_client(seed=7, count=300)

    bare = subprocess.run([sys.executable, str(server)], input=given, capture_output=True)
    with through(tmp_path / "memory.db", sys.executable, str(server)) as proxy:
        out, log = proxy.communicate(given, timeout=60)

    assert (out, log, proxy.returncode) == (bare.stdout, bare.stderr, bare.returncode)
    assert bare.returncode == 7 and len(bare.stdout) > 1_000_000
    assert len(brain.operations.list(limit=200)) > 20


HALF = """
import os, sys
print(os.getpid(), flush=True)
sys.stdout.write("x" * 300_000)
sys.stdout.flush()
for line in sys.stdin:
    sys.stdout.write(line)
    sys.stdout.flush()
"""


def test_a_long_line_goes_on_before_its_end_and_signals_reach_the_server(tmp_path: Path, brain: Brain) -> None:
    with through(tmp_path / "memory.db", sys.executable, "-c", HALF) as proxy:
        assert proxy.stdout is not None and proxy.stdin is not None
        pid = int(proxy.stdout.readline())
        begun = proxy.stdout.read(250_000)  # while its end waits for what we say next
        proxy.stdin.write(b"end\n")
        proxy.stdin.flush()
        rest = proxy.stdout.readline()
        proxy.send_signal(signal.SIGTERM)

        assert begun + rest == b"x" * 300_000 + b"end\n"
        assert proxy.wait(timeout=30) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_server_ends_with_a_proxy_that_is_killed(tmp_path: Path, brain: Brain) -> None:
    quiet = "import sys; print(flush=True); sys.stdin.read(); print('its client has gone', file=sys.stderr)"
    with through(tmp_path / "memory.db", sys.executable, "-c", quiet) as proxy:
        assert proxy.stdout is not None and proxy.stderr is not None
        proxy.stdout.readline()
        proxy.kill()

        assert proxy.stderr.read() == b"its client has gone\n"
