"""Is this the error that was seen before? One versioned identity for an error event. (pure)"""

from __future__ import annotations

from brainops_core.recognition.masks import mask, mask_path
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brainops_core.recognition.plain_errors import AnyError, AnyFrame

VERSION = 2
"""Raised whenever the digest of any event changes, so that the fixes bound to the old one can be moved."""

FRAMES = 5
"""How many distinct in-app frames count, from the innermost: enough to tell two faults in one function's callers,
few enough that another entry point to the same fault is the same error."""

DIGEST_CHARACTERS = 32
_LABEL_REACH = 300


def identity(error: AnyError) -> tuple[str, str]:
    """Return the identity of an error: its digest, and a readable label.

    Equal for other ids, times, addresses, services, hosts and line numbers; type, words, error codes and in-app frames
    tell errors apart, and when in doubt two errors differ. Which service said it, on which host or in which step, is of
    an occurrence: the same database that is away is one error everywhere.
    """
    kind, template, frames = _plain(error.type.strip()), mask(error.message), _identifying(error.frames)
    label = ": ".join(part for part in (kind, template) if part) or "error without a message"
    broke = f" in {frames[0]}"[:100] if frames else ""
    label = label[: _LABEL_REACH - len(broke)] + broke
    return _digest(kind, template, frames), label


def inner_digests(error: AnyError) -> tuple[str, ...]:
    """Return the digests of an error by all of its frames that count, by one less, and so on to the innermost alone."""
    kind, template, frames = _plain(error.type.strip()), mask(error.message), _identifying(error.frames)
    fewest = min(1, len(frames))
    return tuple(_digest(kind, template, frames[:number]) for number in range(len(frames), fewest - 1, -1))


def place(frames: Sequence[AnyFrame]) -> str | None:
    """Return where an error broke: the innermost frame of one's own code, as identities write it; None without any."""
    return next(iter(_identifying(frames)), None)


def _digest(kind: str, template: str, frames: list[str]) -> str:
    parts = [f"v{VERSION}", "", kind, template, *frames]  # the empty part is of version 2 as much as the rest
    text = "\x1e".join(part.replace("\x1e", " ") for part in parts)
    from brainops_core.sha2 import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARACTERS]


_LAMBDA = Regex(r"<(?:listcomp|genexpr|dictcomp|setcomp|lambda|anonymous)>|\(anonymous\)")
_GENERATED = Regex(r"0[xX][0-9a-f]+|::h[0-9a-f]{16}|\d+")
_HIDDEN = frozenset(("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>"))


_APPENDED = Regex(r"\$+\d+$|(?<=Proxy)\d+$", "$", "Proxy")


def _plain(name: str) -> str:
    """Return a type's name without what a runtime appends to it ($1, Proxy12); names of people's own making stay."""
    name = _APPENDED.sub("", name[:200])
    return "" if name in ("Error", "error", "Exception") else name  # a word before a message, as a level is


def _identifying(frames: Sequence[AnyFrame]) -> list[str]:
    """Return the frames that count, innermost first, each once, so that the depth of a recursion does not matter."""
    named = [frame for frame in frames if frame.function not in _HIDDEN]
    own = [frame for frame in named if frame.in_app] or named
    distinct = dict.fromkeys(f"{_module(frame.module)}:{_function(frame.function)}" for frame in reversed(own))
    return list(distinct)[:FRAMES]


_COUNTED = Regex(r"\$+\d+(?=\$|/|$)|\$\$Lambda.*")  # anonymous classes and coroutines, numbered as they stand
_EXTENSION = Regex(r"\.(?:pyc?|pyx|[cm]?[jt]sx?|java|kt|scala|go|rs|rb|php|cs|c|cc|cpp|exs?|erl)$")


def _module(module: str) -> str:
    """Return the last two parts of a file's path or a dotted module: the same for two checkouts of one program."""
    place = module[:1000].replace("\\", "/").removeprefix("file://").split("?", 1)[0]
    stem = _EXTENSION.sub("", place)
    parts = [part for part in stem.split("/" if "/" in place or stem != place else ".") if part]
    if parts and parts[-1] == "__init__":
        parts.pop()
    return mask_path(_COUNTED.sub("", "/".join(parts[-2:])))


_MADE_NAME = Regex(r"\$|::h|0x|\.func\d|Accessor\d|Proxy\d")


def _function(function: str) -> str:
    name = _LAMBDA.sub("lambda", function[:300].partition("(0x")[0])
    return _GENERATED.sub("", name) if _MADE_NAME.search(name) else name


_CLIENT_TYPES = frozenset(
    "BadRequest BadRequestError BadRequestException Unauthorized UnauthorizedError Forbidden ForbiddenError "
    "PermissionDenied NotAuthenticated AuthenticationFailed NotFound NotFoundError NotFoundException Http404 "
    "MethodNotAllowed NotAcceptable Conflict Gone UnprocessableEntity TooManyRequests Throttled "
    "RequestEntityTooLarge UnsupportedMediaType PayloadTooLarge ValidationError ValidationException "
    "RequestValidationError ConstraintViolationException ParseError SuspiciousOperation "
    "MethodArgumentNotValidException HttpMessageNotReadableException MultiValueDictKeyError InvalidInput "
    "CancelledError CanceledError OperationCanceledException TaskCanceledException CancellationException "
    "AbortError KeyboardInterrupt GeneratorExit ClientDisconnect ClientDisconnected ClientAbortException "
    "EofException UnreadablePostError RequestDataTooBig DisconnectedClientError".split()
)
_BROKEN_PIPES = frozenset("BrokenPipeError ConnectionResetError ConnectionAbortedError".split())
_SERVER_FRAMES = Regex(
    r"(?:^|[/\\.])(?:uvicorn|hypercorn|gunicorn|starlette|wsgiref|socketserver|http[/\\.]server|werkzeug|waitress|"
    r"daphne|aiohttp[/\\.]web\w*|tornado[/\\.]http1connection|cheroot|flask|django[/\\.]core[/\\.](?:handlers|servers))(?:[/\\.]|$)"
)
_CLIENT_MESSAGE = Regex(
    r"(?i)client (?:has )?(?:disconnected|closed (?:the )?(?:connection|request))|context cancell?ed|rst_stream|"
    r"(?:request|operation) (?:was )?(?:aborted|cancell?ed)|stream (?:closed|reset) by (?:the )?(?:client|peer)"
)
_HTTP_EXCEPTION = Regex(r"HTTPException|HttpException|HTTPError|ResponseStatusException")
_LEADING_STATUS = Regex(r"(?:HTTP )?(4\d\d)(?!\d)")


def is_client_error(error: AnyError, status: int | None = None) -> bool:
    """Say whether an error is the caller's, not the service's: 4xx, failed validation, a cancellation, a disconnect.

    `status` is what the service answered; it decides where it is known. A 4xx from somebody whom the service called
    is an error of the service, so a status in the message counts only if the exception is the service's own answer.
    """
    if status is not None and status >= 400:
        return status < 500
    name = error.type.rpartition(".")[2].rpartition(":")[2]
    if name in _CLIENT_TYPES or _CLIENT_MESSAGE.search(error.message[:1000]):
        return True
    if name in _BROKEN_PIPES:
        return any(_SERVER_FRAMES.search(frame.module) for frame in error.frames)
    answered = _HTTP_EXCEPTION.search(name) and not name.endswith("HTTPError")
    return bool(answered and _LEADING_STATUS.match(error.message))
