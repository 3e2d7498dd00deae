"""What a published row is, and what a rerun of it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from throughtime.recipes.table import Spread

# How well we know a published figure.
SEEN = "seen"  # read where it was published, or in its repository
RECALLED = "recalled"  # from memory, not verified
MEASURED = "measured"  # by us, from the same files


@dataclass(frozen=True)
class Found:
    """One figure of ours.

    Args:
        name: of the row, and of its part where it has several.
        ours: mean and deviation over folds, draws or seeds.
        published: what others reached, and who, in words; empty for nothing.
        beside: others measured on the same split, by name.
    """

    name: str
    ours: Spread
    published: str
    beside: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One published row.

    Args:
        name: what it is asked for by.
        metric: its name.
        split: what trains and what tests, and how often.
        published: what others reached, and who, in words; empty for nothing.
        known: SEEN, RECALLED or MEASURED; empty where nothing is published.
        trials: folds, draws or seeds of a whole rerun.
        files: that it reads, in the folder of all sets.
        data: the public set that has them; empty where no address could be pinned.
        check: settings as text to settings, before the first trial.
        run: from the folder of all sets, trials, settings, and whether progress is shown, to the figures.
        obtain: where to get the files by hand, for one without `data`.
    """

    name: str
    metric: str
    split: str
    published: str
    known: str
    trials: int
    files: tuple[str, ...]
    data: str
    check: Callable[[Mapping[str, str]], Mapping[str, Any]]
    run: Callable[[Path, int, Mapping[str, Any], bool], Sequence[Found]]
    obtain: str = ""
