"""A fitted estimator as one file, and back: weights as tensors, all else as a closed configuration.

    {"kind", "version", "settings", and what the kind's `fitted_state` gives}

Only kinds on a closed list are built; nothing is imported by name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from throughtime.base import model_file
from throughtime.base.checks import plain
from throughtime.base.errors import ModelFileError
from throughtime.tasks.options import check_device

if TYPE_CHECKING:
    from throughtime.tasks.predictor import SequencePredictor
    from throughtime.tasks.purchases import PurchasePredictor

VERSION = 1


def save(
    path: str | os.PathLike[str],
    estimator: SequencePredictor | PurchasePredictor,
    weights: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a fitted estimator; see `SequencePredictor.save`.

    Args:
        path: the file.
        estimator: fitted.
        weights: of its network; None: its whole `state_dict`.
    """
    settings: dict[str, Any] = {name: plain(value) for name, value in estimator.get_params(deep=False).items()}
    share = settings["validation"]
    settings |= {
        "tbptt": None if settings["tbptt"] is None else str(settings["tbptt"]),
        "device": None if settings["device"] is None else str(settings["device"]),
        "validation": share if isinstance(share, float) else None,
    }
    if not isinstance(settings.get("calendar", ""), str):
        settings["calendar"] = [str(period) for period in settings["calendar"]]
    configuration = {
        "kind": type(estimator).__name__,
        "version": VERSION,
        "settings": settings,
        **estimator.fitted_state(),
    }
    model_file.save(path, estimator.network_.state_dict() if weights is None else weights, configuration)


def load(path: str | os.PathLike[str], device: Any = None) -> Any:
    """Read an estimator that `save` wrote.

    Args:
        path: the file.
        device: where the network goes; None: the CPU.

    Returns:
        The estimator, fitted.

    Raises:
        DeviceError: torch cannot use `device` here.
        FileMissingError: there is no such file.
        ModelFileError: the file is damaged, altered, or holds something else.
    """
    # Estimators save themselves through this module.
    from throughtime.tasks.predictor import SequencePredictor
    from throughtime.tasks.purchases import PurchasePredictor

    check_device(device)
    tensors, configuration = model_file.load(path)
    kinds = {each.__name__: each for each in (SequencePredictor, PurchasePredictor)}
    kind, version = configuration.get("kind"), configuration.get("version")
    if kind not in kinds or version != VERSION:
        raise ModelFileError(
            f"A file of an estimator has a kind out of {', '.join(kinds)} and version {VERSION}: {os.fspath(path)!r} "
            f"has {kind!r}, {version!r}. Save estimators with their `save`; read newer files with a newer throughtime."
        )
    try:
        settings = {**configuration["settings"], "device": device}
        estimator = kinds[kind](**settings)
        estimator.restore(configuration, tensors)
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelFileError(
            f"{os.fspath(path)!r} has no configuration that fits its weights ({reason}). Save the estimator again."
        ) from error
    return estimator
