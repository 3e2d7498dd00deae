"""Methods that tell what comes next, judged by nats: their table, and what it comes to.

A method's score is the mean of -log p over the symbols, or frames, of a test part. What a corpus adds, such as bits a
character, stands in columns of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from throughtime.recipes.by_method import table_of
from throughtime.recipes.settings import Cell
from throughtime.recipes.table import Column, Spread, Table

NETWORKS: dict[str, Cell] = {"perceptron": "perceptron", "Elman RNN": "rnn", "LSTM": "lstm"}
# What a run's own network is called, and which of several is ours.
NETWORK, OURS = "network", "LSTM"
# Standard errors of a gap between seeds that are taken for more than noise.
NOISE = 2.0
# Nats that tables of three digits do not show.
LEAST_TOLD = 0.0005
OF_NGRAMS = "Smaller is better. Parameters of n-grams are those counted; a symbol that is not known counts as unknown."


@dataclass(frozen=True)
class Scored:
    """What one method makes of the test part.

    Args:
        method: its name.
        nats: mean of -log p over symbols, or frames.
        parameters: numbers fitted.
        seconds: of fitting.
        seeded: whether it is trained from first weights, so that a trial from another seed differs.
    """

    method: str
    nats: float
    parameters: int
    seconds: float
    seeded: bool

    @property
    def perplexity(self) -> float:
        """e to the nats."""
        return math.exp(self.nats)


@dataclass(frozen=True)
class Unit:
    """What nats are of, and what else is said of them.

    Args:
        name: "symbol" or "frame".
        beside: columns after that of nats, by the attribute of a scored method that they show.
        advice: what it may mean that the network is worse than the best rule.
    """

    name: str
    beside: Mapping[str, Column]
    advice: str


def scores_of(title: str, unit: Unit, found: Sequence[Sequence[Scored]], notes: Sequence[str], counted: bool) -> Table:
    """One row a method.

    Args:
        title: of the table.
        unit: what nats are of.
        found: of each method its trials.
        notes: what there is to say before the verdict.
        counted: whether numbers of seeds are told.
    """
    figures = {"nats": Column(f"nats a {unit.name}", digits=3), **unit.beside}
    seeded = {trials[0].method for trials in found if trials[0].seeded} if counted else None
    return table_of(title, figures, found, (*notes, *verdict(unit, found)), seeded)


def verdict(unit: Unit, found: Sequence[Sequence[Scored]]) -> Iterator[str]:
    """Whether our network is better than the best rule by more than noise; nothing where either is not there."""
    ours = next((trials for trials in found if trials[0].method in (OURS, NETWORK)), None)
    rules = [trials for trials in found if not trials[0].seeded]
    if ours is None or not rules:
        return
    best = min(rules, key=_mean)
    gap = _mean(best) - _mean(ours)
    noise = NOISE * Spread.of(each.nats for each in ours).deviation / len(ours) ** 0.5
    if abs(gap) <= max(noise, LEAST_TOLD):
        what = "there is no more than noise" if noise > LEAST_TOLD else "there is no difference"
        yield f"Between {ours[0].method} and {best[0].method} {what}."
        return
    yield (
        f"{ours[0].method} is {'better' if gap > 0 else 'worse'} than {best[0].method} by {abs(gap):.3f} nats a "
        f"{unit.name}{'' if gap > 0 else f': {unit.advice}'}"
        f"{'' if len(ours) > 1 else '; one training, so that no spread is known'}."
    )


def _mean(trials: Sequence[Scored]) -> float:
    return Spread.of(each.nats for each in trials).mean
