"""How does an error leave over HTTP? As a problem of RFC 9457, with the way out, and never with a secret."""

from __future__ import annotations

import inspect

from msgspec import UNSET, Struct, UnsetType

from brainops import errors
from brainops.errors import BrainOpsError
from brainops.types import Decision

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2

STATUS: dict[type[BrainOpsError], int] = {
    errors.InvalidInput: 422,
    errors.MissingExtra: 501,
    errors.NotConfigured: 501,
    errors.CursorExpired: 410,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.NamespaceDenied: 403,
    errors.OperationBlocked: 403,
    errors.ApprovalUnproven: 403,
    errors.StepFailed: 422,
    errors.BudgetSpent: 429,
    errors.StoreUnavailable: 503,
    errors.OutcomeUnknown: 503,
    errors.StoreFull: 507,
    errors.StoreError: 500,
    errors.EmbedderUnavailable: 503,
    errors.RecallLoop: 422,
    errors.ArchiveDamaged: 422,
    errors.OperationTimeout: 504,
    BrainOpsError: 500,
}
"""The status of each error of the tree; one that does not stand here has that of the nearest one above it."""


class Trouble(Exception):
    """What is wrong with a request itself, before any verb is asked."""

    def __init__(self, status: int, name: str, detail: str, way_out: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.way_out = way_out
        self.headers = headers


class ProblemDetails(Struct, frozen=True, kw_only=True):
    """What went wrong: `type` is the error's name, `way_out` what to do; `request_id` stands in the server's log."""

    type: str
    title: str
    status: int
    detail: str
    way_out: str
    request_id: str
    decision: Decision | UnsetType = UNSET
    idempotency_keys: tuple[str, ...] | UnsetType = UNSET


def problem(error: Exception, request_id: str) -> tuple[ProblemDetails, dict[str, str]]:
    """Return an error as a problem, and the headers that go with it; what nobody expected says nothing of itself."""
    match error:
        case Trouble():
            found = ProblemDetails(
                type=error.name,
                title=error.name,
                status=error.status,
                detail=str(error),
                way_out=error.way_out,
                request_id=request_id,
            )
            return found, {name.replace("_", "-"): value for name, value in error.headers.items()}
        case BrainOpsError():
            status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
            title, _, rest = " ".join((inspect.getdoc(type(error)) or "").split()).partition(". ")
            found = ProblemDetails(
                type=type(error).__name__,
                title=title.rstrip("."),
                status=status,
                detail=str(error),
                way_out=getattr(error, "WAY_OUT", rest or str(error)),
                request_id=request_id,
                decision=getattr(error, "decision", UNSET) or UNSET,
                idempotency_keys=getattr(error, "idempotency_keys", UNSET),
            )
            return found, {"retry-after": str(RETRY_SECONDS)} if status == 503 else {}
        case _:
            found = ProblemDetails(
                type="Unexpected",
                title="The server met something that it did not expect",
                status=500,
                detail="nothing more is said of it here, since it may hold what is not yours",
                way_out=f"look for {request_id} in the server's log",
                request_id=request_id,
            )
            return found, {}
