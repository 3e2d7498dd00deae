"""How far gradients reached after each epoch of a training, in a picture and in words.

colour   |dL/ds| at the lag over that at lag 0, as a power of ten; what is below a millionth is drawn as that
lines    k2, behind which an update's gradient is cut, and the epoch whose weights are kept
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from throughtime.bptt import TBPTT, Reach
from throughtime.insight.svg import ROSE
from throughtime.recipes.figure import as_element
from throughtime.train import History, reaches

# Powers of ten that are told apart: below a millionth nothing is learned, and a growth of ten is told by its epoch.
LEAST_POWER, MOST_POWER = -6.0, 1.0
PANEL = 2.3  # inches
TOLERANCE = 1e-2


def picture(history: History, tbptt: str) -> str:
    """An inline SVG element: epochs along, lags up, a panel for each part of the state; empty where none was measured.

    Args:
        history: of a training that was watched.
        tbptt: its schedule, such as "50,50".
    """
    found = reaches(history)
    measured = [reach for reach in found if reach is not None]
    if not measured:
        return ""
    names, lags = list(measured[0].relative), measured[0].lags
    k2 = TBPTT.parse(tbptt).k2

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
        for axes, name in zip(panels, names, strict=True):
            # Each lag has a row of its own: they are dense where most gradients end.
            mesh = axes.pcolormesh(
                np.arange(len(found) + 1) + 0.5,
                np.arange(len(lags) + 1) - 0.5,
                _powers(found, name, len(lags)),
                vmin=LEAST_POWER,
                vmax=MOST_POWER,
                cmap="viridis",
            )
            axes.set_yticks(range(0, len(lags), 2), [str(lag) for lag in lags[::2]])
            axes.set_ylabel(f"lag, by {name}")
            if k2 is not None and k2 - 1 < lags[-1]:
                axes.axhline(sum(lag < k2 for lag in lags) - 0.5, color=ROSE, lw=1.4, ls="--")
            if history.best_epoch is not None:
                axes.axvline(history.best_epoch + 1, color=ROSE, lw=1.4, ls=":")
        panels[-1].set_xlabel("epoch")
        panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        bar = figure.colorbar(mesh, ax=list(panels), ticks=range(int(LEAST_POWER), int(MOST_POWER) + 1))
        bar.ax.set_yticklabels([_tick(power) for power in range(int(LEAST_POWER), int(MOST_POWER) + 1)])

    return as_element(draw, PANEL * len(names) + 0.3, "reach")


def sentences(history: History, tbptt: str) -> tuple[str, ...]:
    """From which lag on the gradient is below a hundredth: after the first epoch, the kept one, and the last."""
    found, k2 = reaches(history), TBPTT.parse(tbptt).k2
    if not any(reach is not None for reach in found):
        return ()
    kept = history.best_epoch
    places = dict.fromkeys([0, *([] if kept is None else [kept]), len(found) - 1])
    said = [f"epoch {place + 1} {_where(found[place])}" for place in places]
    cut = "no gradient is cut" if k2 is None else f"truncation cuts behind lag {k2 - 1}"
    return (f"The gradient falls below {TOLERANCE:g} of that at lag 0: after {'; '.join(said)}. Here {cut}.",)


def _where(reach: Reach | None) -> str:
    if reach is None:
        return "not measured, it is not finite"
    lag = reach.steps_to(TOLERANCE)
    return f"not by lag {reach.lags[-1]}, the longest measured" if lag is None else f"from lag {lag} on"


def _powers(found: Sequence[Reach | None], name: str, lags: int) -> np.ndarray:
    """[lags, epochs], nan where nothing was measured."""
    columns = [[math.nan] * lags if reach is None else [_power(v) for v in reach.relative[name]] for reach in found]
    return np.array(columns).T


def _power(value: float) -> float:
    if math.isnan(value):
        return MOST_POWER  # behind an overflow
    return LEAST_POWER if value <= 10**LEAST_POWER else min(math.log10(value), MOST_POWER)


def _tick(power: int) -> str:
    return f"1e{power}" if power not in (0, 1) else str(10**power)
