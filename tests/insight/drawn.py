"""A drawing read back: its elements by kind, and how much room its labels take."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree as ET

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

SVG = "{http://www.w3.org/2000/svg}"


class Box(NamedTuple):
    """A label and the room its letters take, in pixels; y grows downwards."""

    words: str
    left: float
    top: float
    right: float
    bottom: float


def of_kind(svg: str, kind: str) -> list[ET.Element]:
    """The elements of a class, in the order they were drawn."""
    return [element for element in ET.fromstring(svg).iter() if kind in element.get("class", "").split()]


def labels(svg: str) -> Iterator[Box]:
    """Every label with the room it takes, as its font (DejaVu Sans) measures it."""
    for element in ET.fromstring(svg).iter(f"{SVG}text"):
        words, size = element.text or "", float(element.get("font-size", "0"))
        left, bottom, width, height = _measure(words, size, element.get("font-weight", "normal"))
        x, y = float(element.get("x", "0")), float(element.get("y", "0"))
        x -= {"start": 0.0, "middle": width / 2, "end": width}[element.get("text-anchor", "start")]
        yield Box(words, x + left, y - bottom - height, x + left + width, y - bottom)


def overlapping(svg: str) -> list[tuple[str, str]]:
    """Pairs of labels of which one hides a part of the other."""
    return [
        (a.words, b.words)
        for a, b in combinations(labels(svg), 2)
        if a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom
    ]


def outside(svg: str) -> list[str]:
    """Labels that do not lie wholly on the sheet."""
    _, _, width, height = map(float, ET.fromstring(svg).get("viewBox", "").split())
    return [box.words for box in labels(svg) if box.left < 0 or box.top < 0 or box.right > width or box.bottom > height]


def smallest_text(svg: str) -> float:
    """Pixels of the smallest letters."""
    return min(float(element.get("font-size", "0")) for element in ET.fromstring(svg).iter(f"{SVG}text"))


def read_back(words: str) -> float:
    """The number that `lettering.shown` or `lettering.signed` wrote."""
    return math.nan if words == "–" else float(words.replace("−", "-").replace("∞", "inf"))


@cache
def _measure(words: str, size: float, weight: str) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of a text's ink, from its starting point."""
    if not words.strip():
        return 0.0, 0.0, 0.0, 0.0
    room = TextPath((0, 0), words, size=size, prop=FontProperties(family="DejaVu Sans", weight=weight)).get_extents()
    return room.x0, room.y0, room.width, room.height
