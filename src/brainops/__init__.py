"""BrainOps: the operational memory of AI agents and of the services they run.

The names below are loaded when they are first used, so that `import brainops` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brainops.brain import Brain as Brain
    from brainops.errors import BrainOpsError as BrainOpsError
    from brainops.importers.sync import import_path as import_path
    from brainops.integrations.python_errors import BrainOpsHandler as BrainOpsHandler
    from brainops.integrations.python_errors import capture_errors as capture_errors
    from brainops.learning.signals.log_lines import read_log_line as read_log_line
    from brainops.memory.recognition.error_events import parse_error as parse_error
    from brainops.memory.recognition.fingerprint import fingerprint as fingerprint
    from brainops.memory.redaction.redact import redact as redact
    from brainops.operations.commands.command_line import classify_command as classify_command
    from brainops.types import Actor as Actor
    from brainops.types import ActorKind as ActorKind
    from brainops.types import Captured as Captured
    from brainops.types import Draft as Draft
    from brainops.types import Evidence as Evidence
    from brainops.types import Filter as Filter
    from brainops.types import Guidance as Guidance
    from brainops.types import Hit as Hit
    from brainops.types import Match as Match
    from brainops.types import Memory as Memory
    from brainops.types import MemoryType as MemoryType
    from brainops.types import Source as Source
    from brainops.types import Trust as Trust
    from brainops.types import Verdict as Verdict

__version__ = "0.1.0"

_HOMES = {
    "Brain": "brainops.brain",
    "BrainOpsError": "brainops.errors",
    "BrainOpsHandler": "brainops.integrations.python_errors",
    "capture_errors": "brainops.integrations.python_errors",
    "classify_command": "brainops.operations.commands.command_line",
    "fingerprint": "brainops.memory.recognition.fingerprint",
    "import_path": "brainops.importers.sync",
    "parse_error": "brainops.memory.recognition.error_events",
    "read_log_line": "brainops.learning.signals.log_lines",
    "redact": "brainops.memory.redaction.redact",
    **dict.fromkeys(
        (
            "Actor",
            "ActorKind",
            "Captured",
            "Draft",
            "Evidence",
            "Filter",
            "Guidance",
            "Hit",
            "Match",
            "Memory",
            "MemoryType",
            "Source",
            "Trust",
            "Verdict",
        ),
        "brainops.types",
    ),
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'brainops' has no attribute {name!r}; it has {', '.join(sorted(_HOMES))}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
