"""How is a value held against a JSON Schema from outside without a schema that can keep us at it for ever?

Python's `re` takes exponential time on some patterns, and a schema of references can ask for exponentially many checks.
So patterns are matched by the engine that CEL's `matches` uses, whose time grows with the text only, and a validation
has a bound of checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from brainops.errors import InvalidInput
from brainops.procedures.conditions.patterns import MAX_TEXT, pattern
from brainops.types import JSON

MAX_CHECKS = 50_000  # keywords that one validation may ask; some 0.5 s. Inputs of a procedure take some tens
UNREAD = "patternProperties"  # what `jsonschema` matches by `re` in three of its keywords
DATA = ("const", "enum", "default", "examples")  # what stands here is a value, no schema
NAMED = ("properties", "$defs", "definitions", "dependentSchemas", "dependentRequired")  # names of the user's own

Where = tuple[str | int, ...]


def unreadable(schema: JSON | Mapping[str, JSON], where: Where = ()) -> Iterator[tuple[Where, str, str]]:
    """Yield each place of a schema that is not read here, what is wrong with it, and the way out."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            here = (*where, key)
            if key == "pattern" and isinstance(value, str) and pattern(value) is None:
                yield (
                    here,
                    f"{value[:80]!r} is no pattern that is matched in bounded time",
                    "write it in RE2's syntax, without look-around and back references; \\d and \\w are ASCII",
                )
            elif key == UNREAD:
                yield (
                    here,
                    f"{UNREAD} is not read",
                    "name the properties; `propertyNames: {pattern: ...}` holds the others",
                )
            elif key in NAMED and isinstance(value, Mapping):
                for name, each in value.items():
                    yield from unreadable(each, (*here, name))
            elif key not in DATA:
                yield from unreadable(value, here)
    elif isinstance(schema, list):
        for number, each in enumerate(schema):
            yield from unreadable(each, (*where, number))


def problems(
    schema: Mapping[str, JSON], value: JSON | Mapping[str, JSON], part: Mapping[str, JSON] | None = None
) -> list[Any]:
    """Return the `jsonschema.ValidationError`s of a value by their paths; by a part of the schema if given.

    Raises InvalidInput where the schema is defined by itself, asks for too much, or holds what `unreadable` names.
    """
    for where, message, way_out in unreadable(schema):
        raise InvalidInput(f"the schema of its inputs, at {'.'.join(map(str, where))}: {message}; {way_out}")
    asked = 0

    def counted(keyword: str, check: Callable[..., Any]) -> Callable[..., Any]:
        def bounded(validator: Any, said: Any, instance: Any, around: Any) -> Any:
            nonlocal asked
            asked += 1 + (len(instance) ** 2 // 20 if keyword == "uniqueItems" and isinstance(instance, list) else 0)
            if asked > MAX_CHECKS:
                raise InvalidInput("the schema of its inputs asks for too many checks of this value; make one smaller")
            return check(validator, said, instance, around)

        return bounded

    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    checks = {**Draft202012Validator.VALIDATORS, "pattern": _matches}
    every = {name: counted(name, check) for name, check in checks.items()}
    bounded = extend(Draft202012Validator, every)  # type: ignore[no-untyped-call]  # so its stubs leave it
    try:
        found = list(bounded(dict(schema)).evolve(schema=dict(part or schema)).iter_errors(value))
    except RecursionError:
        raise InvalidInput("the schema of its inputs is defined by itself; correct it") from None
    return sorted(found, key=lambda error: str(error.json_path))


def _matches(validator: Any, said: str, instance: Any, around: Any) -> Iterator[Any]:
    """The keyword `pattern`."""
    if not validator.is_type(instance, "string"):
        return
    compiled = pattern(said)
    if len(instance) > MAX_TEXT:
        raise InvalidInput(f"a text of more than {MAX_TEXT:,} characters is held against no pattern; use `maxLength`")
    if compiled is None or not compiled.search(instance):
        from jsonschema import ValidationError

        yield ValidationError(f"does not match {said!r}")
