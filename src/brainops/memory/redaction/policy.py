"""What is taken out of what is captured here, and by which key is personal data hashed?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from brainops.errors import InvalidConfiguration
from brainops.store import acts
from brainops_core.redaction.personal import PERSONAL_KINDS

if TYPE_CHECKING:
    from brainops.store import Store

PersonalAction = Literal["allow", "hash", "drop"]

REDACTION_KEY = "redaction_key"  # the setting that holds it


class RedactionPolicy(Struct, frozen=True, kw_only=True):
    """What redaction takes out. Secrets and <private> blocks go by default; personal data stays unless asked for.

    `personal` is "allow", "hash" (a digest under `key`, so that equal values stay equal) or "drop";
    `personal_kinds` says which kinds that is about. Raises InvalidConfiguration.
    """

    secrets: bool = True
    private: bool = True
    personal: PersonalAction = "allow"
    personal_kinds: frozenset[str] = frozenset(PERSONAL_KINDS)
    key: bytes = b""

    def __post_init__(self) -> None:
        if self.personal not in ("allow", "hash", "drop"):
            raise InvalidConfiguration(f"personal data is one of allow, hash, drop; not {self.personal!r}")
        if self.personal == "hash" and not 16 <= len(self.key) <= 64:
            raise InvalidConfiguration(
                "hashing personal data needs a key of 16 to 64 bytes that is kept with the store"
            )
        unknown = sorted(self.personal_kinds - set(PERSONAL_KINDS))
        if unknown:
            known = ", ".join(PERSONAL_KINDS)
            raise InvalidConfiguration(f"no such personal data: {', '.join(unknown)}; there is {known}")


DEFAULT = RedactionPolicy()


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
