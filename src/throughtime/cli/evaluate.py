"""`throughtime evaluate`: score a trained run."""

from __future__ import annotations

from throughtime.cli.options import Json, Run, RunData, show


def evaluate(run: Run, data: RunData = None, as_json: Json = False) -> None:
    """Score a run's model on its test part, or on your own table."""
    from throughtime import recipes

    show(recipes.evaluate(run, data=data), as_json)
