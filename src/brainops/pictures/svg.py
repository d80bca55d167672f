"""How is a picture written as SVG, so that whatever is stored in it only shows? (pure)"""

from __future__ import annotations

import unicodedata
from html import escape

RULES = """\
.picture text { fill: var(--ink); font: 12px system-ui, "DejaVu Sans", sans-serif; }
.picture .quiet { fill: var(--quiet); font-size: 11px; }
.picture .end { text-anchor: end; }
.picture .middle { text-anchor: middle; }
.picture .box { fill: var(--raised); stroke: var(--line); }
.picture .edge, .picture .axis, .picture .equal { fill: none; stroke: var(--quiet); }
.picture .equal { stroke-dasharray: 4 4; }
.picture .grid { stroke: var(--line); }
.picture .bound { stroke: var(--ink); stroke-width: 2; opacity: 0.6; }
.picture .range { fill: var(--accent); opacity: 0.2; }
.picture .curve { fill: none; stroke: var(--accent); stroke-width: 2; }
.picture .arrow { fill: var(--quiet); }
.picture .value, .picture .running { fill: var(--accent); }
.picture .before, .picture .skipped, .picture .cancelled { fill: var(--quiet); opacity: 0.6; }
.picture .passed, .picture .succeeded { fill: var(--good); }
.picture .failed { fill: var(--bad); }
.picture .waiting, .picture .compensated { fill: var(--warn); }
"""
"""By which the shapes are drawn where --ink, --quiet, --line, --raised, --accent, --good, --warn and --bad are said."""

LIGHT = (
    "--ground: #fbfbfa; --raised: #fff; --ink: #1a2124; --quiet: #566166; --line: #d9dedf; --accent: #0b6e69; "
    "--bad: #b3261e; --warn: #8a5200; --good: #1c6b3a"
)
DARK = (
    "--ground: #14181a; --raised: #1c2225; --ink: #e4e9ea; --quiet: #9eabb0; --line: #333c40; --accent: #5cc7bf; "
    "--bad: #ff9a90; --warn: #f0b45a; --good: #7fd29b"
)
THEME = f":root {{ color-scheme: light dark; {LIGHT} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}\n"


class Picture(str):
    """A picture as SVG, which templates take as it is: what is stored in it was escaped when it was drawn."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def shown(text: str) -> str:
    """Return a text as XML that only shows."""
    return escape(_plain(text))


def cut(text: str, most: int) -> str:
    """Return a text that has room, cut short where it is longer."""
    line = _plain(text)
    return line if len(line) <= most else line[: most - 1] + "…"


def _plain(text: str) -> str:
    """Return a text on one line; what turns or hides writing stands as its code."""
    return "".join(f"<U+{ord(each):04X}>" if _hides(each) else each for each in " ".join(text.split()))


def _hides(each: str) -> bool:
    return (unicodedata.category(each) in _UNSEEN and each not in _JOINERS) or each in _NO_XML


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_NO_XML = "\ufffe\uffff"
_JOINERS = "\u200c\u200d"  # they only shape letters and emoji


def tag(name: str, *inside: str, **said: str | float) -> Picture:
    """Return an element; what is inside is markup already. `class_` is its class, view_box is written viewBox."""
    attributes = "".join(f' {_attribute(key)}="{_value(value)}"' for key, value in said.items() if value != "")
    return Picture(f"<{name}{attributes}>{''.join(inside)}</{name}>" if inside else f"<{name}{attributes}/>")


def words(x: float, y: float, text: str, class_: str = "", whole: str = "") -> Picture:
    """Return a text at a place; `whole` is what a pointer on it says."""
    told = (tag("title", shown(whole)),) if whole else ()
    return tag("text", *told, shown(text), x=x, y=y, class_=class_)


def picture(title: str, told: str, width: float, height: float, *inside: str, class_: str = "picture") -> Picture:
    """Return a whole picture: its name, and what it tells to who does not see it."""
    return tag(
        "svg",
        tag("title", shown(title)),
        tag("desc", shown(told)),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        class_=class_,
        role="img",
        view_box=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
    )


def standalone(drawn: Picture) -> str:
    """Return a picture as a file of its own, light or dark as who looks at it has it."""
    head, mark, rest = drawn.partition("<title>")
    ground = "svg { background: var(--ground); }\n"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}<style>\n{THEME}{ground}{RULES}</style>{mark}{rest}\n'


def _attribute(key: str) -> str:
    return "viewBox" if key == "view_box" else key.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
