"""May the person at the client answer, in its own dialog, what an agent asked approval for?

Where the namespace accepts the dialog of that client as proof (`brainops approver clients`), and the client can ask. In
the older revision it is asked while the call waits, in the newer one by a result that asks for input; else the question
stays in the queue. Not over HTTP: who shows an agent's key might be that agent, and answer for the person.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from mcp import types
from mcp.server.context import ServerRequestContext

from brainops.brain import Brain
from brainops.mcp.texts import asked
from brainops.types import Approval, ApprovalState, ClientProof
from brainops.wire import plain

ROUNDS = "2026-07-28"  # the revision from which on a server asks by its result, and no more by a request of its own
MOST_SHOWN = 2_000  # characters of what the person reads of an agent
ANSWER = "approval"  # as which the client's answer comes back
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"person": {"type": "string", "title": "Your name", "description": "Who approves.", "minLength": 1}},
    "required": ["person"],
}

Answered = types.CallToolResult | types.InputRequiredResult


async def agreed(
    context: ServerRequestContext[Any],
    call: types.CallToolRequestParams,
    waits: types.CallToolResult,
    view: Callable[[], Brain],
    limiter: CapacityLimiter,
) -> Answered:
    """Return what becomes of an approval that `waits`, once the person was asked; itself where nobody can be.

    Raises BrainOpsError where what the person said is not taken.
    """
    client, approval = _client_of(context), waits.structured_content or {}
    if approval.get("state") != ApprovalState.PENDING or not client:
        return waits
    if not await to_thread.run_sync(_accepts, view, client, limiter=limiter):
        return waits
    said = await _asked_person(context, call, approval)
    if isinstance(said, types.InputRequiredResult):
        return said
    person = (said.content or {}).get("person") if said is not None and said.action == "accept" else None
    if not isinstance(person, str) or not person.strip():
        return waits
    granted = await to_thread.run_sync(partial(_granted, view, client, person, approval["id"]), limiter=limiter)
    text = f"{granted.decided_by.id if granted.decided_by else person} approved it. " + "\n".join(asked(granted))
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], structured_content=plain(granted))


def _client_of(context: ServerRequestContext[Any]) -> str:
    """Return the name of a client that can ask its person by a form; "" for one that cannot, or says no name."""
    session = context.session
    able = session.client_capabilities.elicitation if session.client_capabilities is not None else None
    if able is None or session.client_params is None or (able.form is None and able.url is not None):
        return ""
    return session.client_params.client_info.name


async def _asked_person(
    context: ServerRequestContext[Any], call: types.CallToolRequestParams, approval: dict[str, Any]
) -> types.ElicitResult | types.InputRequiredResult | None:
    """Return what the person answered to a question that waits, or the result that has the client ask."""
    question, reason = _line(approval["question"]), _line(json.dumps(approval.get("reason") or "", ensure_ascii=False))
    message = f"{question}\nThe agent's reason: {reason}\nAccept to approve it, once."
    if context.session.protocol_version < ROUNDS:
        return await context.session.elicit_form(message, SCHEMA, context.request_id)
    if call.input_responses is None:
        asks = types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=SCHEMA))
        return types.InputRequiredResult(input_requests={ANSWER: asks})
    found = call.input_responses.get(ANSWER)
    return found if isinstance(found, types.ElicitResult) else None


def _line(said: str) -> str:
    """Return an agent's words on one line, in which nothing hides and nothing turns: the lines are ours."""
    shown = "".join(each if each.isprintable() else f"[U+{ord(each):04X}]" for each in said[:MOST_SHOWN])
    return shown if len(said) <= MOST_SHOWN else f"{shown} … and {len(said) - MOST_SHOWN:,} characters more"


def _accepts(view: Callable[[], Brain], client: str) -> bool:
    return client in view().approvals.approvers.clients()


def _granted(view: Callable[[], Brain], client: str, person: str, approval_id: str) -> Approval:
    brain = view()
    proof = ClientProof(client=client, person=person.strip(), session_id=brain.settings.session)
    return brain.approvals.grant(approval_id, proof=proof, reason="in the client's dialog")
