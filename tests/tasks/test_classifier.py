"""Classes of sequences: learned, told step by step, saved, and refused where a rule is broken."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

import throughtime as tt
from throughtime.base.errors import ConfigError, DataError, ModelFileError, ShapeError
from throughtime.base.run_folder import RunFolder
from throughtime.tasks import NotFittedError, SequenceClassifier

SMALL = {"hidden_size": 8, "epochs": 3, "progress": False, "embedding_size": 6, "validation": None}


def waves(count=60, seed=0):
    """Sines of two frequencies, of unequal length, beside noise: only their order in time tells them apart."""
    draws = np.random.default_rng(seed)
    labels = draws.integers(2, size=count)
    lengths = draws.integers(20, 40, size=count)
    rows = [
        np.stack([np.sin(np.arange(n) * (0.3 + 0.5 * label) + draws.uniform(0, 6)), draws.normal(size=n)], 1)
        for n, label in zip(lengths, labels, strict=True)
    ]
    return rows, np.where(labels, "fast", "slow").tolist()


def texts(count=60, seed=0):
    """Whether "good" comes before "bad", or the other way round."""
    draws = np.random.default_rng(seed)
    labels = draws.integers(2, size=count)
    filler = np.array(["the", "film", "was", "a", "story"])
    rows = []
    for label in labels:
        words = list(draws.choice(filler, draws.integers(3, 8)))
        first, second = ("good", "bad") if label else ("bad", "good")
        words.insert(0, first)
        words.insert(int(draws.integers(2, len(words))), second)
        rows.append(" ".join(words))
    return rows, labels.tolist()


def small(**changes):
    return SequenceClassifier(**(SMALL | changes))


@pytest.mark.parametrize("made", [waves, texts])
def test_what_differs_in_order_alone_is_told_apart(made):
    model = SequenceClassifier(hidden_size=16, epochs=30, progress=False, validation=None, learning_rate=0.01)
    model.fit(*made(120))
    assert model.score(*made(60, seed=1)) > 0.9
    probability = model.predict_proba(made(5)[0])
    assert probability.shape == (5, 2)
    np.testing.assert_allclose(probability.sum(1), 1)
    assert (model.classes_[probability.argmax(1)] == model.predict(made(5)[0])).all()


@pytest.mark.parametrize("made", [waves, texts])
@pytest.mark.parametrize("settings", [{}, {"bidirectional": False, "front_steps": 3}, {"cell": "perceptron"}])
def test_step_by_step_is_as_at_once(made, settings):
    model = small(**settings).fit(*made())
    row = made(1, seed=5)[0][0]
    steps = row.split() if isinstance(row, str) else row
    session = model.session()
    for count, step in enumerate(steps, 1):
        label = model.predict_online(step, session)
        so_far = " ".join(steps[:count]) if isinstance(row, str) else row[:count]
        np.testing.assert_allclose(session.probabilities, model.predict_proba([so_far])[0], atol=1e-6)
        assert label == model.predict([so_far])[0]
    assert session.steps == len(steps)


def letters(count=60, seed=0):
    """DNA with a motif or its reverse somewhere."""
    draws = np.random.default_rng(seed)
    labels = draws.integers(2, size=count)
    rows = ["".join(draws.choice(list("ACGT"), draws.integers(20, 30))) for _ in range(count)]
    rows = [row[:9] + ("TATAAGC" if label else "CGAATAT") + row[9:] for row, label in zip(rows, labels, strict=True)]
    return rows, labels.tolist()


@pytest.mark.parametrize("settings", [{}, {"bidirectional": False}, {"cell": "perceptron"}])
def test_6_mers_are_read_letter_by_letter(settings, tmp_path):
    model = small(symbols="6-mers", **settings).fit(*letters())
    model.save(tmp_path / "model.safetensors")
    model, row = tt.load(tmp_path / "model.safetensors"), letters(1, seed=5)[0][0]
    session = model.session()
    for count, letter in enumerate(row, 1):
        model.predict_online(letter, session)
        np.testing.assert_allclose(session.probabilities, model.predict_proba([row[:count]])[0], atol=1e-6)


def test_of_few_letters_validation_chooses_between_them_and_6_mers():
    model = SequenceClassifier(hidden_size=8, epochs=8, progress=False, embedding_size=16, ensemble=1)
    model.fit(*letters(200))
    assert "6-mers" in model.chosen_[0]
    taken = model.chosen_[0].rsplit("Taken: ", 1)[1]
    assert (model.design_.stride == 6) == ("6-mers" in taken)
    assert model.score(*letters(60, seed=1)) > 0.7


def test_missing_numbers_are_carried_on_step_by_step_too():
    rows, labels = waves()
    rows[0][3:6, 0] = np.nan
    rows[1][0] = np.nan
    model = small(bidirectional=False).fit(rows, labels)
    for row in rows[:2]:
        session = model.session()
        for step in row:
            model.predict_online(step, session)
        np.testing.assert_allclose(session.probabilities, model.predict_proba([row])[0], atol=1e-6)


@pytest.mark.parametrize("made", [waves, texts])
def test_a_saved_one_says_the_same(made, tmp_path):
    model = small(class_weight="balanced", pools=("max", "attention")).fit(*made())
    model.save(tmp_path / "model.safetensors")
    back = tt.load(tmp_path / "model.safetensors")
    assert (back.predict_proba(made(9, 2)[0]) == model.predict_proba(made(9, 2)[0])).all()
    assert back.get_params() == model.get_params() | {"pools": ["max", "attention"]}
    assert back.history_ is None
    assert (back.classes_ == model.classes_).all()


def test_weights_by_class_come_back(tmp_path):
    rows, _ = waves()
    labels = [k % 2 for k in range(len(rows))]
    model = small(class_weight={0: 1, 1: 3.5}).fit(rows, labels)
    model.save(tmp_path / "model.safetensors")
    assert tt.load(tmp_path / "model.safetensors").class_weight == {0: 1, 1: 3.5}


def test_a_file_of_another_kind_is_refused(tmp_path):
    model = small().fit(*waves())
    state = model.fitted_state()
    model.fitted_state = lambda: state | {"design": {}}
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(ModelFileError, match="no configuration that fits"):
        tt.load(tmp_path / "model.safetensors")


def test_the_seed_decides():
    rows, labels = waves()
    one, other = (small(seed=4).fit(rows, labels).predict_proba(rows) for _ in range(2))
    assert (one == other).all()
    assert not (small(seed=5).fit(rows, labels).predict_proba(rows) == one).all()


def test_folds_choose_and_calibrate_on_few_sequences():
    rows = [row[:20] for row in waves(40)[0]]
    model = small(validation=0.2, epochs=2).fit(rows, waves(40)[1])
    (said,) = model.chosen_
    assert said.count("window of 7") >= 2
    assert said.count("positions") >= 2
    assert model.best_epoch_ is None
    assert model.temperature_ != 1.0


def test_a_validation_part_chooses_the_epoch():
    model = small(validation=waves(20, seed=9), front_steps=0, positions=False).fit(*waves())
    assert model.chosen_ == ()
    assert model.best_epoch_ is not None
    assert len(model.history_.epochs) == 3


def test_an_interrupted_training_goes_on(tmp_path, monkeypatch):
    rows, labels = waves()
    expected = small().fit(rows, labels).predict_proba(rows)
    calls = []
    plain = torch.optim.AdamW.step

    def step(self, *arguments):
        calls.append(0)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return plain(self, *arguments)

    with RunFolder.create(tmp_path, {}) as run:
        monkeypatch.setattr(torch.optim.AdamW, "step", step)
        model = small(checkpoint_every_s=0)
        with pytest.raises(KeyboardInterrupt):
            model.fit(rows, labels, run=run)
        assert not hasattr(model, "network_")
        assert (model.fit(rows, labels, run=run).predict_proba(rows) == expected).all()


def test_scikit_learns_tools_take_it():
    rows, labels = waves(30)
    assert clone(small(hidden_size=5)).hidden_size == 5
    assert len(cross_val_score(small(epochs=1), rows, labels, cv=2)) == 2
    search = GridSearchCV(small(epochs=1), {"hidden_size": [2, 3]}, cv=2).fit(rows, labels)
    assert search.best_params_["hidden_size"] in (2, 3)


def test_windows_train_a_network_that_reads_forward():
    model = small(bidirectional=False, tbptt="5,50").fit(*waves())
    assert str(model.schedule_) == "5,50"


@pytest.mark.parametrize(
    ("settings", "given", "error", "message"),
    [
        ({"epochs": 0, "pools": ["least"], "seed": -1}, waves(), ConfigError, "`seed`.*`pools`.*`epochs`"),
        ({"pools": []}, waves(), ConfigError, "at least one of"),
        ({"pools": 3}, waves(), ConfigError, "at least one of.*3 came"),
        ({"tbptt": "auto"}, waves(), ConfigError, "'auto' came, which measures series only"),
        ({"tbptt": "5,50"}, waves(), ConfigError, "bidirectional"),
        ({"positions": 3}, waves(), ConfigError, "`positions`"),
        ({"front_steps": "some"}, waves(), ConfigError, "`front_steps`"),
        ({"validation": 2.0}, waves(), ConfigError, "between 0 and 1"),
        ({"validation": "x"}, waves(), ConfigError, "str came"),
        ({"validation": 0.2}, (["a", "b"], [0, 1]), DataError, "at least 2 sequences"),
        ({"class_weight": {"fast": 1}}, waves(), ConfigError, "class_weight"),
        ({}, (waves()[0], ["x"] * 60), DataError, "at least 2 classes"),
        ({}, (waves()[0], ["x", "y"]), DataError, "60 sequences and 2 labels"),
        ({}, (["", "b"], [0, 1]), DataError, "empty"),
        ({"symbols": "items"}, (["a", "b"], [0, 1]), DataError, "Items"),
    ],
)
def test_what_breaks_a_rule_is_refused(settings, given, error, message):
    model = small(**settings)
    with pytest.raises(error, match=message):
        model.fit(*given)
    with pytest.raises(NotFittedError):
        model.predict(given[0])


def test_other_sequences_than_those_of_fit_are_refused():
    model = small().fit(*waves())
    for given, error, message in [
        ([np.zeros((4, 3))], ShapeError, "2 variables"),
        (["ab"], DataError, "texts came"),
        ([[]], DataError, "empty"),
    ]:
        with pytest.raises(error, match=message):
            model.predict(given)
    words = small().fit(*texts())
    with pytest.raises(DataError, match="text: 3 came"):
        words.predict_online(3, words.session())


def test_korean_is_told_apart_too():
    rows, labels = texts()
    korean = {"good": "좋다", "bad": "나쁘다", "film": "영화", "story": "이야기", "the": "그", "was": "는", "a": "한"}
    rows = [" ".join(korean[word] for word in row.split()) for row in rows]
    for symbols in ("words", "characters", "jamo", "bytes"):
        model = small(symbols=symbols).fit(rows, labels)
        assert model.predict(["그 영화 는 좋다"]).shape == (1,)
