"""Do the plain values have the fields of the types that they mirror?"""

from __future__ import annotations

from typing import get_args

import pytest
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from brainops.types import (
    Actor,
    AllOf,
    Approval,
    Done,
    ErrorEvent,
    Frame,
    GuardState,
    OperationStart,
    PastOperation,
    Receipt,
    Requirement,
    Rule,
)
from brainops_core.guard import values
from brainops_core.recognition.plain_errors import PlainError, PlainFrame

MIRRORED: dict[type[values.Plain], type[Struct]] = {
    values.PlainActor: Actor,
    values.PlainStart: OperationStart,
    values.PlainRule: Rule,
    values.PlainReceipt: Receipt,
    values.PlainPast: PastOperation,
    values.PlainState: GuardState,
}


@pytest.mark.parametrize(("plain", "mirrored"), MIRRORED.items())
def test_a_plain_value_has_the_fields_and_defaults_of_its_type(
    plain: type[values.Plain], mirrored: type[Struct]
) -> None:
    defaults = {each.name: each.default for each in fields(mirrored) if each.default is not NODEFAULT}
    defaults.pop("actor", None)  # which is a plain value itself

    assert set(plain.__slots__) == set(mirrored.__struct_fields__)
    assert {name: getattr(plain(), name) for name in defaults} == defaults


def test_what_the_guard_reads_of_an_approval_is_part_of_one() -> None:
    assert set(values.PlainApproval.__slots__) <= set(Approval.__struct_fields__)


def test_a_plain_requirement_has_the_fields_of_each_alternative() -> None:
    wanted = {name for kind in get_args(Requirement) for name in kind.__struct_fields__}

    assert set(values.PlainRequirement.__slots__) == wanted | {"requires"}
    assert {kind.requires for kind in get_args(Requirement)} == {"done", "all", "any"}
    assert (Done.requires, AllOf.requires) == ("done", "all")


def test_a_plain_error_has_the_fields_of_an_error() -> None:
    assert set(PlainError.__slots__) == set(ErrorEvent.__struct_fields__)
    assert set(PlainFrame.__slots__) == set(Frame.__struct_fields__)
