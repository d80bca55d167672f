"""Are our answers what the clients' own schemas allow, down to the last field?"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft7Validator, ValidationError

from brainops_core.hook import clients
from brainops_core.hook.clients import CLIENTS
from tests.hooks.real import program

CODEX = CLIENTS["codex"]


@pytest.fixture(scope="module")
def schemas() -> dict[str, Draft7Validator]:
    """Return the schemas of answers that the program of Codex holds, by the name that it gives an event."""
    data = program("codex").read_bytes()
    found: dict[str, Draft7Validator] = {}
    for title in re.finditer(rb'"title": "([a-z-]+)\.command\.output"', data):
        begin = data.rindex(b'{\n  "$schema"', 0, title.start())
        text = data[begin : begin + 20_000].decode("utf-8", "replace")
        schema, _ = json.JSONDecoder().raw_decode(text)
        found["".join(part.capitalize() for part in title[1].decode().split("-"))] = Draft7Validator(schema)
    return found


def answers() -> list[tuple[str, dict[str, Any]]]:
    """Return every form of answer that Codex may get."""
    said = [(event, clients.context(CODEX, event, "a text")) for event in CODEX.events]
    refused = [("PreToolUse", clients.refusal(CODEX, "PreToolUse", "a reason", asks=asks)) for asks in (False, True)]
    return [*((event, each) for event, each in said if each), *refused, ("Stop", clients.hold("a reason"))]


@pytest.mark.parametrize(("event", "answer"), answers())
def test_codex_takes_every_answer_of_ours(
    schemas: dict[str, Draft7Validator], event: str, answer: dict[str, Any]
) -> None:
    schemas[event].validate(answer)


def test_codex_would_drop_an_answer_with_one_field_more(schemas: dict[str, Draft7Validator]) -> None:
    denied = clients.refusal(CODEX, "PreToolUse", "a reason")

    with pytest.raises(ValidationError, match="surplus"):
        schemas["PreToolUse"].validate({**denied, "surplus": 1})


@pytest.mark.parametrize("client", list(CLIENTS.values()), ids=list(CLIENTS))
def test_an_answer_is_these_bytes_and_no_other(client: clients.Client) -> None:
    from brainops_core.json_text import to_json

    told = to_json(clients.context(client, "PreToolUse", 'a "text"\n'))
    asked = to_json(clients.refusal(client, "PreToolUse", "why", asks=True))

    assert told == ('{"hookSpecificOutput":{"hookEventName":"PreToolUse","additionalContext":"a \\"text\\"\\n"}}')
    verdict = "ask" if client.asks else "deny"
    assert asked == (
        '{"hookSpecificOutput":{"hookEventName":"PreToolUse",'
        f'"permissionDecision":"{verdict}","permissionDecisionReason":"why"}}}}'
    )
    assert to_json(clients.hold("why")) == '{"decision":"block","reason":"why"}'
    assert clients.context(client, "Stop", "a text") is None
