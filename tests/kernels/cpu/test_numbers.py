"""Numbers as they come: float32 within its bound, NaN, infinities and denormals where the oracle has them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch

from benchmarks.accuracy import compare, drawn
from tests.kernels.cases import leaves
from tests.kernels.cpu.layer_cases import (
    CELLS,
    assert_equal_bits,
    assert_near,
    by_kernel,
    by_oracle,
    kernel_outputs,
    layer_case,
    needs_library,
    oracle_outputs,
    random_case,
    weighing,
)

pytestmark = needs_library

BAD = {"nan": float("nan"), "inf": float("inf"), "minus_inf": float("-inf")}


def test_float32_is_within_its_bound():
    # H = 1 is left to benchmarks/accuracy.py, which says what is special there and lists what is past the bound.
    seeds = [seed for seed in range(90) if drawn(seed).H > 1][:60]
    past = {(seed, drawn(seed)): ratios for seed in seeds if max(ratios := compare(drawn(seed), seed)["cpu"]) > 1}
    assert len(seeds) == 60
    assert not past


@pytest.mark.parametrize("cell", CELLS)
def test_float32_with_every_option_is_near_the_oracle(cell):
    for seed in range(20):
        case = random_case(cell, 600 + seed, (12, 6, 30, 40), torch.float32)
        # Below 4 (backward 8) x 12 binary digits of terms x 1.2e-7, forward; ten times more for normalised sums, whose
        # scale is up to 1 / sqrt(1e-5) where a row of them hardly varies.
        (out, found), (true_out, true) = by_kernel(case), by_oracle(case.to(torch.float64))
        tolerance = 1e-5 if all(w.norm is None if cell != "lstm" else w.norm_ih is None for w in case.weights) else 1e-4
        assert_near([t.double() for t in out], true_out, tolerance)
        assert_near([t.double() for t in found], true, 2 * tolerance)


def pattern(t):
    return torch.stack([t.isnan(), t == float("inf"), t == float("-inf")])


def assert_same_pattern(got, wanted):
    """NaN where NaN is wanted, the same infinities, and all other numbers near."""
    for k, (a, b) in enumerate(zip(got, wanted, strict=True)):
        assert torch.equal(pattern(a), pattern(b)), f"tensor {k} {tuple(b.shape)}"
        finite = b.isfinite()
        assert_near([a[finite]], [b[finite]])


def spoiled(case, where, value, seed):
    """The case with that value at one drawn place of the input `where`."""
    inputs = [t.clone() for t in case.inputs]
    flat = inputs[where].view(-1)
    flat[random.Random(seed).randrange(len(flat))] = value
    return case.with_inputs(inputs)


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
@pytest.mark.parametrize("cell", CELLS)
def test_nan_and_infinities_travel_as_in_the_oracle(cell, value):
    for seed in range(12):
        ragged = seed % 2 == 0
        case = layer_case(cell, 5, 4, 3, 5, seed=seed, ragged=ragged, resets=seed % 3 == 0, both=seed % 4 == 1)
        # The oracle runs on past a row's end, with zeros, and 0 times an infinite weight is NaN; a kernel stops there.
        count = 1 + len(case.state) if ragged else len(case.inputs)
        for where in range(count):
            bad = spoiled(case, where, value, seed)
            (out, found), (wanted_out, wanted) = by_kernel(bad, gates=seed % 4 < 2), by_oracle(bad)
            assert_same_pattern(out, wanted_out)
            assert_same_pattern(found, wanted)


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
@pytest.mark.parametrize("cell", CELLS)
def test_a_bad_weight_makes_nothing_past_a_rows_end(cell, value):
    case = layer_case(cell, 5, 4, 3, 5, seed=2, ragged=True)
    for where in range(1 + len(case.state), len(case.inputs)):
        out, found = by_kernel(spoiled(case, where, value, 1))
        assert not out[0][~case.rows.kept].any()
        assert not found[0][~case.rows.kept].any()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("options", [{"layer_norm": True}, {"projection": True}, {"masked": True}])
def test_a_nan_travels_as_in_the_oracle_through_every_option(cell, options):
    case = layer_case(cell, 5, 4, 3, 5, seed=3, **options)
    for where in range(len(case.inputs)):
        bad = spoiled(case, where, float("nan"), where)
        (out, found), (wanted_out, wanted) = by_kernel(bad), by_oracle(bad)
        assert_same_pattern(out, wanted_out)
        assert_same_pattern(found, wanted)


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
@pytest.mark.parametrize("cell", CELLS)
def test_a_bad_gradient_travels_as_in_the_oracle(cell, value):
    case = layer_case(cell, 5, 4, 3, 5, seed=2, resets=True)
    for k in range(1 + len(case.state)):

        def found(outputs_of, k=k):
            inputs = leaves(*case.inputs)
            outputs = outputs_of(case.with_inputs(inputs))
            given = [torch.ones_like(o) for o in outputs]
            given[k].view(-1)[7] = value
            return torch.autograd.grad(outputs, inputs, given)

        assert_same_pattern(found(kernel_outputs), found(oracle_outputs))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("cell", CELLS)
def test_what_lies_past_a_rows_end_goes_nowhere(cell, value):
    for seed in range(6):
        case = layer_case(cell, 7, 5, 3, 9, seed=seed, ragged=True, masked=True, resets=seed % 2 == 0, both=True)
        past = ~case.rows.kept
        assert past.any()

        def fouled(t, past=past):
            return None if t is None else t.masked_fill(past[..., None], value)

        masks = [replace(m, **{n: fouled(getattr(m, n)) for n in ("zone_c", "zone_h", "drop_h")}) for m in case.masks]
        bad = replace(case, x=fouled(case.x), masks=masks)
        for gates in (True, False):
            clean_out, clean = by_kernel(case, gates=gates)

            inputs = leaves(*bad.inputs)
            outputs = kernel_outputs(bad.with_inputs(inputs))
            given = weighing(outputs)
            given[0] = fouled(given[0])
            assert_equal_bits(outputs, clean_out)
            assert_equal_bits(torch.autograd.grad(outputs, inputs, given), clean)
            assert not clean[0][past].any()


@pytest.mark.parametrize("cell", CELLS)
def test_a_bad_row_leaves_the_others_alone(cell):
    case = layer_case(cell, 6, 5, 3, 9, seed=1)
    x = case.x.clone()
    x[2, 3] = float("nan")
    others = [0, 1, 2, 4]

    def of_rows(case):
        inputs = leaves(*case.inputs)
        outputs = kernel_outputs(case.with_inputs(inputs))
        found = torch.autograd.grad(outputs, inputs[: 1 + len(case.state)], weighing(outputs))
        return [*outputs, *found]

    got, clean = of_rows(replace(case, x=x)), of_rows(case)
    assert_equal_bits([t[:, others] for t in got], [t[:, others] for t in clean])
    assert got[0][2:, 3].isnan().all()
    assert_equal_bits([got[0][:2]], [clean[0][:2]])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_denormals_are_not_flushed_to_zero(cell, dtype):
    tiny = torch.finfo(dtype).smallest_normal
    case = layer_case(cell, 4, 3, 3, 9, seed=1, bias=False, dtype=dtype)
    # Every tensor but the weights denormal: y and the gradient of x come out denormal too.
    inputs = leaves(case.x * tiny / 16, *(s * tiny / 16 for s in case.state), *case.inputs[1 + len(case.state) :])
    small = case.with_inputs(inputs)
    outputs, wanted = kernel_outputs(small), oracle_outputs(small)
    given = [torch.full_like(o, tiny / 4) for o in outputs]
    every = zip(
        [*outputs, torch.autograd.grad(outputs, inputs, given)[0]],
        [*wanted, torch.autograd.grad(wanted, inputs, given)[0]],
        strict=True,
    )
    for got, true in every:
        assert got.ne(0).any()
        assert got.abs().max() < tiny * 4
        # Denormals are whole multiples of one smallest number, and each of some 60 roundings is off by half of it.
        torch.testing.assert_close(got, true, rtol=1e-4, atol=60 * tiny * torch.finfo(dtype).eps)


@pytest.mark.parametrize("cell", CELLS)
def test_enormous_numbers_shut_and_open_gates(cell):
    case = layer_case(cell, 2 if cell == "relu" else 5, 3, 3, 9, seed=1)  # relu's two steps stay finite
    case = replace(case, x=case.x * 1e150)
    (out, found), (wanted_out, wanted) = by_kernel(case), by_oracle(case)
    assert_same_pattern(out, wanted_out)
    assert_same_pattern(found, wanted)
