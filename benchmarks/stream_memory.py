"""How much memory does a token file larger than it take? Anonymous memory while a file is trained on, and read whole.

The file is made for it, random at its beginning and end and empty between; bytes on disk count, not what they say.

python -m benchmarks.stream_memory
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import throughtime as tt
from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.bptt import token_pieces
from throughtime.data import TokenFile, TokenStretch, contiguous_rows

SIZE, ROWS, VOCABULARY, HIDDEN = 4 * 2**30, 64, 5000, 256


def anonymous() -> int:
    """Bytes of this process's memory that no file backs."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status says nothing of RssAnon")


def made(folder: str) -> Path:
    """A token file of SIZE bytes."""
    path, some = Path(folder) / "tokens.bin", np.random.default_rng(0).integers(0, VOCABULARY, 10**6)
    with path.open("wb") as file:
        file.write(some.astype("<u2").tobytes())
        file.truncate(SIZE)
        file.seek(SIZE - 2 * 10**6)
        file.write(some.astype("<u2").tobytes())
    return path


def entropy(output: Tensor, target: Tensor) -> Tensor:
    return nn.functional.cross_entropy(output, target, reduction="none")


def watched(stretches: Iterator[TokenStretch], peak: list[int]) -> Iterator[TokenStretch]:
    for stretch in stretches:
        peak[0] = max(peak[0], anonymous())
        yield stretch


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "stream_memory.jsonl")
    options = parser.parse_args()
    where = provenance()
    network = tt.Network(nn.Embedding(VOCABULARY, HIDDEN), tt.LSTM(HIDDEN, HIDDEN), nn.Linear(HIDDEN, VOCABULARY))
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    with tempfile.TemporaryDirectory() as folder:
        file = TokenFile(made(folder))
        before, peak = anonymous(), [0]
        pieces = token_pieces(watched(contiguous_rows(file, ROWS, 20), peak))
        for _ in islice(tt.through_stream(network, entropy, pieces, tt.TBPTT(20, 40)), options.updates):
            optimizer.step()
            optimizer.zero_grad()
        trained, peak[0], began, tokens = peak[0] - before, 0, time.perf_counter(), 0
        for stretch in watched(contiguous_rows(file, ROWS, 4096), peak):
            tokens += stretch.x.size
        read = peak[0] - before
    seconds = time.perf_counter() - began
    print(f"training: {trained / 1e6:,.0f} MB above {before / 1e6:,.0f} MB")
    print(f"reading {tokens:,} tokens: {read / 1e6:,.0f} MB above")
    if names_its_code(str(where["commit"])):
        row = {"file_bytes": SIZE, "rows": ROWS, "before": before, "training_above": trained, "reading_above": read}
        row |= {"tokens": tokens, "tokens_per_second": tokens / seconds}
        store(options.results, {"question": "anonymous memory of a 4 GB token file", **where, **row})
    return 0


if __name__ == "__main__":
    sys.exit(main())
