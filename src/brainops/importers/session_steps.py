"""What was done in a session? The steps that every client's transcript is read into."""

from __future__ import annotations

from msgspec import Struct

from brainops.importers.items import Format


class ToolUse(Struct, frozen=True, kw_only=True):
    """One use of a tool: `command` says what was done, `target` a file that it changed, `failed` None when unknown."""

    id: str
    tool: str
    command: str
    shell: bool = False
    changes: bool = False
    target: str = ""
    failed: bool | None = None
    exit_code: int | None = None
    output: str = ""
    at: str | None = None
    position: str = ""
    thread: str = ""


class Transcript(Struct, frozen=True, kw_only=True):
    """A session: which client, its id, the folder, its steps in order, how many records they came from."""

    format: Format
    session_id: str
    folder: str | None
    steps: tuple[ToolUse, ...]
    records: int
    uri: str
