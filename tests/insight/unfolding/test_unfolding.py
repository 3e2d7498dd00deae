"""The whole picture: data for programs, files, and what is refused."""

from __future__ import annotations

import json
import math

import pytest
import torch

import throughtime as tt
from tests.insight.unfolding.schedule import defined
from throughtime.base.errors import ConfigError, WriteError
from throughtime.insight.unfolding import Sizes, unfolding


def steps(ends: dict[str, int] | None) -> frozenset[int]:
    if ends is None:
        return frozenset()
    assert list(ends) == ["first", "last"]
    return frozenset(range(ends["first"], ends["last"] + 1))


@pytest.mark.parametrize(("k1", "k2"), [(5, 2), (3, 5), (12, 12)])
@pytest.mark.parametrize("rule", ["newest", "window", "cut"])
def test_json_holds_the_schedule(k1, k2, rule):
    data = json.loads(unfolding(12, tt.TBPTT(k1, k2, losses=rule)).to_json())
    assert [
        (
            *(steps(update[name]) for name in ("injected", "reported_only", "run_again", "without_gradient")),
            *(steps(update[name]) for name in ("new_steps", "window")),
            update["cut"],
        )
        for update in data["updates"]
    ] == [
        (
            *(lane.injected, lane.unused, lane.again, lane.without_gradient),
            *(lane.new | lane.without_gradient, lane.new | lane.again),
            lane.cut is not None,
        )
        for lane in defined(12, k1, k2, rule)
    ]
    assert (data["losses"], data["values"], data["notes"]) == (rule, None, [])


def test_json_holds_the_values_of_both_states():
    picture = unfolding(3, tt.TBPTT(2, 3), with_values=True, seed=4)
    data = json.loads(picture.to_json())["values"]
    assert data["seed"] == 4
    assert data["c"] == picture.values.c
    assert [len(lane["dc"]) for lane in data["lanes"]] == [2, 3]
    assert set(data["lanes"][0]["gradients"]) == {
        *(f"core.{name}_l0" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")),
        "head.weight",
        "head.bias",
    }


def test_json_holds_all_that_the_numbers_are_made_from():
    data = json.loads(unfolding(3, tt.TBPTT(3, 3), "rnn", with_values=True).to_json())["values"]
    w = {name: flat[0] for name, flat in data["weights"].items()}
    h = 0.0
    for t in range(3):
        a = w["core.weight_ih_l0"] * data["x"][t] + w["core.bias_ih_l0"] + w["core.weight_hh_l0"] * h
        h = math.tanh(a + w["core.bias_hh_l0"])
        y = w["head.weight"] * h + w["head.bias"]
        assert (h, y) == pytest.approx((data["h"][t], data["y"][t]), rel=1e-12)
        assert data["loss"][t] == pytest.approx((y - data["target"][t]) ** 2, rel=1e-12)


@pytest.mark.parametrize("with_values", [False, True])
def test_seeds_are_those_of_torch_with_values_and_without(with_values):
    for seed in (-(2**63), -1, 2**64 - 1):
        torch.Generator().manual_seed(seed)
        assert unfolding(2, with_values=with_values, seed=seed).seed == seed
    for seed in (-(2**63) - 1, 2**64, 99999999999999999999):
        with pytest.raises(ValueError, match="Overflow"):
            torch.Generator().manual_seed(seed)
        with pytest.raises(ConfigError, match=rf"-2\*\*63 .. 2\*\*64 - 1, which torch takes: {seed} came"):
            unfolding(2, with_values=with_values, seed=seed)


def test_the_default_is_the_pictures_of_the_help():
    picture = unfolding()
    assert (picture.plan.cell, picture.plan.steps, str(picture.plan.schedule)) == ("lstm", 12, "3,5")
    assert picture.memory.sizes == Sizes(16, 128, 32)


def test_a_slide_is_written(tmp_path):
    picture = unfolding(5)
    picture.save(tmp_path / "a.SVG")
    assert (tmp_path / "a.SVG").read_text(encoding="utf-8") == picture.to_svg()


def test_other_endings_and_missing_folders_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"written as \.svg; the file is named 'a.png'"):
        unfolding(5).save(tmp_path / "a.png")
    with pytest.raises(WriteError, match="could not be written: there is no such folder"):
        unfolding(5).save(tmp_path / "none" / "a.svg")
    assert list(tmp_path.iterdir()) == []


def test_numbers_on_very_many_steps_are_refused():
    with pytest.raises(ConfigError, match="at most 48 steps: 49 came"):
        unfolding(49, with_values=True)
