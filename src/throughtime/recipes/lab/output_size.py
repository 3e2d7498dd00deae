"""Output size: answers of varying length, from a network with so many slots and from networks that go on until done.

A question names a symbol and, by as many marks, how many items are wanted; the answer is that many items, the symbols
in turn from the one named, and a stop. A perceptron gets every question whole and fills K slots at once: what is left
over is padded, what does not fit is cut. RNN and LSTM read the question step by step, then emit an item a step until
they emit the stop.

    question  s, n marks, go;   answer  s, s + 1, ..., s + n - 1 (mod 3), stop;   n <= K: it fits into the slots

Dimensions: T steps, B rows, n items, K slots. Source: statement 11 of the lecture; the task is a synthetic one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import Tensor

from throughtime.insight.svg import ROSE
from throughtime.recipes.figure import INK
from throughtime.recipes.lab.networks import (
    CELLS,
    Batch,
    answers,
    build,
    cross_entropy,
    hidden_for,
    parameters_counted,
    train,
)
from throughtime.recipes.lab.panels import (
    by_network,
    curve,
    legend_below,
    means,
    network_columns,
    network_table,
    slide,
    spreads,
)
from throughtime.recipes.lab.study import Claim, Effort, Findings, Study
from throughtime.recipes.table import Cell, Column, Spread, Table

SYMBOLS = 3
STOP = SYMBOLS  # the class of the stop, and of a slot left empty
INPUTS, CLASSES = SYMBOLS + 2, SYMBOLS + 1  # symbols, mark, go; symbols, stop
SLOTS = 7
TRAINED, LONGEST = 10, 14
# Symbol, marks of the longest question, go: the perceptron's input leaves nothing out, only its output is limited.
WINDOW = LONGEST + 2
PARAMETERS = 1500
# Counting is learned faster at 0.01 than at the other studies' rate; the same for all three.
RATE = 0.01
SUCCESS = 0.95


@dataclass(frozen=True)
class Size:
    """How long to train: batches of `rows`."""

    batches: int
    rows: int = 32


FULL, SHORT = Size(600), Size(30)


@dataclass(frozen=True)
class Outcome:
    """One trained network: share of answers that are right in whole, by length 1 .. LONGEST."""

    exact: tuple[float, ...]
    parameters: int
    seconds: float


def questions(symbols: Tensor, counts: Tensor) -> Tensor:
    """Questions padded to the longest: [n + 2, B, 5] from first symbols [B] and counts [B]."""
    t = torch.arange(int(counts.max()) + 2)[:, None]
    x = torch.zeros(len(t), len(counts), INPUTS)
    x[0].scatter_(1, symbols[:, None], 1.0)
    x[..., SYMBOLS] = ((t >= 1) & (t <= counts)).float()
    x[..., SYMBOLS + 1] = (t == counts + 1).float()
    return x


def items(symbols: Tensor, counts: Tensor, slots: int) -> Tensor:
    """Answers in so many slots, [slots, B]: items, then stops; what does not fit is cut."""
    k = torch.arange(slots)[:, None]
    return torch.where(k < counts, (symbols + k) % SYMBOLS, STOP)


def stepwise(symbols: Tensor, counts: Tensor) -> Batch:
    """For RNN and LSTM: the question, then one item a step from the go on, stop included; no input meanwhile."""
    x = questions(symbols, counts)
    T = 2 * int(counts.max()) + 2
    x = torch.cat([x, x.new_zeros(T - len(x), *x.shape[1:])])
    k = torch.arange(T)[:, None] - (counts + 1)
    y = torch.where((k >= 0) & (k < counts), (symbols + k) % SYMBOLS, STOP)
    return Batch(x, y, ((k >= 0) & (k <= counts)).float(), 2 * counts + 2)


def slotted(symbols: Tensor, counts: Tensor) -> Batch:
    """For the perceptron: all slots at the go, y [T, B, K]; a row ends there."""
    x = questions(symbols, counts)
    T, B = x.shape[:2]
    weights = (torch.arange(T)[:, None] == counts + 1).float()
    return Batch(x, items(symbols, counts, SLOTS).T.expand(T, B, SLOTS), weights, counts + 2)


def slots_loss(output: Tensor, target: Tensor) -> Tensor:
    """Mean nats of the slots, [N] from [N, K x classes] and [N, K]."""
    return cross_entropy(output.reshape(-1, CLASSES), target.reshape(-1)).view(target.shape).mean(1)


def draw(cell: str, rows: int, generator: torch.Generator) -> Batch:
    """Questions of 1 .. TRAINED items, each count and symbol as likely."""
    counts = torch.randint(1, TRAINED + 1, (rows,), generator=generator)
    symbols = torch.randint(SYMBOLS, (rows,), generator=generator)
    return (slotted if cell == "perceptron" else stepwise)(symbols, counts)


def exact_share(cell: str, network: torch.nn.Module, count: int) -> float:
    """Share of the questions for so many items (one for each symbol) that are answered right in whole."""
    symbols, counts = torch.arange(SYMBOLS), torch.full((SYMBOLS,), count)
    if cell == "perceptron":
        said = answers(network, slotted(symbols, counts))[-1].view(SYMBOLS, SLOTS, CLASSES).argmax(-1).T  # [K, B]
    else:
        said = answers(network, stepwise(symbols, counts))[count + 1 :].argmax(-1)  # [n + 1, B]
    return sum(read(said[:, row]) == wanted(row, count) for row in range(SYMBOLS)) / SYMBOLS


def read(said: Tensor) -> list[int]:
    """The items before the first stop; all of them where there is none."""
    found = said.tolist()
    return found[: found.index(STOP)] if STOP in found else found


def wanted(symbol: int, count: int) -> list[int]:
    """The whole answer."""
    return [(symbol + k) % SYMBOLS for k in range(count)]


def trial(cell: str, seed: int, size: Size) -> Outcome:
    """Train one network and ask it for every number of items."""
    outputs = SLOTS * CLASSES if cell == "perceptron" else CLASSES
    hidden = hidden_for(cell, INPUTS, outputs, WINDOW, PARAMETERS)
    network = build(cell, INPUTS, outputs, hidden, WINDOW, seed)
    loss = slots_loss if cell == "perceptron" else cross_entropy
    done = train(network, loss, partial(draw, cell, size.rows), batches=size.batches, seed=seed, learning_rate=RATE)
    exact = tuple(exact_share(cell, network, count) for count in range(1, LONGEST + 1))
    return Outcome(exact, parameters_counted(network), done.seconds)


def study(effort: Effort) -> Findings:
    """Train perceptron, RNN and LSTM with every seed, and ask for 1 to LONGEST items."""
    size = SHORT if effort.short else FULL
    outcomes = by_network(trial, size, effort)
    table = exact_table(outcomes, size)
    return Findings((table, network_table(outcomes)), claims(table), slide(partial(picture, table), "output"))


def exact_table(outcomes: dict[str, list[Outcome]], size: Size) -> Table:
    """Share of whole answers by the number of items wanted, one row each."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            count,
            count <= TRAINED,
            count <= SLOTS,
            max(SLOTS - count, 0),
            max(count - SLOTS, 0),
            *(Spread.of(out.exact[count - 1] for out in outcomes[cell]) for cell in CELLS),
        )
        for count in range(1, LONGEST + 1)
    )
    held = SLOTS / TRAINED
    return Table(
        "As many items as are asked for, then a stop: share of answers that are right in whole",
        (
            Column("items"),
            Column("trained"),
            Column("fit", f"{SLOTS} slots"),
            Column("padded", f"{SLOTS} slots"),
            Column("cut", f"{SLOTS} slots"),
            *network_columns("right in whole"),
        ),
        rows,
        (
            f"Generated: a symbol of {SYMBOLS}, marks for the number of items, go; the answer repeats the symbols in "
            "turn. Asked with each first symbol. Guessing every item and the stop is right in 4^-(n + 1).",
            f"The perceptron sees all of every question and fills {SLOTS} slots at once: it can represent {held:.0%} "
            "of the answers trained on; more slots are more weights. RNN and LSTM step on until they emit the stop.",
            f"Each network: {size.batches} batches of {size.rows} questions for 1 .. {TRAINED} items, Adam at {RATE}, "
            "the same for all. Mean ± deviation over seeds.",
        ),
    )


def claims(table: Table) -> tuple[Claim, ...]:
    """Statement 11, held against the shares of whole answers; success is 95 %."""
    fits = f"{SLOTS} slots.fit"
    short = means(table, "right in whole.perceptron", lambda row: bool(row[fits]))
    cut = means(table, "right in whole.perceptron", lambda row: not row[fits])
    step = {cell: means(table, f"right in whole.{cell}", lambda row: bool(row["trained"])) for cell in ("RNN", "LSTM")}
    beyond = {cell: means(table, f"right in whole.{cell}", lambda row: not row["trained"]) for cell in ("RNN", "LSTM")}
    return (
        Claim(
            "A perceptron's output has a fixed size: longer answers are cut.",
            max(cut) == 0,
            f"Of the answers that do not fit its {SLOTS} slots it gets {max(cut):.3f} at best right in whole.",
        ),
        Claim(
            "Shorter answers fit once they are padded.",
            min(short) >= SUCCESS,
            f"Of the answers that fit it gets {min(short):.3f} or more right in whole.",
        ),
        Claim(
            "RNN and LSTM put out a step at a time, so answers may have any length trained on.",
            min(step["RNN"] + step["LSTM"]) >= SUCCESS,
            f"Up to {TRAINED} items the RNN gets {min(step['RNN']):.3f} or more right in whole, the LSTM "
            f"{min(step['LSTM']):.3f}.",
        ),
        Claim(
            "They go on to lengths they were not trained on.",
            min(beyond["RNN"] + beyond["LSTM"]) >= SUCCESS,
            f"For {TRAINED + 1} to {LONGEST} items the RNN gets {max(beyond['RNN']):.3f} at best, "
            f"{min(beyond['RNN']):.3f} at worst, the LSTM {max(beyond['LSTM']):.3f} and {min(beyond['LSTM']):.3f}: "
            "any length can be put out, which is not yet being right.",
        ),
    )


def picture(table: Table, figure: Figure) -> None:
    """What the slots make of an answer, and whole answers by length."""
    left, right = figure.subplots(1, 2)
    counts = [float(count) for count in range(1, LONGEST + 1)]
    padded, cut = (means(table, f"{SLOTS} slots.{name}") for name in ("padded", "cut"))
    kept = [count - lost for count, lost in zip(counts, cut, strict=True)]
    left.bar(counts, kept, color=INK, alpha=0.55, label="items in slots")
    left.bar(counts, padded, bottom=kept, color=INK, alpha=0.15, label="slots padded")
    left.bar(counts, cut, bottom=kept, color=ROSE, label="items cut")
    left.axhline(SLOTS, color=INK, lw=0.8, ls=":")
    left.set(xlabel="items asked for", ylabel="items")
    left.set_title(f"A perceptron with {SLOTS} slots", pad=24)
    left.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.1, columnspacing=1.0)
    for cell in CELLS:
        curve(right, cell, counts, spreads(table, f"right in whole.{cell}"))
    right.axvspan(0.5, TRAINED + 0.5, color=INK, alpha=0.08, lw=0)
    right.set(xlabel="items asked for (shaded: trained)", ylabel="share right in whole", xlim=(0.5, LONGEST + 0.5))
    right.set_ylim(-0.05, 1.1)
    right.set_title("Answers right in whole", pad=24)
    legend_below(figure, right)


STUDY = Study("output", "answers of varying length: slots that pad and cut, or steps until a stop", study)
