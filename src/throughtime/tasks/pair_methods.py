"""What only a learner of symbols can be asked: targets as they are told, which symbols were likeliest, where it looks.

Dimensions: S symbols of a source, T symbols of a target.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import ConfigError
from throughtime.tasks.options import check_fitted
from throughtime.tasks.pair_medium import PairMedium
from throughtime.tasks.pair_writing import Manner, manner


class PairMethods:
    """The methods of `SequenceToSequence` for symbols alone."""

    _medium: Any

    def stream(
        self, source: Any, *, least: int | None = None, most: int | None = None, no_repeat: int | None = None
    ) -> Iterator[str]:
        """The target of one source, told while it is written: pieces of text, or symbols; each time the likeliest.

        Args:
            source: one, as `fit` takes them in a list.
            least, most, no_repeat: as `predict` takes them.

        Raises:
            NotFittedError, ConfigError, DataError: as `predict`, at once.
        """
        return self._pairs().stream(source, self._manner(1, 0.0, least, most, None, no_repeat))

    def told(self, sources: Any, targets: Any) -> list[NDArray[np.bool_]]:
        """Of each pair which of the target's symbols, and its end behind them, were the likeliest given the true ones
        before: [T + 1] each. Their mean is the accuracy that is called teacher-forced.

        Args:
            sources, targets: as given to `fit`.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: sources or targets break a rule.
        """
        return self._pairs().told(sources, targets)

    def attention(
        self, source: Any, target: Any = None
    ) -> tuple[list[Any], list[Any], NDArray[np.float64], NDArray[np.float64] | None]:
        """Where in a source it looks as it tells each symbol of a target.

        Args:
            source: one, as `fit` takes them in a list.
            target: which is told; None: the one of `predict`.

        Returns:
            The source's symbols, in the order in which they are read; the target's; weights [T, S] that sum to 1 over
            the source, the mean over the heads of the last layer; and with `copy` how much of each symbol's probability
            was taken from the source [T], else None.

        Raises:
            NotFittedError: before `fit`.
            ConfigError: it was fitted with heads=0.
            DataError: source or target breaks a rule.
        """
        return self._pairs().attention(source, target)

    def _pairs(self) -> PairMedium:
        """The medium, which must be one of symbols."""
        check_fitted(self)
        if not isinstance(self._medium, PairMedium):
            raise ConfigError("This is asked of a learner of symbols: it was fitted on series, with a horizon.")
        return self._medium

    def _manner(self, beam: Any, length_power: Any, least: Any, most: Any, best: Any, no_repeat: Any) -> Manner:
        return manner(beam, length_power, least, most, best, no_repeat, self._pairs().longest)
