"""`throughtime predict`: what a trained run expects next."""

from __future__ import annotations

from throughtime.cli.options import Json, Run, RunData, show


def predict(run: Run, data: RunData = None, as_json: Json = False) -> None:
    """Predict with a run's model, after its data or after your own table."""
    from throughtime import recipes

    show(recipes.predict(run, data=data), as_json)
