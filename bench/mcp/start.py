"""When is the MCP server there, beside the smallest one of the SDK? To `initialize`, and to `tools/list`.

CPU seconds of a whole life, user and system: started, asked, answered, its input closed. They take turns.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy

from bench.figures import Figure, Floats, bootstrap, median, rounded
from bench.part import fresh, options, publish, say
from bench.speed.starts import cpu_of
from brainops import Brain

AT_MOST = 1.5
SMALLEST = """\
from mcp.server import MCPServer
server = MCPServer("smallest")
@server.tool()
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b
server.run("stdio")
"""
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
ASKED: dict[str, list[dict[str, Any]]] = {
    "initialize": [{"id": 1, "method": "initialize", "params": HELLO}],
    "tools/list": [
        {"id": 1, "method": "initialize", "params": HELLO},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
    ],
}


def main() -> None:
    given = options()
    runs = 3 if given.quick else 15
    store = fresh(given, "mcp")
    Brain.open(store, model="none", background=False).close()
    environment = {"PATH": os.environ["PATH"], "HOME": str(given.work), "LANG": "C.UTF-8"}
    ours = (str(Path(sys.executable).with_name("brainops")), "mcp", "--store", str(store))
    servers = {"brainops mcp": ours, "the SDK's smallest": (sys.executable, "-c", SMALLEST)}
    figures = []
    for asked, messages in ASKED.items():
        say(f"{runs} lives to {asked}, in turn")
        written = given.work / "asked.jsonl"
        written.write_text("".join(json.dumps({"jsonrpc": "2.0", **each}) + "\n" for each in messages))
        seconds: dict[str, list[float]] = {name: [] for name in servers}
        for number in range(-1, runs):
            for name, command in servers.items():
                took = cpu_of(command, environment, written)
                if number >= 0:
                    seconds[name].append(took)
        figures.append(ratio(asked, *seconds.values()))
    publish(figures, quick=given.quick)


def ratio(asked: str, ours: list[float], theirs: list[float]) -> Figure:
    pairs = numpy.array([ours, theirs]) * 1e3

    def of(turns: Floats) -> Floats:
        at = turns.astype(int)
        return median(pairs[0][at]) / median(pairs[1][at])

    mine, smallest = map(float, numpy.median(pairs, axis=1))
    return Figure(
        name=f"`brainops mcp` to `{asked}` over the SDK's smallest server, CPU",
        value=mine / smallest,
        n=len(ours),
        interval=bootstrap(numpy.arange(len(ours)), of),
        method="bootstrap",
        at_most=AT_MOST,
        beside={"cpu_ms": rounded(mine), "smallest_cpu_ms": rounded(smallest)},
    )


if __name__ == "__main__":
    main()
