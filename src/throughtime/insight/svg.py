"""A sheet to draw on: shapes and labels in pixels, written as one SVG file that needs nothing else.

Every element may carry a `kind`, its class in the file, by which a reader (or a test) finds it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

from throughtime.base.errors import ConfigError

INK, FAINT, PAPER = "#1c2430", "#8b95a3", "#ffffff"
# For words that explain: between INK and FAINT, which is too pale for a projector. And for what lies behind them.
QUIET, PALE = "#5d6875", "#f5f7f9"
BLUE, ORANGE, GREEN, ROSE, VIOLET = "#3b82c4", "#d9822b", "#3a9d6a", "#c95d7a", "#8a6fc9"
# A slide of 16 by 9, on which 11 pixels can still be read.
WIDTH, HEIGHT, SMALLEST_TEXT = 1280, 720, 11
FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
# Length of an arrow's head, in widths of its line.
_HEAD = 4.0


class Sheet:
    """An SVG drawing in the making.

    Args:
        title: what it shows, for screen readers and as the file's title.
        width: pixels.
        height: pixels.
        page: whether it is to stand in a page: without paper, and what is drawn in INK has the colour of the page's
            text, so that light and dark pages both work. Else it is a file, dark on white.
    """

    def __init__(self, title: str, width: float = WIDTH, height: float = HEIGHT, page: bool = False) -> None:
        size = {"width": _px(width), "height": _px(height), "viewBox": f"0 0 {_px(width)} {_px(height)}"}
        self._root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, "role": "img"})
        self._root.set("font-family", FONT)
        ET.SubElement(self._root, "title").text = title
        self._into = [self._root]
        self._colours: set[str] = set()
        self._page = page
        if not page:
            self.rect(0, 0, width, height, fill=PAPER, kind="paper")

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "none",
        stroke: str = "none",
        line: float = 1.0,
        radius: float = 0.0,
        dash: str = "",
        opacity: float = 1.0,
        kind: str = "",
    ) -> None:
        """A rectangle, its corners rounded by `radius`."""
        box = {"x": _px(x), "y": _px(y), "width": _px(width), "height": _px(height), "rx": _px(radius)}
        self._add("rect", {**box, **_paint(fill, stroke, line, dash, opacity)}, kind)

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        *,
        fill: str = "none",
        stroke: str = "none",
        line: float = 1.0,
        kind: str = "",
    ) -> None:
        """A circle round (x, y)."""
        place = {"cx": _px(x), "cy": _px(y), "r": _px(radius)}
        self._add("circle", {**place, **_paint(fill, stroke, line, "", 1.0)}, kind)

    def line(
        self,
        points: Sequence[tuple[float, float]],
        *,
        stroke: str = INK,
        line: float = 1.5,
        dash: str = "",
        arrow: bool = False,
        opacity: float = 1.0,
        kind: str = "",
    ) -> None:
        """A line through points, with an arrow's head at its last one."""
        path = "M" + " L".join(f"{_px(x)} {_px(y)}" for x, y in points)
        self.path(path, stroke=stroke, line=line, dash=dash, arrow=arrow, opacity=opacity, kind=kind)

    def path(
        self,
        d: str,
        *,
        fill: str = "none",
        stroke: str = INK,
        line: float = 1.5,
        dash: str = "",
        arrow: bool = False,
        opacity: float = 1.0,
        kind: str = "",
    ) -> None:
        """Any path, in SVG's own words."""
        head = {"marker-end": f"url(#{self._head(stroke)})"} if arrow else {}
        self._add("path", {"d": d, **_paint(fill, stroke, line, dash, opacity), **head}, kind)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 13.0,
        anchor: str = "start",
        fill: str = INK,
        bold: bool = False,
        italic: bool = False,
        opacity: float = 1.0,
        kind: str = "",
    ) -> None:
        """One line of text whose baseline is at y; `anchor` is "start", "middle" or "end"."""
        style = {"x": _px(x), "y": _px(y), "font-size": _px(size), "text-anchor": anchor, "fill": fill}
        style |= {"font-weight": "bold"} if bold else {}
        style |= {"font-style": "italic"} if italic else {}
        style |= {"opacity": _px(opacity)} if opacity < 1 else {}
        self._add("text", style, kind).text = words

    def image(self, x: float, y: float, width: float, height: float, address: str, *, kind: str = "") -> None:
        """A picture of pixels, kept in the file itself where its address is a data URI; pixels stay sharp squares."""
        box = {"x": _px(x), "y": _px(y), "width": _px(width), "height": _px(height), "href": address}
        self._add("image", {**box, "style": "image-rendering: pixelated", "preserveAspectRatio": "none"}, kind)

    @contextmanager
    def group(self, kind: str, **data: object) -> Iterator[None]:
        """What is drawn inside belongs together; `data` is written beside the class."""
        attributes = {f"data-{key.replace('_', '-')}": str(value) for key, value in data.items()}
        self._into.append(self._add("g", attributes, kind))
        try:
            yield
        finally:
            self._into.pop()

    def tip(self, words: str) -> None:
        """What a reader sees who points at the group being drawn."""
        ET.SubElement(self._into[-1], "title").text = words

    def to_svg(self) -> str:
        """The file's text, or the page's element."""
        ET.indent(self._root)
        text = ET.tostring(self._root, encoding="unicode") + "\n"
        return text.replace(f'"{INK}"', '"currentColor"') if self._page else text

    def _add(self, tag: str, attributes: dict[str, str], kind: str) -> ET.Element:
        return ET.SubElement(self._into[-1], tag, ({"class": kind} if kind else {}) | attributes)

    def _head(self, colour: str) -> str:
        """The name of an arrow's head of this colour, made when first asked for."""
        name = "head-" + colour.lstrip("#")
        if colour not in self._colours:
            self._colours.add(colour)
            size = {"markerWidth": _px(_HEAD), "markerHeight": _px(_HEAD), "refX": "9", "refY": "5"}
            marker = ET.SubElement(
                self._root, "marker", {"id": name, "viewBox": "0 0 10 10", "orient": "auto-start-reverse", **size}
            )
            ET.SubElement(marker, "path", {"d": "M0 0 L10 5 L0 10 z", "fill": colour})
        return name


def check_name(file: str | Path) -> None:
    """Raise ConfigError unless a drawing can be written to a file of this name: asked before the work it would cost."""
    if Path(file).suffix.lower() != ".svg":
        raise ConfigError(f"A drawing is written as .svg; the file is named {Path(file).name!r}. Give it that ending.")


def _paint(fill: str, stroke: str, line: float, dash: str, opacity: float) -> dict[str, str]:
    paint = {"fill": fill}
    if stroke != "none":
        paint |= {"stroke": stroke, "stroke-width": _px(line)}
    if dash:
        paint["stroke-dasharray"] = dash
    if opacity < 1:
        paint["opacity"] = _px(opacity)
    return paint


def _px(value: float) -> str:
    """A number of pixels, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
