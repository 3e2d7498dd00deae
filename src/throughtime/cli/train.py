"""`throughtime train`: a recipe from its data to a trained model, in a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from throughtime.cli.options import Data, Json, Recipe, Settings, settings_from, show


def train(
    recipe: Recipe,
    data: Data = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="New or empty folder of the run; without it, the next runs/RECIPE-N."
        ),
    ] = None,
    tbptt: Annotated[
        str | None,
        typer.Option(
            "--tbptt",
            metavar="K1,K2",
            help="Truncation: 20,100 or n,n or auto (measured on a pilot); the recipe has its own.",
        ),
    ] = None,
    reach: Annotated[bool, typer.Option("--reach", help="After each epoch measure how far gradients go back.")] = False,
    pairs: Settings = None,
    as_json: Json = False,
) -> None:
    """Train a recipe and write its run folder."""
    settings = settings_from(pairs) | ({"reach": "true"} if reach else {})
    from throughtime import recipes

    result = recipes.train(recipe, data=data, out=out, tbptt=tbptt, settings=settings, progress=not as_json)
    if result is not None:  # under torchrun the first rank tells
        show(result.table, as_json)
