"""A reader of letters, which judges what a network writes: it has seen the letters of other fonts alone.

    picture     N x N cells of a letter, as large as fits, in 4 layers: how much ink runs along 0, 45, 90 and 135
                degrees through each cell, shared between the two directions nearest, then blurred
    reader      a perceptron of 256 units on the pictures of letters as many hands write them

A phrase that a network wrote is cut into letters by its window:

    seen[u]      argmax_t window[t, u] + lag
    begins[u]    the first point of a stroke that is nearest to seen[u], if it is within NEAR points, else seen[u]

since the window sees most of a letter as that begins, and joined letters begin within a stroke. The lag is measured on
drawings whose letters are known. Where letters were cut is not told the reader, nor which they should be.

Dimensions: L letters, T points, U symbols of a phrase, P places of a line.

Source: Bai & Huo, A Study on the Use of 8-Directional Features for Online Handwritten Chinese Character Recognition,
ICDAR 2005 (ink by direction; 4 of them here).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from throughtime.base.errors import DataError
from throughtime.recipes.handwriting.hershey import Points, Variation, glyph, letters_of, write

Floats = NDArray[np.floating[Any]]
Lines = Sequence[Points]
# Six fonts under eight names: futuram and rowmand have the same letters, a to z, and so do rowmant and timesrb, which
# therefore count twice. None has those of futural, though futuram draws its shapes in double lines: without it .73
# of true letters of futural are read, not .98. Of each letter and name so many are seen, from hands that differ more
# than writers' do.
FONTS = ("futuram", "rowmand", "rowmant", "timesr", "timesi", "timesrb", "timesib", "scriptc")
EACH, HANDS = 60, Variation(slant=0.2, size=0.1, width=0.2, jitter=0.6)
CELLS, MARGIN, DIRECTIONS, BLUR = 12, 1.5, 4, 0.9
# Ink along a line is laid down in so many drops a cell.
DROPS = 4
UNITS, ROUNDS, DECAY = 256, 20, 1e-2
# Points between where the window sees most of a letter and where the letter begins, at most, before and after a lag.
NEAR, MOST_LAG = 2, 4
_TINY = 1e-6


def fonts_beside(font: str) -> tuple[str, ...]:
    """Those of `FONTS` whose letters are not those of a font, whatever both are called; errors as `glyph`."""

    def same(other: str) -> bool:
        own, others = glyph(font, "a").strokes, glyph(other, "a").strokes
        return len(own) == len(others) and all(map(np.array_equal, own, others))

    return tuple(each for each in FONTS if not same(each))


class ReadBack(NamedTuple):
    """How much of a phrase was read.

    right: letters that were read as what they should be.
    letters: all of them.
    read: what was read, blanks where the phrase has them.
    """

    right: int
    letters: int
    read: str


@dataclass(frozen=True)
class Reader:
    """Tells letters from their strokes.

    Args:
        model: fitted on pictures.
    """

    model: MLPClassifier

    @classmethod
    def learn(cls, letters: str, fonts: Sequence[str] = FONTS, seed: int = 0) -> Reader:
        """Learn letters from fonts.

        Args:
            letters: all there are to be read, each once, two at least; a blank is none.
            fonts: of the package Hershey-Fonts.
            seed: of hands and first weights.

        Raises:
            ConfigError: the package is missing, or has no such font.
            DataError: a font lacks a letter, or there are fewer than two.
        """
        if len(letters) < 2:
            raise DataError(f"A reader tells two letters apart at least: {letters!r} came.")
        draws = np.random.default_rng(seed)
        seen = [(letter, font) for font in fonts for letter in letters for _ in range(EACH)]
        pictures = [picture(letters_of(*write(letter, font, draws, HANDS))[0]) for letter, font in seen]
        model = MLPClassifier((UNITS,), alpha=DECAY, max_iter=ROUNDS, random_state=seed)
        with warnings.catch_warnings():  # more rounds fit the fonts that are there, not those to come
            warnings.simplefilter("ignore", ConvergenceWarning)
            return cls(model.fit(np.stack(pictures), [letter for letter, _ in seen]))

    def read(self, letters: Sequence[Lines]) -> list[str]:
        """What each of L letters is, from its lines."""
        return [str(each) for each in self.model.predict(np.stack([picture(lines) for lines in letters]))]

    def read_back(self, points: Points, owners: NDArray[np.integer[Any]], phrase: str) -> ReadBack:
        """Read a phrase; a letter without points is not read.

        Args:
            points: [T, 3] dx, dy, and 1 where the pen lifts.
            owners: [T] the place in the phrase of the letter that each belongs to.
            phrase: what it should say.
        """
        found = letters_of(points, owners)
        read = dict(zip(found, self.read(list(found.values())), strict=True))
        asked = [place for place, letter in enumerate(phrase) if not letter.isspace()]
        return ReadBack(
            right=sum(read.get(place) == phrase[place] for place in asked),
            letters=len(asked),
            read="".join(" " if letter.isspace() else read.get(place, "?") for place, letter in enumerate(phrase)),
        )


def picture(lines: Lines) -> Floats:
    """A letter's ink by direction, [DIRECTIONS * CELLS * CELLS].

    Args:
        lines: places [P, 2] of each of its strokes.
    """
    places = np.concatenate(lines)
    low, high = places.min(0), places.max(0)
    scale = (CELLS - 2 * MARGIN) / max((high - low).max(), _TINY)
    ink = np.zeros((DIRECTIONS, CELLS, CELLS))
    for line in lines:
        _lay_down(ink, (line - (low + high) / 2) * scale + CELLS / 2)
    return np.minimum(_BLURRING @ ink @ _BLURRING.T, 1.0).ravel()


def owners_of(window: Floats, lifts: NDArray[np.bool_], phrase: str, lag: int) -> NDArray[np.int64]:
    """The place in the phrase of the letter that each point belongs to, [T], from what the window saw.

    Args:
        window: [T, U + 1] how much it saw of each symbol, and of the end, as each point was told.
        lifts: [T] whether the pen lifts after each.
        phrase: U symbols, a letter at least.
        lag: from the point at which it sees most of a letter to where that begins, as `lag_of` finds.

    Raises:
        DataError: the phrase has no letter.
    """
    asked = np.array([place for place, letter in enumerate(phrase) if not letter.isspace()])
    if not len(asked):
        raise DataError(f"A phrase has a letter at least: {phrase!r} came.")
    begins = window[:, asked[1:]].argmax(0) + lag
    touches = np.flatnonzero(lifts[:-1]) + 1
    if len(touches):
        nearest = touches[np.abs(touches - begins[:, None]).argmin(1)]
        begins = np.where(np.abs(nearest - begins) <= NEAR, nearest, begins)
    begins = np.maximum.accumulate([0, *begins.tolist()])
    return asked[np.searchsorted(begins, np.arange(len(window)), side="right") - 1]


def lag_of(
    windows: Sequence[Floats],
    lifts: Sequence[NDArray[np.bool_]],
    phrases: Sequence[str],
    owners: Sequence[NDArray[np.integer[Any]]],
) -> int:
    """The lag with which most points are handed to their true letters; of equal ones the smallest.

    Args:
        windows, lifts, phrases: of known drawings, as `owners_of` takes them.
        owners: the true ones.
    """

    def right(lag: int) -> int:
        found = (owners_of(*each, lag) for each in zip(windows, lifts, phrases, strict=True))
        return sum(int((each == true).sum()) for each, true in zip(found, owners, strict=True))

    return max(sorted(range(-MOST_LAG, MOST_LAG + 1), key=abs), key=right)


def _lay_down(ink: Floats, line: Points) -> None:
    """Ink along a line whose places are in cells."""
    moves = np.diff(line, axis=0)
    lengths = np.hypot(*moves.T)
    counts = np.maximum(1, (lengths * DROPS).astype(int))
    of = np.repeat(np.arange(len(moves)), counts)
    along = (np.arange(len(of)) - np.repeat(counts.cumsum() - counts, counts) + 0.5) / counts[of]
    column, row = np.clip((line[of] + moves[of] * along[:, None]).astype(int), 0, CELLS - 1).T
    turn = np.mod(np.arctan2(moves[:, 1], moves[:, 0]), np.pi)[of] / np.pi * DIRECTIONS
    first, share, drop = turn.astype(int), turn % 1, (lengths / counts)[of]
    np.add.at(ink, (first % DIRECTIONS, row, column), (1 - share) * drop)
    np.add.at(ink, ((first + 1) % DIRECTIONS, row, column), share * drop)


def _blurring() -> Floats:
    """The product that blurs along one axis, what is at the edge spread inward."""
    away = np.arange(CELLS)[:, None] - np.arange(CELLS)
    weights = np.exp(-0.5 * (away / BLUR) ** 2)
    return weights / weights.sum(1, keepdims=True)


_BLURRING = _blurring()
