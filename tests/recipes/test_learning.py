"""The picture of a training, and its line."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from throughtime.recipes.learning import in_words, learning_curve
from throughtime.train import Epoch, History


def test_the_axis_names_the_unit() -> None:
    epochs = [Epoch(loss=1.0, validation=None, learning_rate=0.1, updates=1)] * 3
    assert "loss (nats a sequence)" in learning_curve(History(epochs=epochs), "nats a sequence")


def test_the_legend_of_the_learning_curve_hides_no_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *args, **kind: figures.append(self) or save(self, *args, **kind)
    )
    # A loss that falls late goes through the upper right corner, one that falls at once through the lower one.
    for losses in ([5.0] * 11 + [1.0], [5.0] + [1.0] * 11):
        epochs = [Epoch(loss=loss, validation=loss, learning_rate=0.1, updates=1) for loss in losses]
        learning_curve(History(epochs=epochs, best_epoch=11))
        axes = figures[-1].axes[0]
        assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1


@pytest.mark.parametrize(("best", "said"), [(None, "the last of 3 epochs"), (1, "epoch 2 of 3 epochs")])
def test_a_training_in_words(best: int | None, said: str) -> None:
    epochs = [Epoch(loss=1.0, validation=None, learning_rate=0.1, updates=1)] * 3
    assert in_words(History(epochs=epochs, best_epoch=best), 2.04) == f"{said} kept; trained in 2.0 s."
