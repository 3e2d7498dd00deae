"""The recipes there are, by name."""

from __future__ import annotations

from throughtime.base.checks import did_you_mean
from throughtime.base.errors import ConfigError
from throughtime.recipes import anomaly, stock
from throughtime.recipes.ahead import recipe as ahead
from throughtime.recipes.caption import describing
from throughtime.recipes.execute import executing
from throughtime.recipes.forecasting import weather
from throughtime.recipes.handwriting import case as handwriting
from throughtime.recipes.labelling import dna, sentiment
from throughtime.recipes.music import case as music
from throughtime.recipes.purchase import shop
from throughtime.recipes.recipe import Recipe
from throughtime.recipes.summarize import summarizing
from throughtime.recipes.text import prose

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        weather.RECIPE,
        stock.RECIPE,
        shop.RECIPE,
        dna.RECIPE,
        sentiment.RECIPE,
        anomaly.RECIPE,
        prose.RECIPE,
        music.RECIPE,
        handwriting.RECIPE,
        describing.RECIPE,
        ahead.RECIPE,
        summarizing.RECIPE,
        executing.RECIPE,
    )
}


def recipe_named(name: str) -> Recipe:
    """The recipe of a name.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    if name not in RECIPES:
        hint = did_you_mean(name, RECIPES, "there is")
        raise ConfigError(f"A recipe must be one of those that exist; {name!r} is none: {hint}")
    return RECIPES[name]
