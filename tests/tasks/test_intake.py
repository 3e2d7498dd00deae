import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import ConfigError, DataError, Notice
from throughtime.tasks.intake import Reader, extend, read_row, split

FIRST = pl.date(2020, 1, 1)


def frame(days=10, ids=("a", "b"), first=FIRST):
    one = pl.select(
        day=first + pl.duration(days=pl.int_range(days)), y=pl.int_range(days) * 1.5, k=pl.int_range(days) % 3
    )
    return pl.concat([one.with_columns(id=pl.lit(name)) for name in ids])


@pytest.fixture
def read():
    return Reader.fit(frame(), "id", "day", "y", "k")


def test_a_share_is_the_end_of_every_series(read):
    reader, series = read
    train, stretches = split(frame(), series, reader, 0.3)
    assert train.lengths.tolist() == [7, 7]
    assert [(each.train_rows, each.score_from, len(each.values)) for each in stretches] == [(7, 7, 10)] * 2
    train, stretches = split(frame(), series, reader, None)
    assert [(each.train_rows, each.score_from, len(each.values)) for each in stretches] == [(10, 10, 10)] * 2


def test_later_rows_continue_and_new_ids_begin_afresh(read):
    reader, series = read
    later = frame(4, ids=("b", "c"), first=pl.date(2020, 1, 11))
    train, stretches = split(frame(), series, reader, later)
    assert train.lengths.tolist() == [10, 10]
    assert [(each.train_rows, each.score_from, len(each.values)) for each in stretches] == [
        (10, 10, 10),
        (10, 10, 14),
        (0, 1, 4),
    ]
    with pytest.raises(DataError, match="Each time comes once"):
        split(frame(), series, reader, frame(4))


def test_a_pause_before_the_validation_part_is_a_gap(read):
    reader, series = read
    with pytest.warns(Notice, match="1 of"):
        _, stretches = split(frame(), series, reader, frame(3, ids=("a",), first=pl.date(2020, 1, 12)))
    assert [(each.train_rows, each.score_from, len(each.values)) for each in stretches] == [(10, 10, 14), (10, 10, 10)]
    assert np.isnan(stretches[0].values[10]).all()


def test_arrays_to_validate_on_begin_afresh():
    arrays = [np.arange(8.0), np.arange(5.0) ** 2]
    reader, series = Reader.fit(arrays, None, None, None, None)
    _, stretches = split(arrays, series, reader, [np.arange(4.0)])
    assert [(each.train_rows, each.score_from) for each in stretches] == [(8, 8), (5, 5), (0, 1)]


def test_labels_are_those_of_the_training_part():
    table = pl.DataFrame({"kind": ["a", "b", "a", "b", "c"], "y": [1.0, 2, 3, 4, 5]})
    reader, series = Reader.fit(table, None, None, ["kind", "y"], None)
    with pytest.warns(Notice, match="kind: 1 cells hold labels not seen in training"):
        train, stretches = split(table, series, reader, 0.2)
    assert train.categories == {"kind": ("a", "b")}
    assert np.isnan(stretches[0].values[4, 0])
    assert reader.with_classes(train).arguments["categories"] == {"kind": ["a", "b"]}


def test_the_row_to_forecast_is_put_after_the_last(read):
    reader, series = read
    known = frame(1, first=pl.date(2020, 1, 11)).drop("y").reverse()  # rows of ids in any order
    longer = extend(series, known.with_columns(k=pl.Series([7, 8])), reader)
    assert longer.lengths.tolist() == [11, 11]
    assert [values[-1, 1] for values in longer.values] == [8, 7]
    assert all(np.isnan(values[-1, 0]) for values in longer.values)
    assert [str(times[-1]) for times in longer.times] == ["2020-01-11"] * 2
    assert [rows[-1] for rows in longer.source_rows] == [-1, -1]


def test_an_irregular_series_has_no_next_time_unless_it_is_given():
    days = pl.Series("day", ["2020-01-01", "2020-01-02", "2020-03-07", "2021-11-30"]).str.to_date()
    table = pl.DataFrame({"day": days, "y": [1.0, 3, 2, 5], "k": [0, 1, 2, 0]})
    with pytest.warns(Notice, match="No regular step"):
        reader, series = Reader.fit(table, None, "day", "y", None)
    assert np.isnat(extend(series, None, reader).times[0][-1])
    with pytest.warns(Notice, match="No regular step"):
        reader, series = Reader.fit(
            table.with_columns(y=pl.col("y") + 1, day=pl.col("day") + pl.duration(days=1)), None, "day", "y", "k"
        )
    ahead = pl.DataFrame({"day": ["2022-01-01"], "k": [1]}).with_columns(pl.col("day").str.to_date())
    assert str(extend(series, ahead, reader).times[0][-1]) == "2022-01-01"


def test_a_known_flag_keeps_its_meaning_in_one_row():
    table = frame(ids=("a",)).drop("id").with_columns(k=pl.col("k") == 0)
    reader, series = Reader.fit(table, None, "day", "y", "k")
    ahead = pl.DataFrame({"day": ["2020-01-11"], "k": [True]}).with_columns(pl.col("day").str.to_date())
    assert extend(series, ahead, reader).values[0][-1, series.places(["k"])[0]] == 1


@pytest.mark.parametrize(
    ("validation", "error", "message"),
    [
        (0.0, ConfigError, "above 0 and below 1"),
        (True, ConfigError, "above 0 and below 1"),
        (0.95, DataError, "at least 2 rows to train on.*2 of 2 have fewer, first 'a'"),
        (np.zeros((4, 2)), DataError, "."),
    ],
)
def test_validation_that_breaks_a_rule(read, validation, error, message):
    with pytest.raises(error, match=message):
        split(frame(), read[1], read[0], validation)


def test_a_row_of_a_mapping(read):
    row = read_row({"id": "a", "day": "2020-02-01", "y": 1.0, "k": 2}, read[0].with_classes(read[1]))
    assert row.values[0].tolist() == [[1.0, 2.0]]
    assert str(row.times[0][0]) == "2020-02-01"
