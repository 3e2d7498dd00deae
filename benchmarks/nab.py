"""Does the LSTM's detector find the anomalies of the Numenta Anomaly Benchmark, and do simple forecasts by its rule?

The methods and their thresholds are those of `throughtime.recipes.reproduce.streams`, which says what each is; rows are
stored here. "best_threshold_on_labels" is what the scores give with the best one of each folder, every row of that or
more an alarm.

python -m benchmarks.nab                              realKnownCause and realAWSCloudwatch
python -m benchmarks.nab realTraffic --seeds 1        other folders
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.rows import ROOT, commit_here, names_its_code, provenance, store
from throughtime.recipes.reproduce.streams import FOLDERS, bars, measure, read, summary


def measured(data: Path, folders: Sequence[str], seeds: int, jobs: int) -> dict[str, Any]:
    files = read(data, folders)
    began = time.perf_counter()
    found = measure(files, seeds, jobs, {})
    row: dict[str, Any] = {"files": len(files), "rows": sum(len(f.values) for f in files), "jobs": jobs, "seeds": seeds}
    row["seconds"] = round(time.perf_counter() - began, 1)
    for folder in folders:
        here = [file for file in files if file.folder == folder]
        row[folder] = {"published": bars(folder), **summary(here, [found[file.name] for file in here], {})}
    return row


def show(row: dict[str, Any], folders: Sequence[str]) -> None:
    print(f"{row['files']} files, {row['rows']} rows, {row['seconds']} s with {row['jobs']} processes")
    for folder in folders:
        print(f"\n{folder}\n  published, threshold chosen on labels: {row[folder]['published']}")
        for name, result in row[folder].items():
            if name != "published":
                print(f"  {name:18s} {' '.join(f'{key} {value:<8}' for key, value in result.items())}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=list(FOLDERS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "nab.jsonl")
    options = parser.parse_args()
    data = Path(os.environ.get("THROUGHTIME_DATA") or ROOT.parent / "shared" / "data") / "nab"
    if not (data / "nab.csv.gz").is_file():
        print(f"The benchmark's files are read from THROUGHTIME_DATA, and {data} is not there: nothing was measured.")
        return 1
    commit = commit_here()
    row = measured(data, options.folders, options.seeds, options.jobs)
    show(row, options.folders)
    if names_its_code(commit):
        question = "does the LSTM's stream detector find the anomalies of NAB, standard profile, without its labels"
        store(options.results, {"question": question, **provenance(), **row})
    return 0


if __name__ == "__main__":
    sys.exit(main())
