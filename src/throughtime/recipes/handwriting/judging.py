"""The network's own hand beside held-out drawings: how many points and strokes it takes, how large and legible it is.

It writes the phrases of some held-out drawings, or as many drawings of its own, and both are counted alike. Where it is
known which letter each point of a held-out drawing belongs to, as it is of the sample, letters are read back by a
`Reader`, which has seen other fonts alone.

Dimensions: T points, U letters of a phrase and an end behind them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from throughtime.recipes.handwriting.drawing import Drawing
from throughtime.recipes.handwriting.problem import HandwritingProblem
from throughtime.recipes.handwriting.reader import Reader, fonts_beside, lag_of, owners_of
from throughtime.recipes.handwriting.settings import Writing, bias_of
from throughtime.recipes.table import Column, Table
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.phrase_network import PhraseDesign

# Held-out drawings that it is held against, at most: enough for a mean, written in seconds.
JUDGED = 50
TITLE, READ_BACK = "Beside held-out drawings", "letters read back"
# Points where none are asked for: a phrase may take so many times what its letters took in training, a drawing without
# one so many.
TIMES, LEAST, ENOUGH = 3.0, 20, 400
# Training drawings that the lag is measured on, at most; and what it is where none are known.
MEASURED, LAG = 60, 0


@dataclass(frozen=True)
class Judged:
    """What it wrote, and what is told of it.

    Args:
        table: the figures.
        ours: the network's drawings, those of phrases with the letter that each point belongs to.
        theirs: the held-out drawings, of the same phrases.
        lag: from the point at which the window sees most of a letter to the letter's first point.
    """

    table: Table
    ours: tuple[Drawing, ...]
    theirs: tuple[Drawing, ...]
    lag: int

    @property
    def said(self) -> tuple[str, ...]:
        """What the scores are to hold of it, a line; nothing where no letters are read back."""
        if READ_BACK not in [each.name for each in self.table.columns]:
            return ()
        ours, theirs = self.table.column(READ_BACK)
        return (
            f"Letters read back by what has seen other fonts alone: {ours:.3f} as the network writes the phrases of "
            f"{len(self.theirs)} test drawings, {theirs:.3f} as they are drawn.",
        )


def enough(model: SequenceGenerator, phrase: str, asked: int | None) -> int:
    """Points that a drawing may have: those asked for, or what is plenty."""
    design = model.design_
    if asked is not None or not isinstance(design, PhraseDesign):
        return ENOUGH if asked is None else asked
    return LEAST + round(TIMES * len(phrase) / design.pace)


def written(
    model: SequenceGenerator, phrase: str, bias: float, points: int | None, seed: int, lag: int = LAG
) -> Drawing:
    """One drawing by a fitted network.

    Args:
        model: fitted.
        phrase: to be written, by a network that reads phrases; else nothing.
        bias: above 0 tidier.
        points: at most; None: what is plenty.
        seed: of the draws.
        lag: of the window, as `Judged` has it.

    Raises:
        ConfigError, DataError: as `SequenceGenerator.generate`.
    """
    made = model.generate(enough(model, phrase, points), phrase, bias=bias, seed=seed)
    if not phrase:
        return Drawing(made)
    return Drawing(made, phrase, owners_of(model.reading(made, phrase), made[:, 2] > 0, phrase, lag))


def measured_lag(problem: HandwritingProblem, model: SequenceGenerator) -> int:
    """The lag of the network's window on training drawings whose letters are known; `LAG` where none are."""
    known = [each for each in problem.train[:MEASURED] if each.owners is not None]
    if not known:
        return LAG
    return lag_of(
        [model.reading(each.points, each.phrase) for each in known],
        [each.points[:, 2] > 0 for each in known],
        [each.phrase for each in known],
        [each.owners for each in known if each.owners is not None],
    )


def judged(problem: HandwritingProblem, model: SequenceGenerator, writing: Writing, font: str) -> Judged:
    """Figures of the network's drawings and of held-out ones.

    Args:
        problem: whose test part gives the phrases.
        model: fitted.
        writing: bias and points.
        font: of the sample, which the reader of letters is not to have seen.
    """
    theirs = problem.test[:JUDGED]
    asked = [each.phrase if problem.phrased else "" for each in theirs]
    lag = measured_lag(problem, model) if problem.phrased else LAG
    bias = bias_of(writing, problem.phrased)
    ours = [written(model, phrase, bias, writing.points, seed, lag) for seed, phrase in enumerate(asked)]
    limits = [enough(model, phrase, writing.points) for phrase in asked]
    ended = sum(len(each) < limit for each, limit in zip(ours, limits, strict=True)) / len(ours)
    unit = "letter" if problem.phrased else "drawing"
    fonts = fonts_beside(font) if problem.phrased and all(each.owners is not None for each in theirs) else ()
    reader = Reader.learn(model.design_.letters.replace(" ", ""), fonts) if fonts else None
    columns = (
        Column("drawings"),
        *([Column(READ_BACK, digits=3)] if reader else []),
        Column("points", f"a {unit}", digits=1),
        Column("strokes", f"a {unit}"),
        Column("width", f"a {unit}", digits=1),
        Column("height", digits=1),
        Column("ended by itself", digits=2),
    )
    rows: tuple[tuple[str | float | None, ...], ...] = (
        (
            f"network, bias {bias:g}",
            *([share_read(reader, ours)] if reader else []),
            *_figures(ours, problem.phrased),
            ended,
        ),
        (
            "held-out drawings",
            *([share_read(reader, theirs)] if reader else []),
            *_figures(theirs, problem.phrased),
            None,
        ),
    )
    notes = tuple(_notes(len(theirs), problem.phrased, fonts, lag))
    return Judged(Table(TITLE, columns, rows, notes), tuple(ours), theirs, lag)


def share_read(reader: Reader, drawings: Sequence[Drawing]) -> float:
    """The share of letters that are read as what they should be, of drawings whose letters are known."""
    found = [reader.read_back(each.points, each.owners, each.phrase) for each in drawings if each.owners is not None]
    return sum(each.right for each in found) / sum(each.letters for each in found)


def _notes(count: int, phrased: bool, fonts: Sequence[str], lag: int) -> Iterator[str]:
    what = "their phrases were written" if phrased else "as many were drawn"
    yield (
        f"{count} held-out drawings are counted, and {what}; means. Width and height are in the strokes' own units; "
        "what did not end by itself was cut."
    )
    if fonts:
        yield (
            f"Letters are read one by one, by a perceptron trained on other fonts ({', '.join(fonts)}); what it makes "
            "of held-out drawings says how well it reads. A letter of the network's is taken to begin where "
            f"the pen touches next to where its window sees most of it (lag {lag}, measured on training drawings)."
        )


def _figures(drawings: Sequence[Drawing], phrased: bool) -> list[float]:
    """Points, strokes and width of a letter, or of a drawing, and the mean height."""
    units = sum(sum(not letter.isspace() for letter in each.phrase) for each in drawings) if phrased else len(drawings)
    totals = [
        sum(map(len, drawings)),
        sum(len(each.lines) for each in drawings),
        sum(each.size[0] for each in drawings),
    ]
    return [*(total / units for total in totals), float(np.mean([each.size[1] for each in drawings]))]
