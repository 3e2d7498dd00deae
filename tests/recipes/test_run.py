"""A run can be repeated, resumed, scored and asked; bad input writes nothing; the test part moves nothing before it."""

from __future__ import annotations

import tomllib
import warnings
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file

from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError, FileMissingError, Notice, RunError, ThroughtimeError
from throughtime.base.run_folder import RunFolder
from throughtime.recipes.catalogue import RECIPES
from throughtime.recipes.forecasting.problem import with_wet
from throughtime.recipes.forecasting.settings import Settings
from throughtime.recipes.forecasting.weather import load as load_sample
from throughtime.recipes.forecasting.weather import sample
from throughtime.tasks import load

SMALL = {"hidden_size": "4", "epochs": "3"}


@pytest.fixture(autouse=True)
def quiet():
    """What the data has to say is tested in test_problem."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        yield


def table_of(rows: int = 160) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    wave = np.sin(np.arange(rows) / 10)
    return pl.DataFrame(
        {
            "date": [date(2020, 1, 1) + timedelta(days=t) for t in range(rows)],
            "level": 10 + 3 * wave + draw.normal(size=rows),
            "precipitation": np.maximum(0, wave + draw.normal(size=rows)),
        }
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "wave.csv"
    table_of().write_csv(path)
    return path


@pytest.fixture(scope="module")
def trained(table: Path, tmp_path_factory: pytest.TempPathFactory) -> recipes.RunResult:
    out = tmp_path_factory.mktemp("runs") / "one"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        return recipes.train("weather", data=table, out=out, tbptt="10,10", settings=SMALL, progress=False)


def test_a_run_folder_holds_everything(trained: recipes.RunResult, table: Path) -> None:
    names = {entry.name for entry in trained.run.iterdir()}
    assert {"run.toml", "events.sqlite", "checkpoints", "model.safetensors", "report.html"} <= names
    record = tomllib.loads((trained.run / "run.toml").read_text())["settings"]
    assert record["recipe"] == "weather"
    assert record["data"] == str(table)
    assert record["tbptt"] == "10,10"
    assert record["settings"]["target"] == ["level", "precipitation", "wet"]
    assert record["settings"]["time"] == ["date"]
    assert record["settings"]["hidden_size"] == 4
    assert trained.table.column("target") == ["level", "precipitation", "wet"]
    assert any("lstm with" in note for note in trained.table.notes)
    assert "wave.csv" in (trained.run / "report.html").read_text(encoding="utf-8")


def test_what_run_toml_says_repeats_the_run(trained: recipes.RunResult, tmp_path: Path) -> None:
    record = tomllib.loads((trained.run / "run.toml").read_text())["settings"]
    again = recipes.train(
        record["recipe"],
        data=record["data"],
        out=tmp_path / "again",
        tbptt=record["tbptt"],
        settings=record["settings"],
        progress=False,
    )
    assert again.table.rows == trained.table.rows
    assert weights(again.run) == weights(trained.run)


def weights(run: Path) -> dict[str, bytes]:
    return {name: tensor.tobytes() for name, tensor in load_file(run / "model.safetensors").items()}


def test_evaluate_gives_the_scores_of_the_training(trained: recipes.RunResult) -> None:
    assert recipes.evaluate(trained.run).rows == trained.table.rows


def test_evaluate_on_another_table_scores_all_of_it(trained: recipes.RunResult) -> None:
    table = recipes.evaluate(trained.run, table_of(60))
    assert "60 rows" in table.title
    assert table.column("RMSE.network") != trained.table.column("RMSE.network")


def test_predict_is_the_step_after_the_last(trained: recipes.RunResult) -> None:
    table = recipes.predict(trained.run)
    assert table.column("target") == ["level", "precipitation", "wet"]
    assert [str(when) for when in table.column("date")] == ["2020-06-09"] * 3
    low, forecast, high = (table.column(key)[0] for key in ("80 % interval.from", "forecast", "80 % interval.to"))
    assert low < forecast < high  # type: ignore[operator]
    widest = table.column("95 % interval.from")[0]
    assert widest < low  # type: ignore[operator]


def test_predict_agrees_with_the_estimator(trained: recipes.RunResult) -> None:
    predictor = load(trained.run / "model.safetensors")
    short = table_of(100)
    expected = predictor.predict(with_wet(short))["level"][0]
    assert recipes.predict(trained.run, short).column("forecast")[0] == pytest.approx(expected)


def test_what_is_known_ahead_stands_in_a_last_row_without_targets(tmp_path: Path) -> None:
    table = table_of().drop("precipitation").with_columns(pl.Series("holiday", np.arange(160) % 7 == 0).cast(pl.Int64))
    path = tmp_path / "table.csv"
    table.write_csv(path)
    settings = {**SMALL, "epochs": "1", "target": "level", "known": "holiday"}
    result = recipes.train("weather", data=path, out=tmp_path / "run", settings=settings, progress=False)
    with pytest.raises(DataError, match="needed for the step to be forecast: holiday"):
        recipes.predict(result.run)
    forecasts = []
    for holiday in (0, 1):
        row = pl.DataFrame({"date": [date(2020, 6, 9)], "level": [None], "holiday": [holiday]}, schema=table.schema)
        answer = recipes.predict(result.run, pl.concat([table, row]))
        assert str(answer.column("date")[0]) == "2020-06-09"
        forecasts.append(answer.column("forecast")[0])
    assert forecasts[0] != forecasts[1]


def test_a_column_named_as_the_joined_time(tmp_path: Path) -> None:
    dates = table_of()["date"]
    parts = {name: getattr(dates.dt, name)() for name in ("year", "month", "day")}
    table = pl.DataFrame({**parts, "time": np.random.default_rng(0).normal(size=160), "x": table_of()["level"]})
    table.write_csv(tmp_path / "table.csv")
    result = recipes.train(
        "weather", data=tmp_path / "table.csv", out=tmp_path / "run", settings={**SMALL, "epochs": "1"}, progress=False
    )
    assert result.table.column("target") == ["time", "x"]
    answer = recipes.predict(result.run, table[:100])
    assert [str(when) for when in answer.column("time_")] == ["2020-04-10"] * 2


def test_a_finished_run_resumes_to_the_same_model(trained: recipes.RunResult) -> None:
    before = weights(trained.run)
    again = recipes.resume(trained.run, progress=False)
    assert again.table.rows == trained.table.rows
    assert weights(trained.run) == before


def test_an_interrupted_run_resumes_to_what_it_would_have_been(
    table: Path, trained: recipes.RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "stopped"

    class Stop(Exception):
        pass

    add = RunFolder.save_checkpoint

    def stop_after_one(self: RunFolder, tree: object, step: int) -> None:
        add(self, tree, step)  # type: ignore[arg-type]
        raise Stop

    monkeypatch.setattr(RunFolder, "save_checkpoint", stop_after_one)
    with pytest.raises(Stop):
        recipes.train("weather", data=table, out=out, tbptt="10,10", settings=SMALL, progress=False)
    monkeypatch.undo()
    assert not (out / "model.safetensors").exists()
    with pytest.raises(FileMissingError, match=f"throughtime resume {out}"):
        recipes.evaluate(out)
    assert recipes.resume(out, progress=False).table.rows == trained.table.rows
    assert weights(out) == weights(trained.run)


def test_a_table_that_changed_is_refused(table: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_bytes(table.read_bytes())
    result = recipes.train("weather", data=own, out=tmp_path / "run", settings={**SMALL, "epochs": "1"}, progress=False)
    own.write_text(own.read_text() + "2020-06-09,1.0,1.0\n")
    with pytest.raises(DataError, match="has changed since"):
        recipes.resume(result.run, progress=False)
    own.unlink()
    with pytest.raises(FileMissingError, match="no file"):
        recipes.evaluate(result.run)


def test_no_lstm_no_gates_in_the_report(table: Path, tmp_path: Path) -> None:
    settings = {**SMALL, "cell": "perceptron", "window_steps": "3", "epochs": "1"}
    result = recipes.train("weather", data=table, out=tmp_path / "run", settings=settings, progress=False)
    assert "Gates over time" not in (result.run / "report.html").read_text(encoding="utf-8")


def test_without_out_the_next_free_folder_is_taken(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "weather-1").mkdir(parents=True)
    result = recipes.train("weather", data=table, settings={**SMALL, "epochs": "1"}, progress=False)
    assert result.run == Path("runs", "weather-2")


def rows_of(**columns: list[object]) -> str:
    """A table of fifty days, 30 of which train, 10 validate and 10 test, as text."""
    days = [date(2020, 1, 1) + timedelta(days=t) for t in range(50)]
    return pl.DataFrame({"date": days, **columns}).write_csv()


VARIED: list[object] = [t % 7 for t in range(50)]
ABSENT: list[object] = [None] * 10


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("date,x\n", {}, "needs rows"),
        ("", {}, "is empty"),
        ("date,x\n2020-01-02,1\n2020-01-01,2\n", {}, "in the order of time"),
        ("date,x\n2020-01-01,1\n2020-01-01,2\n", {}, "Each time comes once"),
        ("date,x\n2020-01-01,1\n2020-01-02,2\n", {"target": "y"}, "'y' is unknown"),
        ("date,x\n2020-01-01,1\n2020-01-02,2\n", {"hiden_size": "3"}, "did you mean 'hidden_size'"),
        ("date,x\n2020-01-01,1\n2020-01-02,inf\n2020-01-03,2\n", {}, "must be finite"),
        ("date,x\n2020-01-01,1\n2020-01-02,2\n", {}, "Each part needs steps"),
        (
            rows_of(x=VARIED, flat=[3] * 50),
            {},
            "'flat' is 3 in every row in the training part. Leave it out with --set ignore=flat, or",
        ),
        (
            rows_of(x=VARIED, flat=[3] * 30 + VARIED[:20]),
            {},
            "'flat' is 3 in every row in the training part. Leave it out with --set ignore=flat, or",
        ),
        (
            rows_of(x=VARIED, late=[None] * 30 + VARIED[:20], flat=[1] * 50),
            {},
            "every cell of 'late' in the training part is missing; .*'flat' is 1.*--set ignore=late,flat, or",
        ),
        (
            rows_of(x=VARIED, sky=["sun"] * 30 + ["rain", "sun"] * 10),
            {"target": "x,sky"},
            "two classes in the training part: 'sky' has sun.*--set ignore=sky and name it no more in target=",
        ),
        (rows_of(x=[*VARIED[:30], *ABSENT, *VARIED[:10]], y=VARIED), {}, "'x' has none in the validation part"),
        (rows_of(x=[*VARIED[:40], *ABSENT], y=VARIED), {}, "'x' has none in the test part.*--set ignore=x, or move"),
        (rows_of(x=VARIED), {"calendar": "month"}, "some of year,week,day: .*'month'"),
        ("x\n" + "\n".join(map(str, VARIED)), {"calendar": "year"}, "Calendar features need dates"),
        (
            "id,x\n" + "".join(f"a,{x}\n" for x in VARIED) + "b,1\nb,2\nb,3\n",
            {"id": "id", "train": "0.5", "validation": "0.4"},
            "at least 2 rows in the training part.*1 of 2 have 1, first 'b'",
        ),
        (rows_of(x=[0.0, 5e-324] * 25), {}, "Change the column's unit"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    tmp_path: Path, text: str, settings: dict[str, str], message: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ThroughtimeError, match=message) as caught:
        recipes.train("weather", data=path, out=tmp_path / "run", settings=settings, progress=False)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"calendar": "month"}, "some of year,week,day: 'month' came"),
        ({"learning_rate": "1e300"}, "`learning_rate`.* at most 10: "),
        ({"hidden_size": "1000000000"}, "`hidden_size`.* to 65,536: "),
        ({"cell": "perceptron", "window_steps": "97"}, "window_steps=97 came for at most 96 training rows"),
    ],
)
def test_a_setting_that_cannot_be_trained_writes_nothing(
    table: Path, tmp_path: Path, settings: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        recipes.train("weather", data=table, out=tmp_path / "run", settings=settings, progress=False)
    assert not (tmp_path / "run").exists()


def test_a_network_larger_than_the_memory_writes_nothing(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(design: object) -> None:
        raise MemoryError

    monkeypatch.setattr("throughtime.tasks.preparing.build", build)
    with pytest.raises(MemoryError):
        recipes.train("weather", data=table, out=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_table_of_one_row_is_predicted_from_but_not_scored(trained: recipes.RunResult) -> None:
    assert recipes.predict(trained.run, table_of(1)).column("forecast")
    with pytest.raises(DataError, match="needs at least 2 rows of a series.*your table has 1"):
        recipes.evaluate(trained.run, table_of(1))


@pytest.mark.parametrize("act", [recipes.predict, recipes.evaluate])
def test_a_table_that_lacks_a_column_of_the_model(trained: recipes.RunResult, act) -> None:
    with pytest.raises(DataError, match="^The model needs 'level': the table has only 'date', 'precipitation', 'wet'"):
        act(trained.run, table_of(40).drop("level"))


def test_a_bad_schedule_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ThroughtimeError, match="k1"):
        recipes.train("weather", out=tmp_path / "run", tbptt="0,5", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_folder_with_something_in_it_is_refused(trained: recipes.RunResult) -> None:
    with pytest.raises(RunError, match="needs an empty folder"):
        recipes.train("weather", out=trained.run, settings=SMALL, progress=False)


def test_a_run_of_a_recipe_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path / "run", {"recipe": "stocks"}):
        pass
    with pytest.raises(RunError, match="is of 'stocks'"):
        recipes.resume(tmp_path / "run", progress=False)


def test_another_recipe_is_one_more_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waves = replace(RECIPES["weather"], name="waves", summary="the next wave", tbptt="20,20")
    monkeypatch.setitem(RECIPES, "waves", waves)
    monkeypatch.chdir(tmp_path)
    assert recipes.names()[-1] == ("waves", "the next wave")
    result = recipes.train("waves", settings={**SMALL, "epochs": "1"}, progress=False)
    assert result.run == Path("runs", "waves-1")
    record = tomllib.loads((result.run / "run.toml").read_text())["settings"]
    assert (record["recipe"], record["tbptt"]) == ("waves", "20,20")
    assert recipes.evaluate(result.run).rows == result.table.rows


def test_the_sample_has_the_settings_of_any_table() -> None:
    assert load_sample(None, {}).chosen.model == Settings().model


def test_unknown_recipes_are_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'weather'"):
        recipes.train("weathr")


def test_the_test_part_moves_neither_model_nor_earlier_forecasts(tmp_path: Path) -> None:
    table = sample()
    changed = table.with_columns(
        pl.when(pl.col("date") >= date(2015, 1, 1)).then(50.0 - pl.col(name)).otherwise(pl.col(name)).alias(name)
        for name in table.columns[1:]
    )
    split = {"validation": "2014-01-01", "test": "2015-01-01", **SMALL, "epochs": "2"}
    forecasts, models = [], []
    for name, content in (("one", table), ("two", changed)):
        content.write_csv(tmp_path / f"{name}.csv")
        result = recipes.train(
            "weather", data=tmp_path / f"{name}.csv", out=tmp_path / name, settings=split, progress=False
        )
        models.append(weights(result.run))
        predictor = load(result.run / "model.safetensors")
        steps = predictor.predict_steps(with_wet(content), level=[80])
        # The first day of the test part is forecast from the days before it: it too must stay.
        forecasts.append(steps.filter(pl.col("date") <= date(2015, 1, 1)))
    assert models[0] == models[1]
    assert forecasts[0].equals(forecasts[1])
