"""What validation chooses for a classifier, and how much it trains."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.tasks.test_label_network import DESIGN
from throughtime.tasks.label_training import _temperature, candidates_of, epochs_for, rows_for

OPEN = SimpleNamespace(positions=None, front_steps=None, epochs=None, batch_size=None)
EQUAL = SimpleNamespace(longest=9, equal=True, many_symbols=False)
WORDS = SimpleNamespace(longest=9, equal=False, many_symbols=True)


def shapes(options, encoding, choose):
    return [(each.positions, each.front_steps) for each in candidates_of(DESIGN, options, encoding, choose)]


def test_what_is_open_is_chosen_where_there_is_something_to_choose_by():
    assert shapes(OPEN, EQUAL, True) == [(0, 7), (0, 0), (9, 7), (9, 0)]
    assert shapes(OPEN, EQUAL, False) == [(0, 0)]
    assert shapes(OPEN, WORDS, True) == [(0, 0)]
    assert shapes(SimpleNamespace(positions=True, front_steps=3), WORDS, True) == [(9, 3)]


@pytest.mark.parametrize(("count", "rows", "epochs"), [(40, 8, 150), (100, 10, 150), (2000, 32, 23), (50_000, 32, 8)])
def test_few_sequences_are_read_often_and_many_less_so(count, rows, epochs):
    assert rows_for(OPEN, count) == rows
    assert epochs_for(OPEN, count) == epochs
    said = SimpleNamespace(epochs=3, batch_size=5)
    assert (rows_for(said, count), epochs_for(said, count)) == (5, 3)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_is_that_by_which_logits_are_too_large(factor):
    draws = torch.Generator().manual_seed(0)
    true = 2 * torch.randn(4000, 3, generator=draws)
    labels = torch.multinomial(true.softmax(-1), 1, generator=draws)[:, 0].numpy()
    assert _temperature(factor * true, labels) == pytest.approx(factor, rel=0.1)


def test_few_labels_move_the_temperature_little():
    sure = torch.tensor([[3.0, -3.0]] * 10)
    assert 0.7 < _temperature(sure, np.zeros(10, np.int64)) < 1
