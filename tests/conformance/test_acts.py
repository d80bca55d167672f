"""Does everything that is written ask the one table of acts, and is the table the one of the threat model?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import ApprovalUnproven, BrainOpsError, StoreReadOnly
from brainops.store import acts
from brainops.store.acts import ANYBODY, NO_AGENT, PERSON, TABLE, Act, Proving
from brainops.store.named import statements
from brainops.store.store import Transaction
from brainops.types import Actor, ActorKind, Role
from tests.conformance.conftest import OpenBrain
from tests.conformance.everything import MARTA, furnish
from tests.inside import inside

THREATS = Path(__file__).parents[2] / "docs" / "threat-model.md"
WHO = {ANYBODY: "anybody", NO_AGENT: "people and services", PERSON: "people"}
AGENT = Actor(kind=ActorKind.AGENT, id="release-bot")


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain(actor=MARTA)


def test_no_writing_statement_is_reached_without_an_act(brain: Brain) -> None:
    writing = [each for each in statements(inside(brain).store.database.dialect).values() if each.writes]

    reached = []
    for statement in writing:
        try:
            with inside(brain).store.read() as tx:
                tx.session.run(statement.name, **_some(statement.parameters))
        except StoreReadOnly:
            continue
        except BrainOpsError:  # a value that the statement does not take, before it could write
            continue
        reached.append(statement.name)

    assert len(writing) > 100
    assert not reached


def _some(parameters: frozenset[str]) -> dict[str, Any]:
    return dict.fromkeys(parameters - {"namespace", "namespaces"}, 1)


def test_whatever_the_product_writes_is_written_by_an_act_of_the_table(
    brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drive what leaves rows of every kind, and look at the act of each transaction that wrote one."""
    acting: dict[int, list[Act]] = {}
    written: dict[str, set[str]] = {}
    begin, session = Transaction.__init__, type(inside(brain).store.database).__module__
    kind = __import__(session, fromlist=["x"])
    kind = getattr(kind, "SQLiteSession" if inside(brain).store.database.dialect == "sqlite" else "PostgresSession")
    execute, names = kind._execute, {id(value): name for name, value in TABLE.items()}

    def begun(self: Transaction, given: Any, index: Any, act: Act, leave: Any) -> None:
        acting.setdefault(id(given), []).append(act)
        begin(self, given, index, act, leave)

    def executed(self: Any, name: str, parameters: Any) -> Any:
        if self._statements[name].writes:
            written.setdefault(name, set()).add(names.get(id(acting[id(self)][-1]), "no act"))
        return execute(self, name, parameters)

    monkeypatch.setattr(Transaction, "__init__", begun)
    monkeypatch.setattr(kind, "_execute", executed)
    furnish(brain)

    assert len(written) > 50
    assert not {name: found for name, found in written.items() if "no act" in found}


@pytest.mark.parametrize("act", [act for act in TABLE.values() if ActorKind.AGENT not in act.who], ids=lambda a: a.does)
def test_an_act_that_is_refused_opens_nothing(brain: Brain, act: Act) -> None:
    opened = inside(brain).store.database.write

    with pytest.raises(act.refusal, match=re.escape(act.does)), inside(brain).store.writing(act, AGENT):
        pytest.fail("the transaction opened")

    assert inside(brain).store.database.write == opened


def test_a_line_of_the_trail_bears_the_name_of_the_act(brain: Brain) -> None:
    with inside(brain).store.writing(acts.FORGET, AGENT) as tx:
        tx.trail.append("a subject", 1)
        tx.also(acts.FEEDBACK).append("a subject", 2)

        assert [line.act for line in tx.trail.of("a subject")] == ["forgotten", "feedback"]
        with pytest.raises(ApprovalUnproven, match="may not purge"):
            tx.also(acts.PURGE)


def test_the_threat_model_shows_the_table_of_acts() -> None:
    text = THREATS.read_text(encoding="utf-8")
    shown = text.partition("<!-- acts: begin -->\n")[2].partition("<!-- acts: end -->")[0]

    assert shown == "".join(f"{line}\n" for line in table())


def table() -> Iterator[str]:
    """Return who may do what, as the threat model shows it: acts for which the same holds stand together."""
    yield "| who | where the namespace is strict | takes an approver's proof | may |"
    yield "|---|---|---|---|"
    for key, group in itertools.groupby(sorted(filter(_shown, TABLE.values()), key=_place), key=_place):
        who, strict, proof = key[2:]
        does = sorted({act.does for act in group})
        yield f"| {who} | {strict} | {proof} | {', '.join(does)} |"


def _shown(act: Act) -> bool:
    return bool(act.does) and (act.proof is not Proving.NEVER or act.who != ANYBODY or bool(act.name))


def _place(act: Act) -> tuple[int, int, str, str, str]:
    strict = WHO[act.who_where_strict] if act.who_where_strict is not None else "the same"
    of = f", of an {act.role.value}" if act.proof is not Proving.NEVER and act.role is Role.ADMIN else ""
    return len(act.who), list(Proving).index(act.proof), WHO[act.who], strict, f"{act.proof.value}{of}"


if __name__ == "__main__":  # python -m tests.conformance.test_acts writes the table anew
    whole = THREATS.read_text(encoding="utf-8")
    head, _, rest = whole.partition("<!-- acts: begin -->\n")
    lines = "".join(f"{line}\n" for line in table())
    THREATS.write_text(
        f"{head}<!-- acts: begin -->\n{lines}<!-- acts: end -->{rest.partition('<!-- acts: end -->')[2]}"
    )
