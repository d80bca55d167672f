"""What may a page ask for by a short-lived token, and from which pages of other servers?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from brainops.brain import Brain
from brainops.errors import InvalidConfiguration, NotFound
from brainops.remote.verbs import Verb
from brainops.server.problem import Trouble
from brainops.types import OperationToken

OPEN = (
    "/client/",
    "/static/",
)  # what any page that is named may load: the JavaScript client, and nothing that is stored
TOKEN = "bot_"  # how the secret of one begins
TAKEN: Mapping[str, Collection[str]] = {
    "operations.begin": ("name", "target", "context", "service"),
    "operations.finish": ("operation_id", "result", "error"),
    "capture_error": ("error", "service"),
}
"""What fetchMemoryContext, executeWithMemory, storeActionResult and captureErrors ask for, and what of each verb."""

NARROWED = ("actor", "namespace", "read", "session", "proof")  # headers by which a key says more than a page may
PREFLIGHT_SECONDS = 600
_ALLOWED = "authorization, content-type, idempotency-key, brainops-call, brainops-deadline"


def require_verb(verb: Verb) -> None:
    """Raise Trouble (403) for what no page asks for."""
    if verb.name not in TAKEN:
        raise _denied(f"with a page's token {verb.name} is not asked for")


def require_taken(
    token: OperationToken, brain: Brain, verb: Verb, given: Struct, headers: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the server says of a call in place of the page. Raises Trouble (403), NotFound.

    An operation that did not begin by such a token is not there for it. How one ended is the page's word.
    """
    said = {each.name for each in msgspec.structs.fields(given) if getattr(given, each.name) != each.default}
    further = [*(said - {*TAKEN[verb.name]}), *(f"BrainOps-{each.title()}" for each in NARROWED if _has(headers, each))]
    if further:
        raise _denied(f"with a page's token {', '.join(sorted(further))} cannot be said")
    if verb.name == "operations.begin" and given.name != token.operation:  # type: ignore[attr-defined]
        raise _denied(f"this token is for the operation {token.operation!r}")
    if verb.name == "operations.finish":
        wanted = given.operation_id  # type: ignore[attr-defined]
        found = brain.operations.get(wanted)
        if found.start.name != token.operation or found.start.actor != brain.settings.actor:
            raise NotFound(f"there is no operation {wanted[:80]!r} that began by a token of this name")
        return {"claimed": True}
    return {}


def _has(headers: Mapping[str, str], name: str) -> bool:
    return f"brainops-{name}" in headers


def _denied(why: str) -> Trouble:
    takes = "; ".join(f"{name} takes {', '.join(fields)}" for name, fields in TAKEN.items())
    return Trouble(403, "TokenDenied", why, f"{takes}. For anything else the page asks its own server, which has a key")


# Pages of other servers


def checked_origins(origins: Collection[str]) -> frozenset[str]:
    """Return the origins whose pages may ask; raise InvalidConfiguration for what is none."""
    for each in origins:
        parts = urlsplit(each)
        plain = f"{parts.scheme}://{parts.netloc}" == each and parts.netloc == parts.netloc.lower()
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in each or not plain:
            raise InvalidConfiguration(
                f"an origin is https://HOST or https://HOST:PORT as browsers send it, not {each!r:.80}"
            )
    return frozenset(origins)


def require_token(headers: Mapping[str, str]) -> None:
    """Raise Trouble (403) where a page of another server shows no token, but a key, a cookie or nothing."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith(TOKEN):
        raise _denied("a page elsewhere asks with a token that its own server fetched: keys/token")


def sharing(origin: str) -> list[tuple[bytes, bytes]]:
    """Return the headers by which a browser lets a page of this origin read the answer."""
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"retry-after, x-request-id"),
        (b"vary", b"origin"),
    ]


def preflight(path: str) -> list[tuple[bytes, bytes]]:
    """Return what a browser is told that asks what a page may send here: nothing but what a token is for."""
    if path.removeprefix("/v1/").replace("/", ".") not in TAKEN:
        raise _denied(f"a page elsewhere may not ask {path[:80]!r}")
    return [
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", _ALLOWED.encode()),
        (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
    ]
