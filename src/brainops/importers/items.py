"""What does an importer hand over? Items taken or left, the plan made of them, and the store side it needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from brainops.types import Captured, Draft, Memory, Progress


class Format(StrEnum):
    """What a path holds. FOLDER is a mixture, each file by its own format; EXPORT is read by `Brain.import_from`."""

    MARKDOWN = "markdown"
    PROMETHEUS = "prometheus"
    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    MCP_MEMORY = "mcp-memory"
    MCP_MEMORY_SERVICE = "mcp-memory-service"
    JSONL = "jsonl"
    GITHUB = "github"
    GITLAB = "gitlab"
    SENTRY = "sentry"
    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"
    FOLDER = "folder"
    EXPORT = "brainops-export"


class Take(Struct, frozen=True, kw_only=True):
    """A draft that an importer found, and the position in its file."""

    draft: Draft
    position: str = ""


class Leave(Struct, frozen=True, kw_only=True):
    """Something that was not taken, and why. `fault` says that it could not be read, so nothing is known of it."""

    what: str
    why: str
    fault: bool = False


Item = Take | Leave


class ImportAction(StrEnum):
    """What an import does with one source: what REPEAT names stands there already; FLAG deletes nothing."""

    TAKE = "take"
    REPEAT = "repeat"
    SUPERSEDE = "supersede"
    MOVE = "move"
    FLAG = "flag"


class Planned(Struct, frozen=True, kw_only=True):
    """One line of the plan: the action, the source's key, the memory that it concerns if there is one, and why."""

    action: ImportAction
    key: str
    title: str
    reason: str = ""
    memory_id: str | None = None
    draft: Draft | None = None


class ImportReport(Struct, frozen=True, kw_only=True):
    """What an import did, or with `dry_run` would do; `bound` counts the alerts in it that lead to a runbook."""

    plan: tuple[Planned, ...] = ()
    left: tuple[Leave, ...] = ()
    bound: int = 0
    dry_run: bool = False

    def count(self, action: ImportAction) -> int:
        """Return how many sources met this action."""
        return sum(planned.action is action for planned in self.plan)

    @property
    def taken(self) -> int:
        """How many new memories."""
        return self.count(ImportAction.TAKE)

    @property
    def repeated(self) -> int:
        """How many stood there already."""
        return self.count(ImportAction.REPEAT)

    @property
    def superseded(self) -> int:
        """How many replaced an older text or gained a binding."""
        return self.count(ImportAction.SUPERSEDE)

    @property
    def moved(self) -> int:
        """How many were found again under another name."""
        return self.count(ImportAction.MOVE)

    @property
    def flagged(self) -> int:
        """How many are gone from their source."""
        return self.count(ImportAction.FLAG)


class ImportTarget(Protocol):
    """The store side of an import; `Brain` is one."""

    def capture_each(self, drafts: Iterable[Draft], progress: Progress | None = None) -> Iterator[Captured]:
        """Capture the drafts; yield an acknowledgement each in their order, up to one that is refused, which raises."""
        ...

    def by_source(self, prefix: str) -> Sequence[Memory]:
        """Return the current, active memories whose source key starts with the prefix."""
        ...

    def supersede(self, memory_id: str, draft: Draft) -> Captured:
        """Put the draft in the memory's place; raises Conflict when type, title and content are the same."""
        ...

    def flag(self, memory_id: str, reason: str) -> object:
        """Mark the memory for review; a second time changes nothing."""
        ...

    def move_source(self, memory_id: str, key: str, uri: str | None) -> object:
        """Tell where the memory's source is now."""
        ...
