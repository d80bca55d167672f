"""How is a public value written as JSON, read from it again, and described by a schema? (pure)

Times are microseconds since 1970 in UTC, members of closed sets are their words, and what can be one of several things
says which (`state` of an outcome, `verdict` of a decision, `requires` of a requirement, `kind` of a proof). JSON knows
no number that is infinite or none at all: null stands for it, as in JavaScript. Half of a surrogate pair, which UTF-8
cannot hold, is written as U+FFFD. A page of a list is an object: `items`, `next`, `previous`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from brainops.errors import InvalidInput
from brainops.types.page import Page

T = TypeVar("T")

FOREIGN = (bytes, bytearray, memoryview, datetime, date, time, timedelta, Decimal)
"""What msgspec would take for text, and JSON does not have: a caller who hands it in means something else."""


def to_json(value: Any) -> bytes:
    """Return a value as JSON in UTF-8."""
    if isinstance(value, Page):
        value = {"items": list(value), "next": value.next, "previous": value.previous}
    try:
        return msgspec.json.encode(value, enc_hook=_builtin)
    except UnicodeEncodeError:
        return msgspec.json.encode(_encodable(msgspec.to_builtins(value, enc_hook=_builtin)))


def plain(value: Any) -> Any:
    """Return a value as what its JSON is read as: dicts, lists, text, numbers, booleans and None."""
    return msgspec.json.decode(to_json(value))


def from_json(kind: type[T], data: bytes | str, *, closed: bool = False) -> T:
    """Read a value from JSON. See `from_plain`; raises InvalidInput for what is no JSON as well."""
    try:
        given = msgspec.json.decode(data)
    except RecursionError as error:
        raise InvalidInput("it nests too deep; hand the deep part in as text") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InvalidInput(f"this is no JSON: {error}") from error
    return from_plain(kind, given, closed=closed)


def from_plain(kind: type[T], given: Any, what: str = "", *, closed: bool = False, strict: bool = True) -> T:
    """Read a value from what JSON is read as. Raises InvalidInput, with the field (of `what`) and what it takes.

    Fields that the type does not have are left out, since a newer program may have written them; `closed` refuses them:
    a request whose field nobody reads is a mistake of whoever wrote it. Without `strict`, a number may come as text,
    as it does in a query.
    """
    try:
        taken = msgspec.convert(given, kind, strict=strict)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        raise InvalidInput(_refusal(kind, error, what)) from error
    if closed and (unknown := sorted(_unknown(given, plain(taken)))):
        raise InvalidInput(f"nothing is known of {', '.join(unknown)}; leave it out or check its name")
    return taken


def checked(value: T, what: str = "") -> T:
    """Return a value that a Python caller made, each of its fields of its type: a constructor looks at none.

    Raises InvalidInput like `from_plain`.
    """
    return from_plain(type(value), handed_in(value, what), what)


def handed_in(value: Any, what: str = "") -> Any:
    """Return what a Python caller hands in as what JSON is read as. Raises InvalidInput for what JSON does not have."""
    try:
        return msgspec.to_builtins(value, str_keys=True, builtin_types=FOREIGN, enc_hook=_simple)
    except RecursionError as error:
        raise InvalidInput(f"{what or 'it'} nests too deep; hand the deep part in as text") from error
    except TypeError as error:
        kinds = "text, numbers, true/false, null, lists and objects with text keys"
        raise InvalidInput(f"{what or 'it'} is not JSON ({error}); hand in {kinds}") from error


def schema(kind: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type, those of all that it consists of under `$defs`."""
    described: dict[str, Any] = plain(msgspec.json.schema(kind))
    return described


def _builtin(value: Any) -> Any:
    """Return what JSON has for a value of another library or a subclass of a builtin; anything else as its text."""
    try:
        return _simple(value)
    except TypeError:
        return list(value) if isinstance(value, Iterable) else str(value)


def _simple(value: Any) -> Any:
    """Return what JSON has for a subclass of a builtin; raise TypeError for a value that is none."""
    match value:
        case int():
            return int(value)
        case float():
            return float(value)
        case str():
            return "".join(value)
        case Mapping():
            return dict(value)
        case _ if getattr(value, "shape", None) == ():  # a number of numpy
            return value.item()
        case _:
            raise TypeError(f"{type(value).__name__} is no value of JSON")


def _refusal(kind: Any, error: Exception, what: str) -> str:
    if isinstance(error, RecursionError):
        return f"{what or 'it'} nests too deep; hand the deep part in as text"
    told, _, where = str(error).replace("`", "").partition(" - at ")
    path = where.removeprefix("$")
    if told.startswith("Object contains unknown field "):
        path, told = f"{path}.{told.split()[-1]}", "nothing is known of it; leave it out or check its name"
    told = told.replace("str matching regex '\\\\S'", "text that is not blank")
    words = _words(msgspec.json.schema(kind), re.findall(r"\w+|\[[^]]*\]", path)) if told.startswith("Invalid") else []
    there_is = f"; there is {', '.join(map(str, words))}" if words else ""
    return f"{f'{what}{path}'.lstrip('.') or 'it'}: {told}{there_is}"


def _words(described: Mapping[str, Any], path: list[str]) -> list[Any]:
    """Return the members of the closed set that a schema has at a path; none where there is another type."""
    node: Any = described
    for part in [*path, None]:
        while "$ref" in node or "anyOf" in node:
            node = described["$defs"][node["$ref"].split("/")[-1]] if "$ref" in node else node["anyOf"][0]
        if part is not None:
            node = node.get("properties", {}).get(part) or node.get("items") or node.get("additionalProperties") or {}
    words: list[Any] = node.get("enum", []) if isinstance(node, dict) else []
    return words


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_encodable(name): _encodable(each) for name, each in value.items()}
        case list() | tuple():
            return [_encodable(each) for each in value]
        case _:
            return value


def _unknown(given: Any, taken: Any, path: str = "") -> Iterator[str]:
    """Yield the fields of what was given that the value read from it does not have."""
    match given, taken:
        case dict(), dict():
            for name, each in given.items():
                if name in taken:
                    yield from _unknown(each, taken[name], f"{path}{name}.")
                else:
                    yield f"{path}{name}"
        case list(), list():
            for number, (each, read) in enumerate(zip(given, taken, strict=True)):
                yield from _unknown(each, read, f"{path}{number}.")
