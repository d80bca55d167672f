"""Does a folder, a remote or a variable lead out of the namespace whose guard holds?"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import ApprovalUnproven
from brainops.operations.operation import start_of
from brainops.procedures.consent import approvers
from brainops.types import Actor, ActorKind, Allow, Deny, Enforcement, Rule, RuleKind, RuleMode, TerminalProof

SHOP = "git.example.com/acme/shop"
AGENT = Actor(kind=ActorKind.AGENT, id="claude-code", proof="environment")
PHRASE = "seven quiet herons at dusk"
NO_SHIPPING = Rule(
    id="", namespace="", name="no shipping", kind=RuleKind.APPROVAL, operations=("ship *",), mode=RuleMode.DENY
)
VARIABLES = ("BRAINOPS_NAMESPACE", "BRAINOPS_STORE", "BRAINOPS_CONFIG", "XDG_CONFIG_HOME", "BRAINOPS_ACTOR")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def repository(folder: Path, remote: str) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "remote", "add", "origin", remote)
    return folder


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The clone of a project whose namespace is strict, in a store where ines may approve; and a folder elsewhere."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRAINOPS_MODEL", "none")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    clone = repository(tmp_path / "work" / "shop", "git@git.example.com:acme/shop.git")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(clone)
    with Brain.open(background=False) as owner:
        assert owner.settings.namespace == SHOP
        owner.approvals.approvers.enrol("ines", passphrase=PHRASE)
        owner.guard.set_enforcement("strict", reason="we hold")
        owner.guard.add(NO_SHIPPING)
    return clone


def said(operation: str = "deploy api", target: str | None = "prod", *, consulted: bool = False, **given: Any) -> Any:
    with Brain.open(background=False, actor=AGENT, **given) as brain:
        if consulted:
            brain.guidance(operation, target=target)
        return brain.guard.check(start_of(operation, target, {}, AGENT, brain.settings.session), record=False)


Way = Callable[[Path, Path, pytest.MonkeyPatch], object]


def nested(shop: Path, _: Path, patch: pytest.MonkeyPatch) -> None:
    (shop / "sub" / ".git").mkdir(parents=True)
    patch.chdir(shop / "sub")


def nested_clone(shop: Path, _: Path, patch: pytest.MonkeyPatch) -> None:
    patch.chdir(repository(shop / "vendor" / "other", "https://git.example.com/other/other.git"))


def out(_: Path, place: Path, patch: pytest.MonkeyPatch) -> None:
    patch.chdir(place / "elsewhere")


def another_clone(_: Path, place: Path, patch: pytest.MonkeyPatch) -> None:
    patch.chdir(repository(place / "mine", "https://git.example.com/me/mine.git"))


def remote(shop: Path, _: Path, __: pytest.MonkeyPatch) -> None:
    git(shop, "remote", "set-url", "origin", "https://git.example.com/me/mine.git")


def no_remote(shop: Path, _: Path, __: pytest.MonkeyPatch) -> None:
    git(shop, "remote", "remove", "origin")


def namespace(_: Path, __: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("BRAINOPS_NAMESPACE", "scratch")


def store(_: Path, place: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("BRAINOPS_STORE", str(place / "evil.db"))


def config(_: Path, place: Path, patch: pytest.MonkeyPatch) -> None:
    (place / "settings.toml").write_text('namespace = "scratch"\n', encoding="utf-8")
    patch.setenv("BRAINOPS_CONFIG", str(place / "settings.toml"))


def config_home(_: Path, place: Path, patch: pytest.MonkeyPatch) -> None:
    (place / "mine" / "brainops").mkdir(parents=True)
    (place / "mine" / "brainops" / "settings.toml").write_text(f'store = "{place}/evil.db"\n', encoding="utf-8")
    patch.setenv("XDG_CONFIG_HOME", str(place / "mine"))


def home(_: Path, place: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("BRAINOPS_HOME", str(place / "evil"))


def store_and_remote(shop: Path, place: Path, patch: pytest.MonkeyPatch) -> None:
    store(shop, place, patch)
    remote(shop, place, patch)
    nested(shop, place, patch)


INSIDE = (nested, nested_clone, remote, no_remote, namespace, store, config, config_home, home, store_and_remote)
WAYS = (*INSIDE, out, another_clone)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_is_denied_in_a_strict_repository_is_denied_however_it_is_left(
    way: Way, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(said(), Deny)
    way(shop, tmp_path, monkeypatch)

    assert isinstance(said(), Deny)


@pytest.mark.parametrize("way", INSIDE, ids=lambda way: way.__name__)
def test_a_written_rule_holds_as_well(way: Way, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    way(shop, tmp_path, monkeypatch)
    decision = said("ship it", consulted=True)

    assert isinstance(decision, Deny)
    assert SHOP in decision.reason and f"--namespace {SHOP}" in decision.way_out


def test_the_namespace_of_the_session_holds_out_of_its_folder(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Brain.open(background=False) as brain:
        session = brain.sessions.open(id="s-1").session_id
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("BRAINOPS_SESSION", session)

    assert "no shipping" in said("ship it", consulted=True).reason


def test_the_namespace_of_what_is_named_holds(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert "no shipping" in said("ship everything", target=str(shop), consulted=True).reason
    assert "no shipping" in said(f"ship {shop}/.git", consulted=True).reason


def test_the_refusal_says_whose_it_is_and_how_it_is_cleared_there(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINOPS_NAMESPACE", "scratch")
    decision = said(consulted=True)  # in the namespace of its own choice

    assert SHOP in decision.reason and f"--namespace {SHOP}" in decision.way_out


def test_a_namespace_that_nobody_set_up_is_loosened_by_proof_only(shop: Path) -> None:
    with Brain.open(namespace="scratch", background=False) as brain:
        assert brain.guard.settings().enforcement is Enforcement.STRICT
        with pytest.raises(ApprovalUnproven):
            brain.guard.set_enforcement("observe")
        brain.guard.set_enforcement("observe", proof=TerminalProof(approver="ines", passphrase=PHRASE))

        assert brain.guard.settings().enforcement is Enforcement.OBSERVE


def test_a_repository_is_free_again_once_a_person_loosened_it(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Brain.open(background=False) as owner:
        owner.guard.set_enforcement("observe", proof=TerminalProof(approver="ines", passphrase=PHRASE))

    assert isinstance(said(), Allow)
    monkeypatch.setenv("BRAINOPS_NAMESPACE", "scratch")
    assert isinstance(said(), Allow)
    assert not list((shop / ".git").glob("brainops*"))


def test_nothing_changes_where_nobody_may_approve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Brain.open(tmp_path / "m.db", namespace="a", model="none", background=False) as brain:
        brain.guard.set_enforcement("strict")

    with Brain.open(tmp_path / "m.db", namespace="b", model="none", background=False) as brain:
        assert brain.guard.settings().enforcement is Enforcement.OBSERVE


def test_a_rule_holds_for_the_operation_that_it_names_though_it_reads_like_reading(tmp_path: Path) -> None:
    with Brain.open(tmp_path / "m.db", namespace="a", model="none", background=False) as brain:
        brain.guard.set_enforcement("strict")
        brain.guard.add(
            Rule(
                id="",
                namespace="",
                name="no loans",
                kind=RuleKind.APPROVAL,
                operations=("get_loan",),
                mode=RuleMode.DENY,
            )
        )
        loan, other = (brain.guard.check(start_of(name, None, {}, AGENT, "s")) for name in ("get_loan", "get_rate"))

    assert isinstance(loan, Deny) and "no loans" in loan.reason
    assert isinstance(other, Allow)
