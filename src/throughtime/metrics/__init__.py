"""Scores: numpy in, a float out; targets that are nan are not scored, and nothing to score is an error."""

from throughtime.metrics.classes import accuracy, balanced_accuracy, brier, log_loss, matthews, nats_per_step
from throughtime.metrics.errors import mae, mase, rmse, skill, smape
from throughtime.metrics.probabilistic import coverage, crps_gaussian, interval_width, pinball

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "brier",
    "coverage",
    "crps_gaussian",
    "interval_width",
    "log_loss",
    "mae",
    "mase",
    "matthews",
    "nats_per_step",
    "pinball",
    "rmse",
    "skill",
    "smape",
]
