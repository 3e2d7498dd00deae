from __future__ import annotations

import pytest
import torch

from throughtime.base.errors import KernelError
from throughtime.kernels import KERNELS, choose, choose_traced, described
from throughtime.kernels.cpu import library

FUSED = ["bias", "projection", "dropout", "bidirectional", "weight_drop"]


OURS = ["peephole", "layer_norm", "zoneout", "recurrent_dropout"]
CPU, META = torch.device("cpu"), torch.device("meta")
ELSEWHERE = [(CPU, torch.float16), (CPU, torch.bfloat16), (META, torch.float32), (torch.device("cuda"), torch.float64)]


@pytest.fixture
def library_found(monkeypatch):
    monkeypatch.setattr(library, "found", lambda: library.Found(object(), "x86-64-v3"))


@pytest.fixture
def no_library(monkeypatch):
    monkeypatch.setattr(library, "found", lambda: library.Found(None, reason="it rained"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("needs", [FUSED, OURS])
def test_auto_takes_the_cpu_kernel_for_every_option(library_found, dtype, needs):
    assert choose("auto", frozenset(needs), CPU, dtype) == "cpu"
    assert choose("cpu", frozenset(needs), CPU, dtype) == "cpu"


@pytest.mark.parametrize(("device", "dtype"), ELSEWHERE)
def test_elsewhere_auto_takes_torch_then_the_oracle(library_found, device, dtype):
    assert choose("auto", frozenset(FUSED), device, dtype) == "torch"
    assert choose("auto", frozenset(OURS), device, dtype) == "oracle"


@pytest.mark.parametrize(("device", "dtype"), ELSEWHERE)
def test_the_cpu_kernel_says_why_it_cannot_serve(library_found, device, dtype):
    why = f"float32 and float64, and the layer's weights are {dtype}" if device == CPU else f"weights are on {device}"
    with pytest.raises(KernelError, match=rf'the cpu kernel .*{why}\. Use kernel="torch", kernel="oracle"'):
        choose("cpu", frozenset(FUSED), device, dtype)
    with pytest.raises(KernelError, match=r'Use kernel="oracle" or kernel="auto"'):
        choose("cpu", frozenset(OURS), device, dtype)


def test_without_a_library_the_reason_is_said(no_library):
    with pytest.raises(
        KernelError, match=r'needs its compiled library: there is none here, it rained\. Use kernel="tor'
    ):
        choose("cpu", frozenset(), CPU, torch.float32)


def test_without_a_library_auto_takes_torch_where_it_serves(no_library):
    assert choose("auto", frozenset(FUSED)) == "torch"


@pytest.mark.parametrize("option", OURS)
def test_what_torch_has_not_goes_to_the_oracle(no_library, option):
    assert choose("auto", {option, "bias"}) == "oracle"
    with pytest.raises(KernelError, match=rf'torch kernel has no {option}\. Use kernel="oracle"'):
        choose("torch", {option, "bias"})


def test_the_oracle_serves_everything():
    everything = frozenset.union(*KERNELS.values())
    assert choose("oracle", everything) == "oracle"


@pytest.mark.parametrize("name", ["cuda", "CPU", "", "Torch", None])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(KernelError, match='"auto", "cpu", "torch", "oracle"'):
        choose(name, frozenset())


@pytest.mark.parametrize("asked", ["auto", "cpu", "torch", "oracle"])
def test_torch_stands_in_for_the_cpu_kernel_where_torch_records(asked):
    wanted = "oracle" if asked == "oracle" else "torch"
    assert choose_traced(asked, frozenset(FUSED), CPU, torch.float32) == wanted


def test_what_no_recorded_kernel_has_is_refused_by_name():
    assert choose_traced("auto", {"peephole"}, CPU, torch.float32) == "oracle"
    with pytest.raises(
        KernelError, match=r"no part of graphs that torch records, .* there, layer_norm, peephole\. Use"
    ):
        choose_traced("cpu", {"bias", "peephole", "layer_norm"}, CPU, torch.float32)
    with pytest.raises(KernelError, match="weights are on meta"):
        choose_traced("cpu", {"bias"}, META, torch.float32)


def test_the_cpu_kernel_is_described_with_its_instruction_set(library_found):
    assert [described(name) for name in KERNELS] == ["cpu (x86-64-v3)", "torch", "oracle"]
