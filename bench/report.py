"""How do all results read on one page? One table of figures against targets, and the reliability of the confidence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.operational import plot

TITLES = {
    "quality": "Quality on the development sets",
    "absent": "What was never said",
    "calibration": "Calibration of the confidence",
    "advice": "What guidance recommends in young stores",
    "order": "Calls out of order",
    "plain_english": "Plain English to a graph of steps",
    "guard": "A decision of the guard",
    "hook": "A command judged by a hook",
    "latency": "Retrieve on SQLite",
    "growth": "What grows with a store",
    "million": "At 1,000,000 memories",
    "postgres": "Retrieve on PostgreSQL",
    "writers": "Sixteen writers on PostgreSQL",
    "capture": "Capture",
    "concurrency": "Eight readers and one writer at once",
    "starts": "What a start costs",
    "http": "Over HTTP",
    "overhead": "What it adds to a program",
    "size": "Installed size",
    "durability": "Nothing lost",
    "runs": "Runs a second, and after an approval",
    "storm": "A storm of alerts",
    "chaos": "Runs whose workers are killed",
    "operational": "Simulated teams with memory and without",
    "incidents": "What breaks again: memory, notebooks, and knowing the cause",
}
HEAD = """# What was measured

Written by `python bench/run.py`; each figure stands with its machine, versions and date in the JSON file of its part.
Intervals are 95 %: Wilson's for shares, percentile bootstrap with a fixed seed for the rest. `best decile` is the wall
time that the undisturbed tenth of the calls took, `CPU` the work of the whole process. What has no target stands there
to compare with, or to explain. A figure marked *quick* comes from a trial in small form.
"""
Figures = Mapping[str, Mapping[str, Any]]


def write(results: Path) -> None:
    """Write README.md, and the diagram where there is one, from the JSON files beside it."""
    parts = {name: json.loads((results / f"{name}.json").read_text(encoding="utf-8")) for name in present(results)}
    text = [HEAD, *short(parts)]
    for name, part in parts.items():
        text += [f"\n## {TITLES[name]}\n", machine(part), "", *table(part["figures"])]
    diagrams = parts.get("calibration", {}).get("details", {}).get("reliability", {}).get("value")
    if diagrams:
        (results / "reliability.svg").write_text(drawing(diagrams), encoding="utf-8")
        text += ["\n### Reliability\n", "![Reliability of the confidence](reliability.svg)\n", *as_text(diagrams)]
    curves = parts.get("operational", {}).get("details", {}).get("operational", {}).get("value", {}).get("curves")
    if curves:
        (results / "operational.svg").write_text(plot.drawing(curves), encoding="utf-8")
        text += ["\n### Simulated teams, day by day\n", "![Figures of simulated teams by day](operational.svg)\n"]
    (results / "README.md").write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")


def present(results: Path) -> list[str]:
    """Return the parts that have a result, in the order of the page."""
    return [name for name in TITLES if (results / f"{name}.json").exists()]


def short(parts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Say first what is not reached."""
    judged = [(name, figure) for part in parts.values() for name, figure in part["figures"].items() if figure["target"]]
    missed = [(name, figure) for name, figure in judged if figure["verdict"] == "FAIL"]
    reached = f"Of {len(judged)} figures with a target {len(judged) - len(missed)} reach it."
    yield f"{reached} These fall short:\n" if missed else reached
    if missed:
        yield from (f"- {line(name, figure)}" for name, figure in missed)


def machine(part: Mapping[str, Any]) -> str:
    """Say on what a part was measured."""
    on, versions = part["machine"], part["versions"]
    dates = sorted({figure["at"][:10] for figure in part["figures"].values()})
    installed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"{on['cpu']}, {on['cores']} cores, {on['memory_gigabytes']} GB, {on['kernel']}, Python {on['python']}, "
        f"SQLite {on['sqlite']}; {installed}. Load at the end {on['load_average']}. "
        f"{' to '.join(sorted({dates[0], dates[-1]}))}."
    )


def table(figures: Figures) -> Iterator[str]:
    """Return the rows of a part."""
    yield "| figure | value | 95 % | n | target | | beside |"
    yield "|---|---|---|---|---|---|---|"
    for name, figure in figures.items():
        quick = " *quick*" if figure["form"] == "quick" else ""
        beside = "; ".join(f"{key.replace('_', ' ')} {shown(value)}" for key, value in figure.get("beside", {}).items())
        yield (
            f"| {name}{quick} | {shown(figure['value'])} {figure['unit']} | {interval(figure)} | {figure['n']:,} "
            f"| {figure['target']} | {figure['verdict']} | {beside} |"
        )


def line(name: str, figure: Mapping[str, Any]) -> str:
    """Return a figure as one line."""
    ends = interval(figure)
    target = f"; {figure['target']}: {figure['verdict']}" if figure["target"] else ""
    return f"{name}: {shown(figure['value'])} {figure['unit']}".rstrip() + (f" ({ends})" if ends else "") + target


def interval(figure: Mapping[str, Any]) -> str:
    """Return the interval of a figure, or nothing."""
    return "" if figure["low"] is None else f"{shown(figure['low'])} to {shown(figure['high'])}"


def shown(value: Any) -> str:
    """Return a value as somebody reads it."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def as_text(diagrams: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """Return the bars of each diagram as text: confidence given, share that was right, and how many."""
    for name, bars in diagrams.items():
        yield f"{name}\n\n```text\ngiven  right  n"
        for bar in bars:
            yield f"{bar['given']:.2f}   {bar['right']:.2f}  {bar['n']:>5}  {'#' * round(bar['right'] * 40)}"
        yield "```\n"


def drawing(diagrams: Mapping[str, Sequence[Mapping[str, Any]]], side: int = 220, margin: int = 36) -> str:
    """Return one square for each diagram: the diagonal is perfect, a point's area grows with its cases."""
    width = (side + margin) * len(diagrams) + margin
    height = side + 2 * margin + 16
    squares = [
        square(name, bars, margin + number * (side + margin), margin, side)
        for number, (name, bars) in enumerate(diagrams.items())
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11" role="img" aria-label="Confidence given against the share that was right">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(squares) + "\n</svg>\n"
    )


def square(name: str, bars: Sequence[Mapping[str, Any]], x: int, y: int, side: int) -> str:
    """Return one diagram whose upper left corner is at x, y."""
    most = max((bar["n"] for bar in bars), default=1)

    def at(given: float, right: float) -> str:
        return f"{x + given * side:.1f},{y + (1 - right) * side:.1f}"

    lines = [
        f'<text x="{x}" y="{y - 10}" font-weight="bold">{name}</text>',
        f'<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="none" stroke="#999"/>',
        f'<line x1="{x}" y1="{y + side}" x2="{x + side}" y2="{y}" stroke="#bbb" stroke-dasharray="4 3"/>',
        f'<polyline points="{" ".join(at(bar["given"], bar["right"]) for bar in bars)}" fill="none" stroke="#1f6feb"/>',
    ]
    for bar in bars:
        column, row = at(bar["given"], bar["right"]).split(",")
        high, low = (y + (1 - bar[end]) * side for end in ("high", "low"))
        lines.append(
            f'<line x1="{column}" y1="{high:.1f}" x2="{column}" y2="{low:.1f}" stroke="#1f6feb" opacity=".4"/>'
        )
        radius = 2 + 4 * (bar["n"] / most) ** 0.5
        lines.append(f'<circle cx="{column}" cy="{row}" r="{radius:.1f}" fill="#1f6feb"/>')
    lines.append(f'<text x="{x}" y="{y + side + 16}">0</text>')
    lines.append(f'<text x="{x + side}" y="{y + side + 16}" text-anchor="end">confidence 1</text>')
    return "\n".join(lines)
