"""Is this the error that was seen before? The identity of an error, as a value of the library. (pure)"""

from __future__ import annotations

from brainops.types import ErrorEvent, Fingerprint
from brainops_core.recognition import fingerprint as core


def fingerprint(error: ErrorEvent) -> Fingerprint:
    """Return the identity of an error: equal for other ids, times, addresses, services, hosts and line numbers.

    Type, words, error codes and in-app frames tell errors apart; when in doubt two errors differ.
    """
    digest, label = core.identity(error)
    return Fingerprint(version=core.VERSION, digest=digest, label=label)
