"""Baselines, judged by counting in plain Python."""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch

from throughtime.base.errors import ConfigError
from throughtime.tasks.histories import Histories
from throughtime.tasks.item_baselines import Markov, Neighbours, Popularity

V = 9


def made(users=30):
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 8, users)
    histories = Histories(list(range(users)), rng.integers(0, V + 1, lengths.sum()), np.append(0, lengths.cumsum()))
    return histories, [histories.of_user(place).tolist() for place in range(users)]


def whole(ranker, histories):
    found = torch.zeros(len(histories), V, dtype=torch.float64)
    for places, scores in ranker.scores(histories):
        found[places] = scores
    return found


def test_popularity():
    histories, runs = made()
    counts = Counter(item for run in runs for item in run if item < V)
    wanted = torch.tensor([counts[item] for item in range(V)], dtype=torch.float64)
    found = whole(Popularity().fit(histories, V), histories)
    torch.testing.assert_close(found, (wanted / wanted.sum()).expand(len(runs), -1))


@pytest.mark.parametrize("back_off", [0.5, 3])
def test_markov_counts_pairs_and_backs_off_to_popularity(back_off):
    histories, runs = made()
    pairs = Counter(pair for run in runs for pair in itertools.pairwise(run) if max(pair) < V)
    share = Popularity().fit(histories, V).share_
    found = whole(Markov(back_off).fit(histories, V), histories)
    for place, run in enumerate(runs):
        after = np.array([pairs[run[-1], item] for item in range(V)])
        wanted = (after + back_off * share) / (after.sum() + back_off)
        np.testing.assert_allclose(found[place].numpy(), wanted)


def test_after_an_item_that_nothing_followed_the_ranking_is_popularity():
    histories = Histories(["a", "b"], np.array([0, 1, 1, 2]), np.array([0, 3, 4]))
    model = Markov().fit(histories, 3)
    alone = Histories(["x", "y"], np.array([2, 3]), np.array([0, 1, 2]))
    scores = next(model.scores(alone))[1].numpy()
    np.testing.assert_allclose(scores, [model._popularity.share_] * 2)


def test_scores_are_probabilities():
    histories, _ = made()
    for model in (Popularity(), Markov(2.0)):
        torch.testing.assert_close(
            whole(model.fit(histories, V), histories).sum(1), torch.ones(len(histories), dtype=torch.float64)
        )


@pytest.mark.parametrize("decay", [0.5, 1])
def test_neighbours_are_bought_by_the_same_users(decay):
    histories, runs = made()
    has = np.array([[item in run for item in range(V)] for run in runs], dtype=float)  # [U, V]
    count = np.maximum(has.sum(0), 1)
    cosine = has.T @ has / np.sqrt(np.outer(count, count))
    np.fill_diagonal(cosine, 0)
    found = whole(Neighbours(decay).fit(histories, V), histories)
    for place, run in enumerate(runs):
        age = {item: len(run) - 1 - step for step, item in enumerate(run) if item < V}  # the last purchase's stays
        wanted = sum((decay**steps * cosine[item] for item, steps in age.items()), np.zeros(V))
        np.testing.assert_allclose(found[place].numpy(), wanted, atol=1e-8)


def test_items_that_no_neighbour_leads_to_are_ranked_by_popularity():
    histories = Histories(list("abcd"), np.array([0, 1, 2, 2, 2]), np.array([0, 2, 3, 4, 5]))
    scores = next(Neighbours().fit(histories, 3).scores(Histories(["x"], np.array([2]), np.array([0, 1]))))[1][0]
    assert scores[2] > scores[0] == scores[1] > 0


def test_settings_that_are_none_are_refused():
    with pytest.raises(ConfigError, match="`back_off` is a number above 0"):
        Markov(0)
    with pytest.raises(ConfigError, match="`decay` is a number above 0 and at most 1"):
        Neighbours(2)
