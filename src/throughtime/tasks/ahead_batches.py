"""Windows side by side as the network reads them: pieces of a training, and what validates.

Dimensions: N windows to draw from, B of a piece, W steps of a window, H steps told, A numbers ahead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from throughtime.base.errors import DataError
from throughtime.bptt import Piece
from throughtime.tasks.ahead_network import AheadDesign, Shown, States, by_window
from throughtime.tasks.ahead_options import DECODER
from throughtime.tasks.ahead_origins import Origins
from throughtime.tasks.ahead_rows import Floats, Places
from throughtime.tasks.ahead_scaling import Scaled, Scaling

# Updates an epoch makes: validation comes often enough to stop in time, and does not take most of it.
UPDATES = 50
# Windows that are told side by side outside training.
ROWS = 1024


@dataclass(frozen=True)
class Source:
    """What windows are cut from, and how the network reads them.

    Args:
        scaling: of the rows.
        design: of the network.
        numbers: [R] of each row its number in the training table; the number of rows there for others.
        spreads: [R] spread of each row as it trained, in its own units, logarithms where those are read.
        device: of the network.
    """

    scaling: Scaling
    design: AheadDesign
    numbers: Places
    spreads: Floats
    device: torch.device

    def show(self, origins: Origins) -> tuple[Shown, Scaled]:
        """Windows as the encoder reads them, and their units."""
        rows, window = self.scaling.rows, self.design.window
        scaled = self.scaling.scale(origins.rows, origins.ends, window)
        context = rows.context(origins.rows, origins.ends, window)
        unit = np.divide(self.spreads[origins.rows], scaled.spread, out=np.ones(len(origins)), where=scaled.spread > 0)
        shown = Shown(
            torch.from_numpy(scaled.x),
            torch.from_numpy(context),
            torch.from_numpy(rows.targets[origins.rows]),
            torch.from_numpy(self.numbers[origins.rows]),
            torch.from_numpy(origins.ends),
            torch.from_numpy(unit.astype(np.float32)),
        )
        return Shown(*(part.to(self.device) for part in shown)), scaled

    def known(self, origins: Origins, steps: int) -> NDArray[np.float32]:
        """What is known of the steps after windows, [B, steps, A]."""
        return self.scaling.rows.known(origins.rows, origins.ends, steps)

    def told(self, origins: Origins) -> Tensor:
        """What heads read of the steps after windows."""
        return torch.from_numpy(known_of(self.known(origins, self.design.steps), self.design)).to(self.device)

    def future(self, origins: Origins, steps: int) -> Floats:
        """What came after windows, [B, steps], nan where it is not known."""
        return self.scaling.rows.futures(origins.rows, origins.ends, steps)


def known_of(known: NDArray[np.float32], design: AheadDesign) -> NDArray[np.float32]:
    """What is known ahead [B, H, A] as heads read it: of a decoder [H, B, A + 1], step by step, else [1, B, ...].

    All steps at once need the calendar of the first only, which tells that of the others.
    """
    count, steps, _ = known.shape
    if design.strategy == DECODER:
        numbers = np.broadcast_to(np.arange(steps, dtype=np.float32)[:, None, None], (steps, count, 1))
        return np.concatenate([known.transpose(1, 0, 2), numbers], axis=2)
    columns = known[:, :, : design.known].reshape(count, -1)
    return np.concatenate([known[:, 0, design.known :], columns], axis=1)[None]


class WindowBatches:
    """Pieces of windows that are drawn anew each time; a pure function of (seed, epoch, index).

    Args:
        source: what they are cut from.
        origins: those to draw from.
        states: windows are shown to them as a piece is asked for.
        batch_size: windows of a piece, at most.
        seed: of the draws.
    """

    def __init__(self, source: Source, origins: Origins, states: States, batch_size: int, seed: int) -> None:
        self._source, self._origins, self._states = source, origins, states
        self._size, self._seed = min(batch_size, len(origins)), seed

    def __len__(self) -> int:
        """Pieces in an epoch."""
        return UPDATES

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        """The piece at (epoch, index)."""
        draws = np.random.default_rng([self._seed, *place])
        chosen = self._origins.some(draws.integers(0, len(self._origins), self._size))
        shown, x, y = piece_of(self._source, chosen)
        self._states.show(shown)
        return Piece(x, y, None)


def piece_of(source: Source, origins: Origins) -> tuple[Shown, Tensor, Tensor]:
    """Windows, what their heads read [T, B, ...] and are to tell [T, B, K], nan where it is not known."""
    design, device = source.design, source.device
    shown, scaled = source.show(origins)
    y = torch.from_numpy(scaled.forward(source.future(origins, design.steps)))
    y = y.T[..., None].contiguous() if design.strategy == DECODER else y[None]
    return shown, source.told(origins), y.to(device)


def validation_error(source: Source, origins: Origins, states: States, changes: Floats) -> Callable[[nn.Module], float]:
    """Mean absolute error of the members' mean forecast over the windows that validate, in units of rows' changes.

    Not the loss: how wide intervals are is settled afterwards (`ahead_calibration`), and the loss begins to rise with
    widths that are too sure, long before the forecasts are at their best.

    Args:
        source: what windows are cut from.
        origins: those that validate.
        states: windows are shown to them.
        changes: [R] mean absolute change of each row over a step; rows of 0 do not count.

    Raises:
        DataError: nothing of what they are to tell is known.
    """
    origins = origins.some(np.flatnonzero(changes[origins.rows] > 0))
    chunks = [origins.some(slice(start, start + ROWS)) for start in range(0, len(origins), ROWS)]
    future = [source.future(chunk, source.design.steps) for chunk in chunks]
    counted = sum(int((~np.isnan(each)).sum()) for each in future)
    if not counted:
        raise DataError("Validation needs values to score: every one in its rows is missing. Validate on other rows.")
    shown = [(*source.show(chunk), source.told(chunk)) for chunk in chunks]

    def error(members: nn.Module) -> float:
        total = 0.0
        for chunk, (windows, scaled, known), wanted in zip(chunks, shown, future, strict=True):
            states.show(windows)
            outputs, _ = members(known, states(torch.arange(len(chunk)), 0))
            location = by_window(torch.stack([each.location for each in outputs]).mean(0)).double().cpu().numpy()
            errors = np.abs(scaled.back(location) - wanted) / changes[chunk.rows][:, None]
            total += float(np.nansum(errors))
        return total / counted

    return error
