"""What rules say of the next point: a mixture of normals without memory, and one that knows the move before.

    without memory    p(d[t], q[t]) = sum_m pi_m N(d[t]; m) P_m(q[t])
    first order       likewise over (d[t-1], d[t]), divided by what it says of d[t-1] alone; one mixture where the pen
                      stayed down after d[t-1] and one where it lifted

d is a move, q what the pen does after it: stays, lifts, or ends. P_m counts that with the share each normal has in each
training point, 1 added. Normals are as narrow as the network's at the least. The mean is over all points but a
sequence's first, as the network's.

Dimensions: N points, M normals, K numbers that a move is told from.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from throughtime.data.strokes import Strokes
from throughtime.nn.heads.strokes import ENDS, LEAST_SPREAD, LIFTS, PEN_STATES
from throughtime.recipes.by_nats import Scored
from throughtime.recipes.handwriting.drawing import points_of
from throughtime.recipes.handwriting.problem import HandwritingProblem
from throughtime.tasks.stroke_medium import COMPONENTS
from throughtime.tasks.strokes import scale_of

Numbers = NDArray[np.float64]
ALONE, FIRST = "mixture without memory", "mixture after a move"
# Points that a mixture is fitted to, drawn where there are more: its hundred numbers are known well from so many.
ENOUGH = 50_000


@dataclass(frozen=True)
class Moves:
    """Points with what came before them.

    Args:
        before: [N, 2] the move before.
        lifted: [N] whether the pen lifted after it.
        moves: [N, 2].
        pen: [N] what the pen does after each: 0 stays, 1 lifts, 2 ends.
    """

    before: Numbers
    lifted: NDArray[np.bool_]
    moves: Numbers
    pen: NDArray[np.int64]

    def __len__(self) -> int:
        """N."""
        return len(self.moves)

    def __getitem__(self, kept: NDArray[np.bool_]) -> Moves:
        """Some of them."""
        return Moves(self.before[kept], self.lifted[kept], self.moves[kept], self.pen[kept])


def moves_of(strokes: Sequence[Strokes]) -> Moves:
    """All points but each sequence's first."""
    ended = [np.concatenate([each[:-1], [[*each[-1, :2], ENDS]]]) for each in strokes]
    before, after = (np.concatenate([each[part] for each in ended]) for part in (slice(None, -1), slice(1, None)))
    return Moves(before[:, :2], before[:, 2] == LIFTS, after[:, :2], after[:, 2].astype(np.int64))


class Mixture:
    """A mixture of normals over moves, with chances for the pen.

    Args:
        given: [N, K] what each move is told from; K = 0: nothing.
        train: the moves.
        least: variance that every normal has at the least.
    """

    def __init__(self, given: Numbers, train: Moves, least: float) -> None:
        values = np.concatenate([given, train.moves], 1)
        if len(values) > ENOUGH:
            chosen = np.random.default_rng(0).choice(len(values), ENOUGH, replace=False)
            values, pen = values[chosen], train.pen[chosen]
        else:
            pen = train.pen
        self.normals = GaussianMixture(min(COMPONENTS, len(values)), reg_covar=least, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # where it had come by then is a mixture too
            self.normals.fit(values if len(values) > 1 else np.repeat(values, 2, 0))
        counts = self.normals.predict_proba(values).T @ np.eye(PEN_STATES)[pen] + 1
        self.chances = counts / counts.sum(1, keepdims=True)

    @property
    def parameters(self) -> int:
        """Numbers fitted."""
        M, D = self.normals.means_.shape
        return M - 1 + M * (D + D * (D + 1) // 2) + M * (PEN_STATES - 1)

    def nats(self, given: Numbers, asked: Moves) -> Numbers:
        """-log p of each move and of what the pen does, [N]."""
        values = np.concatenate([given, asked.moves], 1)
        whole = self._logs(values, values.shape[1])
        of_pen = np.log(self.chances[:, asked.pen].T)
        return self._whole(given) - logsumexp(whole + of_pen, axis=1)

    def _whole(self, given: Numbers) -> Numbers:
        """log p of what moves are told from, [N]."""
        return logsumexp(self._logs(given, given.shape[1]), axis=1) if given.shape[1] else np.zeros(len(given))

    def _logs(self, values: Numbers, numbers: int) -> Numbers:
        """log of each normal's share times its density over the first so many numbers, [N, M]."""
        found = [
            np.log(share) + multivariate_normal.logpdf(values, mean[:numbers], spread[:numbers, :numbers])
            for share, mean, spread in zip(
                self.normals.weights_, self.normals.means_, self.normals.covariances_, strict=True
            )
        ]
        return np.stack([np.reshape(each, len(values)) for each in found], 1)


def without_memory(train: Sequence[Strokes], test: Sequence[Strokes]) -> tuple[float, int]:
    """Nats a point where nothing is remembered, and numbers fitted.

    Args:
        train: [T, 3] each, that is counted; one of them has two points at least.
        test: [T, 3] each, that is scored; likewise.
    """
    known, asked = moves_of(train), moves_of(test)
    mixture = Mixture(known.before[:, :0], known, _least(train))
    return float(mixture.nats(asked.before[:, :0], asked).mean()), mixture.parameters


def first_order(train: Sequence[Strokes], test: Sequence[Strokes]) -> tuple[float, int]:
    """Nats a point where the move before is known, and numbers fitted; arguments as `without_memory`."""
    known, asked = moves_of(train), moves_of(test)
    total, parameters = 0.0, 0
    for lifted in (False, True):
        own, there = known[known.lifted == lifted], asked[asked.lifted == lifted]
        own = own if len(own) else known  # a pen that never lifted in training
        if len(there):
            mixture = Mixture(own.before, own, _least(train))
            total += float(mixture.nats(there.before, there).sum())
            parameters += mixture.parameters
    return total / len(asked), parameters


RULES = {ALONE: without_memory, FIRST: first_order}


def try_rule(problem: HandwritingProblem, name: str) -> Scored:
    """One of `RULES` on the test part."""
    began = time.perf_counter()
    nats, parameters = RULES[name](points_of(problem.train), points_of(problem.test))
    return Scored(name, nats, parameters, time.perf_counter() - began, seeded=False)


def _least(train: Sequence[Strokes]) -> float:
    return (LEAST_SPREAD * scale_of(train)) ** 2
