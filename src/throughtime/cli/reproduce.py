"""`throughtime reproduce`: published rows, rerun."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from throughtime.cli.options import Json, Settings, settings_from, show


def reproduce(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME ...|all]", help="Rows; without one, they are listed.")
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option("--trials", "--seeds", min=1, metavar="N", help="Fewer folds, draws or seeds than the row has."),
    ] = None,
    pairs: Settings = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Also write the table: .txt, .json, .csv or .md.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rerun published rows with the default settings and print our figures beside theirs."""
    settings = settings_from(pairs)
    from throughtime.recipes import reproduce as reruns

    if not names:
        if trials is not None or settings or out is not None:
            raise typer.BadParameter("--trials, --set and --out are for rows: none came. Name one, or all.")
        return show(reruns.rows(), as_json)
    show(reruns.reproduce(names, trials=trials, settings=settings, out=out, progress=not as_json), as_json)
