"""What do all views of one server have in common? The server, and what is kept here for when it is away."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from brainops import config, lazy
from brainops.errors import BrainOpsError, OutcomeUnknown, StoreUnavailable
from brainops.remote.call import Server
from brainops.remote.kept_pack import KeptPack, folder_of
from brainops.remote.later import Later
from brainops.remote.narrowing import Narrowing
from brainops.remote.spool import Spool, Waiting
from brainops.remote.verbs import Verb, verbs
from brainops.store.database import Deadline
from brainops.types import Down
from brainops.wire import to_json
from brainops_core.pack import PackUnusable

if TYPE_CHECKING:
    from brainops.operations.middleware import Around

AWAY_PATIENCE_SECONDS = 1.0  # that who goes on without the server asks it before
AWAY_SECONDS = 5.0  # in which it is not asked again

log = lazy.logger()


class Link:
    """What the views of one server have in common: the server, what is handed over, what is kept while it is away."""

    def __init__(self, server: Server, around: Iterable[Around] = (), data: Path | None = None) -> None:
        folder = folder_of(data or config.data_folder(os.environ), server.address, server.key)
        self.server = server
        self.around = tuple(around)
        self.later = Later()
        self.spool = Spool(folder)
        self._folder = folder
        self._packs: dict[Narrowing, KeptPack] = {}
        self._away_until = 0.0

    def pack(self, less: Narrowing) -> KeptPack:
        """Return what is kept for a view that is narrowed like this: one pack for the namespaces that it has."""
        scope = less.scope
        return self._packs.setdefault(scope, KeptPack(self._folder, self.server.key, scope))

    def call(
        self,
        verb: Verb,
        body: bytes,
        headers: Mapping[str, str],
        deadline: Deadline | None,
        down: Down,
        pack: KeptPack,
    ) -> bytes:
        """Ask the server. Who goes on without it does not wait for it each time: it is asked again after a while."""
        if down is Down.CLOSED:
            return self.server.call(verb, body, headers, deadline)
        if time.monotonic() < self._away_until:
            raise StoreUnavailable(f"{self.server.address} could not be reached a moment ago")
        try:
            answer = self.server.call(verb, body, headers, deadline, patience=AWAY_PATIENCE_SECONDS)
        except (StoreUnavailable, OutcomeUnknown):
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise
        self._away_until = 0.0
        if self.spool.waits:
            self.later.hand_over(self.drain)
        if pack.due():
            self.later.hand_over(lambda: self.fetch(pack))
        return answer

    def drain(self) -> int:
        """Send what waits, and return how many calls that were."""

        def send(call: Waiting) -> None:
            self.server.call(verbs()[call.verb], to_json(call.body), call.headers, patience=AWAY_PATIENCE_SECONDS)

        return self.spool.drain(send)

    def fetch(self, pack: KeptPack) -> None:
        """Keep the server's pack of today."""
        try:
            pack.keep(self.server.get("/v1/pack", pack.headers))
        except (BrainOpsError, PackUnusable, OSError) as error:
            log.warning("the pack of the server is not kept: %s", error)
