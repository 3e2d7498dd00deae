"""The report's pictures."""

import numpy as np

from throughtime.recipes.purchase.pictures import hits_by_length, hits_by_popularity


def test_hits_by_length_has_a_curve_and_a_name_for_each_method():
    ranks = {"LSTM": np.array([1.0, 4.0, np.inf]), "popularity": np.array([2.0, 9.0, 3.0])}
    drawn = hits_by_length(ranks, 12)
    assert drawn.startswith("<svg")
    assert all(f">{name}<" in drawn for name in (*ranks, "items listed", "10"))
    assert ">20<" not in drawn  # there are 12 items
    assert drawn != hits_by_length({**ranks, "LSTM": np.array([1.0, 1.0, 1.0])}, 12)


def test_hits_by_popularity_has_bars_for_each_method():
    drawn = hits_by_popularity(["to 20%", "20% to 100%"], {"LSTM": [0.5, float("nan")], "popularity": [1.0, 0.0]})
    assert all(f">{name}<" in drawn for name in ("to 20%", "20% to 100%", "LSTM", "popularity"))
