"""Does the LSTM foresee a security's next movement better than simple rules? One walk of every method a row.

python -m benchmarks.stock                              the S&P 500, the shipped sample
python -m benchmarks.stock prices.csv --seeds 3         a table of one's own
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.rows import ROOT, commit_here, names_its_code, provenance, store
from throughtime import recipes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", nargs="?", type=Path, default=None)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "stock.jsonl")
    options = parser.parse_args()
    commit, began_at = commit_here(), time.monotonic()
    table = recipes.compare("stock", data=options.table, seeds=options.seeds, progress=False)
    row = {
        "question": "does the LSTM foresee the next movement of a price better than simple rules, walk-forward",
        "table": "sp500" if options.table is None else options.table.name,
        **provenance(),
        "seeds": options.seeds,
        "seconds": round(time.monotonic() - began_at, 1),
        "result": json.loads(table.to_json()),
    }
    print(table.to_text())
    if names_its_code(commit):
        store(options.results, row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
