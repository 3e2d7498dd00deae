"""Series as a medium of `SequenceToSequence`: a trained network that forecasts several steps, and how series are read.

Dimensions: B series, T rows, H steps ahead, K targets, L levels, P paths.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.errors import DataError, Notice
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.data import SeriesSet
from throughtime.tasks.ahead_batches import Source
from throughtime.tasks.ahead_calibration import Calibration
from throughtime.tasks.ahead_fitting import prepare, train_network
from throughtime.tasks.ahead_frames import Told
from throughtime.tasks.ahead_network import AheadDesign, AheadNetwork
from throughtime.tasks.ahead_options import AheadOptions
from throughtime.tasks.ahead_origins import Origins
from throughtime.tasks.ahead_rows import Columns, Floats, Rows
from throughtime.tasks.ahead_scaling import Scaling, all_positive
from throughtime.tasks.ahead_telling import tell
from throughtime.tasks.intake import Reader
from throughtime.train import History


@dataclass(frozen=True)
class AheadMedium:
    """What forecasts several steps ahead.

    Args:
        horizon: H.
        reader: how series are read.
        columns: what their columns are for.
        network: in evaluation mode.
        log: whether logarithms are read.
        season: steps in a season; 1: none.
        calibration: by what validated.
        spreads: of the rows that trained, and `ids` of their series; empty where nothing is learned of each.
        ids: see there.
    """

    horizon: int
    reader: Reader
    columns: Columns
    network: AheadNetwork
    log: bool
    season: int
    calibration: Calibration
    spreads: Floats
    ids: tuple[Any, ...]

    @classmethod
    def fit(
        cls,
        series: Any,
        validation: Any,
        options: AheadOptions,
        roles: dict[str, Any],
        run: RunFolder | None,
        group: torch.distributed.ProcessGroup | None,
    ) -> tuple[AheadMedium, History, TBPTT]:
        """Train.

        Args:
            series: as `SequenceToSequence.fit` takes them.
            validation: data of its own, or None; a share is in the options.
            options: settings, checked.
            roles: id, time, target and known.
            run, group: as `train.fit` takes them.

        Raises:
            ConfigError, DataError, ShapeError: as `SequenceToSequence.fit`.
        """
        table = prepare(options, series, validation, roles)
        fitted = train_network(options, table, run, group)
        learned = fitted.network.design.rows // len(table.columns.targets)  # series; none without smoothing
        medium = cls(
            horizon=options.horizon,
            reader=table.reader,
            columns=table.columns,
            network=fitted.network,
            log=fitted.log,
            season=table.season,
            calibration=fitted.calibration,
            spreads=fitted.spreads if options.smoothing else np.empty(0),
            ids=tuple(table.read.ids)[:learned] if table.reader.frames else (),
        )
        return medium, fitted.history, fitted.schedule

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> AheadMedium:
        """The inverse of `to_dict` and `weights`.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they do not fit together.
        """
        network = AheadNetwork(AheadDesign(**state["design"]))
        network.load_state_dict(weights)
        return cls(
            horizon=int(state["horizon"]),
            reader=Reader(**state["reader"]),
            columns=Columns.from_dict(state["columns"]),
            network=network.eval(),
            log=bool(state["log"]),
            season=int(state["season"]),
            calibration=Calibration.from_dict(state["calibration"]),
            spreads=np.array(state["spreads"], np.float64),
            ids=tuple(state["ids"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """All but the weights, in plain lists and numbers."""
        return {
            "horizon": self.horizon,
            "reader": {"frames": self.reader.frames, "arguments": self.reader.arguments},
            "columns": self.columns.to_dict(),
            "design": self.network.design.to_dict(),
            "log": self.log,
            "season": self.season,
            "calibration": self.calibration.to_dict(),
            "spreads": self.spreads.tolist(),
            "ids": list(self.ids),
        }

    def weights(self) -> dict[str, Tensor]:
        """The network's tensors."""
        return dict(self.network.state_dict())

    @property
    def design(self) -> AheadDesign:
        """The network's shape."""
        return self.network.design

    @property
    def parts(self) -> tuple[torch.nn.Module, ...]:
        """The modules that hold the weights."""
        return (self.network,)

    def ahead(self, read: SeriesSet, known: Sequence[Floats] | None, levels: Sequence[float]) -> list[Told]:
        """Of each series the steps after its last row.

        Args:
            read: series.
            known: of each the columns known ahead [H, number of them]; None: there are none.
            levels: of intervals, in percent.

        Raises:
            DataError: a series is shorter than the horizon, or holds what cannot be read.
        """
        source = self._source(read, known, self.horizon)
        origins = Origins(np.arange(len(source.scaling.rows)), source.scaling.rows.lengths)
        return self._by_series(self._tell(source, origins, levels), len(read))

    def origins(self, read: SeriesSet, levels: Sequence[float], stride: int) -> Iterator[tuple[int, Told]]:
        """Of each series the steps after every `stride`-th row that has a window before it (or half of a series that
        is shorter than two) and H rows behind it: its place, and what was told [N, H, K].

        Args:
            read: series.
            levels: of intervals, in percent.
            stride: rows from one origin to the next.

        Raises:
            DataError: as `ahead`.
        """
        source = self._source(read, None, 0)
        count = len(self.columns.targets)
        for place, length in enumerate(read.lengths.tolist()):
            first = max(min(self.design.window, length // 2), self.horizon)
            ends = np.arange(length - self.horizon, first - 1, -stride)[::-1]
            if len(ends):
                rows = np.arange(count) + place * count
                chosen = Origins(np.repeat(rows, len(ends)), np.tile(ends, count))
                yield place, replace(self._stacked(self._tell(source, chosen, levels), count), ends=ends)

    def paths(self, read: SeriesSet, known: Sequence[Floats] | None, paths: int, seed: int) -> list[Floats]:
        """Of each series possible courses [P, H, K] of the steps after its last row."""
        source = self._source(read, known, self.horizon)
        rows = source.scaling.rows
        origins = Origins(np.arange(len(rows)), rows.lengths)
        scaled = source.scaling.scale(origins.rows, origins.ends, self.design.window)
        location, scale = self._located(source, origins)
        drawn = scaled.back(location + scale * self.calibration.draw(len(rows), paths, seed))  # [P, rows, H]
        count = len(self.columns.targets)
        return [drawn[:, start : start + count].transpose(0, 2, 1) for start in range(0, len(rows), count)]

    def _source(self, read: SeriesSet, known: Sequence[Floats] | None, steps: int) -> Source:
        short = [name for name, length in zip(read.ids, read.lengths, strict=True) if length < self.horizon]
        if short:
            raise DataError(
                f"A forecast of {self.horizon} steps needs a history at least as long: {len(short)} of {len(read)} "
                f"series are shorter, first {short[0]!r}. Give more rows, or leave it out."
            )
        if known is not None:
            self._say_far(read, known)
        rows = Rows.of(read, self.columns, known, steps)
        if self.log and not all_positive(rows):
            raise DataError(
                "All values were above 0 in training, and logarithms are read: values of 0 or below came. Fit "
                "anew with log=False, in a recipe with --set log=false."
            )
        device = next(self.network.parameters()).device
        return Source(Scaling(rows, self.log), self.design, *self._numbers(read, rows), device)

    def _say_far(self, read: SeriesSet, known: Sequence[Floats]) -> None:
        for place, value in self.columns.far(known).items():
            warnings.warn(
                f"Known ahead, {read.columns[place]!r} is {value:g}, far from all that training saw (mean "
                f"{self.columns.centre[place]:.3g}, spread {self.columns.spread[place]:.3g}): what is forecast for it "
                "is a guess.",
                Notice,
                stacklevel=5,
            )

    def _numbers(self, read: SeriesSet, rows: Rows) -> tuple[Any, Floats]:
        """Of each row its number among those that trained, and its spread; of others the spread so far."""
        count, new = len(self.columns.targets), self.design.rows
        places = {name: place * count for place, name in enumerate(self.ids)}
        numbers = np.array([places.get(name, -1) for name in read.ids for _ in range(count)])
        numbers = np.where(numbers < 0, new, numbers + np.tile(np.arange(count), len(read)))
        own = [np.std(np.log(row) if self.log else row) for row in map(rows.row, range(len(rows)))]
        spreads = np.append(self.spreads, np.zeros(1))
        return numbers, np.where(numbers < new, spreads[np.minimum(numbers, len(spreads) - 1)], own)

    def _located(self, source: Source, origins: Origins) -> tuple[Floats, Floats]:
        location, scale = tell(self.network, source, origins, self.horizon)
        return self.calibration.kept * location, scale

    def _tell(self, source: Source, origins: Origins, levels: Sequence[float]) -> Told:
        """Forecasts of windows [N, H] in the series' units."""
        scaled = source.scaling.scale(origins.rows, origins.ends, self.design.window)
        location, scale = self._located(source, origins)
        widths = {level: self.calibration.width(level) * scale for level in levels}
        ends = {
            level: (scaled.back(location - width), scaled.back(location + width)) for level, width in widths.items()
        }
        return Told(scaled.back(location), ends, origins.ends)

    def _stacked(self, told: Told, count: int) -> Told:
        """Windows [K N, H], target after target, as [N, H, K]."""
        return told.map(lambda part: part.reshape(count, -1, part.shape[1]).transpose(1, 2, 0))

    def _by_series(self, told: Told, count: int) -> list[Told]:
        """Windows [B K, H], a row each, as B times [H, K]."""
        whole = told.map(lambda part: part.reshape(count, -1, part.shape[1]).transpose(0, 2, 1))
        return [whole.map(lambda part, place=place: part[place]) for place in range(count)]  # type: ignore[misc]
