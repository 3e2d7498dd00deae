"""A made Korean set whose summaries need copying: names that no other document has."""

from __future__ import annotations

import itertools

import numpy as np

FIRST, MIDDLE, LAST = "김이박최정강조윤장임", "서하지민도예준유채태", "윤아호연우진빈원린율"
PLACES = ("서울에서", "부산에서", "대구에서", "광주에서")
THINGS = ("책을", "빵을", "꽃을", "옷을")
ACTS = ("샀다", "팔았다", "찾았다")
OTHERS = ("오늘 아침 날씨가 맑았다.", "사람들이 많이 모였다.", "길이 조금 막혔다.")


def stories(count: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Documents and summaries; each name, three syllables of a thousand, comes in one document alone."""
    draws = np.random.default_rng(seed)
    names = ["".join(each) for each in itertools.product(FIRST, MIDDLE, LAST)]
    documents, summaries = [], []
    for place in draws.permutation(len(names))[:count]:
        name = names[place]
        where, what, act = (str(draws.choice(each)) for each in (PLACES, THINGS, ACTS))
        other = str(draws.choice(OTHERS))
        documents.append(f"{other} {name} 씨가 어제 {where} {what} {act}. 값은 {draws.integers(1, 99)} 원이었다.")
        summaries.append(f"{name} {what} {act}")
    return documents, summaries
