"""What is taken out of what is captured here, and by which key is personal data hashed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from brainops.errors import InvalidConfiguration
from brainops.memory.redaction.redact import RedactionPolicy
from brainops.store import acts

if TYPE_CHECKING:
    from brainops.store import Store

REDACTION_KEY = "redaction_key"  # the setting that holds it


def redaction_policy(store: Store, personal_data: str) -> RedactionPolicy:
    """Return the policy of a setting; hashing personal data uses a key that is made once and kept in the store."""
    if personal_data not in ("allow", "hash", "drop"):
        raise InvalidConfiguration(f"personal_data is allow, hash or drop, not {personal_data!r:.40}")
    if personal_data != "hash":
        return RedactionPolicy(personal="drop" if personal_data == "drop" else "allow")
    import secrets

    with store.writing(acts.SETTLE_SETTINGS, acts.ITSELF) as tx:
        key = tx.setting(REDACTION_KEY)
        if key is None:
            key = secrets.token_hex(32)
            tx.set(REDACTION_KEY, key)
    return RedactionPolicy(personal="hash", key=bytes.fromhex(key))
