"""The product's reading of plain English behind the contract of the development script: its public interface alone."""

from __future__ import annotations

from brainops.procedures.english.draft import read


class Product:
    """What `Catalog.from_text` reads a text into: its nodes by name, and the ways between them."""

    def parse(self, text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
        flow = read(text).flow
        return {node.id: node.name for node in flow.nodes}, [(edge.source, edge.target) for edge in flow.edges]
