import numpy as np
import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes import synthetic_purchases as module
from throughtime.recipes.synthetic_purchases import synthetic_purchases


@pytest.fixture(scope="module")
def made():
    return synthetic_purchases(3000, 500, 60_000, seed=1)


def runs(purchases):
    order = np.argsort(purchases.users, kind="stable")
    users, items = purchases.users[order], purchases.items[order]
    return np.split(items, np.flatnonzero(np.diff(users)) + 1)


def test_as_many_as_asked_for_in_the_order_of_time(made):
    assert len(made.users) == len(made.items) == len(made.times) == pytest.approx(60_000, rel=0.05)
    assert set(made.users) == set(range(3000))
    assert made.items.min() >= 0
    assert made.items.max() < 500
    assert (np.diff(made.times.astype(np.int64)) >= 0).all()


def test_the_same_seed_gives_the_same_purchases(made):
    again, other = synthetic_purchases(3000, 500, 60_000, seed=1), synthetic_purchases(3000, 500, 60_000, seed=2)
    for name in ("users", "items", "times"):
        assert np.array_equal(getattr(made, name), getattr(again, name))
    assert not np.array_equal(made.items[:1000], other.items[:1000])


def test_few_items_are_bought_often_and_most_seldom(made):
    counts = np.sort(np.bincount(made.items, minlength=500))[::-1]
    assert counts[:50].sum() > 0.3 * counts.sum()
    assert counts[250:].sum() < 0.25 * counts.sum()


def test_users_repeat_purchases_more_often_than_chance(made):
    items = runs(made)
    repeated = np.mean([np.isin(run[-1], run[:-1]) for run in items if len(run) > 5])
    shuffled = np.random.default_rng(0).permutation(len(items))
    chance = np.mean([np.isin(items[j][-1], items[i][:-1]) for i, j in enumerate(shuffled) if len(items[i]) > 5])
    assert repeated > 2 * chance


def test_complements_follow_with_their_lag(made):
    """Of the purchases so far apart as an item's lag the share that are its one complement stands out."""
    pairs = {lag: [] for lag in range(1, module.LAGS + 1)}
    for run in runs(made):
        for lag, found in pairs.items():
            found += zip(run[:-lag], run[lag:], strict=True)
    best = []
    for found in pairs.values():
        before, after = np.array(found).T
        table = np.zeros((500, 500))
        np.add.at(table, (before, after), 1)
        share = table / np.maximum(table.sum(1, keepdims=True), 1)
        best.append(np.where(table.sum(1) > 100, share.max(1), 0))
    strong = np.array(best) > 0.15
    assert strong.any(1).all()  # each lag is somebody's
    assert (strong.sum(0) <= 1).mean() > 0.9  # and hardly an item has two


def test_sizes_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="`users`.*`items`.*`seed`"):
        synthetic_purchases(0, 3, seed=-1)
    with pytest.raises(ConfigError, match="`events` is a whole number, at least 50"):
        synthetic_purchases(50, 20, 10)
    with pytest.raises(ConfigError, match="`groups`"):
        synthetic_purchases(50, 20, 100, groups=21)
