"""Scaling of columns, fitted on the training part only.

    standard   z = (x - mean) / sd
    log1p      z = (s(x) - mean) / sd,   s(x) = sign(x) log(1 + |x|), for skewed amounts such as rain
    none       z = x, for categories and flags

mean and sd are taken over the observed values of the training part; a column that is constant there keeps sd 1. All
are inverted exactly up to rounding. sign(x) makes log1p defined for the negative values a later part may hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from throughtime.base.errors import ConfigError, DataError, ShapeError

Floats = NDArray[np.float64]
Transform = Literal["standard", "log1p", "none"]
_PLAIN: Transform = "standard"
# A normal sample of any size worth training on stays far below this skewness; rain and waiting times are above.
_SKEWED = 2.0


@dataclass(frozen=True)
class Scaling:
    """How each column is scaled.

    Attributes:
        transforms: one of "standard", "log1p", "none" per column.
        mean: [C] of the transformed training values; 0 for "none".
        sd: [C] of the transformed training values; 1 for "none" and for constant columns.
    """

    transforms: tuple[Transform, ...]
    mean: Floats
    sd: Floats

    @classmethod
    def fit(
        cls,
        values: ArrayLike | Sequence[ArrayLike],
        observed: ArrayLike | Sequence[ArrayLike] | None = None,
        transforms: Sequence[Transform] | Literal["auto"] | None = None,
    ) -> Scaling:
        """Fit on the training part.

        Args:
            values: [T, C], or a list of such; nan where missing.
            observed: true where a value counts, shaped as `values`; None: wherever it is not nan.
            transforms: one per column; None: "standard" for all; "auto": `choose_transforms`.

        Returns:
            The scaling.

        Raises:
            ShapeError: shapes that do not fit.
            ConfigError: an unknown transform, or not one per column.
            DataError: a column without an observed value, an infinite value, or negative ones under log1p.
        """
        columns = _observed_columns(values, observed)
        chosen: tuple[Transform, ...]
        if transforms == "auto":
            chosen = choose_transforms(values, observed)
        elif isinstance(transforms, str):
            raise ConfigError(f"`transforms` is 'auto', None or one name per column; {transforms!r} came.")
        else:
            chosen = (_PLAIN,) * len(columns) if transforms is None else tuple(transforms)
        _check_transforms(chosen, columns)
        moments = [_moments(column, transform) for column, transform in zip(columns, chosen, strict=True)]
        return cls(chosen, np.array([mean for mean, _ in moments]), np.array([sd for _, sd in moments]))

    @property
    def centre(self) -> Floats:
        """[C] the values that become 0, in the columns' own units: what stands for missing first values."""
        return self.invert(np.zeros(len(self.transforms)))

    def apply(self, values: ArrayLike) -> Floats:
        """Scale values [..., C]; nan stays nan."""
        values = self._checked(values)
        return (np.where(self._logged, _log(values), values) - self.mean) / self.sd

    def invert(self, values: ArrayLike) -> Floats:
        """Bring scaled values [..., C] back to their own units; nan stays nan."""
        values = self._checked(values) * self.sd + self.mean
        return np.where(self._logged, _exp(np.where(self._logged, values, 0.0)), values)

    @property
    def _logged(self) -> NDArray[np.bool_]:
        return np.array([transform == "log1p" for transform in self.transforms])

    def _checked(self, values: ArrayLike) -> Floats:
        values = np.asarray(values, np.float64)
        if values.ndim == 0 or values.shape[-1] != len(self.transforms):
            raise ShapeError(
                f"`values` needs {len(self.transforms)} columns on its last axis: shape {values.shape} came."
            )
        return values


def choose_transforms(
    values: ArrayLike | Sequence[ArrayLike], observed: ArrayLike | Sequence[ArrayLike] | None = None
) -> tuple[Transform, ...]:
    """Choose log1p for columns of the training part that are non-negative, strongly skewed, and less so after it.

    Args:
        values: [T, C], or a list of such; nan where missing.
        observed: true where a value counts; None: wherever it is not nan.

    Returns:
        "standard" or "log1p" per column.
    """
    return tuple("log1p" if _gains_from_log(column) else "standard" for column in _observed_columns(values, observed))


def _gains_from_log(column: Floats) -> bool:
    if column.size == 0 or column.min() < 0:
        return False
    skewness = _skewness(column)
    return skewness > _SKEWED and abs(_skewness(_log(column))) < skewness


def _skewness(column: Floats) -> float:
    centred = column - column.mean()
    spread = centred.std()
    return float((centred**3).mean() / spread**3) if spread > 0 else 0.0


def _observed_columns(values: Any, observed: Any) -> list[Floats]:
    """The counting values of each column."""
    joined = _joined(values, np.float64)
    counts = ~np.isnan(joined)
    if observed is not None:
        mask = _joined(observed, np.bool_)
        if mask.shape != joined.shape:
            raise ShapeError(f"`observed` has the shape of `values`: {joined.shape} wanted, {mask.shape} came.")
        counts &= mask
    return [joined[counts[:, place], place] for place in range(joined.shape[1])]


def _joined(arrays: Any, kind: type) -> NDArray[Any]:
    many = isinstance(arrays, list | tuple) and all(np.ndim(part) == 2 for part in arrays)
    parts: list[NDArray[Any]] = [np.asarray(part, kind) for part in (arrays if many else [arrays])]
    if not parts or any(part.ndim != 2 or part.shape[1] != parts[0].shape[1] for part in parts):
        raise ShapeError(f"Columns are scaled in arrays [T, C] of equal C: {[part.shape for part in parts]} came.")
    return np.concatenate(parts)


def _check_transforms(transforms: Sequence[str], columns: Sequence[Floats]) -> None:
    wrong = [name for name in transforms if name not in get_args(Transform)]
    if wrong or len(transforms) != len(columns):
        raise ConfigError(
            f"`transforms` names 'standard', 'log1p' or 'none' for each of {len(columns)} columns; "
            f"{list(transforms)!r} came."
        )
    for place, (name, column) in enumerate(zip(transforms, columns, strict=True)):
        if name != "none" and not (column.size and np.isfinite(column).all()):
            raise DataError(
                f"A column is scaled by its observed, finite values in the training part: column {place} has "
                f"{'an infinite one' if column.size else 'none'}. Leave it out, or train on a longer part."
            )
        if name == "log1p" and column.min() < 0:
            raise DataError(
                f"log1p is for columns that are nowhere negative: column {place} falls to {column.min():g}. Use "
                "'standard'."
            )


def _moments(column: Floats, transform: Transform) -> tuple[float, float]:
    if transform == "none":
        return 0.0, 1.0
    column = _log(column) if transform == "log1p" else column
    # The mean of equal values can miss them by rounding, which would make a constant column's sd tiny, not 0.
    if column.min() == column.max():
        return float(column[0]), 1.0
    # By a power of two, which is exact, so that squares neither overflow nor vanish.
    _, power = np.frexp(np.abs(column).max())
    near_one = np.ldexp(column, -power)
    mean, sd = float(np.ldexp(near_one.mean(), power)), float(np.ldexp(near_one.std(), power))
    if not (np.isfinite(sd) and sd > 0):
        raise DataError(
            f"A column's spread must be a number: values from {column.min():g} to {column.max():g} have the standard "
            f"deviation {sd:g} in float64. Change the column's unit."
        )
    return mean, sd


def _log(values: Floats) -> Floats:
    return np.sign(values) * np.log1p(np.abs(values))


def _exp(values: Floats) -> Floats:
    return np.sign(values) * np.expm1(np.abs(values))
