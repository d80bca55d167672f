"""What may be done on a page, and what undoes it? One table of the verbs that buttons call."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class PageAct(Struct, frozen=True):
    """What is said of an act that was done: what it was, and in words what undoes it.

    Where another verb of this table undoes it, `undo` names that, and `takes` which of the form's fields it takes;
    `label` stands on its button.
    """

    said: str
    undone: str = ""
    undo: str = ""
    label: str = "Undo"
    takes: tuple[str, ...] = ()
    gives: Mapping[str, str] = {}


ACTS: Mapping[str, PageAct] = {
    "approvals.grant": PageAct("Approved.", "What was asked for goes on; cancel its run to stop it."),
    "approvals.refuse": PageAct("Refused.", "Whoever asked may ask again."),
}
