"""What can go wrong, and what is the way out of each?

BrainOpsError
├── InvalidInput              a value that was handed in is not usable
│   ├── InvalidConfiguration  a setting is
│   ├── InvalidProcedure      a procedure's text is, with file and line
│   ├── ConditionFailed       a condition has no value over what is known: nothing passes
│   ├── MissingExtra          it takes an optional part that is not installed
│   ├── NotConfigured         it takes something that nobody has named: a language model, its price
│   └── CursorExpired         what comes after a cursor is not kept any more, or is another history
├── NotFound                  nothing of that id in the readable namespaces
├── Conflict                  somebody else changed it first, or it stands in the way
│   └── LeaseLost             a run has a new owner; what the old one did last was not committed
├── NamespaceDenied           a namespace that this reader or writer may not touch
├── OperationBlocked          a rule does not let it pass
│   └── ApprovalRequired      a person must agree first
├── ApprovalUnproven          who approves did not prove to be that person
├── StepFailed                a step of a run did not do its work
├── BudgetSpent               what language models may take today is taken, or nothing was set
├── StoreError
│   ├── StoreUnavailable      cannot be opened, reached or locked in time
│   │   └── StoreReplaced     the file was removed, moved or replaced while it was open
│   ├── OutcomeUnknown        the answer to a commit was lost: it was written, or it was not
│   ├── StoreReadOnly         can be read but not written
│   ├── StoreFull             no room on the disk
│   ├── StoreCorrupt          the file is damaged or is not a BrainOps store
│   ├── SchemaTooNew          written by a newer program than this one
│   └── SchemaTooOld          written before the first release
├── EmbedderUnavailable       the model cannot be loaded or reached
├── RecallLoop                text that BrainOps itself had handed out
├── ArchiveDamaged            an export, backup or segment does not verify
└── OperationTimeout          memory did not answer within the time given (strict only)
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Problem(Struct, frozen=True, kw_only=True):
    """Something wrong, or doubtful, in a procedure's file: where, what, and the way out."""

    path: str
    line: int
    message: str
    way_out: str = ""
    severity: Literal["error", "warning"] = "error"


class BrainOpsError(Exception):
    """Something in BrainOps went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class InvalidInput(BrainOpsError):
    """A value is not usable as it is; the message says which, why, and what would be."""


class InvalidConfiguration(InvalidInput):
    """A setting is not usable; the message names it and the values it takes."""


class InvalidProcedure(InvalidInput):
    """A procedure is not usable as it is; each problem names file, line and the way out."""

    def __init__(self, message: str = "", problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class ConditionFailed(InvalidInput):
    """A condition could not be evaluated, so it does not hold; the message names what is missing or of another type."""


class MissingExtra(InvalidInput):
    """It takes an optional part that is not installed; the message names the command that installs it."""


class NotConfigured(InvalidInput):
    """It takes something that nobody has named yet; the message names the setting."""


class CursorExpired(InvalidInput):
    """What came after that cursor is kept no longer, or a backup took its place; read anew, and go on from there."""


class NotFound(BrainOpsError):
    """There is nothing of that id in the namespaces that you read."""


class Conflict(BrainOpsError):
    """It was changed in the meantime, or is not in a state that allows this; read it again and decide anew."""


class LeaseLost(Conflict):
    """The run has a new owner since; nothing of this step was committed here. The new owner goes on with it."""


class NamespaceDenied(BrainOpsError):
    """That namespace is not among those that this memory was opened with; open it with `namespace=` or `read=`."""


class OperationBlocked(BrainOpsError):
    """A rule does not let the operation pass; the message says which, why, and the one call that clears it."""


class ApprovalRequired(OperationBlocked):
    """A person must agree first; the message names the call that asks."""


class ApprovalUnproven(BrainOpsError):
    """An approval needs a person who proves to be one, other than the requester; the message names the proofs."""


class StepFailed(BrainOpsError):
    """A step of a run did not do its work; the message says why, without secrets."""

    def __init__(
        self,
        message: str = "",
        *,
        kind: str = "",
        event: object = None,
        known: bool = False,
        retryable: bool = True,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind  # of what BrainOps itself says: "exit status 3", "HTTP 503", "TimeoutError"
        self.event = event  # the ErrorEvent of what went wrong, where something else than BrainOps said so
        self.known = known  # whether that is a memory already, since a part of the step ended in it
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds  # what the other side asked for; the wait is at least that


class BudgetSpent(BrainOpsError):
    """What language models may take today is taken, or none is set; a person sets it: brainops language budget."""


class StoreError(BrainOpsError):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError):
    """The store cannot be opened, reached or locked in time."""


class StoreReplaced(StoreUnavailable):
    """The store's file was removed, moved or replaced while it was open; nothing was written. Put it back."""


class OutcomeUnknown(StoreError):
    """The answer to a commit was lost: it was written, or it was not. Repeat the call under the same idempotency key.

    The keys are those of what was to be written, in order: as they were given, and made here where none was. A call
    that takes no key has none: look whether it was done before you repeat it.
    """

    WAY_OUT = "Repeat the call under the same idempotency key: what was written before is not written twice."

    def __init__(self, message: str = "", *, idempotency_keys: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.idempotency_keys = idempotency_keys

    @property
    def idempotency_key(self) -> str | None:
        """The first of the keys, which is the only one where one thing was to be written."""
        return self.idempotency_keys[0] if self.idempotency_keys else None


class StoreReadOnly(StoreError):
    """The store can be read but not written: check the permissions of the file and of its folder."""


class StoreFull(StoreError):
    """There is no room on the disk. Nothing that was acknowledged is lost; free some space and repeat the call."""


class StoreCorrupt(StoreError):
    """The file is damaged or is not a BrainOps store. Restore a backup: `brainops restore --from BACKUP`."""


class SchemaTooNew(StoreError):
    """The store was written by a newer BrainOps than this one; upgrade the program: `pip install -U brainops`."""


class SchemaTooOld(StoreError):
    """The store was written before the first release, and no migration starts from its schema.

    Export it with the program that wrote it, `brainops export FILE`, and import that here: `brainops import FILE`.
    """


class EmbedderUnavailable(BrainOpsError):
    """The embedding model cannot be used. Search works by words alone until it is installed or configured."""


class RecallLoop(BrainOpsError):
    """The text is what BrainOps itself handed out; capturing it would feed memory with its own echo."""


class ArchiveDamaged(BrainOpsError):
    """The export, backup or segment does not verify; nothing was taken from it."""


class OperationTimeout(BrainOpsError):
    """Memory did not answer within the time given; the operation was not begun because `strict` is set."""
