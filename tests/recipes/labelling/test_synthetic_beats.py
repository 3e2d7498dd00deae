"""Made-up beats: anomalies change one beat, in order and not in size, and the seed decides all."""

from __future__ import annotations

import numpy as np

from throughtime.recipes.labelling.synthetic_beats import ANOMALOUS, KINDS, NORMAL, SHARE, STEPS, synthetic_beats


def test_rows_and_their_labels():
    rows, labels, kinds = synthetic_beats(400)
    assert {row.shape for row in rows} == {(STEPS, 1)}
    assert {*kinds} == {"", *KINDS}
    assert [label == ANOMALOUS for label in labels] == [bool(kind) for kind in kinds]
    assert abs(labels.count(ANOMALOUS) / 400 - SHARE) < 0.06
    assert labels.count(NORMAL) + labels.count(ANOMALOUS) == 400


def test_the_seed_decides():
    one, same, other = (synthetic_beats(20, seed) for seed in (3, 3, 4))
    assert all((a == b).all() for a, b in zip(one[0], same[0], strict=True))
    assert one[1:] == same[1:]
    assert not all((a == b).all() for a, b in zip(one[0], other[0], strict=True))


def test_mean_and_deviation_hardly_tell_them_apart():
    rows, _, kinds = synthetic_beats(2000)
    moved = [kind in ("early", "backward") for kind in kinds]  # a beat that is missing is missing in the mean
    for statistic in (np.mean, np.std):
        values = np.array([statistic(row) for row in rows])
        normal, changed = values[[not kind for kind in kinds]], values[moved]
        assert abs(normal.mean() - changed.mean()) < 0.3 * normal.std()
