"""Charts as SVG, without a library: lines over a logarithmic or linear axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 560, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 40, 50
_COLOURS = ("#2563eb", "#dc2626", "#059669", "#7c3aed")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a name, and points (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its words, and whether it is logarithmic."""

    name: str
    logarithmic: bool

    def ticks(self, values: Sequence[float]) -> list[float]:
        """Return round numbers from below the least value to above the largest."""
        low, high = min(values), max(values)
        if self.logarithmic:
            first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
            return [10.0**power for power in range(first, max(last, first + 1) + 1)]
        step = 10 ** math.floor(math.log10(high)) / 2
        return [step * number for number in range(math.ceil(high / step) + 1)]

    def share(self, value: float, ticks: Sequence[float]) -> float:
        """Return where a value lies between the first tick (0) and the last (1)."""
        if self.logarithmic:
            return math.log(value / ticks[0]) / math.log(ticks[-1] / ticks[0])
        return (value - ticks[0]) / (ticks[-1] - ticks[0])


def chart(title: str, x: Axis, y: Axis, lines: Sequence[Line]) -> str:
    """Draw lines and return the SVG's text."""
    x_ticks = x.ticks([point[0] for line in lines for point in line.points])
    y_ticks = y.ticks([point[1] for line in lines for point in line.points])

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across, up = x.share(point[0], x_ticks), y.share(point[1], y_ticks)
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
        f' font-size="12" role="img" aria-label="{escape(title)}">'
    )
    parts = [
        head,
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        _text(_WIDTH / 2, 20, title, size=14),
        _text(_WIDTH / 2, _HEIGHT - 10, x.name),
        f'<g transform="rotate(-90 16 {_HEIGHT / 2:.0f})">{_text(16, _HEIGHT / 2, y.name)}</g>',
    ]
    for tick in x_ticks:
        across, _ = place((tick, y_ticks[0]))
        parts.append(
            _grid(across, _TOP, across, _HEIGHT - _BOTTOM) + _text(across, _HEIGHT - _BOTTOM + 16, f"{tick:,.10g}")
        )
    for tick in y_ticks:
        _, up = place((x_ticks[0], tick))
        parts.append(_grid(_LEFT, up, _WIDTH - _RIGHT, up) + _text(_LEFT - 6, up + 4, f"{tick:,.10g}", anchor="end"))
    for number, line in enumerate(lines):
        parts.append(_line(line, [place(point) for point in line.points], _COLOURS[number % len(_COLOURS)], number))
    return "\n".join([*parts, "</svg>", ""])


def _line(line: Line, places: Sequence[tuple[float, float]], colour: str, number: int) -> str:
    path = " ".join(f"{across:.1f},{up:.1f}" for across, up in places)
    dots = "".join(f'<circle cx="{across:.1f}" cy="{up:.1f}" r="3" fill="{colour}"/>' for across, up in places)
    key = _text(_LEFT + 12, _TOP + 16 + 16 * number, line.name, anchor="start", colour=colour)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{key}'


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#e5e7eb"/>'


def _text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "middle", colour: str = "#111") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}>{escape(words)}</text>"
