"""A stream that nobody measured: a daily rhythm with noise, and incidents whose rows are labelled.

    value       100 + 20 sin(2 pi t / 1 day) + noise; every 15 minutes
    spike       two rows far above
    level       half a day 25 higher
    silence     a quarter of a day without the rhythm, at the value it had

Drawn by numpy from one seed.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from throughtime.base.checks import Checks

DAY_ROWS = 96
START = np.datetime64("2024-01-01T00:00", "us")
_LEAST_ROWS = 600


def made_up_stream(rows: int = 4000, *, seed: int = 0) -> pl.DataFrame:
    """A table of time, value and anomaly (0 or 1).

    Args:
        rows: of the stream, at least 600.
        seed: of the noise, 0 or more.

    Raises:
        ConfigError: values out of range.
    """
    checks = Checks()
    rows = checks.whole("rows", rows, _LEAST_ROWS)
    seed = checks.whole("seed", seed, 0)
    checks.report("A made-up stream")
    rng = np.random.default_rng(seed)
    t = np.arange(rows)
    value = 100 + 20 * np.sin(2 * np.pi * t / DAY_ROWS) + rng.normal(0, 2, rows)
    label = np.zeros(rows, np.int64)
    spike, level, silence = (int(share * rows) for share in (0.4, 0.65, 0.9))
    value[spike : spike + 2] += 80
    value[level : level + DAY_ROWS // 2] += 25
    value[silence : silence + DAY_ROWS // 4] = value[silence]
    for start, length in ((spike, 2), (level, DAY_ROWS // 2), (silence, DAY_ROWS // 4)):
        label[start : start + length] = 1
    times = START + t * np.timedelta64(15 * 60 * 1_000_000, "us")
    return pl.DataFrame({"time": times, "value": np.round(value, 3), "anomaly": label})
