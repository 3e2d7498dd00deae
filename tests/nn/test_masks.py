from __future__ import annotations

import math

import pytest
import torch

from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.nn.masks import (
    DROPOUT,
    ZONEOUT_C,
    LayerMasks,
    MaskKey,
    _mix,
    _mix_int,
    _signed,
    current_key,
    fresh_key,
    keyed,
)


def layer_masks(seed=0, rows=4, step=0, steps=50, ordinal=0, resets=None):
    return LayerMasks(MaskKey(seed, torch.arange(rows) << 32, step, {}), ordinal, resets, steps)


def test_the_hash_is_splitmix64():
    # The first outputs of the published generator from seed 1234567 (Steele, Lea & Flood's reference program)
    golden = 0x9E3779B97F4A7C15
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [_mix_int(1234567 + (k + 1) * golden) for k in range(3)] == published
    inputs = torch.tensor([_signed(1234567 + (k + 1) * golden) for k in range(3)])
    assert _mix(inputs).tolist() == [_signed(number) for number in published]


@pytest.mark.parametrize("probability", [0.01, 0.1, 0.5, 0.9])
def test_hits_are_as_frequent_as_asked_for(probability):
    hit = layer_masks(rows=40, steps=200).per_step(probability, DROPOUT, 0, 33)
    share, n = hit.double().mean().item(), hit.numel()
    assert abs(share - probability) < 5 * math.sqrt(probability * (1 - probability) / n)  # 5 standard errors
    # No step, row or unit is favoured: each share stays within 6 standard errors of its own, smaller number.
    for axes in ((0, 1), (0, 2), (1, 2)):
        shares = hit.double().mean(axes)
        error = math.sqrt(probability * (1 - probability) * len(shares) / n)
        assert (shares - probability).abs().max() < 6 * error


def test_the_ends_of_the_range_are_exact():
    masks = layer_masks()
    assert not masks.per_step(0.0, DROPOUT, 0, 5).any()
    assert masks.per_step(1.0, DROPOUT, 0, 5).all()


def test_masks_of_different_keys_are_independent():
    base = layer_masks().per_step(0.5, DROPOUT, 0, 32)
    others = {
        "seed": layer_masks(seed=1).per_step(0.5, DROPOUT, 0, 32),
        "ordinal": layer_masks(ordinal=1).per_step(0.5, DROPOUT, 0, 32),
        "kind": layer_masks().per_step(0.5, ZONEOUT_C, 0, 32),
        "part": layer_masks().per_step(0.5, DROPOUT, 1, 32),
        "step": layer_masks(step=1000).per_step(0.5, DROPOUT, 0, 32),
        "next step": layer_masks(step=1).per_step(0.5, DROPOUT, 0, 32),
        "row": base[:, [1, 2, 3, 0]],
        "unit": base.roll(1, -1),
        "pair of units": base[..., torch.arange(32) ^ 1],
    }
    for name, other in others.items():
        agree = (base == other).double().mean().item()
        # Fair coins agree half of the time; 6400 of them, 5 standard errors
        assert abs(agree - 0.5) < 5 * 0.5 / math.sqrt(base.numel()), name


def test_a_step_is_masked_alike_however_it_is_reached():
    whole = layer_masks(step=10, steps=20).per_step(0.5, DROPOUT, 0, 7)
    assert torch.equal(layer_masks(step=15, steps=5).per_step(0.5, DROPOUT, 0, 7), whole[5:10])


def test_a_units_mask_does_not_depend_on_how_many_there_are():
    few, many = (layer_masks().per_step(0.5, DROPOUT, 0, units) for units in (5, 8))
    assert torch.equal(few, many[..., :5])


def test_a_reset_moves_a_row_to_its_next_sequence():
    resets = torch.zeros(6, 2, dtype=torch.bool)
    resets[0, 1] = resets[3, 0] = True
    mask = layer_masks(rows=2, steps=6, resets=resets).per_sequence(0.5, DROPOUT, 0, 64)
    assert mask.shape == (6, 2, 64)
    assert (mask[:3, 0] == mask[0, 0]).all()
    assert (mask[3:, 0] == mask[3, 0]).all()
    assert not torch.equal(mask[0, 0], mask[3, 0])
    # Entering with the reset already counted is the same sequence.
    later = LayerMasks(MaskKey(0, (torch.arange(2) << 32) + 1, 3, {}), 0, None, 3).per_sequence(0.5, DROPOUT, 0, 64)
    assert torch.equal(later[0, 0], mask[3, 0])
    assert torch.equal(later[0, 1], mask[5, 1])


def test_a_weight_has_one_mask_whatever_the_rows():
    one = layer_masks(rows=2).per_weight(0.5, DROPOUT, 0, 6, 5)
    assert torch.equal(one, layer_masks(rows=9, step=77).per_weight(0.5, DROPOUT, 0, 6, 5))
    assert not torch.equal(one, layer_masks(seed=1).per_weight(0.5, DROPOUT, 0, 6, 5))


def test_keys_nest_and_close():
    outer, inner = fresh_key(2, torch.device("cpu")), fresh_key(2, torch.device("cpu"))
    assert current_key() is None
    with keyed(outer):
        with keyed(inner):
            assert current_key() is inner
        assert current_key() is outer
    assert current_key() is None
    with pytest.raises(KeyError), keyed(outer):
        raise KeyError
    assert current_key() is None


def test_a_fresh_key_follows_torchs_seed():
    torch.manual_seed(5)
    first = fresh_key(3, torch.device("cpu"))
    torch.manual_seed(5)
    assert fresh_key(3, torch.device("cpu")).seed == first.seed
    assert fresh_key(3, torch.device("cpu")).seed != first.seed
    assert first.sequence.tolist() == [0, 1 << 32, 2 << 32]


@pytest.mark.parametrize(
    ("seed", "sequence", "error"),
    [
        (-1, torch.arange(2), ConfigError),
        (2**63, torch.arange(2), ConfigError),
        (0, torch.arange(2.0), DtypeError),
        (0, [0, 1], DtypeError),
        (0, torch.zeros(2, 2, dtype=torch.int64), ShapeError),
    ],
)
def test_a_key_that_means_nothing_is_refused(seed, sequence, error):
    with pytest.raises(error, match="got"):
        MaskKey(seed, sequence, 0, {})
