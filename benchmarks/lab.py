"""The lab's tables of what is remembered: one thing long, many at once, two and five long; with the seconds they took.

python -m benchmarks.lab [SUBJECT ...]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.recipes import lab as studies

SUBJECTS = ("recall", "count", "adding", "copy")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "lab.jsonl")
    options = parser.parse_args()
    where = provenance()
    for subject in options.subjects or SUBJECTS:
        began = time.perf_counter()
        found = studies.lab(subject, seeds=options.seeds)
        print(found.to_text(), flush=True)
        if names_its_code(str(where["commit"])):
            row = {"question": f"lab {subject}", **where, "seeds": options.seeds}
            store(options.results, row | {"seconds": time.perf_counter() - began, "found": json.loads(found.to_json())})
    return 0


if __name__ == "__main__":
    sys.exit(main())
