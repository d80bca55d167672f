"""What goes wrong in the simulated company, and in which words do programs say so?

Thirty root causes with the texts of public software for each: one cause shows as different texts, and some texts of
different causes differ by a word (TWINS). Which remedy helps against a cause, where, and how often, is not here: a
world draws it from its seed. Words in braces are filled in anew for each incident.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

AREAS = ("database", "cluster", "tls", "external", "code")

REMEDIES = tuple(
    "restart-service restart-redis raise-pool-size kill-idle-sessions vacuum-table extend-volume prune-images"
    " raise-memory-limit roll-back-release renew-certificate sync-clock flush-dns rotate-key raise-quota"
    " lower-concurrency failover-replica reindex-table clear-cache scale-out drain-node reset-offsets"
    " switch-endpoint pin-dependency warm-cache".split()
)


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that goes wrong: whose skill it takes (an area), and the texts in which it shows."""

    name: str
    area: str
    texts: tuple[str, ...]


def _read() -> tuple[Cause, ...]:
    """Read catalogue.txt: a line "== cause | area", and below it a text a line, with \\n for its line breaks."""
    causes = []
    for block in (Path(__file__).parent / "catalogue.txt").read_text(encoding="utf-8").split("== ")[1:]:
        head, *texts = block.strip().splitlines()
        name, area = head.split(" | ")
        causes.append(Cause(name, area, tuple(text.replace("\\n", "\n").replace("\\t", "\t") for text in texts)))
    return tuple(causes)


CAUSES = _read()

TWINS = (
    ("Redis is down", "PostgreSQL is down"),
    ("certificate over", "clock behind"),
    ("certificate over", "unknown issuer"),
    ("quota used up", "calls too fast"),
    ("memory limit too low", "memory leak of a release"),
    ("deadlock of two writers", "lock held by an idle session"),
)
"""Pairs of causes whose texts differ by a word or a number; their remedies are never the same."""

ONE_OFF_KINDS = tuple(
    "KeyError AssertionError LookupError RuntimeError ProtocolError DecodeError IntegrityError StateError"
    " MigrationError CodecError".split()
)
ONE_OFF_WORDS = tuple(
    "ledger refund invoice session cart tariff voucher shipment consent locale avatar webhook digest export ticket"
    " coupon roster parcel thumbnail survey".split()
)
ONE_OFF_STATES = (
    "has no owner",
    "was closed twice",
    "does not match its checksum",
    "is older than its parent",
    "has a negative balance",
    "was not found in the archive",
    "cannot be merged",
    "is in an unknown state",
    "has two current versions",
    "lost its reference",
)
