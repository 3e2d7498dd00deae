"""The methods a problem is tried with, each fitted the same way: on training rows, chosen on validation rows.

Persistence, climatology, ridge and gradient boosting on lags are `tasks.baselines`; perceptron, Elman RNN and LSTM go
through one estimator, `tasks.SequencePredictor`, with the same settings and the same schedule.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import torch.distributed as dist

from throughtime.base.errors import Notice
from throughtime.base.run_folder import RunFolder
from throughtime.data.ragged import batch_count
from throughtime.recipes.forecasting.problem import Problem
from throughtime.recipes.forecasting.scores import LEVELS, Scores, score
from throughtime.recipes.forecasting.settings import Model
from throughtime.recipes.settings import Cell
from throughtime.tasks import SequencePredictor
from throughtime.tasks.baselines import (
    TRAIN,
    VALIDATION,
    Forecast,
    Learned,
    Persistence,
    boosting_on_lags,
    climatology,
    ridge_on_lags,
)
from throughtime.tasks.batches import choose_schedule
from throughtime.tasks.measuring import measured_schedule
from throughtime.tasks.options import AUTO
from throughtime.tasks.preparing import Prepared, prepare
from throughtime.train.ranks import Ranks, refuse_too_few

Array = np.ndarray
BASELINES: dict[str, Callable[[], Persistence | Learned]] = {
    "persistence": Persistence,
    "climatology": climatology,
    "ridge on lags": ridge_on_lags,
    "boosting on lags": boosting_on_lags,
}
NETWORKS: dict[str, Cell] = {"perceptron": "perceptron", "Elman RNN": "rnn", "LSTM": "lstm"}


@dataclass(frozen=True)
class Trial:
    """What one fit of one method came to.

    Args:
        method: its name.
        scores: on the test part.
        parameters: numbers fitted.
        seconds: of fitting, choice on the validation part included.
        choice: what validation chose, in words; empty where there is nothing to choose.
    """

    method: str
    scores: Scores
    parameters: int
    seconds: float
    choice: str


def try_baseline(problem: Problem, name: str) -> Trial:
    """Fit one of `BASELINES` and score it on the test part."""
    steps = problem.steps()
    began = time.perf_counter()
    rule = BASELINES[name]().fit(steps, [len(labels) for labels in problem.classes.values()])
    seconds = time.perf_counter() - began
    scores = score(problem, [rule.forecast(one, LEVELS) for one in steps])
    targets = (*problem.numeric, *problem.classes)
    chosen = [f"{target} {choice}" for target, choice in zip(targets, rule.choice_, strict=False)]
    return Trial(name, scores, rule.parameters_count_, seconds, "; ".join(chosen))


def try_network(problem: Problem, name: str, model: Model, tbptt: str, seed: int) -> Trial:
    """Fit one of `NETWORKS` from one seed and score it on the test part."""
    predictor = fit_network(problem, replace(model, cell=NETWORKS[name], seed=seed), tbptt)
    scores = score(problem, forecasts_of(predictor, problem))
    return Trial(name, scores, predictor.parameters_count_, predictor.seconds_, "")


def fit_network(
    problem: Problem,
    model: Model,
    tbptt: str,
    *,
    run: RunFolder | None = None,
    progress: bool = False,
    group: dist.ProcessGroup | None = None,
) -> SequencePredictor:
    """Train a network on the training part; the validation part, read with the state carried on, stops it.

    Args:
        problem: table and split.
        model: network and training.
        tbptt: schedule, such as "50,50".
        run: folder that keeps checkpoints and events, and from which an interrupted training goes on.
        progress: whether to show a progress bar.
        group: ranks that train together.

    Raises:
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    predictor = _predictor(problem, model, tbptt, progress)
    with _table_said():
        return predictor.fit(problem.parts[TRAIN].to_frame(), **_roles(problem), run=run, group=group)


def usual_tbptt(problem: Problem, model: Model) -> str:
    """The schedule that `SequencePredictor(tbptt=None)` takes, as text."""
    lengths = problem.parts[TRAIN].lengths
    return str(choose_schedule(max(map(int, lengths)) - 1, batch_count(len(lengths), model.batch_size)))


def measured_tbptt(problem: Problem, model: Model, progress: bool, group: dist.ProcessGroup | None = None) -> str:
    """The schedule that `SequencePredictor(tbptt="auto")` would take, as text.

    Args:
        problem: table and split.
        model: network and training.
        progress: whether to show the pilot's progress and say why the schedule was chosen, on standard error.
        group: ranks that train the pilot together.
    """
    with _table_said():
        estimator, train = _predictor(problem, model, AUTO, progress), problem.parts[TRAIN].to_frame()
        return str(measured_schedule(estimator, train, _roles(problem), group))


def check_network(problem: Problem, model: Model, tbptt: str | None, ranks: Ranks | None = None) -> None:
    """Raise what `fit_network` would raise before its first update, at the cost of building the network.

    Args:
        problem: table and split.
        model: network and training.
        tbptt: schedule; None: open.
        ranks: that are to train together.

    Raises:
        ConfigError, DataError, ScheduleError: the settings do not fit the table or each other.
        MemoryError, RuntimeError: the network is larger than the memory.
    """
    ready = prepare_network(problem, model, tbptt)
    refuse_too_few(sum(bool(stretch.train_rows) for stretch in ready.stretches), ranks or Ranks())


def prepare_network(problem: Problem, model: Model, tbptt: str | None) -> Prepared:
    """What `fit_network` begins with: the untrained network, and the training and validation rows as it reads them.

    Raises:
        ConfigError, DataError, ScheduleError, MemoryError, RuntimeError: as `check_network`.
    """
    with _table_said():
        return prepare(_predictor(problem, model, tbptt, False), problem.parts[TRAIN].to_frame(), **_roles(problem))


def _predictor(problem: Problem, model: Model, tbptt: str | None, progress: bool) -> SequencePredictor:
    return SequencePredictor(
        cell=model.cell,
        hidden_size=model.hidden_size,
        num_layers=model.num_layers,
        window_steps=model.window_steps,
        emission=model.emission,
        calendar=problem.calendar,
        tbptt=tbptt,
        epochs=model.epochs,
        batch_size=model.batch_size,
        learning_rate=model.learning_rate,
        weight_decay=model.weight_decay,
        dropout=model.dropout,
        averaging=model.averaging,
        patience=model.patience,
        validation=problem.parts[VALIDATION].to_frame(),
        seed=model.seed,
        device=model.device,
        checkpoint_every_s=model.checkpoint_every_s,
        memory=model.memory,
        progress=progress,
    )


def _roles(problem: Problem) -> dict[str, Any]:
    """Which column is what, as `SequencePredictor.fit` takes it."""
    series = problem.series
    return {
        "id": series.id_name,
        "time": series.time_name,
        "target": list(series.targets),
        "known": list(series.known) or None,
    }


def forecasts_of(predictor: SequencePredictor, problem: Problem, levels: Sequence[int] = LEVELS) -> list[Forecast]:
    """One-step forecasts of every row, the state carried from the first row to the last."""
    with _table_said():
        frame = predictor.predict_steps(problem.series.to_frame(), level=list(levels))
    ends = np.cumsum(problem.series.lengths)
    starts = ends - problem.series.lengths
    return [_forecast(frame[int(start) : int(end)], problem, levels) for start, end in zip(starts, ends, strict=True)]


@contextmanager
def _table_said() -> Iterator[None]:
    """What there is to say of the table was said when it was read; not again for each of its parts."""
    with warnings.catch_warnings():
        for start in ("Missing values of", "No regular step fits"):
            warnings.filterwarnings("ignore", message=start, category=Notice)
        yield


def _forecast(frame: pl.DataFrame, problem: Problem, levels: Sequence[int]) -> Forecast:
    numeric = problem.numeric

    def matrix(names: Sequence[Any]) -> Array:
        return frame.select(pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in names).to_numpy()

    intervals = {
        level: (matrix([f"{name}_lo_{level}" for name in numeric]), matrix([f"{name}_hi_{level}" for name in numeric]))
        for level in levels
    }
    probability = [matrix([f"{name}_p_{label}" for label in labels]) for name, labels in problem.classes.items()]
    return Forecast(matrix(numeric), intervals, probability)
