"""Forecasts of a trained network in the windows' own units: location and scale of every step, H of them.

    direct, decoder     the network tells all steps
    recursive           a step is told, joins the window, and the next one is told from there:
                        scale[h]^2 = scale of step 1^2 + ... + scale of step h^2, as of a random walk

Dimensions: B windows, W steps, H steps ahead, A numbers ahead.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from throughtime.tasks.ahead_batches import ROWS, Source, known_of
from throughtime.tasks.ahead_network import AheadNetwork, Shown
from throughtime.tasks.ahead_options import RECURSIVE
from throughtime.tasks.ahead_origins import Origins
from throughtime.tasks.ahead_rows import Floats
from throughtime.tasks.ahead_scaling import CLIP


def tell(network: AheadNetwork, source: Source, origins: Origins, horizon: int) -> tuple[Floats, Floats]:
    """Location and scale [N, H] of what follows windows, in their own units.

    Args:
        network: trained.
        source: what windows are cut from; what is known ahead reaches `horizon` steps after each.
        origins: N windows.
        horizon: H.
    """
    told = []
    for start in range(0, len(origins), ROWS):
        some = origins.some(slice(start, start + ROWS))
        shown, _ = source.show(some)
        known = source.known(some, horizon)
        one_by_one = network.design.strategy == RECURSIVE
        told.append(_recursive(network, shown, known) if one_by_one else _at_once(network, shown, known))
    return tuple(np.concatenate(part) for part in zip(*told, strict=True))  # type: ignore[return-value]


def _at_once(network: AheadNetwork, shown: Shown, known: NDArray[np.float32]) -> tuple[Floats, Floats]:
    x = torch.from_numpy(known_of(known, network.design)).to(shown.x.device)
    location, scale = _within(network.tell(shown, x))
    return location.double().cpu().numpy(), scale.double().cpu().numpy()


def _recursive(network: AheadNetwork, shown: Shown, known: NDArray[np.float32]) -> tuple[Floats, Floats]:
    beside = network.design.beside
    window, context = shown.x, shown.context
    quiet = (1 - window.var(1, correction=0, keepdim=True)).clamp(min=0)  # the part of s^2 that is not the window's
    locations, variances = [], []
    for step in range(known.shape[1]):
        level = window[:, -1:]
        unit = (window.var(1, correction=0, keepdim=True) + quiet).sqrt()
        now = shown._replace(x=((window - level) / unit).clamp(-CLIP, CLIP), context=context, end=shown.end + step)
        at = known[:, step : step + 1]
        x = torch.from_numpy(known_of(at, network.design)).to(window.device)
        location, scale = _within(network.tell(now, x))
        locations.append(level + unit * location)
        variances.append((unit * scale).square())
        window = torch.cat([window[:, 1:], locations[-1]], 1)
        # What stands beside is not known ahead: its last value stays.
        newest = torch.cat([context[:, -1:, :beside], torch.from_numpy(at).to(context.device)], 2)
        context = torch.cat([context[:, 1:], newest], 1)
    return _joined(locations), np.sqrt(_joined(variances).cumsum(axis=1))


def _within(told: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """What was told at once, as far as futures that trained reached: they were clipped alike."""
    location, scale = told
    return location.clamp(-CLIP, CLIP), scale


def _joined(steps: list[Tensor]) -> Floats:
    return torch.cat(steps, 1).double().cpu().numpy()
