"""What the estimator promises: it learns, its intervals cover, it never reads ahead, every way in is one model."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from polars.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

import throughtime as tt
from throughtime.base.errors import ConfigError, DataError, DivergedError, Notice, ShapeError
from throughtime.base.run_folder import RunFolder
from throughtime.tasks import NotFittedError, SequencePredictor, fitting, load

QUICK = {"hidden_size": 8, "epochs": 2, "tbptt": "20,20"}


def autoregression(steps, seed=0, spread=1.0):
    """x[t] = 10 + .6 (x[t-1] - 10) - .5 (x[t-2] - 10) + noise of the given spread: [steps, 1]."""
    rng = np.random.default_rng(seed)
    x = np.zeros(steps + 50)
    for t in range(2, len(x)):
        x[t] = 0.6 * x[t - 1] - 0.5 * x[t - 2] + spread * rng.normal()
    return 10 + x[50:, None]


def table(days=120, stations=1, seed=0):
    """A frame with two numbers, a class, and a known holiday; a row per day and station."""
    rng = np.random.default_rng(seed)
    frames = []
    for station in range(stations):
        y = autoregression(days, seed + station)[:, 0]
        frames.append(
            {
                "station": [f"s{station}"] * days,
                "date": pl.date_range(
                    pl.date(2020, 1, 1), pl.date(2020, 1, 1) + pl.duration(days=days - 1), eager=True
                ),
                "y": y,
                "z": y * 2 + rng.normal(size=days),
                "wet": y > 10,
                "holiday": (np.arange(days) % 7 == 0).astype(float),
            }
        )
    return pl.concat([pl.DataFrame(frame) for frame in frames])


@pytest.fixture(scope="module")
def daily():
    frame = table(stations=2)
    model = SequencePredictor(**QUICK)
    return frame, model.fit(frame, id="station", time="date", target=["y", "wet"], known="holiday")


@pytest.fixture(scope="module")
def learned():
    series = autoregression(1500)
    return series, SequencePredictor(hidden_size=16, tbptt="50,50", epochs=25).fit(series[:1200])


def test_it_learns_what_is_to_be_learned(learned):
    series, model = learned
    forecast = model.predict_steps(series)[1200:, 0]
    centred = series - 10
    best = 10 + 0.6 * centred[1199:-1, 0] - 0.5 * centred[1198:-2, 0]
    rmse = np.sqrt(np.mean((series[1200:, 0] - forecast) ** 2))
    limit = np.sqrt(np.mean((series[1200:, 0] - best) ** 2))
    assert rmse < 1.03 * limit  # the noise is all that is left
    assert model.score(series[1100:]) > 0.1


@pytest.mark.parametrize("emission", ["gaussian", "student"])
def test_intervals_cover_as_they_say(emission):
    series = autoregression(3000, seed=3, spread=2.0)
    model = SequencePredictor(hidden_size=8, tbptt="50,50", epochs=15, emission=emission).fit(series[:1000])
    values, ends = model.predict_steps(series, level=[50, 80, 95])
    assert values.shape == (3000, 1)
    assert ends.shape == (3000, 1, 3, 2)
    inside = (series >= ends[..., 0].squeeze(1)) & (series <= ends[..., 1].squeeze(1))
    # 2,000 forecasts: three standard errors of a share are at most 0.034; the fit itself may be off by as much.
    np.testing.assert_allclose(inside[1000:].mean(0), [0.5, 0.8, 0.95], atol=0.05)


def test_a_later_row_moves_no_earlier_forecast(daily):
    frame, model = daily
    changed = frame.with_columns(
        y=pl.when(pl.col("date") >= pl.date(2020, 3, 1)).then(1e4).otherwise("y"),
        wet=pl.when(pl.col("date") >= pl.date(2020, 3, 1)).then(~pl.col("wet")).otherwise("wet"),
    )
    before, after = model.predict_steps(frame, level=80), model.predict_steps(changed, level=80)
    early = pl.col("date") <= pl.date(2020, 3, 1)
    assert before.filter(early).equals(after.filter(early))
    assert not before.filter(~early)["y"].equals(after.filter(~early)["y"])


def test_later_rows_move_neither_scaling_nor_weights():
    series = autoregression(200)
    changed = series.copy()
    changed[160:] = 1e5
    one, other = (SequencePredictor(**QUICK, validation=0.2, patience=None).fit(each) for each in (series, changed))
    assert one._encoding == other._encoding
    assert one.history_.losses == other.history_.losses


def test_predict_is_the_next_row_of_predict_steps(daily):
    frame, model = daily
    until = frame.filter(pl.col("date") < pl.date(2020, 4, 1))
    ahead = frame.filter(pl.col("date") == pl.date(2020, 4, 1))
    got = model.predict(until, level=[80], known=ahead.select("station", "date", "holiday"))
    steps = model.predict_steps(frame, level=[80]).filter(pl.col("date") == pl.date(2020, 4, 1))
    assert got.columns == steps.columns
    assert got.columns == ["station", "date", "y", "y_lo_80", "y_hi_80", "wet", "wet_p_False", "wet_p_True"]
    assert_frame_equal(got, steps, rel_tol=1e-5)


def test_the_first_row_has_no_forecast_and_classes_add_up(daily):
    frame, model = daily
    steps = model.predict_steps(frame)
    assert len(steps) == len(frame)
    first = steps.filter(pl.col("date") == pl.date(2020, 1, 1))
    assert first.drop("station", "date").null_count().row(0) == (2, 2, 2, 2)
    rest = steps.filter(pl.col("date") > pl.date(2020, 1, 1))
    assert rest.null_count().sum_horizontal().item() == 0
    np.testing.assert_allclose(rest["wet_p_False"] + rest["wet_p_True"], 1, rtol=1e-6)
    assert (rest["wet"] == (rest["wet_p_True"] > 0.5)).all()


def test_rows_come_back_in_the_order_and_kind_they_came(daily):
    frame, model = daily
    mixed = frame.sort("date", "station")
    steps = model.predict_steps(mixed)
    assert steps.select("station", "date").equals(mixed.select("station", "date"))
    assert_frame_equal(steps.sort("station", "date"), model.predict_steps(frame), rel_tol=1e-6)
    pandas = model.predict_steps(frame.to_pandas())
    assert isinstance(pandas, pd.DataFrame)
    np.testing.assert_allclose(pandas["y"], model.predict_steps(frame)["y"].fill_null(np.nan), rtol=1e-6)
    assert isinstance(model.predict_steps(frame.to_arrow()), type(frame.to_arrow()))


def test_a_gap_is_filled_and_not_given_back():
    frame = table().drop("station", "holiday")
    holed = frame.filter(~pl.col("date").is_between(pl.date(2020, 2, 10), pl.date(2020, 2, 12)))
    with pytest.warns(Notice, match="3 of 120 times on the grid of step 1d are absent"):
        model = SequencePredictor(**QUICK).fit(holed, time="date", target="y")
    steps = model.predict_steps(holed)
    assert steps["date"].equals(holed["date"])
    null = frame.with_columns(
        pl.when(pl.col("date").is_between(pl.date(2020, 2, 10), pl.date(2020, 2, 12))).then(None).otherwise(c).alias(c)
        for c in ("y", "z", "wet")
    )
    with pytest.warns(Notice, match="Missing values"):
        filled = model.predict_steps(null).filter(pl.col("date").is_in(holed["date"].implode()))
    assert_frame_equal(steps, filled, rel_tol=1e-6)


@pytest.mark.parametrize("kind", ["mapping", "frame"])
def test_online_equals_predict_on_a_frame(daily, kind):
    frame, model = daily
    one = frame.filter(pl.col("station") == "s1")[:30]
    session = model.session()
    for place in range(len(one) - 1):
        row, known = one[place], one[place + 1].select("station", "date", "holiday")
        if kind == "mapping":
            row, known = row.row(0, named=True), known.row(0, named=True)
        got = model.predict_online(row, session, level=80, known=known)
    known = one[-1].select("station", "date", "holiday")
    expected = model.predict(one[:-1], level=80, known=known).row(0, named=True)
    got = got if kind == "mapping" else got.row(0, named=True)
    assert got.keys() == expected.keys()
    assert got["date"] == expected["date"]
    assert got["wet"] == expected["wet"]
    for name in ("y", "y_lo_80", "y_hi_80", "wet_p_True"):
        assert got[name] == pytest.approx(expected[name], rel=1e-4)
    assert session.rows == 29


@pytest.mark.parametrize("cell", ["lstm", "rnn", "perceptron"])
def test_online_equals_predict_on_arrays_of_differing_scale(cell):
    series = [scale * autoregression(60, seed) for seed, scale in enumerate((1.0, 50.0, 4000.0))]
    model = SequencePredictor(**QUICK, cell=cell, window_steps=3).fit(series)
    session = model.session()
    for row in series[1]:
        value, ends = model.predict_online(row, session, level=[80, 95])
    expected, expected_ends = model.predict(series[1], level=[80, 95])
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(ends, expected_ends, rtol=1e-5)
    assert ends.shape == (1, 2, 2)


def test_online_fills_the_rows_that_were_skipped():
    frame = table().drop("station", "holiday")
    model = SequencePredictor(**QUICK).fit(frame, time="date", target="y")
    session, taken = model.session(), [0, 1, 2, 6, 7]
    for place in taken:
        got = model.predict_online(frame[place].row(0, named=True), session)
    with pytest.warns(Notice, match="3 of 8 times"):
        expected = model.predict(frame[taken]).row(0, named=True)
    assert got["y"] == pytest.approx(expected["y"], rel=1e-5)
    assert session.rows == 8
    with pytest.raises(DataError, match="order of time: 2020-01-08 came after 2020-01-08"):
        model.predict_online(frame[7].row(0, named=True), session)
    with pytest.raises(ShapeError, match="one row of one series: 2 rows came"):
        model.predict_online(frame[8:10], session)


def test_one_array_and_a_list_of_it_are_the_same(learned):
    series, model = learned
    part = series[:300]
    assert model.predict(part).shape == (1,)
    assert model.predict([part, part[:50]]).shape == (2, 1)
    np.testing.assert_allclose(model.predict([part[:50], part])[1], model.predict(part), rtol=1e-5)
    steps = model.predict_steps([part, part[:1], part[:50]])
    assert [len(each) for each in steps] == [300, 1, 50]
    np.testing.assert_allclose(steps[2][1:], steps[0][1:50], rtol=1e-5)
    assert np.isnan(steps[1]).all()
    assert np.isnan(model.predict_steps(part[:1])).all()


def test_validation_data_that_follow_carry_the_state():
    frame = table().drop("station", "holiday")
    cut = pl.col("date") < pl.date(2020, 4, 6)  # 96 of 120 days
    arguments = {"time": "date", "target": "y"}
    follows = SequencePredictor(**QUICK, validation=frame.filter(~cut)).fit(frame.filter(cut), **arguments)
    share = SequencePredictor(**QUICK, validation=0.2).fit(frame, **arguments)
    assert [e.validation for e in follows.history_.epochs] == [e.validation for e in share.history_.epochs]
    assert follows.history_.losses == share.history_.losses
    arrays = frame.select("y", "z").to_numpy()
    fresh = SequencePredictor(**QUICK, validation=arrays[96:]).fit(arrays[:96], target=0)
    assert fresh.history_.epochs[0].validation != share.history_.epochs[0].validation
    none = SequencePredictor(**QUICK, validation=None).fit(frame, **arguments)
    assert none.best_epoch_ is None
    assert none.history_.epochs[0].validation is None


def test_the_same_seed_gives_the_same_model_and_leaves_torch_alone():
    series = autoregression(100)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one = SequencePredictor(**QUICK, seed=1).fit(series)
    assert torch.rand(1) == expected
    two, other = (SequencePredictor(**QUICK, seed=seed).fit(series) for seed in (1, 2))
    np.testing.assert_array_equal(one.predict_steps(series), two.predict_steps(series))
    assert not np.array_equal(one.predict_steps(series), other.predict_steps(series), equal_nan=True)


def test_scikit_learn_can_clone_search_and_cross_validate():
    series = [autoregression(60, seed) for seed in range(4)]
    model = SequencePredictor(**QUICK)
    assert clone(model).get_params() == model.get_params()
    scores = cross_val_score(model, series, cv=2)
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
    search = GridSearchCV(model, {"cell": ["lstm", "rnn"]}, cv=2).fit(series)
    assert search.best_params_["cell"] in ("lstm", "rnn")
    assert search.predict(series).shape == (4, 1)


def test_a_saved_model_is_the_same_model(daily, tmp_path):
    frame, model = daily
    path = tmp_path / "model.safetensors"
    model.save(path)
    again = load(path)
    assert_frame_equal(again.predict_steps(frame, level=[80]), model.predict_steps(frame, level=[80]))
    assert again.get_params() == model.get_params()
    for name in ("columns_", "targets_", "classes_", "schedule_", "best_epoch_", "parameters_count_", "seconds_"):
        assert getattr(again, name) == getattr(model, name)
    assert again.history_ is None
    assert tt.load is load


def test_a_run_folder_makes_training_resumable(tmp_path):
    series = autoregression(100)
    with RunFolder.create(tmp_path / "run", {}) as run:
        whole = SequencePredictor(**QUICK).fit(series, run=run)
    with RunFolder.open(tmp_path / "run") as run:
        again = SequencePredictor(**QUICK).fit(series, run=run)
    assert again.history_.losses == whole.history_.losses
    np.testing.assert_array_equal(again.predict_steps(series), whole.predict_steps(series))


def test_the_network_reads_what_network_input_says(daily):
    frame, model = daily
    x = model.network_input(frame)
    assert x.shape == (119, 2, model._encoding.input_size)
    output, _ = model.network_(x, None)
    location = output["numbers"].location.detach().numpy()[:, 0, 0]
    encoded = model._encoding.encode_whole(*(part[0] for part in _values_and_times(model, frame)))
    expected = model.predict_steps(frame).filter(pl.col("station") == "s0")["y"].to_numpy()[1:]
    np.testing.assert_allclose(encoded.base[:, 0] + encoded.unit[:, 0] * location, expected, rtol=1e-5)
    assert isinstance(model.network_.core.layer, tt.LSTM)
    assert len(model.input_names_) == x.shape[2]
    piece = model.network_piece(frame)
    assert piece.x.equal(x)
    target = piece.y["numbers"][:, 0, 0].numpy()
    came = model._reader.read(frame).values[0][1:, 0]
    np.testing.assert_allclose(encoded.base[:, 0] + encoded.unit[:, 0] * target, came, rtol=1e-5)


def _values_and_times(model, frame):
    read = model._reader.read(frame)
    return read.values, read.times


def test_the_schedule_is_printed_unless_progress_is_off(capsys):
    SequencePredictor(**{**QUICK, "tbptt": None}).fit(autoregression(600))
    assert capsys.readouterr().err == "479 steps, 1 series, TBPTT(23,23)\n"
    SequencePredictor(**QUICK, progress=False).fit(autoregression(50))
    assert capsys.readouterr().err == ""


# Each update multiplies the weights by 1 - 10 * 100.
DIVERGING = {"learning_rate": 10.0, "weight_decay": 100.0, "tbptt": "5,5"}


@pytest.fixture
def diverging(monkeypatch):
    """Trainings move the weights, then fail."""
    fit = fitting.fit

    def fail(network, *given, **named):
        fit(network, *given, **named)
        raise DivergedError("Training needs finite numbers.")

    monkeypatch.setattr(fitting, "fit", fail)


@pytest.mark.usefixtures("diverging")
def test_a_failed_fit_leaves_an_estimator_that_is_not_fitted():
    model = SequencePredictor(**QUICK)
    with pytest.raises(DivergedError):
        model.fit(autoregression(100))
    assert [name for name in vars(model) if name.endswith("_") or name.startswith("_")] == []
    with pytest.raises(NotFittedError):
        model.predict(autoregression(20))


def test_a_failed_fit_leaves_what_was_learned_before(request):
    series = autoregression(100)
    model = SequencePredictor(**QUICK).fit(series)
    before, fitted = model.predict_steps(series), dict(vars(model))
    request.getfixturevalue("diverging")
    with pytest.raises(DivergedError):
        model.fit(np.concatenate([series, series], axis=1))
    assert vars(model) == fitted
    np.testing.assert_array_equal(model.predict_steps(series), before)


def test_fitted_or_loaded_the_network_is_in_evaluation_mode(daily):
    assert not any(module.training for module in daily[1].network_.modules())


def test_a_search_over_numpy_ranges():
    series = [autoregression(60, seed) for seed in range(2)]
    ranges = {"hidden_size": np.arange(3, 5), "learning_rate": np.float32([0.01]), "validation": np.float32([0.25])}
    search = GridSearchCV(SequencePredictor(**QUICK), ranges, cv=2, error_score="raise").fit(series)
    assert search.best_estimator_.network_.core.layer.hidden_size in (3, 4)


def test_the_first_weights_leave_the_generators_of_other_devices_alone(monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    SequencePredictor(**QUICK).fit(autoregression(50))
    assert seeded == []


FRAME = table().drop("station")


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: SequencePredictor().predict(autoregression(5)), NotFittedError, "not fitted. Call fit"),
        (lambda: SequencePredictor(**QUICK).fit(autoregression(50), y=[1]), ConfigError, "Targets are columns"),
        (lambda: SequencePredictor(**QUICK).fit(["a"], ["b"], [1]), ConfigError, r"write PurchasePredictor\(\)\.fit"),
        (lambda: SequencePredictor(**QUICK).fit(autoregression(50), time="t"), ConfigError, "arrays have none"),
        (lambda: SequencePredictor(**QUICK).fit(autoregression(2)), DataError, "at least 2 rows to train on"),
        (
            lambda: SequencePredictor(**QUICK, validation=1.0).fit(autoregression(50)),
            ConfigError,
            "above 0 and below 1",
        ),
        (lambda: SequencePredictor(**QUICK).fit([]), DataError, "At least one series"),
        (lambda: SequencePredictor(**QUICK).fit(FRAME, time="day"), DataError, "'day'"),
        (lambda: SequencePredictor(**QUICK).fit(FRAME, time="date", target="wett"), DataError, "did you mean 'wet'"),
        (
            lambda: SequencePredictor(**QUICK).fit(FRAME.reverse(), time="date", target="y"),
            DataError,
            "order of time",
        ),
        (
            lambda: SequencePredictor(**QUICK).fit(pl.concat([FRAME, FRAME]), time="date", target="y"),
            DataError,
            "Each time comes once",
        ),
        (
            lambda: SequencePredictor(**QUICK).fit(FRAME.with_columns(y=np.inf), time="date", target="y"),
            DataError,
            "inf",
        ),
        (
            lambda: SequencePredictor(**QUICK, calendar=("year",)).fit(autoregression(50)),
            ConfigError,
            "Calendar features need dates",
        ),
        (
            lambda: SequencePredictor(**QUICK).fit(
                FRAME.with_columns(dry=pl.col("date") > pl.date(2020, 4, 20)), time="date", target=["y", "dry"]
            ),
            DataError,
            "at least 2 labels in the training part: 'dry' .False.",
        ),
        (
            lambda: SequencePredictor(**QUICK, validation=FRAME[100:].with_columns(y=None, wet=None)).fit(
                FRAME[:100], time="date", target=["y", "wet"]
            ),
            DataError,
            "Validation needs targets to score",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_bad_input_to_fit_is_one_clear_line(act, error, message):
    with pytest.raises(error, match=message) as caught:
        act()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda f, m: m.predict(f, level=[80]), DataError, "known ahead are needed.*holiday came without"),
        (lambda f, m: m.predict(f, level=0, known=f[:1]), ConfigError, "in percent, from 1 to below 100: 0 came"),
        (lambda f, m: m.predict(f, known=f[:1]), DataError, "one row for each series of the history: 1 rows of 1"),
        (
            lambda f, m: m.predict(f, known=f.filter(pl.col("date") == pl.date(2020, 4, 1))),
            DataError,
            "2020-04-30 in series 's0': 2020-04-01 came",
        ),
        (lambda f, m: m.predict_steps(np.zeros((5, 2))), DataError, "arrays came where a frame did"),
        (lambda f, m: m.predict_steps(f.drop("z")), DataError, "The model needs 'z'"),
        (lambda f, m: m.score(f, level=3), TypeError, "level"),
        (lambda f, m: m.save("/nowhere/at/all.safetensors"), OSError, "/nowhere"),
    ],
)
def test_bad_input_to_a_fitted_model_is_one_clear_line(daily, act, error, message):
    with pytest.raises(error, match=message) as caught:
        act(*daily)
    assert "\n" not in str(caught.value)


def test_arrays_know_their_shapes(learned):
    _, model = learned
    with pytest.raises(DataError, match="a frame came where arrays did"):
        model.predict(FRAME)
    with pytest.raises(ShapeError):
        model.predict(np.zeros((5, 3)))
    with pytest.raises(DataError, match="No column was fitted as known ahead"):
        model.predict(np.zeros((5, 1)), known=[1.0])
    with pytest.raises(ShapeError, match="one row"):
        model.predict_online(np.zeros(3), model.session())


def test_known_columns_of_arrays():
    rng = np.random.default_rng(0)
    switch = rng.integers(0, 2, 400).astype(float)
    series = np.stack([5 * switch + 0.1 * rng.normal(size=400), switch], axis=1)
    model = SequencePredictor(hidden_size=8, epochs=20, tbptt="20,20").fit(series, target=0, known=1)
    low, high = model.predict(series, known=[0.0])[0], model.predict(series, known=[1.0])[0]
    assert abs(low) < 0.5
    assert abs(high - 5) < 0.5
    with pytest.raises(ShapeError, match=r"`known` is \[series, known columns\]: \(1, 1\) wanted"):
        model.predict(series, known=[0.0, 1.0])
    with pytest.raises(DataError, match="'x1' is nan in row 1"):
        model.predict(series, known=[np.nan])


def test_a_class_alone_can_be_forecast():
    frame = pl.DataFrame({"kind": (["a", "b", "c"] * 60)})
    model = SequencePredictor(hidden_size=8, epochs=20, tbptt="20,20").fit(frame, target="kind")
    assert model.predict(frame)["kind"].to_list() == ["a"]
    assert model.score(frame) > 0.9
    assert model.classes_ == {"kind": ("a", "b", "c")}


def test_a_target_that_never_changes_has_no_skill(learned):
    with pytest.raises(DataError, match="no target ever changes"):
        learned[1].score(np.full((20, 1), 3.0))


def test_a_window_longer_than_the_training_part_is_refused():
    settings = {**QUICK, "cell": "perceptron", "validation": 0.2}
    SequencePredictor(**settings, window_steps=80).fit([autoregression(20), autoregression(100)])
    with pytest.raises(ConfigError, match="window_steps=81 came for at most 80 training rows a series. Choose a sh"):
        SequencePredictor(**settings, window_steps=81).fit([autoregression(20), autoregression(100)])
    SequencePredictor(**{**settings, "cell": "rnn"}, window_steps=81).fit(autoregression(20))


@pytest.mark.parametrize(
    "kind", [list, torch.as_tensor, pd.Series, pl.Series], ids=["list", "tensor", "pandas", "polars"]
)
def test_one_series_may_come_as_any_row_of_numbers(kind):
    series = autoregression(60)[:, 0]
    expected = SequencePredictor(**QUICK).fit(series)
    model = SequencePredictor(**QUICK).fit(kind(series))
    assert model.predict(kind(series)).shape == (1,)
    np.testing.assert_array_equal(model.predict(kind(series)), expected.predict(series))
    np.testing.assert_array_equal(model.predict_steps(kind(series)), expected.predict_steps(series))


def test_a_share_is_no_level(learned):
    series, model = learned
    with pytest.raises(ConfigError, match="A level is in percent, from 1 to below 100: 0.8 came. For 80 % pass 80."):
        model.predict(series, level=0.8)
