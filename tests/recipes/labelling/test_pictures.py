from __future__ import annotations

import numpy as np
from sklearn import metrics as judge

from throughtime.recipes.labelling.pictures import binned, by_class, confused, confusion, reliability, roc, roc_points

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(2, size=50)
GIVEN = RNG.dirichlet([1, 1], 50).round(1)


def test_points_of_the_curve_are_sklearn_s_with_ties():
    alarms, found = roc_points(TRUTH, GIVEN[:, 1])
    theirs = judge.roc_curve(TRUTH, GIVEN[:, 1], drop_intermediate=False)
    np.testing.assert_allclose(alarms, theirs[0])
    np.testing.assert_allclose(found, theirs[1])


def test_counts():
    np.testing.assert_array_equal(confused(TRUTH, GIVEN), judge.confusion_matrix(TRUTH, GIVEN.argmax(1)))
    mean, share, count = binned(np.array([0.05, 0.95, 1.0]), np.array([0.0, 1.0, 0.0]))
    np.testing.assert_allclose([*mean, *share, *count], [0.05, 0.975, 0, 0.5, 1, 2])


def test_each_picture_is_an_element_that_names_what_it_shows():
    for drawn, words in (
        (confusion(TRUTH, GIVEN, ["no", "yes"]), ("likeliest class", "yes")),
        (reliability(TRUTH, GIVEN, GIVEN), ("as the network gave it", "reported")),
        (roc(TRUTH, GIVEN, "yes", 0.5), ("AUC 0.500", "share of yes found")),
        (by_class(TRUTH, GIVEN, ["no", "yes"]), ("right where said",)),
    ):
        assert drawn.startswith("<svg")
        assert all(word in drawn for word in words)
