"""The sampled softmax is judged by the full one, its gradients by finite differences and by autograd."""

import copy
import math

import pytest
import torch
from torch.nn import functional as F

import throughtime as tt
from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.nn.item_head import (
    Candidates,
    CandidateSampler,
    ItemHead,
    ItemTable,
    SampledSoftmax,
    expected_counts,
    log_uniform,
    sampled_loss,
)

N, H, E, V = 7, 5, 4, 12


def case(dtype=torch.float64):
    torch.manual_seed(0)
    table = ItemTable(V, E, zipf().flip(0), dtype=dtype)
    head = ItemHead(H, table, dtype=dtype)
    torch.nn.init.normal_(table.bias)
    return head, torch.randn(N, E, dtype=dtype), torch.randint(V, (N,))


def zipf(items=V):
    return 1 / torch.arange(1.0, items + 1)


def test_full_loss_is_that_of_a_softmax_over_the_known_items():
    head, output, target = case()
    share = zipf().flip(0).double()
    scores = output @ head.table.weight[:V].T + head.table.bias + (share / share.sum()).log()
    # Scores may differ by one number for all items, which no softmax sees.
    torch.testing.assert_close(head.scores(output).log_softmax(-1), scores.log_softmax(-1))
    torch.testing.assert_close(head.loss(output, target), -scores.log_softmax(-1)[range(N), target])
    assert torch.equal(head.predict(output), scores.argmax(-1))


def test_with_every_item_a_candidate_the_sampled_loss_and_its_gradients_are_the_full_ones():
    head, output, target = case()
    sampled, full = (output.clone().requires_grad_() for _ in range(2))
    other = copy.deepcopy(head)
    loss = SampledSoftmax(head, zipf(), V)(sampled, target)
    wanted = other.loss(full, target)
    torch.testing.assert_close(loss, wanted)
    weights = torch.rand(N, dtype=torch.float64)
    (loss * weights).sum().backward()
    (wanted * weights).sum().backward()
    torch.testing.assert_close(sampled.grad, full.grad)
    torch.testing.assert_close(head.table.weight.grad, other.table.weight.grad)
    torch.testing.assert_close(head.table.bias.grad, other.table.bias.grad)


def test_the_sum_over_candidates_estimates_that_over_all_items_without_bias():
    head, output, target = case()
    torch.manual_seed(1)
    loss, draws = SampledSoftmax(head, zipf(), 4), 4000
    own = head.scores(output)[range(N), target]
    with torch.no_grad():
        sums = torch.stack([(loss(output, target) + own).exp() for _ in range(draws)])
        wanted = (head.loss(output, target) + own).exp()
    # Four standard errors of the mean of that many draws.
    assert bool(((sums.mean(0) - wanted).abs() <= 4 * sums.std(0) / math.sqrt(draws)).all())


def test_many_candidates_come_close_to_the_full_loss():
    torch.manual_seed(0)
    head = ItemHead(H, ItemTable(2000, 16))
    output, target = torch.randn(64, 16), torch.multinomial(zipf(2000), 64, replacement=True)
    loss = SampledSoftmax(head, zipf(2000), 500)
    with torch.no_grad():
        error = loss(output, target) - head.loss(output, target)
    # The sum's own noise: a quarter of the items, outputs that know nothing of them.
    assert float(error.abs().mean()) < 0.1


def test_gradients_agree_with_finite_differences():
    head, output, target = case()
    drawn = CandidateSampler(zipf(), 5).draw()
    weight, bias = head.table.weight, head.table.bias
    output.requires_grad_()
    torch.autograd.gradcheck(lambda o, w, b: sampled_loss(o, w, b, target, drawn), (output, weight, bias))


def test_more_rows_than_are_worked_on_at_once():
    torch.manual_seed(0)
    output, weight, bias = torch.randn(600, E), torch.randn(V + 1, E), torch.randn(V)
    target, everything = torch.randint(V, (600,)), Candidates(torch.arange(V), torch.zeros(V))
    torch.testing.assert_close(
        sampled_loss(output, weight, bias, target, everything),
        F.cross_entropy(output @ weight[:V].T + bias, target, reduction="none"),
    )


def test_an_accidental_hit_is_no_negative():
    """The target among the candidates, and drawn twice: the loss is that without it."""
    head, output, _ = case()
    target = torch.full((N,), 3)
    weights = torch.tensor([math.log(2.0), 0.5])
    with_hit = Candidates(torch.tensor([3, 5]), weights)
    without = Candidates(torch.tensor([5]), weights[1:])
    arguments = output, head.table.weight, head.table.offsets, target
    torch.testing.assert_close(sampled_loss(*arguments, with_hit), sampled_loss(*arguments, without))


def test_scores_however_large_leave_the_loss_finite():
    head, output, target = case()
    found = SampledSoftmax(head, zipf(), 4)(output * 1e4, target)
    assert bool(found.isfinite().all())


def test_expected_counts_add_up_and_stop_at_one():
    found = expected_counts(zipf(1000).double(), 100)
    assert float(found.sum()) == pytest.approx(100)
    assert float(found.max()) == 1.0
    below = found < 1
    ratio = found[below] / zipf(1000).double()[below]
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio))
    assert torch.equal(expected_counts(zipf(10).double(), 10), torch.ones(10, dtype=torch.float64))


@pytest.mark.parametrize("samples", [1, 3, 11, 12])
def test_items_are_drawn_as_often_as_is_expected(samples):
    torch.manual_seed(0)
    shuffled = zipf()[torch.randperm(V)]
    sampler, draws = CandidateSampler(shuffled, samples), 4000
    counts = torch.zeros(V, dtype=torch.float64)
    for _ in range(draws):
        drawn = sampler.draw()
        assert len(drawn.items.unique()) == len(drawn.items) <= samples
        times = (drawn.log_weight + sampler.expected[drawn.items].log()).exp()
        assert float(times.sum()) == pytest.approx(samples)
        counts[drawn.items] += times
    # A count is a sum of at most two draws per update: five standard deviations.
    torch.testing.assert_close(counts / draws, sampler.expected, rtol=0, atol=5 * math.sqrt(0.5 / draws))


def test_draws_come_from_the_global_generator():
    sampler = CandidateSampler(zipf(), 4)
    torch.manual_seed(5)
    first, second = sampler.draw(), sampler.draw()
    torch.manual_seed(5)
    assert torch.equal(sampler.draw().items, first.items)
    assert torch.equal(sampler.draw().items, second.items)


def test_log_uniform_is_zipfs_law():
    found = log_uniform(1000)
    assert float(found.sum()) == pytest.approx(math.log(1001))
    assert float(found[0]) == pytest.approx(math.log(2))


def test_both_ends_of_a_network_train_one_table():
    torch.manual_seed(0)
    table = ItemTable(V, E)
    network = tt.Network(table, tt.LSTM(E, H), ItemHead(H, table))
    assert sum(p.shape == (V + 1, E) for p in network.parameters()) == 1
    items = torch.randint(V, (6, 3))
    loss = SampledSoftmax(network.head, zipf(), 4)
    for update in tt.through_time(network, loss, items[:-1], items[1:], tt.TBPTT()):
        assert update.losses.shape == (5, 3)
    assert table.weight.grad is not None


def test_inputs_have_unit_variance_and_the_unknown_item_is_read_but_not_scored():
    torch.manual_seed(0)
    table = ItemTable(1000, 64)
    inputs = table(torch.arange(1001).view(7, 143))
    assert inputs.shape == (7, 143, 64)
    assert float(inputs.detach().var()) == pytest.approx(1, abs=0.02)
    assert ItemHead(8, table).scores(torch.zeros(2, 64)).shape == (2, 1000)


def test_evaluation_is_exact():
    head, output, target = case()
    loss = SampledSoftmax(head.eval(), zipf(), 2)
    torch.testing.assert_close(loss(output, target), head.loss(output, target))


def test_targets_and_settings_out_of_range_are_refused():
    head, output, target = case()
    loss = SampledSoftmax(head, zipf(), 4)
    with pytest.raises(ShapeError, match="one item per entry"):
        loss(output, target[:-1])
    with pytest.raises(DtypeError, match="from 0 to 11: 12 to 12 came"):
        loss(output, torch.full((N,), V))
    with pytest.raises(DtypeError, match="float32 came"):
        head.loss(output, target.float())
    with pytest.raises(ConfigError, match="12 are due, 11 came"):
        SampledSoftmax(head, zipf(11), 4)
    with pytest.raises(ConfigError, match="`samples`.*at most 12: 13 came"):
        CandidateSampler(zipf(), 13)
    with pytest.raises(ConfigError, match="`frequency` is above 0"):
        CandidateSampler(torch.zeros(V), 3)
    with pytest.raises(ConfigError, match="`items`.*`size`"):
        ItemTable(1, 0)
    with pytest.raises(ConfigError, match="`frequency` is above 0.*one for each item"):
        ItemTable(V, E, zipf(V - 1))
    with pytest.raises(ConfigError, match="`table` is an ItemTable"):
        ItemHead(3, None)
    with pytest.raises(ConfigError, match="`items`"):
        log_uniform(0)
