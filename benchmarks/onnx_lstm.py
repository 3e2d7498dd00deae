"""Inference beside onnxruntime's LSTM, the same weights. Needs `pip install onnx onnxruntime`; nothing else does."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from throughtime.bench import Row, lstm
from throughtime.bench.pairs import interleaved


def inference(rounds: int) -> Iterator[Row]:
    """Every shape, beside onnxruntime with as many threads."""
    for shape in lstm.SHAPES:
        T, B, C, H = shape
        theirs, ours = lstm.twins(C, H)
        x = torch.randn(T, B, C)
        sides = lstm._equal(lstm.inferred(ours, x), Session(theirs, x))
        yield lstm._row(str(shape), "onnxruntime", *interleaved(sides, rounds), lstm.flops(shape))


class Session:
    """A layer exported by hand: one LSTM node. One session for each number of threads."""

    def __init__(self, layer: torch.nn.LSTM, x: Tensor) -> None:
        self._model = _model(layer, x)
        self._numbers = x.numpy()
        self._ready: dict[int, Any] = {}

    def __call__(self) -> list[Tensor]:
        """The output [T, B, H]."""
        threads = torch.get_num_threads()
        if threads not in self._ready:
            runtime = importlib.import_module("onnxruntime")
            options = runtime.SessionOptions()
            options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
            self._ready[threads] = runtime.InferenceSession(self._model, options, providers=["CPUExecutionProvider"])
        (y,) = self._ready[threads].run(None, {"x": self._numbers})
        return [torch.from_numpy(y)[:, 0]]


def _model(layer: torch.nn.LSTM, x: Tensor) -> bytes:
    onnx = importlib.import_module("onnx")
    H, kind = layer.hidden_size, onnx.TensorProto.FLOAT

    def reordered(weight: Tensor) -> Tensor:  # torch's gates are i f g o, ONNX's i o f c
        i, f, g, o = weight.detach().split(H)
        return torch.cat([i, o, f, g])

    weights = {
        "W": reordered(layer.weight_ih_l0)[None],
        "R": reordered(layer.weight_hh_l0)[None],
        "B": torch.cat([reordered(layer.bias_ih_l0), reordered(layer.bias_hh_l0)])[None],
    }
    node = onnx.helper.make_node("LSTM", ["x", "W", "R", "B"], ["y"], hidden_size=H)
    graph = onnx.helper.make_graph(
        [node],
        "lstm",
        [onnx.helper.make_tensor_value_info("x", kind, list(x.shape))],
        [onnx.helper.make_tensor_value_info("y", kind, [len(x), 1, x.shape[1], H])],
        [onnx.numpy_helper.from_array(w.contiguous().numpy(), name) for name, w in weights.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
    return bytes(model.SerializeToString())
