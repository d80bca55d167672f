"""Put the JavaScript client where the server hands it out: it is one file of ESM, and needs no bundler."""

from __future__ import annotations

from pathlib import Path

SOURCE = Path(__file__).parent.parent / "clients" / "js" / "src" / "index.js"
SERVED = Path(__file__).parent.parent / "src" / "brainops" / "dashboard" / "static" / "brainops.js"


def main() -> None:
    SERVED.write_bytes(SOURCE.read_bytes())


if __name__ == "__main__":
    main()
