"""Level and season of each row, learned with the network: exponential smoothing inside its window.

    l[t]   = a (x[t] - s[t]) + (1 - a) l[t-1]            l before the window: mean of its first season
    s[t+m] = g (x[t] - l[t]) + (1 - g) s[t]              s of the first season: S, learned
    what the network reads     x[t] - s[t] - l[W]
    what is added to its forecast     l[W] + s[W + h]

a, g in (0, 1) and the season S, in units of the row's spread, belong to each row and are trained by the same gradient
as the network. On logarithms this is the multiplicative method of Holt and Winters without a trend, which is the
network's to tell. A row that did not train gets the mean of those that did.

Dimensions: B windows, W steps, H steps ahead, m steps in a season, R rows.

Source: Smyl, International Journal of Forecasting 36(1), 2020 (ES-RNN); Winters, Management Science 6(3), 1960. There
smoothing runs over the whole series; here over the window, so that a forecast owes nothing to what is older.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# sigmoid of these: a level that follows half of each surprise, a season that follows a tenth of it.
FIRST_LEVEL, FIRST_SEASON = 0.0, -2.2


class Smoothing(nn.Module):
    """Learned smoothing of rows.

    Args:
        rows: R.
        season: m, at least 1; 1: a level only.
    """

    def __init__(self, rows: int, season: int) -> None:
        super().__init__()
        self.season = season
        self.level = nn.Parameter(torch.full((rows,), FIRST_LEVEL))
        self.change = nn.Parameter(torch.full((rows,), FIRST_SEASON))
        self.shape = nn.Parameter(torch.zeros(rows, season))

    def forward(self, x: Tensor, row: Tensor, end: Tensor, unit: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """Take level and season out of windows.

        Args:
            x: [B, W].
            row: [B] rows; R for one that did not train.
            end: [B] steps before the origin, which tell the place in the season.
            unit: [B] spread of the row in the window's units.
            steps: H.

        Returns:
            What is left of the windows [B, W], and what is to be added to forecasts [B, H].
        """
        a, g, shape = (_of(part, row) for part in (self.level, self.change, self.shape))
        a, g = a.sigmoid(), g.sigmoid()
        width, m = x.shape[1], self.season
        place = (end[:, None] - width + torch.arange(m, device=x.device)) % m
        seasons = list((shape.gather(1, place) * unit[:, None]).unbind(1))
        level = x[:, : min(m, width)].mean(1)
        for value in x.unbind(1):
            season = seasons[-m]
            level = a * (value - season) + (1 - a) * level
            seasons.append(g * (value - level) + (1 - g) * season)
        left = x - torch.stack(seasons[:width], 1) - level[:, None]
        ahead = [seasons[width + step % m] for step in range(steps)]
        return left, level[:, None] + torch.stack(ahead, 1)


def _of(parameter: Tensor, row: Tensor) -> Tensor:
    """A parameter [R, ...] of each of some rows, the mean for a row R."""
    return torch.cat([parameter, parameter.mean(0, keepdim=True)])[row]
