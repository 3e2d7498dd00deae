"""What forecasts of movements are worth: Matthews correlation and its standard error, and gains over naive rules.

Scored are the decisions whose movement is known and not left out. Flat movements left out, the classes are up and
down, as is usual where a dead zone is used (Xu & Cohen, ACL 2018); nobody knows at the close whether the next movement
will be flat, so that such a score is of the movements that came, not of all days.

Standard errors come from a moving-block bootstrap: stretches of 20 sessions in a row (all securities together) are
drawn with replacement, so that what is alike in neighbouring sessions, and in securities, stays together. A gain is
the difference of two methods on the same draws; below two standard errors it is called within noise.

Sources: Matthews, BBA Protein Structure 405(2), 1975; Gorodkin 2004 (K classes); Künsch, Annals of Statistics 17(3),
1989 (moving blocks).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from throughtime import metrics
from throughtime.base.errors import DataError

Array = np.ndarray
# A month of sessions; what returns have in common fades within it.
BLOCK_SESSIONS = 20
RESAMPLES = 2000
# A share of classes is never taken as 0, so that a class that training hardly showed can be called.
LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class Forecasts:
    """Decisions in the order of stretches, N of them.

    Args:
        stretch: [N] number of the stretch.
        session: [N] place of the session at whose close it was made.
        security: [N] place of the security.
        came: [N] class that came, nan where unknown or left out.
        probability: [N, K] of each class.
        share: [N, K] of each class in the training part.
        called: [N] class called.
    """

    stretch: Array
    session: Array
    security: Array
    came: Array
    probability: Array
    share: Array
    called: Array

    @classmethod
    def joined(cls, parts: Sequence[Forecasts]) -> Forecasts:
        """Those of several stretches, one after the other."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))

    @property
    def scored(self) -> Array:
        """Which decisions count [N]."""
        return np.isfinite(self.came)

    def of_stretch(self, number: int) -> Forecasts:
        """The decisions of one stretch."""
        own = self.stretch == number
        return Forecasts(*(getattr(self, name)[own] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Scores:
    """Figures of one method on the scored decisions.

    Args:
        matthews: from -1 to 1; 0 is chance, and what one class for all gives.
        balanced_accuracy: mean over classes of the share found.
        accuracy: share called right.
        log_loss: nats, of the probabilities.
        share_loss: nats, of the training part's class shares.
        decisions: scored.
    """

    matthews: float
    balanced_accuracy: float
    accuracy: float
    log_loss: float
    share_loss: float
    decisions: int


def call(probability: Array, share: Array, how: str) -> Array:
    """The class called of each decision [N].

    Args:
        probability: [N, K].
        share: [N, K] of the training part.
        how: "balanced": where probability exceeds share most, since Matthews and balanced accuracy count classes
            alike; "likeliest": the largest probability.
    """
    weight = probability / np.maximum(share, LEAST_SHARE) if how == "balanced" else probability
    return np.asarray(weight.argmax(axis=1), dtype=np.float64)


def score(forecasts: Forecasts) -> Scores:
    """Score the decisions that count.

    Raises:
        DataError: there is none.
    """
    kept = forecasts.scored
    if not kept.any():
        raise DataError(
            f"Scores need movements that came: of {len(kept)} decisions none has one that counts. Give more sessions, "
            "or a smaller dead_zone=."
        )
    came, called = forecasts.came[kept], forecasts.called[kept]
    return Scores(
        matthews=metrics.matthews(came, called),
        balanced_accuracy=metrics.balanced_accuracy(came, called),
        accuracy=metrics.accuracy(came, called),
        log_loss=metrics.log_loss(came, forecasts.probability[kept]),
        share_loss=metrics.log_loss(came, forecasts.share[kept]),
        decisions=int(kept.sum()),
    )


def resampled_matthews(forecasts: Sequence[Forecasts], horizon: int = 1) -> Array:
    """Matthews correlation of each method over the same draws of sessions.

    Args:
        forecasts: of each method, the same decisions.
        horizon: sessions a movement takes; a block holds at least two of them.

    Returns:
        [methods, draws].
    """
    first = forecasts[0]
    kept, classes = first.scored, first.probability.shape[1]
    session = np.unique(first.session[kept], return_inverse=True)[1]
    count = int(session.max()) + 1
    length = min(count, max(BLOCK_SESSIONS, 2 * horizon))
    blocks = math.ceil(count / length)
    starts = np.random.default_rng(0).integers(0, count - length + 1, (RESAMPLES, blocks))
    return np.stack(
        [_matthews(_confusions(each, kept, session, classes, length)[starts].sum(axis=1)) for each in forecasts]
    )


def standard_error(draws: Array) -> float:
    """Standard deviation over the draws [draws]."""
    return float(np.std(draws, ddof=1))


def _confusions(forecasts: Forecasts, kept: Array, session: Array, classes: int, length: int) -> Array:
    """Counts of came and called in the block that starts at each session [starts, K, K]."""
    table = np.zeros((int(session.max()) + 1, classes, classes))
    np.add.at(table, (session, forecasts.came[kept].astype(int), forecasts.called[kept].astype(int)), 1.0)
    windows = np.lib.stride_tricks.sliding_window_view(table, length, axis=0)
    return np.asarray(windows.sum(axis=-1))


def _matthews(table: Array) -> Array:
    """Of confusion counts [draws, K, K]; 0 where target or call has one class only."""
    of_target, of_call = table.sum(axis=2), table.sum(axis=1)
    total = table.sum(axis=(1, 2))
    right = np.trace(table, axis1=1, axis2=2)
    shared = right * total - (of_target * of_call).sum(axis=1)
    spread = (total**2 - (of_call**2).sum(axis=1)) * (total**2 - (of_target**2).sum(axis=1))
    return np.asarray(np.where(spread > 0, shared / np.sqrt(np.maximum(spread, 1e-300)), 0.0))
