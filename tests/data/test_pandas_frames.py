"""pandas frames are read and given back column by column, and pyarrow is not needed for it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

from throughtime.base.errors import DataError
from throughtime.data.pandas_frames import from_pandas, to_pandas
from throughtime.data.tables import read_table

DAYS = pd.date_range("2020-01-01", periods=3)
DATES = [dt.date(2020, 1, day) for day in (1, 2, 3)]
TIMES = [dt.datetime(2020, 1, day) for day in (1, 2, 3)]


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (DAYS, pl.Datetime, TIMES),
        (DAYS.astype("datetime64[s]"), pl.Datetime("ms"), TIMES),
        (DAYS.astype("datetime64[ns]"), pl.Datetime("ns"), TIMES),
        (pd.Series([*DAYS[:2], None]), pl.Datetime, [*TIMES[:2], None]),
        (pd.Series(DATES, dtype=object), pl.Date, DATES),
        (pd.Series(["a", None, "c"]), pl.String, ["a", None, "c"]),
        (pd.Series(["a", float("nan"), "c"], dtype=object), pl.String, ["a", None, "c"]),
        (pd.Series([1.5, np.nan, 2.0]), pl.Float64, [1.5, None, 2.0]),
        (pd.Series([1, 2, 3], dtype="int16"), pl.Int16, [1, 2, 3]),
        (pd.array([1, None, 3], dtype="Int64"), pl.Int64, [1, None, 3]),
        (pd.Series([True, False, True]), pl.Boolean, [True, False, True]),
        (pd.array([True, None, False], dtype="boolean"), pl.Boolean, [True, None, False]),
        (pd.Categorical(["u", None, "u"]), pl.Categorical, ["u", None, "u"]),
        (pd.Categorical([1, 2, 1]), pl.Int64, [1, 2, 1]),
        (pd.to_timedelta([1, 2, 3], unit="h"), pl.Duration, [dt.timedelta(hours=hours) for hours in (1, 2, 3)]),
    ],
)
def test_every_kind_of_column_is_read(cells, kind, values):
    column = from_pandas(pd.DataFrame({"x": cells}))["x"]
    assert column.dtype == kind
    assert column.to_list() == values


def test_zones_are_kept_and_an_offset_without_a_name_becomes_utc():
    for zone, kept in (("Europe/Berlin", "Europe/Berlin"), ("UTC", "UTC"), ("+01:00", "UTC")):
        times = pd.date_range("2020-06-01 12:00", periods=2, tz=zone)
        column = from_pandas(pd.DataFrame({"t": times}))["t"]
        assert column.dtype.time_zone == kept
        assert column.dt.timestamp("ms").to_list() == [int(time.timestamp() * 1000) for time in times]


EVERY_KIND = pl.DataFrame(
    {
        "day": pl.Series(DATES),
        "time": pl.Series([*TIMES[:2], None], dtype=pl.Datetime("us")),
        "zoned": pl.Series(TIMES).dt.replace_time_zone("Europe/Berlin"),
        "text": ["a", None, "c"],
        "number": [1.5, None, 2.0],
        "count": [1, 2, 3],
        "gappy count": [1, None, 3],
        "flag": [True, False, True],
        "gappy flag": [True, None, False],
        "label": pl.Series(["u", None, "u"], dtype=pl.Categorical),
        "span": pl.Series([dt.timedelta(hours=1), None, dt.timedelta(hours=3)]),
    }
)


def test_what_is_given_back_is_what_polars_and_pyarrow_give():
    # Of the labels pyarrow makes text categories too; only how they are stored differs.
    pd.testing.assert_frame_equal(
        to_pandas(EVERY_KIND).drop(columns=["day"]),
        EVERY_KIND.drop("day").to_pandas(),
        check_categorical=False,
    )
    pd.testing.assert_series_equal(to_pandas(EVERY_KIND)["day"], EVERY_KIND.to_pandas()["day"], check_dtype=False)


def test_there_and_back():
    again = from_pandas(to_pandas(EVERY_KIND))
    changed = {"day": pl.Datetime("ms"), "gappy count": pl.Float64}  # pandas has neither dates nor gaps in integers
    assert again.equals(EVERY_KIND.cast(changed))


def test_a_frame_without_rows_keeps_its_columns():
    assert list(to_pandas(EVERY_KIND[:0]).columns) == EVERY_KIND.columns


def test_two_kinds_in_a_column_name_it():
    for cells in ([1, "x"], pd.period_range("2020-01", periods=2, freq="M")):
        with pytest.raises(DataError, match="one kind of value per column: column 'mixed' of .*Rename or convert"):
            read_table(pd.DataFrame({"mixed": cells}))


ALONE = """
import sys, warnings
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pyarrow":
            raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow")
sys.meta_path.insert(0, Absent())
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
import throughtime as tt
rows = 40
frame = pd.DataFrame({
    "date": pd.date_range("2020-01-01", periods=rows, tz="Europe/Berlin"),
    "level": np.sin(np.arange(rows)),
    "gappy": np.where(np.arange(rows) % 7 == 0, np.nan, np.arange(rows) % 5),
    "count": pd.array([None if t == 3 else t % 4 for t in range(rows)], dtype="Int64"),
    "sky": [None if t == 5 else ("sun", "rain")[t % 3 == 0] for t in range(rows)],
    "wet": [t % 3 == 0 for t in range(rows)],
})
predictor = tt.SequencePredictor(epochs=1, hidden_size=2, progress=False)
predictor.fit(frame, time="date", target=["level", "gappy", "count", "sky", "wet"])
steps = predictor.predict_steps(frame)
ahead = predictor.predict(frame, level=[80])
assert type(steps) is type(ahead) is pd.DataFrame, type(ahead)
assert list(steps["date"]) == list(frame["date"])
assert str(ahead["date"][0]) == "2020-02-10 00:00:00+01:00", ahead["date"][0]
assert ahead["sky"][0] in ("sun", "rain") and ahead["wet"][0] in (True, False)
assert np.isfinite(ahead["level_lo_80"][0])
assert "pyarrow" not in sys.modules
print("done")
"""


def test_a_forecast_from_pandas_to_pandas_needs_no_pyarrow():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr
