"""Does the public surface stay what it is, unless somebody says so?"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import brainops
from brainops.brain import Brain
from brainops.engine import Engine
from brainops.nouns import Noun

SURFACE = Path(__file__).with_name("public_surface.txt")


def test_the_public_surface_is_what_is_written_down() -> None:
    """SURFACE=1 writes it anew: look at the difference, and say in CHANGELOG.md what users have to change."""
    found = "".join(f"{line}\n" for line in surface())
    if os.environ.get("SURFACE"):
        SURFACE.write_text(found, encoding="utf-8")

    assert found == SURFACE.read_text(encoding="utf-8")


def test_the_names_that_others_call_have_their_place_on_top() -> None:
    called = {"parse_error", "fingerprint", "redact", "classify_command", "read_log_line", "import_path"}

    assert called <= set(brainops.__all__)


def test_no_noun_of_a_brain_asks_for_what_only_parts_of_the_engine_hold() -> None:
    held = re.compile(r"\b(tx|looked|work|row|rows|within)\b(?!=)")
    nouns = [line for line in SURFACE.read_text(encoding="utf-8").splitlines() if line.startswith("brain.")]

    assert [line for line in nouns if held.search(line.partition("(")[2])] == []


def surface() -> Iterator[str]:
    """Yield each public name with its signature: of the package, an engine, a Brain, and the nouns of one."""
    for name in sorted(brainops.__all__):
        yield from told(f"brainops.{name}", getattr(brainops, name), of_class=name == "Brain")
    yield f"brainops.Brain.open{signature(Brain.open)}"  # of the class alone: no Brain has it
    yield from told("Engine", Engine, of_class=True)
    with Brain.open(":memory:", namespace="surface", read=[], model="none", background=False) as brain:
        for noun in sorted(name for name in dir(brain) if not name.startswith("_")):
            value = getattr(brain, noun)
            if type(value).__module__.startswith("brainops.") and not inspect.isroutine(value) and noun != "settings":
                yield from members(f"brain.{noun}", value)


def told(name: str, value: Any, *, of_class: bool) -> Iterator[str]:
    """Yield a name and, of a class that is used by its methods, each of them."""
    yield f"{name}{signature(value)}"
    if of_class:
        yield from members(name, value)


def members(name: str, value: Any) -> Iterator[str]:
    """Yield the public attributes of something by name."""
    for each in sorted(attribute for attribute in dir(value) if not attribute.startswith("_")):
        static = inspect.getattr_static(value._part if isinstance(value, Noun) else value, each)
        yield f"{name}.{each}{'' if isinstance(static, property) else signature(getattr(value, each))}"


def signature(value: Any) -> str:
    """Return the parameters of what can be called, without what they default to: texts of objects differ."""
    if not callable(value) or (isinstance(value, type) and issubclass(value, Enum)):
        return ""
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:
        return "(...)"
    names, starred = [], False
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and not starred:
            names.append("*")
        starred = starred or each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        stars = "*" if each.kind is each.VAR_POSITIONAL else "**" if each.kind is each.VAR_KEYWORD else ""
        names.append(f"{stars}{each.name}{'' if each.default is each.empty else '='}")
    return f"({', '.join(names)})"
