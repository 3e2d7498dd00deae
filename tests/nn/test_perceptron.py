from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.nn import WindowPerceptron
from throughtime.nn.perceptron import WIDE


def by_hand(layer, x, state, lengths, resets):
    """One row, one step at a time: the inputs since the sequence began, zeros before them."""
    W = layer.window_steps
    y, last = x.new_zeros(*x.shape[:2], layer.hidden_size), state.clone()
    for b, length in enumerate(lengths):
        past = list(state[:, b])
        for t in range(length):
            if resets[t, b]:
                past = [torch.zeros_like(p) for p in past]
            window = torch.stack([*past, x[t, b]])  # [W, C]
            v = window.t().flatten()
            for part in layer.hidden:
                v = part(v).relu()
            y[t, b] = v
            past = list(window[1:])
        if W > 1:
            last[:, b] = torch.stack(past)
    return y, last


@given(data=st.data())
@settings(max_examples=80)
def test_equals_windows_written_out(data):
    T, B, W = data.draw(st.integers(0, 6)), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 5))
    C = data.draw(st.sampled_from([2, WIDE]))
    torch.manual_seed(data.draw(st.integers(0, 999)))
    layer = WindowPerceptron(C, W, 3, data.draw(st.integers(1, 2))).double()
    x, state = torch.randn(T, B, C).double(), torch.randn(W - 1, B, C).double()
    lengths = data.draw(st.lists(st.integers(0, T), min_size=B, max_size=B))
    resets = torch.rand(T, B) < data.draw(st.sampled_from([0.0, 0.3]))
    y, last = layer(x, state, lengths=lengths, resets=resets if resets.any() else None)
    wanted, end = by_hand(layer, x, state, lengths, resets)
    torch.testing.assert_close(y, wanted, rtol=1e-10, atol=1e-12)  # rounding
    torch.testing.assert_close(last, end, rtol=0, atol=0)


def test_it_sees_its_window_and_nothing_else():
    layer = WindowPerceptron(1, 4, 8)
    x = torch.randn(12, 1, 1, requires_grad=True)
    layer(x)[0][7].sum().backward()
    assert x.grad.flatten().nonzero().flatten().tolist() == [4, 5, 6, 7]


def test_before_the_first_step_there_are_zeros():
    layer, x = WindowPerceptron(2, 5, 3), torch.randn(6, 2, 2)
    assert torch.equal(layer(x)[0], layer(x, torch.zeros(4, 2, 2))[0])


def test_splitting_changes_nothing():
    layer, x = WindowPerceptron(2, 5, 3), torch.randn(9, 2, 2)
    y, last = layer(x)
    first, state = layer(x[:2])
    second, end = layer(x[2:], state)
    torch.testing.assert_close(torch.cat([first, second]), y)
    assert torch.equal(end, last)


def test_what_lies_past_a_rows_end_goes_nowhere():
    layer, x = WindowPerceptron(2, 3, 4), torch.randn(6, 2, 2)
    x[4:, 1] = float("nan")
    y, last = layer(x, lengths=[6, 4])
    assert not y[4:, 1].any()
    assert last.isfinite().all()
    (y.sum() + last.sum()).backward()
    assert all(p.grad.isfinite().all() for p in layer.parameters())


def test_one_sequence_without_a_batch():
    layer, x = WindowPerceptron(2, 3, 4), torch.randn(6, 2)
    y, last = layer(x)
    assert torch.equal(y, layer(x[:, None])[0][:, 0])
    assert last.shape == (2, 2)
    assert layer(x, last)[0].shape == (6, 4)


def test_handles_and_state_axis():
    layer = WindowPerceptron(2, 3, 4)
    assert (layer.handles, layer.state_axis) == ({"lengths", "resets"}, 1)
    assert repr(layer).startswith("WindowPerceptron(\n  2, window_steps=3, 4, num_layers=1")


def test_bad_input_is_named():
    with pytest.raises(ConfigError, match=r"`window_steps`.*: 0 came; `num_layers`.*: 0 came"):
        WindowPerceptron(2, 0, 4, 0)
    layer = WindowPerceptron(2, 3, 4)
    with pytest.raises(ShapeError, match="input_size = 2"):
        layer(torch.randn(5, 2, 3))
    with pytest.raises(ShapeError, match="`hx` \\(inputs\\)"):
        layer(torch.randn(5, 2, 2), torch.zeros(3, 2, 2))
    with pytest.raises(DtypeError, match="`input`"):
        layer(torch.zeros(5, 2, 2, dtype=torch.int64))
