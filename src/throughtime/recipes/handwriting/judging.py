"""The network's own hand beside held-out drawings: how many points and strokes it takes, how large and legible it is.

It writes the phrases of some held-out drawings, or as many drawings of its own, and both are counted alike. Of what it
wrote for a phrase the window says which letter each point belongs to. Where that is known of held-out drawings too, as
it is of the sample, letters are read back by a `Reader`, which has seen other fonts alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from throughtime.recipes.handwriting.drawing import Drawing
from throughtime.recipes.handwriting.problem import HandwritingProblem
from throughtime.recipes.handwriting.reader import FONTS, Reader, owners_of
from throughtime.recipes.handwriting.settings import Writing
from throughtime.recipes.table import Column, Table
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.phrase_network import PhraseDesign

# Held-out drawings that it is held against, at most: enough for a mean, written in seconds.
JUDGED = 50
TITLE = "Beside held-out drawings"
# Points where none are asked for: a phrase may take so many times what its letters took in training, a drawing without
# one so many.
TIMES, LEAST, ENOUGH = 3.0, 20, 400


@dataclass(frozen=True)
class Judged:
    """What it wrote, and what is told of it.

    Args:
        table: the figures.
        ours: the network's drawings, those of phrases with the letter that each point belongs to.
        theirs: the held-out drawings, of the same phrases.
    """

    table: Table
    ours: tuple[Drawing, ...]
    theirs: tuple[Drawing, ...]


def enough(model: SequenceGenerator, phrase: str, asked: int | None) -> int:
    """Points that a drawing may have: those asked for, or what is plenty."""
    design = model.design_
    if asked is not None or not isinstance(design, PhraseDesign):
        return ENOUGH if asked is None else asked
    return LEAST + round(TIMES * len(phrase) / design.pace)


def written(model: SequenceGenerator, phrase: str, bias: float, points: int | None, seed: int) -> Drawing:
    """One drawing by a fitted network.

    Args:
        model: fitted.
        phrase: to be written, by a network that reads phrases; else nothing.
        bias: above 0 tidier.
        points: at most; None: what is plenty.
        seed: of the draws.

    Raises:
        ConfigError, DataError: as `SequenceGenerator.generate`.
    """
    made = model.generate(enough(model, phrase, points), phrase, bias=bias, seed=seed)
    if not phrase:
        return Drawing(made)
    return Drawing(made, phrase, owners_of(model.reading(made, phrase), made[:, 2] > 0, phrase))


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
    ours = [written(model, phrase, writing.bias, writing.points, seed) for seed, phrase in enumerate(asked)]
    limits = [enough(model, phrase, writing.points) for phrase in asked]
    ended = sum(len(each) < limit for each, limit in zip(ours, limits, strict=True)) / len(ours)
    unit = "letter" if problem.phrased else "drawing"
    fonts = tuple(each for each in FONTS if each != font)
    reader = _reader(model, theirs, fonts) if problem.phrased else None
    columns = (
        Column("drawings"),
        *([Column("letters read back", digits=3)] if reader else []),
        Column(f"points a {unit}", digits=1),
        Column(f"strokes a {unit}"),
        Column(f"width a {unit}", digits=1),
        Column("height", digits=1),
        Column("ended by itself", digits=2),
    )
    rows: tuple[tuple[str | float | None, ...], ...] = (
        (f"network, bias {writing.bias:g}", *_read(reader, ours), *_figures(ours, problem.phrased), ended),
        ("held-out drawings", *_read(reader, theirs), *_figures(theirs, problem.phrased), None),
    )
    notes = tuple(_notes(len(theirs), problem.phrased, fonts if reader else ()))
    return Judged(Table(TITLE, columns, rows, notes), tuple(ours), theirs)


def _reader(model: SequenceGenerator, theirs: Sequence[Drawing], fonts: Sequence[str]) -> Reader | None:
    """What reads letters; None where nobody knows which points of held-out drawings belong to which."""
    if any(each.owners is None for each in theirs):
        return None
    return Reader.learn(model.design_.letters.replace(" ", ""), fonts)


def _read(reader: Reader | None, drawings: Sequence[Drawing]) -> list[float]:
    """The share of letters that are read as what they should be; nothing without a reader."""
    if reader is None:
        return []
    found = [reader.read_back(each.points, each.owners, each.phrase) for each in drawings if each.owners is not None]
    return [sum(each.right for each in found) / sum(each.letters for each in found)]


def _notes(count: int, phrased: bool, fonts: Sequence[str]) -> Iterator[str]:
    what = "their phrases were written" if phrased else "as many were drawn"
    yield (
        f"{count} held-out drawings are counted, and {what}; means. Width and height are in the strokes' own units; "
        "what did not end by itself was cut."
    )
    if fonts:
        yield (
            f"Letters are read one by one, by a perceptron trained on other fonts ({', '.join(fonts)}); what it makes "
            "of held-out drawings says how well it reads."
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
