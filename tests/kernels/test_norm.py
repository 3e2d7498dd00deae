from __future__ import annotations

import torch

from throughtime.kernels.norm import EPSILON, normalise, normalise_backward


def test_it_is_torchs_layer_norm_and_so_is_its_backward():
    a = torch.randn(4, 3, 7, dtype=torch.float64, requires_grad=True)
    dn = torch.randn_like(a)
    wanted = torch.nn.functional.layer_norm(a, (7,), eps=EPSILON)
    n, scale = normalise(a.detach())
    torch.testing.assert_close(n, wanted, rtol=1e-10, atol=1e-12)
    expected = torch.autograd.grad(wanted, a, dn)[0]
    torch.testing.assert_close(normalise_backward(dn, n, scale), expected, rtol=1e-10, atol=1e-12)


def test_equal_numbers_normalise_to_zero():
    n, scale = normalise(torch.full((2, 5), 3.0))
    assert not n.any()
    assert scale.isfinite().all()
