from __future__ import annotations

import pytest
import torch

from benchmarks.activations import FUNCTIONS, MOST_ULP, ulps, worst_ulp
from tests.kernels.cpu.layer_cases import EVERY_SET, instruction_set, needs_library
from throughtime.kernels.cpu.direction import activate

pytestmark = needs_library

BOTH = pytest.mark.parametrize("name", FUNCTIONS)


def floats_of_every_exponent(each):
    """`each` float32 of every exponent and both signs, denormals and infinities among them: 512 each, no NaN."""
    generator = torch.Generator().manual_seed(0)
    exponent = torch.arange(512).repeat_interleave(each)  # sign and exponent
    fraction = torch.randint(1 << 23, exponent.shape, generator=generator)
    fraction[::each] = 0
    fraction[1::each] = (1 << 23) - 1
    x = ((exponent << 23) | fraction).to(torch.int32).view(torch.float32)
    return x[~x.isnan()]


@BOTH
@pytest.mark.parametrize("kernels", EVERY_SET)
def test_float32_activations_are_within_4_ulp_of_every_exponent(name, kernels):
    with instruction_set(kernels):
        # The library promises 4; benchmarks/activations.py runs all 2^32.
        assert worst_ulp(name, floats_of_every_exponent(1200))[0] <= MOST_ULP


@BOTH
def test_float32_activations_are_within_4_ulp_where_they_bend(name):
    # Uniform from -25 to 25, where neither is a constant, and sigmoid's way down to denormals
    generator = torch.Generator().manual_seed(1)
    for low, high in [(-1.0, 1.0), (-25.0, 25.0), (-110.0, -80.0)]:
        for _ in range(24):
            x = torch.rand(1 << 16, generator=generator) * (high - low) + low
            assert worst_ulp(name, x)[0] <= MOST_ULP


@BOTH
@pytest.mark.parametrize("kernels", EVERY_SET)
def test_float64_activations_are_right_to_14_digits(name, kernels):
    function, true = FUNCTIONS[name]
    if name == "sigmoid":
        # torch's is 0 below -709, where e^-x is past float64, and the true one a denormal
        def true(x):
            e = x.abs().neg().exp()
            return torch.where(x < 0, e, 1) / (1 + e)

    generator = torch.Generator().manual_seed(2)
    sizes = 10.0 ** (torch.rand(100_000, generator=generator, dtype=torch.float64) * 20 - 17)
    x = torch.cat([sizes, -sizes, torch.linspace(-750, 750, 100_001, dtype=torch.float64)])
    with instruction_set(kernels):
        got = activate(function, x)
    # A few of float64's 2e-16: neither torch's nor these are rounded exactly; denormals are whole multiples of 5e-324.
    torch.testing.assert_close(got, true(x), rtol=1e-14, atol=1e-323)


@BOTH
@pytest.mark.parametrize("kernels", EVERY_SET)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_special_numbers(name, kernels, dtype):
    function, true = FUNCTIONS[name]
    infinity, tiny = float("inf"), torch.finfo(dtype).smallest_normal
    x = torch.tensor([float("nan"), infinity, -infinity, 0.0, -0.0, tiny / 8, -tiny / 8, 1e30, -1e30], dtype=dtype)
    with instruction_set(kernels):
        got = activate(function, x)
    assert got[0].isnan()
    torch.testing.assert_close(got[1:], true(x)[1:], rtol=0, atol=0)
    assert torch.equal(got[1:].signbit(), true(x)[1:].signbit())


@BOTH
def test_a_number_is_the_same_wherever_it_stands(name):
    function, _ = FUNCTIONS[name]
    x = torch.randn(70)
    whole = activate(function, x)
    for count in range(1, 35):
        assert torch.equal(activate(function, x[3 : 3 + count].clone()), whole[3 : 3 + count])


def test_ulps_are_float32s_spacing():
    true = torch.tensor([1.0, 1.5, 0.75, 2.0**-130, 0.0], dtype=torch.float64)
    spacing = torch.tensor([2.0**-23, 2.0**-23, 2.0**-24, 2.0**-149, 2.0**-149], dtype=torch.float64)
    assert ulps((true + spacing).float(), true).tolist() == [1.0] * 5
    assert ulps(true.float(), true).tolist() == [0.0] * 5
