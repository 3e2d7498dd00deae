"""Change the future, and nothing of the past moves: values, filling, scaling, transforms, categories, splits."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from throughtime.base.errors import Notice
from throughtime.data import Scaling, from_frame, series_by_share, series_by_time

T, TRAIN = 12, 6
CELLS = st.one_of(st.just(np.nan), st.floats(0, 1e6))
PAST = arrays(np.float64, (TRAIN, 2), elements=CELLS).map(
    lambda values: np.concatenate([[[1.0, 2.0], [3.0, 5.0]], values])
)
FUTURE = arrays(np.float64, (T - TRAIN, 2), elements=CELLS)
LABELS = st.lists(st.sampled_from(["sun", "rain", "fog", None]), min_size=T - TRAIN, max_size=T - TRAIN)


def everything_of_the_past(past, future, labels, cut):
    """All that a model would be trained on, read from the table past + future."""
    kinds = ["sun", "rain", "rain", None, "sun", "rain", "rain", "sun"]
    numbers = np.concatenate([past, future])
    table = pl.DataFrame({"t": np.arange(len(numbers)), "x": numbers[:, 0], "y": numbers[:, 1], "k": kinds + labels})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        series = from_frame(table, time="t", columns="x,y,k")
        train, *_ = cut(series)
        scaling = Scaling.fit([values[:, :2] for values in train.values], transforms="auto")
        whole, _ = series.recoded(train.seen_categories()).filled([*scaling.centre, 0.0])
    filled, observed = train.filled([*scaling.centre, 0.0])
    n = len(past)
    return {
        "rows": train.source_rows[0],
        "values": train.values[0],
        "observed": observed[0],
        "filled": filled[0],
        "scaled": scaling.apply(filled[0][:, :2]),
        "filled as part of the whole": whole[0][:n],
        "transforms": np.array(scaling.transforms),
        "mean": scaling.mean,
        "sd": scaling.sd,
        "categories": np.array(train.categories["k"]),
    }


@given(PAST, FUTURE, FUTURE, LABELS, LABELS, st.booleans())
def test_the_past_does_not_move(past, one, other, one_labels, other_labels, by_share):
    def cut(series):
        share = len(past) / (len(past) + T - TRAIN)
        return series_by_share(series, train=share) if by_share else series_by_time(series, [len(past)])

    first = everything_of_the_past(past, one, one_labels, cut)
    second = everything_of_the_past(past, other, other_labels, cut)
    for name, value in first.items():
        np.testing.assert_array_equal(second[name], value, err_msg=name)


@given(PAST, FUTURE)
def test_filling_at_a_step_uses_steps_up_to_it_only(past, future):
    table = pl.DataFrame(np.concatenate([past, future]), schema=["x", "y"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        whole, _ = from_frame(table, fitting=False).filled()
        for stop in range(1, len(table) + 1):
            part, _ = from_frame(table[:stop], fitting=False).filled()
            np.testing.assert_array_equal(part[0], whole[0][:stop])
