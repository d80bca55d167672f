"""Who may approve, and what shows that it is really that person?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from brainops.types.knowledge import JSON, Actor, Micros

SECRETS = frozenset({"passphrase", "key", "secret", "body", "signature"})


class Unseen(Struct, frozen=True):
    """A value whose secrets are not shown where it is printed, logged or part of a traceback."""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name not in SECRETS]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"


class TerminalProof(Unseen, frozen=True, kw_only=True, tag_field="kind", tag="terminal"):
    """The passphrase that a person typed on a controlling terminal; the command line asks for it on /dev/tty only."""

    approver: str
    passphrase: str


class KeyProof(Unseen, frozen=True, kw_only=True, tag_field="kind", tag="key"):
    """A personal key (bok_...), shown once when its owner enrolled; for services that speak for that person."""

    key: str


class ClientProof(Struct, frozen=True, kw_only=True, tag_field="kind", tag="client"):
    """That the person at a coding client agreed in the client's own dialog, which its agent cannot answer.

    Accepted only where the namespace says so: it is the client's word, and any program of this user can say the same.
    """

    client: str
    person: str
    session_id: str | None = None


class SignInProof(Unseen, frozen=True, kw_only=True, tag_field="kind", tag="sign-in"):
    """That a person who is signed in does this: what their browser keeps, as the server hands it on.

    It counts while they showed not long ago who they are, and for an approval only with its id and the digest
    of what they looked at.
    """

    secret: str
    approval: str | None = None
    digest: str | None = None


class SlackProof(Unseen, frozen=True, kw_only=True, tag_field="kind", tag="slack"):
    """A button that a person pressed in Slack: the request as it came, whose bytes Slack signed with their time.

    It counts for five minutes, only for the answer, the approval and the digest that its bytes name, and only by a
    channel in which an admin said that people approve there, and who they are.
    """

    body: bytes
    timestamp: str
    signature: str


Proof = TerminalProof | KeyProof | ClientProof | SignInProof | SlackProof


class SecretKind(StrEnum):
    """What an approver proves himself by."""

    PASSPHRASE = "passphrase"
    KEY = "key"


class Approver(Struct, frozen=True, kw_only=True):
    """A person who may approve, and who let them in; `first_use` marks the one whom nobody vouched for.

    One person may hold a passphrase and a key: two entries of one name. `failures` counts wrong proofs in a row.
    """

    id: str
    name: str
    kind: SecretKind
    enrolled_at: Micros
    enrolled_by: Actor
    first_use: bool
    revoked_at: Micros | None = None
    failures: int = 0
    locked_until: Micros | None = None
    used_at: Micros | None = None


class Enrolled(Unseen, frozen=True, kw_only=True):
    """A new approver; `key` is there once, where a key was asked for, and is stored nowhere."""

    approver: Approver
    key: str | None = None


class ChannelKind(StrEnum):
    """How a notice leaves."""

    COMMAND = "command"
    WEBHOOK = "webhook"
    EMAIL = "email"
    SLACK = "slack"


class Channel(Struct, frozen=True, kw_only=True):
    """A way by which a namespace's notices leave.

    `settings` of a command: `argv`, a list; of a webhook: `url` (or a reference to it, env:NAME or file:PATH) and
    `secret`, the reference to what signs each delivery; of an e-mail: `host`, `port`, `security` (starttls or tls),
    `from`, `to`, `username`, `password` (a reference) and `link`, where an approval is opened; of Slack: `url`,
    `token` with `to`, and where people `approve` there, `secret` and `people`. `private` names hosts that may lie in a
    private range. `kinds` are the notices that it takes; () means all.
    """

    id: str
    namespace: str
    name: str
    kind: ChannelKind
    settings: Mapping[str, JSON]
    kinds: tuple[str, ...]
    created_at: Micros
    created_by: Actor


class Delivery(Struct, frozen=True, kw_only=True):
    """What one round of delivering did: notices that left, those that will be tried again, and those that wait."""

    delivered: int
    failed: int
    pending: int


class DeliveryAttempt(Struct, frozen=True, kw_only=True):
    """One attempt to hand a notice to a channel: how long it took, and the problem, None where everybody has it."""

    id: str
    namespace: str
    notice_id: str
    channel: str
    at: Micros
    seconds: float
    problem: str | None
