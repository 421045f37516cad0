"""A detection error trade-off curve as SVG: false non-matches over false matches, on normal deviate scales."""

from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist

_TICKS = (0.00001, 0.0001, 0.001, 0.01, 0.05, 0.2, 0.5)
_LEAST, _MOST = _TICKS[0], 0.6
_SIZE, _EDGE = 520, 70
_deviate = NormalDist().inv_cdf


def write_det(path: Path, points: Sequence[tuple[float, float, float]], title: str, marked: float) -> None:
    """Draw points of (threshold, FMR, FNMR); the one at the threshold `marked` gets a dot. Makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = " ".join(f"{_x(fmr):.1f},{_y(fnmr):.1f}" for _, fmr, fnmr in points)
    nearest = min(points, key=lambda point: abs(point[0] - marked))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{_SIZE}" height="{_SIZE}" fill="white"/>',
        f'<text x="{_SIZE / 2}" y="30" text-anchor="middle" font-size="14">{title}</text>',
        *_grid(),
        f'<polyline points="{line}" fill="none" stroke="#0b6" stroke-width="2"/>',
        f'<circle cx="{_x(nearest[1]):.1f}" cy="{_y(nearest[2]):.1f}" r="5" fill="#c30"/>',
        f'<text x="{_x(nearest[1]) + 9:.1f}" y="{_y(nearest[2]) - 9:.1f}">threshold {marked:.3f}</text>',
        "</svg>",
    ]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _grid() -> list[str]:
    near, far = _EDGE, _SIZE - _EDGE
    lines = []
    for rate in _TICKS:
        x, y, text = _x(rate), _y(rate), f"{rate * 100:g} %"
        lines += [
            f'<path d="M{x:.1f} {near}V{far}M{near} {y:.1f}H{far}" stroke="#ccc"/>',
            f'<text x="{x:.1f}" y="{far + 18}" text-anchor="middle">{text}</text>',
            f'<text x="{near - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>',
        ]
    middle = _SIZE / 2
    return [
        *lines,
        f'<text x="{middle}" y="{_SIZE - 22}" text-anchor="middle">false match rate</text>',
        f'<text x="18" y="{middle}" text-anchor="middle" transform="rotate(-90 18 {middle})">'
        "false non-match rate</text>",
    ]


def _place(rate: float) -> float:
    """0 to 1 along an axis; rates beyond its ends lie at them."""
    low, high = _deviate(_LEAST), _deviate(_MOST)
    return (_deviate(min(max(rate, _LEAST), _MOST)) - low) / (high - low)


def _x(rate: float) -> float:
    return _EDGE + _place(rate) * (_SIZE - 2 * _EDGE)


def _y(rate: float) -> float:
    return _SIZE - _x(rate)
