"""Is what every verb answers over HTTP what the document says of it, and is all refused that the document forbids?

Schemathesis makes the requests from the document itself, one or two of each verb and the same ones each time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.server.app import application
from brainops.server.openapi import DOCUMENT
from brainops.types import Actor, ActorKind

AS_SAID: Sequence[CheckFunction] = (status_code_conformance, content_type_conformance, response_schema_conformance)

PAIRS = ("/v1/procedures/from_document", "/v1/procedures/from_text")  # of values: schemathesis 4.32 cannot read them


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Ask every verb of a server, as an admin, what a document lets one ask; return how often."""
    marta = Actor(kind=ActorKind.PERSON, id="marta", proof="terminal")
    with Engine.open(tmp_path / "memory.db", namespace="team/a", read=[], model="none", background=False) as engine:
        key = Brain(engine, actor=marta).keys.issue("whole", role="admin").secret
        app = application(engine, hosts={"127.0.0.1"}, open_to_this_machine=False, closed=asyncio.Event())

        def ask(document: dict[str, Any], mode: GenerationMode, checks: Sequence[CheckFunction], each: int = 1) -> int:
            schema = schemathesis.openapi.from_dict(document)
            schema.app = app
            times = 0
            for found in schema.get_all_operations():
                operation: Any = found.ok()  # type: ignore[union-attr]
                if operation.method.upper() != "POST":
                    continue

                @seed(1)
                @settings(
                    max_examples=each,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                    phases=[Phase.generate],
                )
                @given(case=operation.as_strategy(generation_mode=mode))
                def verb(case: Any) -> None:
                    nonlocal times
                    times += 1
                    answer = case.call(base_url="http://127.0.0.1:8321", headers={"Authorization": f"Bearer {key}"})
                    assert answer.status_code != 500, answer.text
                    case.validate_response(answer, checks=list(checks))

                verb()
            return times

        yield ask


def document(*, without: Sequence[str] = ()) -> dict[str, Any]:
    """Return the document, without what is said of keys: all is asked with one."""
    told: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    told.pop("security")
    told["components"].pop("securitySchemes")
    told["paths"] = {path: what for path, what in told["paths"].items() if path not in without}
    return told


@pytest.mark.timeout(180)
def test_every_verb_answers_as_the_document_says(asked: Callable[..., int]) -> None:
    assert asked(document(without=PAIRS), GenerationMode.POSITIVE, AS_SAID, 2) > 200


@pytest.mark.timeout(180)
def test_what_the_document_forbids_is_refused(asked: Callable[..., int]) -> None:
    refused = (*AS_SAID, negative_data_rejection)
    assert asked(document(without=PAIRS), GenerationMode.NEGATIVE, refused) > 150


def test_an_answer_that_is_not_as_the_document_says_is_found(asked: Callable[..., int]) -> None:
    told = document()
    told["paths"] = {"/v1/keys/list": told["paths"]["/v1/keys/list"]}
    assert asked(told, GenerationMode.POSITIVE, AS_SAID)
    told["components"]["schemas"]["AccessKey"]["properties"]["name"] = {"type": "integer"}

    with pytest.raises(FailureGroup) as wrong:
        asked(told, GenerationMode.POSITIVE, AS_SAID)
    assert '"whole" is not of type "integer"' in str(wrong.value.exceptions[0])
