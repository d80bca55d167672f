"""What is an error that a text tells of, as a plain value? (pure)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class AnyFrame(Protocol):
        """A stack frame, of this package or of its callers."""

        @property
        def module(self) -> str: ...
        @property
        def function(self) -> str: ...
        @property
        def in_app(self) -> bool: ...

    class AnyError(Protocol):
        """An error, of this package or of its callers."""

        @property
        def type(self) -> str: ...
        @property
        def message(self) -> str: ...
        @property
        def frames(self) -> Sequence[AnyFrame]: ...
        @property
        def service(self) -> str | None: ...


class PlainFrame:
    """One stack frame without its line number."""

    __slots__ = ("function", "in_app", "module")

    def __init__(self, *, module: str, function: str, in_app: bool = True) -> None:
        self.module = module
        self.function = function
        self.in_app = in_app


class PlainError:
    """An error as a text tells it: its type, message and frames (innermost last), and which service said so."""

    __slots__ = ("frames", "message", "service", "type")

    def __init__(
        self, *, type: str = "", message: str = "", frames: Sequence[AnyFrame] = (), service: str | None = None
    ) -> None:
        self.type = type
        self.message = message
        self.frames = tuple(frames)
        self.service = service
