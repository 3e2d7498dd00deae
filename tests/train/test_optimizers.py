from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from throughtime.train import Training
from throughtime.train.optimizers import clip, learning_rate, make_optimizer, set_learning_rate


def settings(**changes):
    return Training(**({"epochs": 1, "learning_rate": 0.2} | changes))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("adamw", torch.optim.AdamW),
        ("adam", torch.optim.Adam),
        ("sgd", torch.optim.SGD),
        ("rmsprop", torch.optim.RMSprop),
    ],
)
def test_each_name_is_torchs_optimizer_with_the_settings(name, kind):
    momentum = 0.3 if name in ("sgd", "rmsprop") else 0.0
    optimizer = make_optimizer(
        [nn.Parameter(torch.ones(1))], settings(optimizer=name, weight_decay=0.5, momentum=momentum)
    )
    assert type(optimizer) is kind
    group = optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"], group.get("momentum", 0.0)) == (0.2, 0.5, momentum)
    set_learning_rate(optimizer, 0.7)
    assert group["lr"] == 0.7


def test_rates():
    assert [learning_rate(settings(decay="constant"), update, 0.9) for update in (0, 5)] == [0.2, 0.2]
    warm = settings(decay="constant", warmup_updates=4)
    assert [learning_rate(warm, update, 0.0) for update in range(6)] == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.2, 0.2])
    cosine = settings()
    assert learning_rate(cosine, 0, 0.0) == 0.2
    assert learning_rate(cosine, 0, 0.5) == pytest.approx(0.1)
    assert learning_rate(cosine, 0, 0.25) == pytest.approx(0.1 * (1 + math.sqrt(0.5)))
    assert 0 < learning_rate(cosine, 0, 0.999) < 1e-5
    assert learning_rate(settings(warmup_updates=2), 0, 0.5) == pytest.approx(0.05)


def parameters(*gradients):
    found = []
    for gradient in gradients:
        found.append(nn.Parameter(torch.zeros(len(gradient) if gradient else 1)))
        found[-1].grad = torch.tensor(gradient) if gradient else None
    return found


def test_clipping_scales_all_gradients_by_their_common_norm():
    held = parameters([3.0, 0.0], None, [4.0])
    assert clip(held, 1.0) == pytest.approx(5.0)
    # torch divides by norm + 1e-6
    torch.testing.assert_close(held[0].grad, torch.tensor([0.6, 0.0]), rtol=1e-5, atol=0)
    torch.testing.assert_close(held[2].grad, torch.tensor([0.8]), rtol=1e-5, atol=0)


def test_small_gradients_and_no_limit_change_nothing():
    for limit in (6.0, None):
        held = parameters([3.0, 4.0])
        assert clip(held, limit) == pytest.approx(5.0)
        assert held[0].grad.tolist() == [3.0, 4.0]


def test_a_norm_that_is_not_finite_scales_nothing():
    held = parameters([math.inf, 1.0])
    assert clip(held, 1.0) == math.inf
    assert held[0].grad.tolist() == [math.inf, 1.0]


@pytest.mark.parametrize("size", [9, 1_000_000])
@pytest.mark.parametrize("name", ["adamw", "adam"])
def test_weights_are_moved_as_by_torchs_plain_loop(name, size):
    torch.manual_seed(0)
    start, gradient = torch.randn(size), torch.randn(size)
    table, plain = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    made = make_optimizer([table], settings(optimizer=name, weight_decay=0.1))
    kind = torch.optim.AdamW if name == "adamw" else torch.optim.Adam
    for optimizer, parameter in ((made, table), (kind([plain], lr=0.2, weight_decay=0.1), plain)):
        for _ in range(3):
            parameter.grad = gradient.clone()
            optimizer.step()
    assert made.defaults["fused"] is True
    # Another order of the same few operations in float32.
    torch.testing.assert_close(table, plain, rtol=1e-4, atol=1e-5)
