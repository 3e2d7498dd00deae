"""Missing values filled forward, so that a network can read a series with holes.

    filled[t] = value[t] where observed, else filled[t - 1];    filled[-1] = leading

Only the past is used: a change after t never moves filled[.. t].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from throughtime.base.errors import ShapeError


def fill_forward(values: ArrayLike, leading: ArrayLike = 0.0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Carry the last observed value of each column over missing ones.

    Args:
        values: [T, C], nan where missing.
        leading: [C] or a number, put where a column begins with missing values. The default suits values that are
            already scaled: 0 is then the training part's mean.

    Returns:
        The filled values [T, C] and where a value was observed [T, C].

    Raises:
        ShapeError: `values` has not two axes.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 2:
        raise ShapeError(
            f"`values` needs two axes, steps and columns: {values.shape} came. Use values[:, None] for one column."
        )
    observed = ~np.isnan(values)
    steps = np.where(observed, np.arange(len(values))[:, None], -1)
    last = np.maximum.accumulate(steps, axis=0)  # [T, C], -1 before the first observed step
    carried = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last < 0, np.asarray(leading, np.float64), carried), observed
