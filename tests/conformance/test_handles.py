"""Is what has an id found by its end, of every kind, and in the readable namespaces only?"""

from __future__ import annotations

from brainops.brain import Brain
from tests.conformance.conftest import OpenBrain
from tests.inside import inside


def test_an_end_finds_what_has_it_in_the_readable_namespaces_only(open_brain: OpenBrain) -> None:
    brain, stranger = open_brain(), open_brain(namespace="team/other", read=())
    memory = brain.capture("Kept", "for ever").id
    running = brain.begin("deploy api")
    running.fail("TimeoutError: no answer")
    fix = brain.fixes.attach("TimeoutError: no answer", "wait", advice="wait").id
    ends = {each[-6:] for each in (memory, running.id, fix)}

    def found(of: Brain) -> set[tuple[str, str]]:
        with inside(of).store.read() as tx:
            return {(row["kind"], row["id"]) for row in tx.handles.ending(ends, 6)}

    assert found(brain) >= {("memory", memory), ("operation", running.id), ("fix", fix)}
    assert found(stranger) == set()
