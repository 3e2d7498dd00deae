"""How series are cut: origins, parts, scales, and what is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.recipes.ahead.made import COLUMNS, TINY, changed, problem, settings, table
from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.ahead.problem import load_problem, other_problem
from throughtime.recipes.ahead.settings import Ahead, Settings
from throughtime.recipes.forecasting.settings import Columns

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


def test_parts_are_counted_from_each_series_own_end():
    frame = pl.concat([table(2), table(3).filter((pl.col("shop") == "s2") & (pl.col("day") < pl.date(2024, 3, 1)))])
    made = problem(frame)
    assert made.plan.reach == 14
    assert made.stops() == ([62, 62, 32], [76, 76, 46])
    assert made.origins() == [(0, 76), (1, 76), (2, 46), (0, 83), (1, 83), (2, 53)]
    np.testing.assert_array_equal(made.outcomes()[3], made.truth[0][83:90])


def test_what_comes_later_moves_no_part_scale_or_feature():
    frame = table()
    later = changed(frame, pl.col("day") >= pl.date(2024, 3, 17), sales=999.0, offer=5)
    first, second = problem(frame), problem(later)
    assert first.stops() == second.stops()
    np.testing.assert_array_equal(first.scales(), second.scales())
    for one, other in zip(first.tracks, second.tracks, strict=True):
        np.testing.assert_array_equal(one.known[:76], other.known[:76])


def test_scales_are_the_mean_change_over_a_season_before_the_test():
    made = problem()
    for scale, values in zip(made.scales(), made.truth, strict=True):
        before = values[:76]
        assert scale == pytest.approx(np.abs(before[7:] - before[:-7]).mean())


def test_season_horizon_and_origins_are_guessed_and_said():
    made, chosen = load_problem(table(), "shops", Settings(COLUMNS, Ahead(), TINY))
    assert chosen.ahead == Ahead(horizon=7, season=7, origins=2, stride=7)
    assert [note.split(":")[0] for note in made.notes] == ["season", "horizon", "split", "Few forecasts"]
    again, same = load_problem(table(), "shops", chosen)
    assert same == chosen
    assert again.stops() == made.stops()


def test_several_targets_are_tracks_of_their_own():
    frame = table().with_columns((pl.col("sales") * 2).alias("visits"))
    chosen = Settings(Columns(time=("day",), id="shop", target=("sales", "visits")), settings().ahead, TINY)
    made = problem(frame, chosen)
    assert made.names[:2] == ["s0, sales", "s0, visits"]
    np.testing.assert_allclose(made.outcomes()[1], 2 * made.outcomes()[0])


def test_gaps_are_filled_for_reading_and_never_scored():
    frame = changed(table(), pl.col("day") == pl.date(2024, 3, 20), sales=None)
    made = problem(frame)
    assert np.isnan(made.outcomes()[0]).sum() == 1
    assert np.isfinite(made.tracks[0].values).all()
    assert made.tracks[0].values[79] == made.tracks[0].values[78]


def test_a_horizon_longer_than_the_history_is_refused_with_what_is_needed():
    with pytest.raises(
        DataError, match=r"horizon=40 with origins=1 needs 121 steps, and the longest of 3 series has 90"
    ):
        problem(chosen=settings(horizon=40, origins=1))


def test_short_series_are_left_out_and_told():
    frame = pl.concat([table(2), table(3).filter((pl.col("shop") == "s2") & (pl.col("day") < pl.date(2024, 1, 20)))])
    made = problem(frame)
    assert made.series.ids == ("s0", "s1")
    assert any(note.startswith("Left out: 1 of 3 series with fewer than 36 steps, 's2'") for note in made.notes)


def test_constant_series_stay_and_have_no_scale():
    frame = changed(table(), pl.col("shop") == "s1", sales=4.0)
    made = problem(frame)
    assert np.isnan(made.scales()).tolist() == [False, True, False]
    assert any(note.startswith("Constant: 1 of 3 series") for note in made.notes)


def test_a_table_of_constants_is_refused():
    with pytest.raises(DataError, match="all 3 in shops are constant before validation"):
        problem(table().with_columns(pl.lit(4.0).alias("sales")))


def test_times_without_a_step_are_rows():
    odd = table().filter(pl.col("day").dt.day().is_in([1, 2, 3, 5, 8, 13, 17, 21, 29]).not_())
    odd = odd.with_columns(pl.col("day") + pl.duration(days=pl.col("day").dt.day() ** 2 * 7))
    odd = odd.sort("shop", "day", maintain_order=True).unique(["shop", "day"], keep="first", maintain_order=True)
    made, chosen = load_problem(odd, "odd", settings(origins=1))
    assert chosen.columns.time == ("row",)
    assert chosen.columns.ignore == ("day",)
    assert made.series.times[0][:3].tolist() == [0, 1, 2]
    assert any(note.startswith("time: day has no regular step") for note in made.notes)
    again = other_problem(odd, "odd", chosen, made.series.arguments(), True)
    assert again.series.lengths.tolist() == made.series.lengths.tolist()


def test_a_calendar_that_is_none_is_refused():
    chosen = settings()
    wrong = Settings(Columns(**{**vars(chosen.columns), "calendar": ("month",)}), chosen.ahead, TINY)
    with pytest.raises(ConfigError, match="month"):
        problem(chosen=wrong)


def test_labels_known_ahead_become_indicators():
    frame = table().with_columns(
        pl.when(pl.col("offer") > 0).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("offer")
    )
    numbers, labels = problem(), problem(frame)
    assert labels.tracks[0].known.shape[1] == numbers.tracks[0].known.shape[1] + 1


def test_other_data_are_history_and_test_alone():
    made, chosen = load_problem(table(), "shops", settings())
    other = other_problem(table(days=40), "more", chosen, made.series.arguments(), True)
    assert other.stops() == ([0, 0, 0], [26, 26, 26])
    with pytest.raises(DataError, match="needs 16 steps"):
        other_problem(table(days=12), "more", chosen, made.series.arguments(), True)
    assert len(other_problem(table(days=12), "more", chosen, made.series.arguments(), False).series) == 3


def test_few_forecasts_are_told():
    assert any(note.startswith("Few forecasts: 6 are tested") for note in problem().notes)


def test_a_season_is_shorter_than_what_trains():
    with pytest.raises(DataError, match="season=1,000 came with 62 steps at most"):
        problem(table(), settings(season=1000))


def test_one_origin_is_not_advised_where_there_is_one():
    with pytest.raises(DataError, match="Take a smaller horizon=, or give longer series"):
        problem(table(), settings(horizon=40, origins=1))
