"""A model on loopback that asks for the tool calls of a script and then says a sentence; what it was sent is kept.

It speaks as much of Anthropic's Messages and OpenAI's Responses as Claude Code and Codex need to run offline. What the
model was sent is the only honest answer to whether a hook's words reached it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Script = Callable[[Sequence[str]], str | None]
"""Which command is run next, by what the calls so far answered; None where the work is done."""


class StubModel:
    """What the model does next, and all that it was sent."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[dict[str, Any]] = []
        self.port = 0

    @property
    def sent(self) -> str:
        """Everything that the model was sent, as one text."""
        return (
            json.dumps(self.requests, ensure_ascii=False).replace('\\"', '"').replace('\\\\"', '"').replace("\\n", "\n")
        )

    def answers(self) -> list[str]:
        """What the calls of tools answered, in the last request."""
        return _answers(self.requests[-1]) if self.requests else []


def in_turn(*commands: str) -> Script:
    """Return the script that runs these commands, whatever they answer."""
    return lambda answers: commands[len(answers)] if len(answers) < len(commands) else None


@contextmanager
def serving(script: Script) -> Iterator[StubModel]:
    """Serve a model that follows a script."""
    model = StubModel(script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            self.send(b'{"data":[],"models":[]}', "application/json")

        def do_HEAD(self) -> None:
            self.send(b"", "application/json")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            if "count_tokens" in self.path:
                return self.send(b'{"input_tokens":1}', "application/json")
            command = None
            if body.get("tools"):
                model.requests.append(body)
                command = model.script(_answers(body))
            events = _responses(command, body) if "responses" in self.path else _messages(command, body)
            text = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)
            return self.send(text.encode(), "text/event-stream")

        def send(self, data: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        model.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield model
        finally:
            server.shutdown()
            thread.join()


def _answers(body: dict[str, Any]) -> list[str]:
    """Return what the calls of tools answered so far, by either protocol."""
    found = [str(item.get("output")) for item in body.get("input", ()) if item.get("type") == "function_call_output"]
    for message in body.get("messages", ()):
        parts = message["content"] if isinstance(message["content"], list) else []
        found += [_text(part.get("content")) for part in parts if part.get("type") == "tool_result"]
    return found


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content or ())


def _messages(command: str | None, body: dict[str, Any]) -> list[dict[str, Any]]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    if command is None:
        block: dict[str, Any] = {"type": "text", "text": ""}
        delta, stop = {"type": "text_delta", "text": "All done."}, "end_turn"
    else:
        block = {"type": "tool_use", "id": f"toolu_{len(_answers(body))}", "name": "Bash", "input": {}}
        asked = json.dumps({"command": command, "description": "a step"})
        delta, stop = {"type": "input_json_delta", "partial_json": asked}, "tool_use"
    about = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    return [
        {"type": "message_start", "message": {**about, "stop_reason": None, "stop_sequence": None}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]


def _responses(command: str | None, body: dict[str, Any]) -> list[dict[str, Any]]:
    number = len(_answers(body))
    if command is None:
        text = {"type": "output_text", "text": "All done."}
        item: dict[str, Any] = {"type": "message", "id": "msg_1", "role": "assistant", "content": [text]}
    else:
        asked = {"name": "exec_command", "arguments": json.dumps({"cmd": command})}
        item = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", **asked}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    details = {"input_tokens_details": None, "output_tokens_details": None}
    return [
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.output_item.done", "item": item},
        {"type": "response.completed", "response": {"id": "resp_1", "usage": {**usage, **details}}},
    ]
