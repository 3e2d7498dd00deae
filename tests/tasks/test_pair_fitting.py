"""Batches of like lengths in a drawn order, what validates, what memory leaves, and lessons that change."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.tasks.reversing import Growing, small
from throughtime.base.errors import ConfigError, DataError, Interrupted
from throughtime.base.run_folder import RunFolder
from throughtime.tasks import pair_fitting
from throughtime.tasks.pair_fitting import ordered, split
from throughtime.tasks.pair_options import check_pair_options


def sizes(count):
    return np.random.default_rng(0).integers(1, 40, (count, 2))


def test_an_order_is_a_permutation_of_pairs_with_like_lengths():
    given = sizes(1000)
    order = ordered(given, 16, seed=3, epoch=1)
    assert sorted(order.tolist()) == list(range(1000))
    spreads = [np.ptp(given[order[start : start + 16], 0]) for start in range(0, 992, 16)]
    assert np.mean(spreads) < 3
    # Batches of one length do not follow upon each other.
    firsts = given[order[0:992:16], 0]
    assert abs(np.corrcoef(firsts[1:], firsts[:-1])[0, 1]) < 0.4


def test_an_order_is_a_function_of_seed_and_epoch():
    given = sizes(100)
    np.testing.assert_array_equal(ordered(given, 8, 1, 2), ordered(given, 8, 1, 2))
    for other in ((2, 2), (1, 3)):
        assert (ordered(given, 8, 1, 2) != ordered(given, 8, *other)).any()


def test_a_share_validates():
    options = check_pair_options(small(validation=0.1))
    train, valid = split(list(range(50)), options)
    assert (len(train), len(valid)) == (45, 5)
    assert sorted([*train, *valid]) == list(range(50))
    with pytest.raises(DataError, match="a pair of its own: one came"):
        split([1], options)


def test_memory_holds_the_encoder_and_leaves_the_rest_to_the_decoder():
    pairs = [("abcabc", "cba")] * 8
    whole = small(epochs=1, validation=None).fit(*zip(*pairs, strict=True))
    tight = small(epochs=1, validation=None, memory="96KB").fit(*zip(*pairs, strict=True))
    for name, weight in whole.network_.state_dict().items():
        torch.testing.assert_close(weight, tight.network_.state_dict()[name], rtol=1e-4, atol=1e-6)
    with pytest.raises(ConfigError, match=r"bytes for 6 symbols by 16 rows.*set source_limit"):
        small(memory="2KB").fit(*zip(*pairs, strict=True))


class Seen(Growing):
    """Lessons that note what they were asked."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def pairs(self, epoch, losses):
        self.asked.append((epoch, tuple(losses)))
        return super().pairs(epoch, losses)


def test_lessons_are_asked_for_each_epoch_with_the_losses_before_it():
    lessons = Seen()
    model = small(epochs=3).fit(lessons)
    losses = tuple(epoch.validation for epoch in model.history_.epochs)
    assert lessons.asked == [(0, ()), (1, losses[:1]), (2, losses[:2])]


def test_lessons_go_on_from_a_checkpoint_bit_by_bit(tmp_path, monkeypatch):
    whole = small(epochs=3).fit(Growing()).history_
    real, calls = pair_fitting.nats_of, []

    def stopping(*given):
        calls.append(1)
        if len(calls) == 2:
            raise Interrupted("Stopped by hand.")
        return real(*given)

    with RunFolder.create(tmp_path / "run", {}) as run, monkeypatch.context() as patch:
        patch.setattr(pair_fitting, "nats_of", stopping)
        with pytest.raises(Interrupted):
            small(epochs=3, checkpoint_every_s=0).fit(Growing(), run=run)
    with RunFolder.open(tmp_path / "run") as run:
        again = small(epochs=3, checkpoint_every_s=0).fit(Growing(), run=run).history_
    assert again.losses == whole.losses
    assert [epoch.validation for epoch in again.epochs] == [epoch.validation for epoch in whole.epochs]


class Shrinking(Growing):
    def pairs(self, epoch, losses):
        sources, targets = super().pairs(epoch, losses)
        return sources[epoch:], targets[epoch:]


class Forgetful(Growing):
    def validation(self, epoch, losses):
        return None if epoch else super().validation(epoch, losses)


@pytest.mark.parametrize(
    ("lessons", "message"), [(Shrinking, "48 before and 47 in epoch 1"), (Forgetful, "after every epoch or after none")]
)
def test_lessons_keep_their_promises(lessons, message):
    with pytest.raises(DataError, match=message):
        small(epochs=2).fit(lessons())
