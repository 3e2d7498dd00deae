"""When a training writes its next checkpoint."""

from __future__ import annotations

import time

from throughtime.train.settings import Training

CHECKPOINT_SHARE = 1 / 50  # of the time goes into checkpoints where the settings leave it open: not to be noticed
LEAST_S = 1.0  # between such checkpoints: a second is all a stop may cost


class SaveClock:
    """Starts when it is made.

    Args:
        training: says how often.
    """

    def __init__(self, training: Training) -> None:
        self._every, self._every_s = training.checkpoint_every_updates, training.checkpoint_every_s
        self._saved_at, self._took_s = time.monotonic(), 0.0

    def note(self, began_at: float) -> None:
        """A checkpoint has been written, begun at this reading of `time.monotonic`."""
        self._saved_at = time.monotonic()
        self._took_s = self._saved_at - began_at

    def is_due(self, updates: int) -> bool:
        """Whether the next is due, after so many updates."""
        every_s = max(LEAST_S, self._took_s / CHECKPOINT_SHARE) if self._every_s is None else self._every_s
        return time.monotonic() - self._saved_at >= every_s or (self._every is not None and updates % self._every == 0)
