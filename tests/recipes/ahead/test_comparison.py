"""All methods in one table."""

from __future__ import annotations

import pytest

from tests.recipes.ahead.made import TINY, problem
from throughtime.recipes.ahead import comparison
from throughtime.recipes.ahead.comparison import compare_methods
from throughtime.recipes.table import Spread

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


@pytest.fixture
def here(monkeypatch):
    """Trials in this process."""
    monkeypatch.setattr(comparison, "run_trials", lambda trials, progress: [trial() for trial in trials])
    monkeypatch.setattr("throughtime.tasks.learners.BOOSTING_ROUNDS", 5)


@pytest.mark.usefixtures("here")
def test_every_method_has_its_row_and_networks_their_spread():
    found = compare_methods(problem(), TINY, "n,n", 2, False)
    assert found.column("method") == [
        "naive",
        "seasonal naive",
        "naive2",
        "theta",
        "exponential smoothing",
        "ridge on lags",
        "boosting on lags",
        "perceptron",
        "Elman RNN",
        "LSTM",
    ]
    assert isinstance(found.column("OWA")[-1], Spread)
    assert found.column("OWA")[2] == pytest.approx(1)
    assert found.column("seeds") == [None] * 7 + [2] * 3
    said = " ".join(found.notes)
    assert "The LSTM (MASE" in said
    assert "Chosen for ridge on lags" in said
    assert "mean of 2 seeds" in said
