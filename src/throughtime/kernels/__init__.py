"""Kernels: each runs one layer's equations forward and backward; `choose` says which one runs."""

from throughtime.kernels import oracle, oracle_lstm, oracle_rnn, torch_layers
from throughtime.kernels.cells import NO_MASKS, LSTMWeights, Masks, RNNWeights
from throughtime.kernels.choose import KERNELS, choose, choose_traced, described
from throughtime.kernels.modes import tracing
from throughtime.kernels.oracle_lstm import LSTMTape
from throughtime.kernels.oracle_rnn import RNNTape
from throughtime.kernels.rows import Rows, Steps

__all__ = [
    "KERNELS",
    "NO_MASKS",
    "LSTMTape",
    "LSTMWeights",
    "Masks",
    "RNNTape",
    "RNNWeights",
    "Rows",
    "Steps",
    "choose",
    "choose_traced",
    "described",
    "oracle",
    "oracle_lstm",
    "oracle_rnn",
    "torch_layers",
    "tracing",
]
