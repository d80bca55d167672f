"""What does the proxy add to a call of a tool, beside the bare server? The median, and for results of a megabyte.

The same server answers both ways, call by call in turn; what is waited for is measured, since a client waits for it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

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


class Server:
    """A server, asked over its pipes."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def call(self, number: int, size: int) -> float:
        """Return how many milliseconds a call took."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None
        params = {"name": "look_up", "arguments": {"size": size, "number": number}}
        line = json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).encode() + b"\n"
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
    through = (sys.executable, "-c", "from brainops.cli import main; main()", "mcp-proxy", "--store", str(store), "--")
    servers = [Server(bare, environment), Server((*through, *bare), environment)]
    figures = []
    for name, size, calls in (
        ("small", 10, 60 if given.quick else 400),
        ("1 MB", 1_000_000, 10 if given.quick else 60),
    ):
        say(f"{calls} calls with a {name} result, in turn")
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
                    name="the proxy adds to a call, p50",
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
                    name="a 1 MB result by the proxy over the bare server, p50",
                    value=mine / theirs,
                    n=calls,
                    at_most=AT_MOST_SHARE,
                    beside=beside,
                )
            )
    for server in servers:
        server.close()
    publish(figures, quick=given.quick)


if __name__ == "__main__":
    main()
