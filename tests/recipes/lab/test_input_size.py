"""The best that a window can do is counted exactly; the verdicts follow the table."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from throughtime.recipes.lab.input_size import (
    FULL,
    LENGTHS,
    SHORTEST,
    STUDY,
    TRAINED,
    WINDOW,
    Outcome,
    Size,
    accuracy_table,
    best_of_window,
    claims,
    draw,
    signs,
    trial,
)
from throughtime.recipes.lab.networks import CELLS, Batch, answers, build
from throughtime.recipes.lab.study import Effort

TINY = Size(batches=3, tests=50)


def made_up(seen: float, cropped: float, trained: float, beyond: float):
    """A table as if the networks had scored so."""
    steps = [trained if length <= TRAINED else beyond for length in LENGTHS]
    scores = {"perceptron": [seen if length <= WINDOW else cropped for length in LENGTHS], "RNN": steps, "LSTM": steps}
    return accuracy_table({cell: [Outcome(tuple(of), 1, 1.0)] for cell, of in scores.items()}, FULL)


def test_the_answer_is_the_majority():
    batch = signs(7, 100, torch.Generator().manual_seed(0))
    assert set(batch.x.flatten().tolist()) == {-1.0, 1.0}
    assert torch.equal(batch.y[-1] == 1, (batch.x[..., 0] == 1).sum(0) > 3)
    assert batch.due.nonzero()[:, 0].unique().tolist() == [6]


def test_batches_have_every_odd_length():
    generator = torch.Generator().manual_seed(0)
    lengths = {len(draw(2, generator).x) for _ in range(300)}
    assert lengths == set(range(SHORTEST, TRAINED + 1, 2))


@pytest.mark.parametrize(("length", "window"), [(3, 3), (5, 3), (9, 3), (11, 5), (3, 5)])
def test_the_best_of_a_window_is_that_of_all_sequences_counted(length, window):
    right = [(sum(all_signs) > 0) == (sum(all_signs[-window:]) > 0) for all_signs in product((-1, 1), repeat=length)]
    assert best_of_window(length, window) == sum(right) / len(right)


def test_a_perceptron_cannot_tell_what_is_cropped_and_pads_with_zeros():
    network = build("perceptron", 1, 2, 8, WINDOW, 0)
    long = signs(31, 4, torch.Generator().manual_seed(0))
    tail = Batch(long.x[-WINDOW:], long.y[-WINDOW:])
    assert torch.equal(answers(network, long)[-1], answers(network, tail)[-1])
    short = Batch(long.x[-5:], long.y[-5:])
    padded = Batch(torch.cat([torch.zeros(WINDOW - 5, 4, 1), short.x]), long.y[-WINDOW:])
    torch.testing.assert_close(answers(network, short)[-1], answers(network, padded)[-1], rtol=1e-6, atol=1e-6)


def test_a_trial_repeats():
    assert trial("LSTM", 0, TINY).accuracy == trial("LSTM", 0, TINY).accuracy
    assert trial("LSTM", 0, TINY).accuracy != trial("LSTM", 1, TINY).accuracy


def test_verdicts_follow_the_table():
    assert [claim.holds for claim in claims(made_up(0.99, 0.6, 0.99, 0.96))] == [True] * 6
    assert [claim.holds for claim in claims(made_up(0.9, 0.8, 0.94, 0.9))] == [False] * 6


def test_the_study_in_short():
    found = STUDY.run(Effort(seeds=1, short=True, progress=False))
    table, networks = found.tables
    assert table.column("length") == list(LENGTHS)
    padded, cropped = (table.column(f"window of {WINDOW}.{name}") for name in ("padded", "cropped"))
    assert [WINDOW - more + less for more, less in zip(padded, cropped, strict=True)] == list(LENGTHS)
    assert networks.column("network") == list(CELLS)
    sizes = networks.column("parameters")
    assert max(sizes) < 1.1 * min(sizes)
    assert found.figure.startswith("<svg ")
