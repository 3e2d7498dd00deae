"""Run the README's first Python block and compare what it prints with the output block that follows it.

    python tests/quick_start.py README.md

Words must be equal; numbers with a point may differ by `TOLERANCE` and one unit of their last digit, for another
processor or release of torch rounds differently and training carries that on.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# Relative: wide enough for other rounding, narrow enough that another computation does not pass.
TOLERANCE = 0.05

BLOCKS = re.compile(r"```python\n(?P<code>.*?)```\s*```text\n(?P<output>.*?)```", re.DOTALL)
FLOAT = re.compile(r"-?\d+\.\d+")


def blocks(readme: Path) -> tuple[str, str]:
    """The code of the first screen and the output it is said to give."""
    found = BLOCKS.search(readme.read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit(f"{readme} has no python block with a text block after it.")
    return found["code"], found["output"]


def differences(said: str, printed: str) -> list[str]:
    """What the README says against what came, where they differ."""
    if FLOAT.sub("#", said).split() != FLOAT.sub("#", printed).split():
        return [f"The text says:\n{said}\nIt prints:\n{printed}"]
    return [
        f"The text says {a}, it prints {b}."
        for a, b in zip(FLOAT.findall(said), FLOAT.findall(printed), strict=True)
        if abs(float(a) - float(b)) > TOLERANCE * abs(float(a)) + 1.001 * 10.0 ** -len(a.partition(".")[2])
    ]


def run(readme: Path) -> list[str]:
    """Run the quick start in a fresh interpreter, warnings as errors, and compare."""
    code, output = blocks(readme)
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return [f"The quick start fails:\n{done.stderr}"]
    return differences(output, done.stdout)


if __name__ == "__main__":
    wrong = run(Path(sys.argv[1]))
    sys.exit("\n".join(wrong) if wrong else print("quick start: as the README says"))
