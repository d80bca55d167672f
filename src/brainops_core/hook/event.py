"""What happened, whichever client tells it? (pure)"""

from __future__ import annotations

from brainops_core.commands.classes import CHANGE, DESTROY, READ
from brainops_core.commands.command_name import parts_of
from brainops_core.guard.values import PlainActor, PlainStart
from brainops_core.hook import clients
from brainops_core.json_text import from_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brainops_core.hook.clients import Client
    from brainops_core.pack import Pack

MAX_COMMAND_CHARACTERS = 2_000  # of a command line that are kept
MAX_READ_CHARACTERS = 16_384  # of a command line that is read; to read a longer one takes the time of the answer
MAX_ERROR_CHARACTERS = 16_384  # of a failure in which its error is looked for: what ended a program stands near its end
MAX_VALUE_CHARACTERS = 300
MAX_VALUES = 20
_PATHS = ("file_path", "notebook_path", "path", "url")
_OWN = frozenset(
    "Task Agent TodoWrite TodoRead TaskCreate TaskUpdate TaskGet TaskList TaskOutput TaskStop AskUserQuestion Skill"
    " EnterPlanMode ExitPlanMode ToolSearch BashOutput KillShell SendMessage update_plan view_image write_stdin"
    " request_user_input wait spawn_agent".split()
)
"""Tools of clients that touch nothing but the client itself; what a sub-agent does comes as events of its own."""


class ClientEvent:
    """One event of a client, read as far as anybody asks."""

    __slots__ = ("client", "given", "kind", "name")

    def __init__(self, client: Client, given: Mapping[str, Any]) -> None:
        self.client = client
        self.given = given
        self.name = self.text("hook_event_name")
        self.kind = client.events.get(self.name)

    def text(self, name: str) -> str:
        """Return a field that is text; "" where it is not there, or something else."""
        value = self.given.get(name)
        return value if isinstance(value, str) else ""

    @property
    def session(self) -> str:
        """The client's own id of the session."""
        return self.text("session_id")[:200]

    @property
    def input(self) -> Mapping[str, Any]:
        """What a tool was or is to be called with."""
        value = self.given.get("tool_input")
        return value if isinstance(value, dict) else {}

    @property
    def command(self) -> str | None:
        """The line of shell that a tool runs; None where it is no shell."""
        if self.text("tool_name") not in self.client.shells:
            return None
        said = self.input.get("command", self.input.get("cmd"))
        return " ".join(map(str, said)) if isinstance(said, list) else said if isinstance(said, str) else None

    @property
    def output(self) -> str:
        """What a tool answered, as text."""
        said = self.given.get("tool_response")
        if isinstance(said, dict):
            parts = [said.get(name) for name in ("stdout", "stderr", "output", "error")]
            return "\n".join(part for part in parts if isinstance(part, str) and part)
        return said if isinstance(said, str) else ""

    @property
    def values(self) -> Mapping[str, str]:
        """The texts that a tool is called with, whole."""
        if self.command is not None:
            return {"command": self.command}
        return {name: value for name, value in list(self.input.items())[:MAX_VALUES] if isinstance(value, str)}

    @property
    def actor(self) -> PlainActor:
        """Who acts: the agent of this client."""
        return PlainActor(kind="agent", id=self.client.name, proof="environment")

    def starts(self, pack: Pack | None) -> list[PlainStart]:
        """Return the operations that a call of a tool is: of a shell, each command that does more than read."""
        return [start for start, _ in self._calls(pack)]

    def ended(self, pack: Pack | None) -> tuple[PlainStart, bool]:
        """Return the operation that decides how a call ended, and whether it went well if the call did.

        Nobody knows that of what stands before a pipe, `||` or `;`, and of what goes on in the background.
        """
        calls = self._calls(pack)
        start, sure = next((call for call in reversed(calls) if call[1]), calls[-1])
        answer = self.given.get("tool_response")
        goes_on = self.input.get("run_in_background") or (isinstance(answer, dict) and answer.get("backgroundTaskId"))
        return start, sure and not goes_on

    def _calls(self, pack: Pack | None) -> list[tuple[PlainStart, bool]]:
        tool, command = self.text("tool_name")[:MAX_VALUE_CHARACTERS] or "tool", self.command
        if command is not None:
            context = {"command": command[:MAX_COMMAND_CHARACTERS]}
            if len(command) > MAX_READ_CHARACTERS:  # what nobody looked at counts as the worst that it can be
                return [(self._start("shell", None, context, DESTROY), False)]
            own = None if pack is None else pack.said
            return [(self._start(name, None, context, said), sure) for name, said, sure in parts_of(command, own)]
        target = next((self.input[name] for name in _PATHS if isinstance(self.input.get(name), str)), None)
        context = {name: value[:MAX_VALUE_CHARACTERS] for name, value in self.values.items()}
        start = self._start(tool, target, context, CHANGE)
        if tool in _OWN:
            start.action_class = READ
        elif pack is not None:
            start.action_class = pack.classify(start)
        else:
            from brainops_core.commands.action_class import classify

            start.action_class = classify(start)
        return [(start, True)]

    def _start(self, name: str, target: str | None, context: Mapping[str, str], action_class: str) -> PlainStart:
        return PlainStart(
            name=name,
            target=target,
            context=context,
            action_class=action_class,
            actor=self.actor,
            session_id=self.session or None,
        )


def event_of(client: str, data: bytes) -> ClientEvent | None:
    """Return the event that a client wrote; None where it is none of this client's, or no JSON."""
    known = clients.CLIENTS.get(client)
    if known is None:
        return None
    try:
        given = from_json(data.decode("utf-8", "replace").strip())
    except (ValueError, RecursionError):
        return None
    return ClientEvent(known, given) if isinstance(given, dict) else None
