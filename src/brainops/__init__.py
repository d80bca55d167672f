"""BrainOps: the operational memory of AI agents and of the services they run.

The names below are loaded when they are first used, so that `import brainops` costs next to nothing.
"""

from __future__ import annotations

from brainops import lazy
from brainops.version import __version__ as __version__

TYPE_CHECKING = False  # see brainops.lazy
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

__getattr__, __dir__, __all__ = lazy.names(
    "brainops",
    {
        "brain": "Brain",
        "errors": "BrainOpsError",
        "importers.sync": "import_path",
        "integrations.python_errors": "BrainOpsHandler capture_errors",
        "learning.signals.log_lines": "read_log_line",
        "memory.recognition.error_events": "parse_error",
        "memory.recognition.fingerprint": "fingerprint",
        "memory.redaction.redact": "redact",
        "operations.commands.command_line": "classify_command",
        "types": "Actor ActorKind Captured Draft Evidence Filter Guidance Hit Match Memory MemoryType Source Trust"
        " Verdict",
    },
)
__all__ += ["__version__"]
