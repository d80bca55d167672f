"""How well do the masks of fingerprints group the log lines of Loghub-2k? Adapters for a `feed(line) -> key` loader.

Run from this folder: `PYTHONPATH=.:../../src python LOADER DATA --half dev --parser loghub_parser:Masks`.
"""

from __future__ import annotations

import re

from brainops_core.recognition.masks import mask

PATH = re.compile(r"(?<![\w/])(?:<tmp>|<lib>|~|\.{1,2})?/[\w.@+%~=/\-<>]{2,400}")
HOST = re.compile(r"(?<![\w/.])(?:[\w\-]{1,60}|<n>)(?:\.[a-z][a-z0-9\-]{1,40}){2,6}(?::(?:\d+|<n>|<port>))?(?!\w)")


class Masks:
    """The group of a line is its template; nothing is learned and the order of lines does not matter."""

    def feed(self, line: str) -> str:
        """Return the template that identifies the line."""
        return mask(line)


class Outlines:
    """The same with whole paths and host names taken out: what keeping them in the identity costs here."""

    def feed(self, line: str) -> str:
        """Return the template without paths and hosts."""
        return HOST.sub("<host>", PATH.sub("<path>", mask(line)))
