"""Made-up heart beats: a sample on which anomalies are told by order in time, and hardly by any statistic.

A row is a train of beats. A beat is a small wave, a sharp spike and a broad wave behind it; distances and heights vary
from beat to beat, and noise lies over all. In an anomalous row one beat out of the middle is

    missing      the line stays flat
    early        it comes at 55 to 70 % of its time
    backward     it runs from its end to its beginning, at its place

Nobody's heart was measured. Rows of both kinds have the same beats; one of eight or nine is changed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NORMAL, ANOMALOUS = "normal", "anomalous"
STEPS, PERIOD = 160, 20  # of a row, and of a beat on average
SHARE = 0.2  # of rows that are anomalous
NOISE = 0.05
KINDS = ("missing", "early", "backward")
Floats = NDArray[np.float64]


def synthetic_beats(count: int = 1000, seed: int = 0) -> tuple[list[Floats], list[str], list[str]]:
    """Rows of beats.

    Args:
        count: rows, at least 1.
        seed: of everything drawn.

    Returns:
        The rows, each [160, 1]; their labels, "normal" or "anomalous"; and of each the kind of its anomaly, "" for
        none.
    """
    draws = np.random.default_rng(seed)
    kinds = [str(draws.choice(KINDS)) if draws.random() < SHARE else "" for _ in range(count)]
    rows = [_row(kind, draws) for kind in kinds]
    return rows, [ANOMALOUS if kind else NORMAL for kind in kinds], kinds


def _row(kind: str, draws: np.random.Generator) -> Floats:
    gaps = PERIOD * draws.normal(1, 0.05, size=STEPS // PERIOD + 3)
    starts = np.cumsum(gaps) - draws.uniform(0.5, 1.5) * PERIOD
    heights = draws.normal(1, 0.08, size=len(starts))
    middle = int(draws.integers(3, len(starts) - 4))
    if kind == "early":
        starts[middle] -= draws.uniform(0.30, 0.45) * PERIOD
    row = draws.normal(0, NOISE, size=STEPS)
    time = np.arange(STEPS)
    for place, (start, height) in enumerate(zip(starts, heights, strict=True)):
        if place == middle and kind == "missing":
            continue
        phase = (time - start) / PERIOD
        row += height * _beat(1 - phase if place == middle and kind == "backward" else phase)
    return row[:, None]


def _beat(phase: Floats) -> Floats:
    """The height of a beat at phases of it, 0 at its beginning and 1 at its end."""
    waves = ((0.20, 0.05, 0.2), (0.38, 0.022, 1.0), (0.65, 0.08, 0.35))  # place, width, height
    found = np.zeros_like(phase)
    for place, width, height in waves:
        found += height * np.exp(-(((phase - place) / width) ** 2) / 2)
    return found
