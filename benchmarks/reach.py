"""How far do gradients reach, and what window does TBPTT.auto choose where the lag is known?

    at first      relative norm of d l_n / d s_(n - 200) in an Elman RNN, an LSTM with torch's first weights, and one
                  with forget_bias="chrono:200", untrained
    auto          networks trained with k2 = 2 lag on a stream in which a marked number is asked for `lag` steps later;
                  the window that tt.TBPTT.auto takes, with its defaults

python -m benchmarks.reach
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

import throughtime as tt
from benchmarks.rows import ROOT, names_its_code, provenance, store

LAG, HIDDEN, ROWS = 200, 64, 16
LAGS, UPDATES = (10, 50, 200), {10: 150, 50: 200, 200: 260}


def squared(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).pow(2)


def at_first(seed: int) -> dict[str, dict[str, float]]:
    """Relative norms at LAG by network and leaf of its state."""
    torch.manual_seed(seed)
    chrono = f"chrono:{LAG}"
    layers = {
        "RNN": tt.RNN(8, HIDDEN),
        "LSTM": tt.LSTM(8, HIDDEN),
        f"LSTM {chrono}": tt.LSTM(8, HIDDEN, forget_bias=chrono),
    }
    x, y = torch.randn(LAG + 20, ROWS, 8), torch.randn(LAG + 20, ROWS, 1)
    found = {}
    for name, layer in layers.items():
        network = tt.Network(None, layer, nn.Linear(HIDDEN, 1)).double()
        reach = tt.gradient_reach(network, squared, (x.double(), y.double()), [LAG])
        found[name] = {leaf: values[0] for leaf, values in reach.relative.items()}
    return found


def draw(lag: int, steps: int, rows: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """x [T, B, 2] numbers and marks, y [T, B, 1] the number marked `lag` steps before, and where it is due."""
    values, marks = torch.rand(steps, rows, generator=generator) * 2 - 1, torch.zeros(steps, rows)
    at = torch.randint(lag + 1, (rows,), generator=generator)
    while bool((at < steps).any()):
        there = (at < steps).nonzero().squeeze(1)
        marks[at[there], there] = 1
        at = at + lag + 1 + torch.randint(lag // 2 + 1, (rows,), generator=generator)
    due, y = torch.zeros(steps, rows), torch.zeros(steps, rows, 1)
    due[lag:], y[lag:, :, 0] = marks[:-lag], (values * marks)[:-lag]
    return torch.stack([values, marks], -1), y, due


def chosen(lag: int, seed: int) -> dict[str, object]:
    """The window that auto takes for a network trained on `lag`, and how well it was trained."""
    torch.manual_seed(seed)
    generator, steps = torch.Generator().manual_seed(seed), 4 * lag + 20
    network = tt.Network(None, tt.LSTM(2, 24, forget_bias=f"chrono:{2 * lag}"), nn.Linear(24, 1))
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(UPDATES[lag]):
        x, y, due = draw(lag, steps, 32, generator)
        for _ in tt.through_time(network, squared, x, y, tt.TBPTT(lag, 2 * lag), weights=due):
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
    x, y, due = draw(lag, steps, 32, generator)
    with torch.no_grad():
        error = float((squared(network(x, None)[0], y)[..., 0] * due).sum() / due.sum())
    schedule = tt.TBPTT.auto(network, squared, tt.Piece(x, y, due), longest=3 * lag)
    return {"lag": lag, "seed": seed, "k2": schedule.k2, "error_of_constant": error / (1 / 3)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "reach.jsonl")
    options = parser.parse_args()
    where = provenance()
    first = [at_first(seed) for seed in range(options.seeds)]
    for found in first:
        print(found, flush=True)
    auto = []
    for lag in LAGS:
        for seed in range(options.seeds):
            auto.append(chosen(lag, seed))
            print(auto[-1], flush=True)
    if names_its_code(str(where["commit"])):
        store(
            options.results, {"question": "reach at first, and windows chosen", **where, "first": first, "auto": auto}
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
