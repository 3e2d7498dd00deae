from __future__ import annotations

import copy
import io
import math
import pickle  # noqa: TID251 - users pickle modules; nothing of ours reads one

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import throughtime as tt
from tests.nn.cases import KERNELS, assert_same, by_packing, collect, layer_cases
from throughtime.base.errors import ConfigError, KernelError, Notice
from throughtime.nn.lstm import recurrent_masks, zoneout_mask
from throughtime.nn.masks import ZONEOUT_C, LayerMasks, fresh_key

OPTIONS = {
    "peephole": {"peephole": True},
    "layer_norm": {"layer_norm": True},
    "zoneout": {"zoneout": (0.3, 0.2)},
    "recurrent_dropout": {"recurrent_dropout": 0.3},
    "weight_drop": {"weight_drop": 0.3},
    "dropout": {"num_layers": 2, "dropout": 0.4},
}


@given(case=layer_cases("lstm"))
@settings(max_examples=100)
def test_equals_torch(case):
    assert_same(collect(case.ours, case.x, case.hx), collect(case.theirs, case.x, case.hx))


@given(case=layer_cases("lstm"), data=st.data())
@settings(max_examples=100)
def test_lengths_equal_torchs_packing(case, data):
    T, B = case.x.shape[:2] if not case.ours.batch_first else (case.x.shape[1], case.x.shape[0])
    lengths = data.draw(st.lists(st.integers(1, T), min_size=B, max_size=B))
    ours = collect(case.ours, case.x, case.hx, lengths=lengths)
    assert_same(ours, collect(case.theirs, case.x, case.hx, by_packing(case.theirs, lengths)))
    y = ours[0] if not case.ours.batch_first else ours[0].transpose(0, 1)
    past = torch.arange(T)[:, None] >= torch.tensor(lengths)
    assert not y[past].any()


@given(case=layer_cases("lstm"), data=st.data())
@settings(max_examples=50)
def test_packed_sequences_go_in_and_come_out(case, data):
    T, B = case.x.shape[:2] if not case.ours.batch_first else (case.x.shape[1], case.x.shape[0])
    lengths = data.draw(st.lists(st.integers(1, T), min_size=B, max_size=B))
    ours = collect(case.ours, case.x, case.hx, by_packing(case.ours, lengths))
    assert_same(ours, collect(case.theirs, case.x, case.hx, by_packing(case.theirs, lengths)))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("given_state", [False, True])
def test_one_sequence_without_a_batch(kernel, given_state):
    theirs, ours = nn.LSTM(3, 4, 2, bidirectional=True), tt.LSTM(3, 4, 2, bidirectional=True, kernel=kernel)
    ours.load_state_dict(theirs.state_dict())
    hx = (torch.randn(4, 4), torch.randn(4, 4)) if given_state else None
    for a, b in zip(collect(ours, torch.randn(5, 3), hx), collect(theirs, torch.randn(5, 3), hx), strict=True):
        assert a.shape == b.shape
    x = torch.randn(5, 3)
    # float32, another order of summation
    torch.testing.assert_close(ours(x, hx), theirs(x, hx), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("proj_size", [0, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_names_order_and_values_are_torchs(proj_size, bias):
    arguments = (3, 4, 2, bias, True, 0.1, True, proj_size, "cpu", torch.float64)
    torch.manual_seed(7)
    theirs = nn.LSTM(*arguments)
    torch.manual_seed(7)
    ours = tt.LSTM(*arguments)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    assert [[w.shape for w in each] for each in ours.all_weights] == [
        [w.shape for w in each] for each in theirs.all_weights
    ]
    assert ours.flatten_parameters() is None


def test_plain_values_do_not_depend_on_the_options():
    torch.manual_seed(7)
    theirs = nn.LSTM(3, 4)
    torch.manual_seed(7)
    ours = tt.LSTM(3, 4, peephole=True, layer_norm=True)
    assert all(torch.equal(getattr(ours, name), value) for name, value in theirs.named_parameters())


@pytest.mark.parametrize("option", ["peephole", "layer_norm"])
def test_torch_refuses_weights_it_does_not_know(option):
    ours = tt.LSTM(3, 4, **{option: True})
    with pytest.raises(RuntimeError, match="Unexpected key"):
        nn.LSTM(3, 4).load_state_dict(ours.state_dict())


@pytest.mark.parametrize("kernel", KERNELS)
def test_states_without_options_do_not_change_a_torch_users_training(kernel):
    theirs, ours = nn.LSTM(3, 4), tt.LSTM(3, 4, kernel=kernel)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(6, 2, 3)
    for layer in (theirs, ours):
        optimizer = torch.optim.SGD(layer.parameters(), 0.1)
        for _ in range(5):
            optimizer.zero_grad()
            layer(x)[0].square().sum().backward()
            optimizer.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)  # float32, five updates


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("T", "B"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_do_is_legal(kernel, T, B):
    layer = tt.LSTM(3, 4, 2, bidirectional=True, kernel=kernel)
    hx = (torch.randn(4, B, 4), torch.randn(4, B, 4))
    y, last = layer(torch.randn(T, B, 3), hx)
    assert y.shape == (T, B, 8)
    if T == 0:
        torch.testing.assert_close(last, hx, rtol=0, atol=0)


@pytest.mark.parametrize("kernel", KERNELS)
def test_rows_without_steps_keep_their_state(kernel):
    layer = tt.LSTM(3, 4, 2, bidirectional=True, kernel=kernel)
    hx = (torch.randn(4, 2, 4), torch.randn(4, 2, 4))
    y, last = layer(torch.full((5, 2, 3), float("nan")), hx, lengths=[0, 0], resets=torch.ones(5, 2, dtype=torch.bool))
    assert not y.any()
    torch.testing.assert_close(last, hx, rtol=0, atol=0)


@pytest.mark.parametrize("forget_bias", [1.0, 2])
def test_a_forget_bias_is_put_in_b_ih_alone(forget_bias):
    layer = tt.LSTM(3, 4, 2, bidirectional=True, forget_bias=forget_bias)
    torch.manual_seed(0)
    layer.reset_parameters()
    torch.manual_seed(0)
    plain = nn.LSTM(3, 4, 2, bidirectional=True)
    for name, value in plain.named_parameters():
        ours = getattr(layer, name)
        if not name.startswith("bias"):
            assert torch.equal(ours, value)
            continue
        assert (ours[4:8] == (forget_bias if name.startswith("bias_ih") else 0)).all()
        assert torch.equal(torch.cat([ours[:4], ours[8:]]), torch.cat([value[:4], value[8:]]))


def test_chrono_spreads_the_forget_bias_over_the_time_scales():
    H, T = 2000, 600
    layer = tt.LSTM(1, H, forget_bias=f"chrono:{T}")
    b_i, b_f = layer.bias_ih_l0[:H], layer.bias_ih_l0[H : 2 * H]
    assert torch.equal(b_i, -b_f)
    assert not layer.bias_hh_l0[: 2 * H].any()
    scales = b_f.exp().double() / (T - 1)
    assert scales.min() >= 1 / (T - 1) - 1e-6
    assert scales.max() <= 1 + 1e-6
    # U(0, 1): its mean is off by less than 5 standard errors
    assert abs(scales.mean() - 0.5) < 5 / math.sqrt(12 * H)


def test_the_forget_bias_is_applied_in_reset_parameters_only():
    layer = tt.LSTM(3, 4, forget_bias=3.0)
    layer.load_state_dict(nn.LSTM(3, 4).state_dict())
    before = layer.bias_ih_l0.clone()
    layer(torch.randn(2, 1, 3))
    assert torch.equal(layer.bias_ih_l0, before)


def test_kernels_are_chosen_and_reported():
    fast = KERNELS[-1]
    assert tt.LSTM(3, 4).kernel_in_use == fast
    assert tt.LSTM(3, 4, peephole=True).kernel_in_use == ("cpu" if fast == "cpu" else "oracle")
    layer = tt.LSTM(3, 4, kernel="oracle")
    assert (layer.kernel, layer.kernel_in_use) == ("oracle", "oracle")
    layer.kernel = "auto"
    assert layer.kernel_in_use == fast
    with pytest.raises(KernelError, match="has no layer_norm, peephole"):
        tt.LSTM(3, 4, peephole=True, layer_norm=True, kernel="torch")
    with pytest.raises(KernelError, match='one of "auto", "cpu", "torch", "oracle": got \'cuda\''):
        layer.kernel = "cuda"
    assert layer.kernel_in_use == fast


def test_numbers_of_numpy_are_taken_and_kept_as_pythons_own():
    settings = {"proj_size": np.int64(2), "zoneout": (np.float32(0.5), 0), "forget_bias": np.float32(1)}
    layer = tt.LSTM(np.int64(3), np.int32(4), np.uint8(2), **settings)
    kept = [layer.input_size, layer.hidden_size, layer.num_layers, layer.proj_size, *layer.zoneout, layer.forget_bias]
    assert kept == [3, 4, 2, 2, 0.5, 0.0, 1.0]
    assert [type(value) for value in kept] == [int] * 4 + [float] * 3
    assert layer(torch.randn(5, 2, 3))[0].shape == (5, 2, 2)


def test_all_mistakes_of_a_constructor_are_named_at_once():
    with pytest.raises(ConfigError) as caught:
        tt.LSTM(0, 4, 1.5, 1, dropout=2, proj_size=4, zoneout=0.1, forget_bias="chrono:1")
    for name in ("input_size", "num_layers", "bias", "dropout", "proj_size", "zoneout", "forget_bias"):
        assert f"`{name}`" in str(caught.value)


@pytest.mark.parametrize("forget_bias", [True, "1", "chrono:", "chrono:x", "chrono:inf", float("nan"), [1.0]])
def test_a_forget_bias_that_means_nothing_is_refused(forget_bias):
    with pytest.raises(ConfigError, match="forget_bias"):
        tt.LSTM(3, 4, forget_bias=forget_bias)


def test_a_forget_bias_without_biases_is_refused():
    with pytest.raises(ConfigError, match="needs bias=True"):
        tt.LSTM(3, 4, bias=False, forget_bias=1.0)


def test_dropout_with_nothing_between_is_said_once():
    with pytest.warns(Notice, match="recurrent_dropout"):
        tt.LSTM(3, 4, dropout=0.5)
    tt.LSTM(3, 4, dropout=0.5)


@pytest.mark.parametrize("options", [{}, *OPTIONS.values()], ids=["plain", *OPTIONS])
def test_copies_pickles_and_prints(options):
    layer = tt.LSTM(3, 4, **options).eval()
    x = torch.randn(5, 2, 3)
    wanted = layer(x)[0]
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):  # noqa: S301
        assert torch.equal(twin(x)[0], wanted)
        assert twin.kernel_in_use == layer.kernel_in_use
    text = repr(layer)
    assert text.startswith("LSTM(3, 4")
    assert all(f"{name}={value}" in text for name, value in options.items())


def test_whole_modules_survive_torchs_own_file():
    layer = tt.LSTM(3, 4, peephole=True)
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)  # noqa: TID251 - users do
    file.seek(0)
    other = tt.LSTM(3, 4, peephole=True)
    other.load_state_dict(torch.load(file, weights_only=True))  # noqa: TID251 - users do
    assert torch.equal(other.weight_peep_l0, layer.weight_peep_l0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("options", [{}, {"kernel": "oracle"}, {"layer_norm": True, "peephole": True}])
def test_it_moves_to_other_dtypes(dtype, options):
    layer = tt.LSTM(3, 4, 2, **options).to(dtype)
    y, (h, c) = layer(torch.randn(5, 2, 3, dtype=dtype), lengths=[5, 3])
    assert {y.dtype, h.dtype, c.dtype} == {dtype}
    y.sum().backward()
    assert all(p.grad.isfinite().all() for p in layer.parameters())


def test_factory_arguments():
    layer = tt.LSTM(3, 4, device="meta", dtype=torch.float64, peephole=True)
    assert {(p.device.type, p.dtype) for p in layer.parameters()} == {("meta", torch.float64)}
    assert tt.LSTM(3, 4, dtype=torch.float64).to("meta").weight_ih_l0.is_meta


@pytest.mark.parametrize("kernel", KERNELS)
def test_nan_and_infinity_travel_as_in_torch(kernel):
    theirs, ours = nn.LSTM(3, 4, 2), tt.LSTM(3, 4, 2, kernel=kernel)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(6, 3, 3)
    x[2, 1, 0], x[3, 2, 1] = float("nan"), float("inf")
    y = ours(x)[0]
    wanted = theirs(x)[0]
    assert torch.equal(y.isnan(), wanted.isnan())
    torch.testing.assert_close(y, wanted, equal_nan=True, rtol=1e-5, atol=1e-6)  # float32, another order of summation


def torch_has_bfloat16_lstms():
    """oneDNN makes them only on processors with AVX-512 or more."""
    try:
        with torch.autocast("cpu", torch.bfloat16):
            nn.LSTM(3, 4)(torch.randn(5, 2, 3))
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize("kernel", KERNELS)
def test_autocast_runs_as_torch_does(kernel):
    if kernel == "torch" and not torch_has_bfloat16_lstms():
        pytest.skip("torch has no bfloat16 LSTM on this processor")
    theirs, ours = nn.LSTM(3, 4), tt.LSTM(3, 4, kernel=kernel)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(5, 2, 3)
    with torch.autocast("cpu", torch.bfloat16):
        y, _ = ours(x)
        ours(x.bfloat16())[0].float().sum().backward()
    wanted, _ = theirs(x)
    torch.testing.assert_close(y.float(), wanted, rtol=0.05, atol=0.02)  # bfloat16 keeps 8 bits


def test_survivors_of_dropout_are_scaled_up_and_evaluation_masks_nothing():
    drawn = LayerMasks(fresh_key(50, torch.device("cpu")), 0, None, 3)
    like = torch.zeros(80, 20, dtype=torch.float64)
    drop_h, drop_W = recurrent_masks(0.2, 0.5, drawn, 0, 3, like)
    assert drop_h.shape == (3, 50, 20)
    assert torch.equal(drop_h[0], drop_h[2])
    assert drop_h.unique().tolist() == [0.0, 1.25]
    assert drop_W.shape == (80, 20)
    assert drop_W.unique().tolist() == [0.0, 2.0]
    assert recurrent_masks(0.2, 0.5, None, 0, 3, like) == (None, None)
    zone = zoneout_mask(0.3, None, ZONEOUT_C, 0, (3, 50, 20), like)
    assert (zone == 0.3).all()
    assert zoneout_mask(0.3, drawn, ZONEOUT_C, 0, (3, 50, 20), like).unique().tolist() == [0.0, 1.0]


def test_parametrised_weights_serve():
    layer = tt.LSTM(3, 4)
    nn.utils.parametrizations.weight_norm(layer, "weight_hh_l0")
    layer(torch.randn(5, 2, 3))[0].sum().backward()
    assert layer.parametrizations.weight_hh_l0.original0.grad.abs().sum() > 0


def test_functional_calls_serve():
    layer, other = tt.LSTM(3, 4), tt.LSTM(3, 4)
    x = torch.randn(5, 2, 3)
    y = torch.func.functional_call(layer, dict(other.named_parameters()), (x,))[0]
    assert torch.equal(y, other(x)[0])
