"""One picture out of a run's report, as an SVG file that shows on any background.

throughtime train stock --out runs/stock
python tools/report_picture.py runs/stock "Calibration" calibration.svg
"""

from __future__ import annotations

import sys
from pathlib import Path

from throughtime.base.atomic import write_text
from throughtime.recipes.figure import as_file
from throughtime.recipes.page import pictures_of


def main(run: Path, heading: str, target: Path) -> None:
    """Write the first picture below a heading of the report; end with a message where there is none."""
    pictures = pictures_of((run / "report.html").read_text(encoding="utf-8"))
    if heading not in pictures:
        sys.exit(f"A picture stands below a heading of the report: {heading!r} has none; {', '.join(pictures)} have.")
    write_text(target, as_file(pictures[heading]))
    print(f"{target}: {heading}, out of {run / 'report.html'}")


if __name__ == "__main__":
    run, heading, target = sys.argv[1:]
    main(Path(run), heading, Path(target))
