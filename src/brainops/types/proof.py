"""Who may approve, and what shows that it is really that person?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from brainops.types.knowledge import JSON, Actor, Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalProof:
    """The passphrase that a person typed on a controlling terminal; the command line asks for it on /dev/tty only."""

    approver: str
    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyProof:
    """A personal key (bok_...), shown once when its owner enrolled; for services that speak for that person."""

    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProof:
    """That the person at a coding client agreed in the client's own dialog, which its agent cannot answer.

    Accepted only where the namespace says so: it is the client's word, and any program of this user can say the same.
    """

    client: str
    person: str
    session_id: str | None = None


Proof = TerminalProof | KeyProof | ClientProof


class SecretKind(StrEnum):
    """What an approver proves himself by."""

    PASSPHRASE = "passphrase"
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A new approver; `key` is there once, where a key was asked for, and is stored nowhere."""

    approver: Approver
    key: str | None = field(default=None, repr=False)


class ChannelKind(StrEnum):
    """How a notice leaves."""

    COMMAND = "command"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way by which a namespace's notices leave.

    `settings` of a command: `argv`, a list; of a webhook: `url` (or a reference to it, env:NAME or file:PATH) and
    `secret`, the reference to what signs each delivery. `kinds` are the notices that it takes; () means all.
    """

    id: str
    namespace: str
    name: str
    kind: ChannelKind
    settings: Mapping[str, JSON]
    kinds: tuple[str, ...]
    created_at: Micros
    created_by: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one round of delivering did: notices that left, those that will be tried again, and those that wait."""

    delivered: int
    failed: int
    pending: int
