"""`throughtime compare`: a recipe's network beside its baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from throughtime.cli.options import Backend, Data, Json, Recipe, Settings, settings_from, show


def compare(
    recipe: Recipe,
    data: Data = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="PATH", help="Also write the table: a .txt, .json, .csv or .md file, or a folder."
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, metavar="N", help="How often each network is trained, for the spread.")
    ] = 3,
    pairs: Settings = None,
    backend: Backend = "processes",
    as_json: Json = False,
) -> None:
    """Train a recipe and its baselines on the same split and print them in one table."""
    settings = settings_from(pairs)
    from throughtime import recipes

    table = recipes.compare(
        recipe, data=data, seeds=seeds, settings=settings, out=out, progress=not as_json, backend=backend
    )
    show(table, as_json)
