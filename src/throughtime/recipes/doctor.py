"""What this machine offers: versions, processor, kernels, and whether runs are safe in a folder."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import torch

from throughtime import __version__
from throughtime.base.errors import RunLockedError
from throughtime.base.run_folder import RunFolder
from throughtime.kernels import KERNELS, choose
from throughtime.kernels.cpu import direction, library
from throughtime.recipes.table import Column, Table

Finding = tuple[str, str]

# What the answer to "which versions?" needs; all of them are installed with throughtime.
PACKAGES = ("torch", "numpy", "scikit-learn", "polars", "narwhals", "pydantic", "safetensors", "matplotlib")


def examine(parent: Path) -> Table:
    """Everything found, a row each.

    Args:
        parent: the folder where runs are to be kept; a run is tried out there and removed again.
    """
    findings = (*versions(), *processor(), *kernels(), *run_folder(parent))
    return Table("This machine", (Column("what"), Column("found", words=True)), findings)


def versions() -> Iterator[Finding]:
    """throughtime, Python, the system, and the packages that compute."""
    yield "throughtime", __version__
    yield "python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "system", platform.platform()
    for name in PACKAGES:
        yield name, version(name)
    yield "torch was built for", f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU"


def processor() -> Iterator[Finding]:
    """Cores, vector instructions, threads, and accelerators that torch sees."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield "processor", f"{platform.machine()}, {usable} of {os.cpu_count()} cores usable"
    yield "vector instructions", torch.backends.cpu.get_cpu_capability()
    yield "torch threads", str(torch.get_num_threads())
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    yield "accelerators", ", ".join(names) or "none"


def kernels() -> Iterator[Finding]:
    """Which kernels there are, and which one `kernel="auto"` takes."""
    yield "kernels", ", ".join(KERNELS)
    found = library.found()
    there = found.kernels is not None
    yield "cpu kernel", f"{found.name}, {direction.threads()} threads" if there else f"none: {found.reason}"
    served = {option: choose("auto", {option}) for option in sorted(frozenset().union(*KERNELS.values()))}
    for kernel in KERNELS:
        options = ", ".join(option for option in served if served[option] == kernel)
        yield f"auto takes {kernel} for", f"{options}, in float32 and float64" if kernel == "cpu" and there else options


def run_folder(parent: Path) -> Iterator[Finding]:
    """Whether a run in `parent` is safe: a real one is made there, locked, written, read and removed again."""
    try:
        with tempfile.TemporaryDirectory(prefix=".throughtime-doctor-", dir=parent) as folder:
            yield "run folder", str(parent.resolve())
            with RunFolder.create(folder, {}) as run:
                yield "locks", _locks(folder)
                yield "checkpoint written and read back", _checkpoint(run)
    except OSError as error:
        yield "run folder", f"cannot be used: {error}"


def _locks(folder: str) -> str:
    try:
        RunFolder.open(folder).close()
    except RunLockedError:
        return "yes"
    return "no: two processes could write to one run here; choose another folder"


def _checkpoint(run: RunFolder) -> str:
    weights = torch.arange(3.0)
    run.save_checkpoint({"weights": weights}, 1)
    found = run.newest_checkpoint()
    if found is not None and torch.equal(found["weights"], weights):
        return "yes"
    return "no: it did not come back as it was; choose another folder"
