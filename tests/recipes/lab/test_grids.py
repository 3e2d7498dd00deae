"""A grid's table and curves show every setting's mean under its heading, and how far each series is solved."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from throughtime.recipes.lab.adding import Sums
from throughtime.recipes.lab.grids import Grid, double_steps, listed, settings_of
from throughtime.recipes.lab.solving import Outcome, Setting
from throughtime.recipes.lab.symbols import Symbols
from throughtime.recipes.table import Spread

LAGS = (2, 4)
GRID = Grid(
    "Made up", "lag", LAGS, {kind: [Setting(kind, 4, Symbols(1, lag - 1)) for lag in LAGS] for kind in ("RNN", "LSTM")}
)
MEASURED = {
    setting: [Outcome(score, 1, 1.0), Outcome(score, 1, 1.0)]
    for setting, score in zip(GRID.settings, (0.95, 0.5, 1.0, 0.9), strict=True)
}


def test_the_table():
    table = GRID.table(MEASURED, "How it was made.")
    assert [column.key for column in table.columns] == ["lag", "share right.RNN", "share right.LSTM"]
    assert table.rows == (
        ("2", Spread(0.95, 0.0, 2), Spread(1.0, 0.0, 2)),
        ("4", Spread(0.5, 0.0, 2), Spread(0.9, 0.0, 2)),
        ("90% up to", 2, 4),
    )
    assert table.notes == ("How it was made.",)
    assert GRID.held(MEASURED) == {"RNN": 2, "LSTM": 4}
    assert GRID.last(MEASURED) == {"RNN": 0.5, "LSTM": 0.9}
    assert listed(GRID.last(MEASURED)) == "0.500 with RNN, 0.900 with LSTM"


def test_the_curves():
    axes = Figure().subplots()
    GRID.draw(MEASURED, axes)
    double_steps(axes, LAGS)
    drawn = {container.get_label(): container[0].get_ydata().tolist() for container in axes.containers}
    assert drawn == {"RNN": [0.95, 0.5], "LSTM": [1.0, 0.9]}
    assert axes.get_legend_handles_labels()[1] == ["chance", "RNN", "LSTM"]
    assert axes.get_ylabel() == "share right"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["2", "4"]


def test_errors_are_solved_from_below():
    grid = Grid("Made up", "T", LAGS, {"RNN": [Setting("RNN", 4, Sums(steps)) for steps in LAGS]})
    measured = {setting: [Outcome(error, 1, 1.0)] for setting, error in zip(grid.settings, (0.004, 0.2), strict=True)}
    assert grid.table(measured, "").rows[-1] == ("below 0.01 up to", 2)
    assert grid.score.blind == pytest.approx(1 / 6)


def test_settings_of_several():
    assert settings_of([GRID, GRID]) == GRID.settings * 2
