"""Layers on the cpu kernel: which kernel runs where, and what cannot be run is refused by name."""

from __future__ import annotations

import copy
import pickle  # noqa: TID251 - users pickle modules; nothing of ours reads one
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

import throughtime as tt
from tests.nn.cases import KERNELS, assert_same, collect
from throughtime.base.errors import DeviceError, DtypeError, KernelError, ShapeError
from throughtime.kernels.cpu import library

pytestmark = pytest.mark.skipif("cpu" not in KERNELS, reason=f"no compiled library: {library.found().reason}")

F64 = torch.float64
BUILDS = {
    "lstm": lambda **more: tt.LSTM(3, 4, 2, bidirectional=True, proj_size=3, dtype=F64, **more),
    "options": lambda **more: tt.LSTM(3, 4, 2, peephole=True, layer_norm=True, zoneout=(0.2, 0.3), dtype=F64, **more),
    "masks": lambda **more: tt.LSTM(3, 4, 2, dropout=0.3, recurrent_dropout=0.2, weight_drop=0.3, dtype=F64, **more),
    "rnn": lambda **more: tt.RNN(3, 4, 2, layer_norm=True, zoneout=0.2, bidirectional=True, dtype=F64, **more),
}


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
@pytest.mark.parametrize("rows", [{}, {"lengths": [6, 0, 3]}, {"resets": torch.arange(18).view(6, 3) % 5 == 1}])
@pytest.mark.parametrize("training", [True, False])
def test_equals_the_oracle_with_every_option(build, rows, training):
    layer, x, runs = build().train(training), torch.randn(6, 3, 3, dtype=F64), []
    for kernel in ("cpu", "oracle"):
        layer.kernel = kernel
        torch.manual_seed(5)  # the same masks
        runs.append(collect(layer, x, None, **rows))
    assert_same(*runs)


def test_a_layer_that_moves_takes_the_kernel_that_serves_there():
    layer = tt.LSTM(3, 4)
    for dtype, kernel in [(torch.float32, "cpu"), (torch.float16, "torch"), (F64, "cpu"), (torch.bfloat16, "torch")]:
        layer.to(dtype)
        assert layer.kernel_in_use == kernel
        assert layer(torch.randn(5, 2, 3, dtype=dtype))[0].dtype == dtype
    assert layer.to("meta").kernel_in_use == "torch"
    assert layer(torch.randn(5, 2, 3, dtype=torch.bfloat16, device="meta"))[0].is_meta
    assert tt.LSTM(3, 4, peephole=True).half().kernel_in_use == "oracle"


def test_a_layer_that_asked_for_the_cpu_kernel_is_refused_where_it_cannot_serve():
    layer = tt.LSTM(3, 4, kernel="cpu").half()
    assert "kernel_in_use='none: cpu cannot serve here'" in repr(layer)
    with pytest.raises(KernelError, match=r"weights are torch.float16\. Use kernel=\"torch\""):
        layer(torch.randn(5, 2, 3).half())
    assert layer.float()(torch.randn(5, 2, 3))[0].shape == (5, 2, 4)
    with pytest.raises(KernelError, match="weights are on meta"):
        tt.LSTM(3, 4, kernel="cpu", device="meta")


def test_a_pickle_chooses_anew(monkeypatch):
    layer = tt.LSTM(3, 4)
    written = pickle.dumps(layer)
    monkeypatch.setattr(library, "found", lambda: library.Found(None, reason="another machine"))
    assert pickle.loads(written).kernel_in_use == "torch"  # noqa: S301
    assert copy.deepcopy(layer).kernel_in_use == "torch"
    with pytest.raises(KernelError, match="there is none here, another machine"):
        layer.kernel = "cpu"


def test_under_autocast_inputs_take_the_weights_dtype():
    layer, x = tt.LSTM(3, 4, kernel="cpu"), torch.randn(5, 2, 3)
    with torch.autocast("cpu", torch.bfloat16):
        y, _ = layer(x.bfloat16())
    assert y.dtype == torch.float32
    assert torch.equal(y, layer(x.bfloat16().float())[0])


@pytest.mark.parametrize("build", [tt.LSTM, tt.RNN])
def test_a_second_derivative_is_refused(build):
    layer, x = build(3, 4, kernel="cpu"), torch.randn(5, 2, 3, requires_grad=True)
    (found,) = torch.autograd.grad(layer(x)[0].square().sum(), x, create_graph=True)
    name = build.__name__
    with pytest.raises(KernelError, match=rf"The cpu kernel's {name} gradients .*oracle_{name.lower()}\.forward"):
        found.sum().backward()


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # torch's own, in jvp
def test_torch_func_and_forward_mode_are_refused():
    layer, x = tt.LSTM(3, 4, kernel="cpu"), torch.randn(5, 2, 3)
    with pytest.raises(KernelError, match=r"not by torch\.func's transforms.*kernel=\"torch\""):
        torch.func.vmap(layer)(torch.randn(2, 5, 2, 3))
    with pytest.raises(KernelError, match=r"torch\.func's transforms"):
        torch.func.grad(lambda x: layer(x)[0].sum())(x)
    with pytest.raises(KernelError, match=r"torch\.func's transforms|forward-mode"):
        torch.func.jvp(lambda x: layer(x)[0], (x,), (x,))
    with torch.autograd.forward_ad.dual_level(), pytest.raises(KernelError, match="carries a tangent"):
        layer(torch.autograd.forward_ad.make_dual(x, x))
    y = layer(x.requires_grad_())[0]
    with pytest.raises(KernelError, match="`a gradient` is a Tensor that has none of its own"):
        torch.autograd.grad(y, x, torch.ones(2, *y.shape), is_grads_batched=True)


def test_tensors_without_memory_are_refused():
    layer = tt.LSTM(3, 4, kernel="cpu")
    with pytest.raises(KernelError, match=r"`x` is a FakeTensor that has none of its own. Use kernel=\"torch\""):
        layer(FakeTensorMode().from_tensor(torch.randn(5, 2, 3)))


@pytest.mark.parametrize("name", ["weight_ih_l0", "bias_hh_l0", "weight_peep_l0", "norm_c_l0"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_parameter_that_was_replaced_is_named(name, kernel):
    plain = kernel == "torch"
    if plain and name not in ("weight_ih_l0", "bias_hh_l0"):
        pytest.skip("torch's kernel has no such weight")
    layer = tt.LSTM(3, 4, peephole=not plain, layer_norm=not plain, kernel=kernel)
    old, x = getattr(layer, name).detach(), torch.randn(5, 2, 3)
    cases = [
        (old[..., :-1], ShapeError, f"`{name}` must keep its shape"),
        (None, DtypeError, f"`{name}` must be a dense tensor: got NoneType"),
        (old.to_sparse(), DtypeError, f"`{name}` must be a dense tensor: got layout"),
    ]
    if name != "weight_ih_l0":
        cases += [
            (old.double(), DtypeError, f"`{name}` must have the dtype"),
            (old.to("meta"), DeviceError, f"`{name}`"),
        ]
    for value, error, match in cases:
        setattr(layer, name, None if value is None else nn.Parameter(value))
        with pytest.raises(error, match=match):
            layer(x)
    cut = old.clone()
    cut.untyped_storage().resize_(4)
    setattr(layer, name, nn.Parameter(cut))
    with pytest.raises(ShapeError, match=rf"`{name}` must hold the numbers .* storage has 4 bytes"):
        layer(x)


def test_sizes_changed_behind_the_layers_back_are_refused():
    layer = tt.LSTM(3, 4, kernel="cpu")
    layer.hidden_size = 7
    with pytest.raises(ShapeError, match="`c` must be .* for the cpu kernel"):
        layer(torch.randn(5, 2, 3))


@pytest.mark.parametrize("kernel", KERNELS)
def test_storages_that_were_shrunk_are_named(kernel):
    layer = tt.LSTM(3, 4, kernel=kernel)

    def cut(*shape, dtype=torch.float32):
        tensor = torch.ones(shape, dtype=dtype)
        tensor.untyped_storage().resize_(1)
        return tensor

    x = torch.randn(5, 2, 3)
    for given, name in [
        ({"input": cut(5, 2, 3)}, "input"),
        ({"hx": (torch.zeros(1, 2, 4), cut(1, 2, 4))}, r"hx \(c\)"),
        ({"lengths": cut(2, dtype=torch.int64)}, "lengths"),
        ({"resets": cut(5, 2, dtype=torch.bool)}, "resets"),
    ]:
        with pytest.raises(ShapeError, match=f"`{name}` must hold the numbers"):
            layer(**{"input": x, **given})


def test_a_storage_shrunk_before_the_backward_pass_is_refused():
    layer, x = tt.LSTM(3, 4, kernel="cpu"), torch.randn(5, 2, 3)
    y = layer(x)[0]
    x.untyped_storage().resize_(8)
    with pytest.raises(ShapeError, match="`a saved tensor`'s storage"):
        y.sum().backward()


def test_saved_tensors_may_travel():
    layer, x = BUILDS["lstm"](kernel="cpu"), torch.randn(5, 2, 3, dtype=F64)
    wanted = collect(layer, x, None)

    def turned(t):
        return t.mT.contiguous().mT if t.dim() > 1 else t.clone()

    with torch.autograd.graph.saved_tensors_hooks(turned, lambda t: t):
        assert_same(collect(layer, x, None), wanted)


def test_views_that_are_negated_and_subclasses_serve():
    class Tagged(torch.Tensor):
        pass

    layer, x = tt.LSTM(3, 4, kernel="cpu"), torch.randn(5, 2, 3)
    assert torch.equal(layer(torch._neg_view(-x))[0], layer(x)[0])
    assert torch.equal(layer(x.as_subclass(Tagged))[0].as_subclass(torch.Tensor), layer(x)[0])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kernel", ["auto", "cpu"])
def test_inside_torch_compile_torchs_kernel_stands_in(kernel):
    layer, x = tt.LSTM(3, 4, 2, kernel=kernel), torch.randn(5, 2, 3)
    y = torch.compile(layer, fullgraph=True, backend="eager")(x)[0]
    torch.testing.assert_close(y, layer(x)[0], rtol=1e-5, atol=1e-6)  # float32, another order of summation
    assert layer.kernel_in_use == "cpu"


@pytest.mark.filterwarnings("ignore")
def test_inside_torch_compile_what_torchs_kernel_has_not_is_refused():
    layer = tt.LSTM(3, 4, peephole=True, kernel="cpu")
    with pytest.raises(Exception, match="nor has the torch kernel, which stands in for it there, peephole"):
        torch.compile(layer, fullgraph=True, backend="eager")(torch.randn(5, 2, 3))


def test_importing_does_not_import_the_compiler():
    code = "import sys, throughtime as tt; tt.LSTM(3, 4); assert 'torch._dynamo' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
