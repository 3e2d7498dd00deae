"""Phrases as a pen writes them, made up from the stroke fonts of A. V. Hershey.

Each phrase has a slant, a size and a width of its own; each letter stands a little too high or too low, too far or too
near, and every point of it lies a little off; some letters are joined to the next. All of it is drawn by numpy's
generator: the same seed makes the same phrases.

Dimensions: T points of a phrase. x grows to the right, y downward; capital letters are 21 high.

Source: Hershey, Calligraphy for Computers, NWL 2101, 1967 (fonts of public domain; package Hershey-Fonts).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import ConfigError, DataError

Points = NDArray[np.float64]
# What a blank between words is wide, and how far the pen has come when a phrase begins.
BLANK, ENTRY = 10.0, (2.0, 0.0)


@dataclass(frozen=True)
class Variation:
    """How much hands differ, as standard deviations.

    Args:
        slant: shear of a phrase.
        size: logarithm of its size.
        width: logarithm of its width over its height.
        rise: of a letter, up or down.
        gap: between letters.
        swell: logarithm of a letter's size.
        jitter: of each point.
        joined: share of letters that are joined to the next.
    """

    slant: float = 0.12
    size: float = 0.08
    width: float = 0.06
    rise: float = 0.6
    gap: float = 0.5
    swell: float = 0.04
    jitter: float = 0.5
    joined: float = 0.1


class Glyph(NamedTuple):
    """A letter: its strokes [P, 2], and how far the next one is from it."""

    strokes: tuple[Points, ...]
    advance: float


class Phrase(NamedTuple):
    """A phrase as it is written.

    points: [T, 3] dx, dy, and 1 where the pen lifts.
    owners: [T] the place in the text of the letter that each point belongs to.
    """

    points: Points
    owners: NDArray[np.int64]


@cache
def glyph(font: str, letter: str) -> Glyph:
    """A letter of a font.

    Raises:
        ConfigError: the package Hershey-Fonts is missing, or has no such font.
        DataError: the font has no such letter.
    """
    strokes, beside = _strokes(font, letter), _strokes(font, letter + letter)
    if not strokes:
        raise DataError(f"A phrase is of letters that the font {font} has: {letter!r} came. Leave it out.")
    return Glyph(tuple(strokes), float(beside[len(strokes)][0, 0] - strokes[0][0, 0]))


def write(text: str, font: str, draws: np.random.Generator, variation: Variation | None = None) -> Phrase:
    """A phrase in a font's hand.

    Args:
        text: letters and blanks, a letter at least.
        font: of the package Hershey-Fonts, such as "futural".
        draws: what the hand's variation is drawn by.
        variation: how much of it; None: the usual.

    Raises:
        ConfigError, DataError: as `glyph`; a text without letters.
    """
    usual = variation or Variation()
    if not text.strip():
        raise DataError(f"A phrase has a letter at least: {text!r} came.")
    slant, size = draws.normal(0, usual.slant), np.exp(draws.normal(0, usual.size))
    wide = size * np.exp(draws.normal(0, usual.width))
    strokes: list[Points] = []
    owners: list[NDArray[np.int64]] = []
    x = 0.0
    for place, letter in enumerate(text):
        if letter.isspace():
            x += BLANK
            continue
        made, swell = glyph(font, letter), np.exp(draws.normal(0, usual.swell))
        at = np.array([x, draws.normal(0, usual.rise)])
        for stroke in made.strokes:
            strokes.append(stroke * swell + draws.normal(0, usual.jitter, stroke.shape) + at)
            owners.append(np.full(len(stroke), place))
        x += made.advance * swell + draws.normal(0, usual.gap)
    pen = [np.zeros(len(stroke)) for stroke in strokes]
    for line, lifts in zip(pen, _lifts(owners, draws, usual.joined), strict=True):
        line[-1] = lifts
    places = np.concatenate(strokes)
    leaning = np.stack([places[:, 0] - slant * places[:, 1], places[:, 1]], 1) * [wide, size]
    moves = np.diff(leaning, axis=0, prepend=leaning[:1] - ENTRY)
    return Phrase(np.concatenate([moves, np.concatenate(pen)[:, None]], 1), np.concatenate(owners))


def letters_of(points: Points, owners: NDArray[np.integer[Any]]) -> dict[int, list[Points]]:
    """The strokes of each letter, as lines of places [P, 2], from points and whose each is.

    Args:
        points: [T, 3].
        owners: [T] the letter that each belongs to.
    """
    places, lifts = points[:, :2].cumsum(0), points[:, 2] > 0
    ends = np.flatnonzero(lifts[:-1] | (owners[1:] != owners[:-1])) + 1
    found: dict[int, list[Points]] = {}
    for line, owner in zip(np.split(places, ends), np.split(owners, ends), strict=True):
        found.setdefault(int(owner[0]), []).append(line)
    return found


def _strokes(font: str, text: str) -> list[Points]:
    return [np.array(stroke, dtype=np.float64) for stroke in _loaded(font).strokes_for_text(text)]


@cache
def _loaded(font: str) -> Any:
    """A font, read from its file once."""
    try:
        from HersheyFonts import HersheyFonts
    except ImportError:
        raise ConfigError(
            "Stroke fonts come with the package Hershey-Fonts, which is not installed here. Install it: "
            "pip install 'throughtime[handwriting]'."
        ) from None
    fonts = HersheyFonts()
    if font not in fonts.default_font_names:
        raise ConfigError(f"A font is one of {', '.join(fonts.default_font_names)}: {font!r} came.")
    fonts.load_default_font(font)
    return fonts


def _lifts(owners: Sequence[NDArray[np.int64]], draws: np.random.Generator, share: float) -> list[bool]:
    """Whether the pen lifts after each stroke: not where a letter is joined to the next of its word."""
    last = len(owners) - 1
    follows = [k < last and owners[k + 1][0] == owners[k][0] + 1 for k in range(len(owners))]
    return [not (each and draws.random() < share) for each in follows]
