"""How far is a float32 layer of the CPU kernels from the truth, and torch.nn.LSTM beside it on the same numbers?

    error <= b ceil(log2(n)) eps max(|true|, rms(true))      b = 4 forward, 8 backward; eps of float32

The truth is the float64 oracle on the same float32 numbers, weights drawn as torch does. n counts the terms of the
longest sum an element is made of:

    y, h, c        T (C + P + 2)             c_t is a sum over all steps before; each adds gates of C + P products and
                                             two biases
    dx, dh0, dc0   max(that, T G H)          each step back adds G H products to dh, over all steps after
    weights        max(that, T B)            and the products of every step of every row

A ratio is error / allowed: 1 is the limit. Shapes with H = 1 are drawn too: there torch draws weights from U(-1, 1),
gates are often shut, and a gradient is one number or few, whose terms may cancel. Every shape past the bound is listed.

python -m benchmarks.accuracy
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.rows import ROOT, commit_here, names_its_code, provenance, store
from throughtime.kernels import LSTMWeights, Masks, Rows, Steps, oracle
from throughtime.kernels.cpu import layers, library

EPSILON = torch.finfo(torch.float32).eps
FORWARD, BACKWARD = 4, 8


@dataclass(frozen=True)
class Shape:
    """Of a layer and its input."""

    T: int
    B: int
    C: int
    H: int

    @property
    def terms(self) -> tuple[int, int, int]:
        """n of outputs, of the gradients of x and the first states, and of weights' gradients."""
        forward = self.T * (self.C + self.H + 2)
        back = max(forward, self.T * 4 * self.H)
        return forward, back, max(back, self.T * self.B)


def drawn(seed: int) -> Shape:
    """A shape, each size log-uniform."""
    r = random.Random(seed)

    def size(most: int) -> int:
        return min(most, int(math.exp(r.uniform(0, math.log(most + 1)))))

    return Shape(T=size(200), B=size(64), C=size(128), H=size(256))


def numbers(shape: Shape, seed: int) -> list[Tensor]:
    """x, h0, c0, W_ih, W_hh, b_ih, b_hh, and weights of the loss on y, h, c: float32."""
    T, B, C, H = shape.T, shape.B, shape.C, shape.H
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        weights = [w.detach() for w in nn.LSTM(C, H).parameters()]
        return [
            *(torch.randn(T, B, C), torch.randn(B, H), torch.randn(B, H)),
            *weights,
            *(torch.randn(T, B, H), torch.randn(B, H), torch.randn(B, H)),
        ]


def results(run, given: Sequence[Tensor]) -> list[Tensor]:
    """y, h, c, and the gradients of the weighed loss by x, h0, c0 and the weights."""
    inputs = [t.clone().requires_grad_() for t in given[:7]]
    outputs = run(*inputs)
    found = torch.autograd.grad(outputs, inputs, list(given[7:]))
    return [*(out.detach() for out in outputs), *found]


def by_oracle(x, h0, c0, *weights):
    return oracle.lstm(x, h0, c0, LSTMWeights(*weights), Steps(), Masks())


def by_kernel(x, h0, c0, *weights):
    rows = Rows(None, None, *x.shape[:2], x.device)
    y, (h, c) = layers.run("lstm", x, (h0[None], c0[None]), [LSTMWeights(*weights)], rows, [Masks()])
    return y, h[0], c[0]


def by_torch(x, h0, c0, *weights):
    y, h, c = torch.lstm(x, (h0[None], c0[None]), weights, True, 1, 0.0, True, False, False)
    return y, h[0], c[0]


def ratios(shape: Shape, got: Sequence[Tensor], true: Sequence[Tensor]) -> tuple[float, float]:
    """The worst error / allowed of the three outputs and of the seven gradients."""
    forward, back, weights = (max(1, math.ceil(math.log2(n))) * EPSILON for n in shape.terms)
    allowed = [FORWARD * forward] * 3 + [BACKWARD * back] * 3 + [BACKWARD * weights] * 4
    found = []
    for a, b, each in zip(got, true, allowed, strict=True):
        limit = each * torch.maximum(b.abs(), b.square().mean().sqrt())
        found.append(float(((a.double() - b).abs() / limit).max()))
    return max(found[:3]), max(found[3:])


def compare(shape: Shape, seed: int) -> dict[str, tuple[float, float]]:
    """The forward and backward ratios of the kernels, and of torch on the same numbers."""
    given = numbers(shape, seed)
    true = results(by_oracle, [t.double() for t in given])
    return {name: ratios(shape, results(run, given), true) for name, run in (("cpu", by_kernel), ("torch", by_torch))}


def measure(shapes: int) -> dict[str, object]:
    """The worst of many drawn shapes."""
    began = time.perf_counter()
    found = [(shape, compare(shape, seed)) for seed, shape in ((seed, drawn(seed)) for seed in range(shapes))]
    row: dict[str, object] = {}
    for name in ("cpu", "torch"):
        for k, which in enumerate(("forward", "backward")):
            ordered = sorted(((each[name][k], shape) for shape, each in found), key=lambda pair: -pair[0])
            worst = [{"ratio": round(ratio, 4), **asdict(shape)} for ratio, shape in ordered]
            past = sum(ratio > 1 for ratio, _ in ordered)
            row[f"{name}_{which}"] = {"worst": worst[0], "past_the_bound": worst[:past]}
    return {"shapes": shapes, **row, "seconds": round(time.perf_counter() - began)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=int, default=2000)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "accuracy.jsonl")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = {"instruction_set": library.found().name, **measure(options.shapes)}
    for name, value in found.items():
        print(name, value)
    if names_its_code(commit_here()):
        question = "how far is a float32 layer of the cpu kernels from the float64 oracle, torch.nn.LSTM beside it"
        store(options.results, {"question": question, **provenance(), **found})
    return 1 if found["cpu_forward"]["past_the_bound"] or found["cpu_backward"]["past_the_bound"] else 0


if __name__ == "__main__":
    sys.exit(main())
