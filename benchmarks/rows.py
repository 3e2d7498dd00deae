"""Rows of benchmarks/results: what was measured, and where it came from."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import torch

from throughtime.base.run_folder import versions

ROOT = Path(__file__).parent.parent


def provenance() -> dict[str, object]:
    """Commit, versions, machine and threads, as every stored row names them."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit_here(),
        "versions": versions(),
        "machine": f"{platform.system()} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def commit_here() -> str:
    """The commit of this tree, "-dirty" behind it where tracked files differ; "unknown" outside a repository."""
    words = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def names_its_code(commit: str) -> bool:
    """Whether a row of that commit says exactly what ran."""
    return commit != "unknown" and not commit.endswith("-dirty")


def store(path: Path, row: dict[str, object]) -> None:
    """Append one row, as a line of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
