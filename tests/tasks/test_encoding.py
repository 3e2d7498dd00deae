import json
from dataclasses import astuple
from itertools import pairwise

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.data import from_arrays, from_frame
from throughtime.tasks.encoding import CLIP, Encoding, Track

# Holes in these series are meant.
pytestmark = pytest.mark.filterwarnings("ignore:Missing values:throughtime.base.errors.Notice")


def arrays(lengths, scales, columns=2, missing=0.2, seed=0):
    """Random walks with holes, each series on its own scale."""
    rng = np.random.default_rng(seed)
    series = [
        scale * (5 + rng.normal(size=(length, columns)).cumsum(0))
        for length, scale in zip(lengths, scales, strict=True)
    ]
    for values in series:
        values[rng.random(values.shape) < missing] = np.nan
        values[0] = np.nan_to_num(values[0], nan=1.0)
    return series


@pytest.fixture(params=["shared", "own"])
def fitted(request):
    scales = (1, 1, 1) if request.param == "shared" else (1, 100, 10_000)
    series = arrays((40, 30, 50), scales)
    encoding = Encoding.fit(from_arrays(series), ())
    assert encoding.own == (() if request.param == "shared" else (0, 1))
    return encoding, series


def test_encoding_and_its_inverse(fitted):
    encoding, series = fitted
    for values in series:
        steps = encoding.encode_whole(values, None)
        np.testing.assert_allclose(steps.base + steps.unit * steps.numbers, values[1:], rtol=1e-9)
        observed = ~np.isnan(values[:-1])
        np.testing.assert_allclose(steps.base[observed], values[:-1][observed])
        assert np.isfinite(steps.inputs).all()
        assert abs(steps.inputs).max() <= CLIP


def test_inputs_are_level_change_and_seen():
    series = np.array([[1.0], [3.0], [np.nan], [2.0], [6.0]])
    encoding = Encoding.fit(from_arrays([series]), ())
    mean, sd = 3.0, np.std([1, 3, 2, 6])
    change = np.sqrt((2**2 + 1**2 + 4**2) / 3)
    filled = np.array([1.0, 3, 3, 2])
    expected = np.stack([(filled - mean) / sd, np.array([0.0, 2, 0, -1]) / change, [1, 1, 0, 1]], axis=1)
    steps = encoding.encode_whole(series, None)
    np.testing.assert_allclose(steps.inputs, expected)
    np.testing.assert_allclose(steps.numbers[:, 0], np.array([2, np.nan, -1, 4]) / change)
    assert encoding.input_size == 3


@given(cuts=st.lists(st.integers(1, 29), max_size=5), own=st.booleans())
def test_reading_in_pieces_changes_nothing(cuts, own):
    scales = (1, 100) if own else (1, 1)
    series = arrays((31, 30), scales)
    encoding = Encoding.fit(from_arrays(series), ())
    whole = encoding.encode_whole(series[0], None)
    places = [0, *sorted(set(cuts)), 30]
    track, parts = Track.fresh(2), []
    for start, stop in pairwise(places):
        piece, track = encoding.encode(series[0][start : stop + 1], None, track)
        parts.append(piece)
    for name in ("inputs", "numbers", "base", "unit", "classes"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        # Sums of squares are added in another grouping: rounding only.
        np.testing.assert_allclose(joined, getattr(whole, name), rtol=1e-9, atol=1e-12)


def test_the_future_moves_no_earlier_step(fitted):
    encoding, series = fitted
    for values in series:
        changed = values.copy()
        changed[20:] = 1e6
        before, after = encoding.encode_whole(values, None), encoding.encode_whole(changed, None)
        for name in ("inputs", "base", "unit"):
            np.testing.assert_array_equal(getattr(after, name)[:20], getattr(before, name)[:20])
        np.testing.assert_array_equal(after.numbers[:19], before.numbers[:19])


def test_series_on_their_own_scales_look_alike():
    rng = np.random.default_rng(1)
    walk = 50 + rng.normal(size=(200, 1)).cumsum(0)
    encoding = Encoding.fit(from_arrays([walk, 1000 * walk, 0.01 * walk]), ())
    small, large = encoding.encode_whole(walk, None), encoding.encode_whole(1000 * walk, None)
    np.testing.assert_allclose(small.inputs, large.inputs, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(small.numbers, large.numbers, rtol=1e-9)


def test_classes_known_columns_and_calendar():
    table = polars.DataFrame(
        {
            "t": polars.date_range(polars.date(2020, 1, 1), polars.date(2021, 12, 30), eager=True),
            "y": np.sin(np.arange(730)),
            "wet": np.arange(730) % 3 == 0,
            "holiday": np.arange(730) % 7 == 0,
        }
    )
    read = from_frame(table, time="t", target=["y", "wet"], known="holiday")
    encoding = Encoding.fit(read, ("year",))
    steps = encoding.encode_whole(read.values[0], read.times[0])
    assert steps.inputs.shape == (729, encoding.input_size)
    # y's level and change, wet as two classes, holiday of the next day, four features of its year
    assert encoding.input_size == 2 + 2 + 1 + 4
    np.testing.assert_array_equal(steps.inputs[:, 2:4].argmax(1), table["wet"].to_numpy()[:-1])
    holiday = steps.inputs[:, 4]
    np.testing.assert_array_equal(holiday > holiday.mean(), table["holiday"].to_numpy()[1:])
    np.testing.assert_array_equal(steps.classes[:, 0], table["wet"].to_numpy()[1:])
    np.testing.assert_array_equal(steps.last_classes[:, 0], table["wet"].to_numpy()[:-1])
    again = Encoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    assert astuple(again) == astuple(encoding)


def test_leading_gaps_begin_at_the_mean_and_constant_parts_keep_their_scale():
    values = np.concatenate([np.full((5, 1), np.nan), np.full((5, 1), 2.0), np.arange(10.0)[:, None]])
    encoding = Encoding.fit(from_arrays([values]), ())
    steps = encoding.encode_whole(values, None)
    assert (steps.inputs[:5] == 0).all()
    np.testing.assert_allclose(steps.base[:5, 0], encoding.centre[0])
    constant = Encoding.fit(from_arrays([values]).part(slice(5, 10)), ())
    assert constant.spread == constant.change == (1.0,)


def test_a_series_of_zeros_among_others_has_a_scale():
    series = [np.zeros((10, 1)), *arrays((20, 20), (1, 1000), columns=1, missing=0)]
    encoding = Encoding.fit(from_arrays(series), ())
    assert encoding.own == (0,)
    steps = encoding.encode_whole(series[0], None)
    assert (steps.unit > 0).all()
    assert np.isfinite(steps.inputs).all()


def test_every_input_has_a_name():
    table = polars.DataFrame(
        {
            "day": [f"2020-01-{day:02d}" for day in range(1, 29)],
            "level": [None, *range(27)],
            "flow": [float(day % 5) for day in range(28)],
            "kind": ["a", "b"] * 14,
            "open": ["no", "yes"] * 14,
            "price": [float(day % 3) for day in range(28)],
        }
    )
    read = from_frame(table, time="day", target=["level", "kind"], known=["open", "price"])
    encoding = Encoding.fit(read, ["year", "week"])
    assert encoding.input_names == (
        *("level", "flow", "change of level", "change of flow", "kind = a", "kind = b", "level seen"),
        *("next open = no", "next open = yes", "next price"),
        *("year sin", "year cos", "year sin 2", "year cos 2", "week sin", "week cos"),
    )
    encoded = encoding.encode_whole(read.values[0], read.times[0])
    inputs = dict(zip(encoding.input_names, encoded.inputs.T, strict=True))
    assert inputs["kind = b"].tolist() == [0.0, 1.0] * 13 + [0.0]
    assert inputs["level seen"].tolist() == [0.0] + [1.0] * 26
    assert inputs["next open = yes"].tolist() == [1.0, 0.0] * 13 + [1.0]
    price = table["price"].to_numpy()
    price = (price - price.mean()) / price.std()
    np.testing.assert_allclose(inputs["next price"], price[1:], atol=1e-12)
    assert inputs["week sin"][4] == pytest.approx(0, abs=1e-12)  # 2020-01-06, a Monday, is what step 4 looks ahead to
