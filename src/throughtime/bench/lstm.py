"""`tt.LSTM` beside the best that PyTorch offers, question by question: the same weights, equal results proven first.

FLOPs are those of the products alone, 2 x 4 H (C + H) a row and step, three times that with the backward pass.
Shapes are (T steps, B rows, C inputs, H hidden units), float32.
"""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.errors import ConfigError
from throughtime.bench import rivals
from throughtime.bench.pairs import Timing, interleaved
from throughtime.nn import LSTM

Shape = tuple[int, int, int, int]
Step = Callable[[], Any]

SHAPES: tuple[Shape, ...] = (
    (100, 32, 32, 64), (100, 32, 64, 128), (100, 32, 128, 256), (35, 20, 200, 200), (100, 64, 256, 512),
    (50, 32, 512, 512), (50, 32, 1024, 1024), (1000, 8, 64, 128), (784, 64, 1, 128), (5000, 8, 64, 128),
    (2000, 32, 64, 128), (100, 1, 32, 32), (100, 8, 32, 32), (100, 128, 32, 32),
)  # fmt: skip
VARIANTS: dict[str, dict[str, Any]] = {
    "layer_norm": {"layer_norm": True},
    "peephole": {"peephole": True},
    "projection": {"proj_size": 64},
    "zoneout": {"zoneout": (0.1, 0.1)},
}


@dataclass(frozen=True)
class Row:
    """One comparison.

    Args:
        case: what was run.
        rival: beside whom.
        ours_ms: median of our side.
        theirs_ms: median of the rival's.
        ours_threads: at this number of threads.
        theirs_threads: likewise.
        flops: of the products; 0 where they say nothing.
        samples: all times in seconds, by side and number of threads.
        notes: further figures by name.
    """

    case: str
    rival: str
    ours_ms: float
    theirs_ms: float
    ours_threads: int
    theirs_threads: int
    flops: float = 0.0
    samples: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """How many times as fast as the rival."""
        return self.theirs_ms / self.ours_ms


def ask(question: str, rounds: int = 7, shapes: tuple[Shape, ...] | None = None) -> Iterator[Row]:
    """Answer one question, a row at a time.

    Args:
        question: one of `QUESTIONS`.
        rounds: samples of each side.
        shapes: instead of `SHAPES`; only for training and inference.

    Raises:
        ConfigError: there is no such question.
        AssertionError: the two sides' results differ; nothing is timed then.
    """
    if shapes is not None and question not in ("training", "inference"):
        raise ConfigError(f"Only training and inference have shapes to choose: got {question!r}. Leave `shapes` out.")
    if question not in QUESTIONS:
        raise ConfigError(f"A question is one of {', '.join(QUESTIONS)}: got {question!r}. Choose one of them.")
    if shapes is None:
        yield from QUESTIONS[question](rounds)
    else:
        yield from (training if question == "training" else inference)(rounds, shapes)


def training(rounds: int, shapes: tuple[Shape, ...] = SHAPES) -> Iterator[Row]:
    """Forward and backward, all gradients, beside torch.nn.LSTM."""
    for shape in shapes:
        T, B, C, H = shape
        theirs, ours = twins(C, H)
        x, dy = torch.randn(T, B, C, requires_grad=True), torch.randn(T, B, H)
        yield _beside_products(shape, trained(ours, x, dy), trained(theirs, x, dy), rounds, 3)


def inference(rounds: int, shapes: tuple[Shape, ...] = SHAPES) -> Iterator[Row]:
    """Forward under torch.no_grad(), beside torch.nn.LSTM."""
    for shape in shapes:
        T, B, C, H = shape
        theirs, ours = twins(C, H)
        x = torch.randn(T, B, C)
        yield _beside_products(shape, inferred(ours, x), inferred(theirs, x), rounds, 1)


def ragged(rounds: int) -> Iterator[Row]:
    """Training on rows of unequal length, beside torch.nn.LSTM on a packed batch."""
    C, H = 64, 128
    for T, B in ((200, 32), (4000, 16)):
        theirs, ours = twins(C, H)
        x, dy = torch.randn(T, B, C, requires_grad=True), torch.randn(T, B, H)
        lengths = torch.randint(T // 20, T + 1, (B,), generator=torch.Generator().manual_seed(0))
        real = float(lengths.sum())
        dy *= (torch.arange(T)[:, None] < lengths)[..., None]
        ragged_sides = _equal(trained(ours, x, dy, lengths=lengths), trained(rivals.Packed(theirs, lengths), x, dy))
        mine, other, dense = interleaved([*ragged_sides, trained(ours, x, dy)], rounds)
        row = _row(f"ragged {(T, B, C, H)}", "nn.LSTM, packed", mine, other, 3 * flops((1, 1, C, H)) * real)
        row.notes.update(
            real_share=real / (T * B), tile_share=_tile_share(lengths, T), of_dense=mine.seconds / dense.seconds
        )
        yield row


def one_step(rounds: int) -> Iterator[Row]:
    """One step of one row from Python: `stepper` and `step` beside nn.LSTM and nn.LSTMCell."""
    for H in (32, 128, 512):
        with torch.no_grad():
            sides = _steps(H)
            timings = interleaved(list(sides.values()), rounds, (1,))
        found = dict(zip(sides, timings, strict=True))
        weight_bytes = 4.0 * 4 * H * 2 * H
        for mine in ("stepper", "step"):
            for rival in ("nn.LSTM", "nn.LSTMCell"):
                row = _row(f"{mine} H={H}", rival, found[mine], found[rival], 0.0)
                row.notes["weights_GB_per_s"] = weight_bytes / found[mine].seconds / 1e9
                yield row


def _steps(H: int) -> dict[str, Step]:
    """One step of a layer H -> H by each of the four ways."""
    theirs, ours = twins(H, H)
    cell = nn.LSTMCell(H, H)
    cell.load_state_dict({name.removesuffix("_l0"): weight for name, weight in theirs.state_dict().items()})
    x, h, c = torch.randn(1, H), torch.randn(1, 1, H), torch.randn(1, 1, H)
    stepper, inputs, flat = ours.stepper(1), x[None], (h[0], c[0])
    stepper.state = (h, c)
    wanted = theirs(inputs, (h, c))[0][0]
    _same([ours.step(x, (h, c))[0], stepper(x), cell(x, flat)[0]], [wanted] * 3)
    return {
        "stepper": lambda: stepper(x),
        "step": lambda: ours.step(x, (h, c)),
        "nn.LSTM": lambda: theirs(inputs, (h, c)),
        "nn.LSTMCell": lambda: cell(x, flat),
    }


def variants(rounds: int) -> Iterator[Row]:
    """Layer norm, peephole, projection, zoneout in training, beside the best PyTorch offers and our plain layer."""
    T, B, C, H = 100, 32, 64, 128
    x = torch.randn(T, B, C, requires_grad=True)
    plain = trained(LSTM(C, H), x, torch.randn(T, B, H))
    for name, options in VARIANTS.items():
        ours = LSTM(C, H, **options)
        theirs = rivals.of(name, ours)
        P = ours.state_sizes[0]
        _same_in_evaluation(name, ours, x)
        dy = torch.randn(T, B, P)
        sides = [trained(ours, x, dy), trained(theirs, x, dy), plain]
        mine, other, base = interleaved(sides, rounds)
        row = _row(f"{name} {(T, B, C, H)}", rivals.NAMES[name], mine, other, 0.0)
        row.notes["of_plain"] = mine.seconds / base.seconds
        yield row


def _same_in_evaluation(variant: str, ours: LSTM, x: Tensor) -> None:
    """Equal in float64: zoneout draws in training, and normalised layers enlarge float32 rounding step by step."""
    here = copy.deepcopy(ours).double()
    there = rivals.of(variant, here)
    with torch.no_grad():
        _same([here.eval()(x.double())[0]], [there.eval()(x.double())[0]])


def stacked(rounds: int) -> Iterator[Row]:
    """Two layers, both directions, training."""
    T, B, C, H = 100, 32, 64, 128
    theirs, ours = twins(C, H, num_layers=2, bidirectional=True)
    x, dy = torch.randn(T, B, C, requires_grad=True), torch.randn(T, B, 2 * H)
    case = f"2 layers, both directions {(T, B, C, H)}"
    yield _compared(case, trained(ours, x, dy), trained(theirs, x, dy), rounds, 0.0)


def busy(rounds: int) -> Iterator[Row]:
    """Training while another process keeps one core busy: both sides suffer."""
    for shape in ((100, 32, 64, 128), (50, 32, 512, 512)):
        T, B, C, H = shape
        theirs, ours = twins(C, H)
        x, dy = torch.randn(T, B, C, requires_grad=True), torch.randn(T, B, H)
        sides = _equal(trained(ours, x, dy), trained(theirs, x, dy))
        alone = interleaved(sides, rounds)
        with _busy_process():
            mine, other = interleaved(sides, rounds)
        row = _row(f"beside a busy process {shape}", "nn.LSTM", mine, other, 3 * flops(shape))
        row.notes.update(
            ours_of_alone=mine.seconds / alone[0].seconds, theirs_of_alone=other.seconds / alone[1].seconds
        )
        yield row


@contextmanager
def _busy_process() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def long(rounds: int) -> Iterator[Row]:
    """T = 20,000 beside T = 2,000: is the time linear in T?"""
    seconds = {}
    for T in (2000, 20_000):
        B, C, H = 8, 32, 64
        theirs, ours = twins(C, H)
        x, dy = torch.randn(T, B, C, requires_grad=True), torch.randn(T, B, H)
        shape = (T, B, C, H)
        row = _compared(str(shape), trained(ours, x, dy), trained(theirs, x, dy), rounds, 3 * flops(shape))
        seconds[T] = row.ours_ms
        row.notes["per_step_of_T_2000"] = row.ours_ms / seconds[2000] * 2000 / T
        yield row


QUESTIONS: dict[str, Callable[[int], Iterator[Row]]] = {
    "training": training,
    "inference": inference,
    "ragged": ragged,
    "step": one_step,
    "variants": variants,
    "stacked": stacked,
    "long": long,
    "busy": busy,
}


def twins(inputs: int, hidden: int, **options: Any) -> tuple[nn.LSTM, LSTM]:
    """torch's layer and ours with the same weights."""
    theirs = nn.LSTM(inputs, hidden, **options)
    ours = LSTM(inputs, hidden, **options)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def flops(shape: Shape) -> float:
    """Of the forward products."""
    T, B, C, H = shape
    return 2.0 * T * B * 4 * H * (C + H)


def trained(layer: nn.Module, x: Tensor, dy: Tensor, **rows: Any) -> Step:
    """A forward and a backward pass; returns the output and all gradients."""
    parameters = list(layer.parameters())

    def run() -> list[Tensor]:
        y, _ = layer(x, **rows)
        return [y, *torch.autograd.grad(y, [x, *parameters], dy)]

    return run


def inferred(layer: nn.Module, x: Tensor) -> Step:
    """A forward pass without autograd."""

    def run() -> list[Tensor]:
        with torch.no_grad():
            return [layer(x)[0]]

    return run


def _compared(case: str, ours: Step, theirs: Step, rounds: int, work: float) -> Row:
    mine, other = interleaved(_equal(ours, theirs), rounds)
    return _row(case, "nn.LSTM", mine, other, work)


def _beside_products(shape: Shape, ours: Step, theirs: Step, rounds: int, passes: int) -> Row:
    """The comparison, and torch.mm at the M, N, K of one step in the same rounds: what a layer cannot do without."""
    T, B, C, H = shape
    a, b, into = torch.randn(B, C + H), torch.randn(C + H, 4 * H), torch.empty(B, 4 * H)

    def products() -> None:
        for _ in range(T):
            torch.mm(a, b, out=into)

    mine, other, product = interleaved([*_equal(ours, theirs), products], rounds)
    row = _row(str(shape), "nn.LSTM", mine, other, passes * flops(shape))
    of_a_step = flops(shape) / product.seconds
    row.notes.update(sgemm_GFLOP_per_s=of_a_step / 1e9, of_sgemm=row.flops / mine.seconds / of_a_step)
    return row


def _equal(ours: Step, theirs: Step) -> list[Step]:
    """Both, once they have shown the same results."""
    _same(ours(), theirs())
    return [ours, theirs]


def _row(case: str, rival: str, ours: Timing, theirs: Timing, work: float) -> Row:
    samples = {"ours": ours.samples, "theirs": theirs.samples}
    return Row(case, rival, ours.seconds * 1e3, theirs.seconds * 1e3, ours.threads, theirs.threads, work, samples)


def _same(ours: list[Tensor], theirs: list[Tensor]) -> None:
    """Equal within float32 rounding of sums in another order: 1e-3 of each tensor's own size."""
    for a, b in zip(ours, theirs, strict=True):
        size = float(b.detach().square().mean().sqrt()) or 1.0
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * size)


def _tile_share(lengths: Tensor, steps: int, tile: int = 6) -> float:
    """Share of register tiles (of `tile` rows, the longest first, one thread) that hold a real step."""
    running = (lengths[None] > torch.arange(steps)[:, None]).sum(1)
    return float((-(-running // tile)).sum()) / (steps * -(-len(lengths) // tile))
