"""Do small writes of many threads share transactions, whichever namespaces they are written through?"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from brainops.store import Transaction, acts, open_store
from brainops.store.database import Deadline
from brainops.store.scope import Scope
from brainops.store.sqlite import SQLiteDatabase, SQLiteSession


def test_writes_through_different_namespaces_share_a_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path / "memory.db"), Scope.of("one"))
    others = [store.within(Scope.of(f"team/{number}")) for number in range(8)]
    begun: list[Scope] = []
    first, rest_waits = threading.Event(), threading.Event()
    write = SQLiteDatabase.write

    def counted(
        database: SQLiteDatabase, scope: Scope, deadline: Deadline | None = None
    ) -> AbstractContextManager[SQLiteSession]:
        begun.append(scope)
        return write(database, scope, deadline)

    monkeypatch.setattr(SQLiteDatabase, "write", counted)

    def hold(tx: Transaction) -> None:
        first.set()
        assert rest_waits.wait(10)

    seen: list[str] = []
    holding = threading.Thread(target=store.write_together, args=(acts.RECORD, acts.ITSELF, hold))
    holding.start()
    assert first.wait(10)
    waiting = [
        threading.Thread(
            target=each.write_together, args=(acts.RECORD, acts.ITSELF, lambda tx: seen.append(tx.scope.write))
        )
        for each in others
    ]
    for thread in waiting:
        thread.start()
    while len(store._group._waiting) < len(others):
        pass
    rest_waits.set()
    for thread in [holding, *waiting]:
        thread.join(10)
    store.close()

    assert len(begun) == 2
    assert sorted(seen) == [f"team/{number}" for number in range(8)]
