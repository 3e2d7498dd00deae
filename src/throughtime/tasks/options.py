"""The settings of an estimator, checked together when it is fitted: those that all have, and those of series."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import sklearn.exceptions
import torch

from throughtime.base.amounts import as_bytes
from throughtime.base.checks import Checks, as_number
from throughtime.base.errors import ConfigError, DataError, DeviceError, ScheduleError, ThroughtimeError
from throughtime.bptt import TBPTT
from throughtime.tasks.calendar import check_calendar
from throughtime.tasks.network import CELLS, EMISSIONS

AUTO = "auto"  # `tbptt` that is measured
# An LSTM layer of so many units has 64 GiB of weights, and no perceptron looks back so far.
MOST_UNITS, MOST_LAYERS, MOST_WINDOW = 65_536, 1_000, 100_000
# Adam moves each weight by about the rate, and shrinks it by the share rate * decay: more than this only diverges.
MOST_RATE, MOST_DECAY = 10.0, 100.0


class NotFittedError(ThroughtimeError, sklearn.exceptions.NotFittedError):
    """An estimator was used before `fit`."""


def check_fitted(estimator: Any) -> None:
    """Raise NotFittedError unless the estimator has a network."""
    if not hasattr(estimator, "network_"):
        raise NotFittedError(
            f"{type(estimator).__name__} forecasts after `fit`: this one is not fitted. Call fit, or throughtime.load."
        )


@dataclass(frozen=True, kw_only=True)
class SharedOptions:
    """The settings that every trained estimator has, checked, as plain Python values.

    Args:
        schedule: None: to be chosen.
    """

    hidden_size: int
    num_layers: int
    schedule: TBPTT | None
    memory: int | None
    learning_rate: float
    weight_decay: float
    dropout: float
    patience: int | None
    device: torch.device
    seed: int
    progress: bool | None


@dataclass(frozen=True, kw_only=True)
class Options(SharedOptions):
    """The settings of an estimator for series; `SequencePredictor` says what each means."""

    cell: str
    window_steps: int
    emission: str
    averaging: float
    calendar: str | tuple[str, ...]
    epochs: int
    batch_size: int
    checkpoint_every_s: float | None


def check_shared(checks: Checks, estimator: Any) -> dict[str, Any]:
    """The values of `SharedOptions` by name, from an estimator's settings; problems are noted in `checks`."""
    patience = estimator.patience
    return {
        "hidden_size": checks.whole("hidden_size", estimator.hidden_size, below=MOST_UNITS + 1),
        "num_layers": checks.whole("num_layers", estimator.num_layers, below=MOST_LAYERS + 1),
        "schedule": check_schedule(checks, estimator.tbptt),
        "memory": check_memory(checks, estimator.memory),
        "learning_rate": checks.number("learning_rate", estimator.learning_rate, above=0, most=MOST_RATE),
        "weight_decay": checks.number("weight_decay", estimator.weight_decay, most=MOST_DECAY),
        "dropout": checks.number("dropout", estimator.dropout, below=1),
        "patience": None if patience is None else checks.whole("patience", patience),
        "device": check_place(checks, estimator.device),
        "seed": checks.whole("seed", estimator.seed, 0),
        "progress": None if estimator.progress is None else checks.flag("progress", estimator.progress),
    }


def check_options(estimator: Any) -> Options:
    """Check an estimator's settings.

    Raises:
        ConfigError: settings out of range, all named.
    """
    checks = Checks()
    options = Options(
        **check_shared(checks, estimator),
        cell=checks.choice("cell", estimator.cell, CELLS),
        window_steps=checks.whole("window_steps", estimator.window_steps, below=MOST_WINDOW + 1),
        emission=checks.choice("emission", estimator.emission, tuple(EMISSIONS)),
        averaging=checks.number("averaging", estimator.averaging, below=1),
        calendar=check_periods(checks, estimator.calendar),
        epochs=checks.whole("epochs", estimator.epochs),
        batch_size=checks.whole("batch_size", estimator.batch_size),
        checkpoint_every_s=check_every(checks, estimator.checkpoint_every_s),
    )
    checks.report(f"Settings of {type(estimator).__name__}")
    return options


def filled(estimator: Any, defaults: Mapping[str, Any]) -> SimpleNamespace:
    """An estimator's settings, with defaults of its kind in place of None and of "auto" for `validation`."""
    given = estimator.get_params(deep=False)
    left = {name for name, value in given.items() if (_is_auto(value) if name == "validation" else value is None)}
    return SimpleNamespace(**{name: defaults.get(name) if name in left else value for name, value in given.items()})


def check_unused(checks: Checks, estimator: Any, names: Sequence[str], why: str) -> None:
    """Note settings that another kind of sequences has, where they are not as they come."""
    defaults = {name: each.default for name, each in inspect.signature(type(estimator)).parameters.items()}
    set_ = [name for name in names if getattr(estimator, name) != defaults[name]]
    if set_:
        checks.add(f"{', '.join(f'`{name}`' for name in set_)} {'is' if len(set_) == 1 else 'are'} {why}")


def refuse_given(rule: str, **given: Any) -> None:
    """Raise ConfigError where an argument came that the kind of sequences does not take."""
    came = [f"{name}=" for name, value in given.items() if value is not None]
    if came:
        raise ConfigError(f"{rule}: {', '.join(came)} came. Leave it out.")


def refuse_columns(y: Any, times: Any) -> None:
    """Raise ConfigError where columns stand beside the series that are to be forecast."""
    if y is None and times is None:
        return
    raise ConfigError(
        "Targets are columns of `series`: a `y` came beside it. Name them with target=; or, of a customer's next "
        "purchase, write PurchasePredictor().fit(users, items, times)."
    )


def check_window(options: Options, rows: int) -> None:
    """Raise ConfigError where a perceptron's window is longer than the longest of the series it trains on."""
    if options.cell == "perceptron" and options.window_steps > rows:
        raise ConfigError(
            f"A perceptron's window fits into the training part: window_steps={options.window_steps} came for at most "
            f"{rows} training rows a series. Choose a shorter window, or train on longer series."
        )


def check_device(device: Any) -> None:
    """Make sure that torch can use a device here; None is the CPU.

    Raises:
        DeviceError: there is no such device, or torch cannot use it here.
    """
    checks = Checks()
    check_place(checks, device)
    if checks.problems:
        raise DeviceError(
            f"{checks.problems[0]}. Leave `device` out for the CPU; throughtime doctor lists what is here."
        )


def check_classes(classes: Mapping[str, Sequence[Any]]) -> None:
    """Raise DataError where a class target has fewer than two labels in the training part."""
    single = [f"{name!r} ({', '.join(map(str, found)) or 'none'})" for name, found in classes.items() if len(found) < 2]
    if single:
        raise DataError(
            f"A class target needs at least 2 labels in the training part: {', '.join(single)}. Train on more rows, or "
            "leave it out of target=."
        )


def check_schedule(checks: Checks, tbptt: Any) -> TBPTT | None:
    """The schedule that a setting `tbptt` names; None where it is left open or to be measured."""
    if tbptt is None or isinstance(tbptt, TBPTT):
        return tbptt
    if not isinstance(tbptt, str):
        checks.add(f"`tbptt` is a TBPTT, text such as '50,50' or 'auto', or None: {tbptt!r} came")
        return None
    if tbptt == AUTO:
        return None
    try:
        return TBPTT.parse(tbptt)
    except ScheduleError as error:
        checks.add(f"`tbptt`: {error}")
        return None


def refuse_auto(checks: Checks, tbptt: Any) -> None:
    """Note where `tbptt` is to be measured, which is for series."""
    if isinstance(tbptt, str) and tbptt == AUTO:
        checks.add("`tbptt` is a TBPTT, text such as '40,40', or None: 'auto' came, which measures series only")


def check_every(checks: Checks, seconds: Any) -> float | None:
    """The seconds that a setting `checkpoint_every_s` names; None: by the time that writing takes."""
    return None if seconds is None else checks.number("checkpoint_every_s", seconds)


def check_share(checks: Checks, validation: Any) -> float | None:
    """The share that a setting `validation` names; None where it is none, or data of its own."""
    number = as_number(validation)
    if number is None:
        return None
    if not 0 < number < 1:
        checks.add(f"`validation` as a share lies between 0 and 1: {validation!r} came")
    return number


def check_memory(checks: Checks, memory: Any) -> int | None:
    """The bytes that a setting `memory` names; None: no bound."""
    try:
        return as_bytes("memory", memory)
    except ConfigError as error:
        checks.add(str(error))
        return None


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == AUTO


def check_periods(checks: Checks, calendar: Any) -> str | tuple[str, ...]:
    """The periods that a setting `calendar` names."""
    problem = check_calendar(calendar)
    checks.add(problem)
    return calendar if problem or isinstance(calendar, str) else tuple(calendar)


def check_place(checks: Checks, device: Any) -> torch.device:
    """The device that a setting `device` names, where torch can use it; None is the CPU."""
    try:
        tensor = torch.zeros(1, device="cpu" if device is None else device)
        tensor.tolist()  # on "meta" there are tensors, but no numbers
        return tensor.device
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        checks.add(f"`device` is one torch can use here: {device!r} came ({reason})")
        return torch.device("cpu")
