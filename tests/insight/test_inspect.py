from __future__ import annotations

import pytest
import torch
from torch import nn

import throughtime as tt
from throughtime.base.errors import DtypeError, ShapeError

F64 = torch.float64
OPTIONS = {
    "plain": {},
    "two layers": {"num_layers": 2, "bidirectional": True},
    "projection": {"proj_size": 2},
    "peephole": {"peephole": True},
    "layer_norm": {"layer_norm": True},
    "zoneout": {"zoneout": (0.2, 0.1)},
    "recurrent_dropout": {"recurrent_dropout": 0.3},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_it_sees_what_the_layer_computes(options):
    layer = tt.LSTM(3, 4, dtype=F64, **options).eval()
    x, rows = torch.randn(6, 3, 3, dtype=F64), {"lengths": [6, 4, 0], "resets": torch.rand(6, 3) < 0.3}
    seen = tt.inspect(layer, x, **rows)
    y, (h, c) = layer(x, **rows)
    torch.testing.assert_close(seen.output, y.detach(), rtol=1e-10, atol=1e-12)  # rounding
    torch.testing.assert_close(seen.state, (h.detach(), c.detach()), rtol=1e-10, atol=1e-12)
    assert len(seen.gates) == layer.num_layers * seen.directions
    assert (seen.gradients, seen.loss) == (None, None)
    top = [seen.layer(layer.num_layers - 1, d).h for d in range(seen.directions)]
    torch.testing.assert_close(torch.cat(top, -1), seen.output, rtol=0, atol=0)
    for gates in seen.gates:
        assert [entry.shape[-1] for entry in gates] == [4] * 5 + [layer.proj_size or 4]
        assert all(not entry[4:, 1].any() and not entry[:, 2].any() for entry in gates)
        assert ((gates.i[:4, :2] > 0) & (gates.i[:4, :2] < 1)).all()


def test_gates_obey_the_cells_equations():
    layer = tt.LSTM(3, 4)
    hx = (torch.randn(1, 2, 4), torch.randn(1, 2, 4))
    gates = tt.inspect(layer, torch.randn(5, 2, 3), hx=hx).layer(0)
    before = torch.cat([hx[1], gates.c[:-1]])
    torch.testing.assert_close(gates.c, gates.f * before + gates.i * gates.g)
    torch.testing.assert_close(gates.h, gates.o * gates.c.tanh())


class Nudged(nn.Module):
    """A plain LSTM written out, with something added to one gate or state at one step."""

    def __init__(self, layer: nn.LSTM) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x, name, t_nudged, amount):
        h = c = x.new_zeros(x.shape[1], self.layer.hidden_size)
        out = []
        for t, x_t in enumerate(x):
            nudge = {entry: amount if (entry, t) == (name, t_nudged) else 0.0 for entry in "ifgoch"}
            a = x_t @ self.layer.weight_ih_l0.t() + h @ self.layer.weight_hh_l0.t()
            z_i, z_f, z_g, z_o = (a + self.layer.bias_ih_l0 + self.layer.bias_hh_l0).chunk(4, -1)
            i, f = z_i.sigmoid() + nudge["i"], z_f.sigmoid() + nudge["f"]
            g, o = z_g.tanh() + nudge["g"], z_o.sigmoid() + nudge["o"]
            c = f * c + i * g + nudge["c"]
            h = o * c.tanh() + nudge["h"]
            out.append(h)
        return torch.stack(out)


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("name", list("ifgoch"))
def test_gradients_are_total_derivatives(name, ragged):
    theirs = nn.LSTM(3, 4, dtype=F64)
    x, weigh = torch.randn(5, 2, 3, dtype=F64), torch.randn(5, 2, 4, dtype=F64)
    lengths = [5, 3] if ragged else None
    seen = tt.inspect(theirs, x, lengths=lengths, loss=lambda y: (y * weigh).sum())
    if ragged:
        weigh[3:, 1] = 0
    nudged = Nudged(theirs)
    for t in (0, 2, 4):
        amount = torch.zeros(2, 4, dtype=F64, requires_grad=True)
        wanted = torch.autograd.grad((nudged(x, name, t, amount) * weigh).sum(), amount)[0]
        torch.testing.assert_close(getattr(seen.gradients[0], name)[t], wanted, rtol=1e-10, atol=1e-12)  # rounding


def test_torchs_layer_is_read_with_its_weights():
    theirs = nn.LSTM(3, 4, 2, bidirectional=True, batch_first=True, proj_size=2, dtype=F64)
    x = torch.randn(2, 5, 3, dtype=F64)
    seen = tt.inspect(theirs, x, lambda y: y.square().sum())
    y, last = theirs(x)
    torch.testing.assert_close(seen.output, y.detach(), rtol=1e-10, atol=1e-12)  # rounding
    torch.testing.assert_close(seen.state, tuple(part.detach() for part in last), rtol=1e-5, atol=1e-6)
    assert seen.layer(1, 1).h.shape == (5, 2, 2)


def test_nothing_of_the_callers_is_touched():
    layer, head = tt.LSTM(3, 4), nn.Linear(4, 1)
    x = torch.randn(5, 2, 3, requires_grad=True)
    kernel = layer.kernel_in_use
    with torch.no_grad():
        seen = tt.inspect(layer, x, loss=lambda y: head(y).sum())
    assert all(p.grad is None for p in [x, *layer.parameters(), *head.parameters()])
    assert not any(entry.requires_grad for gates in (*seen.gates, *seen.gradients) for entry in gates)
    assert layer.kernel_in_use == kernel


def test_frozen_weights_have_gates_with_gradients():
    layer = tt.LSTM(3, 4).requires_grad_(False)
    seen = tt.inspect(layer, torch.randn(5, 2, 3), lambda y: y[-1].sum())
    assert seen.gradients[0].c.abs().sum() > 0


def test_a_later_layers_loss_reaches_the_first():
    seen = tt.inspect(tt.LSTM(3, 4, 2), torch.randn(5, 2, 3), loss=lambda y: y[-1].sum())
    assert seen.gradients[0].i[0].abs().sum() > 0
    assert seen.gradients[0].h[-1].abs().sum() > 0


@pytest.mark.parametrize(
    ("loss", "error", "match"),
    [
        (lambda y: y.sum().item(), DtypeError, "must return a tensor: got float"),
        (lambda y: y.sum(-1), ShapeError, r"one number: got \(5, 2\)"),
        (lambda y: y.sum().detach(), ShapeError, "must depend on the output"),
    ],
)
def test_a_loss_that_is_none_is_refused(loss, error, match):
    with pytest.raises(error, match=match):
        tt.inspect(tt.LSTM(3, 4), torch.randn(5, 2, 3), loss=loss)


def test_bad_input_is_named():
    with pytest.raises(DtypeError, match="`lstm` must be .*got GRU"):
        tt.inspect(nn.GRU(3, 4), torch.randn(5, 2, 3))
    with pytest.raises(ShapeError, match="input_size = 3"):
        tt.inspect(tt.LSTM(3, 4), torch.randn(5, 2, 2))
    with pytest.raises(ShapeError, match="a step to inspect"):
        tt.inspect(tt.LSTM(3, 4), torch.randn(0, 2, 3))
    with pytest.raises(DtypeError, match="`input`"):
        tt.inspect(tt.LSTM(3, 4), None, loss=torch.sum)
