"""To whom does a namespace listen, which bundles left and came, and what became of each item?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from brainops.store.database import Row, Session
from brainops.store.paging import Beside, paged
from brainops.types.page import Page


class SharingRows:
    """The peers, bundles and shared items of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put_peer(self, row: Mapping[str, Any]) -> None:
        """Listen to an instance, from now on or again."""
        self._session.run("share_peer_put", **row)

    def peers(self) -> list[Row]:
        """Return the instances that are or were listened to, by name."""
        return list(self._session.all("share_peer_list"))

    def revoke_peer(self, key: str, at: int, reason: str) -> bool:
        """Listen to an instance no longer; return False where nobody did."""
        return self._session.run("share_peer_revoke", key=key, at=at, reason=reason) > 0

    def put_bundle(self, row: Mapping[str, Any]) -> bool:
        """Note a bundle; return False where it stands there already."""
        return self._session.run("share_bundle_put", **row) > 0

    def bundles(self, direction: str | None, limit: int, **beside: Unpack[Beside]) -> Page[dict[str, Any]]:
        """Return the bundles that left ("out") or came ("in"), newest first."""
        return paged(self._session, "share_bundle_list", dict, limit, **beside, direction=direction)

    def revoke_bundle(self, bundle_id: str, direction: str, at: int, reason: str) -> bool:
        """Let a bundle count no longer; return False where it is not there, or does so already."""
        values = {"id": bundle_id, "direction": direction, "at": at, "reason": reason}
        return self._session.run("share_bundle_revoke", **values) > 0

    def item(self, key: str, kind: str, origin_id: str) -> Row | None:
        """Return what became of one item of an instance."""
        return self._session.one("share_item_get", key=key, kind=kind, origin_id=origin_id)

    def items(self, *, bundle_id: str | None = None, key: str | None = None) -> list[Row]:
        """Return the items of a bundle, or all of an instance."""
        return list(self._session.all("share_item_list", bundle_id=bundle_id, key=key))

    def put_item(self, row: Mapping[str, Any]) -> bool:
        """Note an item that left or came; return False where it was withdrawn before."""
        return self._session.run("share_item_put", **row) > 0

    def withdraw(self, key: str, kind: str, origin_id: str, at: int) -> bool:
        """Take an item back for good; return False where that was done."""
        return self._session.run("share_item_withdraw", key=key, kind=kind, origin_id=origin_id, at=at) > 0

    def bury(self, key: str, kind: str, origin_id: str, bundle_id: str, at: int) -> None:
        """Note that an item which never came is taken back."""
        values = {"key": key, "kind": kind, "origin_id": origin_id, "bundle_id": bundle_id, "at": at}
        self._session.run("share_item_bury", **values)

    def withdrawn(self, key: str) -> list[tuple[str, str]]:
        """Return (kind, origin id) of what an instance took back."""
        return [(row["kind"], row["origin_id"]) for row in self._session.all("share_out_revoked", key=key)]

    def priors(self) -> dict[str, tuple[int, int]]:
        """Return for each shared fix how often it was verified and contradicted where it came from."""
        return {
            row["local_id"]: (int(row["verified"]), int(row["contradicted"]))
            for row in self._session.all("share_priors")
        }
