"""Attributions of both estimators: complete, of the right steps, in the user's names, alone as in company."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from throughtime.base.errors import ConfigError, DataError, DtypeError, ShapeError
from throughtime.tasks import NotFittedError, SequenceClassifier, SequencePredictor, attributions
from throughtime.tasks.input_groups import input_groups

SMALL = {"hidden_size": 8, "epochs": 3, "progress": False, "validation": None}
MOTIF = "TATAAAGC"


def dna(count, seed):
    draws = np.random.default_rng(seed)
    rows, labels = [], draws.integers(2, size=count).tolist()
    for label in labels:
        row = "".join(draws.choice(list("ACGT"), draws.integers(30, 40)))
        place = int(draws.integers(len(row) - len(MOTIF)))
        rows.append(row[:place] + MOTIF + row[place + len(MOTIF) :] if label else row)
    return rows, labels


@pytest.fixture(scope="module")
def motif_model():
    return SequenceClassifier(hidden_size=12, epochs=25, progress=False, validation=None, front_steps=7).fit(
        *dna(200, 0)
    )


def test_a_planted_motif_is_found(motif_model):
    rows, labels = dna(12, 5)
    rows = [row for row, label in zip(rows, labels, strict=True) if label]
    shares = []
    for row, found in zip(rows, attributions(motif_model, rows, label=1), strict=True):
        assert found.kind == "letters"
        assert "".join(found.steps) == row
        assert abs(found.gap) <= 0.011 * np.abs(found.values).sum()
        assert found.values.sum() == pytest.approx(found.answer - found.start + found.gap)
        place = row.find(MOTIF)
        shares.append(np.abs(found.values[place : place + len(MOTIF)]).sum() / np.abs(found.values).sum())
    # The motif is a quarter of the letters.
    assert np.mean(shares) > 0.6


def test_what_6_mers_add_is_shared_out_among_their_letters():
    model = SequenceClassifier(
        symbols="6-mers", embedding_size=16, hidden_size=8, epochs=20, progress=False, validation=None
    ).fit(*dna(200, 0))
    rows, labels = dna(12, 5)
    shares = []
    for row, label in zip(rows, labels, strict=True):
        (found,) = attributions(model, [row], label=1)
        assert (found.kind, "".join(found.steps)) == ("letters", row)
        assert found.values.sum() == pytest.approx(found.answer - found.start + found.gap)
        if label:
            place = row.find(MOTIF)
            shares.append(np.abs(found.values[place : place + len(MOTIF)]).sum() / np.abs(found.values).sum())
    assert np.mean(shares) > 0.4


def test_in_company_as_alone_and_the_log_odds_are_the_probability(motif_model):
    rows = dna(3, 9)[0]
    together = attributions(motif_model, rows)
    for row, found, chances in zip(rows, together, motif_model.predict_proba(rows), strict=True):
        assert found.label == chances.argmax()
        assert 1 / (1 + np.exp(-found.answer)) == pytest.approx(found.probability, abs=1e-6)
        np.testing.assert_array_equal(attributions(motif_model, [row])[0].values, found.values)


@pytest.mark.parametrize("settings", [{}, {"bidirectional": False}, {"cell": "perceptron"}])
def test_of_numbers_by_variable(settings):
    draws = np.random.default_rng(0)
    rows = [draws.normal(size=(int(draws.integers(8, 14)), 2)) for _ in range(30)]
    rows[0][2, 1] = np.nan
    model = SequenceClassifier(**SMALL, **settings).fit(rows, ["up" if row[:, 0].sum() > 0 else "down" for row in rows])
    found = attributions(model, rows[:3], tolerance=0.05, label=["up", "down", "up"])
    assert [each.label for each in found] == ["up", "down", "up"]
    assert all(each.values.shape == row.shape for each, row in zip(found, rows, strict=False))
    np.testing.assert_array_equal(found[0].read, rows[0])


def frame(rows=80):
    t = np.arange(rows)
    days = np.datetime64("2020-01-01", "us") + t * np.timedelta64(1, "D")
    x = np.sin(t / 3) + 10
    return pl.DataFrame({"day": days, "x": x, "up": np.append(x[1:] > x[:-1], True), "plan": np.cos(t / 3)})


@pytest.fixture(scope="module")
def predictor():
    return SequencePredictor(**SMALL).fit(frame(), time="day", target=["x", "up"], known="plan")


def ahead_of():
    return pl.DataFrame({"day": [frame(81)["day"][-1]], "plan": [0.3]})


def test_of_a_forecast_in_its_unit(predictor):
    ahead = ahead_of()
    (found,) = attributions(predictor, frame(), known=ahead)
    assert found.answer == pytest.approx(predictor.predict(frame(), known=ahead)["x"][0], rel=1e-5)
    assert found.values.sum() == pytest.approx(found.answer - found.start + found.gap)
    assert abs(found.gap) <= 0.011 * np.abs(found.values).sum()
    assert found.variables == ("x", "up", "next plan", "calendar")
    assert found.steps[0] == "2020-01-01 00:00"
    assert found.read[-1, 2] == 0.3


def test_of_a_forecast_class_and_of_the_last_steps_alone(predictor):
    (found,) = attributions(predictor, frame(), target="up", label=True, steps=5, known=ahead_of())
    assert found.values.shape == (5, 4)
    assert found.first == 76
    assert found.probability == pytest.approx(predictor.predict(frame(), known=ahead_of())["up_p_True"][0], abs=1e-6)
    assert 1 / (1 + np.exp(-found.answer)) == pytest.approx(found.probability, abs=1e-6)


def test_every_input_has_one_variable(predictor):
    encoding = predictor._encoding
    groups = input_groups(encoding)
    assert sorted(place for group in groups for place in group.places) == list(range(encoding.input_size))
    for group in groups:
        names = [encoding.input_names[place] for place in group.places]
        assert all(group.name in name or (group.name == "calendar" and name.endswith(("sin", "cos"))) for name in names)


def test_what_cannot_be_explained_is_named(motif_model, predictor):
    cases = [
        (SequenceClassifier(), ["AC"], {}, NotFittedError, "not fitted"),
        (SequencePredictor(), frame(), {}, NotFittedError, "not fitted"),
        (object(), ["AC"], {}, DtypeError, "object came"),
        (motif_model, ["AC"], {"label": 7}, DataError, "`label` is a class of the training part: 7 came"),
        (motif_model, ["AC"], {"label": [0, 1]}, ShapeError, "2 came for 1 sequences"),
        (motif_model, ["AC"], {"steps": 3}, ConfigError, "`steps` is for a SequencePredictor"),
        (motif_model, [""], {}, DataError, "at least one step"),
        (motif_model, [], {}, DataError, "none came"),
        (predictor, frame(), {"label": 1, "known": ahead_of()}, ConfigError, "`label` is for a class"),
        (predictor, frame(), {"target": "y"}, DataError, "a column that is forecast: 'y' came"),
        (predictor, frame(), {"steps": 0}, ConfigError, "`steps` is a whole number"),
    ]
    for estimator, given, settings, error, match in cases:
        with pytest.raises(error, match=match):
            attributions(estimator, given, **settings)
