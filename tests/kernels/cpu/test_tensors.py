"""Tensors as they come: any order in memory, gradients wanted of some, given for some, asked for twice."""

from __future__ import annotations

import pytest
import torch

from tests.kernels.cases import leaves
from tests.kernels.cpu.layer_cases import (
    CELLS,
    assert_equal_bits,
    assert_near,
    by_kernel,
    kernel_outputs,
    layer_case,
    needs_library,
    oracle_outputs,
    weighing,
)
from throughtime.base.errors import KernelError

pytestmark = needs_library


def batch_major(t):
    return t.transpose(0, 1).contiguous().transpose(0, 1)


def sliced_last_axis(t):
    return torch.stack([t, torch.full_like(t, float("nan"))], -1)[..., 0]


def part_of_a_wider_one(t):
    wide = torch.full((*t.shape[:-1], t.shape[-1] + 5), float("nan"), dtype=t.dtype)
    wide[..., 2:-3] = t
    return wide[..., 2:-3]


def units_first(t):
    return t.permute(2, 0, 1).contiguous().permute(1, 2, 0)


ORDERS = [batch_major, sliced_last_axis, part_of_a_wider_one, units_first]
TYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def run_with(case, x, dy):
    """Outputs and gradients for an x and a dy as they lie in memory; x is no leaf, so that its order stays."""
    inputs = leaves(*case.inputs)
    outputs = kernel_outputs(case.with_inputs([x(inputs[0]), *inputs[1:]]))
    weights = weighing(outputs)
    found = torch.autograd.grad(outputs, inputs, [dy(weights[0]), *weights[1:]])
    return [o.detach() for o in outputs], found


def same(t):
    return t


@TYPES
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("C", [1, 6])
@pytest.mark.parametrize("options", [{}, {"ragged": True, "resets": True, "both": True, "masked": True}])
def test_x_and_dy_in_any_order_in_memory_give_the_same_bits(order, C, dtype, options):
    for cell in CELLS:
        case = layer_case(cell, 7, 4, C, 5, seed=4, dtype=dtype, **options)
        out, found = run_with(case, same, same)
        for x, dy in [(order, same), (same, order), (order, order)]:
            other_out, other = run_with(case, x, dy)
            assert_equal_bits(other_out, out)
            assert_equal_bits(other, found)


@TYPES
@pytest.mark.parametrize("shape", [(1, 4, 3), (6, 1, 3), (6, 4, 1), (1, 1, 3), (1, 1, 1)])
def test_expanded_x_and_dy(shape, dtype):
    case = layer_case("lstm", 6, 4, 3, 5, seed=5, dtype=dtype)
    seed = torch.randn(shape, dtype=dtype)
    narrow = [1 if n == 1 else 5 if k == 2 else n for k, n in enumerate(shape)]
    weights = torch.randn(narrow, dtype=dtype)

    def run(laid_out):
        x, *rest = leaves(seed, *case.inputs[1:])
        y, h, c = kernel_outputs(case.with_inputs([laid_out(x.expand(6, 4, 3)), *rest]))
        return [y, h, c], torch.autograd.grad(
            [y, h], [x, *rest], [laid_out(weights.expand(6, 4, 5)), torch.ones_like(h)]
        )

    (out, found), (wanted_out, wanted) = run(same), run(torch.Tensor.contiguous)
    assert_equal_bits(out, wanted_out)
    assert_equal_bits(found, wanted)


@TYPES
def test_a_plain_sum_hands_in_one_number_as_dy(dtype):
    case = layer_case("lstm", 6, 4, 3, 5, seed=5, dtype=dtype, both=True)
    inputs, again = leaves(*case.inputs), leaves(*case.inputs)
    kernel_outputs(case.with_inputs(inputs))[0].sum().backward()
    y = kernel_outputs(case.with_inputs(again))[0]
    y.backward(torch.ones_like(y))
    assert_equal_bits([t.grad for t in inputs], [t.grad for t in again])


@TYPES
@pytest.mark.parametrize("order", ORDERS)
def test_masks_in_any_order_in_memory(order, dtype):
    case = layer_case("lstm", 6, 3, 2, 5, seed=8, dtype=dtype, masked=True)
    plain = by_kernel(case)
    mask = case.masks[0]
    laid = type(mask)(*(order(m) for m in (mask.zone_c, mask.zone_h, mask.drop_h)), mask.drop_W)
    out, found = by_kernel(type(case)(case.cell, case.x, case.state, case.weights, case.rows, [laid]))
    assert_equal_bits(out, plain[0])
    assert_equal_bits(found, plain[1])


@pytest.mark.parametrize("cell", CELLS)
def test_zoneouts_expectation_is_one_number_for_all(cell):
    case = layer_case(cell, 6, 3, 2, 5, seed=8)
    number = torch.tensor(0.3, dtype=torch.float64)
    mask = type(case.masks[0])(zone_h=number.expand(6, 3, 5), zone_c=number.expand(6, 3, 5) if cell == "lstm" else None)
    case = type(case)(case.cell, case.x, case.state, case.weights, case.rows, [mask])
    inputs = leaves(*case.inputs)
    outputs, wanted = (run(case.with_inputs(inputs)) for run in (kernel_outputs, oracle_outputs))
    assert_near(outputs, wanted)
    assert_near(*(torch.autograd.grad([o.square().sum() for o in out], inputs) for out in (outputs, wanted)))


@TYPES
def test_weights_and_states_in_other_orders_in_memory(dtype):
    case = layer_case("lstm", 6, 3, 4, 5, seed=6, dtype=dtype, projection=True, layer_norm=True)
    out, found = by_kernel(case)
    inputs = leaves(*case.inputs)
    turned = [t.mT.contiguous().mT if t.dim() > 1 else t for t in inputs]
    other_out, other = run_with(case, same, same)
    assert_equal_bits(other_out, out)
    outputs = kernel_outputs(case.with_inputs(turned))
    assert_equal_bits(outputs, out)
    assert_equal_bits(torch.autograd.grad(outputs, inputs, weighing(outputs)), other)
    assert_equal_bits(found, other)


@pytest.mark.parametrize("cell", CELLS)
def test_a_graph_that_is_retained_gives_the_same_gradients_twice(cell):
    case = layer_case(cell, 6, 3, 2, 5, seed=9, layer_norm=True, masked=True, both=True, ragged=True)
    inputs = leaves(*case.inputs)
    loss = sum(o.square().sum() for o in kernel_outputs(case.with_inputs(inputs)))
    first = torch.autograd.grad(loss, inputs, retain_graph=True)
    assert_equal_bits(torch.autograd.grad(loss, inputs), first)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("options", [{}, {"ragged": True, "resets": True, "both": True}])
def test_gradients_of_some_inputs_are_those_of_all(cell, options):
    case = layer_case(cell, 5, 3, 2, 4, seed=10, **options)

    def found(wanted):
        inputs = [t.clone().requires_grad_(k in wanted) for k, t in enumerate(case.inputs)]
        loss = sum(o.square().sum() for o in kernel_outputs(case.with_inputs(inputs)))
        return torch.autograd.grad(loss, [inputs[k] for k in wanted])

    count = len(case.inputs)
    every = found(range(count))
    for k in range(count):
        assert_equal_bits(found([k]), [every[k]])
    assert_equal_bits(found(range(1, count)), every[1:])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("options", [{}, {"ragged": True, "resets": True, "both": True, "projection": True}])
def test_outputs_without_a_gradient_count_as_zeros(cell, options):
    case = layer_case(cell, 5, 4, 2, 4, seed=11, **options)
    for used in [(0,), (1,), (-1,), (0, 1), (1, -1)]:
        inputs = leaves(*case.inputs)

        def gradients(outputs_of, used=used, inputs=inputs):
            outputs = outputs_of(case.with_inputs(inputs))
            loss = sum(outputs[k].square().sum() for k in used)
            return torch.autograd.grad(loss, inputs, allow_unused=True, materialize_grads=True)

        assert_near(gradients(kernel_outputs), gradients(oracle_outputs))


def test_a_gradient_cannot_be_differentiated_again():
    case = layer_case("lstm", 3, 2, 2, 3)
    inputs = leaves(*case.inputs)
    y = kernel_outputs(case.with_inputs(inputs))[0]
    (found,) = torch.autograd.grad(y.square().sum(), inputs[:1], create_graph=True)
    penalised = found.square().sum() + inputs[1].sum()
    with pytest.raises(KernelError, match="cannot be differentiated again"):
        penalised.backward()


def test_without_gradients_the_outputs_are_the_same():
    case = layer_case("lstm", 5, 3, 2, 4, masked=True, ragged=True)
    wanted, _ = by_kernel(case)
    assert_equal_bits(kernel_outputs(case), wanted)
    with torch.no_grad():
        assert_equal_bits(kernel_outputs(case.with_inputs(leaves(*case.inputs))), wanted)


def test_what_comes_in_is_left_as_it_was():
    case = layer_case("lstm", 5, 3, 2, 4, masked=True, ragged=True, resets=True, layer_norm=True)
    before = [t.clone() for t in case.inputs]
    by_kernel(case)
    assert_equal_bits(case.inputs, before)
