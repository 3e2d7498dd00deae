"""What must hold of truncation, for every history under every memory plan: by brute force, in float64.

    recompute   whole windows; gates made again; segments, with and without places for states between them
    reuse       a ring of any size, and one with room for the last k2 steps and no more

on stacked layers, whose rows end, restart and have losses missing. Budgets, and which plan they lead to, are tested in
test_bounded.py: here plans are forced, so that a handful of steps meets each of them.
"""

from __future__ import annotations

import copy
from functools import cache
from itertools import pairwise

import pytest
import torch
from torch import nn

from tests.bptt.brute_force import Case, Known, Reference, brute_force, ragged_case
from tests.bptt.driving import EXACT, RULES, assert_equal, assert_same_updates, pieces_of, squared, step, take
from tests.bptt.modes import MODES, Mode
from tests.bptt.networks import OfTorch, ours
from tests.bptt.test_engine import Initial
from throughtime import nn as tnn
from throughtime.bptt import TBPTT, through_stream, through_time
from throughtime.bptt.nests import detached
from throughtime.bptt.reuse import ReusingEngine

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


INITIAL = "a learned initial state"
KINDS = ["LSTMs", "RNNs", "a list", "every option", "torch's LSTMs", INITIAL]
# All rules with one network, all networks with one rule: neither knows of the other.
RULED = [("LSTMs", rule) for rule in RULES] + [(kind, "newest") for kind in KINDS if kind != "LSTMs"]
N = 7  # steps of a case


def able(mode: str, kind: str) -> bool:
    """Whether a mode can do a kind; of plans and rings that differ in their size alone, one meets every kind."""
    if mode in ("segments, no place", "tight ring"):
        return kind in ("LSTMs", INITIAL)
    return MODES[mode].history == "recompute" or kind != "torch's LSTMs"


def in_every_mode(*kinds: str):
    """Every mode with the kinds of network given that it can do."""
    pairs = [(mode, kind) for mode in MODES for kind in kinds if able(mode, kind)]
    return pytest.mark.parametrize(("mode", "kind"), pairs, indirect=["mode"])


def ruled(*kinds: str):
    """The same, and every loss rule beside one of them."""
    cases = [(mode, *pair) for mode in MODES for pair in RULED if pair[0] in kinds and able(mode, pair[0])]
    return pytest.mark.parametrize(("mode", "kind", "rule"), cases, indirect=["mode"])


def build(kind: str) -> nn.Module:
    """Two layers, with the same weights in every run."""
    torch.manual_seed(0)
    networks = {
        "RNNs": lambda: tnn.Network(None, tnn.RNN(2, 3, 2), nn.Linear(3, 2)),
        "a list": lambda: tnn.Network(
            nn.Sequential(nn.Linear(2, 3), nn.Tanh()), [tnn.LSTM(3, 4), tnn.RNN(4, 3)], nn.Linear(3, 2)
        ),
        "every option": lambda: ours(hidden=3, layers=2, peephole=True, layer_norm=True, forget_bias=1.0),
        "torch's LSTMs": lambda: OfTorch(num_layers=2),
        INITIAL: ours,
        "masks": lambda: ours(layers=2, dropout=0.4, recurrent_dropout=0.3, zoneout=(0.2, 0.2), weight_drop=0.2),
    }
    return networks.get(kind, lambda: ours(layers=2))().double()


def case_for(kind: str) -> tuple[Case, list[nn.Parameter]]:
    """Ragged rows, and the parameters of their initial state."""
    case = ragged_case(N, seed=3)
    case.fresh = Initial() if kind == INITIAL else None
    return case, list(case.fresh.parameters()) if case.fresh else []


@cache
def expected(kind: str, k1, k2, rule: str, rate: float) -> list[Reference]:
    """By brute force, worked out once for all modes."""
    network, (case, extra) = build(kind), case_for(kind)
    return brute_force(network, squared, case, k1, k2, rule, rate, extra, None if rate else singles(kind))


@cache
def singles(kind: str) -> Known:
    """Single losses of a kind of network at rest, kept from schedule to schedule."""
    return {}


def memory_of(mode: Mode, kind: str, k2: int | None) -> int | str | None:
    """What `memory` is to be for this mode."""
    return step_bytes(kind) * min(k2 or N, N) if mode.tight else mode.memory(k2)


@cache
def step_bytes(kind: str) -> int:
    """What a ring keeps of a step, noted as the steps of a case are kept."""
    noted, inner, case = [], ReusingEngine._recorded, case_for(kind)[0]

    def noting(engine, ring, stop):
        noted.append(inner(engine, ring, stop))
        return noted[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReusingEngine, "_recorded", noting)
        schedule = TBPTT(2, 2, history="reuse")
        list(through_time(build(kind), squared, case.x, case.y, schedule, **case.arguments()))
    return max(ring.step_bytes for ring in noted)


@pytest.mark.parametrize(
    ("mode", "n"),
    [("gates again", 8), *((mode, n) for mode in ("segments, one place", "ring") for n in range(1, 9))],
    indirect=["mode"],
)
def test_every_schedule_equals_brute_force(mode, n):
    # Whole windows are tested so in test_engine.py, on torch's layer. Where rules take turns, all have theirs.
    network, case, known = build("LSTMs"), ragged_case(n, rows=2, seed=4), {}
    for k1 in range(1, n + 1):
        for k2 in range(1, n + 1):
            for rule in RULES if mode.history == "reuse" and n == 8 else [RULES[(k1 + k2) % 3]]:
                found = take(network, case, mode.schedule(k1, k2, rule), memory=memory_of(mode, "LSTMs", k2))
                assert_equal(found, brute_force(network, squared, case, k1, k2, rule, known=known))


@ruled(*KINDS)
def test_every_network_equals_brute_force(mode, kind, rule):
    for k1, k2 in [(None, None), (1, None), (3, 1), (2, 5), (3, 3), (5, 2)]:
        network, (case, extra) = build(kind), case_for(kind)
        found = take(network, case, mode.schedule(k1, k2, rule), mode.rate, extra, memory=memory_of(mode, kind, k2))
        assert_equal(found, expected(kind, k1, k2, rule, mode.rate))


@in_every_mode("LSTMs", "a list", "torch's LSTMs")
def test_updates_add_up_to_the_full_gradient(mode, kind):
    network, (case, _) = build(kind), case_for(kind)
    (full,) = expected(kind, None, None, "newest", 0.0)
    for k1 in (1, 2, 3, N):
        parts = take(network, case, mode.schedule(k1, N), memory=memory_of(mode, kind, N))
        found = [sum(gradients) for gradients in zip(*(gradients for _, gradients in parts), strict=True)]
        torch.testing.assert_close(found, full.gradients, **EXACT)


@in_every_mode("LSTMs", "RNNs", "torch's LSTMs")
def test_equal_k_is_detach_and_continue(mode, kind):
    # Of what is reused too: a window of new steps alone ran with the weights that its backward pass reads.
    ragged = kind != "torch's LSTMs"
    case = ragged_case(8, seed=2, lengths=ragged, resets=ragged)
    for k in (1, 2, 4):
        network = build(kind)
        by_hand = detach_and_continue(copy.deepcopy(network), case, k, ragged)
        found = take(network, case, mode.schedule(k, k), 0.1, memory=memory_of(mode, kind, k))
        torch.testing.assert_close([gradients for _, gradients in found], by_hand, **EXACT)


def detach_and_continue(network, case, k: int, ragged: bool) -> list[list[torch.Tensor]]:
    """The loop that everybody writes: k steps, a backward pass, the state detached."""
    state, found = None, []
    for piece in pieces_of(case, [k] * (case.n // k)):
        rows = {"lengths": piece.lengths, "resets": piece.resets} if ragged else {}
        output, state = network(piece.x, state, **rows)
        state = detached(state)
        kept = piece.weights
        if ragged:
            kept = kept * (torch.arange(k)[:, None] < piece.lengths)
        if bool(kept.any()):
            (squared(output, piece.y).mean(-1) * kept).sum().backward()
            found.append(step(list(network.parameters()), 0.1))
    return found


@ruled("LSTMs", "torch's LSTMs", INITIAL)
def test_pieces_give_the_same_updates(mode, kind, rule):
    for k1, k2 in [(1, None), (3, 1), (2, 5), (3, 3)]:
        network, (case, extra) = build(kind), case_for(kind)
        named = {"state": case.fresh, "memory": memory_of(mode, kind, k2), "normalise": "sum"}
        updates = through_stream(network, squared, pieces_of(case, [3, 0, 4]), mode.schedule(k1, k2, rule), **named)
        found = [(update, step([*network.parameters(), *extra], mode.rate)) for update in updates]
        assert_equal(found, expected(kind, k1, k2, rule, mode.rate))


@ruled("LSTMs", "torch's LSTMs", INITIAL)
def test_calls_joined_by_a_carry_give_the_same_updates(mode, kind, rule):
    for k1, k2 in [(1, None), (3, 1), (2, 5), (3, 3)]:
        network, (case, extra) = build(kind), case_for(kind)
        found, carry = [], None
        for start, stop in pairwise([0, *range(k1, N, k1), N]):
            piece = pieces_of(case, [start, stop - start])[1]
            masks = {"weights": piece.weights, "lengths": piece.lengths, "resets": piece.resets}
            named = {"state": case.fresh, "memory": memory_of(mode, kind, k2), "normalise": "sum", "carry": carry}
            schedule = mode.schedule(k1, k2, rule)
            updates = through_time(network, squared, piece.x, piece.y, schedule, **named, **masks)
            found += [(update, step([*network.parameters(), *extra], mode.rate)) for update in updates]
            carry = type(updates.carry).from_tree(updates.carry.to_tree())
        assert_equal(found, expected(kind, k1, k2, rule, mode.rate))


@pytest.mark.parametrize("mode", MODES, indirect=True)
def test_random_masks_are_the_same(mode):
    case = ragged_case(12, seed=11)  # resets before windows begin: masks count them
    for k1, k2 in [(2, 5), (3, 3)]:
        memory = memory_of(mode, "masks", k2)
        found = []
        for schedule, named in [(TBPTT(k1, k2), {}), (mode.schedule(k1, k2), {"memory": memory})]:
            torch.manual_seed(5)
            found.append(take(build("masks"), case, schedule, mode.rate, **named))
        assert_same_updates(*found)
