"""Under torch's modes a tensor just made may lie elsewhere, or nowhere: a pointer into it would end the process."""

from __future__ import annotations

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

import throughtime as tt
from tests.kernels.cpu.layer_cases import needs_library
from throughtime.base.errors import KernelError
from throughtime.kernels.cpu import layers, pointers
from throughtime.kernels.modes import tracing

pytestmark = needs_library


class ElsewhereMode(TorchFunctionMode):
    """Makes every new tensor one without memory."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        new = (torch.empty, torch.zeros, torch.ones, torch.Tensor.new_empty, torch.empty_like, torch.zeros_like)
        return made.to("meta") if function in new else made


MODES = {
    "another default device": lambda: torch.device("meta"),
    "a mode that makes tensors": ElsewhereMode,
    "a mode that counts": lambda: FlopCounterMode(display=False),
}
LAYERS = {
    "lstm": lambda: tt.LSTM(3, 5, 2, layer_norm=True, zoneout=(0.1, 0.2), kernel="cpu").eval(),
    "rnn": lambda: tt.RNN(3, 5, bidirectional=True, kernel="cpu"),
}


def state_of(layer):
    stacked = layer.num_layers * (2 if layer.bidirectional else 1)
    hx = tuple(torch.randn(stacked, 2, units) for units in layer.state_sizes)
    return hx if len(hx) > 1 else hx[0]


@pytest.mark.parametrize("lengths", [None, [4, 0]])
@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_a_mode_changes_nothing(build, mode, lengths):
    layer, x = build(), torch.randn(4, 2, 3, requires_grad=True)
    hx = state_of(layer)
    wanted = layer(x, hx, lengths=lengths)[0]
    with mode():
        y = layer(x, hx, lengths=lengths)[0]
    assert torch.equal(y, wanted)
    d = torch.randn_like(y)
    given = [x, *layer.parameters()]
    with mode():
        found = torch.autograd.grad(y, given, d)
    for a, b in zip(found, torch.autograd.grad(wanted, given, d), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_a_mode_changes_no_step(mode):
    layer, x = LAYERS["lstm"](), torch.randn(2, 3)
    hx = state_of(layer)
    wanted, _ = layer.step(x, hx)
    stepper = layer.stepper(2)
    stepper.state = hx
    with mode():
        again, (h, c) = layer.step(x, hx)
        y = stepper(x)
    assert torch.equal(again, wanted)
    assert (h.device.type, c.device.type) == ("cpu", "cpu")
    torch.testing.assert_close(y, wanted, rtol=1e-5, atol=1e-6)  # float32, packed weights: another order of summation
    other = LAYERS["lstm"]()
    other.load_state_dict(layer.state_dict())
    with mode():  # nothing is ready yet
        assert torch.equal(other.step(x, hx)[0], wanted)


def test_fake_tensors_and_recorded_graphs_go_to_torch():
    layer, x = tt.LSTM(3, 5), torch.randn(4, 2, 3)
    assert layer.kernel_in_use == "cpu"
    recorded = make_fx(lambda v: layer(v)[0])(x)
    other = torch.randn(4, 2, 3)
    torch.testing.assert_close(recorded(other), layer(other)[0], rtol=1e-5, atol=1e-6)  # float32, order of summation
    with FakeTensorMode():
        fake = tt.LSTM(3, 5)
        assert fake.kernel_in_use == "torch"
        y = fake(torch.randn(4, 2, 3))[0]
        assert isinstance(y, FakeTensor)
    assert not tracing()
    assert layer.kernel_in_use == "cpu"


def test_nothing_is_computed_under_a_mode_that_computes_nothing():
    with (
        FakeTensorMode(allow_non_fake_inputs=True),
        pytest.raises(KernelError, match=r"FakeTensorMode.*kernel=\"torch\""),
    ):
        pointers.undisturbed(lambda: 1)()


def test_gradients_that_are_fake_are_refused():
    x = torch.randn(4, 2, 3, requires_grad=True)
    y, one = tt.LSTM(3, 5, kernel="cpu")(x)[0].sum(), torch.ones(())
    with FakeTensorMode(allow_non_fake_inputs=True), pytest.raises(KernelError, match="FakeTensor"):
        torch.autograd.grad(y, x, one)


def test_real_tensors_under_a_fake_mode_are_refused():
    layer, x = tt.LSTM(3, 5, kernel="cpu"), torch.randn(4, 2, 3)
    weights = layer._weights("_l0", dict(layer.named_parameters()))
    rows, state = layer._prepare(x, None, None, None)[2], (torch.zeros(1, 2, 5), torch.zeros(1, 2, 5))
    with FakeTensorMode(allow_non_fake_inputs=True), pytest.raises(KernelError, match="FakeTensorMode"):
        layers.run("lstm", x, state, [weights], rows, [layer._masks(None, 0, x)])
