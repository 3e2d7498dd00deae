"""SequenceToSequence with a horizon: what goes in, what comes out, what it must not know, what it refuses."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone

import throughtime as tt
from throughtime.base.errors import ConfigError, DataError, Notice, ShapeError
from throughtime.base.run_folder import RunFolder
from throughtime.metrics import coverage
from throughtime.tasks import NotFittedError, ahead_fitting

SMALL = {
    "horizon": 4,
    "hidden_size": 8,
    "members": 2,
    "epochs": 1,
    "batch_size": 64,
    "window_steps": 24,
    "progress": False,
}
RNG = np.random.default_rng(0)
T = np.arange(240)
SERIES = [(50 + 10 * np.sin(2 * np.pi * T / 12 + k) + 5 * k + RNG.normal(size=240)).round(6) for k in range(3)]
FRAME = pl.concat(
    pl.DataFrame(
        {
            "shop": [f"s{k}"] * 240,
            "day": pl.datetime_range(dt.datetime(2020, 1, 1), dt.datetime(2020, 8, 27), "1d", eager=True),
            "sales": values + 3 * (T % 5 == 0),
            "promo": (T % 5 == 0).astype(int),
            "rain": RNG.normal(size=240).round(6),
        }
    )
    for k, values in enumerate(SERIES)
)
ROLES = {"id": "shop", "time": "day", "target": "sales", "known": "promo"}


def small(**changes):
    return tt.SequenceToSequence(**(SMALL | changes))


def known_after(frame, days=4):
    last = frame.group_by("shop", maintain_order=True).agg(pl.col("day").max())
    steps = pl.DataFrame({"ahead": range(1, days + 1)})
    after = last.join(steps, how="cross").with_columns(pl.col("day") + pl.duration(days=pl.col("ahead")))
    number = (pl.col("day") - dt.datetime(2020, 1, 1)).dt.total_days()
    return after.select("shop", "day", promo=(number % 5 == 0).cast(pl.Int64))


@pytest.fixture(scope="module")
def arrays():
    return small().fit(SERIES)


@pytest.fixture(scope="module")
def frames():
    return small().fit(FRAME, **ROLES)


def test_arrays(arrays):
    assert arrays.season_ == 12
    values = arrays.predict(SERIES)
    assert [each.shape for each in values] == [(4, 1)] * 3
    one, ends = arrays.predict(SERIES[0], level=[80, 95])
    assert (one.shape, ends.shape) == ((4, 1), (4, 1, 2, 2))
    np.testing.assert_allclose(one, values[0], atol=1e-6)
    assert (ends[:, 0, 1, 0] < ends[:, 0, 0, 0]).all()
    assert (one < ends[..., 0, 1]).all()
    # Ten days of noise of 1 around a season of 10: repeating the last value errs by about 5.
    assert np.abs(one[:, 0] - (50 + 10 * np.sin(2 * np.pi * (240 + np.arange(4)) / 12))).max() < 2


def test_frames(frames):
    told = frames.predict(FRAME, level=80, known=known_after(FRAME))
    assert told.columns == ["shop", "day", "sales", "sales_lo_80", "sales_hi_80"]
    assert told["shop"].to_list() == [f"s{k}" for k in range(3) for _ in range(4)]
    assert told["day"].to_list()[:2] == [dt.datetime(2020, 8, 28), dt.datetime(2020, 8, 29)]
    promoted = known_after(FRAME).with_columns(promo=pl.lit(1))
    assert not frames.predict(FRAME, known=promoted)["sales"].equals(told["sales"])
    pandas = frames.predict(FRAME.to_pandas(), level=80, known=known_after(FRAME).to_pandas())
    assert isinstance(pandas, pd.DataFrame)
    np.testing.assert_allclose(pandas["sales"], told["sales"])


def test_rows_in_any_order(frames):
    mixed = FRAME.sample(fraction=1.0, shuffle=True, seed=0).sort("day", maintain_order=True)
    first = frames.predict(FRAME, known=known_after(FRAME)).sort("shop", "day")
    second = frames.predict(mixed, known=known_after(FRAME)).sort("shop", "day")
    np.testing.assert_allclose(second["sales"], first["sales"], rtol=1e-6)


def test_a_backtest_is_what_was_predicted_then(arrays, frames):
    ends, values, intervals = arrays.backtest(SERIES[1], stride=7, level=[90])
    assert ends[-1] == 236
    assert (np.diff(ends) == 7).all()
    assert (values.shape, intervals.shape) == ((len(ends), 4, 1), (len(ends), 4, 1, 1, 2))
    for end, value in list(zip(ends, values, strict=True))[::5]:
        np.testing.assert_allclose(arrays.predict(SERIES[1][:end]), value, atol=1e-5)
    table = frames.backtest(FRAME, stride=10)
    assert table.columns == ["shop", "day", "origin", "step", "sales"]
    origin = dt.datetime(2020, 8, 23)  # the last with four days behind it
    then = FRAME.filter(pl.col("day") <= origin)
    told = frames.predict(then, known=known_after(then))
    found = table.filter(pl.col("origin") == origin)
    assert found["day"].to_list() == told["day"].to_list()
    np.testing.assert_allclose(found["sales"], told["sales"], rtol=1e-6)


@pytest.mark.parametrize(
    ("strategy", "smoothing"),
    [("direct", False), ("direct", True), ("decoder", False), ("decoder", True), ("recursive", False)],
)
def test_the_future_does_not_matter(strategy, smoothing):
    model = small(strategy=strategy, smoothing=smoothing, season=12, epochs=1).fit(FRAME, **ROLES)
    later = pl.col("day") >= dt.datetime(2020, 7, 1)
    changed = FRAME.with_columns(
        sales=pl.when(later).then(1e6).otherwise("sales"), rain=pl.when(later).then(-1e6).otherwise("rain")
    )
    before, after = (
        model.backtest(each, stride=1).filter(pl.col("origin") < dt.datetime(2020, 7, 1)) for each in (FRAME, changed)
    )
    assert len(before) > 100
    assert before.equals(after)


def test_what_validates_does_not_reach_the_scaling_of_what_trains():
    changed = [each.copy() for each in SERIES]
    for each in changed:
        each[-40:] += 1e4
    one = small(validation=0.2, epochs=1).fit(SERIES)
    with pytest.warns(Notice, match="nothing certain over the last value"):  # a leap that nobody could foretell
        other = small(validation=0.2, epochs=1).fit(changed)
    # The line and the first epoch's weights come from the first 192 rows; which ridge is best may depend on the rest.
    assert one._medium.columns == other._medium.columns


def test_where_nothing_is_gained_the_last_value_is_forecast_and_that_is_told():
    walk = np.random.default_rng(0).standard_normal(600).cumsum()
    with pytest.warns(Notice, match=r"gained nothing certain over the last value.*calibration_\.kept is 0"):
        model = small(validation=0.2, epochs=1).fit(walk)
    assert model.calibration_.kept == 0
    np.testing.assert_allclose(model.predict(walk)[:, 0], walk[-1], rtol=1e-6)
    own = small(validation=None, epochs=1).fit(walk).predict(walk)[:, 0]
    assert np.abs(own - walk[-1]).max() > 1e-3


def test_sample(arrays, frames):
    paths = arrays.sample(SERIES[0], 400, seed=3)
    assert paths.shape == (400, 4, 1)
    _, ends = arrays.predict(SERIES[0], level=80)
    assert coverage(paths[..., 0], *np.broadcast_arrays(ends[:, 0, 0, 0], paths[..., 0], ends[:, 0, 0, 1])[::2]) == (
        pytest.approx(0.8, abs=0.05)
    )
    np.testing.assert_array_equal(paths, arrays.sample(SERIES[0], 400, seed=3))
    table = frames.sample(FRAME, 2, known=known_after(FRAME))
    assert table.columns == ["shop", "day", "path", "sales"]
    assert len(table) == 3 * 2 * 4


def test_skill(arrays):
    # The season's repetition errs by sqrt(2) of the noise; who knows the season by 1: a skill of about 0.3.
    assert 0.15 < arrays.score(SERIES) < 0.45


def test_intervals_hold_what_they_say(arrays):
    fresh = [50 + 10 * np.sin(2 * np.pi * T / 12 + k) + 5 * k + RNG.normal(size=240) for k in range(3)]
    inside = []
    for each, told in zip(fresh, arrays.backtest(fresh, stride=1, level=[80]), strict=True):
        wanted = each[told[0][:, None] + np.arange(4)]
        inside.append(coverage(wanted, told[2][:, :, 0, 0, 0], told[2][:, :, 0, 0, 1]))
    # 144 windows validate, overlapping; 450 are tested.
    assert np.mean(inside) == pytest.approx(0.8, abs=0.07)


def test_it_comes_back(tmp_path, arrays, frames):
    for model, told in ((arrays, (SERIES,)), (small(smoothing=True, strategy="decoder").fit(SERIES), (SERIES,))):
        model.save(tmp_path / "m.safetensors")
        again = tt.load(tmp_path / "m.safetensors")
        for one, other in zip(model.predict(*told), again.predict(*told), strict=True):
            np.testing.assert_array_equal(one, other)
        assert again.get_params() == model.get_params()
    frames.save(tmp_path / "f.safetensors")
    known = known_after(FRAME)
    assert tt.load(tmp_path / "f.safetensors").predict(FRAME, known=known).equals(frames.predict(FRAME, known=known))


def stop(_network):
    raise KeyboardInterrupt


def test_a_resumed_training_is_the_unbroken_one(tmp_path):
    whole = small(epochs=2).fit(SERIES)
    with pytest.MonkeyPatch.context() as patch, RunFolder.create(tmp_path / "run", {}) as run:
        patch.setattr(ahead_fitting, "validation_error", lambda *_: stop)
        with pytest.raises(KeyboardInterrupt):
            small(epochs=2, checkpoint_every_s=0).fit(SERIES, run=run)
    with RunFolder.open(tmp_path / "run") as run:
        again = small(epochs=2).fit(SERIES, run=run)
    assert len(again.history_.losses) == 100
    np.testing.assert_array_equal(again.predict(SERIES)[0], whole.predict(SERIES)[0])


def test_later_rows_validate():
    cut = dt.datetime(2020, 7, 1)
    early, late = FRAME.filter(pl.col("day") < cut), FRAME.filter(pl.col("day") >= cut)
    model = small(validation=late).fit(early, **ROLES)
    assert model.history_.epochs[-1].validation is not None
    assert model.calibration_.widths.shape[0] == 4
    assert small(validation=None).fit(SERIES).history_.epochs[-1].validation is None
    some = FRAME.filter(pl.col("shop") != "s2")
    new = small(validation=FRAME.filter(pl.col("shop") == "s2"), smoothing=True).fit(some, **ROLES)
    assert new.design_.rows == 2
    assert len(new.predict(FRAME, known=known_after(FRAME))) == 12
    other = small(validation=[SERIES[2]]).fit(SERIES[:2])
    assert other.history_.epochs[-1].validation is not None


def test_a_clone_learns_the_same(arrays):
    again = clone(arrays).fit(SERIES)
    np.testing.assert_array_equal(again.predict(SERIES)[0], arrays.predict(SERIES)[0])
    assert again.parameters_count_ == arrays.parameters_count_


def test_several_targets_and_a_constant_one():
    table = np.stack([SERIES[0], SERIES[1], np.where(T < 200, 1.0, 1.0 + (T == 200))], axis=1)
    told = small().fit(table).predict(table[:190])
    assert told.shape == (4, 3)
    assert told[:, 2] == pytest.approx([1.0] * 4, abs=1e-6)


@pytest.mark.filterwarnings("ignore:Missing values")
def test_gaps_are_filled_forward_and_not_scored():
    holes = [each.copy() for each in SERIES]
    holes[0][50:60] = np.nan
    holes[0][-1] = np.nan
    model = small().fit(holes)
    filled = np.append(holes[0][:-1], holes[0][-2])
    np.testing.assert_array_equal(model.predict(holes)[0], model.predict([filled, *holes[1:]])[0])


def test_refusals(arrays, frames):
    with pytest.raises(NotFittedError):
        small().predict(SERIES)
    with pytest.raises(DataError, match="A forecast of 4 steps needs a history at least as long: 1 of 2 .* first 1"):
        arrays.predict([SERIES[0], SERIES[1][:3]])
    with pytest.raises(DataError, match=r"2 \* horizon = 260 rows"):
        small(horizon=130).fit([each[:150] for each in SERIES])
    with pytest.raises(DataError, match="window_steps=1,000 came with 192 steps at most"):
        small(window_steps=1000).fit(SERIES)
    with pytest.raises(DataError, match="promo came without"):
        frames.predict(FRAME)
    with pytest.raises(DataError, match="4 rows for each series"):
        frames.predict(FRAME, known=known_after(FRAME, 3))
    with pytest.raises(DataError, match=r"2020-08-28 .* 2020-08-29 .* came"):
        frames.predict(FRAME, known=known_after(FRAME).with_columns(pl.col("day") + pl.duration(days=1)))
    with pytest.raises(DataError, match="numeric column holds only numbers: 'promo' has 'low'"):
        frames.predict(FRAME, known=known_after(FRAME).with_columns(pl.lit("low").alias("promo")))
    blank = known_after(FRAME).with_columns(
        pl.when(pl.col("shop") == "s1").then(None).otherwise("promo").alias("promo")
    )
    with pytest.raises(DataError, match=r"'promo' is missing in row 5 \(4 such cells\)"):
        frames.predict(FRAME, known=blank)
    with pytest.raises(DataError, match="'day' is named as time and as id"):
        small().fit(FRAME, id="day", time="day", target="sales")
    with pytest.raises(DataError, match="No column was fitted as known"):
        arrays.predict(SERIES, known=[1])
    with pytest.raises(DataError, match="4 rows before an origin and 4 behind it: the longest series has 7"):
        arrays.backtest([SERIES[0][:7]])
    with pytest.raises(ConfigError, match="tell their own targets: targets= came"):
        small().fit(SERIES, SERIES)
    with pytest.raises(ConfigError, match="are searched: beam= came"):
        arrays.predict(SERIES, beam=2)
    with pytest.raises(ConfigError, match="fitted on series"):
        arrays.told(["a"], ["b"])
    with pytest.raises(ConfigError, match="Columns are of series, which need a horizon: id= came"):
        tt.SequenceToSequence().fit(["a b"], ["b a"], id="x")
    doubled = pl.concat([FRAME, FRAME.filter(pl.col("shop") == "s1")])
    with pytest.raises(DataError, match="s1"):
        frames.predict(doubled, known=known_after(FRAME))


def test_known_columns_of_arrays():
    table = [np.stack([each, (T % 5 == 0) * 1.0], axis=1) for each in SERIES]
    model = small().fit(table, known=1)
    assert model.predict(table, known=[np.ones((4, 1))] * 3)[0].shape == (4, 1)
    assert model.predict(table[0], known=[1, 0, 0, 0]).shape == (4, 1)
    with pytest.raises(ShapeError, match=r"`known` is \(4, 1\) for each of 3 series"):
        model.predict(table, known=np.ones((4, 1)))
    with pytest.raises(DataError, match=r"'x1' is nan in row 2 \(1 such cells\)"):
        model.predict(table[0], known=[1, np.nan, 0, 0])
    with pytest.warns(Notice, match=r"'x1' is -1e\+06, far from all that training saw \(mean 0.203, spread 0.402\)"):
        assert np.isfinite(model.predict(table[0], known=[1, 0, -1e6, 0])).all()


def test_logarithms_need_positive_values():
    grown = [np.exp(T / 60 + k) * RNG.lognormal(0, 0.01, 240) for k in range(3)]
    model = small(log=True).fit(grown)
    with pytest.raises(DataError, match="values of 0 or below came"):
        model.predict([each - 1e3 for each in grown])
