"""Purchases whose next one is known: users that go round a ring of items, from anywhere."""

from functools import cache

import numpy as np
import polars as pl

from throughtime.recipes.purchase.case import PurchaseCase
from throughtime.recipes.purchase.problem import load_problem
from throughtime.recipes.purchase.settings import Settings
from throughtime.recipes.settings import parse

RING = 30
SMALL = {"hidden_size": 8, "embedding_size": 8, "epochs": 4, "samples": 20, "dropout": 0.0, "learning_rate": 0.1}


def ring(users=200, seed=0):
    """A table: user (u0, ..), item (a number), time; rows in no order."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, 12, users)
    who = np.repeat(np.arange(users), lengths)
    step = np.arange(len(who)) - np.repeat(lengths.cumsum() - lengths, lengths)
    item = (np.repeat(rng.integers(RING, size=users), lengths) + step) % RING
    time = np.datetime64("2024-01-01") + np.repeat(rng.integers(60, size=users), lengths) + step
    table = pl.DataFrame({"user": [f"u{n}" for n in who], "item": item, "time": time.astype("datetime64[ms]")})
    return table[rng.permutation(len(table))]


def problem(table=None, **settings):
    return load_problem(ring() if table is None else table, "a ring", parse({**SMALL, **settings}, Settings()))[0]


def case(**settings):
    return PurchaseCase(*load_problem(ring(), "a ring", parse({**SMALL, **settings}, Settings())))


@cache
def trained():
    """A case and its fitted estimator, that tests only read."""
    own = case()
    return own, own.fit("10,10", run=None, progress=False, group=None)
