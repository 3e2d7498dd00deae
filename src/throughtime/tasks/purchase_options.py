"""The settings of a predictor of purchases, checked together when it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from throughtime.base.checks import Checks
from throughtime.tasks.network import CELLS
from throughtime.tasks.options import MOST_UNITS, MOST_WINDOW, SharedOptions, check_shared, refuse_auto


@dataclass(frozen=True, kw_only=True)
class PurchaseOptions(SharedOptions):
    """The settings, checked, as plain Python values; `PurchasePredictor` says what each means.

    Args:
        share: of the users that validate; None: there are data for it, or there is no validation.
    """

    cell: str
    embedding_size: int
    window_steps: int
    samples: int
    least_count: int
    epochs: int
    batch_size: int
    share: float | None


def check_purchase_options(estimator: Any) -> PurchaseOptions:
    """Check an estimator's settings.

    Raises:
        ConfigError: settings out of range, all named.
    """
    checks = Checks()
    refuse_auto(checks, estimator.tbptt)
    options = PurchaseOptions(
        **check_shared(checks, estimator),
        cell=checks.choice("cell", estimator.cell, CELLS),
        embedding_size=checks.whole("embedding_size", estimator.embedding_size, below=MOST_UNITS + 1),
        window_steps=checks.whole("window_steps", estimator.window_steps, below=MOST_WINDOW + 1),
        samples=checks.whole("samples", estimator.samples),
        least_count=checks.whole("least_count", estimator.least_count),
        epochs=checks.whole("epochs", estimator.epochs),
        batch_size=checks.whole("batch_size", estimator.batch_size),
        share=_share(checks, estimator.validation),
    )
    checks.report(f"Settings of {type(estimator).__name__}")
    return options


def _share(checks: Checks, validation: Any) -> float | None:
    if validation is None or (isinstance(validation, tuple | list) and len(validation) in (2, 3)):
        return None
    return checks.number("validation", validation, above=0, below=1)
