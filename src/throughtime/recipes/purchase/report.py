"""`report.html` of purchases: scores, learning curve, hits by length of list and by popularity, items alike, customers.

Dimensions: N users that are scored, V items, E numbers an item has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.nn import functional as F

from throughtime.recipes.learning import learning_curve
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.purchase import pictures
from throughtime.recipes.purchase.problem import Problem
from throughtime.recipes.purchase.verdict import listed_ids, shown
from throughtime.recipes.table import Column, Table
from throughtime.tasks import PurchasePredictor

# Items are told apart by how much of all training purchases is of them and of those bought more.
GROUP_ENDS = (0.2, 0.4, 0.6, 0.8, 1.0)
# Rows of the tables, and entries of a row, that are read and not skipped.
ITEMS_SHOWN, ALIKE, CUSTOMERS, HISTORY, TOLD = 10, 5, 8, 6, 5


@dataclass(frozen=True)
class Evidence:
    """What the report shows.

    Args:
        problem: the purchases.
        predictor: the trained estimator.
        ranks: [N] of what was to be told, by method, the network's first.
        scores: on it.
        top: items that a hit is among.
        record: what repeats the run.
        network: one line on the network.
    """

    problem: Problem
    predictor: PurchasePredictor
    ranks: Mapping[str, np.ndarray]
    scores: Table
    top: int
    record: Mapping[str, Any]
    network: str


def render(evidence: Evidence) -> str:
    """The page as text."""
    history = evidence.predictor.history_
    assert history is not None  # it was trained here
    groups = popularity_table(evidence)
    hits = {name: [float("nan") if cell is None else cell for cell in groups.column(f"Hit@{evidence.top}.{name}")]
            for name in evidence.ranks}  # fmt: skip
    bars = pictures.hits_by_popularity([str(cell) for cell in groups.column("purchases")], hits)  # type: ignore[arg-type]
    sections = [
        ("Scores", as_html(evidence.scores) + as_paragraphs(evidence.scores.notes)),
        ("Learning curve", learning_curve(history, "nats a purchase")),
        ("Hits by length of the list", pictures.hits_by_length(evidence.ranks, len(evidence.predictor.items_))),
        ("Hits by popularity", bars + as_html(groups) + as_paragraphs(groups.notes)),
        ("Items alike", _alike(evidence)),
        ("Some customers", _customers(evidence)),
        ("What repeats this run", as_html(settings_table(evidence.record))),
    ]
    return page(evidence.problem.title, evidence.network, sections)


def popularity_table(evidence: Evidence) -> Table:
    """Hits of each method by how much of all training purchases is of items bought as often, or more."""
    problem = evidence.problem
    number = problem.catalogue.numbers(problem.ids)[problem.told.last]  # V where not known
    shares = problem.catalogue.counts / problem.catalogue.counts.sum()
    group = np.searchsorted(GROUP_ENDS, shares.cumsum() - shares, side="right")  # [V] of each item
    group = np.append(np.minimum(group, len(GROUP_ENDS) - 1), len(GROUP_ENDS))
    rows = []
    for place, end in enumerate(GROUP_ENDS):
        here = group[number] == place
        name = f"to {end:.0%}" if place == 0 else f"{GROUP_ENDS[place - 1]:.0%} to {end:.0%}"
        hits = [
            float((ranks[here] <= evidence.top).mean()) if here.any() else None for ranks in evidence.ranks.values()
        ]
        rows.append((name, int((group[:-1] == place).sum()), float(here.mean()), *hits))
    columns = (
        Column("purchases"),
        Column("items"),
        Column("of those told", digits=3),
        *(Column(name, f"Hit@{evidence.top}", digits=3) for name in evidence.ranks),
    )
    note = "Items are in order of popularity: those in the first row make up the first fifth of all training purchases."
    return Table("hits by popularity", columns, tuple(rows), (note,))


def alike_table(predictor: PurchasePredictor) -> Table:
    """Items, from the most bought down, with those whose vectors point the same way (cosine)."""
    items = predictor.items_
    places = np.unique(np.geomspace(1, len(items), min(ITEMS_SHOWN, len(items))).round().astype(int)) - 1
    vectors = F.normalize(predictor.network_.embed.weight.detach().cpu()[:-1], dim=1)  # type: ignore[union-attr, operator]
    cosine = vectors[places] @ vectors.T
    best, found = cosine.topk(min(ALIKE + 1, len(items)))
    rows = []
    for place, values, near in zip(places.tolist(), best.tolist(), found.tolist(), strict=True):
        others = [(value, each) for value, each in zip(values, near, strict=True) if each != place][:ALIKE]
        words = ", ".join(f"{shown(items[each])} ({value:.2f})" for value, each in others)
        rows.append((shown(items[place]), place + 1, words))
    columns = Column("item"), Column("rank by popularity"), Column("nearest (cosine)", words=True)
    return Table("items alike", columns, tuple(rows))


def customers_table(evidence: Evidence) -> Table:
    """Some users spread over those told: what they bought, the first items told, and what came, with its rank."""
    problem, ranks = evidence.problem, next(iter(evidence.ranks.values()))
    places = np.unique(np.linspace(0, len(problem.told) - 1, CUSTOMERS).round().astype(int))
    some = problem.told.some(places)
    before = some.without_last()
    frame = evidence.predictor.predict(*problem.columns(before), top=TOLD, exclude_seen=problem.masked)
    rows = []
    for row, place in enumerate(places.tolist()):
        bought = [problem.ids[number] for number in before.of_user(row)[-HISTORY:]]
        told = frame.filter(frame["user"] == row)["item"].to_list()
        rank = float(ranks[place])
        came = f"{shown(problem.ids[some.last[row]])} ({f'rank {rank:,.0f}' if np.isfinite(rank) else 'not known'})"
        rows.append((shown(some.users[row]), listed_ids(bought), listed_ids(told), came))
    columns = Column("user"), Column(f"last {HISTORY} purchases", words=True), Column("told", words=True)
    return Table("customers", (*columns, Column("came", words=True)), tuple(rows))


def _alike(evidence: Evidence) -> str:
    hint = "Nobody said what goes with what: the network read it off the order of purchases."
    return quiet(hint) + as_html(alike_table(evidence.predictor))


def _customers(evidence: Evidence) -> str:
    hint = f"What each bought, oldest first; the {TOLD} likeliest items after that, the likeliest first; and what came."
    return quiet(hint) + as_html(customers_table(evidence))
