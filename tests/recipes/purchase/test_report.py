"""The page of a run, and the tables on it."""

import numpy as np
import pytest

from tests.recipes.purchase.made import RING, trained
from throughtime.recipes.purchase.report import Evidence, alike_table, customers_table, popularity_table, render
from throughtime.recipes.purchase.verdict import ranks_of_run, scores_table

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.Notice")


@pytest.fixture(scope="module")
def evidence():
    own, model = trained()
    ranks = ranks_of_run(own.problem, model)
    table = scores_table(own.problem, ranks, 3)
    return Evidence(own.problem, model, ranks, table, 3, {"seed": 0}, "a network")


def test_every_part_is_on_the_page(evidence):
    html = render(evidence)
    for heading in ("Scores", "Learning curve", "Hits by length of the list", "Items alike", "Some customers"):
        assert f"<h2>{heading}</h2>" in html
    assert html.count("<svg") == 3
    assert "http" not in html.replace("http://www.w3.org", "")


def test_groups_of_items_hold_all_purchases(evidence):
    table = popularity_table(evidence)
    assert sum(table.column("items")) == RING
    assert sum(table.column("of those told")) == pytest.approx(1)
    counts = evidence.problem.catalogue.counts
    assert table.column("items")[0] == int((counts.cumsum() - counts < 0.2 * counts.sum()).sum())
    told, hits = table.column("of those told"), table.column("Hit@3.LSTM")
    whole = np.mean(next(iter(evidence.ranks.values())) <= 3)
    assert sum(share * (hit or 0) for share, hit in zip(told, hits, strict=True)) == pytest.approx(whole)


def test_items_alike_are_others_in_order_of_cosine(evidence):
    table = alike_table(evidence.predictor)
    assert table.column("item")[0] == str(evidence.predictor.items_[0])
    for item, words in zip(table.column("item"), table.column("nearest (cosine)"), strict=True):
        near = [part.split(" (") for part in words.split(", ")]
        assert item not in [name for name, _ in near]
        values = [float(value[:-1]) for _, value in near]
        assert values == sorted(values, reverse=True)


def test_customers_are_shown_with_what_came(evidence):
    table = customers_table(evidence)
    assert len(table.rows) == 8
    for row in table.rows:
        history, told, came = row[1].split(", "), row[2].split(", "), row[3]
        item, rank = came.split(" (rank ")
        assert int(item) == (int(history[-1]) + 1) % RING
        place = int(rank[:-1])
        if place <= 5:
            assert told[place - 1] == item
        assert len(history) <= 6
