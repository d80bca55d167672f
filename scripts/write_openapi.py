"""Write the OpenAPI document of the API anew, from the verbs' signatures."""

from __future__ import annotations

import json

from brainops import __version__
from brainops.remote.verbs import verbs
from brainops.server.openapi import DOCUMENT, document


def main() -> None:
    told = document(verbs().values(), __version__)
    DOCUMENT.write_text(json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
