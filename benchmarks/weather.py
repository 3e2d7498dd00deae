"""Does the LSTM forecast better than the simple rules? One table a row, for the sample or a table of one's own.

python -m benchmarks.weather                              Seattle, the shipped sample
python -m benchmarks.weather beijing                      next hour's PM2.5, from THROUGHTIME_DATA
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from benchmarks.rows import ROOT, provenance, store
from throughtime import recipes

BEIJING = {
    "time": "year,month,day,hour",
    "target": "pm2.5",
    "ignore": "No,cbwd",
    "validation": "2013-01-01",
    "test": "2014-01-01",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", nargs="?", choices=["seattle", "beijing"], default="seattle")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "weather.jsonl")
    options = parser.parse_args()
    data, settings = None, {}
    if options.table == "beijing":
        folder = os.environ.get("THROUGHTIME_DATA")
        data = Path(folder or "") / "beijing_pm25" / "pollution.csv.gz"
        settings = BEIJING
        if folder is None or not data.is_file():
            print("Beijing's table is read from THROUGHTIME_DATA, and it is not there: nothing was measured.")
            return 1
    began_at = time.monotonic()
    table = recipes.compare("weather", data=data, seeds=options.seeds, settings=settings, progress=None)
    row = {
        "question": "does the LSTM forecast one step ahead better than simple rules",
        "table": options.table,
        **provenance(),
        "seeds": options.seeds,
        "seconds": round(time.monotonic() - began_at, 1),
        "result": json.loads(table.to_json()),
    }
    store(options.results, row)
    print(table.to_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
