"""A table becomes a problem: guesses are said, roles and parts settled, and the test part touches nothing before it."""

from __future__ import annotations

import warnings
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import ConfigError, DataError, Notice
from throughtime.recipes.forecasting.problem import load_problem, prepared, with_wet
from throughtime.recipes.forecasting.settings import Columns, Settings, Split
from throughtime.recipes.forecasting.weather import load, sample
from throughtime.recipes.settings import parse
from throughtime.tasks.baselines import TEST, TRAIN, VALIDATION
from throughtime.tasks.calendar import calendar_features, choose_periods


def days(rows: int = 100, **columns: object) -> pl.DataFrame:
    start = date(2020, 1, 1)
    draw = np.random.default_rng(0)
    body = {"when": [start + timedelta(days=t) for t in range(rows)], "level": draw.normal(size=rows), **columns}
    return pl.DataFrame(body)


def problem_of(table: pl.DataFrame, **settings: str):
    """The problem, with every notice heard."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        problem, resolved = load_problem(table, "a table", parse(settings, Settings()))
    assert all(issubclass(entry.category, Notice) for entry in caught)
    return problem, resolved, [str(entry.message) for entry in caught]


def test_the_sample_is_what_its_source_says() -> None:
    table = sample()
    assert table.columns == ["date", "precipitation", "temp_max", "temp_min", "wind"]
    assert table.height == 1461
    assert (table["date"][0], table["date"][-1]) == (date(2012, 1, 1), date(2015, 12, 31))
    assert table["date"].dtype == pl.Date
    assert table.null_count().row(0) == (0, 0, 0, 0, 0)
    assert round(table["temp_max"].mean(), 4) == 16.4391


def test_the_samples_problem_has_the_promised_split_and_targets() -> None:
    case = load(None, {})  # no notice: nothing is guessed
    problem, resolved = case.problem, case.chosen
    assert problem.numeric == ("temp_max", "temp_min", "precipitation", "wind")
    assert problem.classes == {"wet": (False, True)}
    assert [part.lengths.tolist() for part in problem.parts] == [[731], [365], [365]]
    assert str(problem.parts[TEST].times[0][0]) == "2015-01-01"
    assert problem.notes == ()
    assert resolved.columns.calendar == ("year",)
    wet = problem.class_labels()[0][:, 0]
    np.testing.assert_array_equal(wet, (sample()["precipitation"] > 0).to_numpy())


def test_guesses_are_made_and_each_is_said_in_one_line() -> None:
    problem, resolved, said = problem_of(days(note=["a", "b"] * 50))
    assert resolved.columns.time == ("when",)
    assert resolved.columns.target == ("level",)
    assert resolved.split == Split("0.6", "0.2")
    assert [part.lengths.tolist() for part in problem.parts] == [[60], [20], [20]]
    assert len(problem.notes) == 3
    for start in (
        "time: when, the first date-like column",
        "target: every numeric column, level",
        "split: the first 60 %",
    ):
        assert any(line.startswith(start) for line in said)
    assert any("'note'" in line for line in said)  # text is left out, and that is said
    assert not any("\n" in line for line in said)


def test_what_is_said_is_not_guessed() -> None:
    _, resolved, said = problem_of(
        days(other=np.arange(100.0) ** 0.5), time="when", target="other", train="0.5", validation="0.25"
    )
    assert resolved.columns.target == ("other",)
    assert said == []


def test_resolved_settings_give_the_same_problem_without_a_guess() -> None:
    table = days()
    problem, resolved, _ = problem_of(table)
    again, same, said = problem_of(table, **resolved.to_flat())
    assert said == []
    assert same == resolved
    np.testing.assert_array_equal(problem.series.values[0], again.series.values[0])
    assert [part.lengths.tolist() for part in problem.parts] == [part.lengths.tolist() for part in again.parts]


def test_time_may_be_spread_over_columns() -> None:
    start = datetime(2020, 1, 1)
    times = [start + timedelta(hours=t) for t in range(72)]
    parts = {name: [getattr(t, name) for t in times] for name in ("year", "month", "day", "hour")}
    table = pl.DataFrame({**parts, "pm": np.random.default_rng(0).normal(size=72)})
    problem, resolved, _ = problem_of(table)
    assert resolved.columns.time == ("year", "month", "day", "hour")
    assert problem.series.columns == ("pm",)
    assert problem.series.step == "1h"
    assert problem.notes[0] == "time: the columns year, month, day and hour together; time= names others."


def test_a_table_without_times_counts_its_rows() -> None:
    table = pl.DataFrame({"who": ["a", "b"] * 30, "x": np.random.default_rng(0).normal(size=60)})
    problem, resolved, said = problem_of(table, id="who")
    assert resolved.columns.time == ("row",)
    assert any("rows count as consecutive steps" in line for line in said)
    assert problem.series.lengths.tolist() == [30, 30]  # no gap between a series' rows, interleaved though they are
    assert problem.series.times[1].tolist() == list(range(30))
    assert prepared(table, resolved.columns).columns == ["who", "x", "row"]


def test_split_by_time_may_start_late() -> None:
    split = {"train": "2020-01-11", "validation": "2020-03-01", "test": "2020-03-21"}
    # `fog` only comes before the training part, `snow` only after it.
    table = days(sky=["fog"] * 10 + ["sun", "rain"] * 40 + ["snow"] * 10)
    problem, _, said = problem_of(table, target="level,sky", **split)
    assert [part.lengths.tolist() for part in problem.parts] == [[50], [20], [20]]
    assert problem.series.lengths.tolist() == [90]
    assert np.bincount(problem.part[0]).tolist() == [50, 20, 20]
    np.testing.assert_array_equal(problem.parts[TRAIN].values[0], problem.series.values[0][:50])
    assert problem.classes == {"sky": ("rain", "sun")}
    assert all(part.categories == {"sky": ("rain", "sun")} for part in problem.parts)
    assert not any("fog" in line for line in said)
    np.testing.assert_array_equal(problem.class_labels()[0][-12:, 0], [1, 0, *[-1] * 10])


def test_labels_before_the_training_part_decide_nothing() -> None:
    split = {"train": "2020-01-11", "validation": "2020-03-01", "test": "2020-03-21"}
    skies = ["sun", "rain", "snow", "hail"] * 20
    early, late = (days(sky=[*first, *skies, *skies[:10]]) for first in (["sun"] * 10, ["fog", "sun"] * 5))
    one, two = (problem_of(table, target="sky", **split)[0] for table in (early, late))
    assert one.classes == two.classes == {"sky": ("hail", "rain", "snow", "sun")}
    np.testing.assert_array_equal(one.class_labels(), two.class_labels())


@pytest.mark.parametrize("train", ["2020-01-01", "2019-01-01"])
def test_training_may_start_where_the_table_does(train: str) -> None:
    problem, _, _ = problem_of(days(), train=train, validation="2020-03-01", test="2020-03-21")
    assert [part.lengths.tolist() for part in problem.parts] == [[60], [20], [20]]


def test_several_series_are_each_cut() -> None:
    tables = [days(rows).with_columns(pl.lit(name).alias("site")) for name, rows in (("north", 100), ("south", 50))]
    problem, _, _ = problem_of(pl.concat(tables), id="site", target="level")
    assert [part.lengths.tolist() for part in problem.parts] == [[60, 30], [20, 10], [20, 10]]
    assert [np.bincount(part).tolist() for part in problem.part] == [[60, 20, 20], [30, 10, 10]]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"train": "0.6", "validation": "2020-03-01"}, ConfigError, "by share or by time, not both"),
        ({"train": "2"}, ConfigError, "lies above 0 and below 1: train=2 came"),
        ({"train": "0.6", "validation": "nan"}, ConfigError, "lies above 0 and below 1: validation=nan came"),
        ({"train": "1.0", "validation": "0"}, ConfigError, "below 1: train=1.0 validation=0 came"),
        ({"validation": "2020-13-45", "test": "2021-01-01"}, DataError, "'2020-13-45' is impossible"),
        (
            {"validation": "2020-03-01"},
            ConfigError,
            "names the first times of validation and test part: validation=2020-03-01",
        ),
        ({"train": "0.6"}, ConfigError, "names train= and validation="),
        ({"train": "0.6", "validation": "0.4"}, ConfigError, "with a rest above 0"),
        ({"train": "0.6", "validation": "0.2", "test": "0.1"}, ConfigError, "with a rest above 0"),
        ({"validation": "2020-03-01", "test": "2020-02-01"}, DataError, "Boundaries must ascend"),
        ({"validation": "2021-03-01", "test": "2021-04-01"}, DataError, "Each part needs steps"),
        ({"train": "2020-03-01", "validation": "2020-02-01", "test": "2020-03-21"}, DataError, "must ascend"),
        ({"train": "2021-01-01", "validation": "2021-03-01", "test": "2021-04-01"}, DataError, "part needs steps"),
        ({"time": "row", "train": "a", "validation": "2021-03-01", "test": "2021-04-01"}, DataError, "be a number"),
        ({"validation": "spring", "test": "summer"}, DataError, "must be a date"),
        ({"target": "levle"}, DataError, "did you mean 'level'"),
        ({"time": "whne"}, DataError, "did you mean 'when'"),
        ({"ignore": "levle"}, DataError, "did you mean 'level'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(settings: dict[str, str], error: type, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        problem_of(days(), **settings)
    assert "\n" not in str(caught.value)


def test_a_class_with_one_label_in_training_is_refused() -> None:
    table = days(kind=["dry"] * 70 + ["wet"] * 30)
    with pytest.raises(DataError, match="two classes in the training part: 'kind' has dry"):
        problem_of(table, target="kind")


def test_what_to_leave_out_can_be_left_out() -> None:
    table = days(flat=[1.0] * 100)
    with pytest.raises(DataError, match="'flat' is 1 in every row in the training part. .*--set ignore=flat, or move"):
        problem_of(table)
    problem, _, _ = problem_of(table, ignore="flat")
    assert problem.series.columns == ("level",)


def test_a_value_that_nothing_came_before_scores_no_test_part() -> None:
    tables = [days().with_columns(site=pl.lit("a")), days().with_columns(site=pl.lit("b"))]
    other = [*range(80), *[None] * 20, *[None] * 90, *range(10)]  # in "b" from the middle of the test part on
    table = pl.concat(tables).with_columns(pl.Series("other", other))
    problem_of(table, id="site")
    late = table.with_columns(pl.Series("other", [*range(80), *[None] * 20, *[None] * 99, 1]))
    with pytest.raises(DataError, match="'other' has none in the test part"):
        problem_of(late, id="site")


def test_wet_comes_from_precipitation_unless_it_is_there() -> None:
    table = pl.DataFrame({"precipitation": [0.0, 0.1, None, float("nan")]})
    assert with_wet(table)["wet"].to_list() == [False, True, None, None]
    own = table.with_columns(pl.Series("wet", [1, 2, 3, 4]))
    assert with_wet(own)["wet"].to_list() == [1, 2, 3, 4]


def test_the_test_part_moves_no_scaling_and_no_feature_before_it() -> None:
    table = sample()
    changed = table.with_columns(
        pl.when(pl.col("date") >= date(2015, 1, 1)).then(99.0).otherwise(pl.col(name)).alias(name)
        for name in table.columns[1:]
    )
    settings = Settings(Columns(time=("date",)), Split(validation="2014-01-01", test="2015-01-01"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        one, _ = load_problem(table, "", settings)
        two, _ = load_problem(changed, "", settings)
    assert one.scaling.transforms == two.scaling.transforms
    np.testing.assert_array_equal([one.scaling.mean, one.scaling.sd], [two.scaling.mean, two.scaling.sd])
    (first,), (second,) = one.steps(), two.steps()
    before = first.part != TEST
    assert not np.array_equal(first.numeric[~before], second.numeric[~before])
    for name in ("numeric", "labels", "inputs", "known", "phase"):
        np.testing.assert_array_equal(getattr(first, name)[before], getattr(second, name)[before])


def test_lag_methods_know_the_estimators_calendar() -> None:
    problem, _, _ = problem_of(days(700, lead=np.random.default_rng(1).normal(size=700)), known="lead", target="level")
    (steps,) = problem.steps()
    place = problem.series.places(["lead"])[0]
    np.testing.assert_array_equal(
        steps.known[:, :-1],
        calendar_features(problem.series.times[0], choose_periods(problem.parts[TRAIN].times, "auto")),
    )
    assert steps.known.shape == (700, 4 + 2 + 1)  # two harmonics of the year, one of the week, and what is known
    np.testing.assert_array_equal(steps.known[:, -1], steps.inputs[:, place])
    (undated,) = problem_of(days(100).drop("when"))[0].steps()
    assert undated.known.shape == (100, 0)


def test_scaling_is_that_of_the_training_part() -> None:
    problem = load(None, {}).problem
    (steps,) = problem.steps()
    place = problem.series.places(["temp_max"])[0]
    train = steps.inputs[steps.part == TRAIN, place]
    np.testing.assert_allclose([train.mean(), train.std()], [0.0, 1.0], atol=1e-12)
    held = steps.inputs[steps.part == VALIDATION, place]
    assert abs(held.mean()) > 1e-3
