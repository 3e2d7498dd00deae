"""A classifier's training from beginning to end: the temperature, and the training on all sequences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import throughtime as tt
from tests.tasks.test_classifier import texts, waves
from throughtime.tasks import SequenceClassifier, label_parts
from throughtime.tasks.label_learning import _seed_of, _temperature
from throughtime.tasks.label_network import logits
from throughtime.tasks.label_options import check_label_options
from throughtime.tasks.label_training import members_for


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_is_that_by_which_logits_are_too_large(factor):
    draws = torch.Generator().manual_seed(0)
    true = 2 * torch.randn(4000, 3, generator=draws)
    labels = torch.multinomial(true.softmax(-1), 1, generator=draws)[:, 0].numpy()
    assert _temperature(factor * true, labels) == pytest.approx(factor, rel=0.1)


def test_few_labels_move_the_temperature_little():
    sure = torch.tensor([[3.0, -3.0]] * 10)
    assert 0.7 < _temperature(sure, np.zeros(10, np.int64)) < 1


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch):
    """Sixty sequences are enough to hold a share out."""
    monkeypatch.setattr(label_parts, "FEW", 50)


def trained(made, **changes):
    settings = {"hidden_size": 8, "epochs": 6, "progress": False, "embedding_size": 6, "front_steps": 0, "seed": 3}
    return SequenceClassifier(**(settings | changes)).fit(*made)


def test_the_training_on_all_ends_at_the_epoch_that_validation_kept(few, monkeypatch):
    told = []
    plain = label_parts.encoded_parts

    def seen(shared, encoding, whole):
        parts = plain(shared, encoding, whole)
        told.append((len(parts.train), len(parts.valid), None if parts.whole is None else len(parts.whole)))
        return parts

    monkeypatch.setattr("throughtime.tasks.classifier.encoded_parts", seen)
    once, again = trained(waves(), refit=False), trained(waves())
    (train, valid, nothing), (train_again, valid_again, whole) = told
    assert (train, valid, nothing) == (train_again, valid_again, None)
    assert whole == train + valid == 60
    assert once.history_.losses == again.history_.losses  # the one that validation watches
    assert once.temperature_ == again.temperature_
    assert again.seconds_ > again.history_.seconds
    assert not np.array_equal(once.predict_proba(waves(9)[0]), again.predict_proba(waves(9)[0]))


def test_the_training_on_all_reads_every_symbol(few):
    rows, labels = texts()
    rows = [f"{row} word{place}" for place, row in enumerate(rows)]  # each has a word of its own
    once, again = trained((rows, labels), refit=False), trained((rows, labels))
    assert once.design_.symbols < again.design_.symbols
    assert len(again.network_.embed.weight) == again.design_.symbols


def test_a_pair_to_validate_by_never_trains(few):
    once, again = (trained(waves(), validation=waves(20, seed=9), refit=refit) for refit in (False, True))
    assert np.array_equal(once.predict_proba(waves(9)[0]), again.predict_proba(waves(9)[0]))


def test_members_learn_from_other_first_weights_and_their_logits_are_averaged():
    made, others = waves(), waves(9)[0]
    alone, both = trained(made, ensemble=1), trained(made, ensemble=2)
    assert both.design_.members == 2
    assert alone.history_.losses == both.history_.losses  # the first member is the network alone
    assert both.temperature_ == alone.temperature_

    def scores(model):
        return logits(model.network_, model._encoding.encode(others))

    second = trained(made, ensemble=1, seed=_seed_of(3, 1), validation=None)
    torch.testing.assert_close(scores(both), (scores(alone) + scores(second)) / 2)


def test_the_fewer_sequences_the_more_networks_label_them():
    options = check_label_options(SequenceClassifier())
    assert [members_for(options, count) for count in (999, 1000, 9999, 10_000)] == [5, 3, 3, 1]
    assert members_for(check_label_options(SequenceClassifier(ensemble=3)), 10_000) == 3


def test_every_member_is_trained_again_on_all_sequences(few):
    model = trained(waves(), ensemble=2)
    assert model.design_.members == 2
    single = trained(waves(), ensemble=1)
    assert single.history_.losses == model.history_.losses
    assert model.seconds_ > model.history_.seconds


@pytest.mark.parametrize("bidirectional", [False, True])
def test_an_ensemble_reads_step_by_step_and_comes_back_from_a_file(bidirectional, tmp_path):
    model = trained(waves(), ensemble=2, bidirectional=bidirectional)
    model.save(tmp_path / "ensemble.safetensors")
    again, row = tt.load(tmp_path / "ensemble.safetensors"), waves(9)[0][0]
    assert np.array_equal(again.predict_proba([row]), model.predict_proba([row]))
    session = again.session()
    for step in row:
        again.predict_online(step, session)
    np.testing.assert_allclose(session.probabilities, model.predict_proba([row])[0], atol=1e-6)
