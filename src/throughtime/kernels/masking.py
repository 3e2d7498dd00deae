"""The masks of one step, forward and backward: row ends, resets, zoneout and dropout; None is no mask.

zoned = zone old + (1 - zone) new        d new = (1 - zone) d,  d old = zone d
"""

from __future__ import annotations

import torch
from torch import Tensor


def at(mask: Tensor | None, t: int, value: Tensor, other: Tensor | float) -> Tensor:
    """`value` where step t's mask is true, `other` elsewhere; a NaN in the one not taken goes nowhere."""
    return value if mask is None else torch.where(mask[t], value, other)


def scaled(factor: Tensor | None, t: int, value: Tensor) -> Tensor:
    """`value` times step t's factor."""
    return value if factor is None else value * factor[t]


def zoned(zone: Tensor | None, t: int, old: Tensor, new: Tensor) -> Tensor:
    """The share `zone` of the old state and the rest of the new one."""
    return new if zone is None else zone[t] * old + (1 - zone[t]) * new


def zoned_backward(zone: Tensor | None, t: int, d: Tensor) -> tuple[Tensor, Tensor]:
    """What of a state's gradient reaches the new value, and what the old one."""
    return (d, torch.zeros_like(d)) if zone is None else ((1 - zone[t]) * d, zone[t] * d)


def parted(kept: Tensor | None, t: int, d: Tensor, dy: Tensor | None) -> tuple[Tensor, Tensor]:
    """A state's gradient, parted into what step t made and what it let through; the output adds to the former."""
    made = d if dy is None else d + dy
    if kept is None:
        return made, torch.zeros_like(d)
    return torch.where(kept[t], made, 0), torch.where(kept[t], 0, d)
