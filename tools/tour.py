"""Every recipe on its sample, and one page that shows them all; exit code 1 where one failed.

python tools/tour.py runs/tour
"""

from __future__ import annotations

import sys
from pathlib import Path

from throughtime.recipes.tour import INDEX, tour


def main(out: Path) -> int:
    """The tour into a folder, told of on the way.

    Returns:
        0, or 1 where a recipe failed.
    """
    stops = []
    for stop in tour(out, progress=False):
        print(f"{stop.seconds:6.1f} s  {stop.name}" + (f"  FAILED: {stop.problem}" if stop.problem else ""), flush=True)
        stops.append(stop)
    failed = [stop.name for stop in stops if stop.problem]
    print(f"{sum(stop.seconds for stop in stops):6.1f} s  in all, {len(stops)} recipes; page: {out / INDEX}")
    if failed:
        print(f"Every recipe runs on its sample: {', '.join(failed)} did not; {out / INDEX} says why.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
