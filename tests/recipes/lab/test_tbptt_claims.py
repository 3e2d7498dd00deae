"""Each claim follows its rule both ways, from made-up figures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from throughtime.insight.unfolding.plan import plan
from throughtime.recipes.lab.tbptt_claims import claims
from throughtime.recipes.lab.tbptt_cost import Cost
from throughtime.recipes.lab.tbptt_rows import Found, Row
from throughtime.recipes.lab.tbptt_runs import FULL, LENGTHS, Outcome, Point, Setting, settings

Change = Callable[[Row], Row]


def row(setting: Setting) -> Row:
    """All schedules reach 0.95; the smaller k1, the less data it takes and the slower it is."""
    planned = plan("lstm", setting.n, setting.schedule)
    cost = Cost(len(planned.lanes), planned.forward_steps, planned.backward_steps, 1000 * setting.k2)
    seconds = 160.0 / setting.k1
    half = Point(10, 50 * setting.k1, seconds / 4, 0.6)
    outcomes = tuple(
        Outcome((Point(0, 0, 0.0, 0.0), half, Point(100, 16_000, seconds, 0.95 + 0.01 * seed))) for seed in (-1, 1)
    )
    return Row(setting, cost, 900 * setting.k2, float(setting.k2 >= 40), outcomes)


def found(change: Change | None = None, noise: float = 0.0) -> Found:
    """Everything, with some rows changed; the noise of the gradient grows by `noise` with each n."""
    rows = [row(setting) for setting in settings(FULL)]
    kept = {Setting(n, 50, 50): 50_000 for n in LENGTHS}
    noises = {n: (1 + noise * place,) for place, n in enumerate(LENGTHS)}
    return Found(tuple(map(change, rows) if change else rows), kept, noises)


def skilled(value: float, *spread: float) -> Change:
    """The row with another skill at the end, and the same curve before."""

    def change(old: Row) -> Row:
        changed = [
            Outcome((*out.curve[:-1], replace(out.last, skill=value + add)))
            for out, add in zip(old.outcomes, spread or (0.0, 0.0), strict=True)
        ]
        return replace(old, outcomes=tuple(changed))

    return change


def never(old: Row) -> Row:
    """A row that reaches no skill at all."""
    return replace(old, outcomes=tuple(Outcome((out.curve[0], replace(out.last, skill=0.0))) for out in old.outcomes))


def where(which: Callable[[Setting], bool], change: Change) -> Change:
    return lambda old: change(old) if which(old.setting) else old


def bptt(n: int) -> Callable[[Setting], bool]:
    return lambda s: s.n == s.k1 == s.k2 == n


def costing(**changed: int) -> Change:
    return lambda old: replace(old, cost=replace(old.cost, **changed))


def slower(old: Row) -> Row:
    """A thousand times the seconds, all along."""
    longer = [Outcome(tuple(replace(p, seconds=1000 * p.seconds) for p in out.curve)) for out in old.outcomes]
    return replace(old, outcomes=tuple(longer))


BLIND = where(lambda s: s.k2 < 40, skilled(0.0))
HUNDRED = where(lambda s: (s.n, s.k1, s.k2) == (800, 100, 100), never)


@pytest.mark.parametrize(
    ("says", "supported", "refuted"),
    [
        ("the memory of BPTT grows", found(), found(where(bptt(800), costing(kept_bytes=2_000_000)))),
        ("Truncation bounds it", found(), replace(found(), kept={Setting(n, 50, 50): 1000 * n for n in LENGTHS})),
        ("makes one update a sequence", found(), found(where(bptt(200), costing(backward=201)))),
        ("BPTT learns slowly", found(where(bptt(800), skilled(0.1))), found()),
        ("its skill is noisy", found(where(bptt(800), skilled(0.5, -0.3, 0.3))), found()),
        ("gradient is noisier", found(noise=0.1), found(noise=-0.1)),
        ("presents k1 steps", found(), found(where(lambda s: s.k1 == 50, costing(forward=1)))),
        ("passes over the data", found(), found(where(lambda s: s.k2 == 100 and s.k1 == 100, slower))),
        ("the less data training needs", found(), found(where(lambda s: s.k1 == 5, never))),
        ("k2 must span", found(BLIND), found()),
        ("updates after every step", found(), found(where(lambda s: s.k1 == 1, costing(forward=50)))),
        ("too little temporal context", found(where(lambda s: s.k2 == 1, skilled(0.0))), found()),
        ("the same skill from less data", found(), found(where(lambda s: s.k1 < 100, never))),
        ("by the clock too", found(HUNDRED), found()),
        ("serves, in the tens", found(), found(where(lambda s: s.n == 800 and s.k1 == 100, skilled(0.8)))),
        ("in the hundreds too", found(), found(where(lambda s: s.n == 800 and s.k1 == 200, skilled(0.8)))),
        ("loses nothing", found(), found(where(bptt(800), skilled(0.99)))),
        ("is the length to choose", found(where(bptt(400), skilled(0.99))), found(where(bptt(50), skilled(0.99)))),
    ],
)
def test_a_claim_follows_its_rule_both_ways(says, supported, refuted):
    verdicts = [[claim for claim in claims(case) if says in claim.says] for case in (supported, refuted)]
    assert [[claim.holds for claim in one] for one in verdicts] == [[True], [False]]


def test_every_claim_is_asked_both_ways():
    assert len(claims(found())) == 18


def test_what_decides_is_shown():
    shown = {claim.says: claim.shown for claim in claims(found(HUNDRED))}
    less = next(text for says, text in shown.items() if "from less data" in says)
    assert "50 steps (k1 = 1), 250 steps (k1 = 5), 1,000 steps (k1 = 20)" in less
    assert "more than this run (k1 = 100)" in less


def test_a_run_that_ended_early_does_not_count_as_one_that_failed():
    def early(old: Row) -> Row:
        return replace(old, outcomes=tuple(Outcome((Point(0, 0, 0.0, 0.0), Point(9, 9, 1.0, 0.1))) for _ in (0, 1)))

    case = found(where(lambda s: s.k1 == 1, early))
    needs = next(claim for claim in claims(case) if "the less data" in claim.says)
    assert needs.holds
    assert "k1 = 1)" not in needs.shown
    assert needs.shown.endswith("k1 = 1 is at 0.10 after 9 updates on 9 steps.")


def test_medians_over_seeds():
    at = [Point(10 * k, 100 * k, float(k), 0.6) for k in (1, 2, 3)]
    outcomes = tuple(Outcome((Point(0, 0, 0.0, 0.0), point)) for point in at)
    one = replace(row(Setting(800, 20, 20)), outcomes=outcomes)
    assert (one.until("updates"), one.until("steps"), one.until("seconds")) == (20, 200, 2.0)
    assert one.until("steps", 0.7) == math.inf
    assert (one.seconds, one.speed, one.worst) == (2.0, 100.0, 0.6)
