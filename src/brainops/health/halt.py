"""How is what happens by itself stopped on this machine when the database does not answer? By a file."""

from __future__ import annotations

import os
from pathlib import Path

from brainops.config import data_folder
from brainops.procedures.consent.automatic import STOP_FILE, automatic_stopped, put_stop_file, remove_stop_file


def stop_everywhere(reason: str) -> Path:
    """Stop fixes, self-changes and triggers for every namespace of this data folder; return the file that says so."""
    folder = data_folder(os.environ)
    put_stop_file(folder, " ".join(reason.split()) or "stopped")
    return folder / STOP_FILE


def resume_everywhere() -> bool:
    """Remove that file; return False where there is none."""
    return remove_stop_file(data_folder(os.environ))


def stopped_everywhere() -> str | None:
    """Return why nothing happens by itself on this machine, by file or environment variable; None where it may."""
    return automatic_stopped(os.environ)
