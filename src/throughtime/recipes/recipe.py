"""What a recipe is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from throughtime.recipes.problem import Problem
from throughtime.recipes.settings import Settings


@dataclass(frozen=True)
class Recipe:
    """One application: what it is called, and how a table becomes its problem.

    Args:
        name: what `throughtime train` takes, and what run.toml names.
        summary: one line on what it does.
        tbptt: schedule of its networks, such as "50,50".
        load: from a table (None: the recipe's sample) and settings by key to the problem, and the settings with every
            guess filled in.
    """

    name: str
    summary: str
    tbptt: str
    load: Callable[[str | Path | Any | None, Mapping[str, Any]], tuple[Problem, Settings]]
