"""What can go wrong, and what is the way out of each?

BrainOpsError
├── InvalidInput              a value that was handed in is not usable
│   └── InvalidConfiguration  a setting is
├── NotFound                  nothing of that id in the readable namespaces
├── Conflict                  somebody else changed it first, or it stands in the way
├── NamespaceDenied           a namespace that this reader or writer may not touch
├── StoreError
│   ├── StoreUnavailable      cannot be opened, reached or locked in time
│   ├── StoreReadOnly         can be read but not written
│   ├── StoreFull             no room on the disk
│   ├── StoreCorrupt          the file is damaged or is not a BrainOps store
│   └── SchemaTooNew          written by a newer program than this one
├── EmbedderUnavailable       the model cannot be loaded or reached
├── WrongModel                vectors of another model than the one that is open
├── RecallLoop                text that BrainOps itself had handed out
├── ArchiveDamaged            an export, backup or segment does not verify
└── OperationTimeout          memory did not answer within the time given (strict only)
"""

from __future__ import annotations


class BrainOpsError(Exception):
    """Something in BrainOps went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class InvalidInput(BrainOpsError):
    """A value is not usable as it is; the message says which, why, and what would be."""


class InvalidConfiguration(InvalidInput):
    """A setting is not usable; the message names it and the values it takes."""


class NotFound(BrainOpsError):
    """There is nothing of that id in the namespaces that you read."""


class Conflict(BrainOpsError):
    """It was changed in the meantime, or is not in a state that allows this; read it again and decide anew."""


class NamespaceDenied(BrainOpsError):
    """That namespace is not among those that this memory was opened with; open it with `namespace=` or `read=`."""


class StoreError(BrainOpsError):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError):
    """The store cannot be opened, reached or locked in time."""


class StoreReadOnly(StoreError):
    """The store can be read but not written: check the permissions of the file and of its folder."""


class StoreFull(StoreError):
    """There is no room on the disk. Nothing that was acknowledged is lost; free some space and repeat the call."""


class StoreCorrupt(StoreError):
    """The file is damaged or is not a BrainOps store. Restore a backup: `brainops restore --from BACKUP`."""


class SchemaTooNew(StoreError):
    """The store was written by a newer BrainOps than this one; upgrade the program: `pip install -U brainops`."""


class EmbedderUnavailable(BrainOpsError):
    """The embedding model cannot be used. Search works by words alone until it is installed or configured."""


class WrongModel(BrainOpsError):
    """The vectors belong to another model than the one that is open; run `brainops reembed`."""


class RecallLoop(BrainOpsError):
    """The text is what BrainOps itself handed out; capturing it would feed memory with its own echo."""


class ArchiveDamaged(BrainOpsError):
    """The export, backup or segment does not verify; nothing was taken from it."""


class OperationTimeout(BrainOpsError):
    """Memory did not answer within the time given; the operation was not begun because `strict` is set."""
