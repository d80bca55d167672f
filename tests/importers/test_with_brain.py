"""Does an import work on the real memory as it does on the small one?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from brainops import Brain
from brainops.errors import InvalidInput
from brainops.importers import ImportTarget, import_path
from brainops.types import MemoryType
from tests.importers.material import Write

QUEUE = """groups:
- name: queue
  rules:
  - alert: QueueStuck
    expr: rate(queue_out[5m]) == 0
    annotations:
      description: 'Consumer group {{ $labels.group }} has read nothing for {{ $value | humanizeDuration }}.'
      runbook_url: https://runbooks.example.com/queue/queuestuck
"""


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", model="none") as opened:
        yield opened


def test_the_text_of_a_fired_alert_finds_its_runbook(write: Write, brain: Brain) -> None:
    write("runbooks/queue/QueueStuck.md", "# Backlog\n\n## Meaning\n\nNo progress.\n\n## Mitigation\n\nRestart it.\n")
    write(
        "runbooks/queue/Rebalance.md",
        "# Rebalance\n\n## Meaning\n\nA consumer group moves.\n\n## Mitigation\n\nWait.\n",
    )
    folder = write("rules.yaml", QUEUE).parent
    target: ImportTarget = brain
    import_path(target, folder)

    hits = brain.retrieve("Consumer group billing has read nothing for 20m.", types=[MemoryType.OPERATIONAL_PROCEDURE])

    assert hits[0].memory.title == "Backlog"


def test_a_store_of_our_own_is_known_and_sent_where_it_is_read(brain: Brain, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="BrainOps store"):
        import_path(brain, tmp_path / "memory.db")


def test_syncing_supersedes_moves_binds_and_flags(write: Write, brain: Brain) -> None:
    folder = write("QueueStuck.md", "# Backlog\n\nRestart it.").parent
    write("old.md", "# Kept\n\nThe same words.")
    write("gone.md", "# Gone\n\nLeaves soon. password=hunter2-secret")
    import_path(brain, folder, sync=True)
    (folder / "old.md").rename(folder / "new.md")
    (folder / "gone.md").unlink()
    write("rules.yaml", QUEUE)
    write("QueueStuck.md", "# Backlog\n\nRestart it twice.")

    report = import_path(brain, folder, sync=True)

    assert (report.taken, report.superseded, report.moved, report.flagged, report.bound) == (1, 1, 1, 1, 1)
    assert report.left == ()
    assert [m.title for m in brain.by_source("markdown:ops/new.md")] == ["Kept"]
    again = import_path(brain, folder, sync=True)
    assert (again.taken, again.repeated, again.superseded, again.moved) == (0, 3, 0, 0)
