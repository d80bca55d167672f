"""In which order do the steps of a procedure come: which together, which next, and is there a way at all? (pure)"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from brainops.procedures.definition.step_kinds import STEP_KINDS
from brainops.types import Procedure, Run, Step, StepState

MAX_LABEL_CHARACTERS = 60  # of a box in a picture; longer ones make it unreadable


def levels(steps: Sequence[Step]) -> tuple[tuple[Step, ...], ...]:
    """Return the steps in levels: those on one level need only steps of the levels before, so they run in parallel.

    Steps in a cycle are on no level.
    """
    placed: set[str] = set()
    found: list[tuple[Step, ...]] = []
    waiting = list(steps)
    while level := tuple(step for step in waiting if placed.issuperset(step.needs)):
        found.append(level)
        placed.update(step.id for step in level)
        waiting = [step for step in waiting if step.id not in placed]
    return tuple(found)


def cycle(steps: Sequence[Step]) -> tuple[str, ...]:
    """Return the ids of one cycle in order, or none; needs of unknown steps are ignored."""
    needs = {step.id: step.needs for step in steps}
    done: set[str] = set()
    for start in needs:
        trail: list[str] = []
        here: str | None = start
        while here is not None and here not in done:
            if here in trail:
                return tuple(trail[trail.index(here) :])
            trail.append(here)
            here = next((need for need in needs[here] if need in needs and need not in done), None)
            if here is None:
                done.add(trail.pop())
                here = trail.pop() if trail else None
    return ()


def ready(steps: Sequence[Step], done: Collection[str], begun: Collection[str] = ()) -> tuple[Step, ...]:
    """Return the steps whose needs are all done and that have not begun."""
    finished = set(done)
    return tuple(
        step for step in steps if step.id not in finished and step.id not in begun and finished.issuperset(step.needs)
    )


def ancestors(steps: Sequence[Step], step_id: str) -> frozenset[str]:
    """Return every step that a step needs, directly or through others."""
    needs = {step.id: step.needs for step in steps}
    found: set[str] = set()
    waiting = list(needs.get(step_id, ()))
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting.extend(needs.get(each, ()))
    return frozenset(found)


def mermaid(procedure: Procedure) -> str:
    """Return the steps as a Mermaid flow chart; a condition stands on the edges into its step."""
    number = {step.id: f"s{count}" for count, step in enumerate(procedure.steps, 1)}
    lines = ["flowchart TD"]
    for step in procedure.steps:
        opening, closing = STEP_KINDS[step.action.uses].shape
        lines.append(f'    {number[step.id]}{opening}"{label(_title(step))}"{closing}')
    for step in procedure.steps:
        named = f'|"{label(f"if {step.condition}")}"|' if step.condition else ""
        sources = [number[need] for need in step.needs if need in number]
        if not sources and named:
            lines.append('    start(["start"])')
            sources = ["start"]
        lines.extend(f"    {source} -->{named} {number[step.id]}" for source in sources)
    return "\n".join(dict.fromkeys(lines)) + "\n"


def gantt(run: Run, now: int) -> str:
    """Return the steps of a run as a Mermaid chart to scale; what is under way goes on to `now`."""
    marks = {StepState.SUCCEEDED: "done, ", StepState.FAILED: "crit, ", StepState.RUNNING: "active, "}
    lines = ["gantt", f"    title {label(f'{run.procedure_name}, {run.state.value}')}", "    dateFormat x"]
    lines += ["    axisFormat %H:%M:%S", "    section Steps"]
    for number, step in enumerate([*run.steps, *run.compensations], 1):
        if step.started_at is not None:
            undone = " (taken back)" if step.role == "undo" else ""
            ended = (step.finished_at or now) // 1_000
            said = f"{label(f'{step.step_id}{undone}, {step.state.value}')} :{marks.get(step.state, '')}s{number}"
            lines.append(f"    {said}, {step.started_at // 1_000}, {max(ended, step.started_at // 1_000 + 1)}")
    return "\n".join(lines) + "\n"


def _title(step: Step) -> str:
    return f"{step.name or step.id} ({step.action.uses.value})"


def label(text: str) -> str:
    """Return a text that Mermaid only shows: on one line, cut short, what has a meaning there as entity codes."""
    line = " ".join(text.split())
    if len(line) > MAX_LABEL_CHARACTERS:
        line = line[: MAX_LABEL_CHARACTERS - 1] + "…"
    return "".join(each if each.isalnum() or each in " .,_-/…" else f"#{ord(each)};" for each in line)


def outline(procedure: Procedure) -> tuple[str, ...]:
    """Return the steps as lines of text: numbered by level, those side by side with letters, with conditions."""
    lines: list[str] = []
    before: set[str] = set()
    for count, level in enumerate(levels(procedure.steps), 1):
        for place, step in enumerate(level):
            letter = chr(ord("a") + place % 26) if len(level) > 1 else ""
            lines.append(f"{f'{count}{letter}':>4}  {_title(step)}{_notes(step, before)}")
        before = {step.id for step in level}
    return tuple(lines)


def _notes(step: Step, before: Collection[str]) -> str:
    notes = []
    if step.condition:
        notes.append(f"if {step.condition}")
    if step.needs and set(step.needs) != set(before):
        notes.append(f"after {', '.join(step.needs)}")
    if step.verify is not None:
        notes.append("verified")
    if step.compensate is not None:
        notes.append("can be undone")
    return "".join(f"; {note}" for note in notes)
