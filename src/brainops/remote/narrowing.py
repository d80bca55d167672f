"""How does a view that is less than its key say so to the server? In headers, which it writes and the server reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from msgspec import Struct

from brainops.errors import InvalidInput
from brainops.types import Actor, ActorKind


class Narrowing(Struct, frozen=True, kw_only=True):
    """As whom a view acts, in which namespace, what it reads, and in which session; None where as the key has it."""

    actor: Actor | None = None
    namespace: str | None = None
    read: tuple[str, ...] | None = None
    session: str | None = None

    @property
    def scope(self) -> Narrowing:
        """What of it says which namespaces a view writes and reads."""
        return Narrowing(namespace=self.namespace, read=self.read)

    def holds_for(self, namespaces: Sequence[str]) -> bool:
        """Say whether a view that is narrowed like this has these namespaces, the written one first."""
        write = self.namespace or namespaces[0]
        read = namespaces if self.read is None else self.read
        return list(namespaces) == list(dict.fromkeys((write, *read)))

    def headers(self) -> dict[str, str]:
        """Return it as headers of a request."""
        actor = self.actor
        said = {
            "brainops-actor": None if actor is None else f"{actor.kind.value}:{actor.proof}:{actor.id}",
            "brainops-namespace": self.namespace,
            "brainops-read": None if self.read is None else ",".join(self.read),
            "brainops-session": self.session,
        }
        return {name: header(value) for name, value in said.items() if value is not None}


def narrowing_of(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return what headers narrow a view to, as `acting` takes it; the session aside. Raises InvalidInput."""
    found: dict[str, Any] = {}
    if (said := headers.get("brainops-actor")) is not None:
        kind, _, rest = unquote(said).partition(":")
        proof, _, name = rest.partition(":")
        if kind not in set(ActorKind) or not name:
            raise InvalidInput(f"BrainOps-Actor is KIND:PROOF:ID with KIND one of {', '.join(ActorKind)}")
        found["actor"] = Actor(kind=ActorKind(kind), id=name, proof=proof)
    if (said := headers.get("brainops-namespace")) is not None:
        found["namespace"] = unquote(said)
    if (said := headers.get("brainops-read")) is not None:
        found["read"] = [each for each in unquote(said).split(",") if each]
    return found


def header(text: str) -> str:
    """Return a text as a header can hold it."""
    return quote(text, safe="/:@,._-+ ")
