"""Which steps and which order of a support workflow does plain English give, against the graph its authors drew?

    python -m bench.procedures.plain_english --work FOLDER [--shared PATH]

The script of the development sets runs as it stands, for the product and for its own line (headings in reading order).
It takes the label of an edge for that of the node the edge leads to ("Yes" for "Check Airplane Mode"), so thirteen of
the 33 nodes have lost their own; the figures that count are those on a copy of the graph whose edges have no labels.
"""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure, proportion
from bench.part import options, publish
from bench.quality.run import surroundings
from brainops.errors import BrainOpsError
from brainops.procedures.english.runbook import imported

PARSERS = {"product": "bench.procedures.plain_english_parser:Product", "headings in order": "headings"}
LINES = {"node recall": 0.70, "edge recall": 0.40}
EDGE_LABEL = re.compile(r"(->[^;\[\n]*)\[[^\]]*\]")


def main() -> None:
    given = options()
    figures: list[Figure] = []
    plain = without_edge_labels(given.shared / "data" / "tau2" / "telecom", given.work / "tau2")
    for way, parser in PARSERS.items():
        line = LINES if way == "product" else {}
        figures += judged(ask(given.shared, plain, parser), f"support workflow: {way}", line)
        figures += judged(
            ask(given.shared, Path("data/tau2/telecom"), parser), f"support workflow as the script reads it: {way}", {}
        )
    publish(figures, quick=given.quick, runbooks=runbooks(given.shared / "data" / "runbooks"))


def without_edge_labels(source: Path, target: Path) -> Path:
    """Return a copy of the workflow whose graph has labels on its nodes alone."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    for graph in target.glob("*.dot"):
        graph.write_text(EDGE_LABEL.sub(r"\1", graph.read_text(encoding="utf-8")), encoding="utf-8")
    return target


def ask(shared: Path, data: Path, parser: str) -> dict[str, Any]:
    """Run the script over one form of the data and return what it counted of path 1."""
    with surroundings(shared, None), contextlib.redirect_stdout(io.StringIO()):
        sys.argv = ["proc_graph_tau2.py", str(data), "--half", "dev", "--parser", parser]
        counted = runpy.run_path(str(shared / "proc_graph_tau2.py"))
    path: dict[str, Any] = counted["res"]["path1"]
    return {**path, "read_edges": len(counted["pe"])}


def judged(path: dict[str, Any], name: str, line: dict[str, float]) -> Iterator[Figure]:
    """Yield recall and precision of nodes and edges; an interval over nodes of one graph is only a rough one."""
    counts = {
        "node recall": ("node_recall", path["graph_nodes"]),
        "node precision": ("node_precision", path["steps"]),
        "edge recall": ("edge_recall", path["graph_edges"]),
        "edge precision": ("edge_precision", path["read_edges"]),
    }
    for kind, (key, n) in counts.items():
        yield proportion(f"{name}, {kind}", round(path[key] * n), n, at_least=line.get(kind))


def runbooks(folder: Path) -> dict[str, Any]:
    """Return what becomes of many runbooks: how many are read, with how many steps, and how fast."""
    steps, questions, milliseconds, refused = [], [], [], 0
    for path in sorted(folder.rglob("*.md")):
        began = time.perf_counter()
        try:
            procedure = imported(path.read_text(encoding="utf-8"), path=path.name).procedure
        except BrainOpsError:
            refused += 1  # pages of a site's menu: front matter alone
            continue
        milliseconds.append((time.perf_counter() - began) * 1e3)
        steps.append(len(procedure.steps))
        questions.append(sum(step.name.endswith("?") for step in procedure.steps))
    return {
        "read": len(steps),
        "refused": refused,
        "without_steps": steps.count(0),
        "steps_median": statistics.median(steps),
        "steps_most": max(steps),
        "with_questions": sum(count > 0 for count in questions),
        "ms_median": round(statistics.median(milliseconds), 2),
        "ms_most": round(max(milliseconds), 1),
    }


if __name__ == "__main__":
    main()
