from __future__ import annotations

import torch

from throughtime.kernels.masking import at, parted, scaled, zoned, zoned_backward

NAN = torch.tensor([float("nan"), 1.0])
FIRST = torch.tensor([[True, False]])


def test_without_masks_values_pass_as_they_are():
    value = torch.ones(2)
    assert at(None, 0, value, 0) is value
    assert scaled(None, 0, value) is value
    assert zoned(None, 0, NAN, value) is value


def test_the_value_not_taken_goes_nowhere():
    assert at(~FIRST, 0, NAN, 5.0).tolist() == [5.0, 1.0]


def test_zoneout_parts_value_and_gradient_alike():
    zone = torch.tensor([[0.25]])
    assert zoned(zone, 0, torch.tensor([4.0]), torch.tensor([8.0])).item() == 7.0
    new, old = zoned_backward(zone, 0, torch.tensor([4.0]))
    assert (new.item(), old.item()) == (3.0, 1.0)


def test_the_outputs_gradient_reaches_kept_steps_only():
    made, passed = parted(FIRST, 0, torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0]))
    assert made.tolist() == [11.0, 0.0]
    assert passed.tolist() == [0.0, 2.0]
