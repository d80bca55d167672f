"""Whose request is it? A key's; where no key is asked for, that of an agent of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from msgspec import Struct

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.errors import ApprovalUnproven
from brainops.server.problem import Trouble
from brainops.types import Actor, ActorKind, KeyProof, Proof, Role

LOCAL = Actor(kind=ActorKind.AGENT, id="http", proof="loopback")  # nobody knows who: whoever may use this machine


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks: their view of the memory, what they may ask for, and a person's own proof where one was handed in."""

    brain: Brain
    role: Role
    name: str
    proof: Proof | None


def caller_of(engine: Engine, headers: Mapping[str, str], *, open_to_this_machine: bool) -> Caller:
    """Return who asks, by the headers of a request.

    `Authorization: Bearer KEY` (or `X-API-Key`) says who; `BrainOps-Proof: KEY` is the personal key of somebody who may
    approve; `BrainOps-Session` names the session. Raises Trouble (401) where nobody is known by it.
    """
    session = unquote(headers.get("brainops-session", "")) or None
    proof = KeyProof(key=headers["brainops-proof"]) if headers.get("brainops-proof") else None
    if secret := secret_of(headers):
        try:
            key = engine.known_by(secret)
        except ApprovalUnproven as error:
            raise _unknown(str(error)) from None
        actor = Actor(kind=key.kind, id=key.name, proof="key")
        brain = Brain(engine, actor=actor, namespace=key.writes, read=key.reads, session=session)
        return Caller(brain=brain, role=key.role, name=key.name, proof=proof)
    if "authorization" in headers or "x-api-key" in headers:  # who meant to show a key is nobody without one
        raise _unknown("no key stands in that header")
    if not open_to_this_machine:
        raise _unknown("this server answers nobody without a key")
    role = Role.APPROVER if proof else Role.WRITER
    return Caller(brain=Brain(engine, actor=LOCAL, session=session), role=role, name=LOCAL.id, proof=proof)


def secret_of(headers: Mapping[str, str]) -> str:
    """Return the secret of a key that headers show; "" for none."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def _unknown(why: str) -> Trouble:
    return Trouble(
        401,
        "Unauthenticated",
        why,
        "send Authorization: Bearer KEY; who looks after the memory issues one: brainops keys issue NAME",
        www_authenticate="Bearer",
    )
