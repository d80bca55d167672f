"""Does the command line let a page in for some minutes, and take that back?"""

from __future__ import annotations

from pathlib import Path

import pytest

from brainops.engine import Engine
from brainops.errors import ApprovalUnproven
from tests.cli.conftest import Say


def test_a_pages_token_is_made_by_hand_and_taken_back(say: Say, store: Path) -> None:
    said = say("keys", "token", "checkout", "--minutes", "5")
    secret = said.out.strip().splitlines()[-1]

    assert "A page tells of checkout in" in said.out and "for 5 minutes" in said.out
    with Engine.open(store, model="none", background=False) as engine:
        assert engine.let_in_by(secret).operation == "checkout"
        assert say("keys", "revoke", secret).out.strip() == "Revoked: the token."
        with pytest.raises(ApprovalUnproven):
            engine.let_in_by(secret)
    assert say("keys", "token", "checkout", "--minutes", "90").code == 1
