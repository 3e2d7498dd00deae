"""The five stages of backpropagation of a worked example, as a page of a textbook: an equation, and its numbers.

Numbers are exact ones printed with four decimals, so sums add up within rounding. W is W_ih, U is W_hh.
What the lines say of a network's inside is `worked_cells`'.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor

from throughtime.recipes.lab.worked import Back, Example, Forward, Parameters

# 2 + 58 + 4 columns of 10 is 100, a page's width.
LABEL, COLUMN, WIDTH = 58, 10, 100
WEIGHTS_A_LINE = 5

Row = tuple[str, list[float]]


@dataclass(frozen=True)
class Weight:
    """One single weight.

    Args:
        name: as the equations call it.
        key: of the parameter it lies in.
        place: its number in it.
        made_of: what its gradient is at one step, an equation's right side.
    """

    name: str
    key: str
    place: int
    made_of: str

    def of(self, parameters: Parameters) -> float:
        """Its value in the parameters, or in anything shaped like them."""
        return float(parameters[self.key].flatten()[self.place])


@dataclass(frozen=True)
class Page(ABC):
    """All that is printed of one example.

    Args:
        example: the network.
        went: its forward pass.
        back: its backward pass, in order of time.
        found: dL/dw of the whole pass.
        after: the weights after the update.
        losses: L before the first update and after each, until it is small.
        small: the loss at which repeating ends.
    """

    example: Example
    went: Forward
    back: Sequence[Back]
    found: Parameters
    after: Parameters
    losses: Sequence[float]
    small: float

    def to_text(self) -> str:
        """The five stages under their names."""
        stages = self._present, self._compare, self._derive, self._contributions, self._adjust, self._repeat
        return "\n\n".join("\n".join(lines) for lines in (self._head(), *(stage() for stage in stages)))

    # What the network is

    @property
    @abstractmethod
    def title(self) -> str:
        """One line on the network."""

    @property
    @abstractmethod
    def task(self) -> str:
        """One line on what it is to learn."""

    @property
    @abstractmethod
    def origin(self) -> str:
        """The state before step 1."""

    @abstractmethod
    def weights(self) -> list[Weight]:
        """Every weight, in the order of the parameters."""

    @abstractmethod
    def forward(self) -> list[Row]:
        """Every equation of the forward pass with its numbers over time."""

    @abstractmethod
    def backward(self) -> list[Row]:
        """Every equation of the backward pass, down to the summed inputs; also over time."""

    @abstractmethod
    def forward_in_numbers(self) -> list[str]:
        """An equation or two at the last step with its numbers put in."""

    @abstractmethod
    def backward_in_numbers(self) -> list[str]:
        """The same of what the last step hands back."""

    @property
    def last(self) -> int:
        """The last step."""
        return len(self.example.x)

    def sums(self) -> list[list[float]]:
        """a = W x + U h(t-1) + b of each unit or gate, over time."""
        start, steps = self.example.start, zip(self.example.x, self.went.tape.h_in, strict=True)
        a = [x @ start["W_ih"].t() + h @ start["W_hh"].t() + start["b"] for x, h in steps]
        return [over_time(a, k) for k in range(len(start["b"]))]

    def dh(self, unit: int = 0) -> tuple[list[float], list[float], list[float]]:
        """dL/dh of a unit over time: through the output, from the next step, and together."""
        output = over_time([step.dh_output for step in self.back], unit)
        later = over_time([step.dh_later for step in self.back], unit)
        return output, later, together(output, later)

    def da(self, k: int) -> list[float]:
        """dL/da of a unit or gate over time."""
        return [float(step.da[k]) for step in self.back]

    @property
    def dy(self) -> Row:
        """dL/dy, where every backward pass begins."""
        return "dL/dy = y - target", over_time([step.dy for step in self.back])

    # The stages

    def _head(self) -> list[str]:
        said = [f"{weight.name} = {weight.of(self.example.start):z.4f}".ljust(18) for weight in self.weights()]
        lines = ["".join(said[k : k + WEIGHTS_A_LINE]) for k in range(0, len(said), WEIGHTS_A_LINE)]
        return [self.title, "=" * len(self.title), self.task, "", *(f"  {line}".rstrip() for line in lines)]

    def _present(self) -> list[str]:
        rows = [_row(*row) for row in self.forward()]
        title = f"PRESENT the pattern: forward, from {self.origin}"
        return [_heads(title, self._steps), *rows, *self.forward_in_numbers()]

    def _compare(self) -> list[str]:
        y, target, losses = flat(self.went.y), flat(self.example.target), flat(self.went.losses)
        recurs = self.example.recurs
        return [
            _heads("COMPARE with the expected output", [*self._steps, "L"] if recurs else self._steps),
            _row("y", y),
            _row("target", target),
            _row("y - target", [a - b for a, b in zip(y, target, strict=True)]),
            _row("loss = (y - target)² / 2;  L is their sum", [*losses, self.went.loss])
            if recurs
            else _row("L = loss = (y - target)² / 2", losses),
        ]

    def _derive(self) -> list[str]:
        title = "DERIVE: the chain rule backwards" + (", the last step first" if self.example.recurs else "")
        rows = [_row(label, values[::-1]) for label, values in self.backward()]
        return [_heads(title, self._steps[::-1]), *rows, *self.backward_in_numbers()]

    def _contributions(self) -> list[str]:
        recurs = self.example.recurs
        title = "what each step adds to each weight's gradient" if recurs else "each weight's gradient"
        lines = [_heads(f"DERIVE: {title}", [*self._steps[::-1], "sum"] if recurs else self._steps)]
        for weight in self.weights():
            parts = [weight.of(step.adds) for step in reversed(self.back)]
            label = f"dL/d{weight.name} = {weight.made_of}"
            lines.append(_row(label, [*parts, weight.of(self.found)] if recurs else parts))
        return lines

    def _adjust(self) -> list[str]:
        title = f"ADJUST every weight: w ← w - {self.example.rate:g} dL/dw"
        states = self.example.start, self.found, self.after
        rows = [_row(weight.name, [weight.of(state) for state in states]) for weight in self.weights()]
        return [_heads(title, ["before", "dL/dw", "after"]), *rows]

    def _repeat(self) -> list[str]:
        last = len(self.losses) - 1
        shown = sorted({k for k in (0, 1, 2, 5, 10, 20, 50) if k < last} | {last})
        lines = [f"REPEAT until L is below {self.small:g}: {last} updates"]
        lines.append(f"  {'updates':<8}" + "".join(f"{k:>{COLUMN}}" for k in shown))
        # Six decimals, so that the last one is seen to be small enough.
        return [*lines, f"  {'L':<8}" + "".join(f"{self.losses[k]:>{COLUMN}.6f}" for k in shown)]

    @property
    def _steps(self) -> list[str]:
        return [f"t = {t + 1}" for t in range(self.last)] if self.example.recurs else []


def flat(values: Tensor) -> list[float]:
    """All numbers in order."""
    return [float(value) for value in values.flatten()]


def over_time(entries: Iterable[Tensor], unit: int = 0) -> list[float]:
    """One unit's numbers from a list of [1, units], one a step."""
    return [float(entry[0, unit]) for entry in entries]


def together(some: Sequence[float], others: Sequence[float]) -> list[float]:
    """Sums, step by step."""
    return [a + b for a, b in zip(some, others, strict=True)]


def in_numbers(name: str, terms: Iterable[tuple[float, float]], rest: float | None, result: float) -> list[str]:
    """ "In numbers: name = 0.4000·(-0.5000) + .. + rest = result", on two lines where one is too short."""
    said = [f"{_signed(a)}·{_signed(b)}" for a, b in terms] + ([] if rest is None else [_signed(rest)])
    start, end = f"  In numbers: {name}", f"= {' + '.join(said)} = {result:z.4f}"
    return [f"{start} {end}"] if len(start) + 1 + len(end) <= WIDTH else [start, f"    {end}"]


def _heads(title: str, columns: Iterable[str]) -> str:
    return (title.ljust(LABEL + 2) + "".join(f"{head:>{COLUMN}}" for head in columns)).rstrip()


def _row(label: str, values: Iterable[float]) -> str:
    return f"  {label:<{LABEL}}" + _numbers(values)


def _numbers(values: Iterable[float]) -> str:
    return "".join(f"{value:>z{COLUMN}.4f}" for value in values)


def _signed(value: float) -> str:
    text = f"{value:z.4f}"
    return f"({text})" if text.startswith("-") else text
