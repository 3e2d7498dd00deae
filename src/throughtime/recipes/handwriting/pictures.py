"""What a pen drew as SVG or PNG, drawings beside each other, and which letter the window saw as each point was told.

Dimensions: T points, U letters of a phrase.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from throughtime.insight.lettering import fitted, visible
from throughtime.insight.svg import BLUE, INK, PAPER, QUIET, Sheet
from throughtime.recipes.figure import as_element, colours
from throughtime.recipes.handwriting.drawing import Drawing, Line

# Pixels of a file: what a drawing is brought to, the white round it, and the pen's line.
_WIDE, _HIGH, _MARGIN, _PEN = 1200.0, 240.0, 24.0, 4.0
# Pixels of a picture in a page: its column's, a row, the label before it, the heading above, the gap, and the pen.
_PAGE, _ROW, _LABEL, _HEADING, _GAP, _FINE = 800.0, 76.0, 104.0, 26.0, 20.0, 1.8
END = "end"
# A blank has no shape of its own.
BLANK = "\u2423"


def as_svg(drawing: Drawing, title: str) -> str:
    """A file of one drawing, dark on white."""
    width, height, lines = _on_paper(drawing)
    sheet = Sheet(title, width, height)
    with sheet.group("drawing", name=title):
        _draw(sheet, lines, _PEN)
    return sheet.to_svg()


def as_png(drawing: Drawing) -> bytes:
    """A PNG file of one drawing, dark on white."""
    width, height, lines = _on_paper(drawing)
    figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    _plot(axes, lines, [INK] * len(lines), _PEN * 0.72)  # 72 points an inch, 100 pixels
    sink = io.BytesIO()
    FigureCanvasAgg(figure).print_png(sink, metadata={"Software": None})
    return sink.getvalue()


def grid(title: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Drawing]]]) -> str:
    """Drawings in rows, SVG of a page.

    Args:
        title: for screen readers.
        columns: a heading each; empty for none.
        rows: a label each, and its drawings, as many as columns.
    """
    label = _LABEL if any(name for name, _ in rows) else 0.0
    room = (_PAGE - label) / len(columns) - _GAP
    top = _HEADING if any(columns) else 0.0
    sheet = Sheet(title, _PAGE, top + len(rows) * _ROW, page=True)
    fits = [_fit(each, room, _ROW - _GAP) for _, drawings in rows for each in drawings]
    usual = float(np.median(fits))
    for place, heading in enumerate(columns):
        sheet.text(label + place * (room + _GAP), 16, heading, size=13, bold=True, kind="heading")
    for row, (name, drawings) in enumerate(rows):
        y = top + row * _ROW + _GAP / 2
        sheet.text(0, y + (_ROW - _GAP) / 2 + 5, fitted(name, label - 8, 13), size=13, fill=QUIET, kind="label")
        for place, each in enumerate(drawings):
            # One scale for all, so that sizes can be seen; what would not fit its place has a smaller one.
            scale = min(usual, _fit(each, room, _ROW - _GAP))
            with sheet.group("drawing", name=each.phrase):
                x = label + place * (room + _GAP) + _FINE  # the pen's line is as wide at the edge
                _draw(sheet, _placed(each, scale, x, y + (_ROW - _GAP - scale * each.size[1]) / 2), _FINE)
    return sheet.to_svg()


def looking(drawing: Drawing, seen: NDArray[np.floating]) -> str:
    """A drawing whose letters have colours, and below it what the window saw of each as a point was told; SVG.

    Args:
        drawing: of T points, with the letter each belongs to.
        seen: [T, U + 1] of `SequenceGenerator.reading`.
    """
    assert drawing.owners is not None  # the window says
    names = [*(BLANK if letter.isspace() else visible(letter) for letter in drawing.phrase), END]
    shades = colours(len(names))
    owners = drawing.owners

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, height_ratios=(1, 2.2))
        pieces = _by_letter(drawing, owners)
        _plot(above, [line for _, line in pieces], [shades[owner] for owner, _ in pieces], 1.8)
        above.set_axis_off()
        above.set_aspect("equal", anchor="W")
        above.invert_yaxis()
        above.set_title("What it wrote, a colour for each letter")
        shade = LinearSegmentedColormap.from_list("seen", [to_rgba(BLUE, 0), to_rgba(BLUE, 1)])
        below.imshow(seen.T, aspect="auto", cmap=shade, interpolation="nearest", vmin=0, origin="upper")
        below.set_yticks(range(len(names)), names)
        for tick, colour in zip(below.get_yticklabels(), shades, strict=True):
            tick.set_color(colour)
            tick.set_fontweight("bold")
        below.set_ylabel("letter of the phrase")
        below.set_xlabel("point, in the order in which they were drawn")
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        below.set_title("How much the window saw of each letter, the darker the more")

    return as_element(draw, 1.9 + 0.2 * len(names), "looking")


def _by_letter(drawing: Drawing, owners: NDArray[np.int64]) -> list[tuple[int, Line]]:
    """Each stroke in pieces of one letter each; a piece begins where the one before it ended."""
    found, start = [], 0
    for line in drawing.lines:
        own = owners[start : start + len(line)]
        begins = [0, *(np.flatnonzero(np.diff(own)) + 1).tolist(), len(line)]
        for first, last in pairwise(begins):
            found.append((int(own[first]), line[max(0, first - 1) : last]))
        start += len(line)
    return found


def _on_paper(drawing: Drawing) -> tuple[float, float, list[Line]]:
    """Width, height and lines of a file, in pixels."""
    scale = _fit(drawing, _WIDE, _HIGH)
    width, height = (2 * _MARGIN + scale * side for side in drawing.size)
    return width, height, _placed(drawing, scale, _MARGIN, _MARGIN)


def _fit(drawing: Drawing, width: float, height: float) -> float:
    """The largest scale that fits a box; 1 of a drawing that is a point."""
    room = [have / need for have, need in zip((width, height), drawing.size, strict=True) if need]
    return min(room, default=1.0)


def _placed(drawing: Drawing, scale: float, x: float, y: float) -> list[Line]:
    """Its lines in pixels, with (x, y) at the upper left."""
    lines = drawing.lines
    corner = np.concatenate(lines).min(0)
    return [(line - corner) * scale + [x, y] for line in lines]


def _draw(sheet: Sheet, lines: Sequence[Line], pen: float) -> None:
    for line in lines:
        if len(line) > 1:
            sheet.line(line.tolist(), line=pen, kind="stroke")
        else:
            x, y = line[0]
            sheet.circle(x, y, pen / 2, fill=INK, kind="stroke")


def _plot(axes: Axes, lines: Sequence[Line], shades: Sequence[str], pen: float) -> None:
    for line, colour in zip(lines, shades, strict=True):
        marker = "." if len(line) == 1 else "None"
        (drawn,) = axes.plot(*line.T, color=colour, linewidth=pen, marker=marker, markersize=2 * pen)
        drawn.set_solid_capstyle("round")
        drawn.set_solid_joinstyle("round")


WRITERS: Mapping[str, Callable[[Drawing, str], bytes]] = {
    ".svg": lambda drawing, title: as_svg(drawing, title).encode(),
    ".png": lambda drawing, title: as_png(drawing),
}
