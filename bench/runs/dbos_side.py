"""The same runs by DBOS alone, in a process and an environment of its own: `python dbos_side.py URL`.

Reads lines "one N", "six N" or "approval N" and answers each with a JSON line: seconds for all, or for each. SQLite is
in WAL with synchronous=NORMAL and polled every 50 ms, as measured to be its best setting.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import sqlalchemy
from dbos import DBOS

url = sys.argv[1]
config: dict[str, Any] = {
    "name": "beside",
    "system_database_url": url,
    "application_version": "one",
    "log_level": "ERROR",
    "notification_listener_polling_interval_sec": 0.05,
}
if url.startswith("sqlite"):
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": 30})

    @sqlalchemy.event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=normal")

    config["system_database_engine"] = engine
DBOS(config=config)  # type: ignore[arg-type]


@DBOS.step()
def act(number: int) -> dict[str, int]:
    return {"number": number}


@DBOS.workflow()
def one(number: int) -> None:
    act(number)


@DBOS.workflow()
def six(number: int) -> None:
    for place in range(6):
        act(place)


@DBOS.workflow()
def gate(number: int) -> None:
    DBOS.recv("go", timeout_seconds=60)
    act(number)


def approvals(count: int) -> list[float]:
    took = []
    for number in range(count):
        handle = DBOS.start_workflow(gate, number)
        time.sleep(0.3 + 0.037 * (number % 10))
        began = time.perf_counter()
        DBOS.send(handle.workflow_id, "yes", "go")
        handle.get_result(polling_interval_sec=0.005)
        took.append(time.perf_counter() - began)
    return took


DBOS.launch()
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    what, count = line.split()
    began = time.perf_counter()
    if what == "approval":
        print(json.dumps(approvals(int(count))), flush=True)
        continue
    for number in range(int(count)):
        (one if what == "one" else six)(number)
    print(json.dumps(time.perf_counter() - began), flush=True)
DBOS.destroy()
