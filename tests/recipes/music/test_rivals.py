"""Rules by hand, and that they are counted on the training part alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.recipes.music.made_up import tune
from throughtime.recipes.music.kinds import kind_of
from throughtime.recipes.music.problem import make_problem
from throughtime.recipes.music.reading import Found
from throughtime.recipes.music.rivals import MARKOV, RATES, key_by_key, rules
from throughtime.recipes.music.settings import Collection

ROLL = np.array([[1, 0], [1, 0], [0, 0], [1, 0]], bool)


def test_rates_by_hand():
    # Of three frames that are told the first key is down in two; the second never.
    one, other = math.log(3 / 5), math.log(4 / 5)
    wanted = -(2 * one + math.log(2 / 5) + 3 * other) / 3
    assert key_by_key([ROLL], [ROLL], memory=False) == pytest.approx(wanted)


def test_markov_by_hand():
    # After down: down once, up once. After up: down once.
    wanted = -(2 * math.log(2 / 4) + math.log(2 / 3) + 3 * math.log(4 / 5)) / 3
    assert key_by_key([ROLL], [ROLL], memory=True) == pytest.approx(wanted)


def test_memory_tells_what_rates_do_not():
    held = np.repeat(np.eye(4, 6, dtype=bool), 8, 0)
    assert key_by_key([held], [held], memory=True) < key_by_key([held], [held], memory=False) / 2


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("rolls", [RATES, MARKOV]),
        ("melody", ["single symbols", "Kneser-Ney, 2 symbols", "Kneser-Ney, 4 symbols"]),
    ],
)
def test_each_kind_has_its_rules(kind, names):
    pieces = Found({"train": tuple(tune(up) for up in range(4)), "test": (tune(1),)}, ())
    found = [rule() for rule in rules(make_problem("made up", kind_of(kind, 1), pieces, Collection(), 0))]
    assert [each.method for each in found] == names
    assert found[-1].nats < found[0].nats
    assert not any(each.seeded for each in found)
    assert all(each.parameters > 0 for each in found)
