"""Does a procedure come back as it was, from its file, from JSON and from its canonical form?"""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from brainops.authoring import schema
from brainops.procedures.definition.canonical import as_mapping, canonical, digest
from brainops.procedures.definition.define import define
from brainops.procedures.definition.parse import parse
from brainops.procedures.definition.render import render
from brainops.procedures.definition.sources import stored
from tests.procedures.drawing import procedures

# No shrinking: a procedure of hundreds of parts takes minutes to shrink, and what differs is shown anyway.
SLOW = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


@SLOW
@given(procedures())
def test_what_is_written_is_read_back_as_it_was(value: dict[str, Any]) -> None:
    procedure = define(value)

    assert parse(render(procedure)) == procedure


@SLOW
@given(procedures())
def test_a_procedure_is_the_same_from_json_from_python_and_from_the_store(value: dict[str, Any]) -> None:
    procedure = define(value)

    assert parse(json.dumps(as_mapping(procedure)), "a.json") == procedure
    assert define(as_mapping(procedure)) == procedure
    assert stored(canonical(procedure)) == procedure
    assert digest(define(as_mapping(procedure))) == digest(procedure)


@SLOW
@given(procedures())
def test_what_is_written_fits_the_published_schema_and_other_readers_of_yaml(value: dict[str, Any]) -> None:
    procedure = define(value)
    front = render(procedure).split("---\n")[1]

    read = yaml.safe_load(front)
    if True in read:
        read["on"] = read.pop(True)  # to a reader of YAML 1.1
    jsonschema.Draft202012Validator(json.loads(schema())).validate(read)
    assert read["name"] == procedure.name
