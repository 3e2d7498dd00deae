"""Gradient norm against lag, on a scale of powers of ten whose edges are 0 and infinity.

A curve that underflows ends in a mark on the lower edge, one that overflows in a mark on the upper edge: neither is
left out, and neither is drawn as a number it is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from throughtime.insight.svg import FAINT
from throughtime.recipes.figure import CYCLE, INK, as_element

# Inches of a slide of 16 by 9.
WIDTH, HEIGHT = 10.0, 5.625
# Powers of ten between the last number drawn and an edge, and the fewest an axis spans.
_MARGIN, _LEAST_SPAN = 3, 6
_LEGEND_COLUMNS = 5
# The power of ten of float32's smallest number with all its digits, 1.2e-38; what it holds below is rounded ever more.
_FEW_DIGITS = -37.9
_COLOURS = (*CYCLE, FAINT)
_DASHES = ("-", "--", ":")


@dataclass(frozen=True)
class Curve:
    """A relative norm by lag.

    Args:
        name: in the legend; curves of the same name look alike in every panel.
        lags: ascending.
        values: 0 and inf included; nan is drawn as inf, which it comes from.
        family: curves of one family share their dash and differ in colour.
    """

    name: str
    lags: tuple[int, ...]
    values: tuple[float, ...]
    family: str = ""


@dataclass(frozen=True)
class Panel:
    """Curves under one heading."""

    title: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Mark:
    """A vertical line at a lag, with words."""

    lag: int
    words: str


@dataclass(frozen=True)
class _Span:
    """The powers of ten of an axis: [low, high] with the edges 0 and infinity, or without."""

    low: float
    high: float
    zero: bool
    infinite: bool


def draw_curves(panels: Sequence[Panel], name: str, mark: Mark | None = None) -> str:
    """Draw panels side by side with one scale and one legend.

    Args:
        panels: at least one.
        name: of the element.
        mark: drawn in every panel.

    Returns:
        An inline SVG element.
    """
    looks = _looks(panels)
    span = _span([value for panel in panels for curve in panel.curves for value in curve.values])

    def draw(figure: Figure) -> None:
        row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for place, (axes, panel) in enumerate(zip(row, panels, strict=True)):
            _draw_panel(axes, panel, looks, span, f"edge-{place}")
            if mark is not None:
                _draw_mark(axes, mark, span)
        _scale(row[0], span)
        if span.low < _FEW_DIGITS:
            place = row[0].get_yaxis_transform()  # along the lags in shares of the axis, upwards in powers of ten
            row[0].text(0.98, _FEW_DIGITS, "float32 loses digits", transform=place, ha="right", va="top", fontsize=8)
        row[0].set_ylabel("|dL/ds| at the lag / at lag 0")
        lines = [Line2D([], [], color=look[0], ls=look[1], lw=2) for look in looks.values()]
        figure.legend(lines, list(looks), loc="outside lower center", ncols=min(len(looks), _LEGEND_COLUMNS))

    return as_element(draw, HEIGHT, name, WIDTH)


def _looks(panels: Sequence[Panel]) -> dict[str, tuple[str, str]]:
    """Colour and dash of each name: a dash for each family, its colours in turn."""
    families: dict[str, list[str]] = {}
    for curve in (curve for panel in panels for curve in panel.curves):
        names = families.setdefault(curve.family, [])
        names += [] if curve.name in names else [curve.name]
    return {
        name: (_COLOURS[place % len(_COLOURS)], _DASHES[row % len(_DASHES)])
        for row, names in enumerate(families.values())
        for place, name in enumerate(names)
    }


def _span(values: Sequence[float]) -> _Span:
    powers = [math.log10(value) for value in values if value > 0 and math.isfinite(value)] or [0.0]
    low, high = min(powers), max(powers)
    zero, infinite = any(value == 0 for value in values), any(not math.isfinite(value) for value in values)
    low = min(low, high - _LEAST_SPAN)
    return _Span(low - (_MARGIN if zero else 0.5), high + (_MARGIN if infinite else 0.5), zero, infinite)


def _draw_panel(axes: Axes, panel: Panel, looks: dict[str, tuple[str, str]], span: _Span, name: str) -> None:
    for place, curve in enumerate(panel.curves):
        colour, dash = looks[curve.name]
        lags, powers = _finite(curve)
        axes.plot(lags, powers, color=colour, ls=dash, lw=1.8)
        for lag, value in _ends(curve):
            edge, shape, which = (span.low, "v", "zero") if value == 0 else (span.high, "^", "inf")
            gid = f"{name}-{place}-{which}-{lag}"
            axes.plot([lag], [edge], shape, color=colour, ms=7, clip_on=False, zorder=3, gid=gid)
    axes.set_title(panel.title)
    axes.set_xlabel("lag (steps back)")
    axes.set_xlim(0, max(lag for curve in panel.curves for lag in curve.lags) or 1)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.axhline(0, color=INK, lw=0.6, alpha=0.4)
    if span.low < _FEW_DIGITS:
        axes.axhspan(span.low, _FEW_DIGITS, color=INK, alpha=0.07, lw=0)


def _finite(curve: Curve) -> tuple[list[int], list[float]]:
    """Lags and powers of ten, with a gap (nan) where there is no power of ten."""
    return list(curve.lags), [
        math.log10(value) if value > 0 and math.isfinite(value) else math.nan for value in curve.values
    ]


def _ends(curve: Curve) -> list[tuple[int, float]]:
    """Where a curve first becomes 0, and where it first overflows."""
    zero = next(((lag, v) for lag, v in zip(curve.lags, curve.values, strict=True) if v == 0), None)
    infinite = next(((lag, v) for lag, v in zip(curve.lags, curve.values, strict=True) if not math.isfinite(v)), None)
    return [end for end in (zero, infinite) if end is not None]


def _draw_mark(axes: Axes, mark: Mark, span: _Span) -> None:
    axes.axvline(mark.lag, color=INK, lw=0.9, ls=":")
    right = mark.lag <= axes.get_xlim()[1] / 2
    axes.annotate(
        mark.words,
        (mark.lag, span.low),
        xytext=(4 if right else -4, 14),
        textcoords="offset points",
        ha="left" if right else "right",
    )


def _scale(axes: Axes, span: _Span) -> None:
    """Ticks at powers of ten, and the edges by their names."""
    axes.set_ylim(span.low, span.high)
    inner = MaxNLocator(8, integer=True).tick_values(span.low + 0.5, span.high - 0.5)
    ticks = [float(t) for t in inner if span.low + 0.5 * span.zero < t < span.high - 0.5 * span.infinite]
    # A power of ten close to a named edge would stand on its name.
    room = (span.high - span.low) / 20
    ticks = [t for t in ticks if not ((span.zero and t < span.low + room) or (span.infinite and t > span.high - room))]
    labels = [_tick(t) for t in ticks]
    if span.zero:
        ticks, labels = [span.low, *ticks], ["0", *labels]
    if span.infinite:
        ticks, labels = [*ticks, span.high], [*labels, "inf"]
    axes.set_yticks(ticks, labels)


def _tick(power: float) -> str:
    return "1" if power == 0 else f"1e{power:g}"
