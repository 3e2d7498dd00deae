"""The adding problem over 600 steps: how long until the mean squared error is below 0.01, on one core?

    x_t = (v_t, m_t), v uniform in (0, 1), m_t = 1 at one step of each half;   y = sum of the two marked v

    chrono     tt.LSTM with forget_bias="chrono:600", full BPTT
    nn.LSTM    torch's layer with the same first weights, the same batches and optimizer
    default    tt.LSTM with torch's own first weights, for as many updates as the slowest of the others took

The answer that ignores its input has an error of 1/6. Source: Hochreiter & Schmidhuber, Neural Computation 9(8), 1997;
the initialisation: Tallec & Ollivier 2018, arXiv 1804.11188.

python -m benchmarks.adding
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

import throughtime as tt
from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.recipes.lab.adding import Sums

STEPS, HIDDEN, ROWS, RATE, SOLVED, EVERY = 600, 48, 16, 0.01, 0.01, 50
LIMIT_S = 300.0


class Plain(nn.Module):
    """torch's LSTM and a linear head."""

    def __init__(self, like: tt.Network) -> None:
        super().__init__()
        self.core, self.head = nn.LSTM(2, HIDDEN), nn.Linear(HIDDEN, 1)
        self.load_state_dict(like.state_dict())

    def forward(self, x: Tensor, state: object = None) -> tuple[Tensor, object]:
        """[T, B, 2] to [T, B, 1]."""
        y, state = self.core(x, state)
        return self.head(y), state


def train(network: nn.Module, seed: int, most: int | None) -> dict[str, object]:
    """Until solved, LIMIT_S seconds or `most` updates have passed."""
    drawn = torch.Generator().manual_seed(seed)
    test = Sums(STEPS).draw(1000, torch.Generator().manual_seed(10_000 + seed))
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    updates, error, spent = 0, float("inf"), 0.0
    while error >= SOLVED and spent < LIMIT_S and (most is None or updates < most):
        began = time.process_time()
        for _ in range(EVERY):
            batch = Sums(STEPS).draw(ROWS, drawn)
            for _ in tt.through_time(network, squared, batch.x, batch.y, tt.TBPTT(), weights=batch.weights):
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
            updates += 1
        spent += time.process_time() - began
        with torch.no_grad():
            error = float((network(test.x, None)[0][-1] - test.y[-1]).square().mean())
    return {"seed": seed, "updates": updates, "core_seconds": spent, "error": error}


def squared(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).pow(2)


def network(seed: int, forget_bias: str | None) -> tt.Network:
    torch.manual_seed(seed)
    return tt.Network(None, tt.LSTM(2, HIDDEN, forget_bias=forget_bias), nn.Linear(HIDDEN, 1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "adding.jsonl")
    options = parser.parse_args()
    torch.set_num_threads(1)
    where, chrono = provenance(), f"chrono:{STEPS}"
    rows = [{"network": "chrono", **train(network(seed, chrono), seed, None)} for seed in range(options.seeds)]
    rows += [{"network": "nn.LSTM", **train(Plain(network(0, chrono)), 0, None)}]
    most = max(int(str(row["updates"])) for row in rows)
    rows += [{"network": "default", **train(network(0, None), 0, most)}]
    for row in rows:
        print(row)
    if names_its_code(str(where["commit"])):
        shape = {"T": STEPS, "H": HIDDEN, "B": ROWS, "learning_rate": RATE}
        store(options.results, {"question": "the adding problem on one core", **where, **shape, "rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
