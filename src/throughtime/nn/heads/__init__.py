"""The last part of a network that forecasts: features of a step to a distribution of what comes next, and its loss.

    numeric       numbers: normal and Student-t distributions
    categorical   one of K classes
    tied          one of very many symbols, by the vectors that the input has
    keys          which of K keys are down, each by itself or each told from those below it
    pointer       one of very many symbols, or one that stands in a source
    strokes       how far a pen moves, and whether it lifts
    mixed         several of these beside each other, independent given the features

All weights start at zero, so that training begins at the standard distribution (m = 0, s = 1; equal classes), not at a
random one; a mixture's means alone are spread out. A missing target (nan) has loss 0 and passes no gradient back.
"""

from throughtime.nn.heads.categorical import CategoricalHead
from throughtime.nn.heads.head import Head
from throughtime.nn.heads.keys import BernoulliHead, KeysHead
from throughtime.nn.heads.mixed import MixedHead
from throughtime.nn.heads.numeric import (
    LEAST_SCALE,
    GaussianHead,
    GaussianOutput,
    NumericHead,
    StudentHead,
    StudentOutput,
    check_level,
    check_probability,
    positive_scale,
)
from throughtime.nn.heads.pointer import PointerHead
from throughtime.nn.heads.strokes import StrokeHead
from throughtime.nn.heads.tied import TiedHead

__all__ = [
    "LEAST_SCALE",
    "BernoulliHead",
    "CategoricalHead",
    "GaussianHead",
    "GaussianOutput",
    "Head",
    "KeysHead",
    "MixedHead",
    "NumericHead",
    "PointerHead",
    "StrokeHead",
    "StudentHead",
    "StudentOutput",
    "TiedHead",
    "check_level",
    "check_probability",
    "positive_scale",
]
