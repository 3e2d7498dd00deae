"""`tbptt="auto"`: the schedule that a pilot's gradients ask for.

A pilot, the same estimator, is trained over long windows for a few epochs; then it is measured how many steps the
gradients of its losses need (`TBPTT.auto`).
"""

from __future__ import annotations

import sys
from typing import Any

import torch.distributed as dist
from sklearn.base import clone

from throughtime.bptt import TBPTT
from throughtime.tasks.network import head_of
from throughtime.train.ranks import Ranks

PILOT_EPOCHS = 5  # enough for gradients to show where they reach
# Windows it is never shorter than: below, each step costs more, and none is saved.
LEAST_STEPS = 20


def measured_schedule(
    estimator: Any, series: Any, roles: dict[str, Any], group: dist.ProcessGroup | None = None
) -> TBPTT:
    """TBPTT(k, k), k as measured: at least LEAST_STEPS, at most the pilot's own window, beyond which it shows nothing.

    Args:
        estimator: the estimator to be fitted; it stays as it is.
        series: what it is fitted on.
        roles: which column is what, as its `fit` takes it.
        group: ranks that train the pilot together, as `fit` takes them.

    Raises:
        ConfigError, DataError, ShapeError: as `fit`.
    """
    pilot = clone(estimator).set_params(tbptt=None, epochs=min(estimator.epochs, PILOT_EPOCHS))
    pilot.fit(series, **roles, group=group)
    piece, said = pilot.network_piece(series), list[str]()
    longest = min(pilot.schedule_.k2 or len(piece.x), len(piece.x))
    found = TBPTT.auto(pilot.network_, head_of(pilot.network_).loss, piece, longest=longest, say=said.append)
    ranks = Ranks(group)
    k = ranks.of_first(max(found.k2 or longest, min(LEAST_STEPS, longest)))
    if estimator.progress is not False and ranks.is_first:
        sys.stderr.write(f"{said[0]} Taken: TBPTT({k},{k}).\n")
    return TBPTT(k, k)
