"""From a stream to a run, its flags and the rows that come later; bad tables say what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from joblib import parallel_config

from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError, FileMissingError, Interrupted
from throughtime.base.run_folder import RunFolder
from throughtime.recipes.catalogue import RECIPES
from throughtime.recipes.recipe import Recipe
from throughtime.recipes.streams import case as case_module
from throughtime.recipes.streams import load_stream, made_up_stream, read_other_stream
from throughtime.recipes.streams.case import schedule_of
from throughtime.recipes.streams.watching import Watched
from throughtime.train.ranks import Ranks

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
QUICK = {"warm_up_rows": "100", "epochs": "1", "hidden_size": "4"}


@pytest.fixture(scope="module")
def whole() -> pl.DataFrame:
    return made_up_stream(900)


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(RECIPES, "watch", Recipe("watch", "streams", "n,n", load_stream, read_other_stream))
    return "watch"


def test_a_run_goes_on_as_if_it_had_never_stopped(tmp_path: Path, whole: pl.DataFrame, recipe: str) -> None:
    first, later = tmp_path / "first.csv", tmp_path / "later.csv"
    whole[:600].write_csv(first)
    whole[580:].write_csv(later)
    trained = recipes.train(recipe, data=first, out=tmp_path / "run", settings=QUICK, progress=False)
    assert trained is not None
    assert trained.table.column("method") == ["LSTM", "windowed Gaussian", "last value"]
    assert recipes.evaluate(tmp_path / "run").rows == trained.table.rows
    ahead = recipes.predict(tmp_path / "run", later)
    assert any("20 rows not later" in note for note in ahead.notes)
    case = load_stream(whole, QUICK)
    uncut = case.fit("50,100", run=None, progress=False, group=None).readings[""]
    assert ahead.column("score") == uncut.scores[600:].tolist()
    assert ahead.column("flagged") == uncut.flags[600:].tolist()
    assert recipes.predict(tmp_path / "run", later).rows == ahead.rows  # the run stays where it was
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Flagged steps" in page
    assert "the threshold of its windowed Gaussian, were chosen on the labels" in page


def test_later_rows_are_scored_where_they_are_labelled(tmp_path: Path, whole: pl.DataFrame, recipe: str) -> None:
    first, later = tmp_path / "first.csv", tmp_path / "later.csv"
    whole[:600].drop("anomaly").write_csv(first)
    whole[600:].write_csv(later)
    trained = recipes.train(recipe, data=first, out=tmp_path / "run", settings=QUICK, progress=False)
    assert trained is not None
    assert [column.name for column in trained.table.columns] == ["method", "flags", "per 1,000 rows"]
    assert any("nothing says which are right" in note for note in trained.table.notes)
    scored = recipes.evaluate(tmp_path / "run", later)
    assert scored.column("NAB score")[0] is not None
    with pytest.raises(DataError, match="scored by a label"):
        recipes.evaluate(tmp_path / "run", first)
    with pytest.raises(DataError, match="none of 600 rows is later"):
        recipes.predict(tmp_path / "run", first)


def test_no_label_is_read_by_a_detector(whole: pl.DataFrame) -> None:
    other = whole.with_columns(anomaly=1 - pl.col("anomaly"))
    found = [load_stream(each, QUICK).fit("50,100", run=None, progress=False, group=None) for each in (whole, other)]
    np.testing.assert_array_equal(found[0].readings[""].flags, found[1].readings[""].flags)


def test_several_streams_and_columns_are_kept_and_found_again(tmp_path: Path) -> None:
    table = made_up_stream(600).head(220).with_columns(second=pl.col("value") * 2)
    both = pl.concat([table.with_columns(sensor=pl.lit(name)) for name in ("a", "b")])
    case = load_stream(both, QUICK)
    assert case.feed.columns.value == ("value", "second")
    model = case.fit("50,100", run=None, progress=False, group=None)
    model.save(tmp_path / "model.safetensors")
    again = Watched.read(tmp_path / "model.safetensors")
    assert list(again.readings) == ["a", "b"]
    assert case.scores(again).rows == case.scores(model).rows
    later = both.with_columns(pl.col("time") + pl.duration(days=90))
    other = read_other_stream(later, case.settings(), case.table(), False)
    assert other.predictions(again).rows == other.predictions(model).rows
    assert other.predictions(model).rows == other.predictions(model).rows  # it has not moved
    model.detectors["a"][0].scores([1000.0, -1000.0, 0.0])
    assert other.predictions(again).rows != other.predictions(model).rows
    page = case.report(model, "50,100", {})[1]
    assert "Each stream" in page
    with pytest.raises(DataError, match="'c' is none of the run's 'a', 'b'"):
        read_other_stream(later[:220].with_columns(sensor=pl.lit("c")), case.settings(), case.table(), False)
    (tmp_path / "stream_scores.csv").unlink()
    with pytest.raises(FileMissingError, match="stream_scores.csv"):
        Watched.read(tmp_path / "model.safetensors")


def test_without_times_rows_follow_the_runs(whole: pl.DataFrame) -> None:
    case = load_stream(whole.select("value"), QUICK)
    model = case.fit("50,100", run=None, progress=False, group=None)
    other = read_other_stream(whole.select("value").head(20), case.settings(), case.table(), False)
    assert other.predictions(model).column("time")[0] == "901"
    assert model.parameters_count_ > 0


def test_a_stopped_run_begins_again(tmp_path: Path, whole: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(case_module.StopRequest):
        name = "SIGINT"

    monkeypatch.setattr(case_module, "StopRequest", Stopped)
    case = load_stream(whole, QUICK)
    with (
        RunFolder.create(tmp_path / "run", {}) as run,
        pytest.raises(Interrupted, match="begins again with its first row"),
    ):
        case.fit("50,100", run=run, progress=False, group=None)


def test_every_method_is_compared(whole: pl.DataFrame) -> None:
    case = load_stream(whole.head(400), QUICK)
    with parallel_config("threading", n_jobs=1):  # processes take longer to start than the trials
        found = case.compare("n,n", 2, False)
    assert found.column("method")[:2] == ["LSTM", "LSTM at rest"]
    assert len(found.rows) == 7
    with parallel_config("threading", n_jobs=1):
        found = load_stream(whole.head(400).drop("time"), QUICK).compare("n,n", 1, False)
    assert "day before" not in found.column("method")


def test_what_cannot_be_read_is_refused_before_training(whole: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="goes on after its warm-up of 60 rows"):
        load_stream(whole.head(50), {}).check("n,n", Ranks())
    with pytest.raises(ConfigError, match="warm_up_rows"):
        load_stream(whole, {"warm_up_rows": "20"}).check("n,n", Ranks())
    with pytest.raises(ConfigError, match="above 0 and below 1"):
        load_stream(whole, {"threshold": "3"})
    assert schedule_of("n,n") == schedule_of(None) == "50,100"
    assert schedule_of("20,40") == "20,40"
