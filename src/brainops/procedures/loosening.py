"""Who loosens what holds here, and is that proven? One question, asked wherever a strict namespace could be weakened.

An actor is only said: an agent that hides its session's marks may call itself a person. So once people are enrolled who
may approve, whoever loosens something in a strict namespace proves to be one of them.
"""

from __future__ import annotations

from brainops.errors import ApprovalUnproven
from brainops.memory.context import MemoryContext
from brainops.procedures.approvers import Approvers
from brainops.procedures.outbox import Outbox
from brainops.store import Transaction
from brainops.types import Actor, Enforcement, Proof


def loosened_by(context: MemoryContext, what: str, proof: Proof | None = None) -> Actor:
    """Return who loosens what holds in the written namespace: whom the proof shows, else whoever this is said to be.

    Raises ApprovalUnproven where the namespace is strict, somebody is enrolled, and there is no proof or a wrong one.
    Opens transactions of its own.
    """
    approvers = Approvers(context, Outbox(context))
    if proof is not None:
        return approvers.prove(proof)
    with context.store.read() as tx:
        strict = is_strict(tx)
    names = may_approve(approvers) if strict else []
    if names:
        raise ApprovalUnproven(
            f"to {what} loosens a strict namespace, and takes one of {', '.join(names)}, who proves it: on the command "
            "line in a terminal of their own, in Python by `proof=`"
        )
    return context.actor


def may_approve(approvers: Approvers) -> list[str]:
    """Return the names of those who may approve in this store."""
    return sorted({each.name for each in approvers.list() if each.revoked_at is None})


def is_strict(tx: Transaction) -> bool:
    """Say whether the written namespace holds what its rules say."""
    return tx.rules.own("enforcement") == Enforcement.STRICT.value
