"""How fast is tt.LSTM beside the best PyTorch offers? All questions of `throughtime bench`, rows stored.

python -m benchmarks.lstm_speed [QUESTION ...]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from benchmarks import onnx_lstm
from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.bench import QUESTIONS, Row, ask, interleaved, report
from throughtime.kernels import described


@dataclass(frozen=True)
class Limits:
    """What this machine can do, measured at the start: bytes a second of a copy, FLOPs of a large product."""

    copied: float
    multiplied: float

    @staticmethod
    def measured() -> Limits:
        """Of this machine, at each side's best number of threads."""
        numbers, into = torch.randn(2**26), torch.empty(2**26)
        a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
        copied, product = interleaved([lambda: into.copy_(numbers), lambda: torch.mm(a, b)], 15)
        return Limits(2 * 4 * 2**26 / copied.seconds, 2.0 * 1024**3 / product.seconds)

    def floor_ms(self, row: Row, training: bool) -> float:
        """No less is possible: the products at the rate of a large one, or each array moved once, whichever is more."""
        T, B, C, H = (int(n) for n in row.case.strip("()").split(","))
        numbers = T * B * (C + H) + 4 * H * (C + H)
        if training:  # x, y and the weights twice, their gradients, and 5 H numbers of tape written and read
            numbers = 3 * numbers + T * B * (H + 2 * 5 * H)
        return max(4 * numbers / self.copied, row.flops / self.multiplied) * 1e3


def as_stored(row: Row, question: str, limits: Limits) -> dict[str, object]:
    found = asdict(row) | {"ratio": round(row.ratio, 3)}
    if question in ("training", "inference"):
        found["GFLOP_per_s"] = row.flops / row.ours_ms / 1e6
        found["floor_ms"] = limits.floor_ms(row, question == "training")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=", ".join((*QUESTIONS, "onnxruntime")))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "lstm_speed.jsonl")
    options = parser.parse_args()
    where, limits = provenance(), Limits.measured()  # once: a stored row makes the tree differ from its commit
    for question in options.questions or (*QUESTIONS, "onnxruntime"):
        rows = list(onnx_lstm.inference(options.rounds) if question == "onnxruntime" else ask(question, options.rounds))
        print(report.table(question, rows).to_text(140), flush=True)
        if names_its_code(str(where["commit"])):
            row = {"question": question, **where, "kernel": described("cpu"), "limits": asdict(limits)}
            store(options.results, row | {"rows": [as_stored(r, question, limits) for r in rows]})
    return 0


if __name__ == "__main__":
    sys.exit(main())
