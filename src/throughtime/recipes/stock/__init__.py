"""A security's next movement, from a table of its prices."""

from throughtime.recipes.stock.recipe import RECIPE, load, read_other, sample

__all__ = ["RECIPE", "load", "read_other", "sample"]
