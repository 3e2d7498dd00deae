"""The predictor of purchases: judged by data whose next purchase is known, and by the network run by hand."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone

from throughtime.base import model_file
from throughtime.base.errors import ConfigError, DataError, ModelFileError, ShapeError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.tasks import load
from throughtime.tasks.histories import Histories
from throughtime.tasks.options import NotFittedError
from throughtime.tasks.purchases import PurchasePredictor

RING = 12  # items, each bought after the one before it


def ring(users=60, seed=0, least=1):
    """Users that go round a ring of items, from anywhere."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(least, 10, users)
    who = np.repeat(np.arange(users), lengths)
    step = np.arange(len(who)) - np.repeat(lengths.cumsum() - lengths, lengths)
    items = (np.repeat(rng.integers(RING, size=users), lengths) + step) % RING
    return who, items


def small(**changes):
    settings = {"hidden_size": 8, "embedding_size": 8, "epochs": 12, "seed": 3, "progress": False, "samples": 6}
    return PurchasePredictor(**{**settings, **changes})


@pytest.fixture(scope="module")
def fitted():
    return small().fit(*ring(200))


def test_it_learns_what_comes_next(fitted):
    users, items = ring(50, seed=9, least=2)
    assert (fitted.ranks(users, items) == 1).mean() > 0.95
    assert fitted.score(users, items) == 1.0  # of 12 items all are among 20
    best = fitted.predict(users, items, top=1)
    last = dict(zip(users.tolist(), items.tolist(), strict=True))
    assert best["user"].to_list() == list(last)
    assert np.mean([(last[user] + 1) % RING == item for user, item in best.select("user", "item").rows()]) > 0.95


@pytest.mark.parametrize("cell", ["rnn", "perceptron"])
def test_other_cells_learn_it_too_and_come_back(cell, tmp_path):
    model = small(cell=cell, window_steps=2).fit(*ring(200))
    users, items = ring(50, seed=9, least=2)
    assert (model.ranks(users, items) == 1).mean() > 0.95
    session = model.session()
    for count in range(1, 5):
        online = model.predict_online(count, session, top=3)
        np.testing.assert_allclose(
            online["probability"], model.predict(["u"] * count, range(1, count + 1), top=3)["probability"], rtol=1e-5
        )
    model.save(tmp_path / "model")
    assert load(tmp_path / "model").predict(users, items).equals(model.predict(users, items))


def test_a_perceptron_sees_its_window_and_no_more():
    model = small(cell="perceptron", window_steps=2, epochs=1).fit(*ring(100))
    assert model.predict(["u"] * 3, [1, 5, 6])["probability"].equals(model.predict(["u"] * 3, [2, 5, 6])["probability"])
    assert not model.predict(["u"] * 3, [1, 5, 6]).equals(model.predict(["u"] * 3, [1, 7, 6]))


def test_the_constructor_only_stores_and_the_estimator_is_cloned():
    settings = {"hidden_size": "no number", "validation": object(), "tbptt": 3}
    estimator = PurchasePredictor(**settings)
    assert {name: estimator.get_params()[name] for name in settings} == settings
    assert clone(small(samples=9)).get_params() == small(samples=9).get_params()


def test_what_fit_learns_is_there(fitted):
    assert set(fitted.items_) == set(range(RING))
    assert fitted.parameters_count_ == sum(p.numel() for p in fitted.network_.parameters())
    assert isinstance(fitted.schedule_, TBPTT)
    assert fitted.best_epoch_ == fitted.history_.best_epoch
    assert fitted.seconds_ > 0
    assert fitted.network_.embed is fitted.network_.head.table


def test_predictions_are_the_softmax_after_the_last_purchase(fitted):
    users, items = ring(20, seed=4)
    found = fitted.predict(users, items, top=RING)
    number = {item: place for place, item in enumerate(fitted.items_)}
    for user in np.unique(users):
        history = torch.tensor([number[item] for item in items[users == user].tolist()])
        with torch.no_grad():
            output, _ = fitted.network_(history[:, None], None)
            wanted = fitted.network_.head.scores(output[-1, 0]).softmax(-1)
        rows = found.filter(pl.col("user") == user)
        assert rows["rank"].to_list() == list(range(1, RING + 1))
        got = torch.tensor(rows["probability"].to_list())
        torch.testing.assert_close(got, wanted[[number[item] for item in rows["item"].to_list()]])
        assert bool((got[1:] <= got[:-1]).all())


@pytest.mark.parametrize("exclude_seen", [False, True])
def test_predict_online_equals_predict_on_what_was_read_so_far(fitted, exclude_seen):
    history = [4, 5, 5, "never seen", 6, 7]
    session = fitted.session()
    for count, item in enumerate(history, 1):
        online = fitted.predict_online(item, session, top=5, exclude_seen=exclude_seen)
        whole = fitted.predict(["a"] * count, history[:count], top=5, exclude_seen=exclude_seen)
        assert online["item"].to_list() == whole["item"].to_list()
        assert online["rank"].to_list() == whole["rank"].to_list()
        np.testing.assert_allclose(online["probability"], whole["probability"], rtol=1e-5)


def test_what_was_seen_is_left_out_where_asked(fitted):
    users, items = ["a"] * 3 + ["b"] * RING, [1, 2, 1, *range(RING)]
    found = fitted.predict(users, items, top=RING, exclude_seen=True)
    of_a = found.filter(pl.col("user") == "a")
    assert set(of_a["item"]) == set(range(RING)) - {1, 2}
    assert of_a["rank"].to_list() == list(range(1, RING - 1))
    assert found.filter(pl.col("user") == "b").is_empty()  # nothing is left
    all_of_a = fitted.predict(users, items, top=RING).filter(pl.col("user") == "a")
    kept = all_of_a.filter(~pl.col("item").is_in([1, 2]))
    assert of_a["item"].to_list() == kept["item"].to_list()
    np.testing.assert_allclose(of_a["probability"], kept["probability"])


def test_items_never_seen_are_one_and_the_same(fitted):
    first = fitted.predict(["u"] * 3, [1, "x", 3])
    assert len(first) == RING  # 20 are not there
    assert first.equals(fitted.predict(["u"] * 3, [1, (9, 9), 3]))
    assert not first.equals(fitted.predict(["u"] * 3, [1, 2, 3]))
    assert fitted.ranks(["u"] * 3, [1, 2, "x"]).tolist() == [RING + 1]


def test_rare_items_are_not_known():
    users, items = ring(100)
    users, items = np.append(users, [1000, 1000]), np.append(items, [77, 3])
    found = small(epochs=1, least_count=3).fit(users, items)
    assert set(found.items_) == set(range(RING))
    assert 77 in small(epochs=1, validation=None).fit(users, items).items_


def test_users_with_one_purchase_get_predictions_and_do_not_count(fitted):
    found = fitted.predict(["new", "other", "other"], [5, 1, 2], top=2)
    assert found["user"].to_list() == ["new", "new", "other", "other"]
    assert found["item"][0] == 6
    assert len(fitted.ranks(["new", "other", "other"], [5, 1, 2])) == 1
    with pytest.raises(DataError, match="no user has two"):
        fitted.score(["new", "other"], [5, 1])


def test_times_order_purchases_and_rows_break_ties(fitted):
    wanted = fitted.predict(["u"] * 3, [1, 2, 3], top=3)
    assert fitted.predict(["u"] * 3, [3, 1, 2], [9, 5, 5], top=3).equals(wanted)


def test_the_kind_of_frame_that_came_in_goes_out(fitted):
    users, items = ["a", "a", "b"], [1, 2, 3]
    wanted = fitted.predict(users, items, top=2)
    assert isinstance(wanted, pl.DataFrame)
    assert fitted.predict(pl.Series(users), pl.Series(items), top=2).equals(wanted)
    found = fitted.predict(pd.Series(users), pd.Series(items), top=2)
    assert isinstance(found, pd.DataFrame)
    assert found.to_dict("list") == wanted.to_dict(as_series=False)


def test_ids_of_several_kinds_come_out_as_they_are():
    users, items = ring(60)
    names = [("item", n) if n % 3 == 0 else n if n % 3 == 1 else str(n) for n in items.tolist()]
    model = small(epochs=8).fit(users, names)
    found = model.predict(users[:5], names[:5], top=RING)
    assert {type(each) for each in found["item"].to_list()} == {tuple, int, str}
    assert model.predict_online("2", model.session(), top=1)["item"].to_list() == [("item", 3)]


def test_the_same_seed_gives_the_same_model_and_nothing_else_moves():
    torch.manual_seed(11)
    before = torch.get_rng_state()
    first, again, other = (small(epochs=2, seed=seed).fit(*ring()) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    weights = [model.network_.embed.weight for model in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_purchases_that_validate_do_not_train():
    """Whatever a user that validates bought last, the losses of the first epoch are the same."""
    users, items = ring(100, least=2)
    model = small(epochs=1, validation=0.5).fit(users, items)
    last = np.append(users[1:] != users[:-1], True)
    able = np.random.default_rng(model.seed).permutation(np.arange(100))[:50]
    changed = items.copy()
    held = last & np.isin(users, able)
    changed[held] = (changed[held] + 5) % RING
    other = small(epochs=1, validation=0.5).fit(users, changed)
    assert other.history_.losses == model.history_.losses
    assert other.history_.epochs[0].validation != model.history_.epochs[0].validation


def test_other_purchases_may_validate():
    users, items = ring(100)
    held = ring(30, seed=7, least=2)
    model = small(epochs=3, validation=held).fit(users, items)
    told = _histories(model, held)
    nats = [
        -float(row.log_softmax(-1)[told.last[place]])
        for places, rows in model.scores(told.without_last())
        for place, row in zip(places, rows, strict=True)
    ]
    best = min(epoch.validation for epoch in model.history_.epochs)
    assert best == pytest.approx(np.mean(nats), rel=1e-5)
    nothing = small(epochs=2, validation=None).fit(users, items)
    assert nothing.best_epoch_ is None


def _histories(model, columns):
    histories, ids = Histories.of(*columns)
    return histories.renumbered(np.array([model.items_.index(item) for item in ids]))


def test_a_saved_model_comes_back(fitted, tmp_path):
    fitted.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert isinstance(again, PurchasePredictor)
    assert {**again.get_params(), "device": None} == fitted.get_params()
    assert (again.items_, again.schedule_, again.best_epoch_) == (fitted.items_, fitted.schedule_, fitted.best_epoch_)
    assert again.network_.embed is again.network_.head.table
    assert again.predict(*ring(9)).equals(fitted.predict(*ring(9)))
    tensors, configuration = model_file.load(tmp_path / "model.safetensors")
    assert sum(tensor.shape == again.network_.embed.weight.shape for tensor in tensors.values()) == 1
    configuration["catalogue"]["items"].pop()
    model_file.save(tmp_path / "other.safetensors", tensors, configuration)
    with pytest.raises(ModelFileError, match="fits its weights"):
        load(tmp_path / "other.safetensors")


def test_ids_that_no_file_holds_are_refused(tmp_path):
    model = small(epochs=1, validation=None).fit([1, 1, 2, 2], [("a", 1), "b", ("a", 1), "b"])
    with pytest.raises(DataError, match="whole numbers or texts: \\('a', 1\\) is an item"):
        model.save(tmp_path / "model.safetensors")
    with pytest.raises(NotFittedError):
        small().save(tmp_path / "model.safetensors")


def test_a_run_folder_goes_on_to_the_same_model(tmp_path):
    with RunFolder.create(tmp_path / "run", {}) as run:
        whole = small(epochs=2).fit(*ring(), run=run)
    with RunFolder.open(tmp_path / "run") as run:
        again = small(epochs=2).fit(*ring(), run=run)
    assert again.history_.losses == whole.history_.losses
    assert torch.equal(again.network_.embed.weight, whole.network_.embed.weight)


def test_a_short_budget_of_memory_trains():
    free = small(epochs=1, samples=RING, dropout=0.0).fit(*ring())
    bound = small(epochs=1, samples=RING, dropout=0.0, memory="40KB").fit(*ring())
    np.testing.assert_allclose(bound.history_.losses, free.history_.losses, rtol=1e-4)


def test_settings_out_of_range_are_named_together():
    wrong = small(
        cell="gru", window_steps=0, hidden_size=0, samples=0, dropout=1, validation=2, tbptt="auto", least_count=0
    )
    with pytest.raises(
        ConfigError,
        match="`tbptt`.*`hidden_size`.*`dropout`.*`cell`.*`window_steps`.*`samples`.*`least_count`.*`validation`",
    ):
        wrong.fit(*ring())


def test_what_cannot_be_told_is_refused(fitted):
    with pytest.raises(NotFittedError, match="PurchasePredictor forecasts after `fit`"):
        small().predict([1], [1])
    with pytest.raises(NotFittedError):
        small().session()
    with pytest.raises(ConfigError, match="`top` is a whole number, at least 1: 0 came"):
        fitted.predict([1], [1], top=0)
    with pytest.raises(DataError, match="no user in training has two"):
        small().fit([1, 2, 3], [1, 1, 2])
    with pytest.raises(DataError, match="at least 2 items"):
        small().fit([1, 1, 1], [5, 5, 5])
    with pytest.raises(ShapeError, match="2, 2 and 1 rows came"):
        fitted.predict([1, 1], [1, 1], [0])
    with pytest.raises(DataError, match="Validation needs a user with two purchases"):
        small(validation=([1, 2], [1, 2])).fit(*ring())
