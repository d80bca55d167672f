"""Write the OpenAPI document of the API anew, from the verbs' signatures."""

from __future__ import annotations

import json

from brainops import Brain, __version__
from brainops.server.openapi import DOCUMENT, document
from brainops.server.verbs import verbs


def main() -> None:
    with Brain.open(":memory:", namespace="openapi", read=[], model="none", background=False) as brain:
        told = document(verbs(brain).values(), __version__)
    DOCUMENT.write_text(json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
