"""The sentences of the picture, the same on a slide and in a terminal, in plain ASCII."""

from __future__ import annotations

from textwrap import wrap

from throughtime.insight.lettering import by_power
from throughtime.insight.unfolding.memory import NAMES, Memory
from throughtime.insight.unfolding.plan import Lane, Plan

CELL_NAMES = {"lstm": "LSTM", "rnn": "RNN"}
# The recurrent weight whose gradient is printed.
_PRINTED = {"lstm": "W_hg: weight of h in candidate g", "rnn": "W_hh: weight of h"}
_STATES = {"lstm": "2H", "rnn": "H"}
# Letters of a fact's line that fit the slide.
_FACT_LETTERS = 92
# Below this a number is written with an exponent, from this on with fewer digits.
_SMALL, _LARGE = 0.0005, 10.0


def title(plan: Plan) -> str:
    """What is drawn."""
    fields = ["n" if k is None else str(k) for k in (plan.schedule.k1, plan.schedule.k2)]
    rule = "" if plan.schedule.losses == "newest" else f', losses "{plan.schedule.losses}"'
    article = {"lstm": "An LSTM", "rnn": "An RNN"}[plan.cell]
    return f"{article} unfolded over {counted(plan.steps, 'step')}, trained by TBPTT({', '.join(fields)}){rule}"


def subtitle(plan: Plan) -> str:
    """The schedule in words."""
    n, k1, k2 = plan.steps, plan.k1, plan.k2
    if k1 == n and k2 == n:
        return f"Full BPTT: {_when(plan)}, over all steps; {_injects(plan)}"
    back = "over all steps so far" if k2 == n else f"over {_back(k2)}"
    said = _when(plan)
    return f"{said[0].upper()}{said[1:]}, its errors carried back {back}; {_injects(plan)}"


def _when(plan: Plan) -> str:
    if plan.k1 == plan.steps:
        return "one update, at the end"
    return "an update after every step" if plan.k1 == 1 else f"an update after every {plan.k1} steps"


def _back(k2: int) -> str:
    return "the newest step alone" if k2 == 1 else f"the last {k2} steps"


def _injects(plan: Plan) -> str:
    rule = plan.schedule.losses
    if rule == "window":
        return "each injects every loss of its window."
    if rule == "cut":
        return "each injects the loss at its update point alone."
    if plan.k2 < plan.k1:
        return "losses before its window are reported, not injected."
    return "it injects all losses." if plan.k1 == plan.steps else "each injects the losses of its new steps."


def work(plan: Plan) -> list[str]:
    """How many updates and steps it takes."""
    n, forward, backward = plan.steps, plan.forward_steps, plan.backward_steps
    run = f"{counted(forward, 'step')} forward, {backward:,} backward in all."
    if forward > n or backward != n:
        compared = f"Full BPTT: 1 update, {n:,} forward, {n:,} backward."
    else:
        compared = "No step runs twice."
    return [f"{counted(len(plan.lanes), 'update')} in {counted(n, 'step')}.", run, compared]


def losses(plan: Plan) -> list[str]:
    """How often each loss is injected."""
    times = plan.injections()
    used = sum(time > 0 for time in times)
    often = _often(min(time for time in times if time), max(times))
    if used < len(times):
        share = f"{100 * used / len(times):.3g} %"
        return [
            f"{used:,} of {len(times):,} losses are injected ({share}),",
            f"each {often}; the others train nothing.",
        ]
    return [f"Every loss is injected {often}."]


def _often(least: int, most: int) -> str:
    if least < most:
        return f"{least:,} to {most:,} times"
    return "exactly once" if most == 1 else f"{most:,} times"


def kept(plan: Plan, memory: Memory) -> list[str]:
    """Bytes between the forward and the backward pass."""
    sizes = memory.sizes
    many = {"lstm": "C + 7H", "rnn": "C + H"}[plan.cell]
    rows = counted(sizes.batch, "row")
    step = f"A step keeps {NAMES[plan.cell]}: {many} = {memory.numbers:,} numbers,"
    network = f"C = {sizes.inputs:,}, H = {sizes.hidden:,}, {rows} of float32"
    size = f"{in_bytes(memory.step_bytes)} for {network} (oracle kernel; others may differ)."
    parts, more = _parts(plan.lanes[memory.largest_update - 1], plan.cell)
    most = f"The largest window keeps {in_bytes(memory.window_bytes)}: {parts}"
    whole = f"{more}full BPTT over {counted(plan.steps, 'step')} {in_bytes(memory.whole_bytes)}."
    lines = [most, whole] if len(most) <= _FACT_LETTERS else broken(f"{most} {whole}", _FACT_LETTERS)
    return [step, size, *lines]


def _parts(lane: Lane, cell: str) -> tuple[str, str]:
    """What an update keeps, with the numbers a row where no other sentence names them: of its window, and before."""
    one, before = len(lane.window) == 1, len(lane.without_gradient)
    parts = f"{counted(len(lane.window), 'step')}, {'its target (1)' if one else 'their targets (1 each)'}"
    if lane.window_start > 0:
        parts += f", the state before ({_STATES[cell]})"
    if before:
        return f"{parts},", f"x and target (C + 1) of {counted(before, 'step')} run forward only; "
    return f"{parts};", ""


def place(lane: Lane) -> str:
    """An update's new steps, and the first step its gradient reaches."""
    first, last = lane.start + 1, lane.stop
    new = f"step {last:,}" if first == last else f"steps {first:,}-{last:,}"
    return f"{new}, back to {lane.window.start:,}"


def notes(plan: Plan, seed: int | None) -> list[str]:
    """What a reader may stumble over: k beyond n, and where numbers come from."""
    beyond = [
        f"{name} = {k:,}"
        for name, k in (("k1", plan.schedule.k1), ("k2", plan.schedule.k2))
        if k is not None and k > plan.steps
    ]
    said = []
    if beyond:
        verb = "is" if len(beyond) == 1 else "are"
        said.append(f"{' and '.join(beyond)} {verb} beyond n = {plan.steps:,}: the same as n.")
    if seed is not None:
        said.append(
            f"Numbers: C = H = 1, float64, seed {seed}, weights held still; l(t) = (y(t) - target(t))^2; "
            f"L: mean of the losses injected; {_PRINTED[plan.cell]}."
        )
    return said


def broken(text: str, width: int) -> list[str]:
    """Lines of at most `width` letters; "C = 16" and "C + 1" stay together."""
    kept = text.replace(" = ", "\0=\0").replace(" + ", "\0+\0")
    return [line.replace("\0", " ") for line in wrap(kept, max(1, width), break_long_words=False)]


def in_bytes(count: int) -> str:
    """Bytes to three digits."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


def counted(count: int, noun: str) -> str:
    """A number of things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def typeset(value: float, digits: int = 3) -> str:
    """A number as `number` writes it, with a minus sign that is one; the exponent's stays short."""
    words = number(value, digits)
    return f"\u2212{words[1:]}" if words.startswith("-") else words


def number(value: float, digits: int = 3) -> str:
    """A number in at most digits + 3 characters, where it is of ordinary size.

    Args:
        value: any.
        digits: after the point, 2 or 3.
    """
    size = abs(value)
    if size == 0:
        return "0"
    if _SMALL * 10 ** (3 - digits) <= size < _LARGE - 0.5 * 10**-digits:
        return f"{value:.{digits}f}"
    if _LARGE - 0.5 * 10**-digits <= size < 99.95:
        return f"{value:.1f}"
    return by_power(value, 0)
