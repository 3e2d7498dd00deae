"""The methods a table is tried with: rules fitted at each origin, learners on lags, networks.

Rules and learners are `tasks.ahead_baselines` and `tasks.lag_forecasts`; perceptron, Elman RNN and LSTM go through one
estimator, `tasks.SequenceToSequence`, with the same settings and the same schedule. Networks and learners learn from
the training parts, the validation parts choose, and every forecast reads all that lies before its origin.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import torch.distributed as dist

from throughtime.base.run_folder import RunFolder
from throughtime.recipes.ahead.problem import Floats, Problem
from throughtime.recipes.ahead.reading import quiet_parts
from throughtime.recipes.ahead.scores import PROBABILITIES, Errors, Forecasts, errors
from throughtime.recipes.ahead.settings import Model
from throughtime.recipes.settings import Cell
from throughtime.tasks import SequenceToSequence
from throughtime.tasks.ahead_baselines import (
    Local,
    exponential_smoothing,
    naive,
    naive2,
    seasonal_naive,
    theta,
)
from throughtime.tasks.ahead_fitting import design_of, prepare
from throughtime.tasks.ahead_linear import Line
from throughtime.tasks.ahead_network import AheadNetwork
from throughtime.tasks.ahead_options import check_ahead
from throughtime.tasks.ahead_origins import train_origins
from throughtime.tasks.lag_forecasts import OnLags, boosting_ahead, ridge_ahead
from throughtime.train.ranks import Ranks, refuse_too_few

REFERENCE = "naive2"
FALLEN_BACK = "no clear gain over the last value on the validation parts, so that the last value is what it forecasts"
# Cheap enough to stand beside every score.
RULES: dict[str, Callable[[], Local]] = {
    "naive": partial(Local, naive),
    "seasonal naive": partial(Local, seasonal_naive),
    REFERENCE: partial(Local, naive2),
    "theta": partial(Local, theta),
    "exponential smoothing": partial(Local, exponential_smoothing),
}
LEARNERS: dict[str, Callable[[], OnLags]] = {"ridge on lags": ridge_ahead, "boosting on lags": boosting_ahead}
NETWORKS: dict[str, Cell] = {"perceptron": "perceptron", "Elman RNN": "rnn", "LSTM": "lstm"}
# Levels whose interval ends, with the median, are the quantiles.
LEVELS_ASKED = tuple(sorted({round(100 * abs(2 * each - 1)) for each in PROBABILITIES if each != 0.5}))


@dataclass(frozen=True)
class Trial:
    """What one fit of one method came to.

    Args:
        method: its name.
        errors: on the test part.
        parameters: numbers fitted once for all series.
        seconds: of fitting and, for rules that are fitted at each origin, of forecasting.
        choice: what validation chose, in words; of a network `FALLEN_BACK`, where its own forecasts are not told.
    """

    method: str
    errors: Errors
    parameters: int
    seconds: float
    choice: str


def names_for(problem: Problem) -> list[str]:
    """The methods, in the order of tables; without a season two naive rules are the naive one."""
    rules = [name for name in RULES if problem.plan.season > 1 or name not in ("seasonal naive",)]
    return [*rules, *LEARNERS, *NETWORKS]


def try_rule(problem: Problem, name: str) -> Trial:
    """Fit one of `RULES` or `LEARNERS`, and score it on the test part."""
    began = time.perf_counter()
    rule = (RULES | LEARNERS)[name]().fit(problem.tracks, problem.plan.horizon, problem.plan.season)
    seconds = time.perf_counter() - began
    found = rule_forecasts(problem, rule)
    seconds = time.perf_counter() - began if name in RULES else seconds
    return Trial(name, errors(problem, found), rule.parameters_count_, seconds, rule.choice_)


def rule_forecasts(problem: Problem, rule: Local | OnLags) -> Forecasts:
    """A fitted rule's forecasts from every tested origin."""
    ahead = rule.forecast(problem.tracks, problem.origins())
    return Forecasts(ahead.point, ahead.quantiles(PROBABILITIES))


def try_network(problem: Problem, name: str, model: Model, tbptt: str, seed: int) -> Trial:
    """Fit one of `NETWORKS` from one seed, and score it on the test part."""
    fitted = fit_network(problem, replace(model, cell=NETWORKS[name], seed=seed), tbptt)
    found = errors(problem, network_forecasts(problem, fitted))
    return Trial(name, found, fitted.parameters_count_, fitted.seconds_, fallen_back(fitted))


def fallen_back(fitted: SequenceToSequence) -> str:
    """`FALLEN_BACK` where a network tells the last value; "" where it tells its own forecasts."""
    return "" if fitted.calibration_.kept else FALLEN_BACK


def fit_network(
    problem: Problem,
    model: Model,
    tbptt: str,
    *,
    run: RunFolder | None = None,
    progress: bool = False,
    group: dist.ProcessGroup | None = None,
) -> SequenceToSequence:
    """Train a network on the training parts; the validation parts choose and stop it.

    Args:
        problem: series and cut.
        model: network and training.
        tbptt: schedule, such as "n,n".
        run: folder that keeps checkpoints and events, and from which an interrupted training goes on.
        progress: whether to show a progress bar.
        group: ranks that train together.

    Raises:
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    estimator = _estimator(problem, model, tbptt, progress)
    with quiet_parts():
        return estimator.fit(_training_part(problem), **_roles(problem), run=run, group=group)


def check_network(problem: Problem, model: Model, tbptt: str | None, ranks: Ranks | None = None) -> None:
    """Raise what `fit_network` would raise before its first update, at the cost of building the network.

    Args:
        problem: series and cut.
        model: network and training.
        tbptt: schedule; None: open.
        ranks: that are to train together.

    Raises:
        ConfigError, DataError, ScheduleError: the settings do not fit the table or each other.
        MemoryError, RuntimeError: the network is larger than the memory.
    """
    estimator = _estimator(problem, model, tbptt, False)
    options = check_ahead(estimator)
    with quiet_parts():
        table = prepare(options, _training_part(problem), estimator.validation, _roles(problem))
    window = options.window_steps or max(2 * problem.plan.horizon, problem.plan.season)
    origins = train_origins(table.trained, options.horizon, window)
    refuse_too_few(min(options.batch_size, len(origins)), ranks or Ranks())
    line = Line(np.zeros((1, options.horizon, window)), log=False, error=0.0)  # only its shape is asked for
    AheadNetwork(design_of(options, table, line))


def network_forecasts(problem: Problem, fitted: SequenceToSequence) -> Forecasts:
    """A trained network's forecasts from every tested origin, each with all rows before it as history."""
    points: list[Floats] = []
    quantiles: list[Floats] = []
    nothing = [0] * len(problem.series)
    for place in range(problem.plan.origins):
        starts = problem.starts(place)
        with quiet_parts():
            frame = fitted.predict(
                problem.part(nothing, starts), level=list(LEVELS_ASKED), known=_known_of(problem, starts)
            )
        for found, each in zip((points, quantiles), _read_off(frame, problem), strict=True):
            found.append(each)
    return Forecasts(np.concatenate(points), np.concatenate(quantiles))


def known_columns(frame: pl.DataFrame, problem: Problem) -> pl.DataFrame:
    """Id, time and known columns of a frame of the problem's series."""
    series = problem.series
    index = [name for name in (series.id_name, series.time_name) if name and name in frame.columns]
    return frame.select(*index, *series.known)


def _known_of(problem: Problem, starts: list[int]) -> pl.DataFrame | None:
    """What is known of the steps after these, per series; None where no column is."""
    if not problem.series.known:
        return None
    return known_columns(problem.part(starts, [start + problem.plan.horizon for start in starts]), problem)


def _estimator(problem: Problem, model: Model, tbptt: str | None, progress: bool) -> SequenceToSequence:
    trains, tests = problem.stops()
    return SequenceToSequence(
        horizon=problem.plan.horizon,
        season=problem.plan.season,
        calendar=problem.calendar,
        validation=problem.part(trains, tests),
        tbptt=tbptt,
        progress=progress,
        **vars(model),
    )


def _training_part(problem: Problem) -> pl.DataFrame:
    trains, _ = problem.stops()
    return problem.part([0] * len(trains), trains)


def _roles(problem: Problem) -> dict[str, Any]:
    """Which column is what, as `SequenceToSequence.fit` takes it."""
    series = problem.series
    return {
        "id": series.id_name,
        "time": series.time_name,
        "target": list(series.targets),
        "known": list(series.known) or None,
    }


def _read_off(frame: pl.DataFrame, problem: Problem) -> tuple[Floats, Floats]:
    """Points [J, H] and quantiles [J, H, Q] of the tracks, from a frame of H rows for each series."""
    shape = (len(problem.series), problem.plan.horizon)

    def column(name: str) -> Floats:
        return frame[name].cast(pl.Float64).to_numpy().reshape(shape)

    points = np.stack([column(target) for target in problem.series.targets], axis=1)  # [S, targets, H]
    ends = [
        np.stack([column(_named(target, probability)) for target in problem.series.targets], axis=1)
        for probability in PROBABILITIES
    ]
    tracks = (-1, problem.plan.horizon)
    return points.reshape(tracks), np.stack(ends, axis=-1).reshape(*tracks, len(PROBABILITIES))


def _named(target: str, probability: float) -> str:
    """The column of a quantile: an end of the interval that has it, the forecast itself for the median."""
    if probability == 0.5:
        return target
    return f"{target}_{'lo' if probability < 0.5 else 'hi'}_{round(100 * abs(2 * probability - 1))}"
