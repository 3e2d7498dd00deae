"""Estimators: from series to forecasts, in scikit-learn's manner, and how a saved one is read."""

from throughtime.tasks.attributing import attributions
from throughtime.tasks.captions import CaptionGenerator
from throughtime.tasks.classifier import SequenceClassifier
from throughtime.tasks.generator import SequenceGenerator
from throughtime.tasks.online import Session
from throughtime.tasks.options import NotFittedError
from throughtime.tasks.predictor import SequencePredictor
from throughtime.tasks.purchases import PurchasePredictor
from throughtime.tasks.saving import load
from throughtime.tasks.sequence_to_sequence import SequenceToSequence
from throughtime.tasks.stream_anomalies import StreamDetector

__all__ = [
    "CaptionGenerator",
    "NotFittedError",
    "PurchasePredictor",
    "SequenceClassifier",
    "SequenceGenerator",
    "SequencePredictor",
    "SequenceToSequence",
    "Session",
    "StreamDetector",
    "attributions",
    "load",
]
