"""Write clients/js/src/api.d.ts, the verbs and values of the server as TypeScript, from its OpenAPI document.

What openapi-typescript makes of it is ten times as long, since it spells every verb's headers and answers anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "clients" / "js" / "src" / "api.d.ts"
DOCUMENT = ROOT / "src" / "brainops" / "server" / "openapi.json"
HEAD = """// Written by scripts/write_js_types.py from the server's OpenAPI document.

export type Json = boolean | number | string | null | readonly Json[] | { readonly [name: string]: Json };

"""
NAMES = {"boolean": "boolean", "integer": "number", "number": "number", "string": "string", "null": "null"}


def main() -> None:
    """Write the file."""
    TARGET.write_text(types(json.loads(DOCUMENT.read_text(encoding="utf-8"))), encoding="utf-8")


def types(document: dict[str, Any]) -> str:
    """Return the file's text."""
    schemas = document["components"]["schemas"]
    asked = _within(schemas, {name for name in schemas if name.endswith("Call")})
    parts = [HEAD]
    for name, schema in sorted(schemas.items()):
        parts += (_note(schema), f"export type {name} = {_type(schema, name in asked)};\n\n")
    parts.append("/** What each verb takes and answers. */\nexport interface Calls {\n")
    for path, methods in sorted(document["paths"].items()):
        call = methods.get("post")
        if call is None or not path.startswith("/v1/"):
            continue
        body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        answer = call["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
        verb = path.removeprefix("/v1/").replace("/", ".")
        parts.append(f"  {_note({'description': call['summary']})}")
        parts.append(f"  {json.dumps(verb)}: [{_type(body, True) if body else '{}'}, {_type(answer, False)}];\n")
    parts.append("}\n")
    return "".join(parts)


def _within(schemas: dict[str, Any], names: set[str]) -> set[str]:
    """Return schemas with all that stand in them."""
    while True:
        said = json.dumps([schemas[name] for name in names])
        more = {name for name in schemas if f'"#/components/schemas/{name}"' in said} | names
        if more == names:
            return names
        names = more


def _note(schema: dict[str, Any]) -> str:
    lines = schema.get("description", "").replace("*/", "").split("\n\n")[0].split("\n")
    return f"/** {' '.join(lines)} */\n" if lines[0] else ""


def _type(schema: dict[str, Any], asked: bool) -> str:
    """Return a schema as a type. What has a default may be left out of what is asked; in an answer it stands."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        kinds = [_type(each, asked) for each in schema["anyOf"]]
        if {"array", "object"} <= {each.get("type") for each in schema["anyOf"] if len(each) == 1}:
            return "Json"
        return " | ".join(dict.fromkeys(kinds))
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"readonly [{', '.join(_type(each, asked) for each in schema['prefixItems'])}]"
        case "array":
            return f"readonly ({_type(schema['items'], asked)})[]" if "items" in schema else "readonly Json[]"
        case "object" if "properties" in schema:
            required = set(schema.get("required", ())) if asked else set(schema["properties"])
            fields = (
                f"readonly {json.dumps(name)}{'' if name in required else '?'}: {_type(each, asked)}"
                for name, each in schema["properties"].items()
            )
            return "{ " + "; ".join(fields) + " }"
        case "object":
            each = schema.get("additionalProperties")
            return f"{{ readonly [name: string]: {_type(each, asked) if isinstance(each, dict) and each else 'Json'} }}"
        case str(name):
            return NAMES[name]
    return "Json"


if __name__ == "__main__":
    main()
