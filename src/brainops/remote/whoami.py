"""Who is it that asks, as a server knows them?"""

from __future__ import annotations

from msgspec import Struct

from brainops.brain import Brain
from brainops.types import Actor


class KnownAs(Struct, frozen=True, kw_only=True):
    """As whom somebody acts there, and what they write and read."""

    actor: Actor
    namespace: str
    read: tuple[str, ...]
    session: str | None = None


def whoami(brain: Brain) -> KnownAs:
    """Return as whom a key acts, what it writes, and what it reads."""
    settings = brain.settings
    return KnownAs(
        actor=settings.actor, namespace=settings.namespace, read=tuple(settings.read), session=settings.session
    )
