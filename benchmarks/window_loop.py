"""What does TBPTT(k1, k2) cost beside a careful hand-written loop over windows of torch.nn.LSTM?

    by hand    the window runs in two parts, so that the state where the next one begins is at hand; the head runs on
               the k1 new steps alone
    recompute  tt.through_time, tt.LSTM
    reuse      the same with history="reuse": k1 steps forward and k2 back

Equal gradients are shown first, with weights at rest, where all three must agree. Every side at its best number of
threads, one round of all after another.

python -m benchmarks.window_loop
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

import throughtime as tt
from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.bench import interleaved

K1, K2, STEPS, ROWS, INPUTS, HIDDEN = 20, 100, 10_000, 32, 32, 128
Step = Callable[[], None]


class Plain(nn.Module):
    """torch's LSTM and a linear head."""

    def __init__(self) -> None:
        super().__init__()
        self.core, self.head = nn.LSTM(INPUTS, HIDDEN), nn.Linear(HIDDEN, 1)


def by_hand(network: Plain, x: Tensor, y: Tensor, step: Step) -> None:
    state = None  # before the window
    for stop in range(K1, len(x) + 1, K1):
        start = max(0, stop - K2)
        if stop < K2 or stop == K2:  # the first windows all begin at step 0
            output, after = network.core(x[start:stop], state)
            following = state if stop < K2 else None
            if stop == K2:
                with torch.no_grad():
                    following = network.core(x[:K1], state)[1]
        else:
            early, middle = network.core(x[start : start + K1], state)
            late, after = network.core(x[start + K1 : stop], middle)
            output, following = torch.cat([early, late]), tuple(part.detach() for part in middle)
        del after
        (network.head(output[-K1:]) - y[stop - K1 : stop]).pow(2).mean().backward()
        step()
        state = following


def by_engine(history: str) -> Callable[[nn.Module, Tensor, Tensor, Step], None]:
    def run(network: nn.Module, x: Tensor, y: Tensor, step: Step) -> None:
        schedule = tt.TBPTT(K1, K2, history=history)
        for _ in tt.through_time(network, lambda output, target: (output - target).pow(2), x, y, schedule):
            step()

    return run


def gradients(loop: Callable[..., None], network: nn.Module, x: Tensor, y: Tensor) -> list[Tensor]:
    found: list[Tensor] = []

    def note() -> None:
        found.extend(p.grad.clone() for p in network.parameters() if p.grad is not None)
        network.zero_grad()

    loop(network, x, y, note)
    return found


def training(loop: Callable[..., None], network: nn.Module, x: Tensor, y: Tensor) -> Callable[[], None]:
    optimizer = torch.optim.SGD(network.parameters(), 1e-3)

    def step() -> None:
        optimizer.step()
        optimizer.zero_grad()

    return lambda: loop(network, x, y, step)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "window_loop.jsonl")
    options = parser.parse_args()
    where = provenance()
    torch.manual_seed(0)
    x, y = torch.randn(options.steps, ROWS, INPUTS), torch.randn(options.steps, ROWS, 1)
    hand = Plain()
    ours = tt.Network(None, tt.LSTM(INPUTS, HIDDEN), nn.Linear(HIDDEN, 1))
    ours.core.load_state_dict(hand.core.state_dict())
    ours.head.load_state_dict(hand.head.state_dict())
    loops = {"by hand": by_hand, "recompute": by_engine("recompute"), "reuse": by_engine("reuse")}
    networks = [hand, ours, copy.deepcopy(ours)]
    few = 2 * K2
    wanted = gradients(by_hand, hand, x[:few], y[:few])
    for loop in (loops["recompute"], loops["reuse"]):
        torch.testing.assert_close(gradients(loop, ours, x[:few], y[:few]), wanted, rtol=1e-3, atol=1e-5)
    sides = [training(loop, network, x, y) for loop, network in zip(loops.values(), networks, strict=True)]
    timings = interleaved(sides, options.rounds)
    rows = [
        {"loop": name, "seconds": timing.seconds, "threads": timing.threads, "samples": timing.samples,
         "times as fast": timings[0].seconds / timing.seconds}
        for name, timing in zip(loops, timings, strict=True)
    ]  # fmt: skip
    for row in rows:
        print(f"{row['loop']:10} {row['seconds']:.2f} s, {row['threads']} threads, {row['times as fast']:.2f}x")
    if names_its_code(str(where["commit"])):
        shape = {"k1": K1, "k2": K2, "T": options.steps, "B": ROWS, "C": INPUTS, "H": HIDDEN}
        store(options.results, {"question": "TBPTT(k1, k2) beside a hand-written loop", **where, **shape, "rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
