"""Every printed equation holds for the printed numbers; the gradients are autograd's and finite differences'."""

from __future__ import annotations

import math
import re

import pytest
import torch
from torch import nn

import throughtime as tt
from throughtime.recipes import lab
from throughtime.recipes.lab import backprop, worked
from throughtime.recipes.lab.study import Effort

EXAMPLES = {"perceptron": worked.perceptron(), "RNN": worked.elman(), "LSTM": worked.lstm()}
STAGES = ["PRESENT", "COMPARE", "DERIVE", "DERIVE", "ADJUST", "REPEAT"]
# Each printed number is off by half of 0.0001; a sum of four products of two such numbers of order one by six halves.
ROUNDING = 3e-4


@pytest.fixture(scope="module")
def found():
    return backprop.run(Effort(short=True, progress=False))


@pytest.fixture(scope="module")
def pages(found):
    """Lines of each stage of each network, read from what is printed."""
    parts = re.split(r"\n(?=(?:Perceptron|RNN|LSTM): )", found.prose)[1:]
    stages = [[stage.splitlines() for stage in part.strip().split("\n\n")] for part in parts]
    return dict(zip(EXAMPLES, stages, strict=True))


class Printed:
    """The numbers of a page by name and step, as far as they have been read."""

    def __init__(self, head, steps):
        self.steps = steps
        self.numbers = {}
        for name, value in re.findall(r"([WUbVd]\S*) = (-?\d\.\d{4})", "\n".join(head)):
            self.numbers[name] = [float(value)] * steps

    def value(self, name, t):
        """Of a name at step t (0 first); what would come from beyond the last step is 0."""
        if name not in self.numbers and name.endswith("(t+1)"):
            return 0.0 if t + 1 == self.steps else self.value(name.removesuffix("(t+1)"), t + 1)
        return self.numbers[name][t]

    def evaluate(self, equation, t):
        """An equation's right side with the printed numbers: sums and differences of products."""
        sign, total = 1.0, 0.0
        for term in re.split(r" ([+-]) (?![^(]*\))", equation):
            if term in "+-":
                sign = 1.0 if term == "+" else -1.0
            else:
                total += sign * math.prod(self._factor(part, t) for part in re.split(r" (?![^(]*\))", term))
        return total

    def _factor(self, text, t):
        if match := re.fullmatch(r"\(1 - (\S+?)(²?)\)", text):
            return 1 - self.value(match[1], t) ** (2 if match[2] else 1)
        if match := re.fullmatch(r"(tanh|sigmoid)\((\S+)\)", text):
            value = self.value(match[2], t)
            return math.tanh(value) if match[1] == "tanh" else 1 / (1 + math.exp(-value))
        return self.value(text, t)

    def check(self, equation, values):
        equation = equation.replace(
            "sum of U_z dL/da_z(t+1), z = i f g o", " + ".join(f"U_{z} dL/da_{z}(t+1)" for z in "ifgo")
        )
        for t, value in enumerate(values):
            assert self.evaluate(equation, t) == pytest.approx(value, abs=ROUNDING), f"{equation} at t = {t + 1}"


def rows(lines):
    """Label and numbers of each line below a stage's title."""
    for line in lines[1:]:
        if "In numbers" not in line and not line.startswith("    ="):
            label, numbers = line[2:60].strip(), line[60:].split()
            yield label, [float(number) for number in numbers]


def checked(page, name):
    """The page's numbers, once its forward and backward equations have been found to hold."""
    steps = len(EXAMPLES[name].x)
    printed = Printed(page[1], steps)
    for label, values in [*rows(page[2]), *rows(page[3])]:
        left, _, right = label.partition(" = ")
        if right and not left.startswith(("loss", "L")):
            printed.check(right, values)
        printed.numbers[left] = values[:steps]
    whole = None
    backward = list(rows(page[4]))
    gates = [(label, values) for label, values in backward if label.startswith("dL/da_")]
    printed.numbers |= {
        label.split(" = ")[0]: values[::-1] for label, values in gates
    }  # the next step's are used above
    for label, values in backward:
        values = values[::-1]
        if match := re.fullmatch(r"(dL/d\S+) +from \S+ +(.*)", label):
            whole, parts = match[1], [values]
            printed.check(match[2], values)
            following = next(v for k, v in backward[backward.index((label, values[::-1])) + 2 :] if k == "together")
            printed.numbers[whole] = following[::-1]
        elif match := re.fullmatch(r"from \S+ +(.*)", label):
            parts.append(values)
            printed.check(match[1], values)
        elif label == "together":
            assert values == pytest.approx([sum(pair) for pair in zip(*parts, strict=True)], abs=ROUNDING)
            assert len(parts) == 2
        else:
            left, right = label.split(" = ")
            printed.check(right, values)
            printed.numbers[left] = values
    return printed


@pytest.mark.parametrize("name", EXAMPLES)
def test_five_stages_under_their_names_on_a_page(pages, found, name):
    assert [stage[0].split()[0].rstrip(":") for stage in pages[name][2:]] == STAGES
    assert max(map(len, found.prose.splitlines())) <= 100
    assert all(len(stage) < 25 for stage in pages[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_printed_equations_hold_for_printed_numbers(pages, name):
    printed = checked(pages[name], name)
    assert any(label.startswith("dL/da_") for label in printed.numbers)
    # The state a step reads is the one the step before it left.
    for label in [label for label in printed.numbers if re.fullmatch(r"[hc]\S*\(t-1\)", label)]:
        assert printed.numbers[label] == [0.0, *printed.numbers[label.removesuffix("(t-1)")][:-1]]


@pytest.mark.parametrize("name", EXAMPLES)
def test_printed_losses_and_their_sum(pages, name):
    compared = dict(rows(pages[name][3]))
    errors = [y - target for y, target in zip(compared["y"], compared["target"], strict=True)]
    assert compared["y - target"] == pytest.approx(errors, abs=ROUNDING)
    losses = next(values for label, values in compared.items() if "² / 2" in label)
    halves = [error**2 / 2 for error in errors]
    assert losses == pytest.approx([*halves, sum(halves)] if len(halves) > 1 else halves, abs=ROUNDING)


@pytest.mark.parametrize("name", EXAMPLES)
def test_printed_contributions_hold_and_add_up_to_the_gradient(pages, name):
    printed, steps = checked(pages[name], name), len(EXAMPLES[name].x)
    contributions = dict(rows(pages[name][5]))
    adjusted = dict(rows(pages[name][6]))
    assert len(contributions) == len(adjusted) > 8
    for label, values in contributions.items():
        left, right = label.split(" = ")
        printed.check(right, values[:steps][::-1])
        assert sum(values[:steps]) == pytest.approx(values[-1], abs=ROUNDING)
        before, gradient, after = adjusted[left.removeprefix("dL/d")]
        assert before == printed.value(left.removeprefix("dL/d"), 0)
        assert gradient == values[-1]
        assert after == pytest.approx(before - EXAMPLES[name].rate * gradient, abs=ROUNDING)


def test_lines_in_numbers_can_be_recalculated(found):
    joined = re.sub(r"\n    =", " =", found.prose)
    lines = [line.strip() for line in joined.splitlines() if "In numbers" in line]
    assert len(lines) == 8
    for line in lines:
        *_, terms, result = line.split(" = ")
        products = [[float(n.strip("()")) for n in term.split("·")] for term in terms.split(" + ")]
        assert sum(map(math.prod, products)) == pytest.approx(float(result), abs=ROUNDING)


@pytest.mark.parametrize("name", EXAMPLES)
def test_repeating_ends_when_the_loss_is_small(pages, name):
    title, updates, losses = pages[name][7][:3]
    updates, losses = [int(k) for k in updates.split()[1:]], [float(loss) for loss in losses.split()[1:]]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-4 < losses[-2]
    assert f"below 0.0001: {updates[-1]} updates" in title
    again = worked.repeat(EXAMPLES[name], updates[-1])
    assert again[-1] < 1e-4 <= again[-2]
    assert losses == pytest.approx([again[k] for k in updates], abs=1e-6)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_gradients_equal_autograd(example):
    leaves = {key: weight.clone().requires_grad_() for key, weight in example.start.items()}
    loss = worked.forward(example, leaves).losses.sum()
    expected = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))
    found = worked.gradients(example, example.start, worked.forward(example, example.start))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(backprop.by_autograd(example), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_gradients_equal_finite_differences(example):
    found = worked.gradients(example, example.start, worked.forward(example, example.start))
    torch.testing.assert_close(found, backprop.by_differences(example), rtol=0, atol=1e-6)
    name, step = "W_ih", 1e-4
    moved = [example.start[name].clone() for _ in range(2)]
    moved[0][-1, -1] -= step
    moved[1][-1, -1] += step
    low, high = (worked.forward(example, {**example.start, name: weight}).loss for weight in moved)
    assert (high - low) / (2 * step) == pytest.approx(float(found[name][-1, -1]), abs=1e-6)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_steps_add_up_to_the_whole_backward(example):
    went = worked.forward(example, example.start)
    back = worked.step_by_step(example, example.start, went)
    added = {key: sum(step.adds[key] for step in back) for key in example.start}
    torch.testing.assert_close(added, worked.gradients(example, example.start, went), rtol=0, atol=1e-14)


def test_the_perceptron_is_one():
    """Linear, tanh, linear: what torch calls a perceptron gives the same output and gradients."""
    example = EXAMPLES["perceptron"]
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).double()
    keys = ("W_ih", "b", "V", "d")
    with torch.no_grad():
        for parameter, key in zip(net.parameters(), keys, strict=True):
            parameter.copy_(example.start[key])
    went = worked.forward(example, example.start)
    y = net(example.x[0])
    torch.testing.assert_close(y, went.y[0])
    ((y - example.target[0]).square() / 2).sum().backward()
    found = worked.gradients(example, example.start, went)
    torch.testing.assert_close([p.grad for p in net.parameters()], [found[key] for key in keys], rtol=0, atol=1e-12)
    assert not found["W_hh"].any()


def test_the_unfolded_network_learns_the_same():
    """The RNN's gradients are those of the feed-forward network it unfolds to."""
    example = EXAMPLES["RNN"]
    cell = tt.RNN(1, 2, dtype=torch.float64)
    with torch.no_grad():
        for parameter, key in zip(cell.parameters(), ("W_ih", "W_hh", "b"), strict=False):
            parameter.copy_(example.start[key])
        cell.bias_hh_l0.zero_()
    h, _ = tt.unfold(cell, 3)(example.x)
    (h @ example.start["V"].t() + example.start["d"] - example.target).square().sum().div(2).backward()
    found = worked.gradients(example, example.start, worked.forward(example, example.start))
    torch.testing.assert_close(cell.weight_hh_l0.grad, found["W_hh"], rtol=0, atol=1e-12)


def test_findings(found):
    assert [claim.holds for claim in found.claims] == [True] * 5
    assert "0.6035 to 0.2756 (RNN)" in found.claims[3].shown
    (table,) = found.tables
    assert [column.key for column in table.columns] == ["updates", *EXAMPLES]
    for name, example in EXAMPLES.items():
        assert table.column(name) == [worked.repeat(example, 100)[k] for k in table.column("updates")]
    assert found.figure.startswith("<svg")


def test_a_wrong_gradient_is_found_out(monkeypatch):
    def wrong(example, parameters, went):
        right = worked.gradients(example, parameters, went)
        return {**right, "b": right["b"] + 1e-6}

    monkeypatch.setattr(backprop, "gradients", wrong)
    assert [claim.holds for claim in backprop.run(Effort()).claims[:3]] == [False] * 3


def test_seeds_and_short_change_nothing(found, tmp_path):
    again = lab.lab("backprop", seeds=1, svg=tmp_path / "backprop.svg", progress=False)
    assert again.to_text() == found.to_text()
    assert "--seeds and --short change nothing" in again.to_text()
    assert (tmp_path / "backprop.svg").read_text(encoding="utf-8").startswith("<svg ")
