"""Which database does a location mean, and how is it opened?"""

from __future__ import annotations

from brainops.errors import InvalidConfiguration, MissingExtra
from brainops.store.scope import Scope
from brainops.store.store import Store


def open_store(location: str, scope: Scope, *, migrate: bool = True) -> Store:
    """Open a SQLite file, ":memory:" or a postgresql:// URL; create and migrate it unless told not to."""
    if location.startswith(("postgresql://", "postgres://")):
        try:
            from brainops.store.postgres_upkeep import postgres_store
        except ImportError as error:
            raise MissingExtra(f"PostgreSQL takes an extra ({error}): pip install 'brainops[postgres]'") from error

        store = postgres_store(location, scope)
    elif "://" in location:
        scheme = location.split("://", 1)[0]
        raise InvalidConfiguration(f"a store is a file path or a postgresql:// URL, not {scheme}://")
    else:
        from brainops.store.sqlite_upkeep import sqlite_store

        store = sqlite_store(location, scope)
    if migrate:
        try:
            store.upkeep.migrate()
        except BaseException:
            store.close()
            raise
    return store
