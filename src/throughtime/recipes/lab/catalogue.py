"""The studies there are, by name."""

from __future__ import annotations

from throughtime.recipes.lab import (
    adding,
    backprop,
    copy,
    count,
    input_size,
    order,
    output_size,
    recall,
    scaling,
    stateless,
    tbptt,
)
from throughtime.recipes.lab.study import Study

_ALL: tuple[Study, ...] = (
    backprop.STUDY,
    stateless.STUDY,
    order.STUDY,
    scaling.STUDY,
    input_size.STUDY,
    output_size.STUDY,
    recall.STUDY,
    count.STUDY,
    adding.STUDY,
    copy.STUDY,
    tbptt.STUDY,
)

STUDIES: dict[str, Study] = {study.name: study for study in _ALL}
