"""From an image, or features that others made of it, to the regions that an attention looks at.

    image       m_r = norm(relu(W ([form_r, colour_r] + p_r))) + p_r      R = (S / 8)^2
    features    m_r = norm(relu(W (V (f_r - mean) / std + p_r))) + p_r    R as given

    form      three convolutions, each halving the sides, on edges: how strong one is at a pixel, and cosine and sine of
              twice its angle, from the gradients' products summed over the colours
    colour    one convolution on the colours, at a quarter of the resolution

Edges are the same whichever colour lies on which: what a shape looks like is then learned once for all colours, and a
thing is recognised in a colour that training never showed it in.

p_r is learned of each region's place: without it a grid would not know left from right. Of a grid it begins as mixtures
of smooth functions of x and y, so that what lies beside each other begins alike. It is added to the regions once more
at the end: how two things lie to each other is a difference of their places, and is then read off what is seen of each.
Groups of channels of one image are normalised together (GroupNorm), never a batch: an output must not depend on other
rows.

Dimensions: B images, S pixels a side, R regions, F features as given, D features of a region. Rows are on axis 1 of
what comes out, as in every state.

Source: Bigun & Granlund 1987, ICCV (twice the angle); Wu & He 2018, arXiv 1803.08494 (GroupNorm); Ba et al. 2016, arXiv
1607.06450 (LayerNorm).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.base.checks import Checks
from throughtime.base.errors import ShapeError

# Channels of a convolution's output are a multiple of it, so that they make whole groups.
GROUPS = 8
# Pixels a side that leave a grid of 2 x 2: of a single region nothing could be normalised.
LEAST_SIDE = 16
# First features of places beside those of pixels, which are of about 1.
PLACE_SPREAD = 0.5
HALVINGS, COARSE = 3, 4
# An edge between colours so far apart, all three together, counts as half of one that could not be stronger: noise is
# below it, and nearly everything that people see as an edge is above. From black to white it is 2 for each colour.
FAINT = 0.5
# Waves from one side of a grid to the other, whose sines and cosines its places begin with.
WAVES = (0.5, 1.0, 2.0)
WHITE = 255


class ImageEncoder(nn.Module):
    """Convolutions from the pixels of square images, their edges and their colours, to a grid of regions.

    Args:
        image_size: S, a multiple of 8 from 16 on: three convolutions halve it, so that there are (S / 8)^2 regions.
        channels: of the first convolution on edges, a multiple of 8; the second has twice as many.
        size: D, a multiple of 16: one half is of form, one of colour.
        device, dtype: of the weights.

    Raises:
        ConfigError: an argument is no positive multiple of 8, or `size` none of 16.
    """

    def __init__(self, image_size: int, channels: int, size: int, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        checks = Checks()
        given = {"image_size": image_size, "channels": channels, "size": size}
        least = {"image_size": LEAST_SIDE}
        sizes = [checks.whole(name, value, least.get(name, 1)) for name, value in given.items()]
        wrong = [f"{name}={value}" for name, value in given.items() if not checks.problems and value % GROUPS]
        checks.add(f"sizes are multiples of {GROUPS}: {', '.join(wrong)} came" if wrong else None)
        if not checks.problems and size % (2 * GROUPS):
            checks.add(f"`size` has two halves of whole groups, a multiple of {2 * GROUPS}: {size} came")
        checks.report("ImageEncoder cannot be built")
        self.image_size, self.channels, self.size = sizes
        widths = (3, self.channels, 2 * self.channels, self.size // 2)
        factory = {"device": device, "dtype": dtype}
        steps = [_halving(inputs, outputs, factory) for inputs, outputs in pairwise(widths)]
        self.form = nn.Sequential(*(part for step in steps for part in step))
        self.colour = nn.Sequential(nn.AvgPool2d(COARSE), *_halving(3, self.size // 2, factory))
        self.places = _Places(self.regions, self.size, factory)
        with torch.no_grad():
            self.places.weight.copy_(_smooth(self.image_size // 2**HALVINGS, self.places.weight))

    @property
    def regions(self) -> int:
        """R."""
        return (self.image_size // 2**HALVINGS) ** 2

    def forward(self, images: Tensor) -> Tensor:
        """Images [B, S, S, 3] uint8 to regions [R, B, D], row by row of the grid.

        Raises:
            ShapeError: images of another size.
        """
        side = self.image_size
        if images.dim() != 4 or images.shape[1:] != (side, side, 3):
            raise ShapeError(f"Images are [B, {side}, {side}, 3]: {tuple(images.shape)} came. Bring them to one size.")
        x = images.to(self.places.weight.dtype).div(WHITE / 2).sub(1).permute(0, 3, 1, 2)  # in -1 .. 1
        found = torch.cat([self.form(edges(x)), self.colour(x)], 1)  # [B, D, S / 8, S / 8]
        return self.places(found.flatten(2).permute(2, 0, 1))


def edges(x: Tensor) -> Tensor:
    """Edges of images, whichever colours they are between.

    Args:
        x: [B, C, H, W] colours.

    Returns:
        [B, 3, H, W]: how strong the edge at a pixel is, 0 .. 1; that times cosine and sine of twice its angle.
    """
    wide = F.pad(x, (1, 1, 1, 1), mode="replicate")
    across, down = wide[:, :, 1:-1, 2:] - wide[:, :, 1:-1, :-2], wide[:, :, 2:, 1:-1] - wide[:, :, :-2, 1:-1]
    xx, yy, xy = ((a * b).sum(1) for a, b in ((across, across), (down, down), (across, down)))
    power = xx + yy
    strength = power.sqrt() / (power.sqrt() + FAINT)
    # (xx - yy) / power is the cosine; where there is no edge, all are 0.
    share = strength / power.clamp(min=torch.finfo(x.dtype).tiny)
    return torch.stack([strength, (xx - yy) * share, 2 * xy * share], 1)


class FeatureEncoder(nn.Module):
    """Features of regions, made by another network, brought to the memory's size.

    Args:
        regions: R.
        features: F, of any scale; `scale_to` says which.
        size: D.
        device, dtype: of the weights.

    Raises:
        ConfigError: an argument is no positive whole number.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, regions: int, features: int, size: int, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        checks = Checks()
        self.regions = checks.whole("regions", regions)
        self.features = checks.whole("features", features)
        self.size = checks.whole("size", size)
        checks.report("FeatureEncoder cannot be built")
        factory = {"device": device, "dtype": dtype}
        self.map = nn.Linear(self.features, self.size, **factory)
        self.register_buffer("mean", torch.zeros(self.features, **factory))
        self.register_buffer("std", torch.ones(self.features, **factory))
        self.places = _Places(self.regions, self.size, factory)

    def scale_to(self, features: Tensor) -> None:
        """Bring features like these, [B, R, F], to a mean of 0 and a spread of 1; what never varies to 0."""
        spread, mean = torch.std_mean(features.flatten(0, 1).to(self.mean), 0, correction=0)
        self.mean, self.std = mean, torch.where(spread > 0, spread, 1.0)

    def forward(self, features: Tensor) -> Tensor:
        """Features [B, R, F] to regions [R, B, D].

        Raises:
            ShapeError: features of another shape.
        """
        if features.dim() != 3 or features.shape[1:] != (self.regions, self.features):
            raise ShapeError(
                f"Features are [B, {self.regions}, {self.features}]: {tuple(features.shape)} came. Make them as those "
                "of the training part."
            )
        return self.places(self.map(((features - self.mean) / self.std).transpose(0, 1)))


class _Places(nn.Module):
    """Regions [R, B, D] with what is learned of their places."""

    def __init__(self, regions: int, size: int, factory: dict[str, Any]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(regions, 1, size, **factory))
        nn.init.normal_(self.weight, std=PLACE_SPREAD)
        self.mix, self.norm = nn.Linear(size, size, **factory), nn.LayerNorm(size, **factory)

    def forward(self, regions: Tensor) -> Tensor:
        return self.norm(self.mix(regions + self.weight).relu()) + self.weight


def _smooth(side: int, like: Tensor) -> Tensor:
    """Features [side^2, 1, D] of the places of a grid: x and y, and their waves, mixed."""
    at = (torch.arange(side, device=like.device, dtype=like.dtype) + 0.5) * 2 / side - 1  # -1 .. 1
    xy = torch.stack(torch.meshgrid(at, at, indexing="xy"), -1).flatten(0, 1)  # [side^2, 2]
    turns = [math.pi * waves * xy for waves in WAVES]
    basis = torch.cat([xy, *(part for turn in turns for part in (turn.sin(), turn.cos()))], -1)
    mixed = basis @ torch.randn(basis.shape[1], like.shape[-1], device=like.device, dtype=like.dtype)
    return PLACE_SPREAD * (mixed / mixed.std())[:, None]


def _halving(inputs: int, outputs: int, factory: dict[str, Any]) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, **factory)
    return convolution, nn.GroupNorm(GROUPS, outputs, **factory), nn.ReLU()
