"""Scores: numpy in, a float out; targets that are nan are not scored, and nothing to score is an error."""

from throughtime.metrics.captions import bleu, cider
from throughtime.metrics.classes import accuracy, balanced_accuracy, brier, log_loss, macro_f1, matthews, nats_per_step
from throughtime.metrics.errors import mae, mase, owa, rmse, rse, skill, smape
from throughtime.metrics.nab import nab_best_threshold, nab_score
from throughtime.metrics.probabilistic import coverage, crps_gaussian, interval_width, pinball
from throughtime.metrics.ranking import average_precision, hit_rate, ndcg, recall_at, reciprocal_rank, roc_auc
from throughtime.metrics.summaries import Rouge, rouge, rouge_words, word_spans
from throughtime.metrics.writing import known_words, longest_copy, ngram_divergence

__all__ = [
    "Rouge",
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "bleu",
    "brier",
    "cider",
    "coverage",
    "crps_gaussian",
    "hit_rate",
    "interval_width",
    "known_words",
    "log_loss",
    "longest_copy",
    "macro_f1",
    "mae",
    "mase",
    "matthews",
    "nab_best_threshold",
    "nab_score",
    "nats_per_step",
    "ndcg",
    "ngram_divergence",
    "owa",
    "pinball",
    "recall_at",
    "reciprocal_rank",
    "rmse",
    "roc_auc",
    "rouge",
    "rouge_words",
    "rse",
    "skill",
    "smape",
    "word_spans",
]
