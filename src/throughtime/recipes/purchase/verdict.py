"""What a trained network's rankings are worth, and what it recommends, as tables."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from throughtime.recipes.purchase.methods import ranks_of_model, ranks_of_popularity, scores_of
from throughtime.recipes.purchase.problem import Problem
from throughtime.recipes.table import Column, Table
from throughtime.tasks import PurchasePredictor

NAMED = {"lstm": "LSTM", "rnn": "Elman RNN", "perceptron": "perceptron"}


def ranks_of_run(problem: Problem, predictor: PurchasePredictor) -> dict[str, np.ndarray]:
    """By method the ranks [N] of what is to be told: the network's, and popularity's as its training knew it."""
    return {
        NAMED[predictor.cell]: ranks_of_model(predictor, problem),
        "popularity": ranks_of_popularity(predictor, problem),
    }


def scores_table(problem: Problem, ranks: Mapping[str, np.ndarray], top: int) -> Table:
    """One row for each method: Hit, NDCG and reciprocal rank on the purchases told.

    Args:
        problem: the purchases.
        ranks: [N] by method, the network's first.
        top: items that Hit and NDCG look at.
    """
    rows = [(name, scores_of(each, top)) for name, each in ranks.items()]
    columns = (Column("method"), *(Column(heading, digits=3) for heading in rows[0][1]))
    said = interval_note(next(iter(ranks.values())), top)
    title = f"{problem.title}: the next purchase of {len(problem.told):,} users"
    return Table(title, columns, tuple((name, *found.values()) for name, found in rows), (*problem.notes, said))


def interval_note(ranks: np.ndarray, top: int) -> str:
    """How far chance in who is scored moves a share of hits."""
    share = float((ranks <= top).mean())
    reach = 1.96 * (share * (1 - share) / len(ranks)) ** 0.5
    return f"Hit@{top} of the first row is known to ±{reach:.3f} (95 % interval over users)."


def recommended(problem: Problem, predictor: PurchasePredictor, listed: int) -> Table:
    """The likeliest next items of every user, after all of the user's purchases."""
    frame = predictor.predict(*problem.columns(problem.everyone), top=listed, exclude_seen=problem.masked)
    users = problem.everyone.users
    rows = tuple(
        (shown(users[user]), rank, shown(item), probability) for user, rank, item, probability in frame.iter_rows()
    )
    columns = (Column("user"), Column("rank"), Column("item", words=True), Column("probability", digits=3))
    known = problem.known_by(predictor.items_)[problem.everyone.items] < len(predictor.items_)
    notes = () if known.all() else (f"Of {len(known):,} purchases {(~known).sum():,} are of items not known.",)
    return Table(f"{problem.title}: the next purchase", columns, rows, (*problem.notes, *notes))


def shown(id: Hashable) -> str:
    """An id as text; a number's digits are not grouped."""
    return str(id)


def listed_ids(ids: Sequence[Hashable]) -> str:
    """Ids one after another."""
    return ", ".join(map(shown, ids))
