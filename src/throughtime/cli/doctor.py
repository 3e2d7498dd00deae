"""`throughtime doctor`: what this machine offers, for bug reports and before a long run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from throughtime.cli.options import Json, show


def doctor(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder where runs are to be kept.")] = Path("."),
    as_json: Json = False,
) -> None:
    """Report versions, processor, kernels, and whether runs are safe in a folder."""
    from throughtime.recipes.doctor import examine

    show(examine(out), as_json)
