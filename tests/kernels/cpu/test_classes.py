"""Losses of classes and rows of tables, against torch's own functions and finite differences."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from tests.kernels.cpu.layer_cases import EVERY_SET, instruction_set, needs_library
from throughtime.base.errors import DtypeError, KernelError, ShapeError
from throughtime.kernels.cpu import classes

pytestmark = needs_library

# Only the order of summation and the last places of e^x differ.
CLOSE = {torch.float64: {"rtol": 1e-12, "atol": 1e-13}, torch.float32: {"rtol": 2e-5, "atol": 2e-6}}


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def losses_of(outputs, targets, smoothing, by_kernel):
    """Losses, and the gradient of a sum that counts each differently."""
    outputs = outputs.clone().requires_grad_()
    if by_kernel:
        losses = classes.class_losses(outputs, targets, smoothing)
    else:
        losses = F.cross_entropy(outputs, targets, reduction="none", ignore_index=-1, label_smoothing=smoothing)
    (losses * torch.arange(1, len(losses) + 1).to(losses)).sum().backward()
    return losses.detach(), outputs.grad


@pytest.mark.parametrize("name", EVERY_SET)
@pytest.mark.parametrize("dtype", CLOSE)
def test_losses_and_their_gradients_are_torchs(name, dtype):
    with instruction_set(name):
        for count, size, smoothing in [(1, 1, 0.0), (7, 2, 0.1), (5, 16, 0.0), (9, 35, 0.2), (40, 1000, 0.0)]:
            outputs = 5 * torch.randn(count, size, generator=draws(size), dtype=torch.float64).to(dtype)
            targets = torch.randint(-1, size, (count,), generator=draws(count))
            found, wanted = (losses_of(outputs, targets, smoothing, which) for which in (True, False))
            for one, other in zip(found, wanted, strict=True):
                torch.testing.assert_close(one, other, **CLOSE[dtype])


def test_gradients_are_finite_differences():
    outputs = torch.randn(6, 5, generator=draws(), dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([0, 4, -1, 2, 2, 1])
    assert torch.autograd.gradcheck(lambda a: classes.class_losses(a, targets, 0.3), (outputs,))


@pytest.mark.parametrize("name", EVERY_SET)
def test_far_outputs_neither_overflow_nor_vanish(name):
    outputs = torch.tensor([[3e38, -3e38, 0.0], [-1e4, -1e4, -1e4], [0.0, -math.inf, 200.0]])
    with instruction_set(name):
        losses, gradient = losses_of(outputs, torch.tensor([0, 1, 2]), 0.0, True)
    torch.testing.assert_close(losses, torch.tensor([0.0, math.log(3), 0.0]))
    torch.testing.assert_close(gradient[0], torch.zeros(3))
    assert gradient[2, 1] == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_stays_none(bad):
    outputs = torch.randn(4, 20, generator=draws())
    outputs[1, 7] = bad
    losses, gradient = losses_of(outputs, torch.tensor([1, 2, 3, 4]), 0.0, True)
    assert losses.isnan().tolist() == [False, True, False, False]
    assert gradient.isnan().any(1).tolist() == [False, True, False, False]


def test_a_losss_value_depends_neither_on_entries_beside_it_nor_on_threads():
    outputs = torch.randn(3000, 50, generator=draws())
    targets = torch.randint(50, (3000,), generator=draws())
    whole = classes.class_losses(outputs, targets)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert torch.equal(classes.class_losses(outputs, targets), whole)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(classes.class_losses(outputs[7:8].contiguous(), targets[7:8]), whole[7:8])


@pytest.mark.parametrize("name", EVERY_SET)
@pytest.mark.parametrize("threads", [1, 2])
def test_rows_of_a_table_under_a_linear_map(name, threads):
    given = [(6, 37), (5000, 9), (37, 9)]
    numbers = torch.randint(6, (5000,), generator=draws())
    given = [torch.randn(*shape, generator=draws(k), dtype=torch.float64) for k, shape in enumerate(given)]
    before = torch.get_num_threads()
    found = []
    try:
        torch.set_num_threads(threads)
        for by_kernel in (True, False):
            table, y, weight = (tensor.clone().requires_grad_() for tensor in given)
            with instruction_set(name):
                if by_kernel:
                    sums = classes.linear_from(table, numbers, y, weight)
                else:
                    sums = F.embedding(numbers, table) + y @ weight.t()
                sums.sin().sum().backward()
            found.append([sums.detach(), table.grad, y.grad, weight.grad])
    finally:
        torch.set_num_threads(before)
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_a_table_larger_than_what_is_asked_of_it_has_gradients_of_0():
    table = torch.randn(5, 3, generator=draws(), requires_grad=True)
    sums = classes.linear_from(table, torch.tensor([4, 4]), torch.zeros(2, 2), torch.zeros(3, 2))
    sums.sum().backward()
    assert table.grad.tolist() == [[0.0] * 3] * 4 + [[2.0] * 3]


@pytest.mark.parametrize("targets", [[0, 5], [0], [0, 1, 2]])
def test_targets_that_lead_elsewhere_are_refused(targets):
    with pytest.raises(ShapeError, match="targets"):
        classes.class_losses(torch.zeros(2, 5), torch.tensor(targets))


def test_targets_of_another_type_are_refused():
    with pytest.raises(DtypeError, match="targets"):
        classes.class_losses(torch.zeros(2, 5), torch.zeros(2))


@pytest.mark.parametrize("numbers", [[0, -1], [0, 3], [0]])
def test_numbers_that_are_no_rows_are_refused(numbers):
    with pytest.raises(ShapeError, match="numbers"):
        classes.linear_from(torch.zeros(3, 4), torch.tensor(numbers), torch.zeros(2, 6), torch.zeros(4, 6))


def test_a_second_derivative_is_refused():
    outputs = torch.randn(2, 3, generator=draws(), requires_grad=True)
    loss = classes.class_losses(outputs, torch.tensor([0, 1])).sum()
    (gradient,) = torch.autograd.grad(loss, outputs, create_graph=True)
    with pytest.raises(KernelError, match="cross_entropy"):
        gradient.sum().backward()


def test_only_plain_memory_is_served():
    assert classes.serves(torch.zeros(2, 3))
    assert not classes.serves(torch.zeros(3, 2).t())
    assert not classes.serves(torch.zeros(2, 3, dtype=torch.float16))
    assert not classes.serves(torch.zeros(0, 3))
    assert not classes.serves(torch.zeros(2, 3, device="meta"))
    assert not classes.serves(torch.zeros(2, 3), torch.zeros(2, dtype=torch.float64))
    asked = []
    torch.func.vmap(lambda x: asked.append(classes.serves(x)) or x)(torch.zeros(2, 3))
    assert asked == [False]
