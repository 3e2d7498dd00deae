"""Every window in its own units: its last value is the level, the spread of its values the unit.

    x = (w - w[W]) / s,     y = (future - w[W]) / s,     s^2 = var(w) + (FLOOR sd(row up to the window's end))^2

A forecast is level + s times what the network says: it moves with a window that is shifted or stretched. The second
part of s keeps a quiet window of a lively row from making the next step huge. Where both are 0 the row has been
constant up to here: x is 0 and the forecast is the constant, with intervals of no width.

With `log`, w are logarithms. Only what lies before the window's end enters, so that nothing here can leak the future.

Source: Salinas et al. 2020, arXiv 1704.04110, and Kim et al. 2022, ICLR (scaling by the window).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from throughtime.tasks.ahead_rows import Floats, Places, Rows

# A window twenty times quieter than its row so far is read as if it were twenty times quieter, not a thousand.
FLOOR = 0.05
# Twenty spreads out, a value says "far" and no more; without a bound one outlier would decide a fit.
CLIP = 20.0


@dataclass(frozen=True)
class Scaled:
    """Windows in their own units.

    Args:
        x: [B, W].
        level: [B] last values, logarithms where those are read.
        spread: [B] s.
        log: whether logarithms are read.
    """

    x: NDArray[np.float32]
    level: Floats
    spread: Floats
    log: bool

    def forward(self, future: Floats) -> NDArray[np.float32]:
        """Futures [B, H] in the windows' units, nan where missing or where the unit is 0."""
        values = _logs(future) if self.log else future
        unit = np.where(self.spread > 0, self.spread, np.nan)[:, None]
        return np.clip((values - self.level[:, None]) / unit, -CLIP, CLIP).astype(np.float32)

    def back(self, scaled: Floats) -> Floats:
        """Forecasts [..., B, H] in the windows' units in those of the series."""
        values = self.level[:, None] + self.spread[:, None] * scaled
        return np.exp(values) if self.log else values


@dataclass(frozen=True)
class Scaling:
    """How windows are brought into their own units.

    Args:
        rows: what they are cut from.
        log: whether logarithms are read; all values must lie above 0.
    """

    rows: Rows
    log: bool

    def __post_init__(self) -> None:
        values = _logs(self.rows.values) if self.log else self.rows.values
        # Each row about its first value, so that no digits are lost where a level is far from 0.
        parts = [values[start:stop] for start, stop in pairwise(self.rows.starts.tolist())]
        sums = [np.cumsum([part - part[0], (part - part[0]) ** 2], axis=1) for part in parts]
        object.__setattr__(self, "_sums", np.concatenate(sums, axis=1))

    def scale(self, rows: Places, ends: Places, steps: int) -> Scaled:
        """The windows [B, steps] before ends [B] of rows [B]."""
        windows = self.rows.windows(rows, ends, steps)
        windows = _logs(windows) if self.log else windows
        level = windows[:, -1]
        apart = windows - level[:, None]
        spread = np.sqrt(apart.var(axis=1) + FLOOR**2 * self._variance_until(rows, ends))
        # Below rounding of the level a window is constant.
        spread = np.where(spread > 1e-12 * np.abs(level), spread, 0.0)
        x = np.divide(apart, spread[:, None], out=np.zeros_like(apart), where=spread[:, None] > 0)
        return Scaled(np.clip(x, -CLIP, CLIP).astype(np.float32), level, spread, self.log)

    def _variance_until(self, rows: Places, ends: Places) -> Floats:
        total, squares = self._sums[:, self.rows.starts[rows] + ends - 1]  # type: ignore[attr-defined]
        return np.asarray(np.maximum(squares / ends - (total / ends) ** 2, 0.0))


def all_positive(rows: Rows) -> bool:
    """Whether logarithms can be read of every value."""
    return bool((rows.values > 0).all())


def _logs(values: Floats) -> Floats:
    return np.log(values, where=values > 0, out=np.full_like(values, np.nan))
