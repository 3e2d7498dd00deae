"""The overall weighted average of M4 for weekly series, as all sides are scored; numpy alone."""

import json
import sys
import time
from pathlib import Path

import numpy as np


def told(forecasts: object, table: Path, began: float) -> None:
    """Print what a side came to: `forecasts` [359, 13], in the order of the series."""
    seconds = time.perf_counter() - began
    with np.load(table.with_suffix(".npz")) as kept:
        history, ends, future = kept["history"], kept["ends"], kept["future"]
    series = np.split(history, ends[:-1])
    last = np.array([each[-1] for each in series])[:, None]
    scale = np.array([np.abs(np.diff(each)).mean() for each in series])
    owa = 0.0
    for score in (_smape, lambda truth, told: np.mean(np.abs(truth - told) / scale[:, None])):
        owa += score(future, np.asarray(forecasts)) / score(future, np.broadcast_to(last, future.shape)) / 2
    print(json.dumps({"metric": owa, "rows": int(future.size), "seconds": seconds}))
    sys.stdout.flush()


def _smape(truth: np.ndarray, told: np.ndarray) -> float:
    return float(np.mean(200 * np.abs(truth - told) / (np.abs(truth) + np.abs(told))))
