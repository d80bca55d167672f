"""Is a secret kept out of the store, exports and every command's output, whichever text of whichever verb holds it?

The verbs and their parameters are found by reflection, so that a new one is walked without being named here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from brainops.brain import Brain
from brainops.cli.program import main
from brainops.errors import BrainOpsError
from brainops.types import Actor, ActorKind, OperationStart, Rule, RuleKind, RuleMode

MARK = re.compile(rb"q7x(\d{4})z", re.IGNORECASE)
LIMITS = (80, 200, 300, 500, 600, 1_000, 2_000, 4_000, 10_000, 20_000)  # that texts are cut at somewhere

PROCEDURE = """---
name: {name}
description: Look at the service
steps:
  - id: look
    uses: manual
    text: Look at it
---
"""

# Verbs that are no verbs of a text: they end the program, or are handed what only other parts of the engine make.
LEFT_OUT = {"open", "close", "dispatcher", "resume_automatic"}
WITH: dict[str, dict[str, Any]] = {
    "fixes.attach": {"advice": "do it again"},
    "agents.register": {"adapter": "command", "settings": {"run": ["true"]}},
    "guard.set_mode": {"mode": "warn"},
    "brain.capture_error": {"error": "TypeError: it is none"},
}
"""What a verb must be given besides, though its signature does not say so."""

INNER = ("tx", "work", "run", "function", "changer", "complete", "proof", "model", "progress")


def token(number: int) -> str:
    """Return what looks like an access token of GitHub, and can be told from every other."""
    return f"ghp_q7x{number:04d}z{'Ab3' * 10}"[:40]


def short(number: int) -> str:
    """Return a short text around a secret."""
    return f"use {token(number)} for it"


def cut_through(number: int) -> str:
    """Return a text in which the place of each limit lies within a secret, behind its mark."""
    text = ""
    for limit in LIMITS:
        text = (text + " word" * limit)[: limit - 15] + " " + token(number)
    return text


def new_rule(name: str) -> Rule:
    """Return a rule about what nobody does."""
    return Rule(id="", namespace="", name=name, kind=RuleKind.APPROVAL, operations=("never",), mode=RuleMode.OBSERVE)


@dataclass
class World:
    """A memory with one of each thing that verbs are about, made anew where a verb may use it up."""

    brain: Brain
    told: dict[int, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    made: int = 0

    def name(self) -> str:
        self.made += 1
        return f"thing-{self.made}"

    def memory(self) -> str:
        return self.brain.capture(self.name(), "what is known").id

    def operation(self) -> str:
        with self.brain.operation(self.name()) as running:
            return running.id

    def procedure(self) -> str:
        name = self.name()
        self.brain.establish(PROCEDURE.format(name=name))
        return name

    def run(self) -> str:
        return self.brain.runs.start(self.procedure()).id

    def fix(self) -> str:
        return self.brain.fixes.attach(f"TypeError: {self.name()} is none", "do it again", advice="do it again").id

    def rule(self) -> str:
        return self.brain.guard.add(new_rule(self.name())).id

    def waiting(self) -> str:
        """Return an execution that waits, as no agent can carry it out."""
        return self.brain.agents.execute("look", capabilities=[self.name()]).id

    def agent(self) -> str:
        name = self.name()
        self.brain.agents.register_callable(name, lambda task: "done")
        return name

    def given(self, place: str, parameter: str) -> Any:
        """Return what a parameter that must be given, and is not the one walked, is given; raise LookupError."""
        by_name: dict[str, Callable[[], Any]] = {
            "memory_id": self.memory,
            "operation_id": self.operation,
            "run_id": self.run,
            "fix_id": self.fix,
            "application_id": lambda: self.brain.fixes.record(self.fix(), helped=True).id,
            "case_id": lambda: self.brain.cases.learn(self.name(), {"a": 1}, {"b": 2}).id,
            "execution_id": self.waiting,
            "rule_id": self.rule,
            "start": lambda: OperationStart(name=self.name()),
            "rule": lambda: new_rule(self.name()),
            "evidence": lambda: "seen",
            "step_id": lambda: "look",
            "reason": lambda: "because",
            "verdict": lambda: "helpful",
            "days": lambda: 1,
            "helped": lambda: True,
            "right": lambda: True,
            "kind": lambda: "webhook",
            "settings": lambda: {"url": "https://hooks.example/a"},
            "minutes": lambda: 1,
            "at": lambda: 1,
            "mode": lambda: "suggest",
            "cycle": lambda: "hourly",
            "inputs": lambda: {"a": 1},
            "outputs": lambda: {"b": 2},
            "enforcement": lambda: "observe",
            "autonomy": lambda: "propose",
            "patterns": lambda: {"look *": "read_only"},
            "counted": lambda: True,
            "older_than_days": lambda: 1,
            "namespace": lambda: "other",
            "error": lambda: "TypeError: it is none",
            "source": lambda: PROCEDURE.format(name=self.name()),
            "key": lambda: "a-key",
        }
        if parameter == "name" and place.startswith(("procedures.", "runs.", "brain.execute")):
            return self.procedure()
        if parameter == "name" and place.startswith("agents."):
            return self.agent()
        if parameter == "error" and place.startswith("fixes."):
            return f"TypeError: {self.name()} is none"
        if parameter in by_name:
            return by_name[parameter]()
        return self.name()

    def walk(self, place: str, verb: Callable[..., Any], text_of: Callable[[int], str]) -> None:
        """Call a verb once for each of its parameters that can hold a text, with a secret in that one."""
        parameters = inspect.signature(verb).parameters
        for name, parameter in parameters.items():
            shape = shape_of(str(parameter.annotation))
            if shape is None or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            number = len(self.told)
            self.told[number] = f"{place}({name})"
            arguments = {
                each: self.given(place, each)
                for each, known in parameters.items()
                if each != name
                and known.default is known.empty
                and known.kind not in (known.VAR_KEYWORD, known.VAR_POSITIONAL)
            }
            arguments |= {each: value for each, value in WITH.get(place, {}).items() if each != name}
            try:
                answer = verb(**arguments, **{name: shape(text_of(number))})
                if inspect.isgenerator(answer):
                    list(answer)
                if hasattr(answer, "__exit__"):
                    with answer:
                        pass
                self.kept.add(f"{place}({name})")
            except (BrainOpsError, OSError):
                pass  # refused, so nothing of it may be kept either
            except (TypeError, AttributeError, ValueError) as error:
                if "q7x" in str(error):
                    raise


def shape_of(annotation: str) -> Callable[[str], Any] | None:
    """Return how a text stands in a parameter of this type, None where none does."""
    if "Mapping" in annotation:
        return lambda text: {"note": text}
    if re.search(r"(Iterable|Sequence|tuple|list)\[", annotation):
        return (lambda text: [text]) if "str" in annotation else None
    return (lambda text: text) if re.search(r"\bstr\b|JSON", annotation) else None


def verbs(brain: Brain) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield (place, verb) for everything that a caller of the library can call."""
    for name in dir(brain):
        part = None if name.startswith("_") or name in LEFT_OUT else getattr(brain, name)
        if inspect.ismethod(part):
            yield f"brain.{name}", part
        elif type(part).__module__.startswith("brainops"):
            for inner in dir(part):
                verb = None if inner.startswith("_") or inner in LEFT_OUT else getattr(part, inner)
                if inspect.ismethod(verb) and not set(INNER) & set(inspect.signature(verb).parameters) - {"proof"}:
                    yield f"{name}.{inner}", verb


@pytest.mark.parametrize("text_of", [short, cut_through])
def test_no_text_of_any_verb_keeps_a_secret(
    text_of: Callable[[int], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what is written to a path that was made up is looked at too
    file, export = tmp_path / "memory.db", tmp_path / "all.jsonl"
    person = Actor(kind=ActorKind.PERSON, id="ada")
    with Brain.open(file, model="none", background=False, actor=person) as brain:
        world = World(brain)
        for place, verb in list(verbs(brain)):
            world.walk(place, verb, text_of)
        brain.flush()
        brain.upkeep.export_to(export)
        held = sorted(set(stored(tmp_path, world)))

    assert held == []
    assert len(world.kept) > 100, "most verbs take what they are given, or nothing was walked"


def stored(folder: Path, world: World) -> Iterator[str]:
    """Yield the places whose secret stands in a file of the store or in what was exported."""
    for path in folder.rglob("*"):
        if path.is_file() and not MARK.search(path.name.encode()):  # a file may be called as it was asked
            for found in MARK.findall(path.read_bytes()):
                yield f"{world.told[int(found)]} in {path.name}"


COMMANDS = """
capture SECRET SECRET --tag SECRET --subject SECRET
capture error SECRET --type error_pattern
guide SECRET --target SECRET
guard check SECRET --target SECRET
feedback MEMORY helpful --note SECRET
runs cancel RUN --reason SECRET
fix attach TypeError --title SECRET --advice SECRET
workflow plan SECRET
search SECRET
match SECRET
archive MEMORY --reason SECRET
operations
status
"""


def test_no_command_prints_a_secret_that_it_was_given(tmp_path: Path) -> None:
    file = tmp_path / "memory.db"
    for form in (["--json"], []):
        with Brain.open(file, model="none", background=False) as brain:
            world = World(brain)
            places = {"SECRET": short(7), "MEMORY": world.memory(), "RUN": world.run()}
        for line in COMMANDS.strip().splitlines():
            words = [places.get(word, word) for word in line.split()]
            said = CliRunner().invoke(main, [*words, *form, "--store", str(file), "--model", "none"])

            assert (said.exit_code, MARK.search(said.output.encode())) == (0, None), (line, said.output)
