"""requirements.lock installs anywhere and pins what pyproject.toml asks for; `.ci/run` runs `make test`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LINES = [
    line for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
]
PINS = dict(line.split("==") for line in LINES)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_lines_are_plain_pins():
    # No local suffix (+cpu), hash, index or find-links line, marker or range: those tie the lock to one place.
    assert [line for line in LINES if not re.fullmatch(r"[a-z0-9-]+==[0-9]+(\.[0-9]+)*(\.post[0-9]+)?", line)] == []
    assert sorted(PINS) == list(PINS)


def test_torch_is_the_release_that_was_measured():
    assert PINS["torch"] == "2.13.0"


def test_every_requirement_is_pinned_to_a_version_it_allows():
    wanted = (
        PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"] + PROJECT["build-system"]["requires"]
    )
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)]), str(requirement)


def test_continuous_integration_runs_make_test():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").split("\n")
    assert [line for line in lines if line.startswith("make")] == ["make test"]
