from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings

from tests.kernels.cases import assert_same, by_hand, cases, gradients, leaves, make, of_step
from throughtime.kernels import LSTMWeights, oracle, oracle_lstm

EVERYTHING = {"projection": True, "peephole": True, "layer_norm": True, "masked": True, "ragged": True, "resets": True}


def written(case):
    """Outputs and gradients by the written backward."""
    x, h0, c0, *weights = leaves(case.x, case.h0, case.c0, *case.weights)
    out = oracle.lstm(x, h0, c0, LSTMWeights._make(weights), case.steps, case.masks)
    return out, gradients(out, [x, h0, c0, *weights])


def by_autograd(case):
    x, h0, c0, *weights = leaves(case.x, case.h0, case.c0, *case.weights)
    *out, _ = oracle_lstm.forward(x, h0, c0, LSTMWeights._make(weights), case.steps, case.masks)
    return out, gradients(out, [x, h0, c0, *weights])


@given(case=cases("lstm"))
@settings(max_examples=150)
def test_forward_equals_the_equations_row_by_row(case):
    *out, _ = oracle_lstm.forward(case.x, case.h0, case.c0, case.weights, case.steps, case.masks)
    assert_same(out, by_hand(case))


@given(case=cases("lstm"))
@settings(max_examples=150)
def test_written_backward_equals_autograd(case):
    out, found = written(case)
    wanted, expected = by_autograd(case)
    assert_same(out, wanted)
    assert_same(found, expected)


@pytest.mark.parametrize("option", [*EVERYTHING, "reverse", "all"])
def test_written_backward_equals_finite_differences(option):
    options = EVERYTHING | {"reverse": True} if option == "all" else {option: True}
    case = make("lstm", 4, 3, 2, 3, seed=5, **options)
    present = [w is not None for w in case.weights]

    def run(x, h0, c0, *given):
        rest = iter(given)
        weights = LSTMWeights._make(next(rest) if there else None for there in present)
        return oracle.lstm(x, h0, c0, weights, case.steps, case.masks)

    inputs = leaves(case.x, case.h0, case.c0, *(w for w in case.weights if w is not None))
    assert torch.autograd.gradcheck(run, inputs)


@pytest.mark.parametrize("reverse", [False, True])
def test_tape_holds_gates_and_states_in_order_of_time(reverse):
    case = make("lstm", 5, 2, 3, 4, reverse=reverse)
    y, h, c, tape = oracle_lstm.forward(case.x, case.h0, case.c0, case.weights, case.steps, case.masks)
    assert_same([torch.stack(tape.h)], [y])
    before = [*tape.c[1:], case.c0] if reverse else [case.c0, *tape.c[:-1]]
    for t in range(5):
        assert_same([tape.f[t] * before[t] + tape.i[t] * tape.g[t]], [tape.c[t]])
        assert_same([tape.o[t] * tape.c[t].tanh()], [tape.h[t]])
    assert_same([h, c], [tape.h[0 if reverse else -1], tape.c[0 if reverse else -1]])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_lies_past_a_rows_end_goes_nowhere(bad):
    case = make("lstm", 6, 3, 2, 3, ragged=True, layer_norm=True, peephole=True, seed=2)
    assert not case.steps.kept.all()
    clean_out, clean = written(case)
    case.x[~case.steps.kept[..., 0]] = bad
    out, found = written(case)
    assert_same(out, clean_out)
    assert_same(found, clean)


def test_a_nan_reaches_only_what_comes_after_it_in_its_row():
    case = make("lstm", 6, 3, 2, 3, seed=3)
    case.x[2, 1] = float("nan")
    y, h, _, _ = oracle_lstm.forward(case.x, case.h0, case.c0, case.weights, case.steps, case.masks)
    bad = y.isnan().any(-1)
    assert bad[2:, 1].all()
    assert bad.sum() == 4
    assert h.isnan().any(-1).tolist() == [False, True, False]


def test_a_reset_stops_a_nan_in_both_passes():
    case = make("lstm", 4, 2, 2, 3, resets=True, seed=1)
    case.steps.enters[0] = False
    case.h0.fill_(float("nan"))
    out, found = written(case)
    assert all(t.isfinite().all() for t in [*out, *found])


@pytest.mark.parametrize("option", ["plain", "projection", "peephole", "layer_norm", "masked"])
def test_one_step_at_a_time_equals_the_whole(option):
    case = make("lstm", 4, 3, 2, 3, seed=3, **({} if option == "plain" else {option: True}))
    y, *last, _ = oracle_lstm.forward(case.x, case.h0, case.c0, case.weights, case.steps, case.masks)
    h, c, outputs = case.h0, case.c0, []
    for t, x_t in enumerate(case.x):
        h, c = oracle_lstm.step(x_t, h, c, case.weights, of_step(case.masks, t))
        outputs.append(h)
    assert_same([torch.stack(outputs), h, c], [y, *last])
