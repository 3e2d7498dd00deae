"""Small networks and windows for the tests of forecasts several steps ahead."""

from __future__ import annotations

import numpy as np
import torch

from throughtime.data import from_arrays
from throughtime.tasks.ahead_batches import Source
from throughtime.tasks.ahead_network import AheadDesign, AheadNetwork
from throughtime.tasks.ahead_rows import Columns, Rows
from throughtime.tasks.ahead_scaling import Scaling

DESIGN = {
    "strategy": "direct",
    "cell": "lstm",
    "emission": "student",
    "steps": 3,
    "window": 8,
    "segment": 4,
    "hidden_size": 5,
    "num_layers": 1,
    "dropout": 0.0,
    "members": 2,
    "beside": 0,
    "known": 0,
    "calendar": 0,
    "lines": 1,
    "season": 0,
    "rows": 0,
}


def source_of(series, **changes):
    """An untrained network, and windows of arrays as it reads them."""
    read = from_arrays(series)
    rows = Rows.of(read, Columns.fit(read, ()), None, 3)
    design = AheadDesign(**(DESIGN | changes))
    numbers = np.full(len(rows), design.rows)
    source = Source(Scaling(rows, False), design, numbers, np.ones(len(rows)), torch.device("cpu"))
    return AheadNetwork(design), source
