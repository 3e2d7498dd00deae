"""The settings of an estimator, checked together when it is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sklearn.exceptions
import torch

from throughtime.base.errors import ConfigError, DataError, ScheduleError, ThroughtimeError
from throughtime.bptt import TBPTT
from throughtime.tasks.calendar import check_calendar
from throughtime.tasks.network import CELLS, EMISSIONS


class NotFittedError(ThroughtimeError, sklearn.exceptions.NotFittedError):
    """An estimator was used before `fit`."""


def check_fitted(estimator: Any) -> None:
    """Raise NotFittedError unless the estimator has a network."""
    if not hasattr(estimator, "network_"):
        raise NotFittedError(
            f"{type(estimator).__name__} forecasts after `fit`: this one is not fitted. Call fit, or throughtime.load."
        )


def check_options(estimator: Any) -> TBPTT | None:
    """Check an estimator's settings.

    Returns:
        Its schedule; None where it is to be chosen.

    Raises:
        ConfigError: settings out of range, all named.
    """
    whole = ("hidden_size", "num_layers", "window_steps", "epochs", "batch_size")
    problems = [_whole(name, getattr(estimator, name)) for name in whole]
    problems += [_choice("cell", estimator.cell, CELLS), _choice("emission", estimator.emission, tuple(EMISSIONS))]
    problems += [check_calendar(estimator.calendar), _device(estimator.device)]
    problems += [_number("learning_rate", estimator.learning_rate, above=True)]
    problems += [_number("weight_decay", estimator.weight_decay), _number("dropout", estimator.dropout, below=1.0)]
    problems += [None if estimator.patience is None else _whole("patience", estimator.patience)]
    problems += [_whole("seed", estimator.seed, least=0)]
    schedule, problem = _schedule(estimator.tbptt)
    found = [each for each in [*problems, problem] if each]
    if found:
        raise ConfigError(
            f"Settings of {type(estimator).__name__}: {'; '.join(found)}. Change {'it' if len(found) == 1 else 'them'}."
        )
    return schedule


def check_classes(classes: Mapping[str, Sequence[Any]]) -> None:
    """Raise DataError where a class target has fewer than two labels in the training part."""
    single = [f"{name!r} ({', '.join(map(str, found)) or 'none'})" for name, found in classes.items() if len(found) < 2]
    if single:
        raise DataError(
            f"A class target needs at least 2 labels in the training part: {', '.join(single)}. Train on more rows, or "
            "leave it out of target=."
        )


def _schedule(tbptt: Any) -> tuple[TBPTT | None, str | None]:
    if tbptt is None or isinstance(tbptt, TBPTT):
        return tbptt, None
    if not isinstance(tbptt, str):
        return None, f"`tbptt` is a TBPTT, text such as '50,50', or None: {tbptt!r} came"
    try:
        return TBPTT.parse(tbptt), None
    except ScheduleError as error:
        return None, f"`tbptt`: {str(error).rstrip('.')}"


def _whole(name: str, value: Any, least: int = 1) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**63:
        return None
    return f"`{name}` is a whole number, at least {least}: {value!r} came"


def _number(name: str, value: Any, above: bool = False, below: float = float("inf")) -> str | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and 0 <= value < below and not (above and value == 0):
        return None
    end = f" and below {below:g}" if below < float("inf") else ""
    return f"`{name}` is a number {'above 0' if above else 'of 0 or more'}{end}: {value!r} came"


def _choice(name: str, value: Any, choices: tuple[str, ...]) -> str | None:
    return None if value in choices else f"`{name}` is one of {', '.join(choices)}: {value!r} came"


def _device(device: Any) -> str | None:
    try:
        torch.empty(0, device=device or "cpu")
    except (RuntimeError, AssertionError, TypeError) as error:
        return f"`device` is one torch can use here: {device!r} came ({str(error).splitlines()[0].rstrip('.')})"
    return None
