"""A trained network's errors beside persistence's, and its forecast of the next step, as tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl

from throughtime import metrics
from throughtime.base.errors import DataError
from throughtime.data import SeriesSet
from throughtime.recipes.forecasting.problem import Problem
from throughtime.recipes.forecasting.scores import LEVELS, Scores, few_rows_note, score
from throughtime.recipes.table import Cell, Column, Table
from throughtime.tasks import SequencePredictor
from throughtime.tasks.baselines import TEST, Forecast, last_before


def scores_table(problem: Problem, forecasts: Sequence[Forecast]) -> Table:
    """One row for each target: the forecasts' scores on the test part.

    RMSE, MAE and accuracy stand beside persistence's on the same rows. Coverage, Brier score and log loss stand alone:
    persistence names one value or class for sure.
    """
    scores, naive = score(problem, forecasts), score(problem, _persistence(problem))
    numbers = _number_columns() if problem.numeric else []
    columns = [Column("target"), *numbers, *(_class_columns() if problem.classes else [])]
    cells = [{"target": name, **_number_cells(name, scores, naive)} for name in problem.numeric]
    cells += [{"target": name, **_class_cells(name, scores, naive)} for name in problem.classes]
    rows = tuple(tuple(row.get(column.key) for column in columns) for row in cells)
    title = f"{problem.title}: {int(problem.parts[TEST].lengths.sum()):,} rows, one step ahead"
    return Table(title, tuple(columns), rows, (*problem.notes, *few_rows_note(problem)))


def next_step_table(problem: Problem, predictor: SequencePredictor) -> Table:
    """The step after the last row of every series: forecast and intervals, most likely class and its probability.

    Where columns are known ahead, the table's last row of every series holds them for the step to be forecast, with all
    targets empty.

    Raises:
        DataError: columns are known ahead, and a series does not end in such a row.
    """
    series = problem.series
    history, ahead = (series.to_frame(), None) if not series.known else _known_ahead(series)
    frame = predictor.predict(history, level=list(LEVELS), known=ahead)
    index = [name for name in (series.id_name, series.time_name) if name and name in frame.columns]
    ends = [Column(end, f"{level} % interval", None) for level in LEVELS for end in ("from", "to")]
    ends = ends if problem.numeric else []
    chance = [Column("probability", digits=3)] if problem.classes else []
    columns = [*(Column(name) for name in index), Column("target"), Column("forecast", digits=None), *ends, *chance]
    rows: list[tuple[Cell, ...]] = []
    for row in frame.iter_rows(named=True):
        start = [row[name] for name in index]
        for name in problem.numeric:
            reach = [row[f"{name}_{end}_{level}"] for level in LEVELS for end in ("lo", "hi")]
            rows.append((*start, name, row[name], *reach, *([None] * len(chance))))
        for name in problem.classes:
            likely = row[f"{name}_p_{row[name]}"]
            rows.append((*start, name, _label(row[name]), *([None] * len(ends)), likely))
    return Table(f"{problem.title}: the next step", tuple(columns), tuple(rows), problem.notes)


def _known_ahead(series: SeriesSet) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows before each series' last one, and id, time and known columns of that one."""
    targets = series.places(series.targets)
    ends = [values[-1] for values in series.values]
    if not all(np.isnan(end[targets]).all() and np.isfinite(end[series.places(series.known)]).all() for end in ends):
        raise DataError(
            f"What is known ahead is needed for the step to be forecast: {', '.join(series.known)}. End every series "
            "with a row that holds its time and these columns, and no targets."
        )
    last = series.part([slice(len(values) - 1, None) for values in series.values]).to_frame()
    index = [name for name in (series.id_name, series.time_name) if name and name in last.columns]
    return series.part(slice(0, -1)).to_frame(), last.select(*index, *series.known)


def _label(label: object) -> Cell:
    return label if isinstance(label, bool) else str(label)


def _number_columns() -> list[Column]:
    """Errors in the target's unit differ in size from row to row, so each shows three figures."""
    errors = [Column(name, group, None) for group in ("RMSE", "MAE") for name in ("network", "persistence")]
    inside = [Column(f"{level} %", "inside interval") for level in LEVELS]
    return [*errors[:2], Column("skill", "RMSE"), *errors[2:], *inside]


def _class_columns() -> list[Column]:
    accuracy = [Column(name, "accuracy", 3) for name in ("network", "persistence")]
    return [Column("Brier", digits=3), Column("log loss", digits=3), *accuracy]


def _number_cells(name: str, scores: Scores, naive: Scores) -> dict[str, Cell]:
    error, reference = scores["RMSE", name], naive["RMSE", name]
    return {
        "RMSE.network": error,
        "RMSE.persistence": reference,
        # A target that never moves leaves persistence without error, and skill without meaning.
        "RMSE.skill": metrics.skill(error, reference) if reference > 0 else math.nan,
        "MAE.network": scores["MAE", name],
        "MAE.persistence": naive["MAE", name],
        **{f"inside interval.{level} %": scores[f"coverage {level}", name] for level in LEVELS},
    }


def _class_cells(name: str, scores: Scores, naive: Scores) -> dict[str, Cell]:
    return {
        "Brier": scores["Brier", name],
        "log loss": scores["log loss", name],
        "accuracy.network": scores["accuracy", name],
        "accuracy.persistence": naive["accuracy", name],
    }


def _persistence(problem: Problem) -> list[Forecast]:
    """Every value, and every class for sure, as the last one seen."""
    forecasts = []
    for numbers, labels in zip(problem.numeric_values(), problem.class_labels(), strict=True):
        last = last_before(labels, labels >= 0, 0)
        sure = [np.eye(len(known))[last[:, n]] for n, known in enumerate(problem.classes.values())]
        forecasts.append(Forecast(last_before(numbers, np.isfinite(numbers), np.nan), {}, sure))
    return forecasts
