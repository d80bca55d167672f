"""What of a document looks like a secret, and who is asked for it? (pure)"""

from __future__ import annotations

from brainops.errors import Problem
from brainops.memory.redaction.redact import redact
from brainops.procedures.definition.findings import invalid
from brainops.procedures.definition.sources import DECLARE, LOOKS_SECRET, SECRETS_ONLY, looks_secret
from brainops.procedures.english.runbook import front_matter
from brainops.procedures.english.units import Note


def without_secrets(text: str, path: str) -> tuple[str, tuple[Note, ...]]:
    """Return a document with placeholders for what looks like a secret, and a note that asks for each by its line.

    A procedure's own file (with `steps`) has a way to name a secret, so it is refused, with the lines of the file.
    Raises InvalidProcedure.
    """
    kept = redact(text, SECRETS_ONLY).text
    if kept == text:
        return text, ()
    lines = [number for number, line in enumerate(text.split("\n"), 1) if looks_secret(line)]
    if "steps" in front_matter(text)[0]:
        if lines:
            raise invalid(tuple(Problem(path=path, line=line, message=LOOKS_SECRET, way_out=DECLARE) for line in lines))
        return text, ()  # what was found are references, or what `save` looks at once more
    why = f"{LOOKS_SECRET}, so a placeholder stands there: {DECLARE}"
    return kept, tuple(Note(line=line, text="", why=why) for line in lines or [1])
