from __future__ import annotations

import pytest

from throughtime.base.errors import KernelError
from throughtime.kernels import KERNELS, choose

FUSED = ["bias", "projection", "dropout", "bidirectional", "weight_drop"]


def test_auto_takes_torch_where_it_serves():
    assert choose("auto", frozenset(FUSED)) == "torch"


@pytest.mark.parametrize("option", ["peephole", "layer_norm", "zoneout", "recurrent_dropout"])
def test_what_torch_has_not_goes_to_the_oracle(option):
    assert choose("auto", {option, "bias"}) == "oracle"
    with pytest.raises(KernelError, match=rf'torch kernel has no {option}\. Use kernel="oracle"'):
        choose("torch", {option, "bias"})


def test_the_oracle_serves_everything():
    everything = frozenset.union(*KERNELS.values())
    assert choose("oracle", everything) == "oracle"


@pytest.mark.parametrize("name", ["cuda", "cpu", "", "Torch", None])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(KernelError, match='"auto", "torch", "oracle"'):
        choose(name, frozenset())
