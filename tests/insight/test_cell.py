"""What is said to enter a gate adds up to what it squashed; values and gradients are those of tt.inspect."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import throughtime as tt
from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.insight.cell import BY_HAND, BY_LOSS, BY_OUTPUT, cell_at

F64 = torch.float64


def logit(p):
    return torch.log(p) - torch.log1p(-p)


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"peephole": True}, {"num_layers": 2}, {"batch_first": True}])
@pytest.mark.parametrize("step", [0, 4])
def test_what_enters_adds_up_to_the_gate(options, step):
    layer = tt.LSTM(3, 5, dtype=F64, **options)
    hx = (torch.randn(layer.num_layers, 1, 5, dtype=F64), torch.randn(layer.num_layers, 1, 5, dtype=F64))
    for unit in range(5):
        cell = cell_at(layer, torch.randn(6, 3, dtype=F64), step, unit=unit, layer=layer.num_layers - 1, hx=hx)
        assert cell.chosen == BY_HAND
        seen = torch.tensor([cell.value(name) for name in "ifgo"], dtype=F64)
        squashed = torch.cat([logit(seen[:2]), torch.atanh(seen[2:3]), logit(seen[3:])])
        torch.testing.assert_close(cell.sums, squashed, rtol=0, atol=1e-12)
        assert bool(cell.from_c.any()) == layer.peephole
        assert cell.kept + cell.added == pytest.approx(cell.value("c"), rel=0, abs=1e-12)
        assert cell.value("o") * cell.squashed == pytest.approx(cell.value("h"), rel=0, abs=1e-12)


def test_each_input_counts_by_itself():
    layer, x = tt.LSTM(3, 4, dtype=F64), torch.randn(5, 3, dtype=F64)
    cell = cell_at(layer, x, 3, unit=2)
    without = x.clone()
    without[3, 1] = 0
    bare = cell_at(layer, without, 3, unit=2)
    torch.testing.assert_close(cell.sums - bare.sums, cell.by_input[:, 1], rtol=0, atol=1e-12)
    torch.testing.assert_close(cell.from_x, cell.by_input.sum(1))
    torch.testing.assert_close(cell.from_h, bare.from_h, rtol=0, atol=0)


def test_it_is_what_inspect_sees():
    layer, head, x = nn.LSTM(3, 4, 2), nn.Linear(4, 1), torch.randn(6, 3)

    def loss(y):
        return head(y[4]).square().sum()

    seen = tt.inspect(layer, x[:, None], loss)
    for place in (0, 1):
        cell = cell_at(layer, x, 4, unit=3, layer=place, loss=loss)
        for name in "ifgoch":
            assert cell.value(name) == float(getattr(seen.gates[place], name)[4, 0, 3])
            assert cell.gradient(name) == float(getattr(seen.gradients[place], name)[4, 0, 3])
        assert cell.gradient_before == float(seen.gradients[place].c[3, 0, 3])
        assert cell.c_before == float(seen.gates[place].c[3, 0, 3])
        assert cell.over_steps("f") == seen.gates[place].f[:, 0, 3].tolist()
        assert cell.loss == seen.loss


def test_the_gradient_is_autograds():
    layer = tt.LSTM(3, 4, dtype=F64)
    x, weigh = torch.randn(6, 3, dtype=F64), torch.randn(4, dtype=F64)
    cell = cell_at(layer, x, 5, unit=1, loss=lambda y: (y[5, 0] * weigh).sum().exp())
    entries = {name: torch.tensor(cell.value(name), dtype=F64, requires_grad=True) for name in "ifgo"}
    c = entries["f"] * cell.c_before + entries["i"] * entries["g"]
    h = entries["o"] * c.tanh()
    others = float((cell.gates.h[5, 0] * weigh).sum()) - cell.value("h") * float(weigh[1])
    wanted = torch.autograd.grad((others + h * weigh[1]).exp(), [*entries.values(), c, h])
    for name, slope in zip([*entries, "c", "h"], wanted, strict=True):
        assert cell.gradient(name) == pytest.approx(float(slope), rel=1e-10)


def test_a_unit_is_chosen_by_the_loss_or_by_its_output():
    layer, x = tt.LSTM(3, 6), torch.randn(5, 3)
    cell = cell_at(layer, x, 4)
    assert cell.chosen == BY_OUTPUT
    assert cell.unit == int(cell.gates.h[4, 0].abs().argmax())
    assert (cell.loss, cell.gradient("h"), cell.gradient_before) == (None, None, None)
    assert cell_at(layer, x, 0, loss=torch.sum).gradient_before is None
    by_loss = cell_at(layer, x, 4, loss=lambda y: y[4, 0, 2] * 5)
    assert (by_loss.unit, by_loss.chosen) == (2, BY_LOSS)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"layer_norm": True}, "layer_norm=True, and it mixes all units"),
        ({"zoneout": (0.0, 0.1)}, "the step before"),
        ({"proj_size": 2}, "mixture of all units"),
        ({"bidirectional": True}, "reads the steps backwards"),
        ({"recurrent_dropout": 0.5}, r"recurrent_dropout. Call .eval\(\)"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused_with_the_reason(options, match):
    with pytest.raises(ConfigError, match=match):
        cell_at(tt.LSTM(3, 4, **options), torch.randn(5, 3), 2)


def test_in_evaluation_masks_are_no_obstacle():
    layer = tt.LSTM(3, 4, num_layers=2, dropout=0.5).eval()
    assert cell_at(layer, torch.randn(5, 3), 2, layer=1).unit in range(4)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"step": 5}, "`step` is a place from 0 to 4: 5 came"),
        ({"step": -1}, "`step`"),
        ({"step": True}, "`step`"),
        ({"unit": 4}, "`unit` is a place from 0 to 3: 4 came"),
        ({"layer": 1}, "`layer` is a place from 0 to 0: 1 came"),
    ],
)
def test_places_out_of_range_are_named(given, match):
    with pytest.raises(ConfigError, match=match):
        cell_at(tt.LSTM(3, 4), torch.randn(5, 3), **({"step": 0} | given))


def test_other_input_is_named():
    with pytest.raises(ShapeError, match=r"one sequence \[T, C\]: \(5, 2, 3\) came"):
        cell_at(tt.LSTM(3, 4), torch.randn(5, 2, 3), 0)
    with pytest.raises(DtypeError, match="got GRU"):
        cell_at(nn.GRU(3, 4), torch.randn(5, 3), 0)
