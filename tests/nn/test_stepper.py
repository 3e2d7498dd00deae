from __future__ import annotations

import numpy as np
import pytest
import torch

import throughtime as tt
from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.kernels import oracle
from throughtime.nn import stepper as stepper_module

F64 = torch.float64
LAYERS = {
    "lstm": lambda: tt.LSTM(3, 5, 2, dtype=F64),
    "no bias": lambda: tt.LSTM(3, 5, bias=False, dtype=F64),
    "tanh": lambda: tt.RNN(3, 5, 2, dtype=F64),
    "relu": lambda: tt.RNN(3, 5, nonlinearity="relu", dtype=F64),
    "oracle": lambda: tt.LSTM(3, 5, 2, kernel="oracle", dtype=F64),
    "torch": lambda: tt.LSTM(3, 5, 2, kernel="torch", dtype=F64),
    "projection": lambda: tt.LSTM(3, 5, 2, proj_size=2, dtype=F64),
    "options": lambda: tt.LSTM(3, 5, 2, peephole=True, layer_norm=True, zoneout=(0.1, 0.2), dtype=F64).eval(),
    "rnn options": lambda: tt.RNN(3, 5, 2, layer_norm=True, dtype=F64),
}


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_steps_equal_the_sequence(build):
    layer, x = build(), torch.randn(6, 4, 3, dtype=F64)
    wanted, last = layer(x)
    stepper = layer.stepper(4)
    y = torch.stack([stepper(x_t) for x_t in x])
    assert not y.requires_grad
    torch.testing.assert_close(y, wanted.detach(), rtol=1e-10, atol=1e-12)  # rounding
    torch.testing.assert_close(stepper.state, detached(last), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_the_state_can_be_taken_and_put_back(build):
    layer, x = build(), torch.randn(2, 4, 3, dtype=F64)
    stepper = layer.stepper(4)
    stepper(x[0])
    kept = stepper.state
    first = stepper(x[1])
    stepper.state = kept
    assert torch.equal(stepper(x[1]), first)


def test_rows_can_be_reset_alone():
    layer, x = tt.LSTM(3, 5), torch.randn(2, 4, 3)
    stepper = layer.stepper(4)
    stepper(x[0])
    stepper.reset(torch.tensor([True, False, False, True]))
    y = stepper(x[1])
    afresh, through = layer.stepper(4), layer.stepper(4)
    through(x[0])
    fresh, carried = afresh(x[1]), through(x[1])
    assert torch.equal(y[[0, 3]], fresh[[0, 3]])
    assert torch.equal(y[1:3], carried[1:3])
    stepper.reset()
    assert torch.equal(stepper(x[1]), fresh)


@pytest.mark.parametrize("build", [LAYERS["lstm"], LAYERS["projection"]])
def test_new_weights_count_after_refresh(build):
    layer, x = build(), torch.randn(4, 3, dtype=F64)
    stepper = layer.stepper(4)
    before = stepper(x)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.data.add_(0.1)
    stepper.reset()
    assert torch.equal(stepper(x), before)
    stepper.reset()
    stepper.refresh()
    torch.testing.assert_close(stepper(x), layer(x[None])[0][0].detach(), rtol=1e-10, atol=1e-12)


def test_what_it_returns_stays_as_it_is():
    stepper = tt.LSTM(3, 5).stepper(2)
    first = stepper(torch.randn(2, 3))
    kept, state = first.clone(), stepper.state[0].clone()
    stepper(torch.randn(2, 3))
    assert torch.equal(first, kept)
    assert not torch.equal(stepper.state[0], state)


def test_refresh_follows_the_layer_to_another_dtype():
    layer = tt.LSTM(3, 5)
    stepper = layer.stepper(2)
    stepper(torch.randn(2, 3))
    layer.double()
    stepper.refresh()
    assert stepper(torch.randn(2, 3, dtype=F64)).dtype == F64


def test_bad_input_is_named():
    stepper = tt.LSTM(3, 5).stepper(2)
    with pytest.raises(ShapeError, match=r"\[B, C\] = \[2, 3\]: got \(3, 3\)"):
        stepper(torch.randn(3, 3))
    with pytest.raises(DtypeError, match="`x`"):
        stepper(torch.randn(2, 3, dtype=F64))
    with pytest.raises(ShapeError, match="`hx` \\(h\\)"):
        stepper.state = (torch.zeros(1, 3, 5), torch.zeros(1, 3, 5))
    for rows in ([0], torch.tensor([0, 1]), torch.ones(3, dtype=torch.bool)):
        with pytest.raises(ShapeError, match="`rows` must be a bool tensor"):
            stepper.reset(rows)
    with pytest.raises(ConfigError, match="`batch`"):
        tt.LSTM(3, 5).stepper(0)


def test_random_masks_are_refused():
    layer = tt.LSTM(3, 5, recurrent_dropout=0.5)
    with pytest.raises(ConfigError, match=r"layer\.eval\(\)"):
        layer.stepper(2)
    stepper = layer.eval().stepper(2)
    layer.train()
    with pytest.raises(ConfigError, match=r"layer\.eval\(\)"):
        stepper.refresh()


def test_the_kernel_asked_for_is_the_one_that_steps(monkeypatch):
    calls = []
    run = oracle.lstm
    monkeypatch.setattr(oracle, "lstm", lambda *given: calls.append(1) or run(*given))
    layer, x = tt.LSTM(3, 5, 2, kernel="oracle"), torch.randn(4, 3)
    stepper = layer.stepper(4)
    assert torch.equal(stepper(x), layer.step(x)[0])
    assert len(calls) == 4  # two layers, twice
    tt.LSTM(3, 5, 2).stepper(4)(x)
    assert len(calls) == 4


def test_packed_cells_are_made_only_where_they_run(monkeypatch):
    made = []
    cell = stepper_module._PlainCell
    monkeypatch.setattr(stepper_module, "_PlainCell", lambda *given: made.append(1) or cell(*given))
    tt.LSTM(3, 5, 2, kernel="torch").stepper(4)
    assert len(made) == 2
    tt.LSTM(3, 5, 2, peephole=True, kernel="oracle").stepper(4)
    tt.LSTM(3, 5, 2, kernel="oracle").stepper(4)
    assert len(made) == 2


def test_a_batch_counted_by_numpy():
    assert tt.LSTM(3, 5).stepper(np.int64(2))(torch.randn(2, 3)).shape == (2, 5)


def detached(state):
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
