"""Whose request is it? A key's, a person's who is signed in; where no key is asked for, an agent's of this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from brainops.brain import Brain
from brainops.engine import STORE_NAMESPACE, Engine
from brainops.errors import ApprovalUnproven
from brainops.server.people import Ways, role_of, sees_terminal, sign_in_secret, signed_in
from brainops.server.problem import Trouble
from brainops.server.tokens import TOKEN
from brainops.types import Actor, ActorKind, ChannelKind, JobKind, KeyProof, OperationToken, Proof, Role, SignedIn
from brainops.types.access import EVERYWHERE

LOCAL = Actor(kind=ActorKind.AGENT, id="http", proof="loopback")  # nobody knows who: whoever may use this machine


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks: their view of the memory, what they may ask for there, and a person's own proof where there is one.

    `role_in` says what they may ask for in any namespace, `signed` is the person who is signed in, and `secret` what
    their browser keeps, or what a page shows. `of_machine` says whether they may have the server's machine run
    programs, read its secrets and reach its network: who looks after every namespace.
    With a `token` it is a page, which may what tokens.py says.
    """

    brain: Brain
    role: Role
    name: str
    proof: Proof | None
    role_in: Callable[[str], Role | None]
    signed: SignedIn | None = None
    secret: str = ""
    of_machine: bool = False
    token: OperationToken | None = None

    def require_channel(self, kind: str, settings: Mapping[str, Any]) -> None:
        """Raise Trouble (403) where a channel would have the machine do what only `of_machine` may."""
        refers = any(isinstance(said, str) and _REFERENCE.match(said) for said in settings.values())
        if not self.of_machine and (kind == ChannelKind.COMMAND or refers or settings.get("private")):
            raise Trouble(
                403,
                "RoleDenied",
                f"{self.name} may not have this machine run a command, read a secret (env:, file:) or reach a private "
                "host: an admin of every namespace (*) may",
                "name a public address without secrets, or ask whoever has the machine: brainops notices channel add",
            )

    def require_job(self, kind: JobKind) -> None:
        """Raise Trouble (403) where a job would do what they may not ask for by its own verb.

        An export is a file of the machine that does it.
        """
        needed = Role.WRITER if kind in (JobKind.AUDIT, JobKind.DOCTOR) else Role.ADMIN
        if not self.role.covers(needed) or (kind is JobKind.EXPORT and not self.of_machine):
            raise Trouble(
                403,
                "RoleDenied",
                f"{self.name} is a {self.role.value} here, and a job of the kind {kind.value} is for the role "
                f"{'admin of every namespace (*), signed in' if kind is JobKind.EXPORT else needed.value}",
                "somebody who has that role asks for it, or whoever has the machine: brainops, with --background",
            )


_REFERENCE = re.compile(r"\s*(env|file|command):", re.IGNORECASE)


def caller_of(
    engine: Engine, headers: Mapping[str, str], *, open_to_this_machine: bool, ways: Ways, pages: bool = False
) -> Caller:
    """Return who asks, by the headers of a request; somebody with a page's token only where it may be `pages` that ask.

    `Authorization: Bearer KEY` (or `X-API-Key`) says who, or the cookie of a person who is signed in; `BrainOps-Proof:
    KEY` is the personal key of somebody who may approve; `BrainOps-Session` names the session, `BrainOps-Namespace`
    where it is, `BrainOps-Read` what is read besides. Raises Trouble: 401 for nobody, 403 for no role.
    """
    proof = KeyProof(key=headers["brainops-proof"]) if headers.get("brainops-proof") else None
    here = engine.settings
    if secret := secret_of(headers):
        if secret.startswith(TOKEN):
            return _page(engine, secret, pages)
        try:
            key = engine.known_by(secret)
        except ApprovalUnproven as error:
            raise _unknown(str(error)) from None
        actor = Actor(kind=key.kind, id=key.name, proof="key")
        brain, role = _placed(engine, headers, actor, key.role_in, key.namespace, key.reads)
        return Caller(brain=brain, role=role, name=key.name, proof=proof, role_in=key.role_in)
    if "authorization" in headers or "x-api-key" in headers:  # who meant to show a key is nobody without one
        raise _unknown("no key stands in that header")
    cookie = sign_in_secret(ways, headers)
    if cookie is not None:
        signed = signed_in(engine, ways, headers, cookie)
        actor = Actor(kind=ActorKind.PERSON, id=signed.person.name, proof=f"sign-in:{signed.sign_in.kind.value}")
        role_in = partial(role_of, engine, signed, open_to_this_machine=open_to_this_machine)
        own = [each.path.removesuffix("/*") for each in signed.person.roles if each.path != EVERYWHERE]
        home = next((each for each in (here.namespace, *own) if role_in(each)), here.namespace)
        brain, role = _placed(engine, headers, actor, role_in, home, here.read)
        terminal = open_to_this_machine and sees_terminal(signed)
        return Caller(
            brain=brain,
            role=role,
            name=actor.id,
            proof=proof,
            role_in=role_in,
            signed=signed,
            secret=cookie,
            of_machine=terminal or signed.person.role_in(EVERYWHERE) is Role.ADMIN,
        )
    if not open_to_this_machine:
        raise _unknown("this server answers nobody without a key")
    of_here = {**dict.fromkeys(here.read, Role.READER), here.namespace: Role.APPROVER if proof else Role.WRITER}
    brain, role = _placed(engine, headers, LOCAL, of_here.get, here.namespace, here.read)
    return Caller(brain=brain, role=role, name=LOCAL.id, proof=proof, role_in=of_here.get)


def _page(engine: Engine, secret: str, pages: bool) -> Caller:
    """Return the page that shows a token. Raises Trouble."""
    try:
        token = engine.let_in_by(secret)
    except ApprovalUnproven as error:
        raise _unknown(str(error)) from None
    if not pages:
        raise Trouble(403, "TokenDenied", "a page's token is not for this", "ask with a key: brainops keys issue NAME")
    actor = Actor(kind=token.kind, id=token.name, proof="token")
    brain = Brain(engine, actor=actor, namespace=token.namespace, read=[])
    role_in = {token.namespace: Role.WRITER}.get
    return Caller(
        brain=brain, role=Role.WRITER, name=token.name, proof=None, role_in=role_in, secret=secret, token=token
    )


def _placed(
    engine: Engine,
    headers: Mapping[str, str],
    actor: Actor,
    role_in: Callable[[str], Role | None],
    home: str,
    reads: Sequence[str],
) -> tuple[Brain, Role]:
    """Return the view of somebody where a request says that it is, and what they may ask for there.

    What it reads besides is what it names, or else those of `reads` that are namespaces in which they have a role.
    """
    namespace = headers.get("brainops-namespace") or home
    named = [each.strip() for each in headers.get("brainops-read", "").split(",") if each.strip()]
    role = role_in(namespace)
    for each in (namespace, *named):
        if each == STORE_NAMESPACE or role is None or role_in(each) is None:
            raise Trouble(
                403,
                "NamespaceDenied",
                f"{actor.id} has no role in {each[:80]!r}",
                "somebody who looks after it gives one: brainops people grant, or brainops keys issue",
            )
    assert role is not None
    read = named or [each for each in reads if "*" not in each and role_in(each)]
    session = unquote(headers.get("brainops-session", "")) or None
    return Brain(engine, actor=actor, namespace=namespace, read=read, session=session), role


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
