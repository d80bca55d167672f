"""How did a call of a tool end, and what did its error say?

Claude Code tells of a failure by an event of its own. Codex tells what a command printed and not how it ended: that
stands in the transcript of the session, from before the next event on.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brainops_core.hook.event import ClientEvent

MAX_TRANSCRIPT_BYTES = 512 * 1024  # of a session's end: what a call answered stands within its last lines
_EXITED = "Process exited with code "
_EXIT_CODE = "Exit code "


def failure(event: ClientEvent, name: str) -> tuple[int | None, str]:
    """Return the exit status that an event of a failure tells, where it does, and the text of its error.

    The same text as `brainops exec` keeps of it, so that it is one error whoever ran into it.
    """
    said = event.text("error")
    first, _, rest = said.partition("\n")
    code = first.removeprefix(_EXIT_CODE).strip()
    if not first.startswith(_EXIT_CODE) or not code.isdecimal():
        return None, said.strip() or f"{name} failed"
    return int(code), error_text(name, int(code), rest)


def error_text(name: str, code: int, output: str) -> str:
    """Return what a command that ended with a code said, or how it ended where it said nothing."""
    return output.strip() or f"{name} ended with exit status {code}"


def exit_codes(transcript: str, calls: list[str]) -> dict[str, int]:
    """Return how calls of a session ended, as its transcript says; those of which it says nothing are left out."""
    try:
        with open(transcript, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - MAX_TRANSCRIPT_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return {}
    found = {}
    for line in text.splitlines():
        if _EXITED not in line or "function_call_output" not in line:
            continue
        call = next((each for each in calls if f'"call_id":"{each}"' in line or f'"call_id": "{each}"' in line), None)
        digits = line.partition(_EXITED)[2][:4]
        code = "".join(each for each in digits if each.isdecimal())
        if call is not None and code:
            found[call] = int(code)
    return found
