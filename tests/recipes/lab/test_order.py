"""A permutation only renames a perceptron's inputs, exactly; the verdicts follow the table."""

from __future__ import annotations

import pytest
import torch

from throughtime.recipes.lab.networks import CELLS
from throughtime.recipes.lab.order import (
    FREQUENCIES,
    PERMUTATIONS,
    SHORT,
    STEPS,
    STUDY,
    Outcome,
    Renaming,
    Size,
    claims,
    oscillations,
    permutation,
    permuted,
    renaming,
    shift_table,
    trial,
)
from throughtime.recipes.lab.study import Effort

TINY = Size(sequences=32, batches=4, tests=50)


def shifts(perceptron: float, lstm: float):
    """A table as if permutations had moved the means so far, with a spread of 0.01 everywhere."""
    moved = {"perceptron": perceptron, "RNN": lstm, "LSTM": lstm}
    outcomes = {
        cell: [Outcome((0.9 + noise, *[0.9 - by + noise] * PERMUTATIONS), 1, 1.0) for noise in (-0.01, 0.0, 0.01)]
        for cell, by in moved.items()
    }
    return shift_table(outcomes)


def test_sequences_oscillate_as_often_as_they_say():
    batch = oscillations(400, torch.Generator().manual_seed(0))
    assert batch.x.shape == (STEPS, 400, 1)
    t = torch.arange(STEPS)[:, None]
    power = torch.stack(
        [
            (batch.x[..., 0] * torch.exp(-2j * torch.pi * f * t)).sum(0).abs()  # [B]
            for f in FREQUENCIES
        ]
    )
    assert (power.argmax(0) == batch.y[-1]).double().mean() > 0.98
    assert batch.due.nonzero()[:, 0].unique().tolist() == [STEPS - 1]


@pytest.mark.parametrize("number", range(PERMUTATIONS + 1))
def test_a_permutation_is_fixed_and_moves_steps_alone(number):
    order = permutation(number)
    assert torch.equal(order, permutation(number))
    assert sorted(order.tolist()) == list(range(STEPS))
    assert torch.equal(order, torch.arange(STEPS)) == (number == 0)
    batch = oscillations(3, torch.Generator().manual_seed(1))
    other = permuted(batch, order)
    assert other.x[0, 2] == batch.x[order[0], 2]
    assert torch.equal(other.y, batch.y)
    assert torch.equal(other.due, batch.due)


def test_permutations_differ():
    assert len({tuple(permutation(number).tolist()) for number in range(PERMUTATIONS + 1)}) == PERMUTATIONS + 1


def test_columns_moved_along_give_the_same_outputs_and_the_same_training_run():
    found = renaming(SHORT)
    assert found.untrained <= 1e-12  # a sum of 32 products in another order
    assert found.trained <= 1e-9
    assert found.updates == SHORT.batches


def test_columns_left_in_place_do_not(monkeypatch):
    monkeypatch.setattr("throughtime.recipes.lab.order.deepcopy", lambda network: network)
    assert renaming(SHORT).untrained > 1e-3


def test_a_trial_repeats():
    assert trial("RNN", 0, TINY).accuracy == trial("RNN", 0, TINY).accuracy
    assert trial("RNN", 0, TINY).accuracy != trial("RNN", 1, TINY).accuracy


def test_shifts_and_spread_are_those_of_the_outcomes():
    table = shifts(0.004, 0.2)
    assert table.column("network") == list(CELLS)
    assert table.column("moved by.most") == pytest.approx([0.004, 0.2, 0.2])
    assert table.column("seed spread") == pytest.approx([0.01] * 3)


def test_verdicts_follow_the_table():
    same, other = Renaming(1e-15, 1e-13, 50), Renaming(1e-3, 1e-3, 50)
    assert [claim.holds for claim in claims(shifts(0.004, 0.2), same)] == [True] * 4
    assert [claim.holds for claim in claims(shifts(0.2, 0.004), other)] == [False] * 4


def test_the_study_in_short():
    found = STUDY.run(Effort(seeds=1, short=True, progress=False))
    accuracy, moved, exact, networks = found.tables
    assert [row[0] for row in accuracy.rows] == ["as they came", "permutation 1", "permutation 2", "permutation 3"]
    assert moved.column("network") == list(CELLS)
    assert len(exact.rows) == 2
    sizes = networks.column("parameters")
    assert max(sizes) < 1.1 * min(sizes)
    assert found.claims[1].holds  # exact, however short the training
    assert found.figure.startswith("<svg ")
