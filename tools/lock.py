"""Write requirements.lock: what this environment holds of everything throughtime needs, as plain `name==version` lines.

The lines must install on any platform and from any index, so they carry no local suffix (`+cpu`), hash or index, and
leave out what a package asks for on some platforms only (torch's CUDA wheels, colorama on Windows): pip adds those.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
HEADER = "# What `make setup` installs. Written by `make lock`; do not edit.\n"


def wanted_by_project() -> list[str]:
    """Requirements of the library and of its development tools, from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["project"]["dependencies"] + project["dependency-groups"]["dev"]


def everywhere(requirement: Requirement, extras: Iterable[str]) -> bool:
    """Whether a requirement holds on every platform, for one of the extras asked for."""
    if requirement.marker is None:
        return True
    if any(word in str(requirement.marker) for word in ("sys_platform", "platform_system", "platform_machine")):
        return False
    return any(requirement.marker.evaluate({**default_environment(), "extra": extra}) for extra in ["", *extras])


def pins(requirements: Iterable[str]) -> dict[str, str]:
    """Name to version of every distribution that the requirements reach."""
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = [wanted for wanted in map(Requirement, requirements) if everywhere(wanted, ())]
    while queue:
        requirement = queue.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        installed = distribution(name)
        found[name] = Version(installed.version).public
        queue += [wanted for wanted in map(Requirement, installed.requires or []) if everywhere(wanted, extras)]
    return found


if __name__ == "__main__":
    lines = [f"{name}=={version}\n" for name, version in sorted(pins(wanted_by_project()).items())]
    (ROOT / "requirements.lock").write_text(HEADER + "".join(lines), encoding="utf-8")
    print(f"requirements.lock: {len(lines)} packages")
