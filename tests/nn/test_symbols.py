"""Symbols read by a layer: as their vectors would be, whatever the layer's options."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import throughtime as tt
from throughtime.base.errors import ShapeError
from throughtime.nn.symbols import linear_beside, read_symbols

T, B, V, C, H = 9, 4, 6, 5, 7
LAYERS = {
    "plain": lambda: tt.LSTM(C, H),
    "two": lambda: tt.LSTM(C, H, num_layers=2),
    "both": lambda: tt.LSTM(C, H, bidirectional=True),
    "options": lambda: tt.LSTM(C, H, 2, peephole=True, layer_norm=True, proj_size=3),
    "rnn": lambda: tt.RNN(C, H),
    "torch": lambda: tt.LSTM(C, H, kernel="torch"),
    "oracle": lambda: tt.LSTM(C, H, kernel="oracle"),
}


def results(run, layer, vectors):
    layer.zero_grad()
    vectors = vectors.clone().requires_grad_()
    y, state = run(layer, vectors)
    leaves = state if isinstance(state, tuple) else (state,)
    torch.manual_seed(4)
    sum((part * torch.randn_like(part)).sum() for part in (y, *leaves)).backward()
    return [y, *leaves, vectors.grad, *(p.grad.clone() for p in layer.parameters())]


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("ragged", [False, True])
def test_reading_symbols_is_reading_their_vectors(kind, ragged):
    torch.manual_seed(0)
    layer, numbers, vectors = LAYERS[kind]().double(), torch.randint(V, (T, B)), torch.randn(V, C).double()
    more = {"lengths": [T, 3, 0, 5], "resets": torch.rand(T, B) < 0.2} if ragged else {}
    found = results(lambda net, table: read_symbols(net, numbers, table, **more), layer, vectors)
    wanted = results(lambda net, table: net(F.embedding(numbers, table), **more), layer, vectors)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)


def test_dropped_weights_are_dropped_alike():
    layer, numbers = tt.LSTM(C, H, 2, weight_drop=0.5, dropout=0.3), torch.randint(V, (T, B))
    vectors = torch.randn(V, C)
    outputs = []
    for run in (lambda: read_symbols(layer, numbers, vectors), lambda: layer(F.embedding(numbers, vectors))):
        torch.manual_seed(3)
        outputs.append(run()[0])
    torch.testing.assert_close(*outputs)
    assert not torch.allclose(outputs[0], layer.eval()(F.embedding(numbers, vectors))[0])


def test_it_goes_on_from_a_state():
    layer, numbers, vectors = tt.LSTM(C, H), torch.randint(V, (T, B)), torch.randn(V, C)
    whole, last = read_symbols(layer, numbers, vectors)
    _, state = read_symbols(layer, numbers[:4], vectors)
    rest, end = read_symbols(layer, numbers[4:], vectors, state)
    torch.testing.assert_close(rest, whole[4:])
    torch.testing.assert_close(end[1], last[1])


def test_many_kinds_are_read_step_by_step():
    layer, vectors = tt.LSTM(C, H), torch.randn(1000, C)
    numbers = torch.randint(1000, (T, B))
    torch.testing.assert_close(read_symbols(layer, numbers, vectors)[0], layer(F.embedding(numbers, vectors))[0])


def test_a_symbol_without_vector_is_refused():
    numbers = torch.randint(V, (T, B))
    numbers[3, 2] = V
    if tt.LSTM(C, H).kernel_in_use == "cpu":
        with pytest.raises(ShapeError, match=r"0 \.\. 5"):
            read_symbols(tt.LSTM(C, H), numbers, torch.randn(V, C))


@pytest.mark.parametrize("kinds", [V, 1000])
def test_a_linear_map_beside_symbols(kinds):
    linear, numbers = nn.Linear(H + C, 3).double(), torch.randint(V, (T, B))
    y, vectors = (torch.randn(*size, dtype=torch.float64, requires_grad=True) for size in ((T, B, H), (kinds, C)))
    found = linear_beside(linear, y, numbers, vectors)
    wanted = linear(torch.cat([y, F.embedding(numbers, vectors)], -1))
    torch.testing.assert_close(found, wanted)
    sources = y, vectors, linear.weight, linear.bias
    weights = torch.randn_like(found)
    for one, other in zip(
        torch.autograd.grad((found * weights).sum(), sources),
        torch.autograd.grad((wanted * weights).sum(), sources),
        strict=True,
    ):
        torch.testing.assert_close(one, other)
