"""The settings of a predictor of purchases, checked together when it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from throughtime.base.checks import Checks
from throughtime.bptt import TBPTT
from throughtime.tasks.options import (
    AUTO,
    MOST_DECAY,
    MOST_LAYERS,
    MOST_RATE,
    MOST_UNITS,
    check_memory,
    check_place,
    check_schedule,
)


@dataclass(frozen=True)
class PurchaseOptions:
    """The settings, checked, as plain Python values; `PurchasePredictor` says what each means.

    Args:
        schedule: None: to be chosen.
        share: of the users that validate; None: there are data for it, or there is no validation.
    """

    hidden_size: int
    embedding_size: int
    num_layers: int
    samples: int
    least_count: int
    schedule: TBPTT | None
    memory: int | None
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    dropout: float
    share: float | None
    patience: int | None
    device: torch.device
    seed: int
    progress: bool | None


def check_purchase_options(estimator: Any) -> PurchaseOptions:
    """Check an estimator's settings.

    Raises:
        ConfigError: settings out of range, all named.
    """
    checks = Checks()
    patience = estimator.patience
    if estimator.tbptt == AUTO:
        checks.add("`tbptt` is a TBPTT, text such as '40,40', or None: 'auto' came, which measures series only")
    options = PurchaseOptions(
        hidden_size=checks.whole("hidden_size", estimator.hidden_size, below=MOST_UNITS + 1),
        embedding_size=checks.whole("embedding_size", estimator.embedding_size, below=MOST_UNITS + 1),
        num_layers=checks.whole("num_layers", estimator.num_layers, below=MOST_LAYERS + 1),
        samples=checks.whole("samples", estimator.samples),
        least_count=checks.whole("least_count", estimator.least_count),
        schedule=check_schedule(checks, estimator.tbptt),
        memory=check_memory(checks, estimator.memory),
        epochs=checks.whole("epochs", estimator.epochs),
        batch_size=checks.whole("batch_size", estimator.batch_size),
        learning_rate=checks.number("learning_rate", estimator.learning_rate, above=0, most=MOST_RATE),
        weight_decay=checks.number("weight_decay", estimator.weight_decay, most=MOST_DECAY),
        dropout=checks.number("dropout", estimator.dropout, below=1),
        share=_share(checks, estimator.validation),
        patience=None if patience is None else checks.whole("patience", patience),
        device=check_place(checks, estimator.device),
        seed=checks.whole("seed", estimator.seed, 0),
        progress=None if estimator.progress is None else checks.flag("progress", estimator.progress),
    )
    checks.report(f"Settings of {type(estimator).__name__}")
    return options


def _share(checks: Checks, validation: Any) -> float | None:
    if validation is None or (isinstance(validation, tuple | list) and len(validation) in (2, 3)):
        return None
    return checks.number("validation", validation, above=0, below=1)
