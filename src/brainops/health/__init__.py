"""How is the memory doing? Figures, checks, and what makes it worse to read."""

from brainops.health.audit import audit
from brainops.health.doctor import doctor, way_out
from brainops.health.handles import handles, whole_id
from brainops.health.likeness import SIMILAR, likeness, shingles
from brainops.health.status import status
from brainops.health.store_location import data_folder, everywhere, location, missing, preview, restore, schema, setting

__all__ = [
    "SIMILAR",
    "audit",
    "data_folder",
    "doctor",
    "everywhere",
    "handles",
    "likeness",
    "location",
    "missing",
    "preview",
    "restore",
    "schema",
    "setting",
    "shingles",
    "status",
    "way_out",
    "whole_id",
]
