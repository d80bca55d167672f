"""Are the six founding procedures there, as this program brings them?"""

from __future__ import annotations

from importlib.resources import files

from brainops.errors import ApprovalRequired, NotFound
from brainops.procedures.catalog import Catalog
from brainops.types import ProcedureState, ProcedureVersion

REASON = "founding procedure"


def sources() -> dict[str, str]:
    """Return the text of each founding procedure by its name."""
    folder = files("brainops.founding").joinpath("procedures")
    return {
        file.name.removesuffix(".md"): file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir(), key=lambda each: each.name)
        if file.name.endswith(".md")
    }


def establish(catalog: Catalog) -> list[ProcedureVersion]:
    """Let the founding procedures hold, as often as one likes; one that somebody replaced by his own is left alone."""
    return [_established(catalog, name, source) for name, source in sources().items()]


def _established(catalog: Catalog, name: str, source: str) -> ProcedureVersion:
    try:
        known = catalog.get(name)
    except NotFound:
        known = None
    if known is not None and known.reason != REASON:
        return known
    saved = catalog.save(source, reason=REASON)
    if saved.state is ProcedureState.ACTIVE:
        return saved
    try:
        return catalog.activate(name, number=saved.number, reason=REASON)
    except ApprovalRequired:  # an agent sets up: what is strict stays a draft until a person activates it
        return saved
