from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.cases import assert_same, by_hand, cases, gradients, leaves, make, of_step
from throughtime.kernels import RNNWeights, oracle, oracle_rnn

NONLINEARITIES = st.sampled_from(["tanh", "relu"])


def by_autograd(case, nonlinearity):
    x, h0, *weights = leaves(case.x, case.h0, *case.weights)
    *out, _ = oracle_rnn.forward(x, h0, RNNWeights._make(weights), nonlinearity, case.steps, case.masks)
    return out, gradients(out, [x, h0, *weights])


@given(case=cases("rnn"), nonlinearity=NONLINEARITIES)
@settings(max_examples=100)
def test_forward_equals_the_equations_row_by_row(case, nonlinearity):
    *out, _ = oracle_rnn.forward(case.x, case.h0, case.weights, nonlinearity, case.steps, case.masks)
    assert_same(out, by_hand(case, nonlinearity)[:2])


@given(case=cases("rnn"), nonlinearity=NONLINEARITIES)
@settings(max_examples=100)
def test_written_backward_equals_autograd(case, nonlinearity):
    x, h0, *weights = leaves(case.x, case.h0, *case.weights)
    out = oracle.rnn(x, h0, RNNWeights._make(weights), nonlinearity, case.steps, case.masks)
    wanted, expected = by_autograd(case, nonlinearity)
    assert_same(out, wanted)
    assert_same(gradients(out, [x, h0, *weights]), expected)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("reverse", [False, True])
def test_written_backward_equals_finite_differences(nonlinearity, reverse):
    case = make("rnn", 4, 3, 2, 3, layer_norm=True, masked=True, ragged=True, resets=True, reverse=reverse, seed=4)

    def run(x, h0, *weights):
        return oracle.rnn(x, h0, RNNWeights._make(weights), nonlinearity, case.steps, case.masks)

    assert torch.autograd.gradcheck(run, leaves(case.x, case.h0, *case.weights))


def test_what_lies_past_a_rows_end_goes_nowhere():
    case = make("rnn", 6, 3, 2, 3, ragged=True, layer_norm=True, seed=2)
    case.x[~case.steps.kept[..., 0]] = float("nan")
    out, found = by_autograd(case, "tanh")
    assert all(t.isfinite().all() for t in [*out, *found])


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("option", ["plain", "layer_norm", "masked"])
def test_one_step_at_a_time_equals_the_whole(option, nonlinearity):
    case = make("rnn", 4, 3, 2, 3, seed=3, **({} if option == "plain" else {option: True}))
    y, last, _ = oracle_rnn.forward(case.x, case.h0, case.weights, nonlinearity, case.steps, case.masks)
    h, outputs = case.h0, []
    for t, x_t in enumerate(case.x):
        h = oracle_rnn.step(x_t, h, case.weights, nonlinearity, of_step(case.masks, t))
        outputs.append(h)
    assert_same([torch.stack(outputs), h], [y, last])
