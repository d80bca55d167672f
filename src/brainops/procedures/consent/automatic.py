"""May anything happen by itself here, or did somebody stop it?

Three switches, any of which stops it: the environment variable BRAINOPS_STOP_AUTOMATIC and a file `stop-automatic` in
the data folder, which work with the database down, and the namespace's own setting. Capture goes on in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from brainops.config import data_folder

if TYPE_CHECKING:
    from brainops.store import Store

STOP_VARIABLE = "BRAINOPS_STOP_AUTOMATIC"
STOP_FILE = "stop-automatic"
STOP_SETTING = "automatic_stopped"
OFF = frozenset(("", "0", "no", "off", "false"))
MAX_REASON_BYTES = 500  # of the file that are read: it says why, and nothing else


def automatic_stopped(environment: Mapping[str, str], folder: Path | None = None) -> str | None:
    """Return why nothing may happen by itself, going by the environment and the data folder; None where it may.

    Asked anew each time: one look at a file, so that a stop holds at once.
    """
    if (value := environment.get(STOP_VARIABLE, "").strip()).lower() not in OFF:
        return f"{STOP_VARIABLE} is set to {value[:80]!r}"
    path = (folder or data_folder(environment)) / STOP_FILE
    try:
        with path.open("rb") as file:
            said = file.read(MAX_REASON_BYTES).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:  # it is there and cannot be read: whoever put it there wanted it to stop
        return None if isinstance(error, NotADirectoryError) else f"{path} cannot be read: {error.strerror or error}"
    return said or f"the file {path} is there"


def stopped_here(store: Store, environment: Mapping[str, str], folder: Path | None = None) -> str | None:
    """Return why nothing may happen by itself in the written namespace, its own setting included; None where it may.

    Raises StoreError where the setting cannot be read: what acts by itself then waits.
    """
    outside = automatic_stopped(environment, folder)
    if outside is not None:
        return outside
    with store.read() as tx:
        return tx.rules.own(STOP_SETTING) or None


def put_stop_file(folder: Path, reason: str) -> None:
    """Write the file that stops what happens by itself for every namespace of this data folder."""
    from brainops.store.files import ORDINARY, new_file

    folder.mkdir(parents=True, exist_ok=True)
    with new_file(folder / STOP_FILE, force=True, mode=ORDINARY) as unfinished:
        unfinished.write_text(reason + "\n", encoding="utf-8")


def remove_stop_file(folder: Path) -> bool:
    """Remove that file; return False where there is none."""
    try:
        (folder / STOP_FILE).unlink()
    except FileNotFoundError:
        return False
    return True
