"""How do memories, matches, guidance and operations read on a terminal?"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from brainops.cli.screen import age, bold, columns, cut, dim, one_line, padded, safe, size, when, who, width, wrapped
from brainops.types import Failed, MemoryState, NextTries, Recommendation, Succeeded, Trust
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.types import JSON, Captured, Check, Guidance, Hit, Junk, Match, Memory, Observation, Operation

SHORT = {
    "operational_procedure": "procedure",
    "system_improvement": "improvement",
    "error_pattern": "error",
    "success_pattern": "success",
    "deployment_log": "deployment",
    "decision_record": "decision",
    "learning_insight": "insight",
    "automation_rule": "rule",
    "performance_metric": "metric",
    "user_interaction": "interaction",
}
ROW_WIDTH = 110  # from here on an id fits beside a title; below, it has the line under it
TYPE_COLUMNS = 11
AGE_COLUMNS = 6
CONFIDENCE_COLUMNS = 5
ID_COLUMNS = 6  # of a handle
EXCERPT_LINES = 6
HARDLY = 0.02  # less likely than this is noise beside a better one
DOUBTFUL = 0.1  # nobody is told to do what is less likely right than this
HELPS = ("solution", "fix", "resolution", "candidate_fix", "workaround", "cause")  # told first where room is short


def hits(found: Sequence[Hit], *, full: bool, query: str) -> Iterator[str]:
    """Yield retrieved memories."""
    if not found:
        yield from _nothing(query)
        return
    yield from _heading()
    for hit in found:
        why = f"shares {', '.join(hit.why.terms[:6])}" if hit.why.terms else ("by meaning" if hit.why.dense else "")
        lines = row(hit.memory, _share(hit.confidence), why)
        yield from (dim(click.unstyle(line)) for line in lines) if 0 < hit.confidence < HARDLY else lines
        if full:
            yield from memory_body(hit.memory)
            yield ""


def memories(found: Sequence[Memory], *, full: bool) -> Iterator[str]:
    """Yield listed memories."""
    if not found:
        yield from _nothing("")
        return
    yield from _heading()
    for memory in found:
        yield from row(memory, _share(0), "")
        if full:
            yield from memory_body(memory)
            yield ""


def matches(found: Sequence[Match], *, full: bool, query: str) -> Iterator[str]:
    """Yield known memories for an error; the best is shown with what it says, what hardly fits is left out."""
    if not found:
        yield from _nothing(query)
        return
    told = [match for match in found if match.exact or match.probability >= HARDLY]
    if not told:
        yield "Nothing like it is known. The nearest:"
    yield from _heading()
    shown = told or found[:2]
    for number, match in enumerate(shown):
        why = _why(match)
        label = click.style("same", fg="green", bold=True) if match.exact else _share(match.probability)
        yield from row(match.memory, label, why)
        if full or (number == 0 and (match.exact or match.probability >= 0.5)):
            yield from memory_body(match.memory, None if full else EXCERPT_LINES)
            yield from [""] if number + 1 < len(shown) else []
    if told and len(told) < len(found):
        yield dim(f"{counted(len(found) - len(told), 'memory')} below {HARDLY:.0%} left out")


def _why(match: Match) -> str:
    if match.exact:
        times = f", seen {match.memory.occurrences} times" if match.memory.occurrences > 1 else ""
        return f"the same error{times}"
    return f"shares {', '.join(match.why.terms[:6])}" if match.why.terms else "by meaning"


def _nothing(query: str) -> Iterator[str]:
    yield "Nothing found in what this namespace reads." if query else "There is nothing here yet."
    yield dim(
        "What is there: brainops status. Put something in: brainops capture TITLE CONTENT, or brainops import DIR"
    )


def _heading() -> Iterator[str]:
    text = f"{'sure':>{CONFIDENCE_COLUMNS - 1}}  {'type':<{TYPE_COLUMNS}} title"
    room = width() - columns(text) - AGE_COLUMNS - 1
    if width() >= ROW_WIDTH:
        room -= ID_COLUMNS + 2
    line = text + " " * max(1, room) + f"{'age':>{AGE_COLUMNS}}"
    yield dim(line + ("  id" if width() >= ROW_WIDTH else ""))


def row(memory: Memory, label: str, why: str) -> Iterator[str]:
    """Yield one memory as a line; its id and why it is there stand beside it, or below on a narrow terminal."""
    wide = width() >= ROW_WIDTH
    lead = CONFIDENCE_COLUMNS + 1 + TYPE_COLUMNS + 1
    room = width() - lead - 1 - AGE_COLUMNS - (ID_COLUMNS + 2 if wide else 0)
    kind = click.style(padded(SHORT.get(memory.type, memory.type), TYPE_COLUMNS), fg="cyan")
    marks = []
    if memory.occurrences > 1:
        marks.append(f"x{memory.occurrences:,}")
    if memory.trust is Trust.EXTERNAL:
        marks.append("external")
    if memory.superseded_by:
        marks.append("superseded")
    if memory.state is not MemoryState.ACTIVE:
        marks.append(memory.state.value)
    title = padded(one_line(memory.title) + (f" ({', '.join(marks)})" if marks else ""), room)
    line = f"{_right(label, CONFIDENCE_COLUMNS)} {kind} {title} {age(memory.created_at):>{AGE_COLUMNS}}"
    yield f"{line}  {dim(memory.id)}" if wide else line.rstrip()
    if not wide:
        below = " " * (CONFIDENCE_COLUMNS + 1)
        yield dim(below + cut(f"{memory.id}  {one_line(why)}".rstrip(), width() - len(below)))


def _right(label: str, room: int) -> str:
    return " " * max(0, room - columns(click.unstyle(label))) + label


def _share(value: float) -> str:
    if value <= 0:
        return dim("-")
    text = f"{value:.0%}"
    return click.style(text, fg="green" if value >= 0.7 else "yellow" if value >= 0.3 else None)


def text_of(content: JSON) -> str:
    """Return content as people read it: JSON as `key: value` lines."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return "\n".join(_field(key, value) for key, value in content.items())
    return json.dumps(content, indent=2, ensure_ascii=False)


def _field(key: str, value: JSON) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join([f"{key}:", *(f"  - {each}" for each in value)])
    if isinstance(value, (dict, list)):
        return f"{key}: {json.dumps(value, ensure_ascii=False)}"
    return f"{key}: {value if isinstance(value, str) else json.dumps(value)}"


def memory_body(memory: Memory, limit: int | None = None) -> Iterator[str]:
    """Yield what a memory says; external text is quoted with a bar."""
    content = memory.content if limit is None else _helpful_first(memory.content, memory.title)
    lines = list(wrapped(text_of(content), indent="    | " if memory.trust is Trust.EXTERNAL else "      "))
    yield from lines[:limit]
    if limit is not None and len(lines) > limit:
        yield dim(f"      … {len(lines) - limit} more lines: --full")


def _helpful_first(content: JSON, title: str) -> JSON:
    """Return content with what helps first, and without what its title says already."""
    if not isinstance(content, dict):
        return content
    first = {key: content[key] for key in HELPS if key in content}
    return {**first, **{key: value for key, value in content.items() if key not in first and str(value) not in title}}


def solution(value: Memory) -> str:
    """Return what a memory says that helped; "" where it says nothing of that."""
    content = value.content if isinstance(value.content, dict) else {}
    return next((text for key in HELPS[:-1] if isinstance(text := content.get(key), str) and text), "")


def memory(value: Memory) -> Iterator[str]:
    """Yield one memory with all that stands with it."""
    yield from wrapped(one_line(value.title), first="")
    fields = {
        "id": value.id,
        "type": value.type.value,
        "namespace": value.namespace,
        "state": value.state.value + (f", superseded by {value.superseded_by}" if value.superseded_by else ""),
        "tags": ", ".join(value.tags),
        "trust": f"{value.trust.value}, importance {value.importance:g}, feedback {value.feedback:+g}",
        "source": f"{who(value.source.actor)} {value.source.uri or ''}".strip(),
        "captured": when(value.created_at),
        "valid": (f"from {when(value.valid_from)} until {when(value.valid_to)}" if value.valid_to else ""),
        "seen": f"{value.occurrences:,} times, last {when(value.last_seen_at)}" if value.occurrences > 1 else "",
        "about": value.subject or "",
        "metadata": json.dumps(dict(value.metadata), ensure_ascii=False) if value.metadata else "",
    }
    yield from pairs(fields)
    yield from memory_body(value)


def language_budget(budget: Mapping[str, Any]) -> str:
    """Return in a line what language models took today of what they may."""
    cost, tokens = budget["cost_a_day"], budget["tokens_a_day"]
    if cost == 0 or tokens == 0:
        spent = f"${budget['cost_today']:.4f} spent today; " if budget["cost_today"] else ""
        return f"{spent}none is asked: no budget is set (brainops language budget)"
    dollars = f"${budget['cost_today']:.4f}" + (f" of ${cost:g}" if cost is not None else "")
    counted = f"{budget['tokens_today']:,}" + (f" of {tokens:,}" if tokens is not None else "")
    return f"{dollars} and {counted} tokens taken today"


def pairs(fields: Mapping[str, str]) -> Iterator[str]:
    """Yield names and values in two columns; what is empty is left out."""
    room = max(len(name) for name in fields) + 2
    for name, value in fields.items():
        if value:
            for number, line in enumerate(wrapped(value, indent=" " * room)):
                yield dim(name.ljust(room)) + line[room:] if number == 0 else line


def inbox(pending: int, set_aside: int) -> str:
    """Return how much came in that nobody worked on; "" for nothing."""
    waits = f"{counted(pending, 'alert')} to work on" if pending else ""
    aside = f"{counted(set_aside, 'alert')} set aside (brainops alerts aside)" if set_aside else ""
    return "; ".join(part for part in (waits, aside) if part)


def captured(value: Captured, similar: Sequence[tuple[Memory, float]], title: str) -> Iterator[str]:
    """Yield what a capture did: kept or counted, what was taken out, what stands near it."""
    verb = f"Seen before, now {counted(value.occurrences, 'time')}" if value.repeated else "Captured"
    yield f"{bold(verb)}: {cut(one_line(title), width() - len(verb) - 2)}"
    yield dim(f"  {value.id} in {safe(value.namespace)}")
    if value.redacted:
        kinds = ", ".join(f"{found.count} {found.kind}" for found in value.redacted)
        yield from wrapped(f"taken out: {kinds}", indent="  ")
    for note in value.notes:
        yield from wrapped(f"note: {note}", indent="  ")
    for near, share in similar:
        yield f"  similar: {share:.0%} {cut(one_line(near.title), width() - 20)}"
        yield dim(f"           {near.id}")


def guidance(value: Guidance, named: Sequence[str] = ()) -> Iterator[str]:
    """Yield what memory says about an operation: what to do, how sure that is, what went wrong, what is to be named."""
    start = value.operation
    yield bold(cut(one_line(f"{start.name} -> {start.target}" if start.target else start.name), width()))
    if value.failure_probability is not None:
        yield f"  Going by how it ended before, it fails with a probability of {value.failure_probability:.0%}."
        for reason in value.failure_reasons:
            yield from wrapped(f"- it {reason}" if reason.startswith("failed ") else f"- {reason}", indent="    ")
    if value.next_tries is not None:
        yield from tries([value.next_tries])
    if value.primary_recommendation is None:
        yield "  Memory has no advice on this. What happens now will be remembered."
    elif value.confidence < DOUBTFUL:
        yield "  Memory has nothing that is surely about this. The nearest:"
    for number, each in enumerate(value.recommendations[:3]):
        label = "Or" if number else "Do" if value.confidence >= DOUBTFUL else ""
        yield from _advice(label, each, 0 if number else 4, start.target)
    told = {each.memory_id for each in value.recommendations[:3]}
    seen_before = (("What went wrong before", value.known_errors, 2), ("What was seen", value.insights, 0))
    for title, observations, lines in seen_before:
        likely = (each for each in observations if each.probability >= HARDLY and each.memory_id not in told)
        for number, seen in enumerate(list(likely)[:2]):
            yield from () if number else (dim(f"  {title}"),)
            yield from _advice("", seen, lines)
    if value.recommended_agent is not None:
        yield from wrapped(f"{value.recommended_agent.name}: {value.recommended_agent.sentence}", indent="  ")
    if value.similar_operations:
        yield dim("  How it went")
    for operation in value.similar_operations[:3]:
        ended = {True: "went well", False: "failed   ", None: "is open  "}[operation.succeeded]
        styled = click.style(ended, fg={True: "green", False: "red", None: None}[operation.succeeded])
        text = f"{operation.name} {operation.target or ''}".strip()
        text += f": {operation.error}" if operation.error else ""
        line = f"  {age(operation.started_at):>7} {styled}  "
        yield line + cut(one_line(text), width() - columns(click.unstyle(line)))
    for note in value.notes:
        yield from wrapped(f"note: {note}", indent="  ")
    yield from _to_be_named(value, named)
    yield dim(f"  receipt {value.id}")


def tries(known: Sequence[NextTries]) -> Iterator[str]:
    """Yield what is worth trying against errors, and what is not; nothing where nothing is known."""
    for each in known:
        for line in map(one_line, each.text.splitlines()):
            yield from wrapped(line, first="  ", indent="    ")


def _to_be_named(value: Guidance, named: Sequence[str]) -> Iterator[str]:
    """Yield how to name back what must be known, where that has not been done."""
    missing = [each for each in value.required_ids if each not in named]
    if not missing:
        return
    start = value.operation
    given = [start.name, *(["--target", start.target] if start.target else [])]
    back = " ".join(f"--acknowledge {each}" for each in (*named, *missing))
    yield "  Read these first, then confirm that you have:"
    yield f"    brainops guide {shlex.join(given)} {back}"


def _advice(label: str, value: Recommendation | Observation, lines: int, target: str | None = None) -> Iterator[str]:
    indent = "          "
    sure = value.confidence if isinstance(value, Recommendation) else value.probability
    yield f"  {label:<2} {_right(_share(sure), 4)} {bold(cut(one_line(value.name), width() - len(indent)))}"
    yield dim(f"{indent}{value.memory_id}")
    if isinstance(value, Recommendation):
        yield dim(cut(f"{indent}{one_line(value.reason)}", width()))
    text = _helpful_lines_first(value.text.removeprefix(value.name).strip(), value.name)
    told = list(wrapped(text, indent=indent + ("| " if value.trust is Trust.EXTERNAL else ""))) if text else []
    yield from told[:lines]
    match value.kind:
        case "procedure":
            on = f" --target {shlex.quote(target)}" if target else ""
            yield dim(f"{indent}brainops run {value.name}{on}")
        case "fix":
            yield dim(f"{indent}brainops fix show {value.memory_id}")
        case _ if lines and len(told) > lines:
            yield dim(f"{indent}… brainops history {value.memory_id}")
        case _:
            pass


def _helpful_lines_first(text: str, name: str) -> str:
    """Return a text with what helps first, without headings, and without what the name says already."""
    telling = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    lines = [line for line in telling if line.partition(": ")[2] not in name or ": " not in line]
    first = [line for key in HELPS for line in lines if line.startswith(f"{key}: ")]
    return "\n".join([*first, *(line for line in lines if line not in first)])


def operations(log: Sequence[Operation]) -> Iterator[str]:
    """Yield the operation log, one line each."""
    if not log:
        yield "No operation fits that."
    for operation in log:
        start = operation.start
        text = one_line(f"{start.name} {start.target or ''}".strip() + _ending(operation))
        line = f"{age(operation.started_at):>6}  {_state(operation)}  "
        room = width() - 20
        if width() >= ROW_WIDTH:
            yield line + padded(text, room - ID_COLUMNS - 2) + "  " + dim(operation.id)
        else:
            yield line + cut(text, room)
            yield dim(f"        {operation.id}")


def _state(operation: Operation) -> str:
    if operation.contradicted_at is not None:
        return click.style("contradicted", fg="red")
    match operation.outcome:
        case Succeeded():
            return click.style("succeeded   ", fg="green")
        case Failed():
            return click.style("failed      ", fg="red")
        case None:
            return "open        "


def _ending(operation: Operation) -> str:
    if isinstance(operation.outcome, Failed):
        error = operation.outcome.error
        return f": {error.type} {error.message}".rstrip()
    return f": {operation.contradiction}" if operation.contradiction else ""


def operation(value: Operation) -> Iterator[str]:
    """Yield one operation with all that stands with it."""
    yield bold(one_line(f"{value.start.name} {value.start.target or ''}".strip()))
    outcome = value.outcome
    fields: dict[str, Any] = {
        "id": value.id,
        "state": click.unstyle(_state(value)).strip(),
        "began": when(value.started_at),
        "ended": when(value.finished_at) if value.finished_at else "",
        "actor": who(value.start.actor),
        "context": json.dumps(dict(value.start.context), ensure_ascii=False) if value.start.context else "",
        "receipt": value.guidance_id or "",
        "followed": value.followed_id or "",
        "contradicted": value.contradiction or "",
    }
    if outcome is not None:
        fields["evidence"] = outcome.evidence.value
        fields["took"] = f"{outcome.duration_seconds:.3f} s" if outcome.duration_seconds is not None else ""
        fields["result"] = "" if outcome.result is None else json.dumps(outcome.result, ensure_ascii=False)
    if isinstance(outcome, Failed):
        fields["error"] = f"{outcome.error.type}: {outcome.error.message}"
        fields["memory"] = value.error_memory_id or ""
    yield from pairs(fields)


def checks(made: Sequence[Check]) -> Iterator[str]:
    """Yield each check with PASS or FAIL, and the way out of those that failed."""
    for check in made:
        verdict = click.style("PASS", fg="green") if check.passed else click.style("FAIL", fg="red", bold=True)
        lead = f"PASS  {check.name:<20} "
        for number, line in enumerate(wrapped(check.detail, indent=" " * len(lead))):
            yield f"{verdict}  {check.name:<20} {line[len(lead) :]}" if number == 0 else line
        if check.way_out:
            yield f"      -> {safe(check.way_out)}"  # not wrapped: somebody may want to copy it
    failed = sum(not check.passed for check in made)
    yield (
        f"{failed} of {counted(len(made), 'check')} failed." if failed else f"All {counted(len(made), 'check')} passed."
    )


def junk(found: Sequence[Junk]) -> Iterator[str]:
    """Yield what makes memory worse to read, and the command that mends each."""
    if not found:
        yield "Nothing to clean up."
    for each in found:
        yield f"{click.style(each.kind, fg='yellow')}: {cut(one_line(each.detail), width() - len(each.kind) - 2)}"
        yield dim(f"  {each.command}")
    if found:
        yield f"{counted(len(found), 'finding')}. Nothing was changed; archive and forget can be undone with restore."


def counts(numbers: Mapping[str, int]) -> str:
    """Return counts as `error 12, insight 3`."""
    return ", ".join(f"{SHORT.get(name, name)} {number:,}" for name, number in numbers.items())


def sizes(numbers: Mapping[str, int]) -> str:
    """Return sizes as `rows 1.2 MB, free 80 GB`."""
    return ", ".join(f"{name} {size(number)}" for name, number in numbers.items())


def report(value: Any, done: str) -> Iterator[str]:
    """Yield what an upkeep command did, whatever figures it reports."""
    yield done
    if isinstance(value, Struct):
        figures = {name.replace("_", " "): _figure(getattr(value, name)) for name in value.__struct_fields__}
        yield from pairs({f"  {name}": figure for name, figure in figures.items()})


def _figure(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case tuple() | list():
            more = f" and {len(value) - 20} more" if len(value) > 20 else ""
            return ", ".join(_figure(each) for each in value[:20]) + more
        case dict():
            return ", ".join(f"{key} {_figure(each)}" for key, each in value.items())
        case _ if hasattr(value, "kind") and hasattr(value, "count"):
            return f"{value.count} {value.kind}"
    return "" if value is None else str(value)
