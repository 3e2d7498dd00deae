"""What a describer is given becomes numbers, or is refused with the rule."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from throughtime.base.errors import DataError, ShapeError
from throughtime.tasks.caption_intake import as_images, as_sentences


def test_images_become_squares():
    found = as_images([np.zeros((4, 9, 3), np.uint8), np.full((30, 2), 255, np.uint8)], "images", 8)
    assert (found.shape, found.dtype) == ((2, 8, 8, 3), torch.uint8)


def test_features_stay_as_they_are():
    given = np.arange(24.0).reshape(2, 4, 3)
    for kind in (given, list(given), torch.from_numpy(given)):
        found = as_images(kind, "features", 8)
        assert found.dtype == torch.float32
        np.testing.assert_array_equal(found, given)


@pytest.mark.parametrize(
    ("given", "encoder", "error", "message"),
    [
        ([], "images", DataError, "none came"),
        ("one.png", "images", DataError, "str came"),
        (3, "features", DataError, "int came"),
        ([np.zeros(3)], "features", ShapeError, r"\(3,\) came"),
        ([np.zeros((2, 3)), np.zeros((3, 3))], "features", ShapeError, r"\(2, 3\), \(3, 3\) came"),
        ([np.array([["a"]])], "features", ShapeError, "regions, numbers"),
        ([np.array([[np.inf]])], "features", DataError, "infinity"),
    ],
)
def test_other_images_are_refused(given, encoder, error, message):
    with pytest.raises(error, match=message):
        as_images(given, encoder, 8)


def test_sentences_are_one_or_several():
    assert as_sentences(["a", ["b", "c"], ("d",)], 3) == [["a"], ["b", "c"], ["d"]]
    assert as_sentences(pl.Series(["a", "b"]), 2) == [["a"], ["b"]]
    assert as_sentences(np.array(["a", "b"]), 2) == [["a"], ["b"]]
    with pytest.raises(DataError, match="str came"):
        as_sentences("a", 1)
