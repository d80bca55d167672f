"""How does real material become memory? Files parsed into drafts, kept in step with their source."""

from brainops.importers.items import Format, ImportAction, ImportReport, ImportTarget, Item, Leave, Planned, Take
from brainops.importers.sync import import_path

__all__ = ["Format", "ImportAction", "ImportReport", "ImportTarget", "Item", "Leave", "Planned", "Take", "import_path"]
