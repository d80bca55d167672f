"""What does the API promise? Its OpenAPI 3.1 document, made from the verbs' own signatures, and checked in.

scripts/write_openapi.py writes it; a test says where it no longer is what the verbs say.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from brainops.remote.verbs import Verb
from brainops.server.problem import MEDIA_TYPE, ProblemDetails

DOCUMENT = Path(__file__).with_name("openapi.json")
REFERENCE = "#/components/schemas/{name}"
_HEADERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "BrainOps-Deadline": (
        "Seconds within which the call must be done; what is not committed by then is not written.",
        {"type": "number", "exclusiveMinimum": 0, "maximum": 300, "default": 30},
    ),
    "BrainOps-Session": ("The session that this is a part of.", {"type": "string"}),
    "BrainOps-Namespace": ("Where it is; without it, where the key writes, or at home.", {"type": "string"}),
    "BrainOps-Read": ("What is read besides: namespaces, with commas between.", {"type": "string"}),
    "BrainOps-Proof": ("The personal key of somebody who may approve.", {"type": "string"}),
    "BrainOps-Digest": ("Of the approval as it was looked at, from who is signed in.", {"type": "string"}),
    "Idempotency-Key": (
        "Under which the call can be repeated: what was done before is not done twice.",
        {"type": "string"},
    ),
}


_EVERY = ("BrainOps-Deadline", "BrainOps-Session", "BrainOps-Namespace", "BrainOps-Read")


def document(verbs: Iterable[Verb], version: str) -> dict[str, Any]:
    """Return the OpenAPI document of these verbs."""
    listed = list(verbs)
    kinds = [each for verb in listed for each in (verb.takes, verb.answers)]
    schemas, components = msgspec.json.schema_components([*kinds, ProblemDetails], ref_template=REFERENCE)
    paths: dict[str, Any] = {}
    for number, verb in enumerate(listed):
        paths[f"/v1/{verb.name.replace('.', '/')}"] = _path(verb, schemas[2 * number], schemas[2 * number + 1])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "BrainOps",
            "version": version,
            "description": "The operational memory of AI agents and of the services they run. Each verb is called by "
            "POST with a JSON object; those that only read are answered to GET too.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8321"}],
        "security": [{"key": []}, {"person": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "brainops keys issue NAME"},
                "person": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-brainops",
                    "description": "Somebody who signed in; X-CSRF-Token, as GET /sign-in/who says it, goes with POST.",
                },
            },
            "responses": {
                "Problem": {
                    "description": "What went wrong, and the way out.",
                    "content": {MEDIA_TYPE: {"schema": schemas[-1]}},
                }
            },
        },
    }


def _path(verb: Verb, takes: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    summary, _, rest = inspect.cleandoc(inspect.getdoc(verb.function) or "").partition("\n\n")
    told = {
        "summary": " ".join(summary.split()),
        "description": " ".join(rest.split()),
        "tags": [verb.name.partition(".")[0] if "." in verb.name else "memory"],
        "x-role": verb.role.value,
        "responses": {
            "200": {"description": "What the verb answers.", "content": {"application/json": {"schema": answers}}},
            "4XX": {"$ref": "#/components/responses/Problem"},
            "5XX": {"$ref": "#/components/responses/Problem"},
        },
    }
    shared = [
        {"name": name, "in": "header", "description": says, "schema": schema}
        for name, (says, schema) in _HEADERS.items()
        if name in _EVERY
        or (name == "BrainOps-Digest" and verb.name.startswith("approvals.") and verb.writes)
        or (name == "BrainOps-Proof" and "proof" in verb.keywords)
        or (name == "Idempotency-Key" and verb.writes)
    ]
    body = {"required": bool(verb.needs), "content": {"application/json": {"schema": takes}}}
    name = verb.name.replace(".", "_")
    found = {"post": {"operationId": name, **told, "parameters": shared, "requestBody": body}}
    if verb.plain:
        fields = msgspec.json.schema_components([verb.takes], ref_template=REFERENCE)[1][verb.takes.__name__]
        query = [
            {"name": each, "in": "query", "required": each in fields.get("required", []), "schema": schema}
            for each, schema in fields["properties"].items()
        ]
        found["get"] = {"operationId": f"get_{name}", **told, "parameters": [*shared, *query]}
    return found
