"""The report's pictures: how many purchases are hit by lists of each length, and which items they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from throughtime.recipes.figure import as_element, colours, legend_above

# A list longer than this is no recommendation.
MOST_LISTED = 100


def hits_by_length(ranks: Mapping[str, np.ndarray], items: int) -> str:
    """The share of purchases among the first k items, k from 1 on.

    Args:
        ranks: [N] by method, inf where an item is not known.
        items: V.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        k = np.arange(1, min(MOST_LISTED, items) + 1)
        for colour, (name, found) in zip(colours(len(ranks)), ranks.items(), strict=True):
            axes.plot(k, (found[:, None] <= k).mean(0), color=colour, label=name)
        axes.set_xscale("log")
        axes.set_xticks([n for n in (1, 2, 5, 10, 20, 50, 100) if n <= k[-1]])
        axes.xaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.set_xlabel("items listed")
        axes.set_ylabel("share of purchases among them")
        axes.set_ylim(bottom=0)
        legend_above(axes, len(ranks))

    return as_element(draw, 3.2, "hits")


def hits_by_popularity(names: Sequence[str], hits: Mapping[str, Sequence[float]]) -> str:
    """The share of hits in each group of items, from the most bought on.

    Args:
        names: of the groups.
        hits: by method the share in each group, nan where nobody bought of it.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        width = 0.8 / len(hits)
        for place, (colour, (name, shares)) in enumerate(zip(colours(len(hits)), hits.items(), strict=True)):
            left = np.arange(len(names)) + (place + 0.5) * width - 0.4
            axes.bar(left, np.nan_to_num(np.array(shares)), width, color=colour, label=name)
        axes.set_xticks(np.arange(len(names)), names)
        axes.set_ylabel("share of hits")
        legend_above(axes, len(hits))

    return as_element(draw, 2.8, "popularity")
