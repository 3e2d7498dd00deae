"""A training in a picture, its loss after each epoch, and in a line."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from throughtime.insight.svg import BLUE, ORANGE
from throughtime.recipes.figure import as_element, legend_above
from throughtime.train import History


def learning_curve(history: History, unit: str = "nats a step") -> str:
    """Loss of training and validation part after each epoch, the epoch whose weights are kept marked.

    Args:
        history: of the training.
        unit: of the loss.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        epochs = np.arange(1, len(history.epochs) + 1)
        axes.plot(epochs, [epoch.loss for epoch in history.epochs], color=BLUE, label="training, with dropout")
        if history.best_epoch is not None:
            validation = np.array([epoch.validation for epoch in history.epochs], dtype=np.float64)
            axes.plot(epochs, validation, color=ORANGE, label="validation")
            best = history.best_epoch
            axes.plot(epochs[best], validation[best], "o", color=ORANGE, label=f"kept: epoch {best + 1}")
        axes.set_xlabel("epoch")
        axes.set_ylabel(f"loss ({unit})")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        legend_above(axes, 3)

    return as_element(draw, 2.6, "learning")


def in_words(history: History, seconds: float) -> str:
    """Which of how many epochs was kept, and how long it all took."""
    kept = "the last" if history.best_epoch is None else f"epoch {history.best_epoch + 1}"
    return f"{kept} of {len(history.epochs)} epochs kept; trained in {seconds:.1f} s."
