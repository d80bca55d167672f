"""How do the teams' days look, drawn one curve a team?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

WIDTH, HEIGHT, MARGIN, GAP = 420, 180, 44, 34
COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e6bb5", "#d08a1d", "#5f6b76", "#b8577f", "#3aa6a6", "#7a5230", "#9aa63a")

Curves = Mapping[str, Mapping[str, Sequence[float]]]
"""What is drawn -> team -> one value a day."""


def drawing(curves: Curves) -> str:
    """Return one diagram below the other as SVG: days to the right, each team in its colour."""
    teams = list(dict.fromkeys(team for each in curves.values() for team in each))
    colour = dict(zip(teams, cycle(COLOURS), strict=False))
    height = MARGIN + (HEIGHT + GAP) * len(curves) + 18 * len(teams)
    parts = [
        diagram(name, each, colour, MARGIN + (HEIGHT + GAP) * place)
        for place, (name, each) in enumerate(curves.items())
    ]
    below = MARGIN + (HEIGHT + GAP) * len(curves)
    parts += [
        f'<rect x="{MARGIN}" y="{below + 18 * place - 9}" width="18" height="3" fill="{colour[team]}"/>'
        f'<text x="{MARGIN + 26}" y="{below + 18 * place - 3}">{team}</text>'
        for place, team in enumerate(teams)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 2 * MARGIN} {height}" font-family="sans-serif" '
        f'font-size="11" role="img" aria-label="Figures of simulated teams by day">\n'
        f'<rect width="{WIDTH + 2 * MARGIN}" height="{height}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def diagram(name: str, curves: Mapping[str, Sequence[float]], colour: Mapping[str, str], top: int) -> str:
    """Return one diagram whose upper edge is at `top`."""
    most = max((value for values in curves.values() for value in values), default=0.0) or 1.0
    days = max(map(len, curves.values()))
    lines = [
        f'<text x="{MARGIN}" y="{top - 6}" font-weight="bold">{name}</text>',
        f'<path d="M{MARGIN} {top}V{top + HEIGHT}H{MARGIN + WIDTH}" fill="none" stroke="#999"/>',
        f'<text x="{MARGIN - 4}" y="{top + 10}" text-anchor="end">{most:.3g}</text>',
        f'<text x="{MARGIN - 4}" y="{top + HEIGHT}" text-anchor="end">0</text>',
        f'<text x="{MARGIN + WIDTH}" y="{top + HEIGHT + 14}" text-anchor="end">day {days}</text>',
    ]
    for team, values in curves.items():
        points = " ".join(
            f"{MARGIN + WIDTH * day / max(1, days - 1):.1f},{top + HEIGHT * (1 - value / most):.1f}"
            for day, value in enumerate(values)
        )
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour[team]}" stroke-width="1.6"/>')
    return "\n".join(lines)
