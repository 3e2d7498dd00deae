"""Parameters are exact formulas in window and series, the answer depends on two series; verdicts follow the tables."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch

from throughtime.recipes.lab.networks import CELLS, build, parameter_formula
from throughtime.recipes.lab.scaling import (
    FULL,
    SERIES,
    SHORT,
    STUDY,
    WINDOWS,
    Outcome,
    Size,
    claims,
    count_table,
    error_table,
    hidden_units,
    sequences,
    trial,
)
from throughtime.recipes.lab.study import Effort

TINY = Size(batches=3, tests=50, windows=(4,), series=(2,))


def made_up(perceptron: float, lstm: float, extra: int = 0, first: float = 0.1):
    """Counts (with so many more than the formula at the largest size) and errors, 0.1 rising to what is given.

    The perceptron's errors rise from `first`.
    """
    outcomes = {}
    for cell, W, C in product(CELLS, WINDOWS, SERIES):
        largest = (WINDOWS[-1], SERIES[-1]) == (W, C)
        error = {"perceptron": perceptron}.get(cell, lstm) if largest else {"perceptron": first}.get(cell, 0.1)
        size = parameter_formula(cell, C, 1, hidden_units(cell), W) + extra * largest
        outcomes[cell, W, C] = [Outcome(error, size, 1.0)]
    return count_table(outcomes), error_table(outcomes, FULL)


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_are_exact_formulas_in_window_and_series(cell):
    H, K = hidden_units(cell), 1
    for W, C in product((1, 4, 16, 50), (1, 2, 8, 24)):
        counted = sum(p.numel() for p in build(cell, C, K, H, W, 0).parameters())
        recurrent = {"RNN": 1, "LSTM": 4}.get(cell, 0) * H * (C + H + 2)
        assert counted == (recurrent or H * (C * W + 1)) + K * (H + 1)


def test_networks_start_alike():
    sizes = [parameter_formula(cell, min(SERIES), 1, hidden_units(cell), min(WINDOWS)) for cell in CELLS]
    assert max(sizes) < 1.1 * min(sizes)


@pytest.mark.parametrize("window", WINDOWS)
def test_the_answer_is_the_difference_of_two_exponential_means(window):
    batch = sequences(window, 5, 20_000, torch.Generator().manual_seed(0))
    mean = torch.zeros(20_000)
    for t in range(window):
        mean = 0.7 * mean + 0.3 * (batch.x[t, :, 0] - batch.x[t, :, 1])
    answer = batch.y[-1, :, 0]
    scale = answer.norm() / mean.norm()
    torch.testing.assert_close(answer, scale * mean, rtol=0, atol=1e-5)  # sums of 32 products in float32
    assert float(batch.y[-1].var()) == pytest.approx(1, abs=0.05)  # of 20,000 draws
    assert batch.due.nonzero()[:, 0].unique().tolist() == [window - 1]


def test_a_trial_repeats():
    one, again = (trial("LSTM", 4, 2, 0, TINY) for _ in range(2))
    assert replace(one, seconds=0) == replace(again, seconds=0)
    assert trial("LSTM", 4, 2, 1, TINY).error != one.error


def test_verdicts_follow_the_tables():
    assert [claim.holds for claim in claims(*made_up(0.5, 0.2))] == [True] * 4
    assert [claim.holds for claim in claims(*made_up(0.2, 0.5, extra=1, first=0.11))] == [False] * 4


def test_the_study_in_short():
    found = STUDY.run(Effort(seeds=1, short=True, progress=False))
    counts, errors = found.tables
    assert counts.column("W x C") == errors.column("W x C") == ["4 x 2", "8 x 2", "4 x 4", "8 x 4"]
    for cell in CELLS:
        assert counts.column(f"{cell}.formula") == counts.column(f"{cell}.counted")
    assert counts.column("inputs") == [8, 16, 16, 32]
    assert len(errors.rows) == len(SHORT.windows) * len(SHORT.series)
    assert [claim.holds for claim in found.claims[:2]] == [True] * 2  # exact, however short the training
    assert found.figure.startswith("<svg ")
