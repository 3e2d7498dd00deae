"""The shape annotations are really checked while tests run; a check that never fires would prove nothing."""

from __future__ import annotations

import sys

import jaxtyping
import pytest
import torch

from tests import shape_checks

MODULE = """
from __future__ import annotations
from typing import TYPE_CHECKING
from torch import Tensor
if TYPE_CHECKING:
    from jaxtyping import Float

def total(x: Float[Tensor, "T B"], y: Float[Tensor, "T"]) -> Float[Tensor, ""]:
    return x.sum() + y.sum()

def wrong(x: Float[Tensor, "T B"]) -> Float[Tensor, "B"]:
    return x.sum(1)

def plain(x: int) -> int:
    return x

class Adder:
    def add(self, x: Float[Tensor, "T B"], y: Float[Tensor, "T B"]) -> Float[Tensor, "T B"]:
        return x + y
"""


@pytest.fixture
def shaped(tmp_path, monkeypatch):
    (tmp_path / "shaped_module.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    shape_checks.install("shaped_module")
    import shaped_module

    yield shaped_module
    del sys.modules["shaped_module"]


def test_right_shapes_pass(shaped):
    assert shaped.total(torch.ones(2, 3), torch.ones(2)) == 8
    assert shaped.Adder().add(torch.ones(2, 3), torch.ones(2, 3)).sum() == 12


def test_wrong_shapes_are_found(shaped):
    with pytest.raises(jaxtyping.TypeCheckError):
        shaped.total(torch.ones(2, 3), torch.ones(3))
    with pytest.raises(jaxtyping.TypeCheckError):
        shaped.wrong(torch.ones(2, 3))
    with pytest.raises(jaxtyping.TypeCheckError):
        shaped.Adder().add(torch.ones(2, 3), torch.ones(2, 1))


def test_other_functions_are_left_alone(shaped):
    assert shaped.plain("not an int") == "not an int"


def test_throughtime_is_checked():
    from throughtime.kernels import norm

    with pytest.raises(jaxtyping.TypeCheckError):
        norm.normalise(torch.ones(3, dtype=torch.int64))
