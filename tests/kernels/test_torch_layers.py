from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.cases import assert_same, gradients, leaves
from throughtime.kernels import LSTMWeights, Masks, RNNWeights, Rows, oracle, torch_layers

CPU = torch.device("cpu")


def one_direction_by_the_oracle(cell, x, state, weights, rows, reverse):
    steps = rows.steps_of(reverse)
    if cell == "lstm":
        y, *last = oracle.lstm(x, *state, LSTMWeights._make([*weights, *[None] * (10 - len(weights))]), steps, Masks())
    else:
        y, *last = oracle.rnn(x, *state, RNNWeights(*weights), cell, steps, Masks())
    return y, last


@given(data=st.data(), cell=st.sampled_from(["lstm", "tanh", "relu"]), both=st.booleans())
@settings(max_examples=80)
def test_ragged_rows_with_resets_equal_the_oracle(data, cell, both):
    T, B, C, H = 6, 4, 2, 3
    lengths = tuple(data.draw(st.lists(st.integers(0, T), min_size=B, max_size=B).filter(any)))
    torch.manual_seed(data.draw(st.integers(0, 99)))
    resets = torch.rand(T, B) < data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    rows = Rows(lengths, resets, T, B, CPU)
    G = 4 * H if cell == "lstm" else H
    directions = [[torch.randn(G, C), torch.randn(G, H), torch.randn(G), torch.randn(G)] for _ in range(1 + both)]
    directions = [leaves(*(w.double() for w in each)) for each in directions]
    parts = 2 if cell == "lstm" else 1
    x, *state = leaves(torch.randn(T, B, C).double(), *(torch.randn(1 + both, B, H).double() for _ in range(parts)))
    everything = [x, *state, *(w for each in directions for w in each)]

    y, last = torch_layers.ragged(cell, x, tuple(state), [w for each in directions for w in each], True, 1, both, rows)
    ran = [
        one_direction_by_the_oracle(cell, x, [s[d] for s in state], each, rows, d == 1)
        for d, each in enumerate(directions)
    ]
    wanted_y = torch.cat([each_y for each_y, _ in ran], -1)
    wanted_last = [torch.stack(part) for part in zip(*(ends for _, ends in ran), strict=True)]
    assert_same([y, *last], [wanted_y, *wanted_last])
    assert_same(gradients([y, *last], everything), gradients([wanted_y, *wanted_last], everything))


@pytest.mark.parametrize("cell", ["lstm", "tanh", "relu"])
@pytest.mark.parametrize("at", [[], [(0, 1)], [(3, 0), (3, 2), (7, 1)], [(0, 0), (0, 1), (0, 2), (9, 0)]])
@pytest.mark.parametrize("lengths", [None, (10, 3, 7), (0, 6, 6), (1, 0, 0)])
def test_splitting_time_equals_packing(cell, at, lengths):
    resets = torch.zeros(10, 3, dtype=torch.bool)
    for place in at:
        resets[place] = True
    rows = Rows(lengths, resets if at else None, 10, 3, CPU)
    G = 12 if cell == "lstm" else 3
    weights = leaves(*(torch.randn(*s).double() for C in (2, 3) for s in ((G, C), (G, 3), (G,), (G,))))
    x, *state = leaves(torch.randn(10, 3, 2).double(), *(torch.randn(2, 3, 3).double() for _ in range(1 + (G == 12))))
    y, last = torch_layers.split(cell, x, tuple(state), weights, True, 2, rows)
    wanted, ends = torch_layers.ragged(cell, x, tuple(state), weights, True, 2, False, rows)
    assert_same([y, *last], [wanted, *ends])
    everything = [x, *state, *weights]
    assert_same(gradients([y, *last], everything), gradients([wanted, *ends], everything))


@pytest.mark.parametrize("cell", ["lstm", "tanh", "relu"])
def test_one_step_equals_a_sequence_of_one(cell):
    G = 12 if cell == "lstm" else 3
    weights = [[torch.randn(G, C), torch.randn(G, 3), torch.randn(G), torch.randn(G)] for C in (2, 3)]
    state = tuple(torch.randn(2, 5, 3) for _ in range(2 if cell == "lstm" else 1))
    x = torch.randn(5, 2)
    y, last = torch_layers.step(cell, x, state, weights)
    wanted, ends = torch_layers.dense(cell, x[None], state, [w for each in weights for w in each], True, 2, False)
    # float32, another order of summation
    torch.testing.assert_close(y, wanted[0], rtol=1e-5, atol=1e-6)
    for a, b in zip(last, ends, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
