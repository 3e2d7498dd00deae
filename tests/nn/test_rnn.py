from __future__ import annotations

import copy
import pickle  # noqa: TID251 - users pickle modules; nothing of ours reads one

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import throughtime as tt
from tests.nn.cases import KERNELS, assert_same, by_packing, collect, layer_cases
from throughtime.base.errors import ConfigError, KernelError
from throughtime.nn.parameters import checked


@given(case=layer_cases("rnn"))
@settings(max_examples=80)
def test_equals_torch(case):
    assert_same(collect(case.ours, case.x, case.hx), collect(case.theirs, case.x, case.hx))


@given(case=layer_cases("rnn"), data=st.data(), packed=st.booleans())
@settings(max_examples=80)
def test_ragged_rows_equal_torchs_packing(case, data, packed):
    T, B = case.x.shape[:2] if not case.ours.batch_first else (case.x.shape[1], case.x.shape[0])
    lengths = data.draw(st.lists(st.integers(1, T), min_size=B, max_size=B))
    rows = {"call": by_packing(case.ours, lengths)} if packed else {"lengths": lengths}
    ours = collect(case.ours, case.x, case.hx, **rows)
    assert_same(ours, collect(case.theirs, case.x, case.hx, by_packing(case.theirs, lengths)))


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_names_order_and_values_are_torchs(nonlinearity):
    arguments = (3, 4, 2, nonlinearity, True, True, 0.1, True)
    torch.manual_seed(7)
    theirs = nn.RNN(*arguments, dtype=torch.float64)
    torch.manual_seed(7)
    ours = tt.RNN(*arguments, dtype=torch.float64)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    assert ours.mode == theirs.mode


def test_one_sequence_without_a_batch():
    theirs, ours = nn.RNN(3, 4, 2), tt.RNN(3, 4, 2)
    ours.load_state_dict(theirs.state_dict())
    x, h = torch.randn(5, 3), torch.randn(2, 4)
    torch.testing.assert_close(ours(x, h), theirs(x, h), rtol=1e-5, atol=1e-6)  # float32, order of summation


def test_layer_norm_has_a_weight_torch_refuses():
    layer = tt.RNN(3, 4, layer_norm=True)
    assert layer.kernel_in_use == ("cpu" if "cpu" in KERNELS else "oracle")
    assert torch.equal(layer.norm_l0, torch.ones(4))
    with pytest.raises(RuntimeError, match="norm_l0"):
        nn.RNN(3, 4).load_state_dict(layer.state_dict())


def test_copies_pickles_and_prints():
    layer = tt.RNN(3, 4, nonlinearity="relu", zoneout=0.1).eval()
    x = torch.randn(5, 2, 3)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):  # noqa: S301
        assert torch.equal(twin(x)[0], layer(x)[0])
    assert repr(layer) == f"RNN(3, 4, nonlinearity='relu', zoneout=0.1, kernel_in_use={layer.kernel_in_use!r})"


def test_a_tape_asked_for_is_written():
    layer, x = tt.RNN(3, 4, 2, bidirectional=True, kernel="oracle"), torch.randn(5, 2, 3)
    tapes = []
    found = checked(layer, layer._shapes)
    y, _ = layer._layer_by_layer("oracle", *layer._prepare(x, None, None, None)[:3], None, found, tapes)
    assert torch.equal(y, layer(x)[0])
    assert len(tapes) == 4
    assert torch.equal(torch.stack(tapes[2].h), y[..., :4])


def test_sizes_counted_by_numpy():
    layer = tt.RNN(np.int64(3), np.int32(4), np.int64(2), dropout=np.float32(0.5), zoneout=np.float64(0.25))
    for name, kind in {
        "input_size": int,
        "hidden_size": int,
        "num_layers": int,
        "dropout": float,
        "zoneout": float,
    }.items():
        assert type(getattr(layer, name)) is kind


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match=r"`nonlinearity` is one of tanh, relu: 'gelu' came.*; `zoneout`"):
        tt.RNN(3, 4, nonlinearity="gelu", zoneout=(0.1, 0.1))
    with pytest.raises(KernelError, match="torch kernel has no zoneout"):
        tt.RNN(3, 4, zoneout=0.5, kernel="torch")
