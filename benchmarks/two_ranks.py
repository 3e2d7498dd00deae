"""What do two processes give that one does not? Row-steps a second of two gloo ranks beside one process.

Each process has one thread and 32 rows of its own; the network is an LSTM of two layers of 256 cells under
TBPTT(50, 50). One process and two take turns, a round of updates each; gradients of both are summed at every update.
Beside it, what the machine gives two processes that share nothing: the same two, each training alone at the same time.

python -m benchmarks.two_ranks
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor, nn

import throughtime as tt
from benchmarks.rows import ROOT, names_its_code, provenance, store

STEPS, ROWS, INPUTS, HIDDEN, WINDOW = 500, 32, 64, 256, 50


def squared(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).pow(2)


def network() -> nn.Module:
    torch.manual_seed(0)
    return tt.Network(None, tt.LSTM(INPUTS, HIDDEN, 2), nn.Linear(HIDDEN, 1))


def seconds(model: nn.Module, x: Tensor, y: Tensor, group: dist.ProcessGroup | None) -> float:
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    began = time.perf_counter()
    for _ in tt.through_time(model, squared, x, y, tt.TBPTT(WINDOW, WINDOW), group=group):
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - began


def work(rank: int, port: int, rounds: int, answers: mp.SimpleQueue) -> None:
    torch.set_num_threads(1)
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    dist.init_process_group("gloo", rank=rank, world_size=2)
    model, draw = network(), torch.Generator().manual_seed(rank)
    x, y = torch.randn(STEPS, ROWS, INPUTS, generator=draw), torch.randn(STEPS, ROWS, 1, generator=draw)
    found = []
    for k in range(rounds + 1):  # the first warms up
        dist.barrier()
        alone = seconds(model, x, y, None) if rank == 0 else 0.0
        dist.barrier()
        apart = torch.tensor(seconds(model, x, y, None), dtype=torch.float64)
        dist.all_reduce(apart, dist.ReduceOp.MAX)
        together = seconds(model, x, y, dist.group.WORLD)
        if k:
            found.append((alone, together, float(apart)))
    if rank == 0:
        answers.put(found)
    dist.destroy_process_group()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "two_ranks.jsonl")
    options = parser.parse_args()
    where = provenance()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answers: mp.SimpleQueue = mp.get_context("spawn").SimpleQueue()
    mp.spawn(work, (port, options.rounds, answers), nprocs=2)
    samples = answers.get()
    ratio = statistics.median(2 * alone / together for alone, together, _ in samples)
    apart = statistics.median(2 * alone / each for alone, _, each in samples)
    print(f"two ranks do {ratio:.2f} times the row-steps of one; two processes that share nothing, {apart:.2f}")
    if names_its_code(str(where["commit"])):
        shape = {"T": STEPS, "B": ROWS, "C": INPUTS, "H": HIDDEN, "layers": 2, "k": WINDOW}
        row = {
            "question": "two gloo ranks beside one process",
            **where,
            **shape,
            "ratio": ratio,
            "apart": apart,
            "samples": samples,
        }
        store(options.results, row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
