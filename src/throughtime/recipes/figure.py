"""How matplotlib's figures look, and how they become SVG: as an element of a page, or as a file of their own.

Matplotlib draws text, axes and truth in a colour nothing else has; in a page's element it becomes `currentColor`, so
that light and dark pages both work, and in a file it is dark on white. Curves and bands have middle tones that show on
white and on black.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from throughtime.insight import svg as sheet

INK = "#010203"
CYCLE = (sheet.BLUE, sheet.ORANGE, sheet.GREEN, sheet.ROSE, sheet.VIOLET)
# Inches; at 96 pixels an inch the page's column shows it unscaled.
WIDTH = 8.0
STYLE: Any = {
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "font.size": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.3,
    "svg.fonttype": "none",
    "svg.hashsalt": "throughtime",
}


def as_element(draw: Callable[[Figure], Any], height: float, name: str, width: float = WIDTH) -> str:
    """Draw a figure and give it as an inline SVG element whose ids begin with `name`.

    Args:
        draw: draws into the figure it is given.
        height: inches.
        name: unique on its page.
        width: inches.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        sink = io.StringIO()
        figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = sink.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\1{name}-", svg)
    # A page stretches its figures to its column, of which a narrower one is to take its part.
    part = f' style="max-width: {width / WIDTH:.0%}"' if width < WIDTH else ""
    svg = re.sub(
        r'<svg [^>]*viewBox="([^"]*)"[^>]*>', rf'<svg viewBox="\1" role="img" aria-label="{name}"{part}>', svg, count=1
    )
    return svg.replace("xlink:href", "href").replace(INK, "currentColor")


def as_file(element: str) -> str:
    """The text of an SVG file that shows an inline element dark on white."""
    head, rest = element.replace("currentColor", sheet.INK).split(">", 1)
    paper = f'<rect width="100%" height="100%" fill="{sheet.PAPER}"/>'
    named = "" if "xmlns=" in head else ' xmlns="http://www.w3.org/2000/svg"'
    return f"{head}{named}>{paper}{rest.rstrip()}\n"


def legend_above(axes: Axes, columns: int) -> None:
    """A legend outside the axes, where it hides no curve."""
    axes.legend(ncols=columns, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1)


def colours(count: int) -> list[str]:
    """So many colours, the same ones each time."""
    return [CYCLE[place % len(CYCLE)] for place in range(count)]
