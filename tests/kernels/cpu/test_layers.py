from __future__ import annotations

import random

import pytest
import torch

from tests.kernels.cpu.layer_cases import (
    CELLS,
    EVERY_SET,
    assert_equal_bits,
    assert_near,
    by_kernel,
    by_oracle,
    instruction_set,
    kernel_outputs,
    layer_case,
    needs_library,
    random_case,
)
from throughtime.kernels import Rows
from throughtime.kernels.cpu import layers, library

pytestmark = needs_library

ROWS, UNITS = library.SPLIT_ROWS, library.SPLIT_UNITS
# Each option alone, and together as far as they go.
EVERY = {"layer_norm": True, "masked": True, "ragged": True, "resets": True, "both": True}
OPTIONS = {"plain": {}, "no_bias": {"bias": False}, **{name: {name: True} for name in EVERY}, "all": EVERY}
OF_LSTM = {"projection": {"projection": True}, "peephole": {"peephole": True}}
OPTIONS_OF = [
    *(pytest.param(cell, options, id=f"{cell}-{name}") for cell in CELLS for name, options in OPTIONS.items()),
    *(pytest.param("lstm", options, id=f"lstm-{name}") for name, options in OF_LSTM.items()),
    pytest.param("lstm", {**EVERY, "projection": True, "peephole": True}, id="lstm-everything"),
]


@pytest.mark.parametrize(("cell", "options"), OPTIONS_OF)
def test_every_option_equals_the_oracle(cell, options):
    case = layer_case(cell, 5, 3, 3, 5, seed=7, **options)
    (out, found), (wanted_out, wanted) = by_kernel(case), by_oracle(case)
    assert_near(out, wanted_out)
    assert_near(found, wanted)


@pytest.mark.parametrize("name", EVERY_SET)
@pytest.mark.parametrize("cell", CELLS)
def test_every_instruction_set_equals_the_oracle(cell, name):
    with instruction_set(name):
        for seed in range(30):
            # both sides of every vector width: 2, 4, 8 doubles, 4, 8, 16 floats
            case = random_case(cell, seed, (6, 5, 20, 40))
            (out, found), (wanted_out, wanted) = by_kernel(case, gates=seed % 2 == 0), by_oracle(case)
            assert_near(out, wanted_out)
            assert_near(found, wanted)


@pytest.mark.parametrize("cell", CELLS)
def test_larger_layers_equal_the_oracle(cell):
    for seed in range(12):
        case = random_case(cell, 100 + seed, (40, 14, 70, 150))
        (out, found), (wanted_out, wanted) = by_kernel(case, gates=seed % 2 == 0), by_oracle(case)
        assert_near(out, wanted_out)
        assert_near(found, wanted)


@pytest.mark.parametrize("H", [*range(1, 41), 63, 64, 65, 127, 150])
def test_every_width_equals_the_oracle(H):
    cell = CELLS[H % 3]
    case = layer_case(cell, 3, 2, 1 + H * 7 % 37, H, seed=H, layer_norm=H % 4 == 0, projection=H % 5 == 0)
    (out, found), (wanted_out, wanted) = by_kernel(case), by_oracle(case)
    assert_near(out, wanted_out)
    assert_near(found, wanted)


# CHUNK in csrc/layer.h is 256 real steps, GROUP 48 rows.
@pytest.mark.parametrize("gates", [True, False])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("T", "B"), [(1, 1), (1, 49), (300, 1), (256, 1), (257, 1), (2, 128), (90, 3), (7, 100), (3, 97), (2, 300)]
)
def test_chunks_of_steps_and_groups_of_rows_equal_the_oracle(T, B, cell, gates):
    ragged = {"ragged": True, "resets": True} if T in (90, 7) else {}
    case = layer_case(cell, T, B, 3, 5, seed=T, masked=T == 90, layer_norm=T == 7, projection=T == 3, **ragged)
    (out, found), (wanted_out, wanted) = by_kernel(case, gates=gates), by_oracle(case)
    assert_near(out, wanted_out)
    assert_near(found, wanted)


@pytest.mark.parametrize(("cell", "options"), OPTIONS_OF)
def test_backward_equals_finite_differences(cell, options):
    case = layer_case(cell, 3, 2, 2, 3, seed=3, **options)

    def run(*inputs):
        return tuple(kernel_outputs(case.with_inputs(inputs)))

    # gradcheck's own tolerances: half the digits of float64, as finite differences leave
    assert torch.autograd.gradcheck(run, [t.clone().requires_grad_() for t in case.inputs])


def test_a_row_without_steps_hands_its_state_and_its_gradient_through():
    case = layer_case("lstm", 4, 3, 2, 3, seed=1)
    case = case.only([0, 1, 2])
    rows = Rows((4, 0, 2), None, 4, 3, torch.device("cpu"))
    x, h0, c0 = case.x, *(s.clone().requires_grad_() for s in case.state)
    y, (h, c) = layers.run("lstm", x, (h0, c0), case.weights, rows, case.masks)
    assert not y[:, 1].any()
    assert torch.equal(h[:, 1], h0[:, 1])
    assert torch.equal(c[:, 1], c0[:, 1])
    (2 * h.sum() + 3 * c.sum()).backward()
    assert (h0.grad[:, 1] == 2).all()
    assert (c0.grad[:, 1] == 3).all()


def test_no_real_step_is_refused():
    case = layer_case("tanh", 4, 2, 2, 3)
    rows = Rows((0, 0), None, 4, 2, torch.device("cpu"))
    with pytest.raises(ValueError, match="no row has a step"):
        layers.run("tanh", case.x, case.state, case.weights, rows, case.masks)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_gates_made_again_give_the_same_bits(cell, dtype):
    for seed in range(25):
        case = random_case(cell, 200 + seed, (60, 12, 40, 70), dtype)
        (out, found), (again_out, again) = by_kernel(case), by_kernel(case, gates=False)
        assert_equal_bits(again_out, out)
        assert_equal_bits(again, found)


def in_one_order(case, found):
    """Gradients in two parts: those of peepholes and norms, which are added up thread by thread, come second."""
    names = [name for each in case.weights for name, w in zip(each._fields, each, strict=True) if w is not None]
    first = 1 + len(case.state)
    exact, summed = list(found[:first]), []
    for name, gradient in zip(names, found[first:], strict=True):
        (exact if name in ("W_ih", "W_hh", "b_ih", "b_hh", "W_hr") else summed).append(gradient)
    return exact, summed


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_threads_and_how_they_share_change_no_bit(cell, dtype):
    for seed in range(12):
        case = random_case(cell, 300 + seed, (30, 9, 40, 90), dtype)
        gates = seed % 3 > 0
        out, found = by_kernel(case, gates=gates)
        exact, summed = in_one_order(case, found)
        for split, threads in [(ROWS, 1), (UNITS, 1), (ROWS, 2), (UNITS, 2), (ROWS, 3), (UNITS, 3)]:
            other_out, other = by_kernel(case, gates=gates, split=split, threads=threads)
            assert_equal_bits(other_out, out)
            other_exact, other_summed = in_one_order(case, other)
            assert_equal_bits(other_exact, exact)
            # A few partial sums in place of one: rounding, of float32 where the case is.
            assert_near(other_summed, summed, 1e-10 if dtype == torch.float64 else 1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_threads_chosen_by_size_change_no_bit(dtype):
    # Large enough to be shared (WORTH_A_THREAD in csrc/layer.h), and weights too large for one core's cache.
    for B, H in [(40, 64), (2, 256)]:
        case = layer_case("lstm", 12, B, 20, H, seed=B, dtype=dtype, ragged=True)
        out, found = by_kernel(case)
        for threads in (2, 3):
            other_out, other = by_kernel(case, threads=threads)
            assert_equal_bits(other_out, out)
            assert_equal_bits(other, found)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_a_row_is_the_same_alone_among_others_and_in_another_order(cell, dtype):
    # The random weighing of the outputs differs between batches, so the rows' gradients are those of plain sums.
    def sums(case):
        inputs = [t.detach().clone().requires_grad_() for t in case.inputs]
        outputs = kernel_outputs(case.with_inputs(inputs))
        first = inputs[: 1 + len(case.state)]
        return [*(o.detach() for o in outputs), *torch.autograd.grad(sum(o.sum() for o in outputs), first)]

    for seed in range(8):
        r = random.Random(seed)
        case = random_case(cell, 400 + seed, (12, 15, 40, 60), dtype)
        B = case.rows.count
        while B < 7:
            case = random_case(cell, r.randint(1000, 9999), (12, 15, 40, 60), dtype)
            B = case.rows.count
        whole = sums(case)
        order = r.sample(range(B), B)
        assert_equal_bits(sums(case.only(order)), [t[:, order] for t in whole])
        for some in ([r.randrange(B)], order[:2], order[:6]):
            part = case.only(some)
            if part.rows.lengths is not None and not any(part.rows.lengths):
                continue
            assert_equal_bits(sums(part), [t[:, some] for t in whole])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_pieces_of_a_sequence_give_the_same_bits(cell, dtype):
    case = layer_case(cell, 20, 3, 9, 21, seed=2, dtype=dtype, peephole=cell == "lstm")

    def piece(start, stop, state):
        rows = Rows(None, None, stop - start, 3, torch.device("cpu"))
        return layers.run(cell, case.x[start:stop], state, case.weights, rows, case.masks)

    whole, last = piece(0, 20, case.state)
    ys, state = [], case.state
    for start, stop in [(0, 1), (1, 9), (9, 20)]:
        y, state = piece(start, stop, state)
        ys.append(y)
    assert_equal_bits([torch.cat(ys), *state], [whole, *last])
