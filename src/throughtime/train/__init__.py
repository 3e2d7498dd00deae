"""Training: the loop, its settings, checkpoints that resume bit by bit, a clean stop."""

from throughtime.train.batches import Batches
from throughtime.train.history import Epoch, History
from throughtime.train.loop import Evaluate, fit
from throughtime.train.settings import Training
from throughtime.train.streams import StreamBatches
from throughtime.train.watching import ReachWatch, reaches, watching

__all__ = [
    "Batches",
    "Epoch",
    "Evaluate",
    "History",
    "ReachWatch",
    "StreamBatches",
    "Training",
    "fit",
    "reaches",
    "watching",
]
