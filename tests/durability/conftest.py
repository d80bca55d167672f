"""What do the durability tests stand on? The stores of the conformance tests, and processes that can be killed."""

from __future__ import annotations

from tests.conformance.conftest import database, dialect, postgres, store_url

__all__ = ["database", "dialect", "postgres", "store_url"]
