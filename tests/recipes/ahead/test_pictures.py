"""The report's pictures are SVG with what they show."""

from __future__ import annotations

import numpy as np

from throughtime.recipes.ahead import pictures
from throughtime.train import Epoch, History


def one(name, times):
    points = np.arange(6.0).reshape(2, 3)
    intervals = dict.fromkeys((80, 95), (points - 1, points + 1))
    return pictures.Shown(name, times, np.arange(9.0), [3, 6], points, intervals)


def test_forecasts_have_a_panel_for_each_series():
    days = np.datetime64("2024-01-01") + np.arange(9)
    drawn = pictures.forecasts([one("north", days), one("south", days), one("east", np.arange(9))])
    assert drawn.startswith("<svg")
    for word in ("north", "south", "east", "what came", "95 %", "80 %", "forecast"):
        assert word in drawn
    assert drawn.count(">what came<") == 1  # one legend for all


def test_errors_by_step_name_their_methods():
    drawn = pictures.errors_by_step({"LSTM": np.array([1.0, 2.0]), "naive": np.array([2.0, np.nan])})
    assert "LSTM" in drawn
    assert "steps ahead" in drawn


def test_learning_has_an_axis_for_loss_and_one_for_error():
    epochs = [Epoch(loss, error, 1e-3, 50) for loss, error in ((2.0, 0.9), (1.5, 0.7), (1.4, 0.8))]
    drawn = pictures.learning(History(epochs=epochs, best_epoch=1, seconds=3.0))
    assert "training loss" in drawn
    assert "epoch 2 kept" in drawn


def test_calibration_is_drawn():
    assert "share of outcomes below it" in pictures.calibration(np.array([0.1, 0.9]), {"LSTM": np.array([0.2, 0.8])})
