"""Processes, threads and memory around the kernels: forks, calls at once, what a call holds on to."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from tests.kernels.cpu.layer_cases import (
    assert_equal_bits,
    by_kernel,
    kernel_outputs,
    layer_case,
    needs_library,
    sharing,
    weighing,
)
from throughtime.kernels.cpu import library

pytestmark = needs_library

ROOT = Path(__file__).parents[3]
MEMORY = Path("/proc/self/statm")

FORK = """
import multiprocessing, os, signal, sys, warnings
import torch
sys.path[:0] = [{root!r}, {root!r} + "/src"]
from tests.kernels.cpu.layer_cases import by_kernel, layer_case
from throughtime.kernels.cpu import direction
torch.set_num_threads(2)
# Enough for two threads, and each tensor too small for torch's own (32768 numbers), which hang after a fork.
case = layer_case("lstm", 40, 12, 16, 64, seed=1, dtype=torch.float32)
wanted = by_kernel(case, threads=direction.threads())

def check():
    signal.alarm(30)  # a child that hangs dies
    assert direction.threads() == 1
    out, found = by_kernel(case, threads=direction.threads())
    assert all(torch.equal(a, b) for a, b in zip((*out, *found), (*wanted[0], *wanted[1])))

if __name__ == "__main__":
    assert direction.threads() == 2
    if {plain}:
        child = os.fork()
        if child == 0:
            try:
                check()
                os._exit(0)
            finally:
                os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    else:
        child = multiprocessing.get_context("fork").Process(target=check)
        child.start()
        child.join(40)
        code = child.exitcode
    again = by_kernel(case, threads=direction.threads())
    assert all(torch.equal(a, b) for a, b in zip((*again[0], *again[1]), (*wanted[0], *wanted[1])))
    print("child", code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: fork and /proc")
@pytest.mark.parametrize("plain", [True, False])
def test_a_forked_child_runs_on_one_thread_and_does_not_hang(plain):
    script = FORK.format(root=str(ROOT), plain=plain)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100)
    assert ran.stdout.strip() == "child 0", ran.stderr


def test_eight_threads_at_once_equal_one_after_the_other():
    cases = [
        layer_case(
            ("lstm", "tanh", "relu")[k % 3], 20 + k, 5 + k, 7, 20 + k, seed=k, dtype=torch.float32, ragged=k % 2 == 0,
            masked=k % 3 == 0,
        )
        for k in range(8)
    ]  # fmt: skip
    wanted = [by_kernel(case) for case in cases]
    start = threading.Barrier(8)

    def run(case):
        start.wait(30)
        found = []
        for _ in range(6):
            inputs = [t.clone().requires_grad_() for t in case.inputs]
            outputs = kernel_outputs(case.with_inputs(inputs))
            found.append(([o.detach() for o in outputs], torch.autograd.grad(outputs, inputs, weighing(outputs))))
        return found

    # Two threads of OpenMP within each: eight teams beside each other.
    with sharing(library.SPLIT_ROWS, 2), ThreadPoolExecutor(8) as pool:
        for found, (out, gradients), case in zip(pool.map(run, cases), wanted, cases, strict=True):
            for other_out, other in found:
                assert_equal_bits(other_out, out)
                assert_equal_bits(other, gradients)
            assert case.masks


@pytest.mark.skipif(not MEMORY.exists(), reason="needs /proc")
def test_ten_thousand_calls_do_not_hold_on_to_memory():
    cases = [
        layer_case("lstm", 3, 2, 2, 3, seed=1, dtype=torch.float32),
        layer_case("lstm", 3, 2, 2, 3, seed=2, dtype=torch.float32, ragged=True, resets=True, masked=True),
        layer_case("relu", 3, 2, 2, 3, seed=3, dtype=torch.float32, layer_norm=True),
        layer_case("lstm", 3, 2, 2, 3, seed=4, dtype=torch.float32, projection=True, peephole=True),
    ]
    ready = [(case.with_inputs([t.requires_grad_() for t in case.inputs]), case.inputs) for case in cases]

    def call(times):
        for k in range(times):
            case, inputs = ready[k % 4]
            y = kernel_outputs(case)[0]
            torch.autograd.grad(y.sum(), inputs, allow_unused=True)

    def resident():
        return int(MEMORY.read_text().split()[1]) * 4096

    call(1000)
    before = resident()
    call(5_000)  # forward and backward each
    # A call that kept one small buffer, 600 bytes, would hold 6 MB; what stays is the allocator's own.
    assert resident() - before < 3_000_000


def test_a_call_releases_the_interpreter():
    case = layer_case("lstm", 150, 48, 64, 128, dtype=torch.float32)
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    with torch.no_grad():
        kernel_outputs(case)
        other = threading.Thread(target=tick)
        other.start()
        began = time.perf_counter()
        for _ in range(3):
            kernel_outputs(case)
        took = time.perf_counter() - began
        stop.set()
        other.join()
    inside = [t for t in ticks if began < t < began + took]
    # A call that held the interpreter would let the other thread in between calls alone: 3 or 4 times.
    assert len(inside) > 10
    assert took > 0.02
