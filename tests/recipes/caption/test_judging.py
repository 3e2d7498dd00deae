"""Captions get what they say rightly, and lose what they leave out or make up."""

from __future__ import annotations

import pytest

from throughtime.recipes.caption.judging import judge
from throughtime.recipes.caption.language import caption
from throughtime.recipes.caption.scenes import KINDS, Thing, made

SCENE = (
    Thing("large", "green", "star", 12.0, 30.0),
    Thing("large", "blue", "square", 40.0, 40.0),
    Thing("small", "red", "circle", 50.0, 10.0),
)
TRUE = "a large green star left of a large blue square below a small red circle"


def test_true_captions_are_right():
    scenes = made(50, 0, KINDS)[1]
    verdict = judge([caption(scene) for scene in scenes], scenes)
    assert (verdict.attributes, verdict.whole) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (TRUE, (3, 3, 3, 2)),
        # In another order it is as true.
        ("a small red circle above a large blue square right of a large green star", (3, 3, 3, 2)),
        ("a small green star left of a large blue square below a small red circle", (2, 3, 3, 2)),
        ("a large pink star right of a large blue square below a small red cross", (3, 2, 2, 1)),
        # One is left out: three attributes and a relation are wrong.
        ("a large green star left of a large blue square", (2, 2, 2, 1)),
        # A relation between two that are not neighbours in the true caption.
        ("a large green star left of a small red circle", (2, 2, 2, 1)),
        ("", (0, 0, 0, 0)),
    ],
)
def test_each_attribute_counts(text, right):
    verdict = judge([text], [SCENE])
    found = verdict.sizes * 3, verdict.colours * 3, verdict.shapes * 3, verdict.relations * 2
    assert found == pytest.approx(right)
    assert verdict.attributes == pytest.approx(sum(right) / 11)
    assert verdict.whole == (sum(right) == 11)


def test_what_is_made_up_is_wrong():
    verdict = judge([TRUE + " above a large green star"], [SCENE])
    # Four are named where three are: 12 attributes and 3 relations are asked for.
    assert verdict.sizes == 3 / 4
    assert verdict.relations == 2 / 3
    assert verdict.attributes == pytest.approx(11 / 15)


def test_matching_is_one_to_one():
    verdict = judge(["a large green star left of a large green star left of a large green star"], [SCENE])
    assert (verdict.colours, verdict.shapes) == (1 / 3, 1 / 3)
