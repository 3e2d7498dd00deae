"""Detectors on the streams of the Numenta Anomaly Benchmark, every file read online from its first row to its last.

    lstm              `StreamDetector` with its defaults, warmed up on the probation the benchmark gives, several seeds
    lstm at rest      the same, its network learns nothing after the warm-up
    lstm alone        its forecast's errors, seed 0, without those of the level; rarity, threshold and rest the same
    last value        |value - the one before|, likewise
    day before        |value - the one a day before|, likewise; the last value where the warm-up is shorter than a day
    window's mean     |value - mean of the last 6,400|, likewise
    last and mean     both, as `StreamDetector` takes both
    windowed Gaussian the benchmark's own detector and its threshold: `nab_score` gives its published scores
    clock             an alarm every half warm-up, whatever comes: what the score gives for nothing

One threshold, which knows no label of `FOLDERS`, serves all files. The published rows, and the windowed Gaussian here,
have the threshold that is best on the labels of all files scored.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import polars as pl

from throughtime.metrics import nab_best_threshold, nab_score
from throughtime.metrics.nab import probation
from throughtime.recipes.streams import rules
from throughtime.tasks import StreamDetector
from throughtime.tasks.stream_anomalies import check_settings
from throughtime.tasks.stream_forecaster import StreamForecaster

OURS = "lstm, seed "
OTHERS = (
    "lstm at rest",
    "lstm alone",
    "last value",
    "day before",
    "window's mean",
    "last and mean",
    "windowed Gaussian",
    "clock",
)
FOLDERS = ("realKnownCause", "realAWSCloudwatch")
PUBLISHED = ("windowedGaussian", "knncad", "numenta")
# Theirs by folder, standard profile, from the result files in the benchmark's repository.
BARS: dict[str, tuple[float, float, float]] = {
    "artificialWithAnomaly": (2.56, 45.26, 70.22),
    "realAWSCloudwatch": (31.24, 60.69, 73.42),
    "realAdExchange": (56.9, 71.02, 76.86),
    "realKnownCause": (13.36, 45.24, 55.47),
    "realTraffic": (64.28, 49.86, 82.51),
    "realTweets": (51.41, 64.29, 68.02),
}


@dataclass(frozen=True)
class File:
    """One stream of the benchmark: `folder`/`name`, its rows, and (first row, last row) of its windows."""

    folder: str
    name: str
    times: np.ndarray
    values: np.ndarray
    windows: list[tuple[int, int]]

    @property
    def warm_up(self) -> int:
        """Rows of the probation."""
        return probation(len(self.values))


def read(data: Path, folders: Sequence[str]) -> list[File]:
    """The streams of some folders of the benchmark, in its order."""
    table = pl.read_csv(gzip.decompress((data / "nab.csv.gz").read_bytes()))
    table = table.with_columns(pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S"))
    labels = json.loads((data / "combined_windows.json").read_text())
    files = []
    for (path,), rows in table.group_by("file", maintain_order=True):
        folder, name = str(path).split("/")
        if folder in folders:
            times = rows["timestamp"].to_numpy()
            ends = [[np.datetime64(end.replace(" ", "T")) for end in window] for window in labels[str(path)]]
            windows = [(int((times == a).argmax()), int((times == b).argmax())) for a, b in ends]
            files.append(File(folder, name, times, rows["value"].to_numpy().astype(float), windows))
    return files


def by_lstm(file: File, **settings: Any) -> np.ndarray:
    """Scores of `StreamDetector`, the probation its warm-up."""
    return StreamDetector(warm_up_rows=file.warm_up, **settings).scores(zip(file.times, file.values, strict=True))


def by_errors(file: File, *forecasts: Callable[[File], np.ndarray]) -> np.ndarray:
    """Scores of rules' errors by the detector's own rule; 0 in the warm-up."""
    detector = StreamDetector()
    expected = [forecast(file) for forecast in forecasts]
    return rules.rarity_of(file.values, expected, file.warm_up, detector.window_rows, detector.tail_share)


def lstm_forecast(file: File) -> np.ndarray:
    """What the detector's network expects of every row."""
    detector = StreamDetector(warm_up_rows=file.warm_up)
    learning = check_settings(detector).learning
    forecaster = StreamForecaster(file.values[: file.warm_up], file.times[: file.warm_up], learning)
    rows = zip(file.values[file.warm_up :], file.times[file.warm_up :], strict=True)
    later = [forecaster.next, *(forecaster.step(float(value), moment) for value, moment in rows)]
    return np.concatenate([file.values[:1], forecaster.fitted, later[:-1]])


def last_value(file: File) -> np.ndarray:
    """The value before."""
    return rules.last_value(file.values)


def day_before(file: File) -> np.ndarray:
    """The value a day before."""
    return rules.day_before(file.values, file.times, file.warm_up)


def windows_mean(file: File, rows: int = rules.WINDOW_ROWS) -> np.ndarray:
    """Mean of the rows before."""
    return rules.windows_mean(file.values, rows)


def by_windowed_gaussian(file: File) -> np.ndarray:
    """The benchmark's detector."""
    return rules.windowed_gaussian(file.values)


def by_clock(file: File) -> np.ndarray:
    """1 every half warm-up, else 0."""
    rows = np.arange(len(file.values))
    return ((rows >= file.warm_up) & ((rows - file.warm_up) % (file.warm_up // 2) == 0)).astype(float)


def scores_of(
    file: File, seeds: int, settings: Mapping[str, Any], others: Sequence[str]
) -> dict[str, tuple[np.ndarray, float]]:
    """Scores and seconds on a file, of `StreamDetector` from several seeds and of other methods."""
    rules: dict[str, Callable[[], np.ndarray]] = {
        "lstm at rest": lambda: by_lstm(file, online_rate=0),
        "lstm alone": lambda: by_errors(file, lstm_forecast),
        "last value": lambda: by_errors(file, last_value),
        "day before": lambda: by_errors(file, day_before),
        "window's mean": lambda: by_errors(file, windows_mean),
        "last and mean": lambda: by_errors(file, last_value, windows_mean),
        "windowed Gaussian": lambda: by_windowed_gaussian(file),
        "clock": lambda: by_clock(file),
    }
    ours = {f"{OURS}{seed}": partial(by_lstm, file, seed=seed, **settings) for seed in range(seeds)}
    methods: dict[str, Callable[[], np.ndarray]] = {**ours, **{name: rules[name] for name in others}}
    found = {}
    for name, method in methods.items():
        began = time.perf_counter()
        found[name] = method(), time.perf_counter() - began
    return found


def alarms_of(name: str, file: File, scores: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    """Where a method's scores are alarms, by a threshold that knows no label of the file."""
    if name in ("windowed Gaussian", "clock"):
        return scores >= rules.GAUSSIAN_THRESHOLD
    return StreamDetector(warm_up_rows=file.warm_up, **(settings if name.startswith(OURS) else {})).alarms(scores)


def summary(
    files: Sequence[File], found: Sequence[dict[str, tuple[np.ndarray, float]]], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Of one folder: per method the score, alarms a file after the probation, and seconds of one core."""
    windows = [file.windows for file in files]
    rows = {}
    for name in found[0]:
        scores = [each[name][0] for each in found]
        alarms = [alarms_of(name, file, each, settings) for file, each in zip(files, scores, strict=True)]
        counts = [int(each[file.warm_up :].sum()) for file, each in zip(files, alarms, strict=True)]
        rows[name] = {
            "score": round(nab_score(alarms, windows), 2),
            "alarms_a_file": round(float(np.mean(counts)), 1),
            "best_threshold_on_labels": round(nab_best_threshold(scores, windows)[1], 2),
            "seconds": round(sum(each[name][1] for each in found), 1),
        }
    return rows


def bars(folder: str) -> dict[str, float]:
    """What others reached on a folder, by detector; nothing where none is published."""
    return dict(zip(PUBLISHED, BARS.get(folder, ()), strict=False))


def measure(
    files: Sequence[File],
    seeds: int,
    jobs: int,
    settings: Mapping[str, Any],
    others: Sequence[str] = OTHERS,
) -> dict[str, dict[str, tuple[np.ndarray, float]]]:
    """Scores and seconds by file and method, several files at once, the longest first."""
    longest_first = sorted(files, key=lambda file: -len(file.values))
    work = (joblib.delayed(scores_of)(file, seeds, settings, others) for file in longest_first)
    return dict(zip((file.name for file in longest_first), joblib.Parallel(jobs)(work), strict=True))
