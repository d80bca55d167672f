"""By which weights does a namespace rank what it finds? The measured ones, unless its own record said better."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec.structs import asdict, replace

from brainops.errors import InvalidInput
from brainops.memory.rank import DEFAULT, Weights
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
    known = set(Weights.__struct_fields__)
    for name, value in given.items():
        if name not in known:
            raise InvalidInput(f"{name!r:.40} is no weight of retrieval; there are {', '.join(sorted(known))}")
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise InvalidInput(f"the weight {name} is a number of at least 0, not {value!r:.40}")
    return replace(DEFAULT, **{name: float(str(value)) for name, value in given.items()})
