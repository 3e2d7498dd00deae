"""What is scored: entries whose target is present. A missing target never counts; a missing forecast is an error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from throughtime.base.errors import DataError, ShapeError

Floats = NDArray[np.float64]


def scored(target: ArrayLike, *forecasts: ArrayLike) -> tuple[Floats, ...]:
    """Keep the entries whose target is not nan, as flat float64 arrays.

    Args:
        target: any shape, nan where nothing is known.
        forecasts: arrays of the same shape.

    Returns:
        The kept targets, then the kept entries of each forecast, all [N].

    Raises:
        ShapeError: shapes differ.
        DataError: no entry is left, or a kept entry is not finite.
    """
    wanted = np.asarray(target, np.float64)
    given = [np.asarray(forecast, np.float64) for forecast in forecasts]
    for forecast in given:
        check_shape(wanted, forecast)
    kept = ~np.isnan(wanted)
    check_any(kept, wanted.size)
    parts = (wanted[kept], *(forecast[kept] for forecast in given))
    for part in parts:
        if not np.isfinite(part).all():
            raise DataError(
                f"Every scored entry must be finite: {np.count_nonzero(~np.isfinite(part))} of {part.size} are nan or "
                "infinite where a target is present. Look where the forecast was made; a nan target is skipped."
            )
    return parts


def scored_classes(target: ArrayLike) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Classes as a flat array, and where one is present (not nan, not None).

    Raises:
        DataError: no target is present.
    """
    classes = np.asarray(target).reshape(-1)
    if classes.dtype.kind == "f":
        present = ~np.isnan(classes)
    elif classes.dtype.kind == "O":
        # Only nan differs from itself.
        present = np.array([label is not None and label == label for label in classes], dtype=np.bool_)
    else:
        present = np.ones(classes.shape, np.bool_)
    check_any(present, classes.size)
    return classes, present


def class_places(target: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
    """Classes as places on the last axis of the probabilities, both flat and only where a target is present.

    Args:
        target: [...] whole numbers in [0, K), nan where nothing is known.
        probabilities: [..., K] finite.

    Returns:
        places [N] and their rows [N, K].

    Raises:
        ShapeError: shapes do not fit.
        DataError: nothing is left, a class out of range, entries that are not finite.
    """
    rows = np.asarray(probabilities, np.float64)
    wanted = np.asarray(target, np.float64)
    if rows.ndim == 0 or rows.shape[:-1] != wanted.shape:
        raise ShapeError(f"Classes [...] need one row [..., K] each: {wanted.shape} and {rows.shape} came.")
    present = ~np.isnan(wanted)
    check_any(present, wanted.size)
    kept, kept_rows = wanted[present], rows[present]
    if (kept != np.floor(kept)).any() or kept.min() < 0 or kept.max() >= rows.shape[-1]:
        raise DataError(
            f"Classes are whole numbers from 0 to {rows.shape[-1] - 1}, places on the last axis: {kept.min():g} to "
            f"{kept.max():g} came."
        )
    if np.isnan(kept_rows).any():
        raise DataError("Every scored entry needs a forecast: nan came where a target is present.")
    return kept.astype(np.int64), kept_rows


def check_shape(target: NDArray[Any], forecast: NDArray[Any]) -> None:
    """Raise ShapeError unless both have one shape; nothing is broadcast, which would score pairs that do not belong."""
    if target.shape != forecast.shape:
        raise ShapeError(f"Target and forecast need one shape: {target.shape} and {forecast.shape} came.")


def check_any(kept: NDArray[np.bool_], size: int) -> None:
    """Raise DataError if nothing is kept."""
    if not kept.any():
        raise DataError(f"A score needs at least one present target: {size} came, none of them present.")
