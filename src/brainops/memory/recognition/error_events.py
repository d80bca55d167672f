"""Which error does this text or exception speak of: its type, its message, the frames that it went through?"""

from __future__ import annotations

from brainops.types import ErrorEvent, Frame
from brainops_core.recognition import error_events
from brainops_core.recognition.error_events import MESSAGE_CHARACTERS
from brainops_core.recognition.plain_errors import PlainError
from brainops_core.recognition.stack_traces import with_cause
from brainops_core.recognition.trace_frames import in_app_python

EXCEPTION_FRAMES = 50
CHAIN = 10
"""How far the causes of an exception are followed."""


def parse_error(text: str) -> ErrorEvent:
    """Return the error event that a text tells of; where no form is recognised, the text is the message.

    Reads stack traces (Python, Java and .NET, JavaScript, Go, Rust), shell and command errors, log lines (plain,
    JSON, logfmt) and Prometheus alerts. The frames are those of the last exception; its root cause is kept in the
    message. Never raises.
    """
    return _event(error_events.parse_error(text))


def from_output(text: str, exit_code: int) -> ErrorEvent | None:
    """Return the error that a program's output tells of; None where it does not say what went wrong."""
    told = error_events.from_output(text, exit_code)
    return None if told is None else _event(told)


def _event(told: PlainError) -> ErrorEvent:
    frames = tuple(Frame(module=each.module, function=each.function, in_app=each.in_app) for each in told.frames)
    return ErrorEvent(type=told.type, message=told.message, frames=frames, service=told.service)


def from_exception(exception: BaseException, *, service: str | None = None) -> ErrorEvent:
    """Return the error event of an exception: its frames by file and function, no local variables, its root cause.

    A frame is in-app unless it lies in the standard library or in an installed package. Never raises, whatever the
    exception's own __str__ does.
    """
    kind, message = _described(exception)
    root = _root(exception)
    if root is not exception:
        message = with_cause(message, *_described(root))
    trace = exception.__traceback__
    frames: list[Frame] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if not frames or (frames[-1].module, frames[-1].function) != (code.co_filename, code.co_name):
            file = code.co_filename
            frames.append(Frame(module=file, function=code.co_name, in_app=in_app_python(file)))
        if len(frames) > 2 * EXCEPTION_FRAMES:
            del frames[:EXCEPTION_FRAMES]
        trace = trace.tb_next
    return ErrorEvent(
        type=kind,
        message=message[:MESSAGE_CHARACTERS],
        frames=tuple(frames[-EXCEPTION_FRAMES:]),
        service=service,
    )


def _described(exception: BaseException) -> tuple[str, str]:
    import traceback

    kind = type(exception)
    name = (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )
    text = "".join(traceback.format_exception_only(exception)).rstrip("\n")
    _, found, message = text.rpartition(f"{name}: ") if kind is SyntaxError else text.partition(f"{name}: ")
    return name, message if found else ""


def _root(exception: BaseException) -> BaseException:
    seen = {id(exception)}
    for _ in range(CHAIN):
        following = exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)
        if isinstance(exception, BaseExceptionGroup) and exception.exceptions:
            following = exception.exceptions[0]
        if following is None or id(following) in seen:
            break
        seen.add(id(following))
        exception = following
    return exception
