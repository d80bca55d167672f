"""By which weights does a namespace rank what it finds? The measured ones, unless its own record said better."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from brainops.memory.rank import DEFAULT, Weights
from brainops.wire import from_plain

if TYPE_CHECKING:
    from brainops.store import Transaction
    from brainops.types import Actor, Micros

SETTING = "retrieval_weights"  # of the namespace, beside those of its guard


def weights_of(tx: Transaction) -> Weights:
    """Return the weights of the written namespace."""
    said = tx.rules.own(SETTING)
    return DEFAULT if not said else checked(json.loads(said))


def set_weights(tx: Transaction, weights: Weights, actor: Actor, at: Micros) -> None:
    """Let the written namespace rank by these weights."""
    tx.rules.set(SETTING, json.dumps(asdict(weights), sort_keys=True), actor, at)


def checked(given: Mapping[str, object]) -> Weights:
    """Return weights from a mapping; what it does not name is as measured. Raises InvalidInput."""
    return from_plain(Weights, given, "weights", closed=True)
