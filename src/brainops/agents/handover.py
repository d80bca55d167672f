"""What of memory is handed to an agent with its task, and what can a person do where no agent can?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from brainops.memory.draft import content_text
from brainops.memory.retrieve import CHARACTERS_A_TOKEN, pack, retrieve
from brainops.types import Filter, MemoryAccess, MemoryType, Trust
from brainops_core.redaction.injected import quoted_lines, strip_injected

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.types import Agent, Guidance, Hit, Observation, Recommendation

LEARNT_TAG = "agent-learning"
CONSIDERED = 10  # memories of each kind: what does not fit is passed over
_LEARNT = Filter(tags=(LEARNT_TAG,))
_INSIGHTS = Filter(types=(MemoryType.LEARNING_INSIGHT, MemoryType.SUCCESS_PATTERN, MemoryType.DECISION_RECORD))


def memory_for(context: MemoryContext, agent: Agent, guidance: Guidance | None, text: str, task_class: str) -> str:
    """Return what memory knows about a task, packed to the agent's budget: each entry whole, the most useful first.

    First what to try against the error, then what the guidance recommends, then known errors with what helped, then
    what other agents learnt at this class, then insights. It is data about the task; adapters hand it on between marks
    (`adapters.prompt`). What a memory says stands behind bars, so that no text of it can look like an entry of its own.
    """
    room = agent.limits.memory_tokens * CHARACTERS_A_TOKEN
    if agent.memory is MemoryAccess.NONE or room <= 0:
        return ""
    entries = list(_of_guidance(guidance)) if guidance is not None else []
    if agent.memory is MemoryAccess.FULL:
        learnt = retrieve(context, f"{task_class} {text}", _LEARNT, limit=CONSIDERED)
        told: set[str] = set()
        if guidance is not None:
            told = {each.memory_id for each in guidance.recommendations}
            told |= {seen.memory_id for seen in guidance.known_errors}
        fitting = pack(learnt, agent.limits.memory_tokens)
        entries += [_of_hit("Agents learnt", hit) for hit in fitting if hit.memory.id not in told]
        more = pack(retrieve(context, text, _INSIGHTS, limit=CONSIDERED), agent.limits.memory_tokens)
        seen = {*told, *(hit.memory.id for hit in fitting)}
        entries += [_of_hit("Known", hit) for hit in more if hit.memory.id not in seen]
    fitting_in: list[str] = []
    for entry in dict.fromkeys(entries):
        if len(entry) + 2 <= room:
            room -= len(entry) + 2
            fitting_in.append(entry)
    return "\n\n".join(fitting_in)


def _of_guidance(guidance: Guidance) -> Iterator[str]:
    if guidance.next_tries is not None and guidance.next_tries.text:
        yield _framed("What to try against the error", guidance.next_tries.text)
    for each in guidance.recommendations:
        yield _entry(f"Recommended ({each.confidence:.0%} sure{_origin(each.trust)})", each)
    for seen in guidance.known_errors:
        yield _entry(f"Known error ({seen.probability:.0%} probable{_origin(seen.trust)})", seen)
    for earlier in guidance.similar_operations:
        ended = "went well" if earlier.succeeded else "is open" if earlier.succeeded is None else "failed"
        yield _framed(f"Earlier, it {ended}", f"{earlier.name}\n{earlier.error or ''}")


def _entry(head: str, each: Recommendation | Observation) -> str:
    return _framed(head, f"{each.name}\n{each.text}")


def _framed(head: str, said: str) -> str:
    return f"{head}:\n{quoted_lines(strip_injected(said).rstrip())}"


def _of_hit(what: str, hit: Hit) -> str:
    memory = hit.memory
    return _framed(f"{what}{_origin(memory.trust)}", f"{memory.title}\n{content_text(memory.content)}")


def _origin(trust: Trust) -> str:
    return ", from outside" if trust is Trust.EXTERNAL else ""


def manual_plan(text: str, guidance: Guidance | None, execution_id: str, why: str) -> str:
    """Return the steps that a person can follow where no agent takes a task, from what memory says."""
    steps: list[str] = []
    if guidance is not None:
        for each in guidance.recommendations:
            name = _first_line(each.name)
            act = f"Follow {name}: brainops run {name}" if each.kind == "procedure" else name
            steps.append(f"{act} ({each.confidence:.0%} sure; {_first_line(each.reason)})")
        steps += [
            f"Mind what went wrong before: {_first_line(seen.name)}. {_first_line(seen.text)}"
            for seen in guidance.known_errors
        ]
    steps.append(f"Do it: {text}")
    steps.append(
        f"Say what came of it: brainops agent done {execution_id} --result TEXT, or --failed TEXT; "
        f"or let an agent try: brainops agent resume {execution_id}"
    )
    numbered = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
    return "\n".join([f"By hand, since {why}.", *numbered])


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")[:300]
