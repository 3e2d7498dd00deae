"""What pip calls to install throughtime: scikit-build-core, which builds the C++ kernels (CMakeLists.txt).

Where they cannot be built, for want of a C++ compiler or of CMake, the install goes on without them: torch's layers
serve, and `throughtime.kernels.cpu.library.found` says why. scikit-build-core's own override for a failed build does
not hear of a missing CMake. There is no hook for metadata alone, as it depends on how the build ends.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any

from scikit_build_core import build
from scikit_build_core.build import (
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
)
from scikit_build_core.errors import FailedProcessError, ScikitBuildError

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]

Settings = dict[str, Any] | None


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """A wheel, of this platform with the kernels, of any without."""
    return _with_kernels_or_without(build.build_wheel, wheel_directory, config_settings, developing=False)


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """A wheel that points to the sources; the kernels' library is put among them.

    It is a developer's: where there is a compiler, kernels that do not compile are an error.
    """
    return _with_kernels_or_without(build.build_editable, wheel_directory, config_settings, developing=True)


def _with_kernels_or_without(step: Callable[..., str], folder: str, settings: Settings, developing: bool) -> str:
    # scikit-build-core would take the compiler that built Python, which may not be here.
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
    if compiler:
        os.environ["CXX"] = compiler
    try:
        return step(folder, settings)
    except (ScikitBuildError, FailedProcessError, SystemExit) as error:  # SystemExit: CMake or the compiler failed
        if developing and compiler and isinstance(error, SystemExit):
            raise
        print(f"\nthroughtime's C++ kernels cannot be built here ({type(error).__name__}: {error}), see above.")
        print("Installing without them: torch's layers serve.", flush=True)
    return step(folder, {**(settings or {}), "wheel.cmake": "false"})
