"""The report's pictures: pieces as piano rolls, and histograms of their pitches and durations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from throughtime.data.midi import NAMES, Music
from throughtime.insight.piano_roll import PlayedPiece, draw_piano_rolls
from throughtime.recipes.figure import as_element, colours, legend_above
from throughtime.recipes.music.judging import DURATION_NAMES, Shares


def piano_rolls(pieces: Mapping[str, tuple[Music, float]], page: bool) -> str:
    """Pieces one above the other, SVG.

    Args:
        pieces: by heading each piece, and the quarter notes at its beginning that were given.
        page: whether it is to stand in a page.

    Raises:
        ShapeError: none of them has a note.
    """
    return draw_piano_rolls([_played(name, *each) for name, each in pieces.items()], title="Piano roll", page=page)


def histograms(pitch_classes: Mapping[str, Shares], durations: Mapping[str, Shares]) -> str:
    """Shares of pitch classes and of durations, whose music it is side by side; an SVG element."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        _bars(left, NAMES, pitch_classes)
        left.set_xlabel("pitch class")
        left.set_ylabel("share of the time")
        _bars(right, DURATION_NAMES, durations)
        right.set_xlabel("duration in quarter notes, up to")
        right.set_ylabel("share of the notes")
        legend_above(right, len(durations))

    return as_element(draw, 3.0, "histograms")


def _played(name: str, music: Music, given: float) -> PlayedPiece:
    tones = [(note.start, note.duration, note.pitch) for note in music.notes]
    return PlayedPiece(name, tones, music.quarters, given)


def _bars(axes: Axes, names: Sequence[str], shares: Mapping[str, Shares]) -> None:
    width = 0.8 / len(shares)
    for place, (colour, (name, each)) in enumerate(zip(colours(len(shares)), shares.items(), strict=True)):
        axes.bar(np.arange(len(names)) + (place + 0.5) * width - 0.4, each, width, color=colour, label=name)
    axes.set_xticks(np.arange(len(names)), names)
