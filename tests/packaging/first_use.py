"""What does somebody do first with an installed BrainOps? Run by the Python of an empty environment, not by pytest."""

from __future__ import annotations

import sys

from brainops import Brain

with Brain.open(sys.argv[1], namespace="team/payments") as brain:
    brain.capture(
        title="Payments API times out",
        content={"cause": "connection pool exhausted", "solution": "raise pool_size"},
        type="error_pattern",
        tags=["payments"],
        importance=0.9,
    )
    try:
        with brain.operation("deploy api", target="production"):
            raise ConnectionError("payments timed out after 30 s")
    except ConnectionError:
        pass
    brain.upkeep.embed_pending()
    [hit] = brain.retrieve("the database connections ran out", limit=1)
    known = brain.match("ConnectionError: payments timed out after 31 s")
    guidance = brain.guidance("deploy api", target="production")
    checks = brain.upkeep.doctor()

assert hit.memory.title == "Payments API times out", hit
assert hit.why.dense is not None, "the model that was installed beside it is used"
assert known, "an error that was seen is known again"
assert guidance.similar_operations, guidance
assert all(check.passed for check in checks), checks
print("used")
