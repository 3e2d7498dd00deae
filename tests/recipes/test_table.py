"""Tables read well at a width and say the same in every form."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import date, datetime

import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.table import Column, Spread, Table


def weather_table() -> Table:
    columns = (
        Column("method"),
        *(Column(name, "RMSE", 2) for name in ("temp_max", "temp_min", "precipitation")),
        *(Column(name, "skill against persistence", 3) for name in ("temp_max", "temp_min", "precipitation")),
        Column("parameters"),
    )
    rows = (
        ("persistence", 2.907, 1.956, 8.331, 0.0, 0.0, 0.0, 0),
        ("LSTM", *(Spread.of([2.65, 2.66, 2.67]) for _ in range(3)), 0.088, float("nan"), None, 1234),
    )
    return Table("Seattle 2015", columns, rows, ("The LSTM beats ridge.",))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_wider_than_asked_and_every_row_is_in_every_block(width: int) -> None:
    text = weather_table().to_text(width)
    assert max(map(len, text.splitlines())) <= width
    blocks = text.split("\n\n")[1:-1]
    assert all("persistence" in block and "LSTM" in block for block in blocks)
    assert text.count("parameters") == 1


def test_a_wide_table_is_one_block_with_group_headings() -> None:
    title, block, notes = weather_table().to_text(200).split("\n\n")
    assert title == "Seattle 2015"
    assert notes == "The LSTM beats ridge."
    heading, names, rule, first, second = block.splitlines()
    assert heading.split() == ["RMSE", "skill", "against", "persistence"]
    assert names.split()[0] == "method"
    assert set(rule) == {"-", " "}
    assert first.split() == ["persistence", "2.91", "1.96", "8.33", "0.000", "0.000", "0.000", "0"]
    assert second.split() == ["LSTM", "2.66", "±0.01", "2.66", "±0.01", "2.66", "±0.01", "0.088", "-", "-", "1,234"]


def test_groups_stay_whole_where_they_fit() -> None:
    blocks = weather_table().to_text(62).split("\n\n")[1:-1]
    assert [block.splitlines()[0].strip() for block in blocks][:2] == ["RMSE", "skill against persistence"]


def test_a_heading_is_never_cut_where_its_group_is_whole() -> None:
    columns = (Column("target"), Column("80 %", "inside interval"), Column("95 %", "inside interval"))
    assert "inside interval" in Table("", columns, (("a", 0.8, 0.9),)).to_text().splitlines()[0]


def test_a_row_with_nothing_in_a_block_is_left_out_of_it() -> None:
    columns = (Column("target"), Column("RMSE"), Column("a longer name of a score", "class"))
    first, second = Table("", columns, (("wind", 1.5, None), ("wet", None, 0.2))).to_text(30).split("\n\n")
    assert [line.split()[0] for line in first.splitlines()[2:]] == ["wind"]
    assert [line.split()[0] for line in second.splitlines()[3:]] == ["wet"]


def test_three_figures_fit_errors_of_any_size() -> None:
    rows = tuple(
        (name, size) for name, size in (("a", 33.123), ("b", 0.0033123), ("c", 1234.5), ("d", 0.0), ("e", -0.5))
    )
    text = Table("", (Column("x"), Column("y", digits=None)), rows).to_text()
    assert [line.split()[1] for line in text.splitlines()[2:]] == ["33.1", "0.00331", "1,234", "0.00", "-0.500"]


def test_huge_and_tiny_numbers_are_written_by_their_power_of_ten() -> None:
    values = (999_999_999.0, 1e9, -1.6249e30, 4.2e-9, float("-inf"), 1e-6)
    text = Table("", (Column("y", digits=None),), tuple((value,) for value in values)).to_text()
    assert text.split()[2:] == ["999,999,999", "1.00e9", "-1.62e30", "4.20e-9", "-inf", "0.00000100"]
    rows = ((Spread(2e30, 1e29, 3),), (Spread(2e30, 0.0, 3),), (Spread(float("nan"), 1.0, 3),), (1e-9,))
    text = Table("", (Column("y", digits=1),), rows).to_text()
    assert text.splitlines()[2:] == ["2.00e30 ±1.00e29", "2.00e30 ±0.0", "-", "0.0"]


def test_json_nests_groups_and_has_no_nan() -> None:
    body = json.loads(weather_table().to_json())
    assert body["rows"][0]["RMSE"] == {"temp_max": 2.907, "temp_min": 1.956, "precipitation": 8.331}
    spread = body["rows"][1]["RMSE"]["temp_max"]
    assert spread["mean"] == pytest.approx(2.66)
    assert spread["deviation"] == pytest.approx(0.01)
    assert spread["runs"] == 3
    assert body["rows"][1]["skill against persistence"] == {"temp_max": 0.088, "temp_min": None, "precipitation": None}
    assert body["notes"] == ["The LSTM beats ridge."]


def test_csv_has_one_field_under_each_head() -> None:
    rows = list(csv.reader(io.StringIO(weather_table().to_csv())))
    assert {len(row) for row in rows} == {11}
    assert rows[0][:3] == ["method", "RMSE.temp_max", "RMSE.temp_max.deviation"]
    assert rows[1][:3] == ["persistence", "2.907", ""]


def test_moments_are_written_plainly() -> None:
    rows = ((datetime(2015, 1, 2), date(2015, 1, 3), True), (datetime(2015, 1, 2, 5), date(2015, 1, 4), False))
    text = Table("", (Column("time"), Column("day"), Column("wet")), rows).to_text()
    assert "2015-01-02 " in text
    assert "2015-01-02 05:00:00" in text
    assert text.splitlines()[-1].split()[-1] == "no"


def test_spread_is_the_sample_deviation() -> None:
    assert Spread.of([1.0, 3.0]) == Spread(2.0, math.sqrt(2.0), 2)
    assert Spread.of([5.0]) == Spread(5.0, 0.0, 1)
    assert math.isnan(Spread.of([1.0, float("nan")]).mean)


@pytest.mark.parametrize("ending", ["json", "csv", "txt", "md"])
def test_a_table_is_saved_as_its_ending_says(tmp_path, ending: str) -> None:
    path = tmp_path / f"scores.{ending}"
    weather_table().save(path)
    text = path.read_text(encoding="utf-8")
    expected = {"json": "to_json", "csv": "to_csv", "txt": "to_text", "md": "to_markdown"}[ending]
    assert text.strip() == getattr(weather_table(), expected)().strip()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_another_ending_is_refused_and_nothing_written(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"written as \.json, \.csv, \.txt, \.md; the file is named 'scores.xlsx'"):
        weather_table().save(tmp_path / "scores.xlsx")
    assert not list(tmp_path.iterdir())


def test_column_by_key() -> None:
    assert weather_table().column("RMSE.temp_max")[0] == 2.907
    with pytest.raises(KeyError, match="has no column 'RMSE'"):
        weather_table().column("RMSE")


def test_words_stand_at_the_left():
    table = Table("", (Column("what"), Column("found", words=True), Column("n")), (("a", "x", 10), ("b", "xyz", 2)))
    assert table.to_text() == "what  found   n\n----  -----  --\na     x      10\nb     xyz     2"
