"""What does monitoring tell, and how does an alert stand?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from brainops.types.knowledge import JSON, Micros


class AlertState(StrEnum):
    """Whether an alert still holds."""

    FIRING = "firing"
    RESOLVED = "resolved"


class AlertEvent(Struct, frozen=True, kw_only=True):
    """What a sender tells of one alert: the name of its rule, what it is about, and by what it is known.

    `key` names the alert from firing to resolved; `group` those that are told together; `said_at` is when it became so,
    by the sender's clock, so that what is late is known to be.
    """

    name: str
    key: str | None = None
    group: str | None = None
    resolved: bool = False
    target: str | None = None
    severity: str = ""
    labels: Mapping[str, str] = {}
    text: str = ""
    link: str | None = None
    said_at: Micros | None = None


class Alert(Struct, frozen=True, kw_only=True):
    """How an alert stands: `told` says how often it was told to fire, `identity` is the fingerprint of its error."""

    namespace: str
    key: str
    event: str
    target: str | None
    severity: str
    labels: Mapping[str, JSON]
    link: str | None
    group_key: str | None
    identity: str
    state: AlertState
    told: int
    fired_at: Micros
    changed_at: Micros
    seen_at: Micros
    said_at: Micros | None
    operation_id: str


class SetAside(Struct, frozen=True, kw_only=True):
    """What came in and could not be worked on: who sent it, what it tells, and the error of the last attempt."""

    id: str
    namespace: str
    sender: str
    at: Micros
    attempts: int
    error: str
    body: JSON


class Inbox(Struct, frozen=True, kw_only=True):
    """What came in and is not worked on yet: how much, since when, and how much was set aside as not usable."""

    pending: int
    since: Micros | None
    set_aside: int
