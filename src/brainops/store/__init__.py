"""The only place that knows SQL: one store over SQLite and PostgreSQL."""

from brainops.store.store import Store, Transaction, open_store

__all__ = ["Store", "Transaction", "open_store"]
