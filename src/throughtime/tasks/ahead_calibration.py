"""What forecasts of the validation part teach about those to come: whether to trust them, how wide they are, how errors
hang together.

    kept       1; 0 where forecasts do not err clearly less than the last value repeated
    width      q[h](p): share p of |y - f| / scale lies below it, at each step ahead
    together   correlation of errors at steps h and k, for paths

The doubt is that of the mean of blocks of origins, since neighbouring windows err alike. Where it is as large as what
the forecasts gain, as for exchange rates, the last value is what is forecast. The intervals of a network are then
stretched until they hold what they say (split conformal prediction); with too few windows they are a normal
distribution's, as wide as the errors were.

Dimensions: N windows, H steps ahead.

Sources: Lei et al., Journal of the American Statistical Association 113(523), 2018 (conformal intervals); Salinas et
al. 2019, arXiv 1910.03002 (a copula for paths).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from throughtime.tasks.ahead_origins import Origins
from throughtime.tasks.ahead_rows import Floats

# A gain must stand its own deviation above 0, and take a fiftieth of the last value's error (half of that in the unit
# of a gain): less is soon lost again where the future is not like what validated.
DOUBTS, LEAST_GAIN = 1.0, 0.01
# Blocks of origins whose mean is one observation; fewer than four tell no deviation.
BLOCKS, LEAST_BLOCKS = 20, 4
# Errors at a step from which its own widths are read; fewer are joined over steps.
LEAST_ERRORS = 100
# With fewer than these of all steps there are no quantiles to speak of.
FEW_ERRORS = 25
# Shares at which widths are kept: to half a percent, and densely where intervals end.
SHARES = np.concatenate([np.linspace(0.0, 0.98, 99), [0.985, 0.99, 0.995, 0.9975, 0.999]])


@dataclass(frozen=True)
class Calibration:
    """What was learned.

    Args:
        kept: share of a forecast's distance from the last value that is kept, 1 or 0.
        widths: [H, shares] q[h] at `SHARES`.
        together: [H, H] correlations.
    """

    kept: float
    widths: Floats
    together: Floats

    @classmethod
    def without(cls, horizon: int) -> Calibration:
        """Where nothing validates: forecasts as they are, normal errors that drift apart like a random walk's."""
        widths = np.broadcast_to(ndtri((1 + SHARES) / 2), (horizon, len(SHARES))).copy()
        return cls(1.0, widths, _random_walk(horizon))

    @classmethod
    def fit(cls, kept: float, future: Floats, location: Floats, scale: Floats) -> Calibration:
        """Learn from forecasts of N windows.

        Args:
            kept: 1 or 0, as `trusted` found.
            future: [N, H] what came, in the windows' units, nan where missing.
            location, scale: [N, H] what was told.
        """
        errors = (future - kept * location) / scale
        return cls(kept, _widths(np.abs(errors)), _correlation(errors))

    def width(self, level: float) -> Floats:
        """Half of the interval that holds `level` percent, in scales, at each step [H]."""
        return self._quantile(np.full((1, len(self.widths)), level / 100))[0]

    def draw(self, count: int, paths: int, seed: int) -> Floats:
        """Errors in scales along paths [paths, count, H], as like or unlike from step to step as they were."""
        horizon = len(self.together)
        draws = np.random.default_rng(seed).standard_normal((paths * count, horizon))
        normal = draws @ np.linalg.cholesky(self.together + 1e-6 * np.eye(horizon)).T
        share = ndtr(normal)
        errors = np.sign(share - 0.5) * self._quantile(np.abs(2 * share - 1))
        return errors.reshape(paths, count, horizon)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {"kept": self.kept, "widths": self.widths.tolist(), "together": self.together.tolist()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Calibration:
        """The calibration that `to_dict` wrote."""
        return cls(float(plain["kept"]), np.array(plain["widths"]), np.array(plain["together"]))

    def _quantile(self, share: Floats) -> Floats:
        """Widths at shares [N, H]; past the last share the tail goes on as a normal one's."""
        found = np.stack([np.interp(column, SHARES, width) for column, width in zip(share.T, self.widths, strict=True)])
        tail = ndtri((1 + np.clip(share.T, SHARES[-1], 1 - 1e-12)) / 2) / ndtri((1 + SHARES[-1]) / 2)
        return (found * np.maximum(tail, 1.0)).T


def trusted(origins: Origins, last: Floats, told: Floats) -> float:
    """1 where forecasts err clearly less than the last value repeated; else 0.

    What a block of origins gains is (sum of last - sum of told) / (sum of both), between -1 and 1, so that one wild
    window does not decide.

    Args:
        origins: N windows.
        last, told: [N, H] absolute errors of the last value and of the forecast, nan where missing, in units in which
            windows can be joined.
    """
    blocks = _blocks(origins)
    sums = [np.bincount(blocks, np.nansum(part, axis=1)) for part in (last, told)]
    both = sums[0] + sums[1]
    gained = (sums[0] - sums[1])[both > 0] / both[both > 0]
    if not len(gained):
        return 0.0
    doubt = gained.std(ddof=1) / np.sqrt(len(gained)) if len(gained) >= LEAST_BLOCKS else 0.0
    return float(gained.mean() > max(DOUBTS * doubt, LEAST_GAIN))


def _blocks(origins: Origins) -> Any:
    """A number for each window: windows of neighbouring origins share one, whatever their rows, where there are few."""
    several = np.bincount(origins.rows).max(initial=0) > 1
    order = np.argsort(np.argsort(origins.ends if several else origins.rows, kind="stable"), kind="stable")
    return order * min(BLOCKS, len(origins)) // len(origins)


def _widths(errors: Floats) -> Floats:
    """Quantiles of |errors| [N, H] at each step, with the conformal correction for N; joined over steps where few."""
    horizon = errors.shape[1]
    pooled = errors[~np.isnan(errors)]
    found = []
    for column in errors.T:
        own = column[~np.isnan(column)]
        chosen = own if len(own) >= LEAST_ERRORS else pooled
        if len(chosen) < FEW_ERRORS:
            # Too few for quantiles: the normal ones, as wide as the errors are.
            size = np.sqrt(np.mean(chosen**2)) if len(chosen) else 1.0
            return size * Calibration.without(horizon).widths
        found.append(np.quantile(chosen, np.minimum(SHARES * (len(chosen) + 1) / len(chosen), 1.0)))
    return np.maximum(np.array(found), 1e-6)


def _correlation(errors: Floats) -> Floats:
    """Of normal scores, drawn towards a random walk's by the number of windows."""
    whole = errors[~np.isnan(errors).any(axis=1)]
    count, horizon = whole.shape
    prior = _random_walk(horizon)
    if count < 2 or horizon == 1:
        return prior
    ranks = whole.argsort(axis=0).argsort(axis=0)
    measured = np.corrcoef(ndtri((ranks + 0.5) / count), rowvar=False)
    weight = count / (count + 2 * horizon)
    return np.asarray(weight * measured + (1 - weight) * prior)


def _random_walk(horizon: int) -> Floats:
    steps = np.arange(1, horizon + 1)
    return np.sqrt(np.minimum.outer(steps, steps) / np.maximum.outer(steps, steps))
