"""The methods that walk through time: naive rules, logistic regression and boosted trees on lags, networks.

always-up    the class most frequent in the training part, which is up for most securities and times
last-sign    the sign of the newest return; its probabilities are how often a sign was followed by each class
on lags      `tasks.baselines`, lags and penalty or trees chosen by the validation part
networks     `tasks.SequencePredictor`, the epoch kept chosen by the validation part
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from throughtime.recipes.forecasting.methods import fit_network, forecasts_of
from throughtime.recipes.forecasting.settings import Model
from throughtime.recipes.settings import Cell
from throughtime.recipes.stock.scores import Forecasts, call
from throughtime.recipes.stock.walk import Stage
from throughtime.tasks import SequencePredictor
from throughtime.tasks.baselines import TRAIN, boosting_on_lags, ridge_on_lags

Array = np.ndarray
ALWAYS_UP, LAST_SIGN = "always-up", "last-sign"
NAIVE = (ALWAYS_UP, LAST_SIGN)
ON_LAGS = {"logistic on lags": ridge_on_lags, "boosting on lags": boosting_on_lags}
NETWORKS: dict[str, Cell] = {"perceptron": "perceptron", "Elman RNN": "rnn", "LSTM": "lstm"}
METHODS = (*NAIVE, *ON_LAGS, *NETWORKS)


@dataclass(frozen=True)
class Trial:
    """One method on one stretch.

    Args:
        method: its name.
        seed: of a network; 0 for the others.
        forecasts: of the stretch's decisions.
        parameters: numbers fitted.
        seconds: of fitting.
    """

    method: str
    seed: int
    forecasts: Forecasts
    parameters: int
    seconds: float


def try_method(prepare: Callable[[], Stage], method: str, model: Model, tbptt: str, seed: int, how: str) -> Trial:
    """Fit a method on a stretch and forecast its decisions.

    Args:
        prepare: makes the stretch ready.
        method: one of `METHODS`.
        model: settings of the networks.
        tbptt: their schedule.
        seed: of a network.
        how: a movement is called, see `scores.call`.
    """
    stage = prepare()
    if method in NAIVE:
        return Trial(method, 0, naive(stage, method), 0, 0.0)
    if method in ON_LAGS:
        return _on_lags(stage, method, how)
    predictor = fit_network(stage.problem, replace(model, cell=NETWORKS[method], seed=seed), tbptt)
    forecasts = network_forecasts(stage, predictor, how)
    return Trial(method, seed, forecasts, predictor.parameters_count_, predictor.seconds_)


def naive(stage: Stage, method: str) -> Forecasts:
    """The decisions of a naive rule on a stretch."""
    _, _, came, sign = stage.decisions
    shares = np.broadcast_to(stage.shares, (len(came), len(stage.shares)))
    usual = float(stage.shares.argmax())
    if method == ALWAYS_UP:
        return _forecasts(stage, shares, np.full(len(came), usual))
    followed = _followed(stage)
    known = np.isfinite(sign)
    place = np.nan_to_num(sign).astype(int)
    probability = np.where(known[:, None], followed[place], shares)
    return _forecasts(stage, probability, np.where(known, sign, usual))


def network_forecasts(stage: Stage, predictor: SequencePredictor, how: str) -> Forecasts:
    """The decisions of a trained network on a stretch, its state carried on from the first session."""
    found = [forecast.probability[0] for forecast in forecasts_of(predictor, stage.problem, ())]
    return _called(stage, found, how)


def _on_lags(stage: Stage, method: str, how: str) -> Trial:
    steps = stage.problem.steps()
    began = time.perf_counter()
    rule = ON_LAGS[method]().fit(steps, [len(stage.shares)])
    seconds = time.perf_counter() - began
    forecasts = _called(stage, [rule.forecast(each, ()).probability[0] for each in steps], how)
    return Trial(method, 0, forecasts, rule.parameters_count_, seconds)


def _called(stage: Stage, probability: list[Array], how: str) -> Forecasts:
    """Decisions from the probabilities of every row of every series."""
    found = np.concatenate([each[rows] for each, rows in zip(probability, stage.rows, strict=True)])
    shares = np.broadcast_to(stage.shares, found.shape)
    return _forecasts(stage, found, call(found, shares, how))


def _forecasts(stage: Stage, probability: Array, called: Array) -> Forecasts:
    session, security, came, _ = stage.decisions
    shares = np.broadcast_to(stage.shares, probability.shape)
    stretch = np.full(len(session), stage.number)
    return Forecasts(stretch, session, security, came, np.array(probability), np.array(shares), called)


def _followed(stage: Stage) -> Array:
    """How often each sign was followed by each class in the training part [K, K]; one case more of each than came."""
    classes = len(stage.shares)
    counts = np.ones((classes, classes))
    for track, part in zip(stage.tracks, stage.problem.part, strict=True):
        before, after = track.sign[:-1], track.movement[1:]
        kept = np.isfinite(before) & np.isfinite(after) & (part[1:] == TRAIN)
        np.add.at(counts, (before[kept].astype(int), after[kept].astype(int)), 1.0)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))
