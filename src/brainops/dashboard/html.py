"""How does a page become HTML? By its template, in which everything that is stored is escaped and only shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from markupsafe import escape

from brainops.dashboard import drawings, words
from brainops.dashboard.assets import assets
from brainops.errors import NotFound
from brainops.types.counted import counted
from brainops.wire import to_json

# Nothing of elsewhere, nothing inline, and no code that is made of text. A style in an attribute does not count either.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"content-security-policy": POLICY, "cache-control": "no-store"}


@cache
def environment() -> Environment:
    """Return what templates are made with."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "ago": words.ago,
        "span": words.span,
        "share": words.share,
        "lines": words.lines,
        "counted": counted,
        "verdict": words.verdict,
        "spark": drawings.spark,
        "interval": drawings.interval,
        "calibration": drawings.calibration,
        "in_a_line": words.in_a_line,
        "json": lambda value: to_json(value).decode(),
        "data": lambda value: escape(json.dumps(_shown(json.loads(to_json(value))))),  # for a script: whole
        "pretty": lambda value: value if isinstance(value, str) else json.dumps(json.loads(to_json(value)), indent=2),
    }
    made.globals |= {"asset": lambda name: assets()[name].address, "marks": words.MARKS}
    made.globals["ui"] = made.get_template("ui.html").module
    return made


def _shown(value: Any) -> Any:
    """Return a value of JSON whose texts only show, as all on a page do: a chart writes them too."""
    match value:
        case dict():
            return {name: _shown(each) for name, each in value.items()}
        case list():
            return [_shown(each) for each in value]
        case _:
            return words.shown(value)


def rendered(template: str, values: Mapping[str, Any], part: str = "") -> str:
    """Return a page, or one block of it by its name, its own or of what is around every page. Raises NotFound."""
    found = environment().get_template(template)
    if not part:
        return found.render(values)
    block = found.blocks.get(part) or environment().get_template("base.html").blocks.get(part)
    if block is None:
        raise NotFound(f"this page has no part {part[:60]!r}; load the page again")
    return "".join(block(found.new_context(dict(values))))


def html(text: str, status: int = 200, **headers: str) -> Response[str]:
    """Return HTML as it goes to a browser."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(text, status_code=status, headers={**HEADERS, **named}, media_type=MediaType.HTML)
