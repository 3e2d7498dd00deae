"""An install without a C++ compiler succeeds, leaves the compiled kernels out and says so; layers run without them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LAYERS_WITHOUT_LIBRARY = """
import sys

# The environment's own editable install would answer first.
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in type(finder).__module__]
import torch
import throughtime as tt
from throughtime.kernels.cpu import library

assert library.__file__.startswith(FOLDER), library.__file__
found = library.found()
assert found.kernels is None
assert "without a C++ compiler" in found.reason, found.reason
y, (h, c) = tt.LSTM(3, 4)(torch.randn(5, 2, 3))
assert y.shape == (5, 2, 4) and torch.equal(y[-1], h[0])
"""


def test_an_install_without_a_compiler_has_no_library_and_works(tmp_path):
    empty = tmp_path / "bin"
    empty.mkdir()
    target = tmp_path / "target"
    environment = {name: value for name, value in os.environ.items() if name not in ("CC", "CXX", "CMAKE_ARGS")}
    environment.pop("THROUGHTIME_CPU_LIBRARY", None)
    pip = [sys.executable, "-m", "pip", "install", "-v", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*pip, "--no-build-isolation", "--target", str(target), str(ROOT)],
        env={**environment, "PATH": str(empty)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if sys.platform == "linux":
        assert "Installing without them" in done.stdout + done.stderr
    assert list(target.rglob("*.so")) == []
    code = f"FOLDER = {str(target)!r}\n{LAYERS_WITHOUT_LIBRARY}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
