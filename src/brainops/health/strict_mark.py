"""Was a namespace strict when it was last asked? A mark beside the default store tells it while the store is down."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from brainops.health.store_location import data_folder, location, setting
from brainops_core.blake2 import blake2b


def was_strict(store: str | None, namespace: str | None) -> bool:
    """Say whether the namespace of these options was strict when it was last asked."""
    return _mark(store, namespace).exists()


def remember_strict(strict: bool, store: str | None, namespace: str | None) -> None:
    """Leave a mark while the namespace is strict, and take it away when it is no more."""
    mark = _mark(store, namespace)
    with suppress(OSError):
        if strict and not mark.exists():
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        elif not strict and mark.exists():
            mark.unlink()


def _mark(store: str | None, namespace: str | None) -> Path:
    place = f"{location(store)}\n{namespace or setting('namespace')}"
    digest = blake2b(place.encode(errors="replace"), digest_size=8).hexdigest()
    return data_folder() / "strict" / digest
