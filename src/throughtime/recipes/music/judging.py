"""The network's own music beside held-out music: pitches and durations, how far apart they are, and what was copied.

    distance   total variation between two histograms, 1/2 sum_i |p_i - q_i|, 0 .. 1

The network goes on from the beginnings of some held-out pieces; what it writes is judged, and beside it how those
pieces themselves go on. Both are measured from the other held-out pieces.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.data.midi import NAMES, TEMPO, Music
from throughtime.metrics import longest_copy
from throughtime.recipes.music.kinds import Kind
from throughtime.recipes.music.problem import MusicProblem
from throughtime.recipes.music.reading import TEST, TRAIN
from throughtime.recipes.music.settings import Writing
from throughtime.recipes.table import Column, Table
from throughtime.tasks import SequenceGenerator

Shares = NDArray[np.float64]
# Held-out pieces that are gone on from, at most: enough notes for a histogram, drawn in seconds.
JUDGED = 6
# Durations that are told apart, in quarter notes: a note counts for the shortest of these that it does not pass.
DURATIONS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
DURATION_NAMES = ("1/4", "1/2", "3/4", "1", "1 1/2", "2", "3", "4", "longer")
_ROUNDING = 1e-6
# Steps become letters of these numbers, so that runs are found as in texts; no step of training has the first one.
_UNKNOWN = 0x10000


@dataclass(frozen=True)
class Improvisation:
    """What the network makes of a beginning, and what the piece made of it.

    Args:
        primer: steps that were given, half of the piece at most.
        ours: steps that the network wrote.
        theirs: as many of the piece's own, where it has them.
        tempo: of the piece.
    """

    primer: Any
    ours: Any
    theirs: Any
    tempo: float


@dataclass(frozen=True)
class Judged:
    """Histograms and what is told of them.

    Args:
        table: the figures.
        pitch_classes, durations: shares by whose music it is.
    """

    table: Table
    pitch_classes: dict[str, Shares]
    durations: dict[str, Shares]


def improvised(problem: MusicProblem, model: SequenceGenerator, writing: Writing) -> list[Improvisation]:
    """The network goes on from beginnings of held-out pieces: half of them, `JUDGED` at most.

    Args:
        problem: whose test part it goes on from.
        model: fitted.
        writing: how much is given, and written.
    """
    count = min(JUDGED, max(1, len(problem.test) // 2))
    found = []
    for seed, (steps, piece) in enumerate(zip(problem.read[TEST][:count], problem.test, strict=False)):
        given = min(writing.primer, max(1, len(steps) // 2))
        primer = known(steps[:given], model)
        written = model.generate(writing.length, primer, temperature=writing.temperature, seed=seed)
        theirs = steps[given : given + writing.length]
        found.append(Improvisation(primer, written[len(primer) :], theirs, piece.tempo))
    return found


def known(steps: Any, model: SequenceGenerator) -> Any:
    """Steps without symbols that training never showed; frames of keys have none such."""
    if isinstance(steps, np.ndarray):
        return steps
    strange = set(model.encoding_.unknown(steps)) if steps else set()
    return tuple(step for step in steps if step not in strange)


def judged(problem: MusicProblem, found: Sequence[Improvisation], temperature: float) -> Judged:
    """Figures of the network's music and of held-out music, both beside other held-out music.

    Args:
        problem: the music.
        found: of `improvised`.
        temperature: that it was written at.
    """
    kind = problem.kind
    others = problem.test[len(found) :] or problem.test
    ours, theirs = [each.ours for each in found], [each.theirs for each in found]
    reference = _histograms(kind, [kind.encode(piece) for piece in others])
    train = problem.read[TRAIN]
    rows = (
        (f"network, temperature {temperature:g}", *_apart(kind, ours, reference), *copied(kind, ours, train)),
        ("held-out music", *_apart(kind, theirs, reference), *copied(kind, theirs, train)),
    )
    columns = (
        Column("music"),
        Column("pitch classes, distance", digits=3),
        Column("durations, distance", digits=3),
        Column(f"{kind.step}s that training has", digits=3),
        Column(f"longest copy, {kind.step}s"),
    )
    beside = "other held-out pieces" if len(problem.test) > len(found) else "held-out pieces, these among them"
    notes = (
        f"Of {len(found)} held-out pieces the network went on from the beginning; the second row is how they went on "
        f"themselves. Distances (total variation, 0 to 1) are from {len(others)} {beside}; the copy is the longest run "
        "that stands in one training piece, in the same key.",
    )
    shown = {"network": _histograms(kind, ours), f"{len(others)} held-out pieces": reference}
    return Judged(
        Table("Beside held-out music", columns, rows, notes),
        {name: classes for name, (classes, _) in shown.items()},
        {name: durations for name, (_, durations) in shown.items()},
    )


def _histograms(kind: Kind, sequences: Iterable[Any]) -> tuple[Shares, Shares]:
    """Shares of pitch classes and durations in sequences of steps."""
    pieces = [kind.decode(steps, TEMPO) for steps in sequences if len(steps)]
    return pitch_classes(pieces), note_durations(pieces)


def _apart(kind: Kind, sequences: Sequence[Any], reference: tuple[Shares, Shares]) -> list[float | None]:
    """How far both histograms are from the reference's; None where all is silence."""
    pairs = zip(_histograms(kind, sequences), reference, strict=True)
    return [distance(shares, other) if shares.any() else None for shares, other in pairs]


def pitch_classes(pieces: Iterable[Music]) -> Shares:
    """[12] share of each pitch class, C first, in the time that tones sound; 0 where there are none."""
    found = np.zeros(len(NAMES))
    for piece in pieces:
        for note in piece.notes:
            found[note.pitch % 12] += note.duration
    return _as_shares(found)


def note_durations(pieces: Iterable[Music]) -> Shares:
    """Share of notes of each of `DURATION_NAMES`; 0 where there are none."""
    found = np.zeros(len(DURATION_NAMES))
    for piece in pieces:
        for note in piece.notes:
            found[int(np.searchsorted(DURATIONS, note.duration - _ROUNDING))] += 1
    return _as_shares(found)


def distance(first: Shares, second: Shares) -> float:
    """Total variation between two histograms, 0 .. 1."""
    return float(np.abs(first - second).sum() / 2)


def copied(kind: Kind, written: Sequence[Any], train: Sequence[Any]) -> tuple[float | None, int | None]:
    """The share of steps that training has, and the longest run of them that stands in one of its pieces.

    None where there is no training part, or nothing was written.
    """
    pieces = [kind.keys(steps) for steps in train]
    letters: dict[Hashable, str] = {}
    for step in (step for piece in pieces for step in piece):
        letters.setdefault(step, chr(_UNKNOWN + 1 + len(letters)))
    ours = ["".join(letters.get(step, chr(_UNKNOWN)) for step in kind.keys(steps)) for steps in written if len(steps)]
    if not pieces or not ours:
        return None, None
    source = "\n".join("".join(letters[step] for step in piece) for piece in pieces)
    steps = "".join(ours)
    share = sum(letter != chr(_UNKNOWN) for letter in steps) / len(steps)
    return share, max(len(longest_copy(each, source)) for each in ours)


def _as_shares(counts: Shares) -> Shares:
    return counts / counts.sum() if counts.any() else counts
