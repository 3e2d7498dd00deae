import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.nn.embedding import SymbolEmbedding
from throughtime.nn.heads import (
    LEAST_SCALE,
    CategoricalHead,
    GaussianHead,
    GaussianOutput,
    MixedHead,
    StudentHead,
    StudentOutput,
    TiedHead,
)

NUMERIC = [GaussianHead, StudentHead]


def drawn(head, features=5, entries=7, seed=0, spread=1.0):
    """A head with random weights, and its output on random features, in float64."""
    torch.manual_seed(seed)
    module = head(features, 3, dtype=torch.float64)
    torch.nn.init.normal_(module.linear.weight, std=spread)
    torch.nn.init.normal_(module.linear.bias, std=spread)
    return module, module(torch.randn(entries, features, dtype=torch.float64))


def as_torch(output):
    if isinstance(output, GaussianOutput):
        return torch.distributions.Normal(*output)
    return torch.distributions.StudentT(output.freedom, output.location, output.scale)


def as_scipy(output):
    parts = [part.detach().numpy() for part in output]
    if isinstance(output, GaussianOutput):
        return scipy.stats.norm(*parts)
    return scipy.stats.t(parts[2], parts[0], parts[1])


@pytest.mark.parametrize("head", NUMERIC)
@given(seed=st.integers(0, 100), spread=st.sampled_from([0.1, 1.0, 5.0]))
def test_loss_is_the_negative_log_density(head, seed, spread):
    module, output = drawn(head, seed=seed, spread=spread)
    target = output.location.detach() + 3 * torch.randn_like(output.location)
    # float64 rounding; torch and scipy write the same density in another order.
    torch.testing.assert_close(module.loss(output, target), -as_torch(output).log_prob(target), rtol=1e-10, atol=1e-10)
    expected = torch.as_tensor(-as_scipy(output).logpdf(target.numpy()))
    torch.testing.assert_close(module.loss(output, target).detach(), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("head", NUMERIC)
@pytest.mark.parametrize("probability", [0.001, 0.1, 0.5, 0.9, 0.975])
def test_quantiles_are_scipys(head, probability):
    module, output = drawn(head)
    expected = torch.as_tensor(as_scipy(output).ppf(probability))
    torch.testing.assert_close(module.quantile(output, probability).detach(), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("head", NUMERIC)
@pytest.mark.parametrize("level", [50, 80, 99.5])
def test_an_interval_holds_its_level(head, level):
    module, output = drawn(head)
    lower, upper = (end.detach().numpy() for end in module.interval(output, level))
    distribution = as_scipy(output)
    np.testing.assert_allclose(distribution.cdf(upper) - distribution.cdf(lower), level / 100, rtol=1e-8)
    assert torch.equal(module.predict(output), output.location)


@pytest.mark.parametrize("head", NUMERIC)
def test_training_begins_at_the_standard_distribution(head):
    output = head(4, 2)(torch.randn(6, 4))
    assert output.location.abs().max() == 0
    torch.testing.assert_close(output.scale, torch.full((6, 2), 1 + LEAST_SCALE))
    if head is StudentHead:
        torch.testing.assert_close(output.freedom, torch.full((6, 2), 10.0))


@pytest.mark.parametrize("head", NUMERIC)
def test_features_for_the_location_leave_the_rest_alone(head):
    module = head(5, 2, location_only=3)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    features = torch.randn(6, 5)
    moved = features.clone()
    moved[:, 2:] += 1
    before, after = module(features), module(moved)
    shift = torch.ones(6, 3) @ module.direct.weight.T
    torch.testing.assert_close(after.location - before.location, shift, rtol=1e-4, atol=1e-5)
    assert all(a.equal(b) for a, b in zip(after[1:], before[1:], strict=True))
    assert not head(5, 2, location_only=3)(features).location.any()


@pytest.mark.parametrize("head", NUMERIC)
def test_a_missing_target_scores_nothing_and_moves_nothing(head):
    module, output = drawn(head)
    target = torch.zeros_like(output.location)
    target[2, 1] = torch.nan
    missing = torch.zeros_like(target, dtype=torch.bool)
    missing[2, 1] = True
    loss = module.loss(output, target)
    assert (loss == 0).equal(missing)
    gradients = torch.autograd.grad(loss.sum(), list(output))
    assert all(((g == 0) & missing).equal(missing) and g.isfinite().all() for g in gradients)
    everything = torch.full_like(target, torch.nan)
    assert module.loss(module(torch.randn(7, 5, dtype=torch.float64)), everything).sum() == 0


@pytest.mark.parametrize("head", NUMERIC)
@pytest.mark.parametrize("raw", [-1e4, -50.0, 0.0, 50.0, 1e4])
@pytest.mark.parametrize("target", [-1e6, 0.0, 1e6])
def test_loss_and_gradient_are_finite_at_extremes(head, raw, target):
    module = head(1, 1)
    torch.nn.init.constant_(module.linear.weight, raw)
    loss = module.loss(module(torch.ones(1, 1)), torch.full((1, 1), target))
    loss.sum().backward()
    assert loss.isfinite().all()
    assert module.linear.weight.grad.isfinite().all()
    assert all(end.isfinite().all() for end in module.interval(module(torch.ones(1, 1)), 95))


def test_student_is_close_to_gaussian_at_its_most_degrees_of_freedom():
    location, scale = torch.zeros(1, 1), torch.ones(1, 1)
    student = StudentHead(1).quantile(StudentOutput(location, scale, torch.full((1, 1), 100.0)), 0.975)
    gaussian = GaussianHead(1).quantile(GaussianOutput(location, scale), 0.975)
    torch.testing.assert_close(student, gaussian, rtol=0.015, atol=0)  # as the constant's reason says


@given(seed=st.integers(0, 50), classes=st.integers(2, 6))
def test_categorical_loss_is_the_negative_log_probability(seed, classes):
    torch.manual_seed(seed)
    head, output = CategoricalHead(3, classes), torch.randn(9, classes)
    target = torch.randint(classes, (9,))
    expected = -torch.distributions.Categorical(logits=output).log_prob(target)
    torch.testing.assert_close(head.loss(output, target), expected[:, None])
    torch.testing.assert_close(head.loss(output, target.float()), expected[:, None])
    assert head.predict(output).equal(output.argmax(-1))
    torch.testing.assert_close(head.probabilities(output).sum(-1), torch.ones(9))


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_smoothed_and_weighted_losses_are_those_of_the_formula(smoothing):
    torch.manual_seed(0)
    head, output, target = CategoricalHead(3, 4, smoothing, (1, 2, 0.5, 1)), torch.randn(9, 4), torch.randint(4, (9,))
    log_p = output.log_softmax(-1)
    plain = -log_p[torch.arange(9), target]
    expected = ((1 - smoothing) * plain - smoothing * log_p.mean(-1)) * torch.tensor([1, 2, 0.5, 1])[target]
    torch.testing.assert_close(head.loss(output, target), expected[:, None])
    assert set(head.state_dict()) == {"linear.weight", "linear.bias"}


def test_a_missing_class_scores_nothing():
    output = torch.randn(4, 3, requires_grad=True)
    loss = CategoricalHead(2, 3).loss(output, torch.tensor([0.0, torch.nan, 2.0, -1.0]))
    assert (loss[:, 0] == 0).tolist() == [False, True, False, True]
    (gradient,) = torch.autograd.grad(loss.sum(), output)
    assert gradient[[1, 3]].abs().sum() == 0
    assert gradient[[0, 2]].abs().sum() > 0


def test_mixed_counts_every_target_once():
    torch.manual_seed(0)
    numbers, kinds = GaussianHead(4, 2), CategoricalHead(4, 3)
    head = MixedHead({"pm2.5": numbers, "kind": kinds})
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    features = torch.randn(6, 4)
    target = {"kind": torch.tensor([0.0, 1, 2, torch.nan, 1, 0]), "pm2.5": torch.randn(6, 2)}
    output = head(features)
    loss = head.loss(output, target)
    assert loss.shape == (6, 3)
    torch.testing.assert_close(loss[:, :2], numbers.loss(numbers(features), target["pm2.5"]))
    torch.testing.assert_close(loss[:, 2:], kinds.loss(kinds(features), target["kind"]))
    assert head.predict(output)["kind"].equal(kinds(features).argmax(-1))
    assert head.part("kind") is kinds


def test_numbers_of_numpy_are_taken():
    head = StudentHead(np.int64(5), np.int32(2), np.int64(1))
    assert [type(value) for value in (head.input_size, head.targets, head.location_only)] == [int] * 3
    lower, upper = head.interval(head(torch.zeros(3, 5)), np.int64(80))
    assert (lower < upper).all()
    assert CategoricalHead(np.int64(5), np.int64(2))(torch.zeros(3, 5)).shape == (3, 2)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: GaussianHead(0), ConfigError, "`input_size` is a whole number, at least 1: 0 came"),
        (lambda: StudentHead(3, True), ConfigError, "`targets` is a whole number"),
        (lambda: GaussianHead(3, 1, location_only=3), ConfigError, "below input_size=3: 3 came"),
        (lambda: CategoricalHead(3, 1), ConfigError, "at least 2 classes: 1 came"),
        (lambda: CategoricalHead(3, 2, 1.0), ConfigError, "`smoothing`"),
        (lambda: CategoricalHead(3, 2, class_weights=(1,)), ConfigError, "each of 2 classes: 1 came"),
        (lambda: MixedHead({}), ConfigError, "heads by name, at least one"),
        (lambda: drawn(GaussianHead)[0].interval(drawn(GaussianHead)[1], 100), ConfigError, "in percent.*100 came"),
        (lambda: drawn(GaussianHead)[0].quantile(drawn(GaussianHead)[1], 0), ConfigError, "above 0 and below 1"),
        (
            lambda: drawn(StudentHead)[0].loss(drawn(StudentHead)[1], torch.zeros(7)),
            ShapeError,
            r"\(7, 3\) wanted, \(7,\) came",
        ),
        (lambda: CategoricalHead(2, 2).loss(torch.zeros(3, 2), torch.zeros(3, 1)), ShapeError, "one class per entry"),
        (
            lambda: CategoricalHead(2, 2).loss(torch.zeros(3, 2), torch.tensor([0.0, 2.0, 1.0])),
            DtypeError,
            "0 to 1: 2 came",
        ),
        (
            lambda: CategoricalHead(2, 2).loss(torch.zeros(1, 2), torch.tensor([0.5])),
            DtypeError,
            "whole number.*0.5 came",
        ),
        (
            lambda: MixedHead({"a": GaussianHead(2)}).loss({"a": None}, {"b": torch.zeros(1)}),
            ShapeError,
            "one entry for each of",
        ),
    ],
)
def test_bad_input_is_one_clear_line(act, error, message):
    with pytest.raises(error, match=message):
        act()


def test_one_vector_for_all_steps_is_scored_once():
    head, one = CategoricalHead(3, 2), torch.randn(1, 4, 3)
    torch.nn.init.normal_(head.linear.weight)
    output = head(one.expand(5, -1, -1))
    torch.testing.assert_close(output, head.linear(one.repeat(5, 1, 1)))
    assert output.untyped_storage().nbytes() == 4 * 2 * 4


def test_a_tied_head_compares_with_the_embeddings_vectors():
    embedding = SymbolEmbedding(5, 3)
    head, h, target = TiedHead(4, embedding), torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 4, -1])
    torch.nn.init.normal_(head.bias)
    output = head(h)
    torch.testing.assert_close(output, head.linear(h) @ embedding.weight.T + head.bias)
    loss = head.loss(output, target)
    wanted = -output.log_softmax(-1)[torch.arange(5), target[:5]]
    torch.testing.assert_close(loss[:5, 0], wanted)
    assert not loss[5].any()
    assert torch.equal(head.predict(output), output.argmax(-1))
    loss.sum().backward()
    assert embedding.weight.grad is not None
    with pytest.raises(ConfigError, match="`embedding` is a SymbolEmbedding: None came"):
        TiedHead(4, None)
