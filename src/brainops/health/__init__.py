"""How is the memory doing? Figures, checks, and what makes it worse to read."""

from brainops.health.audit import audit
from brainops.health.doctor import doctor, way_out
from brainops.health.handles import handles, kind_of, whole_id
from brainops.health.status import status
from brainops.health.store_location import (
    data_folder,
    everywhere,
    location,
    missing,
    preview,
    restore,
    schema,
    setting,
    settings,
)

__all__ = [
    "audit",
    "data_folder",
    "doctor",
    "everywhere",
    "handles",
    "kind_of",
    "location",
    "missing",
    "preview",
    "restore",
    "schema",
    "setting",
    "settings",
    "status",
    "way_out",
    "whole_id",
]
