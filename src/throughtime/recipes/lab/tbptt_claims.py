"""Statements 34 to 47 of the lecture, each held against what `lab tbptt` measured, by a fixed rule.

The thresholds are round numbers, set after pilots with seeds 0 to 2.

fails      mean skill below POOR
succeeds   mean skill of GOOD or more
linear     off the straight line through the ends by LINE of the value at most
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from throughtime.insight.unfolding.plan import plan
from throughtime.recipes.lab.study import Claim
from throughtime.recipes.lab.tbptt_rows import HALF, Found, Row, joined
from throughtime.recipes.lab.tbptt_runs import FAR, STEPS_APART, Setting
from throughtime.recipes.lab.tbptt_task import MOST

POOR, GOOD = 0.1, 0.9
LINE = 0.02
# An order of magnitude, so that no machine's noise decides.
FASTER = 10
TENS, HUNDREDS = range(20, 101), range(101, 401)  # "tens to hundreds"
LIMIT = (200, 400)  # "200 to 400 steps"


def claims(found: Found) -> tuple[Claim, ...]:
    """All statements, in the lecture's order."""
    return (
        *_memory(found),
        *_whole(found),
        _windows(found),
        *_new_steps(found),
        _steps_back(found),
        _every_step(found),
        _too_short(found),
        *_several_updates(found),
        *_equal(found),
        *_limits(found),
    )


def _memory(found: Found) -> tuple[Claim, Claim]:
    """34: memory balloons; a window bounds it."""
    n = [row.setting.n for row in found.whole]
    kept = [row.cost.kept_bytes for row in found.whole]
    slope = (kept[-1] - kept[0]) / (n[-1] - n[0])
    off = max(abs(kept[0] + slope * (m - n[0]) - size) / size for m, size in zip(n, kept, strict=True))
    bounded = [found.kept[Setting(m, 50, 50)] for m in n]
    return (
        Claim(
            "Each step needs a copy of its own: the memory of BPTT grows with n, step by step.",
            slope > 0 and off <= LINE,
            f"It keeps {joined((f'{size / 1e6:.2f} MB' for size in kept), [f'n = {m}' for m in n])}: "
            f"{slope / 1000:.1f} kB a step, within {100 * off:.1f} % of a straight line.",
        ),
        Claim(
            "Truncation bounds it by k2, however long the sequence.",
            max(bounded) <= (1 + LINE) * min(bounded),
            f"TBPTT(50, 50) keeps {min(bounded) / 1e6:.2f} to {max(bounded) / 1e6:.2f} MB from n = {n[0]} to {n[-1]}.",
        ),
    )


def _whole(found: Found) -> tuple[Claim, ...]:
    """35 to 37, and 42: one update a sequence; slow, noisy."""
    rows, n = found.whole, [row.setting.n for row in found.whole]
    first, last = rows[0], rows[-1]
    counts = [(row.cost.updates, row.cost.forward, row.cost.backward) for row in rows]
    names = [f"n = {m}" for m in n]
    spread = [row.skill.deviation for row in rows]
    noise = [sum(found.noise[m]) / len(found.noise[m]) for m in n]
    return (
        Claim(
            "BPTT, which is TBPTT(n, n), makes one update a sequence, for which every step is derived.",
            counts == [(1, m, m) for m in n],
            f"Counted at n = {n[-1]}: {counts[-1][0]} update, {counts[-1][1]} steps forward, {counts[-1][2]} backward.",
        ),
        Claim(
            "Over many steps BPTT learns slowly.",
            last.skill.mean + last.skill.deviation < first.skill.mean - first.skill.deviation,
            f"From the same data it reaches {joined((f'{row.skill.mean:.2f}' for row in rows), names)}: at n = {n[-1]} "
            f"the data make {last.outcomes[0].last.updates} updates, at n = {n[0]} {first.outcomes[0].last.updates}.",
        ),
        Claim(
            "Over many steps its skill is noisy: the longest sequences spread most over seeds.",
            spread[-1] == max(spread) > min(spread),
            f"Deviations: {joined((f'{value:.3f}' for value in spread), names)}.",
        ),
        Claim(
            "Over many steps one update's gradient is noisier.",
            all(b > a for a, b in pairwise(noise)),
            f"Noise over gradient: {joined((f'{value:.2f}' for value in noise), names)}.",
        ),
    )


def _windows(found: Found) -> Claim:
    """38 and 39: k1 steps on, k2 back."""
    planned = [plan("lstm", row.setting.n, row.setting.schedule).forward_steps for row in found.rows]
    counted = [row.cost.forward for row in found.rows]
    example = max(found.truncated(k1=STEPS_APART), key=lambda row: row.setting.k2)
    return Claim(
        "TBPTT(k1, k2) presents k1 steps, goes back over k2, updates, and repeats.",
        counted == planned,
        f"All {len(planned)} schedules run as many steps as their plan; {example.setting.name} runs "
        f"{example.cost.forward:,} forward.",
    )


def _new_steps(found: Found) -> tuple[Claim, Claim]:
    """40: k1 governs how fast training is, in steps a second and in steps needed."""
    rows = found.truncated(k2=FAR)
    speeds, names = [row.speed for row in rows], [f"k1 = {row.setting.k1}" for row in rows]
    run = [row.cost.forward / row.setting.n for row in rows]
    full = max(row.outcomes[0].last.steps for row in rows)
    # A run that was ended before the others' share of data can say how soon it got there, not that it never would.
    able = [row for row in rows if row.outcomes[0].last.steps >= full or math.isfinite(row.until("steps"))]
    needed = [row.until("steps") for row in able]
    return (
        Claim(
            "k1 governs how fast training passes over the data.",
            all(b > a for a, b in pairwise(speeds)) and speeds[-1] >= FASTER * speeds[0],
            f"At k2 = {FAR}: {joined((f'{speed:,.0f} steps/s' for speed in speeds), names)}; steps run for each new "
            f"one: {joined((f'{value:.1f}' for value in run), names)}.",
        ),
        Claim(
            "The smaller k1, the less data training needs.",
            len(needed) > 1 and all(a < b for a, b in pairwise(needed)),
            f"At k2 = {FAR} skill {HALF} takes, in the median run, "
            f"{joined(map(_steps, needed), [f'k1 = {row.setting.k1}' for row in able])}."
            f"{''.join(f' {_ended(row)}' for row in rows if row not in able)}",
        ),
    )


def _steps_back(found: Found) -> Claim:
    """41: k2 must span the structure."""
    rows = found.truncated(k1=STEPS_APART)
    blind = [row for row in rows if row.reach == 0]
    seeing = [row for row in rows if row.reach == 1]
    return Claim(
        "k2 must span the distance from cause to answer.",
        bool(blind and seeing)
        and all(row.skill.mean < POOR for row in blind)
        and all(row.skill.mean >= GOOD for row in seeing),
        f"Causes lie up to {MOST} steps back. At k1 = {STEPS_APART} skill is {_skills(rows, 'k2')}.",
    )


def _every_step(found: Found) -> Claim:
    """43: TBPTT(1, n)."""
    row = next(row for row in found.rows if row.setting.k1 == 1 and row.setting.k2 == row.setting.n)
    n = row.setting.n
    return Claim(
        "TBPTT(1, n) updates after every step over all steps so far.",
        row.cost.forward == n * (n + 1) // 2,
        f"At n = {n} it runs {row.cost.forward:,} steps, n (n + 1) / 2; after {row.outcomes[0].last.steps:,} steps of "
        f"data and {row.outcomes[0].last.updates} updates its skill is {row.skill.mean:.2f}.",
    )


def _too_short(found: Found) -> Claim:
    """44: TBPTT(k1, 1)."""
    rows = found.truncated(k2=1)
    beside = max(found.truncated(k1=STEPS_APART), key=lambda row: row.skill.mean)
    return Claim(
        "TBPTT(k1, 1) has too little temporal context to learn.",
        all(row.skill.mean < POOR for row in rows) and beside.skill.mean >= GOOD,
        f"Skill {_skills(rows, 'k1')}; TBPTT({beside.setting.k1}, {beside.setting.k2}) makes as many updates as "
        f"TBPTT({STEPS_APART}, 1) and reaches {beside.skill.mean:.2f}.",
    )


def _several_updates(found: Found) -> tuple[Claim, Claim]:
    """45: k1 < k2 < n, beside k1 = k2."""
    equal = found.row(found.long, FAR, FAR)
    rows = [row for row in found.truncated(k2=FAR) if row.setting.k1 < FAR]
    names = [f"k1 = {row.setting.k1}" for row in [*rows, equal]]
    whole = found.whole[-1].setting
    steps, seconds = ([row.until(what) for row in [*rows, equal]] for what in ("steps", "seconds"))
    return (
        Claim(
            "Several updates per sequence, k1 < k2 < n, can speed training: the same skill from less data.",
            min(steps[:-1]) < steps[-1],
            f"At k2 = {FAR} skill {HALF} takes {joined(map(_steps, steps), names)}.",
        ),
        Claim(
            f"They speed it by the clock too, beside TBPTT({FAR}, {FAR}), which runs no step twice.",
            min(seconds[:-1]) < seconds[-1],
            f"It takes {joined((_seconds(value) for value in seconds), names)}; one update a sequence, "
            f"TBPTT({whole.n}, {whole.n}), takes {_seconds(found.row(whole.n, whole.n, whole.n).until('seconds'))}.",
        ),
    )


def _equal(found: Found) -> tuple[Claim, Claim]:
    """46: k1 = k2, tens to hundreds."""
    tens, hundreds = ([row for row in found.truncated() if row.setting.k1 in span] for span in (TENS, HUNDREDS))
    return (
        Claim(
            "A fixed number for both serves, in the tens.",
            bool(tens) and all(row.skill.mean >= GOOD for row in tens),
            f"Each step runs once; skill from the same data is {_skills(tens, 'k1')}.",
        ),
        Claim(
            "It serves in the hundreds too.",
            bool(hundreds) and all(row.skill.mean >= GOOD for row in hundreds),
            f"Skill from the same data is {_skills(hundreds, 'k1')}: they make "
            f"{joined((f'{row.outcomes[0].last.updates} updates' for row in hundreds), _k1(hundreds))}.",
        ),
    )


def _limits(found: Found) -> tuple[Claim, Claim]:
    """47: sequences of 200 to 400 steps."""
    rows = found.whole
    inside = [row for row in rows if LIMIT[0] <= row.setting.n <= LIMIT[1]]
    longer = [row for row in rows if row.setting.n > LIMIT[1]]
    best = max(rows, key=lambda row: row.skill.mean)
    return (
        Claim(
            f"Limiting sequences to {LIMIT[0]} to {LIMIT[1]} steps loses nothing against longer ones.",
            bool(longer) and all(a.skill.mean >= b.skill.mean for a in inside for b in longer),
            f"From the same data BPTT reaches {_skills([*inside, *longer], 'n')}.",
        ),
        Claim(
            f"{LIMIT[0]} to {LIMIT[1]} steps is the length to choose.",
            LIMIT[0] <= best.setting.n <= LIMIT[1],
            f"The best is n = {best.setting.n} with {best.skill.mean:.2f}: what counts is how far back causes lie, "
            f"{MOST} steps here, and how many updates the data then make.",
        ),
    )


def _skills(rows: Sequence[Row], key: str) -> str:
    return joined((f"{row.skill.mean:.2f}" for row in rows), [f"{key} = {getattr(row.setting, key)}" for row in rows])


def _k1(rows: Sequence[Row]) -> list[str]:
    return [f"k1 = {row.setting.k1}" for row in rows]


def _ended(row: Row) -> str:
    """Of a run that ended with its updates, before the others' share of data, without that skill."""
    last = row.outcomes[0].last
    return f"k1 = {row.setting.k1} is at {row.skill.mean:.2f} after {last.updates} updates on {last.steps:,} steps."


def _seconds(value: float) -> str:
    return _number(value, ".2f", " s")


def _steps(value: float) -> str:
    return _number(value, ",.0f", " steps")


def _number(value: float, how: str, unit: str) -> str:
    return f"{value:{how}}{unit}" if math.isfinite(value) else "more than this run"
