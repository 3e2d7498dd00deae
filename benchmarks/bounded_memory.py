"""What does bounded memory cost? Full BPTT over n steps, `memory=` beside no bound, equal gradients shown first.

Bytes are those of tensors that live from a forward pass to its backward pass, counted by torch's saved-tensor hooks in
a run of its own, beyond x, y and the parameters.

python -m benchmarks.bounded_memory
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
from throughtime.bench import interleaved

ROWS, INPUTS, HIDDEN, LAYERS = 4, 32, 128, 2


def squared(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).pow(2)


def once(network: nn.Module, x: Tensor, y: Tensor, memory: str | None) -> None:
    for _ in tt.through_time(network, squared, x, y, tt.TBPTT(), memory=memory):
        pass


def gradients(network: nn.Module, x: Tensor, y: Tensor, memory: str | None) -> list[Tensor]:
    network.zero_grad()
    once(network, x, y, memory)
    return [p.grad.clone() for p in network.parameters() if p.grad is not None]


def kept_bytes(network: nn.Module, x: Tensor, y: Tensor, memory: str | None) -> int:
    """The most that was alive at once, beyond x, y and the parameters."""
    given = {t.untyped_storage().data_ptr() for t in (x, y, *network.parameters())}
    live: dict[int, int] = {}
    most = 0

    def pack(tensor: Tensor) -> Tensor:
        nonlocal most
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in given:
            live[storage.data_ptr()] = storage.nbytes()
        most = max(most, sum(live.values()))
        return tensor

    def backward(loss: Tensor) -> None:
        loss.backward()
        live.clear()

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        for _ in tt.through_time(network, squared, x, y, tt.TBPTT(), memory=memory, backward=backward):
            pass
    return most


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--long", type=int, default=1_000_000, help="steps of a run of its own; 0: none")
    parser.add_argument("--memory", default="256MB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "bounded_memory.jsonl")
    options = parser.parse_args()
    where = provenance()
    torch.manual_seed(0)
    network = tt.Network(None, tt.LSTM(INPUTS, HIDDEN, LAYERS), nn.Linear(HIDDEN, 1))
    x, y = torch.randn(options.steps, ROWS, INPUTS), torch.randn(options.steps, ROWS, 1)
    plan = tt.memory_plan(network, squared, x, y, memory=options.memory)
    print(plan, flush=True)
    whole, bounded = (gradients(network, x, y, memory) for memory in (None, options.memory))
    apart = max(float((a - b).norm() / a.norm()) for a, b in zip(whole, bounded, strict=True))
    print(f"gradients apart by {apart:.1e} of their norm", flush=True)
    kept = {str(memory): kept_bytes(network, x, y, memory) for memory in (None, options.memory)}
    print({memory: f"{count / 1e6:,.0f} MB" for memory, count in kept.items()}, flush=True)
    sides = [lambda memory=memory: once(network, x, y, memory) for memory in (None, options.memory)]
    timings = interleaved(sides, options.rounds)
    ratio = timings[1].seconds / timings[0].seconds
    print(f"{timings[1].seconds:.2f} s, {ratio:.2f} of {timings[0].seconds:.2f} s without a bound", flush=True)
    row: dict[str, object] = {
        "question": "full BPTT in bounded memory", **where,
        "T": options.steps, "B": ROWS, "C": INPUTS, "H": HIDDEN, "layers": LAYERS, "memory": options.memory,
        "plan": str(plan), "gradients_apart": apart, "kept_bytes": kept, "of_unbounded": ratio,
        "seconds": [timing.seconds for timing in timings], "samples": [timing.samples for timing in timings],
    }  # fmt: skip
    if options.long:
        x, y = torch.randn(options.long, ROWS, INPUTS), torch.randn(options.long, ROWS, 1)
        began = time.perf_counter()
        once(network, x, y, options.memory)
        row["long"] = {"T": options.long, "seconds": time.perf_counter() - began}
        print(f"{options.long:,} steps: {time.perf_counter() - began:.1f} s")
    if names_its_code(str(where["commit"])):
        store(options.results, row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
