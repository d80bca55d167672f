"""How do the steps and branches of a text lead to each other, and when is each reached? (pure)"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from brainops.procedures.definition.graph import label
from brainops.procedures.english.units import Chapter, Do, EndPoint, Fork, Jump, Note, Outline, Unit, every, shortened
from brainops.procedures.english.vocabulary import CLOSING, words

ENDINGS = {"resolved": "Resolved", "escalated": "Escalated", "stopped": "Stopped"}
NO_SUCH_PLACE = "which place of the text is this? None has that number"
NEVER_REACHED = "when is this done? Nothing leads here"

Answers = frozenset[tuple[str, str]]
"""Questions with an answer, any one of which leads to a node."""
Open = list[tuple[str, str]]
"""Ends that wait for what comes next: node and answer."""


class NodeKind(StrEnum):
    """What a node of the flow is; steps and questions are carried out, the others only show the way."""

    START = "start"
    PART = "part"
    STEP = "step"
    QUESTION = "question"
    END = "end"


class Node(Struct, frozen=True, kw_only=True):
    """A place of the flow: its name, full text, line and number there; `why` says what its author is asked about it."""

    id: str
    kind: NodeKind
    name: str
    text: str = ""
    line: int = 0
    command: str = ""
    why: str = ""
    said: str = ""


class Edge(Struct, frozen=True, kw_only=True):
    """A way from one node to another; `answer` is "yes" or "no" behind a question."""

    source: str
    target: str
    answer: str = ""


class Flow(Struct, frozen=True, kw_only=True):
    """The graph of a text: it has no cycle; `loops` are the ways back that it asks for."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    loops: tuple[Edge, ...] = ()
    notes: tuple[Note, ...] = ()

    def node(self, node_id: str) -> Node:
        """Return the node of this id."""
        return next(node for node in self.nodes if node.id == node_id)


def link(outline: Outline) -> Flow:
    """Return the graph of an outline; ways back are noted, what no way leads to becomes an open question."""
    linker = _Linker()
    start = linker.add(NodeKind.START, outline.title or "Start")
    linker.follow(outline.units, [(start, "")])
    linker.close(outline.units)
    linker.resolve_jumps(list(every(outline.units)))
    linker.without_idle_questions()
    edges, loops = linker.split()
    led_to = {edge.target for edge in edges}
    nodes = tuple(node for node in linker.nodes.values() if node.kind is not NodeKind.END or node.id in led_to)
    return Flow(nodes=nodes, edges=tuple(edges), loops=tuple(loops), notes=tuple(linker.notes))


class _Linker(Struct):
    nodes: dict[str, Node] = {}
    edges: dict[Edge, None] = {}  # in their order, each once
    notes: list[Note] = []
    jumps: list[tuple[Open, Jump]] = []
    places: dict[int, str] = {}  # id() of a unit -> its first node
    resolved: Open = []  # checks that found the problem gone

    def add(self, kind: NodeKind, name: str, unit: Unit | None = None) -> str:
        node_id = f"n{len(self.nodes):04}"  # of equal length, so that they sort as they stand in the text
        self.nodes[node_id] = Node(
            id=node_id,
            kind=kind,
            name=name,
            text=unit.text if unit else "",
            line=unit.line if unit else 0,
            command=unit.command if isinstance(unit, Do) else "",
            why=unit.why if isinstance(unit, Do) else "",
            said=unit.said if isinstance(unit, Do) else "",
        )
        return node_id

    def connect(self, entries: Open, target: str) -> None:
        for source, answer in entries:
            self.edges[Edge(source=source, target=target, answer=answer)] = None

    def follow(self, units: Sequence[Unit], entries: Open) -> Open:
        """Add units one behind the other; return the ends that wait for what comes after them."""
        for unit in units:
            count = len(self.nodes)
            entries = self._unit(unit, entries)
            if len(self.nodes) > count:
                self.places[id(unit)] = f"n{count:04}"
        return entries

    def _unit(self, unit: Unit, entries: Open) -> Open:
        match unit:
            case Do():
                step = self.add(NodeKind.STEP, unit.name or shortened(unit.text), unit)
                self.connect(entries, step)
                return [(step, "")]
            case Fork():
                text = shortened(unit.question)
                question = self.add(NodeKind.QUESTION, f"{text[:1].upper()}{text[1:]}?", unit)
                self.connect(entries, question)
                yes = self.follow(unit.yes, [(question, "yes")])
                return [*yes, *self.follow(unit.no, [(question, "no")])]
            case Chapter():
                if unit.shown and unit.units:
                    part = self.add(NodeKind.PART, unit.name, unit)
                    self.connect(entries, part)
                    entries = [(part, "")]
                return self.follow(unit.units, entries)
            case Jump():
                if unit.target == "next":
                    return entries
                self.jumps.append((entries, unit))
                return []
            case EndPoint():
                if unit.kind == "escalated":
                    step = self.add(NodeKind.STEP, shortened(unit.text), unit)
                    self.connect(entries, step)
                    entries = [(step, "")]
                if unit.kind == "resolved" and not unit.text:
                    self.resolved += entries
                else:
                    self.connect(entries, self.end(unit.kind))
                return []
            case _:
                return entries

    def close(self, units: Sequence[Unit]) -> None:
        """Lead every check that the problem is gone to what is done at the end in any case, else to the end."""
        tail = None
        for unit in reversed(_in_a_row(units)):
            if not isinstance(unit, Do) or (words(unit.name)[:1] or [""])[0] not in CLOSING:
                break
            tail = self.places.get(id(unit), tail)
        if self.resolved:
            self.connect(self.resolved, tail or self.end("resolved"))

    def end(self, kind: str) -> str:
        """Return the node where everything ends in this way; there is one of each."""
        name = ENDINGS[kind]
        ends = (node.id for node in self.nodes.values() if node.kind is NodeKind.END and node.name == name)
        return next(ends, None) or self.add(NodeKind.END, name)

    def resolve_jumps(self, known: Sequence[Unit]) -> None:
        """Connect every jump with its place; then what nothing leads to with what stands before it, and ask."""
        for entries, jump in self.jumps:
            target = self._target(jump.target, known, entries)
            if target is None:
                step = self.add(NodeKind.STEP, shortened(jump.text), jump)
                self.nodes[step] = replace(self.nodes[step], why=NO_SUCH_PLACE)
                self.connect(entries, step)
            elif entries:
                self.connect(entries, target)
        led_to = {edge.target for edge in self.edges}
        above = ""
        for node in list(self.nodes.values()):
            if node.id not in led_to and node.kind not in (NodeKind.START, NodeKind.END):
                self.connect([(above, "")], node.id)
                first = node if node.kind is not NodeKind.PART else None
                inside = first or next(
                    (n for n in self.nodes.values() if n.id > node.id and n.kind is not NodeKind.PART), node
                )
                self.nodes[inside.id] = replace(inside, why=inside.why or NEVER_REACHED)
            above = node.id if node.kind is not NodeKind.END else above

    def _target(self, wanted: str, known: Sequence[Unit], entries: Open) -> str | None:
        if wanted == "start":
            carried = (NodeKind.STEP, NodeKind.QUESTION)
            return next((node.id for node in self.nodes.values() if node.kind in carried), None)
        labelled = [unit for unit in known if unit.label.lower() == wanted.lower()]
        parts = [unit for unit in labelled if isinstance(unit, Chapter)]
        found = [self.places[id(unit)] for unit in (parts or labelled) if id(unit) in self.places]
        if len(found) <= 1 or not entries:
            return found[0] if found else None
        here = int(entries[0][0][1:])
        return min(found, key=lambda each: abs(int(each[1:]) - here))  # of several lists with a step 3 the nearest

    def without_idle_questions(self) -> None:
        """Leave out questions of which both answers lead to the same place, or nowhere."""
        for node in [each for each in self.nodes.values() if each.kind is NodeKind.QUESTION]:
            after = [edge for edge in self.edges if edge.source == node.id]
            incoming = [edge for edge in self.edges if edge.target == node.id]
            targets = {edge.target for edge in after}
            if len(targets) > 1 or len({edge.answer for edge in after}) == 1 or not incoming:
                continue
            if node.text.endswith("?"):  # whoever asks wants to know, even where nothing hangs on it
                self.nodes[node.id] = replace(node, kind=NodeKind.STEP)
                self.edges = {replace(edge, answer="") if edge in after else edge: None for edge in self.edges}
                continue
            self.edges = {edge: None for edge in self.edges if node.id not in (edge.source, edge.target)}
            del self.nodes[node.id]
            for target in targets:
                self.connect([(edge.source, edge.answer) for edge in incoming], target)
            why = "decides nothing: both ways lead on to the same place" if targets else "decides nothing"
            self.notes.append(Note(line=node.line, text=node.text, why=why, plain=not targets))

    def split(self) -> tuple[list[Edge], list[Edge]]:
        """Return the ways on and the ways back: an edge to a node that leads to its own source."""
        onward: list[Edge] = []
        loops: list[Edge] = []
        after: dict[str, set[str]] = {}
        number = {node_id: n for n, node_id in enumerate(self.nodes)}
        for edge in sorted(self.edges, key=lambda edge: number[edge.source] >= number[edge.target]):
            if edge.source == edge.target or _leads(after, edge.target, edge.source):
                loops.append(edge)
                node, again = self.nodes[edge.source], self.nodes[edge.target]
                why = f"goes back to {again.name!r}: repeat from there by hand; a run goes on only forward"
                self.notes.append(Note(line=node.line, text=node.name, why=why))
            else:
                onward.append(edge)
                after.setdefault(edge.source, set()).add(edge.target)
        return onward, loops


def _in_a_row(units: Sequence[Unit]) -> list[Unit]:
    """Return units with those of sections in their place."""
    return [inner for unit in units for inner in (_in_a_row(unit.units) if isinstance(unit, Chapter) else [unit])]


def _leads(after: Mapping[str, set[str]], source: str, target: str) -> bool:
    waiting, seen = [source], {source}
    while waiting:
        for each in after.get(waiting.pop(), ()):
            if each == target:
                return True
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return False


def in_order(flow: Flow) -> list[Node]:
    """Return the nodes so that each comes after those that lead to it, otherwise as they stand in the text."""
    number = {node.id: n for n, node in enumerate(flow.nodes)}
    open_ways = dict.fromkeys(number, 0)
    following: defaultdict[str, list[str]] = defaultdict(list)
    for edge in flow.edges:
        open_ways[edge.target] += 1
        following[edge.source].append(edge.target)
    ready = [number[node_id] for node_id, count in open_ways.items() if not count]
    heapq.heapify(ready)
    found: list[Node] = []
    while ready:
        node = flow.nodes[heapq.heappop(ready)]
        found.append(node)
        for target in following[node.id]:
            open_ways[target] -= 1
            if not open_ways[target]:
                heapq.heappush(ready, number[target])
    return found


def reached(flow: Flow) -> dict[str, Answers]:
    """Return for each node the answers that lead to it: any one of them, the nearest above it; none for always."""
    found: dict[str, Answers] = {}
    incoming: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in flow.edges:
        incoming[edge.target].append(edge)
    for node in in_order(flow):
        answers: set[tuple[str, str]] = set()
        always = not incoming[node.id]
        for edge in incoming[node.id]:
            if edge.answer:
                answers.add((edge.source, edge.answer))
            else:
                answers |= found[edge.source]
                always = always or not found[edge.source]
        found[node.id] = frozenset() if always else _simplified(answers, found)
    return found


def _simplified(answers: set[tuple[str, str]], found: Mapping[str, Answers]) -> Answers:
    """Replace both answers of one question by what leads to the question."""
    for question, _ in sorted(answers, reverse=True):
        both = {(question, "yes"), (question, "no")}
        if both <= answers:
            if not found[question]:
                return frozenset()
            return _simplified((answers - both) | found[question], found)
    return frozenset(answers)


def picture(flow: Flow) -> str:
    """Return the flow as a Mermaid flow chart: questions as diamonds, with yes and no on the ways."""
    shapes = {NodeKind.PART: ("[[", "]]"), NodeKind.STEP: ("[", "]"), NodeKind.QUESTION: ("{", "}")}
    lines = ["flowchart TD"]
    for node in flow.nodes:
        opening, closing = shapes.get(node.kind, ("([", "])"))
        lines.append(f'    {node.id}{opening}"{label(node.name)}"{closing}')
    lines += [f"    {edge.source} -->{f'|{edge.answer}|' * bool(edge.answer)} {edge.target}" for edge in flow.edges]
    lines += [f"    {edge.source} -.->|{edge.answer or 'again'}| {edge.target}" for edge in flow.loops]
    return "\n".join(lines) + "\n"
