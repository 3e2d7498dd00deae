"""Layers and networks that run step by step."""

from throughtime.nn.lstm import LSTM
from throughtime.nn.masks import MaskKey, current_key, keyed
from throughtime.nn.network import Network
from throughtime.nn.perceptron import WindowPerceptron
from throughtime.nn.pool import RunningPool
from throughtime.nn.rnn import RNN
from throughtime.nn.stepper import Stepper
from throughtime.nn.unfold import Unfolded, unfold

__all__ = [
    "LSTM",
    "RNN",
    "MaskKey",
    "Network",
    "RunningPool",
    "Stepper",
    "Unfolded",
    "WindowPerceptron",
    "current_key",
    "keyed",
    "unfold",
]
