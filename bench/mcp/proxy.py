"""What does the proxy add to a call of a tool, beside the bare server? The median, and for results of a megabyte.

The same server answers both ways, over pipes and over HTTP, call by call in turn; what is waited for is measured, since
a client waits for it.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from bench.figures import Figure
from bench.part import fresh, options, publish, say
from brainops import Brain

AT_MOST_MS = 5.0
AT_MOST_SHARE = 1.1
SERVER = """\
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    text = "x" * asked["params"]["arguments"]["size"]
    result = {"content": [{"type": "text", "text": text}]}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}))
    sys.stdout.write("\\n")
    sys.stdout.flush()
"""


OVER_HTTP = """\
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Tool(BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm, wbufsize = "HTTP/1.1", True, -1
    def log_message(self, *_): pass
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        result = {"content": [{"type": "text", "text": "x" * asked["params"]["arguments"]["size"]}]}
        answer = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
server = ThreadingHTTPServer(("127.0.0.1", 0), Tool)
server.daemon_threads = True
print(f"at http://127.0.0.1:{server.server_address[1]}/mcp", flush=True)
server.serve_forever()
"""


class HttpServer:
    """A server, asked over one connection; the first line that it `tells` ends with where it is."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], *, tells: str) -> None:
        pipes: dict[str, Any] = {tells: subprocess.PIPE}
        self.process = subprocess.Popen(command, env=environment, text=True, **pipes)
        said = getattr(self.process, tells).readline()
        self.url = said.split()[-1]
        self._connection = http.client.HTTPConnection("127.0.0.1", int(self.url.split(":")[2].partition("/")[0]))

    def call(self, number: int, size: int) -> float:
        """Return how many milliseconds a call took."""
        began = time.perf_counter()
        self._connection.request("POST", "/mcp", asked(number, size))
        answer = self._connection.getresponse().read()
        took = (time.perf_counter() - began) * 1e3
        assert len(answer) > size
        return took

    def close(self) -> None:
        """End it."""
        self._connection.close()
        self.process.terminate()
        self.process.communicate()


def asked(number: int, size: int) -> bytes:
    """Return a call of a tool."""
    params = {"name": "look_up", "arguments": {"size": size, "number": number}}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).encode()


class Server:
    """A server, asked over its pipes."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def call(self, number: int, size: int) -> float:
        """Return how many milliseconds a call took."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None
        line = asked(number, size) + b"\n"
        began = time.perf_counter()
        stdin.write(line)
        stdin.flush()
        answer = stdout.readline()
        took = (time.perf_counter() - began) * 1e3
        assert len(answer) > size
        return took

    def close(self) -> None:
        """End it as a client does."""
        self.process.communicate()


def main() -> None:
    given = options()
    store = fresh(given, "mcp-proxy")
    Brain.open(store, model="none", background=False).close()
    environment = {"PATH": os.environ["PATH"], "HOME": str(given.work), "LANG": "C.UTF-8"}
    bare = (sys.executable, "-c", SERVER)
    through = (sys.executable, "-c", "from brainops.cli import main; main()", "mcp-proxy", "--store", str(store))
    figures = []
    pipes = [Server(bare, environment), Server((*through, "--", *bare), environment)]
    figures += compared(pipes, "the proxy", quick=given.quick)
    server = HttpServer((sys.executable, "-c", OVER_HTTP), environment, tells="stdout")
    proxy = HttpServer((*through, "--listen", "127.0.0.1:0", server.url), environment, tells="stderr")
    figures += compared([server, proxy], "the proxy over HTTP", quick=given.quick)
    publish(figures, quick=given.quick)


def compared(servers: Sequence[Server | HttpServer], what: str, *, quick: bool) -> list[Figure]:
    """Ask the bare server and the one behind the proxy in turn, and return what the proxy costs."""
    figures = []
    for name, size, calls in (
        ("small", 10, 60 if quick else 400),
        ("1 MB", 1_000_000, 10 if quick else 60),
    ):
        say(f"{what}: {calls} calls with a {name} result, in turn")
        took: list[list[float]] = [[], []]
        for number in range(-2, calls):
            for server, list_ in zip(servers, took, strict=True):
                milliseconds = server.call(number + 10, size)
                if number >= 0:
                    list_.append(milliseconds)
        mine, theirs = (statistics.median(each) for each in reversed(took))
        beside = {"proxy_p50_ms": round(mine, 3), "bare_p50_ms": round(theirs, 3)}
        if size == 10:
            figures.append(
                Figure(
                    name=f"{what} adds to a call, p50",
                    value=mine - theirs,
                    unit="ms",
                    n=calls,
                    at_most=AT_MOST_MS,
                    beside=beside,
                )
            )
        else:
            figures.append(
                Figure(
                    name=f"a 1 MB result by {what} over the bare server, p50",
                    value=mine / theirs,
                    n=calls,
                    at_most=AT_MOST_SHARE,
                    beside=beside,
                )
            )
    for server in servers:
        server.close()
    return figures


if __name__ == "__main__":
    main()
