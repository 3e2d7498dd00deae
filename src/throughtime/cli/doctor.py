"""`throughtime doctor`: what this machine offers, for bug reports and before a long run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from throughtime.cli.options import Json, show

Finding = tuple[str, str]

# What the answer to "which versions?" needs; all of them are installed with throughtime.
PACKAGES = ("torch", "numpy", "scikit-learn", "polars", "narwhals", "pydantic", "safetensors", "matplotlib")


def doctor(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder where runs are to be kept.")] = Path("."),
    as_json: Json = False,
) -> None:
    """Report versions, processor, kernels, and whether runs are safe in a folder."""
    from throughtime.recipes import Column, Table

    findings = (*versions(), *processor(), *kernels(), *run_folder(out))
    show(Table("This machine", (Column("what"), Column("found", words=True)), findings), as_json)


def versions() -> Iterator[Finding]:
    """throughtime, Python, the system, and the packages that compute."""
    import platform
    from importlib.metadata import version

    import torch

    from throughtime import __version__

    yield "throughtime", __version__
    yield "python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "system", platform.platform()
    for name in PACKAGES:
        yield name, version(name)
    yield "torch was built for", f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU"


def processor() -> Iterator[Finding]:
    """Cores, vector instructions, threads, and accelerators that torch sees."""
    import os
    import platform

    import torch

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield "processor", f"{platform.machine()}, {usable} of {os.cpu_count()} cores usable"
    yield "vector instructions", torch.backends.cpu.get_cpu_capability()
    yield "torch threads", str(torch.get_num_threads())
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    yield "accelerators", ", ".join(names) or "none"


def kernels() -> Iterator[Finding]:
    """Which kernels there are, and which one `kernel="auto"` takes."""
    from throughtime.kernels import KERNELS, choose

    yield "kernels", ", ".join(KERNELS)
    served = {option: choose("auto", {option}) for option in sorted(frozenset().union(*KERNELS.values()))}
    for kernel in KERNELS:
        yield f"auto takes {kernel} for", ", ".join(option for option in served if served[option] == kernel)


def run_folder(parent: Path) -> Iterator[Finding]:
    """Whether a run in `parent` is safe: a real one is made there, locked, written, read and removed again."""
    import tempfile

    import torch

    from throughtime.base.errors import RunLockedError
    from throughtime.base.run_folder import RunFolder

    try:
        with tempfile.TemporaryDirectory(prefix=".throughtime-doctor-", dir=parent) as folder:
            yield "run folder", str(parent.resolve())
            with RunFolder.create(folder, {}) as run:
                try:
                    RunFolder.open(folder).close()
                    yield "locks", "no: two processes could write to one run here; choose another folder"
                except RunLockedError:
                    yield "locks", "yes"
                run.save_checkpoint({"weights": torch.zeros(3)}, 1)
                whole = run.newest_checkpoint() is not None
                yield "atomic rename", "yes" if whole else "no: a checkpoint did not come back; choose another folder"
    except OSError as error:
        yield "run folder", f"cannot be used: {error}"
