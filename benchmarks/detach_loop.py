"""What does through_time cost beside a hand-written detach loop? TBPTT(k, k), equal gradients proven first.

    engine    the loop's own network, torch.nn.LSTM, by through_time: what the engine costs
    ours      the same weights in tt.LSTM, by through_time: what a user gets

python -m benchmarks.detach_loop
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

import throughtime as tt
from benchmarks.rows import ROOT, commit_here, names_its_code, provenance, store

SHAPES = [(1000, 8, 16, 64, 50), (730, 1, 8, 32, 50), (100, 32, 16, 64, 100), (1000, 32, 64, 128, 100)]
Loop = Callable[[nn.Module, Tensor, Tensor, int, Callable[[], None]], None]


class Plain(nn.Module):
    """torch's LSTM and a linear head."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.core, self.head = nn.LSTM(inputs, hidden), nn.Linear(hidden, 1)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None):
        """[T, B, inputs] to [T, B, 1]."""
        output, state = self.core(x, state)
        return self.head(output), state


def by_hand(network: nn.Module, x: Tensor, y: Tensor, k: int, step: Callable[[], None]) -> None:
    state = None
    for start in range(0, len(x), k):
        output, state = network(x[start : start + k], state)
        state = tuple(part.detach() for part in state)
        (output - y[start : start + k]).pow(2).mean().backward()
        step()


def by_engine(network: nn.Module, x: Tensor, y: Tensor, k: int, step: Callable[[], None]) -> None:
    for _ in tt.through_time(network, lambda output, target: (output - target).pow(2), x, y, tt.TBPTT(k, k)):
        step()


def gradients(loop: Loop, network: nn.Module, x: Tensor, y: Tensor, k: int) -> list[Tensor]:
    network, found = copy.deepcopy(network), []

    def note() -> None:
        found.extend(p.grad.clone() for p in network.parameters())
        network.zero_grad()

    loop(network, x, y, k, note)
    return found


def seconds(loop: Loop, network: nn.Module, x: Tensor, y: Tensor, k: int) -> float:
    optimizer = torch.optim.SGD(network.parameters(), 1e-3)

    def step() -> None:
        optimizer.step()
        optimizer.zero_grad()

    began = time.perf_counter()
    loop(network, x, y, k, step)
    return time.perf_counter() - began


def measure(shape: tuple[int, int, int, int, int], pairs: int) -> dict[str, object]:
    steps, rows, inputs, hidden, k = shape
    torch.manual_seed(0)
    x, y = torch.randn(steps, rows, inputs), torch.randn(steps, rows, 1)
    exact = steps - steps % k  # a ragged last window reaches further back than the last cut, by definition
    network = Plain(inputs, hidden)
    ours = tt.Network(None, tt.LSTM(inputs, hidden), nn.Linear(hidden, 1))
    ours.load_state_dict(network.state_dict())
    wanted = gradients(by_hand, network, x[:exact], y[:exact], k)
    for other in (network, ours):
        torch.testing.assert_close(gradients(by_engine, other, x[:exact], y[:exact], k), wanted, rtol=1e-3, atol=1e-5)
    sides = [(by_hand, copy.deepcopy(network)), (by_engine, copy.deepcopy(network)), (by_engine, ours)]
    samples = [[seconds(loop, side, x, y, k) for loop, side in sides] for _ in range(pairs)]
    ratios = [statistics.median(sample[place] / sample[0] for sample in samples) for place in (1, 2)]
    engine, whole = (round(ratio, 3) for ratio in ratios)
    return {"T,B,C,H,k": shape, "engine_over_hand": engine, "ours_over_hand": whole, "samples_s": samples}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=25)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "detach_loop.jsonl")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for shape in SHAPES:  # the first pass warms up
        measure(shape, 2)
    rows = [measure(shape, options.pairs) for shape in SHAPES]
    for row in rows:
        print(row["T,B,C,H,k"], row["engine_over_hand"], row["ours_over_hand"])
    if names_its_code(commit_here()):
        question = "what does through_time cost beside a detach loop"
        store(options.results, {"question": question, **provenance(), "rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
