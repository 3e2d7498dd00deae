"""Anomalies in a stream, row by row: how rare are the errors of what the rows before led one to expect?

    forecast error   |value - forecast|, by an LSTM that learns as it goes (`stream_forecaster`): a surprise
    level error      |value - mean of the last W values|: a value that is odd although it came slowly
    score            their rarity among those before, in [0, 1] (`rarity`)
    alarm            score >= threshold, and no alarm in the last R rows: one incident is one alarm

With the default threshold, .995, rows are alarming as 5 of 1,000 would be if nothing happened. It is one rule for every
stream, and no label is read. Only errors that are too large count: a stream that comes to rest is forecast well.

The first rows only warm up. They score 0, the network trains on them, and their errors are the first of the window.
A missing value (nan, None) scores 0 and is passed over: nothing is learned from it, and the row after it is judged by
the same forecast. Times are read for the phase of day and week alone; they may be irregular, out of order, or missing.
Memory is constant, and no score depends on a later row.

Where the defaults come from: a window of 6,400 rows is that of the Numenta Anomaly Benchmark's windowed Gaussian, the
mean of ten errors is Ahmad et al.'s, a rest of a fifth of the warm-up is that of the benchmark's CAD OSE detector. The
threshold is, of .98, .99, .995 and .997, the one that scores best on the benchmark's folders realAdExchange,
realTraffic, realTweets and artificialWithAnomaly. The other settings (two kinds of errors, the tail's share, k1, the
rates) were compared over these four and realKnownCause and realAWSCloudwatch: all six were seen.

Source: Malhotra et al., ESANN 2015 (anomalies by an LSTM's forecast errors); Ahmad et al., Neurocomputing 262, 2017.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from torch import Tensor

from throughtime.base.checks import Checks, as_number
from throughtime.base.errors import DataError, ScheduleError
from throughtime.base.trees import Tree, flatten, unflatten
from throughtime.bptt import TBPTT
from throughtime.nn import Network
from throughtime.tasks import rarity, saving
from throughtime.tasks.options import MOST_RATE, MOST_UNITS, NotFittedError
from throughtime.tasks.rarity import Incidents, Rarity, WindowMean
from throughtime.tasks.stream_forecaster import Learning, StreamForecaster

Floats = NDArray[np.float64]

# Fewer rows hold no pattern to train on, and fewer than 50 errors no tail to judge by.
_LEAST_WARM_UP = 60
# Rows of the means: an incident that rises slowly shows in the mean of the last ten errors, as in Ahmad et al.
SPANS = (1, 10)
# Sums of so many stay below the largest float.
_LARGEST_ERROR = 1e300
# So that a rest is a small part of what was warmed up on, whatever the row's length in time.
_RESTS_IN_WARM_UP = 5


class StreamDetector(BaseEstimator):
    """Scores the rows of one stream as they come.

    Args:
        warm_up_rows: rows with a value before the first score, at least 60.
        hidden_size: units of the LSTM, 1 .. 65,536.
        tbptt: schedule of backpropagation with a k1 and a k2, a `TBPTT` or text: every k1 rows is an update.
        epochs: passes over the warm-up, at least 1.
        learning_rate: of Adam at the warm-up's start, above 0 and at most 10.
        online_rate: of Adam at the warm-up's end and afterwards, 0 .. 10; 0: the network rests after the warm-up.
        window_rows: W, rows whose errors the newest is compared with, and whose mean is the level, at least 100.
        tail_share: share of them that counts as the tail, above 0 and below 1.
        threshold: scores of this or more are alarming, in 0 .. 1.
        rest_rows: rows after an alarm in which no other is raised; None: a fifth of the warm-up.
        seed: of the network's first weights, 0 or more.

    Attributes:
        alarm_: whether the last row raised an alarm.
        rows_: rows taken in, missing values included.
    """

    def __init__(
        self,
        *,
        warm_up_rows: int = 500,
        hidden_size: int = 24,
        tbptt: TBPTT | str = "50,100",
        epochs: int = 15,
        learning_rate: float = 0.005,
        online_rate: float = 0.001,
        window_rows: int = 6400,
        tail_share: float = 0.01,
        threshold: float = 0.995,
        rest_rows: int | None = None,
        seed: int = 0,
    ) -> None:
        self.warm_up_rows = warm_up_rows
        self.hidden_size = hidden_size
        self.tbptt = tbptt
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.online_rate = online_rate
        self.window_rows = window_rows
        self.tail_share = tail_share
        self.threshold = threshold
        self.rest_rows = rest_rows
        self.seed = seed

    def reset(self) -> StreamDetector:
        """Forget the stream: the next row is the first of another one.

        Returns:
            The detector.

        Raises:
            ConfigError: settings out of range, all named.
        """
        self._settings = check_settings(self)
        window = self._settings.window_rows
        self._rarity = Rarity(2, window, self._settings.tail_share, SPANS)
        self._level = WindowMean(window)
        self._incidents = Incidents(self._settings.threshold, self._settings.rest_rows)
        self._first: list[tuple[float, Any]] = []
        self._forecaster: StreamForecaster | None = None
        self.rows_, self.alarm_ = 0, False
        return self

    def step(self, row: Any) -> float:
        """Take in the next row.

        Args:
            row: a number, nan or None where it is missing; or a pair (time, value), the time a datetime, numpy's
                datetime64, text in ISO 8601, or None.

        Returns:
            How anomalous the row is, in [0, 1]; 0 in the warm-up. `alarm_` says whether it raised an alarm.

        Raises:
            ConfigError: settings out of range, at the first row.
            DataError: a value that is infinite or no number, or a time that is none.
        """
        if not hasattr(self, "_settings"):
            self.reset()
        time, value = _read(row, self.rows_)
        self.rows_ += 1
        score = 0.0 if value is None else self._score(value, time)
        self.alarm_ = self._incidents.step(score)
        return score

    def scores(self, stream: Iterable[Any]) -> Floats:
        """Take in many rows, as `step` does one after the other.

        Args:
            stream: T rows, each as `step` takes it, such as an array [T].

        Returns:
            [T] in [0, 1].

        Raises:
            ConfigError, DataError: as `step`.
        """
        return np.array([self.step(row) for row in stream], np.float64)

    def alarms(self, scores: ArrayLike) -> NDArray[np.bool_]:
        """Where the scores of a whole stream raise an alarm, as `alarm_` says row by row.

        Args:
            scores: [T] from the stream's first row on.

        Returns:
            [T] bool.

        Raises:
            ConfigError: settings out of range.
        """
        settings = check_settings(self)
        return rarity.incidents(scores, settings.threshold, settings.rest_rows)

    @property
    def forecast_(self) -> float | None:
        """Of the next row's value; None in the warm-up."""
        return None if not hasattr(self, "_settings") or self._forecaster is None else self._forecaster.next

    @property
    def network_(self) -> Network:
        """What forecasts, and goes on learning.

        Raises:
            NotFittedError: in the warm-up.
        """
        if not hasattr(self, "_settings") or self._forecaster is None:
            raise NotFittedError(f"A detector forecasts after its warm-up of {self.warm_up_rows} rows: give it more.")
        return self._forecaster.network

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the detector as it stands in its stream into one file, atomically.

        `throughtime.load` reads it: its next row is the one after the last taken in, and gets the score that it would
        have got from this one.

        Args:
            path: the file, by custom ending in .safetensors.

        Raises:
            ConfigError: settings out of range, before the first row.
            WriteError: the system refused.
        """
        saving.save(path, self, flatten(self._to_tree())[1])

    def fitted_state(self) -> dict[str, Any]:
        """Where it stands in its stream, but for the tensors, in plain lists and numbers."""
        return {"stream": flatten(self._to_tree())[0]}

    def restore(self, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
        """Stand where a saved detector stood.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they do not fit together.
        """
        tree = unflatten(state["stream"], weights)
        self.reset()
        self._rarity.restore(tree["rarity"])
        self._level.restore(tree["level"])
        self._incidents.resting = tree["resting"]
        self._first = [(value, _moment(time)) for value, time in tree["first"]]
        if tree["forecaster"] is not None:
            self._forecaster = StreamForecaster.from_tree(tree["forecaster"], self._settings.learning)
        self.rows_, self.alarm_ = tree["rows"], tree["alarm"]

    def __deepcopy__(self, memo: dict[int, Any]) -> StreamDetector:
        """One that stands where this one does, and shares nothing with it."""
        state, weights = flatten(self._to_tree())
        twin = type(self)(**self.get_params(deep=False))
        twin.restore({"stream": state}, {name: tensor.clone() for name, tensor in weights.items()})
        return twin

    def _to_tree(self) -> Tree:
        if not hasattr(self, "_settings"):
            self.reset()
        return {
            "rarity": self._rarity.to_tree(),
            "level": self._level.to_tree(),
            "resting": self._incidents.resting,
            "first": [
                (float(value), None if time is None else int(time.astype(np.int64))) for value, time in self._first
            ],
            "forecaster": None if self._forecaster is None else self._forecaster.to_tree(),
            "rows": self.rows_,
            "alarm": self.alarm_,
        }

    def _score(self, value: float, time: Any) -> float:
        if self._forecaster is not None:
            score = self._judge(value, self._forecaster.next)
            self._forecaster.step(value, time)
            return score
        self._first.append((value, time))
        if len(self._first) == self._settings.warm_up_rows:
            self._warm_up()
        return 0.0

    def _judge(self, value: float, forecast: float) -> float:
        expected = forecast, self._level.mean
        self._level.step(value)
        return self._rarity.step([min(abs(value - each), _LARGEST_ERROR) for each in expected])

    def _warm_up(self) -> None:
        values = [value for value, _ in self._first]
        times = [time for _, time in self._first]
        dated = None if any(time is None for time in times) else np.array(times)
        self._forecaster = StreamForecaster(np.array(values), dated, self._settings.learning)
        self._level.step(values[0])
        for value, forecast in zip(values[1:], self._forecaster.fitted, strict=True):
            self._judge(value, float(forecast))
        self._first = []


@dataclass(frozen=True)
class Settings:
    """The settings of a detector, checked, as plain Python values."""

    warm_up_rows: int
    window_rows: int
    tail_share: float
    threshold: float
    rest_rows: int
    learning: Learning


def check_settings(detector: StreamDetector) -> Settings:
    """Check a detector's settings.

    Raises:
        ConfigError: settings out of range, all named.
    """
    checks = Checks()
    rows = checks.whole("warm_up_rows", detector.warm_up_rows, _LEAST_WARM_UP)
    rest = detector.rest_rows
    settings = Settings(
        warm_up_rows=rows,
        window_rows=checks.whole("window_rows", detector.window_rows, 100),
        tail_share=checks.number("tail_share", detector.tail_share, above=0, below=1),
        threshold=checks.probability("threshold", detector.threshold),
        rest_rows=rows // _RESTS_IN_WARM_UP if rest is None else checks.whole("rest_rows", rest, 0),
        learning=Learning(
            hidden_size=checks.whole("hidden_size", detector.hidden_size, below=MOST_UNITS + 1),
            schedule=_schedule(checks, detector.tbptt),
            epochs=checks.whole("epochs", detector.epochs),
            learning_rate=checks.number("learning_rate", detector.learning_rate, above=0, most=MOST_RATE),
            online_rate=checks.number("online_rate", detector.online_rate, most=MOST_RATE),
            seed=checks.whole("seed", detector.seed, 0),
        ),
    )
    checks.report("Settings of StreamDetector")
    return settings


def _schedule(checks: Checks, tbptt: Any) -> TBPTT:
    try:
        schedule = TBPTT.parse(tbptt) if isinstance(tbptt, str) else tbptt
    except ScheduleError as error:
        checks.add(f"`tbptt`: {error}")
        return TBPTT()
    if not isinstance(schedule, TBPTT) or schedule.k1 is None or schedule.k2 is None:
        checks.add(
            f"`tbptt` is a TBPTT with a k1 and a k2, or text such as '50,100', for a stream has no end: {tbptt!r} came"
        )
        return TBPTT()
    return schedule


def _read(row: Any, number: int) -> tuple[Any, float | None]:
    """The time, and the value; None where it is missing."""
    time, value = row if isinstance(row, tuple | list) and len(row) == 2 else (None, row)
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return _time(time, number), None
    known = as_number(value)
    if known is None:
        raise DataError(
            f"A row's value is a finite number, or nan where it is missing: {value!r} came in row {number}. Mark what "
            "was not measured as nan."
        )
    return _time(time, number), known


def _time(time: Any, number: int) -> Any:
    if time is None:
        return None
    if isinstance(time, datetime) and time.tzinfo is not None:
        time = time.astimezone(UTC).replace(tzinfo=None)
    try:
        # None of the other types, numbers above all, says where in a day it lies.
        read = np.datetime64(time if isinstance(time, str | datetime | np.datetime64) else "NaT").astype(
            "datetime64[us]"
        )
    except ValueError:
        read = np.datetime64("NaT")
    if np.isnat(read):
        raise DataError(
            f"A row's time is a datetime, datetime64 or text in ISO 8601: {time!r} came in row {number}. Pass None "
            "where it is unknown."
        )
    return read


def _moment(microseconds: int | None) -> Any:
    """The inverse of a time's whole number of microseconds."""
    return None if microseconds is None else np.datetime64(microseconds, "us")
