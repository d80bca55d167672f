"""What does an event of a coding agent cost its hook, in starts of a bare interpreter?

Each event is a process as the installer wires it, turn by turn with `pass`, on CPU time with warm byte code, in strict:
against 100,000 memories and 1,000 rules, with a vocabulary of many words and with one of seventy, and beside a writer
that holds the store's lock.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from bench.part import Options, options, publish, say
from bench.speed.starts import BARE, cpu_of, ratio
from brainops import Brain
from brainops.hooks.clients import handler
from brainops.hooks.install import compile_hooks
from brainops.types import Actor, ActorKind, Rule, RuleKind, RuleMode

ANY, PROMPT = 4.5, 6.0
RULES = 1_000
NAMESPACE = "team/shop"
ERROR = "PaymentError: the ledger of tenant 7 is locked by another writer"
AGENT = Actor(kind=ActorKind.AGENT, id="claude-code", proof="environment")
CONSULTED = "consulted"
CALL = {"tool_name": "Bash", "tool_use_id": "c1"}
CHANGING = {**CALL, "tool_input": {"command": "cd api && make deploy 2>&1 | tee log"}}
Said = Mapping[str, object]

EVENTS: Mapping[str, tuple[Said, float]] = {
    "a session begins": ({"hook_event_name": "SessionStart", "source": "startup"}, ANY),
    "a prompt that needs nothing": (
        {"hook_event_name": "UserPromptSubmit", "prompt": "add a page for the summer sale"},
        PROMPT,
    ),
    "a prompt with a known error": ({"hook_event_name": "UserPromptSubmit", "prompt": ERROR}, PROMPT),
    "before what reads": (
        {"hook_event_name": "PreToolUse", **CALL, "tool_input": {"command": "ls -la && git status"}},
        ANY,
    ),
    "before what changes": ({"hook_event_name": "PreToolUse", **CHANGING, "session_id": CONSULTED}, ANY),
    "before what is denied": ({"hook_event_name": "PreToolUse", **CHANGING}, ANY),
    "after what went well": (
        {"hook_event_name": "PostToolUse", **CHANGING, "tool_response": {"stdout": "done", "stderr": ""}},
        ANY,
    ),
    "after a known failure": (
        {"hook_event_name": "PostToolUseFailure", **CHANGING, "error": f"Exit code 2\n{ERROR}"},
        ANY,
    ),
    "an agent stops": ({"hook_event_name": "Stop", "stop_hook_active": False}, ANY),
}


def main() -> None:
    given = options()
    runs, memories = (5, 2_000) if given.quick else (21, 100_000)
    compile_hooks()
    figures = []
    for vocabulary, words in (("", 20_000), (", seventy words", 70)):
        say(f"a memory of {memories:,}{vocabulary}")
        store = world(given, memories, words)
        with Brain.open(store, namespace=NAMESPACE, read=(), model="none", background=False, actor=AGENT) as brain:
            brain.guidance("make deploy", session=CONSULTED)  # a consultation holds for an hour
        for beside, held in (("", nullcontext()), (", store locked", writing(store))):
            say(f"processes in turn{beside}")
            with held:
                seconds = measured(store, runs)
            for name, (_, bar) in EVENTS.items():
                whole = f"{name}{vocabulary}{beside}"
                figures.append(ratio(whole, {"bare": seconds["bare"], whole: seconds[name]}, bar))
    publish(figures, quick=given.quick, memories=memories)


def world(given: Options, memories: int, words: int) -> Path:
    """Return a strict memory with rules, a fix and a consultation; it is made if it is not there."""
    store = given.work / f"hooks-{memories}-{words}.db"
    if store.exists():
        return store
    chance = random.Random(17)
    vocabulary = [f"{chance.choice('bdgklmnprst')}{chance.getrandbits(40):x}" for _ in range(words)]
    with Brain.open(store, namespace=NAMESPACE, read=(), model="none", background=False) as brain:
        for at in range(0, memories, 1_000):
            drafts = [
                brain.draft(
                    f"{' '.join(chance.choices(vocabulary, k=6))} {at + number}",
                    " ".join(chance.choices(vocabulary, k=30)),
                )
                for number in range(min(1_000, memories - at))
            ]
            brain.capture_many(drafts)
        for number in range(RULES):
            globs = (f"deploy service-{number} *", f"tool{number}*")
            kind, mode = RuleKind.APPROVAL, RuleMode.ASK
            brain.guard.add(Rule(id="", namespace="", name=f"rule {number}", operations=globs, kind=kind, mode=mode))
        failing = brain.begin("make deploy", consult="never")
        failing.fail(ERROR)
        brain.fixes.attach(ERROR, "unlock the ledger", advice="run make unlock first")
        brain.guard.set_enforcement("strict", reason="measured")
        brain.flush()
        brain.guard.write_pack()
    return store


@contextmanager
def writing(store: Path) -> Iterator[None]:
    """Hold the lock of a store's writers."""
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        yield
        connection.execute("rollback")


def measured(store: Path, runs: int) -> dict[str, list[float]]:
    """Return the CPU seconds of each event's process, by turns; each turn is a session of its own."""
    events = "session prompt before after failure stop"  # and nobody drains beside
    settings = {"STORE": str(store), "NAMESPACE": NAMESPACE, "READ": "", "HOOKS": events}
    environment = {"PATH": os.environ["PATH"], "HOME": str(store.parent)}
    environment |= {f"BRAINOPS_{name}": value for name, value in settings.items()}
    called = handler("claude-code", "SessionStart")
    event = store.parent / "event.json"
    seconds: dict[str, list[float]] = {name: [] for name in ("bare", *EVENTS)}
    for number in range(-1, runs):
        for name in seconds:
            if name != "bare":
                said = {"session_id": f"s{number}", "cwd": str(store.parent), **EVENTS[name][0]}
                event.write_text(json.dumps(said), encoding="utf-8")
            words = BARE if name == "bare" else (called["command"], *called["args"])
            took = cpu_of(words, environment, None if name == "bare" else event)
            if number >= 0:
                seconds[name].append(took)
    return seconds


if __name__ == "__main__":
    main()
