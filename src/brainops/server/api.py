"""What does the memory answer over HTTP? A verb is called by its name: the body holds its parameters, JSON comes back.

POST /v1/retrieve and POST /v1/runs/start take a JSON object; what only reads is answered to GET too, its parameters in
the query. An edge parses, calls one verb of the caller's view, and writes what came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from brainops.engine import Engine
from brainops.errors import InvalidInput
from brainops.remote.narrowing import narrowing_of
from brainops.remote.verbs import Verb
from brainops.server.callers import Caller, caller_of
from brainops.server.people import CSRF, Ways, is_recent, require_csrf, sign_in_secret
from brainops.server.problem import Trouble
from brainops.server.rates import Rates
from brainops.server.tokens import require_taken, require_verb
from brainops.types import Actor, JobKind, Role, SignInProof
from brainops.wire import from_json, from_plain, to_json

DEADLINE_SECONDS = 30.0  # of a call that names none
MOST_SECONDS = 300.0


class HttpAnswer(Struct, frozen=True, kw_only=True):
    """What goes back: a status, JSON, and headers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class Api:
    """The verbs of one memory, for whoever asks."""

    def __init__(
        self, engine: Engine, verbs: Mapping[str, Verb], *, open_to_this_machine: bool, ways: Ways, per_minute: int = 0
    ) -> None:
        self._engine = engine
        self._ways = ways
        self._rates = Rates(engine, per_minute, self.now)
        self._verbs = verbs
        self._open = open_to_this_machine

    def verb(self, method: str, path: str) -> Verb:
        """Return the verb that a path names. Raises Trouble: 404 for none, 405 for one that is asked by POST only."""
        verb = self._verbs.get(path.strip("/").replace("/", "."))
        if verb is None:
            raise Trouble(
                404,
                "NotFound",
                f"there is no verb {path[:80]!r}",
                "GET /v1/openapi.json lists the verbs by their paths",
            )
        if method == "GET" and not verb.plain:
            raise Trouble(
                405, "MethodNotAllowed", f"{verb.name} is asked by POST", "send its parameters as JSON", allow="POST"
            )
        return verb

    def known(self, method: str, headers: Mapping[str, str], *, pages: bool = False, captures: bool = False) -> Caller:
        """Return who asks, before anything is read in for them; a page only where `pages` may ask. Raises Trouble.

        401 for nobody, 403 for no role, and for a cookie that any page might send along; 429 for who asks too often,
        later where it is a capture.
        """
        secret = sign_in_secret(self._ways, headers)
        if secret is not None and method != "GET":
            require_csrf(secret, headers.get(CSRF))
        caller = self.caller(headers, pages=pages)
        page = caller.secret if caller.token is not None else ""
        self._rates.require(caller.brain.settings.actor, captures=captures, page=page)
        return caller

    def require_turn(self, sender: Actor) -> None:
        """Raise Trouble (429) where a sender that signs tells more than it may in a minute."""
        self._rates.require(sender, captures=True)

    def caller(self, headers: Mapping[str, str], *, pages: bool = False) -> Caller:
        """Return who asks. Raises Trouble."""
        return caller_of(self._engine, headers, open_to_this_machine=self._open, ways=self._ways, pages=pages)

    def now(self) -> int:
        """Return the time, by the database's clock."""
        return self._engine.store.now()

    def answer(
        self, verb: Verb, caller: Caller, headers: Mapping[str, str], query: Mapping[str, Any], body: bytes
    ) -> HttpAnswer:
        """Call a verb for whoever asks. Raises Trouble, BrainOpsError."""
        if caller.token is not None:
            require_verb(verb)
        proven = caller.proof is not None and verb.role is Role.APPROVER and "proof" in verb.keywords
        if not proven:
            require_role(caller, verb)
        given = _given(verb, headers, query, body)
        if verb.name == "notices.add_channel":
            caller.require_channel(given.kind, given.settings)  # type: ignore[attr-defined]
        if verb.name == "jobs.start":
            caller.require_job(JobKind(given.kind))  # type: ignore[attr-defined]
        ours = self._ours(verb, caller, headers, given)
        key = (headers.get("idempotency-key") or None) if verb.writes else None
        if verb.name == "capture":  # its own says more: it stands with the memory, and is known for good
            key, ours["idempotency_key"] = None, key
        key = headers.get("brainops-call") or key if verb.writes else None
        if caller.token is not None:
            ours |= require_taken(caller.token, caller.brain, verb, given, headers)
            key = key and f"page {key}"  # it takes no key away from whoever let it in
        brain = caller.brain.acting(deadline=_deadline(headers), idempotency_key=key, **narrowing_of(headers))
        value = verb.call(brain, given, **ours)
        written = to_json(value)
        if verb.writes:
            return HttpAnswer(status=200, body=written)
        tag = f'"{hashlib.blake2b(written, digest_size=12).hexdigest()}"'
        if tag in headers.get("if-none-match", ""):
            return HttpAnswer(status=304, body=b"", headers={"etag": tag})
        return HttpAnswer(status=200, body=written, headers={"etag": tag, "cache-control": "private, no-cache"})

    def _ours(self, verb: Verb, caller: Caller, headers: Mapping[str, str], given: Struct) -> dict[str, Any]:
        """Return what the server says of a call: who proved to agree, or who showed not long ago to be signed in."""
        if "may" in verb.keywords and not headers.keys() & {"brainops-actor", "brainops-read"}:  # which narrow a view
            return {"may": caller.role_in}
        if "proof" not in verb.keywords:
            return {}
        if caller.proof is not None:
            return {"proof": caller.proof}
        act = caller.brain.acts[verb.act] if verb.act else None
        if caller.signed is not None and act is not None:
            always = act.proof.value == "always"
            if always or (caller.role.covers(act.role) and is_recent(self._engine, caller.signed)):
                of = getattr(given, "approval_id", None)
                return {"proof": SignInProof(secret=caller.secret, approval=of, digest=headers.get("brainops-digest"))}
        if verb.role is Role.APPROVER and "proof" in verb.required:
            raise Trouble(
                403,
                "ApprovalUnproven",
                f"{verb.name} takes a person who proves to be one",
                "sign in, or send BrainOps-Proof: KEY, a personal key; brainops approver enrol NAME --key makes one",
            )
        return {}


def require_role(caller: Caller, verb: Verb) -> None:
    """Let nobody do what is for a role that they do not have. Raises Trouble (403)."""
    if not caller.role.covers(verb.role):
        raise Trouble(
            403,
            "RoleDenied",
            f"{caller.name} is a {caller.role.value}, and {verb.name} is for the role {verb.role.value}",
            "somebody who looks after the memory issues a key of that role, or asks for it themselves",
        )


def _given(verb: Verb, headers: Mapping[str, str], query: Mapping[str, Any], body: bytes) -> Struct:
    """Return the parameters of a call, from its body, or from its query where it has no body."""
    if not body:
        return _from_query(verb, query)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # a page elsewhere can send no other without being asked first
        raise Trouble(415, "UnsupportedMediaType", f"{kind[:80]!r} is not read here", "send application/json")
    if headers.get("content-encoding", "identity") != "identity":
        raise Trouble(415, "UnsupportedMediaType", "a compressed body is not read here", "send it as it is")
    return from_json(verb.takes, body)


def _from_query(verb: Verb, query: Mapping[str, Any]) -> Struct:
    plain = {
        name: values[0] if len(values) == 1 and name not in verb.lists else values for name, values in query.items()
    }
    return from_plain(verb.takes, plain, strict=False)


def _deadline(headers: Mapping[str, str]) -> float:
    said = headers.get("brainops-deadline")
    if said is None:
        return DEADLINE_SECONDS
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MOST_SECONDS:
        raise InvalidInput(f"BrainOps-Deadline is seconds, above 0 and at most {MOST_SECONDS:.0f}, not {said[:40]!r}")
    return seconds
