"""Write the OpenAPI document of the API anew, from the verbs' signatures, and the JavaScript client's types from it."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

from brainops import __version__
from brainops.remote.verbs import verbs
from brainops.server.openapi import DOCUMENT, document


def main() -> None:
    told = document(verbs().values(), __version__)
    DOCUMENT.write_text(json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    runpy.run_path(str(Path(__file__).with_name("write_js_types.py")), run_name="__main__")


if __name__ == "__main__":
    main()
