"""`throughtime resume`: go on with a run that was stopped."""

from __future__ import annotations

from throughtime.cli.options import Json, Run, show


def resume(run: Run, as_json: Json = False) -> None:
    """Go on with a stopped run from its newest checkpoint."""
    from throughtime import recipes

    show(recipes.resume(run, progress=not as_json).table, as_json)
