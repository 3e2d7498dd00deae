"""Methods on a ring of items: what follows is known, so that ranks are."""

from dataclasses import replace

import numpy as np
import pytest

from tests.recipes.purchase.made import case, problem, trained
from throughtime.base.errors import ConfigError, ScheduleError
from throughtime.recipes.purchase.methods import (
    RULES,
    check_network,
    ranks_by,
    ranks_of_model,
    ranks_of_popularity,
    rule,
    scores_of,
    try_network,
    try_rule,
)
from throughtime.tasks.item_baselines import Popularity
from throughtime.train.ranks import Ranks

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.Notice")


def test_scores_are_those_of_the_ranks():
    found = scores_of(np.array([1.0, 3.0, np.inf, 30.0]), 20)
    assert found["Hit@20"] == 0.5
    assert found["NDCG@20"] == pytest.approx((1 + 1 / np.log2(4)) / 4)
    assert found["MRR"] == pytest.approx((1 + 1 / 3 + 0 + 1 / 30) / 4)


def test_what_follows_is_told_by_pairs_and_not_by_popularity():
    own = problem()
    hits = {name: try_rule(own, name, 1).scores(1)["Hit@1"] for name in RULES}
    assert hits["first-order Markov"] == 1.0
    assert hits["popularity"] < 0.15
    assert hits["popularity"] < hits["item neighbours"]
    assert try_rule(own, "item neighbours", 1).choice.startswith("a purchase counts 0.")


def test_validation_chooses_and_not_what_is_told():
    own = problem()
    wrong = replace(own, told=own.told.some(np.array([0])))
    assert rule(own, "item neighbours", 3)[1] == rule(wrong, "item neighbours", 3)[1]


def test_a_network_learns_the_ring_and_its_ranks_are_the_estimators():
    own, model = trained()
    ranks = ranks_of_model(model, own.problem)
    assert (ranks == 1).mean() > 0.9
    assert np.array_equal(ranks, model.ranks(*own.problem.columns(own.problem.told)))
    assert model.schedule_.k1 == 10
    trial = try_network(own.problem, "LSTM", own.chosen.model, "10,10", own.chosen.model.seed)
    assert np.array_equal(trial.ranks, ranks)
    assert trial.parameters == model.parameters_count_


def test_popularity_is_the_same_from_the_data_and_from_a_model():
    own, model = trained()
    items = len(own.problem.catalogue)
    counted = Popularity().fit(own.problem.train.renumbered(own.problem.catalogue.numbers(own.problem.ids)), items)
    mine, theirs = ranks_of_popularity(model, own.problem), ranks_by(counted, own.problem)
    # Items bought equally often stand in the order that each met them in.
    np.testing.assert_allclose(np.sort(mine), np.sort(theirs), atol=items / 3)
    assert (mine == theirs).mean() > 0.3


def test_what_a_user_has_is_not_told_where_masked():
    own = problem(mask_seen="true")
    free = replace(own, masked=False)
    popular = rule(own, "popularity", 20)[0]
    masked, plain = ranks_by(popular, own), ranks_by(popular, free)
    assert (masked <= plain).all()
    assert (masked < plain).any()


def test_items_of_no_training_purchase_have_no_rank():
    own, model = trained()
    strange = replace(own.problem, ids=[*own.problem.ids[:-1], 999])
    there = own.problem.told.last == len(own.problem.ids) - 1
    assert there.any()
    assert np.isinf(ranks_of_model(model, strange)[there]).all()
    assert np.isfinite(ranks_of_model(model, strange)[~there]).all()


def test_what_cannot_be_trained_is_refused_beforehand():
    own = case()
    check_network(own.problem, own.chosen.model, "10,10")
    with pytest.raises((ConfigError, ScheduleError), match="k1|schedule|TBPTT"):
        check_network(own.problem, own.chosen.model, "0,10")
    ranks = Ranks()
    ranks.count = 3
    with pytest.raises(ConfigError, match="for 3 ranks came"):
        check_network(own.problem, own.chosen.model, None, ranks)
