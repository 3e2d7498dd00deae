"""Paired windows are identical once the cue is past them, and the verdicts follow the table."""

from __future__ import annotations

import pytest
import torch

from throughtime.recipes.lab.networks import CELLS
from throughtime.recipes.lab.stateless import (
    DISTANCES,
    SHORT,
    STEPS,
    STUDY,
    WINDOW,
    Outcome,
    accuracy_table,
    claims,
    draw,
    pairs,
    trial,
)
from throughtime.recipes.lab.study import Effort


def made_up(perceptron_past: float, lstm: float, seen: float = 1.0):
    """A table as if the networks had scored so."""
    inside = [distance < WINDOW for distance in DISTANCES]
    scores = {
        "perceptron": [seen if within else perceptron_past for within in inside],
        "RNN": [lstm] * len(DISTANCES),
        "LSTM": [lstm] * len(DISTANCES),
    }
    return accuracy_table({cell: [Outcome(tuple(of), tuple(of), 1, 1.0)] for cell, of in scores.items()}, SHORT)


@pytest.mark.parametrize("distance", DISTANCES)
def test_a_pair_differs_in_the_cue_alone(distance):
    plus, minus = pairs(torch.full((8,), distance), torch.Generator().manual_seed(0))
    assert (plus.x != minus.x).nonzero().tolist() == [[STEPS - 1 - distance, row, 0] for row in range(8)]
    assert plus.y[-1].tolist() == [1] * 8
    assert minus.y[-1].tolist() == [0] * 8
    assert torch.equal(plus.x[-WINDOW:], minus.x[-WINDOW:]) == (distance >= WINDOW)


def test_training_rows_are_pairs_of_every_distance():
    batch = draw(400, torch.Generator().manual_seed(0))
    cues = batch.x[..., 0]
    assert torch.equal(cues[:, :200], -cues[:, 200:])
    assert torch.equal(batch.x[:, :200, 1], batch.x[:, 200:, 1])
    assert sorted(set((STEPS - 1 - cues.abs().argmax(0)).tolist())) == list(range(max(DISTANCES) + 1))
    assert torch.equal(batch.y[-1].bool(), cues.sum(0) > 0)
    assert batch.due.nonzero()[:, 0].unique().tolist() == [STEPS - 1]


def test_a_perceptron_is_at_chance_past_its_window_to_the_last_bit():
    found = trial("perceptron", 3, SHORT)
    for distance, accuracy, difference in zip(DISTANCES, found.accuracy, found.difference, strict=True):
        assert (difference == 0.0) == (distance >= WINDOW)
        assert accuracy == 0.5 or distance < WINDOW


def test_a_trial_repeats():
    one, again = trial("LSTM", 0, SHORT), trial("LSTM", 0, SHORT)
    assert (one.accuracy, one.difference) == (again.accuracy, again.difference)


def test_verdicts_follow_the_table():
    assert [claim.holds for claim in claims(made_up(0.5, 0.96))] == [True] * 4
    assert [claim.holds for claim in claims(made_up(0.51, 0.94, seen=0.9))] == [False] * 4


def test_the_study_in_short():
    found = STUDY.run(Effort(seeds=2, short=True, progress=False))
    table, networks = found.tables
    assert table.column("distance") == list(DISTANCES)
    assert [spread.runs for spread in table.column("accuracy.LSTM")] == [2] * len(DISTANCES)
    assert networks.column("network") == list(CELLS)
    sizes = networks.column("parameters")
    assert max(sizes) < 1.1 * min(sizes)
    assert found.claims == claims(table)
    assert found.claims[0].holds  # exact, however short the training
    assert found.figure.startswith("<svg ")
