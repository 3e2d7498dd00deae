"""Random layers in one direction or both, run by the oracle and by the C++ kernels."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from unittest.mock import patch

import pytest
import torch
from torch import Tensor

from tests.kernels.cases import leaves, make
from throughtime.kernels import LSTMWeights, Masks, RNNWeights, Rows, oracle
from throughtime.kernels.cpu import direction, layers, library

CELLS = ["lstm", "tanh", "relu"]

needs_library = pytest.mark.skipif(
    library.found().kernels is None, reason=f"no compiled library: {library.found().reason}"
)


def _kernels_for(name):
    loaded = library._load()
    loaded.tt_kernels_for.restype = ctypes.POINTER(library._Kernels)
    loaded.tt_kernels_for.argtypes = [ctypes.c_char_p]
    return loaded.tt_kernels_for(name.encode())


def _set(name):
    wanted = {"x86-64-v2": "SSE4.2", "x86-64-v3": "AVX2 and FMA", "x86-64-v4": "AVX-512"}[name]
    there = library.found().kernels is not None and bool(_kernels_for(name))
    return pytest.param(name, marks=pytest.mark.skipif(not there, reason=f"no {wanted} here, which {name} needs"))


EVERY_SET = [_set(name) for name in reversed(library.INSTRUCTION_SETS)]


@contextmanager
def instruction_set(name: str) -> Iterator[None]:
    """Kernels of that instruction set inside."""
    kernels = _kernels_for(name).contents
    with patch.object(library, "kernels", lambda: kernels):
        yield


@contextmanager
def sharing(split: int, threads: int) -> Iterator[None]:
    """Calls inside share their work that way."""

    def made(*arguments):
        return replace(direction.Direction(*arguments), split=split, threads=threads)

    layers.plain_call.cache_clear()
    try:
        with patch.object(layers, "Direction", made):
            yield
    finally:
        layers.plain_call.cache_clear()


@dataclass(frozen=True)
class LayerCase:
    """What `layers.run` is given: x [T, B, C], a state of (h, c) or (h,), each [D, B, units], D weights and masks."""

    cell: str
    x: Tensor
    state: tuple[Tensor, ...]
    weights: list[LSTMWeights | RNNWeights]
    rows: Rows
    masks: list[Masks]

    @property
    def inputs(self) -> list[Tensor]:
        """Everything with a gradient, in one fixed order."""
        return [self.x, *self.state, *(w for each in self.weights for w in each if w is not None)]

    def with_inputs(self, inputs) -> LayerCase:
        """The same case on other tensors, in the order of `inputs`."""
        rest = iter(inputs)
        x, state = next(rest), tuple(next(rest) for _ in self.state)
        weights = [each._make(None if w is None else next(rest) for w in each) for each in self.weights]
        return replace(self, x=x, state=state, weights=weights)

    def to(self, dtype) -> LayerCase:
        """The same numbers in another type."""

        def change(mask):
            return replace(mask, **{name: m.to(dtype) for name, m in vars(mask).items() if m is not None})

        return replace(self.with_inputs([t.to(dtype) for t in self.inputs]), masks=[change(m) for m in self.masks])

    def only(self, rows: list[int]) -> LayerCase:
        """These rows alone, in this order."""

        def change(mask):
            parts = {n: m if n == "drop_W" else m[:, rows] for n, m in vars(mask).items() if m is not None}
            return replace(mask, **parts)

        lengths, resets = self.rows.lengths, self.rows.resets
        return replace(
            self,
            x=self.x[:, rows],
            state=tuple(s[:, rows] for s in self.state),
            rows=replace(
                self.rows,
                lengths=None if lengths is None else tuple(lengths[b] for b in rows),
                resets=None if resets is None else resets[:, rows],
                count=len(rows),
            ),
            masks=[change(m) for m in self.masks],
        )


def layer_case(cell, T, B, C, H, *, both=False, dtype=torch.float64, seed=0, **options) -> LayerCase:
    """A case with matrices of about torch's size, so that no gate is always shut; `options` as in `cases.make`."""
    kind = "lstm" if cell == "lstm" else "rnn"
    if kind == "rnn":
        options = {name: on for name, on in options.items() if name not in ("projection", "peephole")}
    case = make(kind, T, B, C, H, seed=seed, **options)
    while case.rows.lengths is not None and not any(case.rows.lengths):  # at least one row has a step
        seed += 1000
        case = make(kind, T, B, C, H, seed=seed, **options)
    drawn = [case, make(kind, T, B, C, H, seed=seed + 500, **options)][: 1 + both]
    weights = [
        each.weights._make(w / w.shape[1] ** 0.5 if w is not None and w.dim() > 1 else w for w in each.weights)
        for each in drawn
    ]
    states = [(each.h0, each.c0)[: 2 if cell == "lstm" else 1] for each in drawn]
    state = tuple(torch.stack(part) for part in zip(*states, strict=True))
    return LayerCase(cell, case.x, state, weights, case.rows, [each.masks for each in drawn]).to(dtype)


def options_of(cell: str, r: random.Random) -> dict[str, bool]:
    """Options of `layer_case`, drawn."""
    lstm = cell == "lstm"
    return {
        "projection": lstm and r.random() < 0.4,
        "bias": r.random() < 0.8,
        "peephole": lstm and r.random() < 0.4,
        "layer_norm": r.random() < 0.3,
        "masked": r.random() < 0.5,
        "ragged": r.random() < 0.5,
        "resets": r.random() < 0.5,
        "both": r.random() < 0.4,
    }


def random_case(cell: str, seed: int, most: tuple[int, int, int, int], dtype=torch.float64) -> LayerCase:
    """A case of at most so many (T, B, C, H), drawn."""
    r = random.Random(f"{cell} {seed}")
    return layer_case(cell, *(r.randint(1, n) for n in most), seed=seed, dtype=dtype, **options_of(cell, r))


def oracle_outputs(case: LayerCase) -> list[Tensor]:
    """y [T, B, D P] and the last states [D, B, units]."""
    ran = []
    for d, (weights, masks) in enumerate(zip(case.weights, case.masks, strict=True)):
        steps, state = case.rows.steps_of(d == 1), [s[d] for s in case.state]
        if case.cell == "lstm":
            ran.append(oracle.lstm(case.x, *state, weights, steps, masks))
        else:
            ran.append(oracle.rnn(case.x, *state, weights, case.cell, steps, masks))
    y, *last = zip(*ran, strict=True)
    return [torch.cat(y, -1), *(torch.stack(part) for part in last)]


def kernel_outputs(case: LayerCase) -> list[Tensor]:
    """The same from the C++ kernels."""
    y, last = layers.run(case.cell, case.x, case.state, case.weights, case.rows, case.masks)
    return [y, *last]


def with_gradients(outputs_of, case: LayerCase) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Outputs, and gradients of a random weighing of them by every input."""
    inputs = leaves(*case.inputs)
    outputs = outputs_of(case.with_inputs(inputs))
    found = torch.autograd.grad(outputs, inputs, weighing(outputs), allow_unused=True, materialize_grads=True)
    return [out.detach() for out in outputs], found


def weighing(outputs) -> list[Tensor]:
    """Random gradients of the outputs: the same numbers in every type."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(out.shape, generator=generator).to(out.dtype) for out in outputs]


def by_oracle(case: LayerCase):
    return with_gradients(oracle_outputs, case)


def by_kernel(case: LayerCase, *, gates=True, split=library.SPLIT_AUTO, threads=1):
    with layers.keeping(gates=gates), sharing(split, threads):
        return with_gradients(kernel_outputs, case)


def assert_near(got, wanted, tolerance=1e-10):
    """Within `tolerance` of each number, or of its tensor's root mean square where that is larger.

    In float64 only the order of summation and the last bits of sigmoid and tanh differ: some 1e-13 after hundreds of
    terms and steps. 1e-10 is what the library promises.
    """
    for k, (a, b) in enumerate(zip(got, wanted, strict=True)):
        assert a.shape == b.shape
        allowed = tolerance * torch.maximum(b.abs(), b.square().mean().sqrt())
        worst = ((a - b).abs() - allowed).max() if b.numel() else torch.zeros(())
        assert worst <= 0, f"tensor {k} {tuple(b.shape)}: {worst} too far"


def assert_equal_bits(got, wanted):
    """The very same numbers."""
    for k, (a, b) in enumerate(zip(got, wanted, strict=True)):
        assert torch.equal(a, b), f"tensor {k} {tuple(b.shape)}: {(a - b).abs().max()} apart"
