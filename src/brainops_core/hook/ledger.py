"""What was a session told already, what came of it, and what does it still have to learn of its own calls?

One small file a session beside the spool, to which hooks append; nothing is told twice by it.
"""

from __future__ import annotations

import os
import time

from brainops_core.hook import spool
from brainops_core.json_text import from_json, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

FOLDER = "sessions"
MAX_READ_BYTES = 256 * 1024  # of a session, from its end
CHARACTERS_A_TOKEN = 4


class Ledger:
    """The ledger of one session, as it stood when it was opened."""

    def __init__(self, folder: str, client: str, session: str) -> None:
        from brainops_core.pack import place

        self.path = place("", [client, session], os.path.join(folder, FOLDER))[:-5] + ".jsonl"
        self._session = session
        self._client = client
        self._lines: list[Mapping[str, Any]] | None = None

    @property
    def lines(self) -> Sequence[Mapping[str, Any]]:
        """What stands in it, the oldest first."""
        if self._lines is None:
            self._lines = list(lines_of(self.path))
        return self._lines

    @property
    def told(self) -> set[str]:
        """The ids that were handed out."""
        return {each for line in self.lines for each in line.get("ids", ())}

    def denials(self, name: str, rule: str) -> int:
        """Return how often an operation was denied by a rule."""
        return sum(
            line.get("verdict") in ("deny", "ask") and line.get("name") == name and line.get("rule") == rule
            for line in self.lines
        )

    def pending(self) -> list[Mapping[str, Any]]:
        """Return the calls of which is not known yet how they ended, the oldest first."""
        ended = {line["ended"] for line in self.lines if "ended" in line}
        return [line for line in self.lines if line.get("event") == "pending" and line.get("call") not in ended]

    def hints(self, name: str) -> list[Mapping[str, Any]]:
        """Return what was told about an operation, and of which nothing came yet."""
        used = {each for line in self.lines if line.get("event") == "used" for each in line.get("of", ())}
        return [line for line in self.lines if line.get("name") == name and line.get("ids") and line["id"] not in used]

    def add(self, event: str, *, text: str = "", **said: Any) -> None:
        """Append what was told or seen: one write. Raises OSError."""
        line = {"id": spool.new_id(), "at": time.time_ns() // 1000, "event": event, "client": self._client, **said}
        if not self.lines:
            line["session"] = self._session
        if text:
            line["tokens"] = -(-len(text.encode("utf-8", "replace")) // CHARACTERS_A_TOKEN)
        os.makedirs(os.path.dirname(self.path), 0o700, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(file, f"\n{to_json(line)}\n".encode())
        finally:
            os.close(file)
        if self._lines is not None:
            self._lines.append(line)


def lines_of(path: str) -> Iterator[Mapping[str, Any]]:
    """Yield what stands in a ledger, the oldest first; nothing where there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - MAX_READ_BYTES))
            data = file.read()
    except OSError:
        return
    for line in data.splitlines():
        try:
            said = from_json(line.decode())
        except ValueError:
            continue
        if isinstance(said, dict) and "id" in said:
            yield said
