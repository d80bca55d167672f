"""How well does the template miner group the log lines of Loghub-2k? An adapter for a `feed(line) -> key` loader.

Run: `PYTHONPATH=bench/patterns:src python LOADER DATA --half dev --parser loghub_miner:Miner`.
"""

from __future__ import annotations

from brainops.learning.signals.log_templates import Template, TemplateMiner


class Miner:
    """The group of a line is the template that it belongs to when the stream has ended."""

    def __init__(self) -> None:
        self._miner = TemplateMiner()
        self._lines: list[Template] = []

    def feed(self, line: str) -> str:
        """Return the template of the line as it is known now."""
        self._lines.append(self._miner.feed(line))
        return self._lines[-1].id

    def final(self) -> list[str]:
        """Return the template of each line as it was known in the end."""
        return [template.current.text for template in self._lines]
