"""Outcomes made up for the claims of a study: every setting of its grids solved or not, as a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from throughtime.recipes.lab.grids import Grid, settings_of
from throughtime.recipes.lab.solving import Measured, Outcome, Setting
from throughtime.recipes.lab.study import Claim


def outcomes(grids: Iterable[Grid], score: Callable[[Setting], float]) -> Measured:
    """Two equal outcomes of each setting."""
    return {setting: [Outcome(score(setting), 1, 1.0)] * 2 for setting in settings_of(grids)}


def verdicts(claims: Iterable[Claim]) -> list[bool | None]:
    """Whether each holds."""
    return [claim.holds for claim in claims]
