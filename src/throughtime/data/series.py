"""One series or many, as arrays on a regular grid of time: what every estimator and recipe reads.

    values[s]   [T, C] float64, nan = missing; a categorical column holds places in its list of categories
    times[s]    [T] or absent

`reading.py` makes a SeriesSet from a table or from arrays and states the rules it keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from throughtime.base.errors import DataError, ShapeError
from throughtime.data import grid
from throughtime.data.clock import Clock, as_column
from throughtime.data.columns import say_unseen
from throughtime.data.filling import fill_forward
from throughtime.data.tables import check_names

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SeriesSet:
    """Series with the same columns.

    Attributes:
        values: per series [T, C] float64, nan where missing.
        times: per series [T], datetime64 or numbers; None without times.
        ids: per series its id; 0, 1, ... where the table has none.
        columns: names of the C columns.
        step: the regular step between rows (`grid`), None if there is none.
        targets: the columns to predict.
        known: the columns whose values are known ahead of time.
        categories: per categorical column its labels; a value v in that column is the label at v.
        source_rows: per series [T] the row of the table a step came from, counted from 0; -1 for a filled gap.
        time: the column, or "year,month,...", that times were read from; None without times.
        id_name: the id column, None without one.
        time_format: format that text times were read with.
        zone: zone the times are shown in; they are stored in UTC.
    """

    values: list[Floats]
    times: list[NDArray[Any]] | None
    ids: tuple[Any, ...]
    columns: tuple[str, ...]
    step: grid.Step
    targets: tuple[str, ...]
    known: tuple[str, ...]
    categories: Mapping[str, tuple[Any, ...]]
    source_rows: list[NDArray[np.int64]]
    time: str | None = None
    id_name: str | None = None
    time_format: str | None = None
    zone: str | None = None

    def __len__(self) -> int:
        """Number of series."""
        return len(self.values)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Steps of each series."""
        return np.array([len(series) for series in self.values], np.int64)

    @property
    def time_name(self) -> str:
        """Name of the time column when written back: "time" where several columns gave it, time_ if taken."""
        if self.time is not None and "," not in self.time:
            return self.time
        taken = {*self.columns, self.id_name}
        return next(name for end in count() if (name := "time" + "_" * end) not in taken)

    def places(self, names: Sequence[str]) -> list[int]:
        """Places of the named columns on the C axis.

        Raises:
            DataError: a name is unknown.
        """
        check_names(names, self.columns)
        return [self.columns.index(name) for name in names]

    def filled(self, leading: ArrayLike | None = None) -> tuple[list[Floats], list[NDArray[np.bool_]]]:
        """Fill missing values forward, for input.

        Args:
            leading: [C] or a number, put where a series begins with missing values: `Scaling.centre`, so that they are
                0 after scaling. None refuses such series. Categorical columns get -1 there, which no category has.

        Returns:
            Per series the filled values [T, C], and where a value was observed [T, C].

        Raises:
            DataError: `leading` is None and a series begins with missing values.
        """
        start = np.full(len(self.columns), np.nan if leading is None else leading, dtype=np.float64)
        start[self.places(list(self.categories))] = -1.0
        pairs = [fill_forward(series, start) for series in self.values]
        for name, (filled, _) in zip(self.ids, pairs, strict=True):
            self._check_filled(name, filled)
        return [filled for filled, _ in pairs], [observed for _, observed in pairs]

    def part(self, rows: slice | Sequence[slice]) -> SeriesSet:
        """The steps in `rows`: one slice for all series, or one for each."""
        slices = [rows] * len(self) if isinstance(rows, slice) else list(rows)
        if len(slices) != len(self):
            raise ShapeError(
                f"One slice for all series or one for each: {len(self)} series, {len(slices)} slices came."
            )
        return replace(
            self,
            values=[series[cut] for series, cut in zip(self.values, slices, strict=True)],
            times=None if self.times is None else [t[cut] for t, cut in zip(self.times, slices, strict=True)],
            source_rows=[row[cut] for row, cut in zip(self.source_rows, slices, strict=True)],
        )

    def seen_categories(self) -> dict[str, tuple[Any, ...]]:
        """Per categorical column the labels that occur in these series, in their order."""
        seen = {}
        for name, labels in self.categories.items():
            place = self.columns.index(name)
            codes = np.unique(np.concatenate([series[:, place] for series in self.values]))
            seen[name] = tuple(labels[int(code)] for code in codes[~np.isnan(codes)])
        return seen

    def recoded(self, categories: Mapping[str, Sequence[Any]]) -> SeriesSet:
        """The same series with codes of other category lists; labels not in them are said and become missing.

        Args:
            categories: labels per categorical column, such as `train.seen_categories()`; all columns must be there.

        Raises:
            DataError: a categorical column has no list.
        """
        check_names(self.categories, list(categories))
        values = [series.copy() for series in self.values]
        for name in self.categories:
            self._recode_column(values, name, list(categories[name]))
        return replace(self, values=values, categories={name: tuple(categories[name]) for name in self.categories})

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for `from_frame` that read another table as this one was read, ready for JSON or TOML.

        The other table may be short: empty and constant columns are legal in it, and the step is not inferred again.
        """
        given = {
            "time": self.time,
            "id": self.id_name,
            "columns": list(self.columns),
            "target": list(self.targets),
            "known": list(self.known),
            "categories": {name: list(labels) for name, labels in self.categories.items()},
            "time_format": self.time_format,
            "step": self.step,
            "fitting": False,
        }
        return {key: value for key, value in given.items() if value is not None}

    def to_frame(self, values: Sequence[ArrayLike] | None = None, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """One long frame: id, time, then the columns, categories as their labels.

        Args:
            values: per series [T, n] to write instead of the series' own, such as predictions.
            columns: names of those n columns; known names with categories become labels. None: the series' own.

        Returns:
            Polars frame; `tables.in_kind_of` turns it into the kind that came in.
        """
        names = list(self.columns if columns is None else columns)
        rows = np.concatenate(
            [np.asarray(series, np.float64) for series in (self.values if values is None else values)]
        )
        if rows.shape != (self.lengths.sum(), len(names)):
            raise ShapeError(
                f"`values` needs one row per step and one column per name: {(int(self.lengths.sum()), len(names))} "
                "wanted, "
                f"{rows.shape} came (all series joined)."
            )
        data = [self._labelled(name, rows[:, place]) for place, name in enumerate(names)]
        return pl.DataFrame(self._index_columns() + data)

    def _index_columns(self) -> list[pl.Series]:
        index = []
        if self.id_name is not None:
            each = [label for label, length in zip(self.ids, self.lengths, strict=True) for _ in range(length)]
            index.append(pl.Series(self.id_name, each))
        if self.times is not None:
            index.append(as_column(Clock(np.concatenate(self.times), self.time_name, None, self.zone)))
        return index

    def _labelled(self, name: str, column: Floats) -> pl.Series:
        numbers = pl.Series(name, column).fill_nan(None)
        labels = self.categories.get(name)
        if labels is None:
            return numbers
        return pl.Series(name, [None if code is None else labels[int(code)] for code in numbers])

    def _recode_column(self, values: list[Floats], name: str, labels: list[Any]) -> None:
        place, old = self.columns.index(name), self.categories[name]
        table = np.array([labels.index(label) if label in labels else np.nan for label in old], np.float64)
        unseen: list[int] = []
        for series in values:
            codes = series[~np.isnan(series[:, place]), place].astype(np.int64)
            series[~np.isnan(series[:, place]), place] = table[codes]
            unseen += codes[np.isnan(table[codes])].tolist()
        if unseen:
            say_unseen(name, [str(old[code]) for code in sorted(set(unseen))], len(unseen))

    def _check_filled(self, name: Any, filled: Floats) -> None:
        left = np.isnan(filled).any(axis=0)
        if left.any():
            columns = ", ".join(repr(self.columns[place]) for place in np.flatnonzero(left))
            raise DataError(
                f"Missing values at a series' start need a value to begin with: {columns} of series {name!r} "
                "starts with "
                "missing cells. Pass leading=scaling.centre, fitted on the training part."
            )
