"""How is the memory doing? Figures, checks, and what makes it worse to read."""

from brainops.health.audit import audit
from brainops.health.closed import location, preview, restore, schema
from brainops.health.doctor import doctor
from brainops.health.likeness import NEAR, likeness, shingles
from brainops.health.status import status

__all__ = [
    "NEAR",
    "audit",
    "doctor",
    "likeness",
    "location",
    "preview",
    "restore",
    "schema",
    "shingles",
    "status",
]
