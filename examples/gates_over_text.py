"""What single units of a small character LSTM follow while it reads: a drawing of a text, letter by letter.

    python examples/gates_over_text.py [--short] [--gates] [--seed 0] [--svg gates_over_text.svg]

Trains under TBPTT(50, 50) for some 20 seconds on the help texts that come with every Python, then asks of each unit
whether its internal state c goes along with something that a reader can see: how far into the word a letter stands,
how far into the line, whether a quotation is open. The unit is chosen by correlation on one piece of the text; the
correlation on another piece, which neither training nor choice has seen, is printed beside it.

`--gates` draws forget, input and output gate of the unit that follows quotations instead. `--short` trains a
tiny network for a few updates: to see it run, not to learn anything from it.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import time
from itertools import islice
from pathlib import Path
from pydoc_data.topics import topics

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import throughtime as tt
from throughtime.insight import Gates, Track, gates_over_text

ROWS, STEPS, UPDATES = 32, 50, 500  # texts read side by side, k1 = k2, updates in all
FOLLOWS = 0.3  # correlation on text held out below which a unit is not said to follow anything
PIECE = 8_000  # letters to choose units by, and as many to judge the choice by


def main() -> None:
    """Train, choose units, draw."""
    parser = argparse.ArgumentParser(description="Train a small character LSTM and draw what its units follow.")
    parser.add_argument("--short", action="store_true", help="a few updates of a tiny network, in seconds")
    parser.add_argument("--gates", action="store_true", help="draw the gates of the unit that follows quotations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--svg", type=Path, default=Path("gates_over_text.svg"), help="where the drawing goes")
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(1)

    text = "\n\n".join(topics[name] for name in sorted(topics))
    letters = sorted(set(text))
    codes = torch.tensor([letters.index(letter) for letter in text])
    size = 32 if given.short else 160
    network = tt.Network(nn.Embedding(len(letters), 32), tt.LSTM(32, size), nn.Linear(size, len(letters)))
    train(network, codes[: -2 * PIECE], updates=20 if given.short else UPDATES)

    text, codes = text[-2 * PIECE :], codes[-2 * PIECE :]  # from here on nothing is trained
    print(f"held-out text: {nats_per_letter(network, codes):.3f} nats a letter")
    gates = read(network, codes)
    chosen = {name: choose_unit(gates.c[:, 0], name, follow(text)) for name, follow in FEATURES.items()}

    shown = excerpt(text)
    if given.gates:
        unit = chosen["an open quotation"][0]
        names = {"forget gate": gates.f, "input gate": gates.i, "output gate": gates.o}
        tracks = [
            Track(f"unit {unit + 1}, {name}", gate[shown, 0, unit].tolist(), 0, 1) for name, gate in names.items()
        ]
    else:
        tracks = [track_of(gates.c[:, 0, unit], shown, heading) for unit, heading in chosen.values()]
    title = f"What units of a character LSTM follow ({size} units, text not seen in training)"
    given.svg.write_text(gates_over_text(text[shown], tracks, title=title), encoding="utf-8")
    print(f"drawing: {given.svg}")


def train(network: tt.Network, codes: Tensor, updates: int) -> None:
    """TBPTT(50, 50) over rows of equal length, from the beginning again where they end."""
    steps = (len(codes) - 1) // ROWS
    x = codes[: steps * ROWS].view(ROWS, steps).t()  # [T, B]
    y = codes[1 : steps * ROWS + 1].view(ROWS, steps).t()
    loss = nn.CrossEntropyLoss(reduction="none")
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    began, done, last = time.perf_counter(), 0, 0.0
    while done < updates:
        for update in islice(tt.through_time(network, loss, x, y, tt.TBPTT(STEPS, STEPS)), updates - done):
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            done, last = done + 1, float(update.loss)
    spent = time.perf_counter() - began
    print(f"{done} updates of {ROWS * STEPS:,} letters in {spent:.0f} s, {last:.3f} nats a letter in the last one")


@torch.no_grad()
def nats_per_letter(network: tt.Network, codes: Tensor) -> float:
    """Mean negative log-likelihood of each letter given those before it."""
    output, _ = network.eval()(codes[:-1, None])
    return float(cross_entropy(output[:, 0], codes[1:]))


@torch.no_grad()
def read(network: tt.Network, codes: Tensor) -> Gates:
    """Gates and states of the LSTM at every letter, [T, 1, H]."""
    return tt.inspect(network.core, network.embed(codes[:, None])).layer(0)


def choose_unit(state: Tensor, name: str, feature: Tensor) -> tuple[int, str]:
    """The unit of [T, H] that goes along with a feature most on the first piece, and what is to be said of it."""
    found = correlations(state[:PIECE], feature[:PIECE])
    unit = int(found.abs().argmax())
    again = correlations(state[PIECE:], feature[PIECE:])[unit]
    print(f"{name}: unit {unit + 1}, correlation {found[unit]:+.2f} where chosen, {again:+.2f} on text held out")
    verb = "follows" if abs(again) >= FOLLOWS else "none follows"
    return unit, f"unit {unit + 1}, internal state c: {verb} {name}, correlation {again:+.2f} on text held out"


def correlations(state: Tensor, feature: Tensor) -> Tensor:
    """Of each unit's state [T, H] with a feature [T]; 0 where either does not vary."""
    a, b = state - state.mean(0), (feature - feature.mean())[:, None]
    return (a * b).sum(0) / (a.norm(dim=0) * b.norm()).clamp_min(1e-9)


def track_of(values: Tensor, shown: slice, heading: str) -> Track:
    """The shown part of a unit's values [T], coloured from their 2 % to their 98 % quantile."""
    low, high = values.quantile(torch.tensor([0.02, 0.98])).tolist()
    return Track(heading, values[shown].tolist(), low, high)


def place_in_word(text: str) -> Tensor:
    """Letters since the word began; 0 between words."""
    places = [0]
    for letter in text:
        places.append(places[-1] + 1 if letter.isalnum() or letter == "_" else 0)
    return torch.tensor(places[1:], dtype=torch.float32)


def place_in_line(text: str) -> Tensor:
    """Logarithm of the letters since the line began."""
    return torch.tensor([float(place - text.rfind("\n", 0, place)) for place in range(len(text))]).log()


def inside_quotes(text: str) -> Tensor:
    """1 from an opening double quote to its closing one, within a paragraph; else 0."""
    found, inside = [], False
    for place, letter in enumerate(text):
        if letter == '"':
            inside = not inside
        elif text[place : place + 2] == "\n\n":
            inside = False
        found.append(float(inside))
    return torch.tensor(found)


def excerpt(text: str) -> slice:
    """The six lines of the second piece with the most quotations; better no empty lines and none over 80 letters."""
    ends = [place + 1 for place in range(PIECE, len(text)) if text[place] == "\n"]
    spans = [slice(first, last) for first, last in zip(ends, ends[6:], strict=False)]

    def readable(span: slice) -> int:
        lines = text[span].splitlines()
        return text[span].count('"') - 10 * sum(not 0 < len(line) <= 80 for line in lines)

    return max(spans, key=readable)


FEATURES = {
    "the place in the word": place_in_word,
    "the place in the line": place_in_line,
    "an open quotation": inside_quotes,
}

if __name__ == "__main__":
    main()
