from __future__ import annotations

import pytest
import torch

from tests.kernels.cases import leaves, make
from throughtime.base.errors import KernelError
from throughtime.kernels import LSTMWeights, RNNWeights, oracle, oracle_lstm


def lstm_output(run=oracle.lstm):
    case = make("lstm", 3, 2, 2, 3)
    x, *weights = leaves(case.x, *case.weights)
    return x, run(x, case.h0, case.c0, LSTMWeights._make(weights), case.steps, case.masks)[0]


def rnn_output():
    case = make("rnn", 3, 2, 2, 3)
    x, *weights = leaves(case.x, *case.weights)
    return x, oracle.rnn(x, case.h0, RNNWeights._make(weights), "tanh", case.steps, case.masks)[0]


@pytest.mark.parametrize(("output", "names"), [(lstm_output, "LSTM.*oracle_lstm"), (rnn_output, "RNN.*oracle_rnn")])
def test_a_second_derivative_is_refused_with_the_reason(output, names):
    x, y = output()
    (dx,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
    with pytest.raises(KernelError, match=f"{names}.forward"):
        torch.autograd.grad(dx.square().sum(), x)


def test_a_graph_for_others_does_not_disturb_the_first_derivative():
    x, y = lstm_output()
    plain = torch.autograd.grad(y.sum(), x, retain_graph=True)[0]
    scale = torch.ones((), dtype=x.dtype, requires_grad=True)
    (dx,) = torch.autograd.grad((y * scale).sum(), x, create_graph=True)
    torch.testing.assert_close(dx.detach(), plain, rtol=0, atol=0)


def test_the_plain_forward_has_second_derivatives():
    x, y = lstm_output(oracle_lstm.forward)
    (dx,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
    assert torch.autograd.grad(dx.square().sum(), x)[0].abs().sum() > 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_any_float_dtype_runs_both_ways(dtype):
    case = make("lstm", 3, 2, 2, 3, peephole=True, layer_norm=True, projection=True)
    x, h0, c0, *weights = leaves(
        *(None if t is None else t.to(dtype) for t in (case.x, case.h0, case.c0, *case.weights))
    )
    y, h, c = oracle.lstm(x, h0, c0, LSTMWeights._make(weights), case.steps, case.masks)
    (y.sum() + h.sum() + c.sum()).backward()
    assert {y.dtype, h.dtype, c.dtype, x.grad.dtype} == {dtype}
    assert all(w is None or w.grad.isfinite().all() for w in weights)


def test_under_autocast_it_computes_in_the_dtype_of_its_weights():
    case = make("lstm", 3, 2, 2, 3)
    arguments = [t.float() for t in (case.x, case.h0, case.c0)]
    weights = LSTMWeights._make(None if w is None else w.float() for w in case.weights)
    plain = oracle.lstm(*arguments, weights, case.steps, case.masks)[0]
    with torch.autocast("cpu", torch.bfloat16):
        y = oracle.lstm(*arguments, weights, case.steps, case.masks)[0]
    assert torch.equal(y, plain)


def test_no_step_returns_the_state_and_zero_gradients():
    case = make("lstm", 0, 2, 2, 3)
    x, h0, c0, *weights = leaves(case.x, case.h0, case.c0, *case.weights)
    y, h, c = oracle.lstm(x, h0, c0, LSTMWeights._make(weights), case.steps, case.masks)
    assert y.shape == (0, 2, 3)
    (h.sum() + 2 * c.sum()).backward()
    assert torch.equal(h0.grad, torch.ones_like(h0))
    assert torch.equal(c0.grad, 2 * torch.ones_like(c0))
    assert all(w is None or not w.grad.any() for w in weights)
