"""A fitted estimator as one file, and back: weights as tensors, all else as a closed configuration.

    {"kind", "version", "settings", and what the kind's `fitted_state` gives}

Only kinds on a closed list are built; nothing is imported by name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from torch import Tensor

from throughtime.base import model_file
from throughtime.base.checks import plain
from throughtime.base.errors import ModelFileError
from throughtime.tasks.options import check_device

if TYPE_CHECKING:
    from throughtime.tasks.captions import CaptionGenerator
    from throughtime.tasks.classifier import SequenceClassifier
    from throughtime.tasks.generator import SequenceGenerator
    from throughtime.tasks.predictor import SequencePredictor
    from throughtime.tasks.purchases import PurchasePredictor
    from throughtime.tasks.sequence_to_sequence import SequenceToSequence
    from throughtime.tasks.stream_anomalies import StreamDetector

Estimator: TypeAlias = (
    "SequencePredictor | SequenceClassifier | SequenceGenerator | SequenceToSequence | CaptionGenerator"
    " | PurchasePredictor | StreamDetector"
)
VERSION = 1


def save(path: str | os.PathLike[str], estimator: Estimator, weights: Mapping[str, Tensor] | None = None) -> None:
    """Write a fitted estimator; see `SequencePredictor.save`.

    Args:
        path: the file.
        estimator: fitted.
        weights: its tensors; None: the whole `state_dict` of its network.
    """
    settings = {name: _plain_setting(name, value) for name, value in estimator.get_params(deep=False).items()}
    configuration = {
        "kind": type(estimator).__name__,
        "version": VERSION,
        "settings": settings,
        **estimator.fitted_state(),
    }
    model_file.save(path, estimator.network_.state_dict() if weights is None else weights, configuration)


def _plain_setting(name: str, value: Any) -> Any:
    """A setting in plain lists and numbers; data to validate by is not kept."""
    if name in ("tbptt", "device"):
        return None if value is None else str(value)
    if name == "validation":
        share = plain(value)
        return share if isinstance(share, float) else None
    if name == "class_weight" and isinstance(value, Mapping):
        return [[plain(label), plain(weight)] for label, weight in value.items()]  # JSON's keys are all texts
    return [str(each) for each in value] if isinstance(value, list | tuple | np.ndarray) else plain(value)


def _setting(name: str, value: Any) -> Any:
    """The inverse of `_plain_setting`."""
    return dict(value) if name == "class_weight" and isinstance(value, list) else value


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
    from throughtime.tasks.captions import CaptionGenerator
    from throughtime.tasks.classifier import SequenceClassifier
    from throughtime.tasks.generator import SequenceGenerator
    from throughtime.tasks.predictor import SequencePredictor
    from throughtime.tasks.purchases import PurchasePredictor
    from throughtime.tasks.sequence_to_sequence import SequenceToSequence
    from throughtime.tasks.stream_anomalies import StreamDetector

    check_device(device)
    tensors, configuration = model_file.load(path)
    known: list[type[Estimator]] = [
        SequencePredictor,
        SequenceClassifier,
        SequenceGenerator,
        SequenceToSequence,
        CaptionGenerator,
        PurchasePredictor,
        StreamDetector,
    ]
    kinds = {each.__name__: each for each in known}
    kind, version = configuration.get("kind"), configuration.get("version")
    if kind not in kinds or version != VERSION:
        raise ModelFileError(
            f"A file of an estimator has a kind out of {', '.join(kinds)} and version {VERSION}: {os.fspath(path)!r} "
            f"has {kind!r}, {version!r}. Save estimators with their `save`; read newer files with a newer throughtime."
        )
    try:
        settings = {name: _setting(name, value) for name, value in configuration["settings"].items()}
        if "device" in settings:  # a stream's detector runs on the CPU alone
            settings["device"] = device
        estimator = kinds[kind](**settings)
        estimator.restore(configuration, tensors)
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelFileError(
            f"{os.fspath(path)!r} has no configuration that fits its weights ({reason}). Save the estimator again."
        ) from error
    return estimator
