"""How does an actor stand in a row: three columns of one beginning?"""

from __future__ import annotations

from brainops.store.database import Row
from brainops.types import Actor, ActorKind


def actor_of(row: Row, prefix: str = "actor") -> Actor:
    """Read an actor from the columns PREFIX_kind, PREFIX_id and PREFIX_proof."""
    return Actor(kind=ActorKind(row[f"{prefix}_kind"]), id=row[f"{prefix}_id"], proof=row[f"{prefix}_proof"])


def actor_columns(actor: Actor, prefix: str = "actor") -> dict[str, str]:
    """Return an actor as the three columns of this beginning."""
    return {f"{prefix}_kind": actor.kind.value, f"{prefix}_id": actor.id, f"{prefix}_proof": actor.proof}
