"""What can be read by its address, and which prompts are there?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from mcp.types import (
    GetPromptResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    ResourceTemplate,
    TextContent,
)

from brainops.brain import Brain
from brainops.errors import InvalidInput, NotFound
from brainops.wire import to_json

JSON_TYPE = "application/json"

READS: Mapping[str, tuple[str, Callable[[Brain, str], Any]]] = {
    "memory": ("One memory, by its id: what it says, whose word it is, and how often it was seen.", Brain.get),
    "procedure": ("A procedure, by its name: with its steps.", lambda brain, name: brain.procedures.get(name)),
    "run": ("A run of a procedure, by its id: where it and its steps stand.", lambda brain, id: brain.runs.get(id)),
}

TEMPLATES = [
    ResourceTemplate(
        uri_template=f"brainops://{kind}/{{id}}", name=kind, title=kind.title(), description=says, mime_type=JSON_TYPE
    )
    for kind, (says, _) in READS.items()
]

OPERATE = """\
You are about to do this: {operation}, on {target}. First call `consult` with it. Follow what the answer asks to be
followed, and do not repeat what went wrong before. Then do it, and call `report_outcome` with the operation's id."""

MEND = """\
This went wrong:

{error}

Call `report_error` with it. Where a fix is known, consult and try it; else look with `recall` for what is near. Once it
is mended, call `remember` with what helped and how you know."""

PROMPTS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "operate": (
        "Do something with what is remembered of it.",
        {"operation": "What is to be done.", "target": "On what."},
        OPERATE,
    ),
    "mend": ("Mend an error with what helped before.", {"error": "The error as it was printed."}, MEND),
}


def read(brain: Brain, uri: str) -> str:
    """Return what stands at an address, as JSON. Raises NotFound."""
    kind, _, name = uri.removeprefix("brainops://").partition("/")
    if not uri.startswith("brainops://") or kind not in READS or not name:
        raise NotFound(f"nothing is at {uri[:80]!r}; there is {', '.join(each.uri_template for each in TEMPLATES)}")
    return to_json(READS[kind][1](brain, unquote(name))).decode()


def prompts() -> list[Prompt]:
    """Return the prompts, with what each takes."""
    return [
        Prompt(
            name=name,
            description=says,
            arguments=[PromptArgument(name=each, description=of, required=True) for each, of in takes.items()],
        )
        for name, (says, takes, _) in PROMPTS.items()
    ]


def prompt(name: str, arguments: Mapping[str, str]) -> GetPromptResult:
    """Return a prompt, filled in. Raises NotFound, InvalidInput."""
    if name not in PROMPTS:
        raise NotFound(f"there is no prompt {name[:80]!r}; there is {' and '.join(PROMPTS)}")
    says, takes, text = PROMPTS[name]
    if missing := [each for each in takes if not arguments.get(each)]:
        raise InvalidInput(f"the prompt {name} takes {', '.join(missing)} as well")
    text = re.sub(r"\{(\w+)\}", lambda place: arguments[place[1]], text)  # once: values may hold braces of their own
    message = PromptMessage(role="user", content=TextContent(type="text", text=text))
    return GetPromptResult(description=says, messages=[message])
