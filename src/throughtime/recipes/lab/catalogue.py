"""The studies there are, by name."""

from __future__ import annotations

from throughtime.recipes.lab import backprop
from throughtime.recipes.lab.study import Study

_ALL: tuple[Study, ...] = (backprop.STUDY,)

STUDIES: dict[str, Study] = {study.name: study for study in _ALL}
