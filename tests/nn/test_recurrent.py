from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import throughtime as tt
from tests.nn.cases import KERNELS, assert_same, collect, layer_cases, rows_apart
from throughtime.base.errors import NetworkError, ShapeError
from throughtime.nn import MaskKey, keyed

F64 = torch.float64
EVERY_OPTION = {
    "num_layers": 2,
    "dropout": 0.3,
    "layer_norm": True,
    "recurrent_dropout": 0.25,
    "weight_drop": 0.25,
    "dtype": F64,
}
RANDOM = {
    "lstm": lambda **more: tt.LSTM(3, 5, zoneout=(0.3, 0.2), peephole=True, proj_size=4, **EVERY_OPTION, **more),
    "rnn": lambda **more: tt.RNN(3, 5, zoneout=0.2, **EVERY_OPTION, **more),
    "fused": lambda **more: tt.LSTM(3, 5, 2, dropout=0.3, weight_drop=0.25, dtype=F64, **more),
}


@pytest.mark.parametrize("kind", ["lstm", "rnn"])
@given(data=st.data())
@settings(max_examples=60)
def test_resets_equal_running_segments_apart(kind, data):
    case = data.draw(layer_cases(kind))
    layer, x = case.ours, case.x.transpose(0, 1) if case.ours.batch_first else case.x
    layer.batch_first = False
    T, B = x.shape[:2]
    lengths = data.draw(st.lists(st.integers(0, T), min_size=B, max_size=B))
    resets = torch.tensor(data.draw(st.lists(st.booleans(), min_size=T * B, max_size=T * B))).view(T, B)
    stacked = layer.num_layers * (2 if layer.bidirectional else 1)
    hx = case.hx or tuple(torch.zeros(stacked, B, u, dtype=F64) for u in layer.state_sizes)

    def apart(x, hx):
        y, last = rows_apart(layer, x, hx if isinstance(hx, tuple) else (hx,), lengths, resets)
        return y, last

    # Both directions of one layer see each other's segments in the next, so runs are cut for all layers alike.
    assert_same(collect(layer, x, hx, lengths=lengths, resets=resets), collect(layer, x, hx, apart))


@pytest.mark.parametrize("build", RANDOM.values(), ids=RANDOM)
@pytest.mark.parametrize("cut", [0, 1, 4, 9])
def test_splitting_changes_nothing_masks_included(build, cut):
    layer = build()
    T, B = 9, 3
    x, resets = torch.randn(T, B, 3, dtype=F64), torch.rand(T, B) < 0.2
    lengths = torch.tensor([9, 6, 3])
    rows = torch.arange(B) << 32

    def run(start, stop, hx):
        seen = resets[:start].sum(0)
        with keyed(MaskKey(11, rows + seen, start, {layer: 4})):
            some = (lengths - start).clamp(0, stop - start)
            return layer(x[start:stop], hx, lengths=some, resets=resets[start:stop])

    y, last = run(0, T, None)
    first, middle = run(0, cut, None)
    second, end = run(cut, T, middle)
    assert_same([torch.cat([first, second]), *flat(end)], [y, *flat(last)])


@pytest.mark.parametrize("build", RANDOM.values(), ids=RANDOM)
def test_evaluation_splits_too_and_draws_nothing(build):
    layer = build().eval()
    x = torch.randn(7, 2, 3, dtype=F64)
    state = torch.get_rng_state()
    y, last = layer(x)
    first, middle = layer(x[:3])
    second, end = layer(x[3:], middle)
    assert_same([torch.cat([first, second]), *flat(end)], [y, *flat(last)])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("build", RANDOM.values(), ids=RANDOM)
def test_training_draws_anew_each_call_and_repeats_under_a_seed(build):
    layer, x = build(), torch.randn(7, 2, 3, dtype=F64)
    torch.manual_seed(3)
    first, second = layer(x)[0], layer(x)[0]
    assert not torch.equal(first, second)
    torch.manual_seed(3)
    assert torch.equal(layer(x)[0], first)


@pytest.mark.parametrize("build", RANDOM.values(), ids=RANDOM)
def test_layers_of_one_network_have_masks_of_their_own(build):
    layer, x = build(), torch.randn(7, 2, 3, dtype=F64)
    rows = torch.arange(2) << 32
    outputs = []
    for ordinal in (1, 2, 1):
        with keyed(MaskKey(0, rows, 0, {layer: ordinal})):
            outputs.append(layer(x)[0])
    assert torch.equal(outputs[0], outputs[2])
    assert not torch.equal(outputs[0], outputs[1])


@pytest.mark.parametrize("build", RANDOM.values(), ids=RANDOM)
def test_a_rows_masks_depend_on_its_sequence_not_on_its_neighbours(build):
    layer, x = build(), torch.randn(7, 3, 3, dtype=F64)
    rows = torch.tensor([5, 6, 7]) << 32
    with keyed(MaskKey(0, rows, 0, {})):
        together = layer(x)[0]
    with keyed(MaskKey(0, rows[[2, 0]], 0, {})):
        apart = layer(x[:, [2, 0]])[0]
    assert_same([apart], [together[:, [2, 0]]])


def test_a_mask_key_for_other_rows_is_refused():
    layer = tt.LSTM(3, 4, recurrent_dropout=0.5)
    with keyed(MaskKey(0, torch.arange(2), 0, {})), pytest.raises(ShapeError, match="3 rows, the key 2"):
        layer(torch.randn(5, 3, 3))


def test_dropout_between_layers_is_scaled_and_hits_the_share_asked_for():
    layer = tt.RNN(1, 500, 2, dropout=0.25)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.bias_ih_l0.fill_(0.1)
        layer.weight_ih_l1.copy_(torch.eye(500))
    y = layer(torch.zeros(40, 5, 1))[0].atanh() / torch.tensor(0.1).tanh()
    share = (y == 0).double().mean().item()
    assert abs(share - 0.25) < 5 * (0.25 * 0.75 / y.numel()) ** 0.5  # 5 standard errors
    torch.testing.assert_close(y[y != 0], torch.full_like(y[y != 0], 4 / 3))


@pytest.mark.parametrize("probability", [0.0, 1.0])
@pytest.mark.parametrize("name", ["dropout", "recurrent_dropout", "weight_drop"])
def test_the_ends_of_the_range_are_exact(probability, name):
    layer = tt.LSTM(3, 4, 2, **{name: probability}, kernel="oracle")
    x = torch.randn(6, 2, 3)
    y = layer(x)[0]
    assert y.isfinite().all()
    plain = tt.LSTM(3, 4, 2, kernel="oracle")
    plain.load_state_dict(layer.state_dict())
    if probability == 1.0 and name != "dropout":
        with torch.no_grad():
            plain.weight_hh_l0.zero_(), plain.weight_hh_l1.zero_()
    if not (probability == 1.0 and name == "dropout"):
        torch.testing.assert_close(y, plain(x)[0], rtol=0, atol=0)


def test_zoneout_of_one_keeps_the_state_for_ever():
    layer = tt.LSTM(3, 4, zoneout=(1.0, 1.0))
    hx = (torch.randn(1, 2, 4), torch.randn(1, 2, 4))
    y, last = layer(torch.randn(6, 2, 3), hx)
    assert torch.equal(y, hx[0].expand(6, 2, 4))
    torch.testing.assert_close(last, hx, rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["lstm", "rnn", "fused"])
def test_steps_equal_the_sequence(kind):
    layer = RANDOM[kind]().eval()
    x = torch.randn(6, 3, 3, dtype=F64)
    y, last = layer(x)
    hx, steps = None, []
    for t in range(6):
        y_t, hx = layer.step(x[t], hx)
        assert not y_t.requires_grad
        steps.append(y_t)
    assert_same([torch.stack(steps), *flat(hx)], [y, *flat(last)])


def test_a_step_in_training_draws_masks_as_forward_does():
    layer = RANDOM["lstm"]()
    x = torch.randn(2, 3, dtype=F64)
    with keyed(MaskKey(0, torch.arange(2) << 32, 7, {})):
        assert torch.equal(layer.step(x)[0], layer(x[None])[0][0])


def test_a_bidirectional_layer_cannot_be_stepped():
    layer = tt.RNN(3, 4, bidirectional=True)
    with pytest.raises(NetworkError, match="bidirectional"):
        layer.step(torch.randn(2, 3))
    with pytest.raises(NetworkError, match="bidirectional"):
        layer.stepper(2)


@pytest.mark.parametrize("build", [tt.LSTM, tt.RNN])
def test_a_long_stream_with_few_resets_equals_the_oracle(build):
    layer, x = build(3, 4, 2, dtype=F64), torch.randn(40, 3, 3, dtype=F64)
    resets = torch.zeros(40, 3, dtype=torch.bool)
    resets[0, 0] = resets[11, 1] = resets[30, 1] = resets[30, 2] = True
    runs = []
    for kernel in KERNELS:
        layer.kernel = kernel
        runs.append(collect(layer, x, None, resets=resets))
    for run in runs[1:]:
        assert_same(run, runs[0])


def test_lengths_that_reach_the_end_cost_nothing():
    layer, x = tt.LSTM(3, 4), torch.randn(5, 2, 3)
    assert torch.equal(
        layer(x, lengths=torch.tensor([5, 5]), resets=torch.zeros(5, 2, dtype=torch.bool))[0], layer(x)[0]
    )


def test_handles_and_state_axis():
    for layer in (tt.LSTM(3, 4), tt.RNN(3, 4)):
        assert layer.handles == {"lengths", "resets"}
        assert layer.state_axis == 1


@pytest.mark.parametrize("name", ["weight_hh_l0", "bias_ih_l0"])
def test_a_weight_replaced_by_another_shape_is_refused(name):
    layer = tt.LSTM(3, 4)
    setattr(layer, name, nn.Parameter(torch.zeros(2, 2)))
    with pytest.raises(ShapeError, match=f"`{name}` must keep its shape"):
        layer(torch.randn(5, 2, 3))


def flat(state):
    return state if isinstance(state, tuple) else (state,)
