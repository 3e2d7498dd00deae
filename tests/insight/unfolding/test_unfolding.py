"""The whole picture: data for programs, files, and what is refused."""

from __future__ import annotations

import json

import pytest

import throughtime as tt
from tests.insight.unfolding.schedule import defined
from throughtime.base.errors import ConfigError, WriteError
from throughtime.insight.unfolding import Sizes, unfolding


def steps(ends: list[int] | None) -> frozenset[int]:
    return frozenset() if ends is None else frozenset(range(ends[0], ends[1] + 1))


@pytest.mark.parametrize(("k1", "k2"), [(5, 2), (3, 5), (12, 12)])
@pytest.mark.parametrize("rule", ["newest", "window", "cut"])
def test_json_holds_the_schedule(k1, k2, rule):
    data = json.loads(unfolding(12, tt.TBPTT(k1, k2, losses=rule)).to_json())
    assert [
        (
            *(steps(update[name]) for name in ("injected", "reported_only", "run_again", "without_gradient")),
            update["stop"],
            update["window_start"],
            update["cut"],
        )
        for update in data["updates"]
    ] == [
        (lane.injected, lane.unused, lane.again, lane.without_gradient, *lane.errors, lane.cut is not None)
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
