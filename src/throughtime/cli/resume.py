"""`throughtime resume`: go on with a run that was stopped."""

from __future__ import annotations

from throughtime.cli.options import Json, Run, show


def resume(run: Run, as_json: Json = False) -> None:
    """Go on with a stopped run from its newest checkpoint."""
    from throughtime import recipes

    result = recipes.resume(run, progress=not as_json)
    if result is not None:  # under torchrun the first rank tells
        show(result.table, as_json)
