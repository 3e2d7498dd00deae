"""How fast is tt.LSTM beside the best PyTorch offers? All questions of `throughtime bench`, rows stored.

python -m benchmarks.lstm_speed [QUESTION ...]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.rows import ROOT, commit_here, names_its_code, provenance, store
from throughtime.bench import QUESTIONS, Row, ask, interleaved, report
from throughtime.kernels import described


def products(shape: tuple[int, int, int, int]) -> float:
    """GFLOP/s of torch.mm at the M, N, K of one step, for the row's sake: the products a layer cannot do without."""
    _, B, C, H = shape
    a, b = torch.randn(B, C + H), torch.randn(C + H, 4 * H)
    (timing,) = interleaved([lambda: torch.mm(a, b)], 15)
    return 2.0 * B * (C + H) * 4 * H / timing.seconds / 1e9


def as_stored(row: Row) -> dict[str, object]:
    found = asdict(row) | {"ratio": round(row.ratio, 3)}
    if row.flops and row.case.startswith("("):
        shape = tuple(int(n) for n in row.case.strip("()").split(","))
        found["GFLOP_per_s"] = row.flops / row.ours_ms / 1e6
        found["sgemm_at_M_N_K_of_a_step_GFLOP_per_s"] = products(shape)  # type: ignore[arg-type]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=", ".join(QUESTIONS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "lstm_speed.jsonl")
    options = parser.parse_args()
    for question in options.questions or QUESTIONS:
        rows = list(ask(question, options.rounds))
        print(report.table(question, rows).to_text(140), flush=True)
        if names_its_code(commit_here()):
            kernel = {"kernel": described("cpu")}
            store(
                options.results, {"question": question, **provenance(), **kernel, "rows": [as_stored(r) for r in rows]}
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
