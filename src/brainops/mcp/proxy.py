"""How does any MCP server get the guard in front of its tools, and stay, to the byte, the server that it is?

Lines are passed on as they come, in their order, whatever stands in them and in whichever revision of the protocol.
Only calls of tools are read: one that the guard does not let pass is answered in the server's place, and to the result
of one that failed what is known to help is added. No library of the protocol stands between: it would write them anew.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from brainops.errors import BrainOpsError
from brainops.integrations.tool_calls import ToolCalls, refusal
from brainops.types import Enforcement

CHUNK_BYTES = 65_536
STREAMED_BYTES = 65_536  # from which on a line goes on before its end is there; nothing is added to such a one
READ_BYTES = 16_000_000  # of a line in which an answer is looked for; how a call with a longer one ended is not known
MOST_PENDING = 10_000  # calls that were not answered; the oldest beyond them is let go
ENDED_SECONDS = 0.5  # after which it is looked whether a server that says nothing is still there
FORWARDED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
INFO = "io.modelcontextprotocol/clientInfo"
REVISION = "io.modelcontextprotocol/protocolVersion"


class _Answer(Struct):
    id: Any = UNSET
    method: Any = UNSET
    result: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET


class _Result(Struct, rename="camel"):
    is_error: bool = False
    content: list[dict[str, Any]] | UnsetType = UNSET
    result_type: str = "complete"


class Guarding:
    """What is made of the lines of one conversation: the calls in it, each begun and ended."""

    def __init__(self, opens: Callable[[], Any], server: str) -> None:
        """`opens` gives the memory, or None where this goes on without; `server` is the target of calls."""
        self._opens = opens
        self._server = server
        self._agent = ""
        self._calls: dict[str, ToolCalls] = {}
        self._pending: dict[str, tuple[ToolCalls, Any]] = {}
        self._lock = threading.Lock()

    @property
    def agent(self) -> str:
        """Who asks, as it said when it began; "" where it did not."""
        return self._agent

    def beside(self, agent: str) -> Guarding:
        """Return what looks at another conversation with the same server, which an agent began elsewhere."""
        other = Guarding(self._opens, self._server)
        other._agent, other._calls = agent, self._calls
        return other

    def end(self) -> None:
        """Take back the calls that nobody answers any more."""
        with self._lock:
            left, self._pending = self._pending, {}
        for calls, running in left.values():
            calls.discard(running)

    def asked(self, line: bytes) -> bytes | None:
        """Look at a client's line; return what answers it in the server's place, None where it goes on.

        In a strict memory no line goes on that a server may read as something else: one that holds several messages,
        names a member twice, or is no JSON at all.
        """
        said = _message(line)
        if not isinstance(said, dict):
            return self._unread(said) if line.strip() else None
        params = _members(said, "params")
        match said.get("method"):
            case "initialize":
                self._agent = _named(params.get("clientInfo"))
            case "notifications/cancelled":
                self._let_go(params.get("requestId"))
            case "tools/call":
                return self._call(said, params)
        return None

    def _unread(self, said: Any) -> bytes | None:
        members = [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
        if members and not any(each.get("method") == "tools/call" for each in members):
            return None
        with suppress(BrainOpsError):  # what cannot be asked is held to be strict
            calls = self._calls_of(self._agent)
            if calls is None or calls.brain.guard.settings().enforcement is not Enforcement.STRICT:
                return None
        if not members:
            return problem(None, -32700, "BrainOps finds no single message in this line: send one, in UTF-8")
        why = "BrainOps lets no tool be called in a batch: send each call alone"
        return b"".join(problem(each["id"], -32600, why) for each in members if "id" in each)

    def _call(self, said: dict[str, Any], params: dict[str, Any]) -> bytes | None:
        meta = _members(params, "_meta")
        try:
            calls = self._calls_of(_named(meta.get(INFO)) or self._agent)
            if calls is None:
                return None
            running = calls.begin(str(params.get("name", "")), params.get("arguments") or {}, target=self._server)
        except BrainOpsError as error:
            result: dict[str, Any] = {"content": [{"type": "text", "text": refusal(error)}], "isError": True}
            if REVISION in meta:
                result["resultType"] = "complete"
            answer = {"jsonrpc": "2.0", "id": said.get("id"), "result": result}
            return json.dumps(answer).encode() + b"\n" if "id" in said else b""
        if running is not None and "id" in said:
            with self._lock:
                key = _key(said["id"])
                forgotten = [self._pending.pop(key)] if key in self._pending else []
                self._pending[key] = calls, running
                if len(self._pending) > MOST_PENDING:
                    forgotten.append(self._pending.pop(next(iter(self._pending))))
            for each, old in forgotten:
                each.discard(old)
        return None

    def _calls_of(self, agent: str) -> ToolCalls | None:
        if agent not in self._calls:
            brain = self._opens()
            if brain is None:
                return None
            self._calls[agent] = ToolCalls(brain, agent=agent or "mcp-client")
        return self._calls[agent]

    @property
    def waits(self) -> bool:
        """Whether a call is not answered yet: else no line of the server is looked at."""
        return bool(self._pending)

    def answered(self, line: bytes) -> bytes:
        """Look at a server's line, end the call that it answers, and return what goes on in its place."""
        found = _answer(line)
        if found is None or found.id is UNSET or found.method is not UNSET:
            return line
        with self._lock:
            calls, running = self._pending.pop(_key(found.id), (None, None))
        if calls is None or running is None:
            return line
        if isinstance(found.error, Raw):
            calls.fail(running, _error(found.error))
            return line
        result = _decoded(bytes(found.result), _Result) if isinstance(found.result, Raw) else None
        if result is None or result.content is UNSET or result.result_type != "complete":
            calls.discard(running)  # a round that asks for more, or a task that goes on: nothing has ended
        elif not result.is_error:
            calls.succeed(running)
        elif help_ := calls.fail(running, _text(result.content) or f"{running.start.name} failed without a word"):
            return _with_item(line, help_)
        return line

    def _let_go(self, request_id: object) -> None:
        with self._lock, suppress(TypeError, ValueError):
            calls, running = self._pending.pop(_key(request_id), (None, None))
            if calls is not None:
                calls.discard(running)


def _key(request_id: object) -> str:
    """Return a request's id as one text: a number is the same one however it is written."""
    whole = isinstance(request_id, float) and request_id.is_integer()
    return json.dumps(int(request_id) if whole else request_id)  # type: ignore[call-overload]


def problem(request_id: object, code: int, message: str) -> bytes:
    answer = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}
    return json.dumps(answer).encode() + b"\n"


def _message(line: bytes) -> Any:
    """Return the one message that every reader finds in a line, None where there is none."""
    whole = line.removesuffix(b"\n").removesuffix(b"\r")
    with suppress(ValueError, RecursionError):
        return None if b"\r" in whole else json.loads(whole.decode(errors="replace"), object_pairs_hook=_once)
    return None


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a name stands twice")
    return found


def _members(said: dict[str, Any], name: str) -> dict[str, Any]:
    members = said.get(name)
    return members if isinstance(members, dict) else {}


def _named(client: object) -> str:
    name = client.get("name") if isinstance(client, dict) else None
    return name if isinstance(name, str) else ""


def _read(line: bytes) -> Any:
    """Return what stands in a line; of what is JSON only by a wider reading (lone surrogates, NaN) that."""
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        with suppress(ValueError, RecursionError):
            return json.loads(line.decode(errors="replace"))
    return None


def _answer(line: bytes) -> _Answer | None:
    found: _Answer | None = _decoded(line, _Answer)
    if found is None and isinstance(said := _read(line), dict):
        written = {name: Raw(_wider(said[name])) for name in ("result", "error") if name in said}
        found = _Answer(id=said.get("id", UNSET), method=said.get("method", UNSET), **written)
    return found


def _wider(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _decoded(line: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None


def _error(error: Raw) -> str:
    said = _read(bytes(error))
    if not isinstance(said, dict):
        return str(said)
    return f"{said.get('message', '')} (code {said.get('code')})"


def _text(content: list[dict[str, Any]]) -> str:
    return "\n".join(each["text"] for each in content if isinstance(each.get("text"), str))


def _with_item(line: bytes, text: str) -> bytes:
    """Return a result with one more item of content; every other value in it as its server wrote it."""
    message = _decoded(line, dict[str, Raw])
    result = message and _decoded(bytes(message["result"]), dict[str, Raw])
    if not result:  # what is JSON only by a wider reading goes on as it is
        return line
    content = bytes(result["content"]).strip()[1:-1].strip()
    item = msgspec.json.encode({"type": "text", "text": text})
    result["content"] = Raw(b"[" + content + (b"," if content else b"") + item + b"]")
    message["result"] = Raw(_object(result))
    return _object(message) + line[len(line.rstrip()) :]


def _object(members: Mapping[str, Raw]) -> bytes:
    return b"{" + b",".join(msgspec.json.encode(name) + b":" + bytes(value) for name, value in members.items()) + b"}"


# The pipes


def proxy_stdio(arguments: Sequence[str], guarding: Guarding) -> int:
    """Stand between this process's standard input and output and those of a server; return the server's exit code.

    Raises OSError where it cannot be started. Its standard error is ours, and signals reach it. It ends when its input
    does: when the client closes that, or this process is gone, however it went.
    """
    server = subprocess.Popen(list(arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    for number in FORWARDED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: server.send_signal(number))
    ours = Ours()
    threading.Thread(target=_to_server, args=(server.stdin, guarding, ours), daemon=True).start()
    _to_client(server, server.stdout.fileno(), guarding, ours)
    code = server.wait()
    return 128 - code if code < 0 else code


class Ours:
    """Our standard output, on which nothing stands inside a line of the server. Once nobody reads it, it swallows."""

    def __init__(self) -> None:
        self.line = threading.Lock()
        self._gone = False

    def write(self, written: bytes | bytearray | memoryview) -> None:
        """Write, while the `line` is held."""
        if not self._gone:
            try:
                _write(1, written)
            except OSError:
                self._gone = True


def _to_server(stdin: IO[bytes], guarding: Guarding, ours: Ours) -> None:
    """Pass on what the client writes, each line once the guard has let it, and close when the client does."""
    with suppress(OSError), stdin:
        for line in _lines(0):
            answer = guarding.asked(line)
            if answer is None:
                _write(stdin.fileno(), line)
            elif answer:
                with ours.line:
                    ours.write(answer)


def _lines(descriptor: int) -> Iterator[bytes]:
    """Yield whole lines, and what stands after the last one."""
    parts: list[bytes] = []
    while chunk := os.read(descriptor, CHUNK_BYTES):
        *whole, rest = chunk.split(b"\n")
        for each in whole:
            yield b"".join((*parts, each, b"\n"))
            parts.clear()
        parts.append(rest)
    if last := b"".join(parts):
        yield last


def _to_client(server: subprocess.Popen[bytes], descriptor: int, guarding: Guarding, ours: Ours) -> None:
    """Pass on what the server writes, until it has ended, though others that it began may hold its output open."""
    line = ServerLine(guarding, ours)
    while True:
        if not select.select([descriptor], [], [], ENDED_SECONDS)[0]:
            if server.poll() is not None:
                break
        elif chunk := os.read(descriptor, CHUNK_BYTES):
            *whole, rest = chunk.split(b"\n")
            for each in whole:
                line.add(each + b"\n")
                line.end()
            line.add(rest)
        else:
            break
    line.end()


class ServerLine:
    """The line that a server is writing. A long one goes on before its end is there, and holds the others up."""

    def __init__(self, guarding: Guarding, ours: Ours) -> None:
        self._guarding = guarding
        self._ours = ours
        self._kept = bytearray()
        self._streams = False

    def add(self, part: bytes) -> None:
        """Take in what comes next of it."""
        if len(self._kept) <= READ_BYTES:
            self._kept += part
        if self._streams:
            self._ours.write(part)
        elif len(self._kept) > STREAMED_BYTES:
            self._ours.line.acquire()
            self._streams = True
            self._ours.write(self._kept)

    def end(self) -> None:
        """Let it go on as the guard has it, or look at what went on already."""
        line, self._kept = bytes(self._kept), bytearray()
        if self._streams:
            self._streams = False
            self._ours.line.release()
            if self._guarding.waits and len(line) <= READ_BYTES:
                self._guarding.answered(line)
        elif line:
            line = self._guarding.answered(line) if self._guarding.waits else line
            with self._ours.line:
                self._ours.write(line)


def _write(descriptor: int, written: bytes | bytearray | memoryview) -> None:
    with memoryview(written) as left:
        at = 0
        while at < len(left):
            at += os.write(descriptor, left[at:])
