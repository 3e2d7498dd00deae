"""How well are several steps of many series forecast, with the defaults? One row a table, beside simple rules.

    m4            M4's weekly series, 13 steps: OWA; the naive rule has 1, ES-RNN, the winner of M4, 0.851
    ett24 ett48   ETTh1, all 7 variables, 24 and 48 steps: MSE of z-scores, beside ridge on the window
    exchange      8 exchange rates, 3, 6, 12 and 24 steps: RSE of the last step, beside repeating the last value
    weather       Jena's 2020, 21 variables, 96 steps of 10 minutes: MSE of z-scores

python -m benchmarks.forecast m4              THROUGHTIME_DATA=folder

Nothing is chosen on test parts: the epoch, the window, the line and the intervals come from the last part of what `fit`
is given. The networks differ from seed to seed, the parts do not.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

import throughtime as tt
from benchmarks.rows import ROOT, provenance, store
from throughtime.metrics import coverage, mase, owa, rse, smape

Floats = NDArray[np.float64]
LEVELS = [80, 95]
# Rows before the test part that a backtest is given: more than any window.
BEFORE = 1500


def m4(folder: Path, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """M4's weekly series; the reference is the naive rule, which is Naive2 where there is no season of a week."""
    train, test = (_series(folder / f"Weekly-{part}.csv.gz") for part in ("train", "test"))
    model = tt.SequenceToSequence(horizon=13, seed=seed, **settings).fit(train)
    told, ends = model.predict(train, level=LEVELS)
    future = np.array(test)
    names = ("model", "naive")
    forecasts = np.array(told)[..., 0], np.array([np.full(13, each[-1]) for each in train])
    found = {}
    for name, forecast in zip(names, forecasts, strict=True):
        errors = [(smape(y, f), mase(y, f, history)) for y, f, history in zip(future, forecast, train, strict=True)]
        found[name] = np.mean(errors, axis=0)
    bands = np.array(ends)[:, :, 0]
    return {
        "owa": owa(*found["model"], *found["naive"]),
        "smape": found["model"][0],
        "mase": found["model"][1],
        "naive_smape": found["naive"][0],
        "naive_mase": found["naive"][1],
        **_coverages(future, bands),
        **_fitted(model),
    }


def table(
    values: Floats, train: int, valid: int, horizon: int, seed: int, settings: dict[str, Any], ridge: bool = True
) -> dict[str, Any]:
    """One table of variables [T, K], z-scored by its first `train` rows; those from `valid` on are tested."""
    centre, spread = values[:train].mean(axis=0), values[:train].std(axis=0)
    scaled = (values - centre) / spread
    model = tt.SequenceToSequence(horizon=horizon, seed=seed, validation=(valid - train) / valid, **settings)
    model.fit(scaled[:valid])
    first = valid - BEFORE
    ends, told, bands = model.backtest(scaled[first:], stride=1, level=LEVELS)
    tested = ends + first + horizon - 1 >= valid  # the last step lies in the test part
    whole = ends + first >= valid
    future = scaled[(ends + first)[:, None] + np.arange(horizon)]
    last = np.repeat(scaled[ends + first - 1][:, None], horizon, axis=1)
    raw, raw_told, raw_last = (part[tested][:, -1] * spread + centre for part in (future, told, last))
    row = {
        "mse": float(np.mean((told - future)[whole] ** 2)),
        "mae": float(np.mean(np.abs(told - future)[whole])),
        "mse_last": float(np.mean((last - future)[whole] ** 2)),
        "mae_last": float(np.mean(np.abs(last - future)[whole])),
        "rse": rse(raw, raw_told),
        "rse_last": rse(raw, raw_last),
        **_coverages(future[whole], bands[whole]),
        **_fitted(model),
    }
    if ridge:
        row["mse_ridge"] = _ridge(scaled, train, valid, horizon, row["window"])
    return row


def _ridge(scaled: Floats, train: int, valid: int, horizon: int, window: int) -> float:
    """MSE of ridge on the window's values less its last one, a line for each variable; the penalty by validation."""
    squares = []
    for column in scaled.T:
        views = np.lib.stride_tricks.sliding_window_view(column, window + horizon)
        last = views[:, window - 1 : window]
        x, y = views[:, :window] - last, views[:, window:] - last
        parts = [slice(None, train - window - horizon + 1), slice(train - window, valid - window - horizon + 1)]
        lines = [Ridge(alpha=alpha, fit_intercept=True).fit(x[parts[0]], y[parts[0]]) for alpha in 10.0 ** np.arange(6)]
        best = min(lines, key=lambda line: float(np.mean((line.predict(x[parts[1]]) - y[parts[1]]) ** 2)))
        squares.append(np.mean((best.predict(x[valid - window :]) - y[valid - window :]) ** 2))
    return float(np.mean(squares))


def ett(folder: Path, horizon: int, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """ETTh1 by the split of 12, 4 and 4 months."""
    values = pl.read_csv(folder / "ETTh1.csv.gz").drop("date").to_numpy()[: 20 * 30 * 24]
    return table(values, 12 * 30 * 24, 16 * 30 * 24, horizon, seed, settings)


def exchange(folder: Path, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Exchange rates, 60 % to train, 20 % to validate, 20 % to test; every horizon is a model of its own."""
    with gzip.open(folder / "exchange_rate.txt.gz", "rt") as lines:
        values = np.loadtxt(lines, delimiter=",")
    train, valid = int(0.6 * len(values)), int(0.8 * len(values))
    found: dict[str, Any] = {}
    for horizon in (3, 6, 12, 24):
        row = table(values, train, valid, horizon, seed, settings, ridge=False)
        found |= {f"{name}_{horizon}": row[name] for name in ("rse", "rse_last", "coverage_80", "coverage_95", "kept")}
    return found


def weather(folder: Path, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """The weather of Jena, 70 % to train, 10 % to validate, 20 % to test."""
    frame = pl.read_parquet(folder / "weather.parquet")
    values = frame.select(pl.selectors.float()).to_numpy()  # all but the number of the row
    return table(values, int(0.7 * len(values)), int(0.8 * len(values)), 96, seed, settings)


TABLES: dict[str, tuple[str, Callable[[Path, int, dict[str, Any]], dict[str, Any]]]] = {
    "m4": ("m4_weekly", m4),
    "ett24": ("ett", lambda folder, seed, settings: ett(folder, 24, seed, settings)),
    "ett48": ("ett", lambda folder, seed, settings: ett(folder, 48, seed, settings)),
    "exchange": ("exchange_rate", exchange),
    "weather": ("weather_jena2020_train70", weather),
}


def _series(path: Path) -> list[Floats]:
    with gzip.open(path, "rt") as file:
        rows = list(csv.reader(file))[1:]
    return [np.array([float(value) for value in row[1:] if value not in ("", "NA")]) for row in rows]


def _coverages(future: Floats, bands: Floats) -> dict[str, float]:
    """Share of the futures [...] inside bands [..., levels, 2]."""
    return {
        f"coverage_{level}": coverage(future, bands[..., place, 0], bands[..., place, 1])
        for place, level in enumerate(LEVELS)
    }


def _fitted(model: tt.SequenceToSequence) -> dict[str, Any]:
    """What was chosen, and what it took."""
    design: Any = model.design_
    return {
        "window": design.window,
        "segment": design.segment,
        "season": model.season_,
        "kept": model.calibration_.kept,
        "best_epoch": model.best_epoch_,
        "parameters": model.parameters_count_,
        "fit_seconds": round(model.seconds_, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=list(TABLES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], help="a setting, name=value")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "forecast.jsonl")
    options = parser.parse_args()
    data = os.environ.get("THROUGHTIME_DATA")
    name, measure = TABLES[options.table]
    folder = Path(data or "") / name
    if data is None or not folder.is_dir():
        print(f"{name} is read from THROUGHTIME_DATA, and it is not there: nothing was measured.")
        return 1
    settings = {key: _value(value) for key, value in (each.split("=", 1) for each in options.set)}
    began_at = time.monotonic()
    rows = []
    for seed in range(options.seeds):
        rows.append(measure(folder, seed, {"progress": False} | settings))
        print(f"seed {seed}: " + ", ".join(f"{key} {_shown(value)}" for key, value in rows[-1].items()), flush=True)
    row = {
        "question": "how well are several steps of many series forecast, with the defaults",
        "table": options.table,
        **provenance(),
        "settings": settings,
        "seconds": round(time.monotonic() - began_at, 1),
        "seeds": rows,
        "mean": {key: float(np.mean([each[key] for each in rows])) for key in _measured(rows[0])},
        "spread": {key: float(np.std([each[key] for each in rows])) for key in _measured(rows[0])},
    }
    store(options.results, row)
    print("mean: " + ", ".join(f"{key} {row['mean'][key]:.4f} ({row['spread'][key]:.4f})" for key in row["mean"]))
    print(f"{row['seconds']} s")
    return 0


def _measured(row: dict[str, Any]) -> list[str]:
    return [key for key, value in row.items() if isinstance(value, float) and key != "fit_seconds"]


def _value(text: str) -> Any:
    """A setting's value: a number where it is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"True": True, "False": False, "None": None}.get(text, text)


def _shown(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
