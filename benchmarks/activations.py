"""How far are sigmoid and tanh of the CPU kernels from the true ones, over every float32 there is?

    error = |got - true| in units in the last place of the true value, which is float64's

python -m benchmarks.activations
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.rows import ROOT, commit_here, names_its_code, provenance, store
from throughtime.kernels.cpu import library
from throughtime.kernels.cpu.direction import activate

FUNCTIONS = {
    "sigmoid": (library.SIGMOID_FUNCTION, torch.sigmoid),
    "tanh": (library.TANH_FUNCTION, torch.tanh),
}
MOST_ULP = 4  # what the library promises
BLOCK = 1 << 16  # floats: their float64 values stay in a second-level cache
EXPONENT = 0x7FF0000000000000
SMALLEST_NORMAL = 2.0**-126  # below it float32's spacing no longer shrinks


def ulps(got: Tensor, true: Tensor) -> Tensor:
    """Distance of float32 numbers from float64 ones, in float32's spacing at the true one."""
    power = (true.view(torch.int64) & EXPONENT).view(torch.float64)  # 2 ** floor(log2(|true|))
    return got.double().sub_(true).abs_().div_(power.clamp_min_(SMALLEST_NORMAL).mul_(2.0**-23))


def worst_ulp(name: str, x: Tensor) -> tuple[float, float]:
    """The largest error over x [N] float32 without NaN, and the number where it is."""
    function, true = FUNCTIONS[name]
    error = ulps(activate(function, x), true(x.double()))
    at = int(error.argmax())
    return float(error[at]), float(x[at])


def every_float(block: int = BLOCK) -> Iterator[Tensor]:
    """All 2^32 float32, by their bits, a block at a time; NaNs too."""
    steps = torch.arange(block, dtype=torch.int32)
    for start in range(-(1 << 31), 1 << 31, block):
        yield (steps + start).view(torch.float32)


def measure() -> dict[str, object]:
    """Both functions on every float; what is NaN must stay NaN and nothing else become one."""
    worst = dict.fromkeys(FUNCTIONS, (0.0, 0.0))
    nans_wrong, began = 0, time.perf_counter()
    for x in every_float():
        bad = x.isnan()
        if bad.any():
            for function, _ in FUNCTIONS.values():
                nans_wrong += int((activate(function, x).isnan() != bad).sum())
            x = x[~bad]
            if not len(x):
                continue
        for name in FUNCTIONS:
            worst[name] = max(worst[name], worst_ulp(name, x))
    return {
        **{name: {"worst_ulp": round(error, 4), "at": at} for name, (error, at) in worst.items()},
        "nans_wrong": nans_wrong,
        "seconds": round(time.perf_counter() - began),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "activations.jsonl")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = {"instruction_set": library.found().name, **measure()}
    print(found)
    if names_its_code(commit_here()):
        question = "how far are the cpu kernels' sigmoid and tanh from the true ones, over every float32"
        store(options.results, {"question": question, **provenance(), **found})
    kept = found["nans_wrong"] == 0 and all(found[name]["worst_ulp"] <= MOST_ULP for name in FUNCTIONS)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
