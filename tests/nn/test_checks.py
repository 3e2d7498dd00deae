from __future__ import annotations

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence

import throughtime as tt
from tests.nn.cases import KERNELS
from throughtime.base.errors import ConfigError, DeviceError, DtypeError, ShapeError

z = torch.zeros
X = torch.ones(7, 4, 3)
HX = (z(1, 4, 5), z(1, 4, 5))

BAD_INPUTS = [
    (z(1, 2, 3, 3), ShapeError, r"\[T, B, C\].*got 4 axes"),
    (z(3), ShapeError, "got 1 axes"),
    (z(()), ShapeError, "got 0 axes"),
    (z(7, 4, 2), ShapeError, r"input_size = 3 .*got \(7, 4, 2\)"),
    (z(7, 4, 3, dtype=torch.int64), DtypeError, "torch.float32: got torch.int64"),
    (z(7, 4, 3, dtype=torch.bool), DtypeError, "got torch.bool"),
    (X.double(), DtypeError, "got torch.float64"),
    (X + 0j, DtypeError, "got torch.complex64"),
    (X.numpy(), DtypeError, "torch tensor: got ndarray"),
    (None, DtypeError, "got NoneType"),
    ([[1.0]], DtypeError, "got list"),
    (X.to("meta"), DeviceError, "on cpu: got meta"),
    (X.to_sparse(), DtypeError, "dense tensor: got layout torch.sparse_coo"),
]
BAD_STATES = [
    (z(1, 4, 5), ShapeError, r"tuple \(h, c\) of tensors: got Tensor"),
    ((z(1, 4, 5),) * 3, ShapeError, "got 3 of them"),
    ("hx", ShapeError, "got str"),
    ((None, None), DtypeError, r"\(h\).*got NoneType"),
    ((z(1, 3, 5), z(1, 3, 5)), ShapeError, r"\(h\) must be .* \[1, 4, 5\]: got \[1, 3, 5\]"),
    ((z(1, 4, 5), z(1, 4, 6)), ShapeError, r"\(c\) must be .* \[1, 4, 5\]: got \[1, 4, 6\]"),
    ((z(4, 5), z(4, 5)), ShapeError, r"got \[4, 5\]"),
    ((z(1, 4, 5).double(), z(1, 4, 5)), DtypeError, r"\(h\).*got torch.float64"),
    ((z(1, 4, 5), z(1, 4, 5, device="meta")), DeviceError, r"\(c\).*got meta"),
]
BAD_LENGTHS = [
    ([8, 1, 1, 1], ShapeError, r"0 \.\. T = 7: row 0 has 8"),
    (torch.tensor([1, 1, -1, 1]), ShapeError, "row 2 has -1"),
    ([1, 1, 1], ShapeError, "`input` has 4 rows, lengths 3"),
    (torch.ones(4), DtypeError, "whole numbers: got torch.float32"),
    (torch.ones(4, dtype=torch.bool), DtypeError, "got torch.bool"),
    ([1.0, 2, 3, 4], DtypeError, "whole numbers"),
    ([True] * 4, DtypeError, "whole numbers"),
    (3, DtypeError, "whole numbers"),
    ("abcd", DtypeError, "whole numbers"),
    (torch.ones(2, 2, dtype=torch.int64), ShapeError, r"\[B\]: got \(2, 2\)"),
]
BAD_RESETS = [
    (z(4, 7, dtype=torch.bool), ShapeError, r"\[7, 4\], time first: got \[4, 7\]"),
    (z(7, dtype=torch.bool), ShapeError, r"got \[7\]"),
    (z(7, 4), DtypeError, "bool tensor .*got torch.float32"),
    ([[False]], DtypeError, "got list"),
    (z(7, 4, dtype=torch.bool, device="meta"), DeviceError, "got meta"),
]


@pytest.fixture(params=KERNELS)
def layer(request):
    return tt.LSTM(3, 5, kernel=request.param)


@pytest.mark.parametrize(("x", "error", "match"), BAD_INPUTS)
def test_bad_inputs_are_named(layer, x, error, match):
    with pytest.raises(error, match=f"`input`.*{match}"):
        layer(x)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_nested_tensors_are_refused(layer):
    with pytest.raises(DtypeError, match="`input` must be a dense tensor"):
        layer(torch.nested.nested_tensor([X[:, 0], X[:3, 0]]))


@pytest.mark.parametrize(("hx", "error", "match"), BAD_STATES)
def test_bad_states_are_named(layer, hx, error, match):
    with pytest.raises(error, match=f"`hx.*{match}"):
        layer(X, hx)


@pytest.mark.parametrize(("lengths", "error", "match"), BAD_LENGTHS)
def test_bad_lengths_are_named(layer, lengths, error, match):
    with pytest.raises(error, match=f"`lengths`.*{match}"):
        layer(X, lengths=lengths)


@pytest.mark.parametrize(("resets", "error", "match"), BAD_RESETS)
def test_bad_resets_are_named(layer, resets, error, match):
    with pytest.raises(error, match=f"`resets`.*{match}"):
        layer(X, resets=resets)


def test_one_sequence_has_a_state_without_rows(layer):
    with pytest.raises(ShapeError, match=r"\[1, 5\]: got \[1, 1, 5\]"):
        layer(X[:, 0], (z(1, 1, 5), z(1, 1, 5)))
    resets = z(7, dtype=torch.bool)
    resets[3] = True
    assert torch.equal(layer(X[:, 0], resets=resets)[0], layer(X[:, :1], resets=resets[:, None])[0][:, 0])
    assert torch.equal(layer(X[:, 0], lengths=[3])[0], layer(X[:, :1], lengths=torch.tensor(3))[0][:, 0])


def test_an_rnns_state_is_one_tensor():
    with pytest.raises(DtypeError, match=r"hx \(h\).*got tuple"):
        tt.RNN(3, 5)(X, HX)


@pytest.mark.parametrize("x", [X, z(3), 3, z(4, 2), z(4, 3, dtype=torch.int64)])
def test_bad_steps_are_named(layer, x):
    with pytest.raises((ShapeError, DtypeError), match="got"):
        layer.step(x)


def test_a_state_for_other_rows_is_refused_in_a_step(layer):
    # torch's own LSTMCell reads past the end here
    with pytest.raises(ShapeError, match="`hx`"):
        layer.step(z(3, 3), (z(2, 3, 3), z(2, 3, 3)))


def test_a_packed_batch_has_its_own_lengths(layer):
    packed = pack_padded_sequence(X, [3, 2, 2, 1])
    for rows in ({"lengths": [3, 2, 2, 1]}, {"resets": z(3, 4, dtype=torch.bool)}):
        with pytest.raises(ConfigError, match="PackedSequence brings its own lengths"):
            layer(packed, **rows)
    with pytest.raises(ShapeError, match="input_size = 3"):
        layer(pack_padded_sequence(z(7, 4, 2), [3, 2, 2, 1]))
    with pytest.raises(ShapeError, match="`hx`"):
        layer(packed, (z(1, 3, 5), z(1, 3, 5)))
    with pytest.raises(ShapeError, match=r"\[steps, C\]: got data of shape \(5,\)"):
        layer(pack_sequence([z(3), z(2)]))


@pytest.mark.parametrize("sizes", [[4, 9], [0], [], [4, 3, 9], [4, 5], [-1, 2], [2, 4], [8, 0], [4, 4, 1]])
def test_a_forged_packed_batch_is_refused(layer, sizes):
    with pytest.raises(ShapeError, match="batch_sizes"):
        layer(PackedSequence(z(8, 3), torch.tensor(sizes, dtype=torch.int64)))


@pytest.mark.parametrize("indices", [[9, 9, 9, 9], [0, 0, 1, 2], [0, 1], [-1, 0, 1, 2]])
def test_forged_packed_indices_are_refused(layer, indices):
    order = torch.tensor(indices)
    with pytest.raises(ShapeError, match="indices"):
        layer(PackedSequence(z(8, 3), torch.tensor([4, 4]), order, order))
