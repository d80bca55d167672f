"""The only place that knows SQL: one store over SQLite and PostgreSQL."""

from brainops.store.opening import open_store
from brainops.store.store import Store, Transaction

__all__ = ["Store", "Transaction", "open_store"]
