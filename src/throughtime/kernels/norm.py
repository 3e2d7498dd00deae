"""Layer normalisation over the last axis, forward and backward.

    n = (a - mean(a)) / sqrt(var(a) + EPSILON),    LN(a; gain) = gain n

Source: Ba, Kiros & Hinton 2016, arXiv 1607.06450, equation 4 (its shift is the cell's bias here).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Float

# torch.nn.LayerNorm's default, large beside float32 rounding of a variance of order one.
EPSILON = 1e-5


def normalise(a: Float[Tensor, "*N U"]) -> tuple[Float[Tensor, "*N U"], Float[Tensor, "*N 1"]]:
    """Zero mean and unit variance over the last axis.

    Args:
        a: any numbers [..., U].

    Returns:
        The normalised numbers n, and the factor 1 / sqrt(var + EPSILON) they were scaled by.
    """
    centred = a - a.mean(-1, keepdim=True)
    scale = (centred.square().mean(-1, keepdim=True) + EPSILON).rsqrt()
    return centred * scale, scale


def normalise_backward(
    dn: Float[Tensor, "*N U"], n: Float[Tensor, "*N U"], scale: Float[Tensor, "*N 1"]
) -> Float[Tensor, "*N U"]:
    """da from dn: da = scale (dn - mean(dn) - n mean(dn n)).

    Args:
        dn: gradient of the normalised numbers.
        n: the normalised numbers.
        scale: the factor that `normalise` returned.
    """
    return scale * (dn - dn.mean(-1, keepdim=True) - n * (dn * n).mean(-1, keepdim=True))
