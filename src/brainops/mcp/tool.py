"""What is a tool? A function of a view, and what its signature says: a schema of what it takes, and of what it answers.

Its first parameter is the view. Each tool also takes the session that the call belongs to, and whether the text is to
say more.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from brainops.brain import Brain
from brainops.wire import from_plain, plain, schema

SHORT_BYTES = 2_000  # of text: what a model reads of a call that asked for no more
LONG_BYTES = 20_000
DEADLINE_SECONDS = 30.0  # of a call

_COMMON = [
    (
        "session",
        Annotated[str | None, Meta(description="The session's handle, as session_start answered it.")],
        None,
    ),
    ("detail", Annotated[bool, Meta(description="Let the text say more: up to 20 KB, not 2.")], False),
]


class ToolAnswer(Struct, frozen=True, kw_only=True):
    """What a tool answers: the value, as its schema says, and a text that says the most of it."""

    structured: dict[str, Any]
    text: str


class Tool:
    """A function of a view that a model may call, with what a client is told of it.

    One that `runs` procedures reaches beyond the memory, and goes on until a run ends or waits; others have a deadline.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        title: str,
        told: Callable[[Any], Iterable[str]],
        *,
        reads: bool = False,
        destructive: bool = False,
        idempotent: bool = False,
        runs: bool = False,
    ) -> None:
        self.name = function.__name__
        self.title = title
        self.description = inspect.getdoc(function) or ""
        self.reads = reads
        self.destructive = destructive or runs
        self.idempotent = idempotent or reads
        self.runs = runs
        self._function = function
        self._told = told

    @cached_property
    def takes(self) -> type[Struct]:
        """The arguments of a call."""
        hints = typing.get_type_hints(self._function, include_extras=True)
        parameters = list(inspect.signature(self._function).parameters.values())[1:]
        fields: list[Any] = [
            (each.name, hints[each.name], *(() if each.default is each.empty else (each.default,)))
            for each in parameters
        ]
        return msgspec.defstruct(self.name, [*fields, *_COMMON], kw_only=True, forbid_unknown_fields=True)

    @cached_property
    def answers(self) -> type[Any]:
        """The type of the answer; a list is answered as `items` of an object, since only objects are structured."""
        kind: Any = typing.get_type_hints(self._function)["return"]
        return msgspec.defstruct(f"{self.name}_answer", [("items", kind)]) if typing.get_origin(kind) is list else kind

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema of the arguments."""
        return _object(schema(self.takes))

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """The JSON Schema of the answer."""
        return _object(schema(self.answers))

    def call(self, brain: Brain, arguments: Mapping[str, Any]) -> ToolAnswer:
        """Call it with a client's arguments. Raises BrainOpsError: InvalidInput names the field, and what it takes."""
        given = msgspec.structs.asdict(from_plain(self.takes, dict(arguments)))
        session, detail = given.pop("session"), given.pop("detail")
        view = brain.acting(session=session, deadline=None if self.runs else DEADLINE_SECONDS)
        value = self._function(view, **given)
        structured = plain({"items": value} if isinstance(value, list) else value)
        return ToolAnswer(structured=structured, text=_cut("\n".join(self._told(value)), detail))


def _object(described: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that says `object` itself, as clients want it, and not only by a reference."""
    reference = described.pop("$ref", None)
    if reference is None:
        return described
    name = reference.split("/")[-1]
    return {**described["$defs"].pop(name), **({"$defs": described["$defs"]} if described["$defs"] else {})}


def _cut(text: str, detail: bool) -> str:
    limit = LONG_BYTES if detail else SHORT_BYTES
    written = text.encode("utf-8", "replace")
    if len(written) <= limit:
        return written.decode()
    more = "the structured content has all" if detail else "detail=true says more"
    return f"{written[: limit - 60].decode(errors='ignore')}\n… cut here: {more}"
