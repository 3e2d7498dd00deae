"""Forecasts of a series row by row, in its own units, and the frames and arrays they leave the library as.

    value = base + unit location,   interval ends likewise      base: last value; unit: typical change (`encoding`)

Columns of a frame: NAME for the forecast of a target; NAME_lo_80 and NAME_hi_80 for the ends of its 80 % interval;
NAME_p_LABEL for the probability of each label of a class target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from torch import Tensor

from throughtime.bptt import map_nest
from throughtime.data import SeriesSet
from throughtime.nn.heads import CategoricalHead, MixedHead, NumericHead, check_level
from throughtime.tasks.encoding import Encoded, Encoding
from throughtime.tasks.network import NUMBERS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Forecasts:
    """Of T rows; nan in rows that cannot be forecast.

    Args:
        value: [T, K] point forecasts of the number targets.
        intervals: for each level in percent the lower and upper ends, [T, K] each.
        probabilities: for each class target [T, number of labels].
    """

    value: Floats
    intervals: Mapping[float, tuple[Floats, Floats]]
    probabilities: tuple[Floats, ...]

    def last(self) -> Forecasts:
        """The last row only."""
        ends = {level: (low[-1:], high[-1:]) for level, (low, high) in self.intervals.items()}
        return Forecasts(self.value[-1:], ends, tuple(each[-1:] for each in self.probabilities))

    def after_a_blank(self) -> Forecasts:
        """With a row of nan before the first: forecasts of steps 0 .. T - 1 become those of rows 0 .. T."""
        ends = {level: (_blank_first(low), _blank_first(high)) for level, (low, high) in self.intervals.items()}
        return Forecasts(_blank_first(self.value), ends, tuple(map(_blank_first, self.probabilities)))


def as_levels(level: Any) -> tuple[float, ...]:
    """Levels from None, a number or several.

    Raises:
        ConfigError: one is not in percent.
    """
    levels = () if level is None else tuple(level) if isinstance(level, list | tuple | set | np.ndarray) else (level,)
    levels = tuple(each.item() if isinstance(each, np.generic) else each for each in levels)
    for each in levels:
        check_level(each)
    return levels


def decode(head: MixedHead, output: Any, encoded: Encoded, levels: Sequence[float]) -> Forecasts:
    """Bring a network's output back to the series' units.

    Args:
        head: of the network.
        output: its output for one series, [T, ...].
        encoded: the steps it was given, [T].
        levels: of the intervals, in percent.
    """

    def back(scaled: Tensor) -> Floats:
        return encoded.base + encoded.unit * scaled.double().cpu().numpy()

    value = np.empty((len(encoded.base), 0))
    intervals = dict.fromkeys(levels, (value, value))
    if NUMBERS in head.names:
        numbers = head.part(NUMBERS)
        assert isinstance(numbers, NumericHead)
        value = back(numbers.predict(output[NUMBERS]))
        ends = {level: numbers.interval(output[NUMBERS], level) for level in levels}
        intervals = {level: (back(low), back(high)) for level, (low, high) in ends.items()}
    probabilities = [
        part.probabilities(output[name]).double().cpu().numpy()
        for name, part in zip(head.names, head.parts, strict=True)
        if isinstance(part, CategoricalHead)
    ]
    return Forecasts(value, intervals, tuple(probabilities))


def row_of(output: Any, row: int) -> Any:
    """Head output [T, B, ...] of one row of the batch, [T, ...]."""
    return map_nest(lambda part: part[:, row], output)


def first_steps(output: Any, steps: int) -> Any:
    """Head output [T, ...] of the first steps."""
    return map_nest(lambda part: part[:steps], output)


def target_columns(forecasts: Forecasts, encoding: Encoding, order: Sequence[str]) -> dict[str, pl.Series]:
    """The columns of a frame of forecasts.

    Args:
        forecasts: of T rows.
        encoding: that of the series.
        order: names of the targets, in the order wanted.
    """
    columns: dict[str, pl.Series] = {}
    for name in order:
        place = encoding.columns.index(name)
        if place in encoding.numeric:
            columns |= _number_columns(forecasts, name, encoding.numeric.index(place))
        else:
            probability = forecasts.probabilities[encoding.categorical.index(place)]
            columns |= _class_columns(probability, name, encoding.classes[place])
    return columns


def as_arrays(forecasts: Forecasts, levels: Sequence[float]) -> tuple[Floats, Floats]:
    """Values [T, K] and interval ends [T, K, number of levels, 2]."""
    shape = (*forecasts.value.shape, 0, 2)
    ends = [np.stack(forecasts.intervals[level], axis=-1) for level in levels]
    return forecasts.value, np.stack(ends, axis=2) if ends else np.empty(shape)


def given_back(given: Any, values: Any, ends: Any, levels: Sequence[float]) -> Any:
    """Arrays for one array, lists for a list; with levels a pair."""
    if isinstance(given, np.ndarray):
        values, ends = values[0], ends[0]
    return (values, ends) if levels else values


def last_index(read: SeriesSet) -> pl.DataFrame:
    """Id and time of each series' last row."""
    rows = read.part([slice(len(values) - 1, None) for values in read.values])
    return rows.to_frame(values=[np.empty((1, 0))] * len(rows), columns=[])


def beside(index: pl.DataFrame, columns: Sequence[dict[str, pl.Series]] | pl.DataFrame) -> pl.DataFrame:
    """Forecast columns of each series, one below the other, with their index on the left."""
    table = columns if isinstance(columns, pl.DataFrame) else _below_each_other(columns)
    return pl.concat([index, table], how="horizontal") if index.width else table


def as_given(columns: Sequence[dict[str, pl.Series]], read: SeriesSet) -> pl.DataFrame:
    """Rows of forecasts in the order of the frame that was read, without those of filled gaps."""
    source = np.concatenate(read.source_rows)
    places = np.flatnonzero(source >= 0)
    return _below_each_other(columns)[places[np.argsort(source[places])]]


def _number_columns(forecasts: Forecasts, name: str, target: int) -> dict[str, pl.Series]:
    columns = {name: forecasts.value[:, target]}
    for level, (low, high) in forecasts.intervals.items():
        columns |= {f"{name}_lo_{level:g}": low[:, target], f"{name}_hi_{level:g}": high[:, target]}
    return {key: pl.Series(key, values).fill_nan(None) for key, values in columns.items()}


def _class_columns(probability: Floats, name: str, labels: Sequence[Any]) -> dict[str, pl.Series]:
    best = np.nan_to_num(probability).argmax(axis=1)
    likely = [None if np.isnan(row[0]) else labels[code] for code, row in zip(best, probability, strict=True)]
    columns = {name: pl.Series(name, likely)}
    for code, label in enumerate(labels):
        key = f"{name}_p_{label}"
        columns[key] = pl.Series(key, probability[:, code]).fill_nan(None)
    return columns


def _blank_first(rows: Floats) -> Floats:
    return np.concatenate([np.full((1, *rows.shape[1:]), np.nan), rows])


def _below_each_other(columns: Sequence[dict[str, pl.Series]]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(each) for each in columns], how="vertical_relaxed")
