"""The LSTM's detectors read streams row by row; what they leave can be saved, and goes on where it was.

a column's score s_k    `StreamDetector`'s, one detector for each of the K value columns of a stream
a row's score           1 - min(1, K min_k(1 - s_k)), as rare as the rarest of K chances
a flag                  a row's score >= threshold, and no flag in the rows of rest before it
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from throughtime.base.atomic import write_text
from throughtime.base.errors import DataError, FileMissingError, ModelFileError
from throughtime.data.clock import show_time
from throughtime.metrics.nab import probation
from throughtime.recipes.streams.reading import Feed, Stream
from throughtime.recipes.streams.settings import Detector
from throughtime.tasks import StreamDetector, load

Floats = NDArray[np.float64]

LOG = "stream_scores.csv"
LEAST_WARM_UP = 60
SCHEDULE = "50,100"  # of `StreamDetector`


@dataclass(frozen=True)
class Reading:
    """What one stream's detectors said, row by row.

    Args:
        stream: the rows.
        scores: [T] in [0, 1].
        expected: [T, K], nan in the warm-up.
        flags: [T] bool.
    """

    stream: Stream
    scores: Floats
    expected: Floats
    flags: NDArray[np.bool_]


@dataclass(frozen=True)
class Watched:
    """Detectors after the last row they have read.

    Args:
        detectors: of each stream by its name, one for each value column.
        readings: of each stream by its name, from its first row on; labels are not kept.
        seconds_: of reading.
    """

    detectors: Mapping[str, Sequence[StreamDetector]]
    readings: Mapping[str, Reading]
    seconds_: float

    @property
    def parameters_count_(self) -> int:
        """Numbers trained, of all detectors."""
        networks = [each.network_ for own in self.detectors.values() for each in own]
        return sum(p.numel() for network in networks for p in network.parameters())

    def save(self, path: Path) -> None:
        """Write the first detector to `path`, the others and what all of them said beside it."""
        write_text(path.with_name(LOG), self._log().write_csv())
        places = _paths(path, sum(map(len, self.detectors.values())))
        detectors = [each for own in self.detectors.values() for each in own]
        for place, detector in reversed(list(zip(places, detectors, strict=True))):
            detector.save(place)

    @classmethod
    def read(cls, path: Path) -> Watched:
        """What `save` wrote.

        Raises:
            FileMissingError, ModelFileError: a file is not there, or not one that was written.
        """
        log = path.with_name(LOG)
        if not log.is_file():
            raise FileMissingError(f"What detectors said lies beside them: there is no {log}. Train it anew.")
        try:
            readings = _from_log(pl.read_csv(log, schema_overrides={"stream": pl.String, "time": pl.String}))
        except (pl.exceptions.PolarsError, ValueError) as error:
            raise ModelFileError(f"{log} is not what a run wrote: {error}. Train it anew.") from error
        detectors, place = {}, 0
        paths = _paths(path, sum(one.expected.shape[1] for one in readings.values()))
        for name, one in readings.items():
            columns = one.expected.shape[1]
            detectors[name] = [_detector(each) for each in paths[place : place + columns]]
            place += columns
        return cls(detectors, readings, 0.0)

    def go_on(self, stream: Stream) -> Reading:
        """Read further rows of a stream; these detectors stay where they are."""
        own = copy.deepcopy(list(self.detectors[stream.name]))
        scores, expected = read_on(own, stream)
        before = self.readings[stream.name].scores
        flags = own[0].alarms(np.concatenate([before, scores]))[len(before) :]
        return Reading(stream, scores, expected, flags)

    def _log(self) -> pl.DataFrame:
        return pl.concat(_log_of(name, one) for name, one in self.readings.items())


def watch(feed: Feed, settings: Detector, tbptt: str, tick: Callable[[], Any] = lambda: None) -> Watched:
    """Read every stream from its first row to its last.

    Args:
        feed: the streams.
        settings: of every detector.
        tbptt: schedule with a k1 and a k2.
        tick: called after each row.
    """
    began = time.perf_counter()
    detectors, readings = {}, {}
    for stream in feed.streams:
        own = [detector_of(stream, settings, tbptt) for _ in feed.columns.value]
        scores, expected = read_on(own, stream, tick)
        detectors[stream.name] = own
        readings[stream.name] = Reading(stream, scores, expected, own[0].alarms(scores))
    return Watched(detectors, readings, time.perf_counter() - began)


def detector_of(stream: Stream, settings: Detector, tbptt: str) -> StreamDetector:
    """An untrained detector of one column of a stream."""
    return StreamDetector(
        warm_up_rows=warm_up_of(stream, settings),
        hidden_size=settings.hidden_size,
        tbptt=tbptt,
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        online_rate=settings.online_rate,
        window_rows=settings.window_rows,
        tail_share=settings.tail_share,
        threshold=settings.threshold,
        rest_rows=settings.rest_rows,
        seed=settings.seed,
    )


def warm_up_of(stream: Stream, settings: Detector) -> int:
    """Rows with a value that warm up: as set, or the benchmark's probation, but no fewer than a detector takes."""
    return settings.warm_up_rows or max(LEAST_WARM_UP, probation(len(stream)))


def first_scored(stream: Stream, warm_up: int) -> int:
    """The first row whose columns can all have a score.

    Raises:
        DataError: there is none.
    """
    present = np.cumsum(~np.isnan(stream.values), axis=0)
    if present[-1].min() <= warm_up:
        whose = f"{stream.name!r} has" if stream.name else "there are"
        raise DataError(
            f"A stream goes on after its warm-up of {warm_up} rows with a value: {whose} {int(present[-1].min())}. "
            f"Give more rows, or a shorter warm-up, at least {LEAST_WARM_UP}: warm_up_rows=."
        )
    return int((present >= warm_up).all(axis=1).argmax()) + 1


def read_on(
    detectors: Sequence[StreamDetector], stream: Stream, tick: Callable[[], Any] = lambda: None
) -> tuple[Floats, Floats]:
    """Let the detectors of a stream's columns take in its rows.

    Returns:
        Scores [T], and what was expected [T, K].
    """
    scores = np.zeros(stream.values.shape)
    expected = np.full(stream.values.shape, np.nan)
    for t, row in enumerate(stream.values):
        moment = stream.times[t] if stream.dated else None
        for k, detector in enumerate(detectors):
            forecast = detector.forecast_
            expected[t, k] = np.nan if forecast is None else forecast
            scores[t, k] = detector.step((moment, float(row[k])))
        tick()
    return combined(scores), expected


def combined(scores: Floats) -> Floats:
    """Scores [T] of rows from those of their columns [T, K]."""
    count = scores.shape[1]
    if count == 1:
        return scores[:, 0]
    return np.asarray(1 - np.minimum(1, count * (1 - scores).min(axis=1)))


def _paths(path: Path, count: int) -> list[Path]:
    """The file of each detector: `path`, then beside it with -2, -3, ..."""
    return [path, *(path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(2, count + 1))]


def _detector(path: Path) -> StreamDetector:
    found = load(path)
    if not isinstance(found, StreamDetector):
        raise ModelFileError(f"A stream is read by a StreamDetector: {path} holds another model. Train it anew.")
    return found


def _log_of(name: str, one: Reading) -> pl.DataFrame:
    columns = range(one.expected.shape[1])
    return pl.DataFrame(
        {
            "stream": pl.Series([name] * len(one.scores), dtype=pl.String),
            "time": [show_time(each) for each in one.stream.times],
            "score": one.scores,
            "flag": one.flags,
            **{f"value {k + 1}": one.stream.values[:, k] for k in columns},
            **{f"expected {k + 1}": one.expected[:, k] for k in columns},
        }
    )


def _from_log(log: pl.DataFrame) -> dict[str, Reading]:
    count = (log.width - 4) // 2
    found = {}
    for (name,), rows in log.with_columns(pl.col("stream").fill_null("")).group_by("stream", maintain_order=True):
        values = rows.select(f"value {k + 1}" for k in range(count)).cast(pl.Float64).to_numpy()
        expected = rows.select(f"expected {k + 1}" for k in range(count)).cast(pl.Float64).to_numpy()
        times = rows["time"].to_numpy()
        stream = Stream(str(name), times, values)
        found[str(name)] = Reading(stream, rows["score"].to_numpy(), expected, rows["flag"].to_numpy())
    return found
