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
    commit = _git("rev-parse", "--short=12", "HEAD") or "unknown"
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit + ("-dirty" if is_dirty() else ""),
        "versions": versions(),
        "machine": f"{platform.system()} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def is_dirty() -> bool:
    """Whether a tracked source differs from its commit; the results themselves do not count."""
    return bool(_git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/results"))


def store(path: Path, row: dict[str, object]) -> None:
    """Append one row, as a line of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
