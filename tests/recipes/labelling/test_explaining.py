"""Which steps a class comes from: in the report, in a table, and refused where there is nothing to look at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.recipes.labelling.made_up import problem
from throughtime.base.errors import ConfigError
from throughtime.recipes.labelling.explaining import DRAWN, drawings, look_into
from throughtime.recipes.labelling.methods import probabilities
from throughtime.recipes.labelling.problem import LETTERS, SERIES, TEXTS
from throughtime.recipes.recipe import Look
from throughtime.tasks import SequenceClassifier

QUICK = {"hidden_size": 8, "epochs": 20, "embedding_size": 6, "validation": None, "learning_rate": 0.02}


def trained(kind):
    made = problem(kind)
    model = SequenceClassifier(**QUICK, progress=False).fit(list(made.train.sequences), list(made.train.labels))
    return model, made


@pytest.fixture(scope="module")
def told():
    return trained(LETTERS)


@pytest.mark.parametrize("kind", [LETTERS, TEXTS, SERIES])
def test_the_report_draws_the_surest_of_each_class(kind):
    model, made = trained(kind)
    given = probabilities(model, made, made.test.sequences)
    ((heading, content),) = drawings(model, made, given)
    assert heading == "Which steps it comes from"
    wrong = (given.argmax(1) != made.codes(made.test)).any()
    assert content.count("<svg") == DRAWN - 1 + wrong


def test_sequences_too_long_for_a_page_are_not_drawn(told, monkeypatch):
    model, made = told
    monkeypatch.setattr("throughtime.recipes.labelling.explaining.MOST_STEPS", 3)
    assert drawings(model, made, probabilities(model, made, made.test.sequences)) == []


def test_the_table_names_the_steps_that_count_most(told, tmp_path):
    model, made = told
    place = next(place for place, label in enumerate(made.test.labels) if label == "b")
    name = made.test.names[place]
    table = look_into(model, made, Look(series=name, svg=tmp_path / "steps.svg"))
    assert name in table.title
    assert "said to be b" in table.title
    assert set(table.column("step")[:2]) == {"G"}
    assert set(table.column("number")[:3]) <= {4, 5, 6, 7, 8}
    shares = np.array(table.column("share"), float)
    assert (np.diff(shares) <= 0).all()
    assert (tmp_path / "steps.svg").read_text(encoding="utf-8").startswith("<svg")
    by_number = look_into(model, made, Look(series=str(place + 1)))
    assert by_number.rows == table.rows


def test_numbers_stand_beside_what_was_read():
    model, made = trained(SERIES)
    table = look_into(model, made, Look())
    assert set(table.column("variable")) <= {"x0", "x1"}
    first = made.test.sequences[0]
    for number, variable, read in zip(*(table.column(key) for key in ("number", "variable", "read")), strict=True):
        expected = first[number - 1, int(variable[1])]
        assert read == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (Look(series="nobody"), "'nobody' came. Choose another"),
        (Look(series="0"), "number from 1 to"),
        (Look(step=3), "--step is for a network that forecasts step by step"),
        (Look(unit=1, layer=1), "--unit and --layer is for"),
    ],
)
def test_what_is_not_there_is_refused(told, look, words):
    with pytest.raises(ConfigError, match=words):
        look_into(*told, look)


def test_variables_have_the_names_of_the_file():
    model, made = trained(SERIES)
    count = made.test.sequences[0].shape[1]
    names = tuple(f"lead {place}" for place in range(count))
    named = replace(made, test=replace(made.test, variables=names))
    assert set(look_into(model, named, Look()).column("variable")) <= set(names)
    assert set(look_into(model, made, Look()).column("variable")) <= {f"x{place}" for place in range(count)}
