"""`throughtime recipes`: what can be trained."""

from __future__ import annotations

from throughtime.cli.options import Json, show


def recipes(as_json: Json = False) -> None:
    """List the recipes."""
    from throughtime.recipes import Column, Table, names

    show(
        Table("Recipes: throughtime train NAME", (Column("name"), Column("what", words=True)), tuple(names())), as_json
    )
