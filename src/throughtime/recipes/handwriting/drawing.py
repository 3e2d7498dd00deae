"""A drawing: what a pen did, and what it wrote.

Dimensions: T points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from throughtime.data.strokes import Strokes

Line = NDArray[np.float64]


@dataclass(frozen=True)
class Drawing:
    """Points of a pen.

    Args:
        points: [T, 3] how far it moves, dx and dy, and 1 where it lifts after the point.
        phrase: that it writes; empty where that is not known.
        owners: [T] the place in the phrase of the letter that each point belongs to; None where that is not known.
    """

    points: Strokes
    phrase: str = ""
    owners: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """T."""
        return len(self.points)

    @property
    def lines(self) -> list[Line]:
        """The strokes as places [P, 2], each from where the pen touches to where it lifts."""
        places, ends = self.points[:, :2].cumsum(0), np.flatnonzero(self.points[:-1, 2] > 0) + 1
        return np.split(places, ends)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        places = self.points[:, :2].cumsum(0)
        width, height = np.ptp(places, 0)
        return float(width), float(height)


def points_of(drawings: Sequence[Drawing]) -> list[Strokes]:
    """The points of each, as an estimator takes them."""
    return [each.points for each in drawings]


def phrases_of(drawings: Sequence[Drawing]) -> list[str]:
    """The phrase of each, as an estimator takes them."""
    return [each.phrase for each in drawings]


def letters_in(drawings: Sequence[Drawing]) -> set[str]:
    """Every letter that one of them writes."""
    return {letter for each in drawings for letter in each.phrase}
