"""Does the hook that is wired deny what it must, called just as its client calls it?"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainops.hooks.clients import TIMEOUT_SECONDS, Scope, is_ours, wiring
from brainops_core.hook.answer import CANARY, CANARY_DENIED
from brainops_core.hook.clients import BEFORE, CLIENTS


def sing(client: str, scope: Scope, environment: Mapping[str, str], folder: Path) -> str:
    """Return what keeps a call from being denied that must be; "" where the denial comes. Raises InvalidInput."""
    where = wiring(client, scope, environment, folder)
    event = next(name for name, kind in CLIENTS[client].events.items() if kind == BEFORE)
    try:
        groups = json.loads(where.path.read_text(encoding="utf-8"))["hooks"][event]
        called: Mapping[str, Any] = next(each for group in groups for each in group["hooks"] if is_ours(each))
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return f"{where.path} calls no hook of ours before a tool: brainops install {client}"
    words = [called["command"], *called["args"]] if "args" in called else ["sh", "-c", called["command"]]
    given = {"session_id": CANARY, "cwd": str(folder), "hook_event_name": event, "tool_name": CANARY, "tool_input": {}}
    try:
        done = subprocess.run(
            words, input=json.dumps(given).encode(), capture_output=True, timeout=TIMEOUT_SECONDS, env=dict(environment)
        )
        said = json.loads(done.stdout or "null")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return f"the hook cannot be called: {error}"
    if said and said["hookSpecificOutput"]["permissionDecision"] == "deny":
        reason = str(said["hookSpecificOutput"]["permissionDecisionReason"])
        return "" if reason == CANARY_DENIED else reason
    tail = done.stderr.decode(errors="replace").strip()[-300:]
    return f"the hook let it pass, exit code {done.returncode}{f': {tail}' if tail else ''}"
