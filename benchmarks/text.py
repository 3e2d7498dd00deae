"""How well, and how fast, does SequenceGenerator learn a text?

    tinyshakespeare    the last tenth tests; the rest, its last twentieth validating, trains with default settings
    plato_republic     80 / 10 / 10, the middle part validating
    training           characters a second of whole trainings, their text encoded and their windows cut, beside a
                       careful loop of plain torch; networks, windows, first weights and optimizer the same, and the
                       losses that come of it equal
    averaging          Plato, 128 units and 10 epochs: AdamW's exponential average beside the AWD-LSTM's optimizer
    writing            characters a second at one row, beside nn.LSTM stepped by hand

Scores are nats a character, an interpolated Kneser-Ney 6-gram fitted on the same part that trains beside them.

Data: THROUGHTIME_DATA, a folder as `throughtime data get` leaves it; training and writing need none.

python -m benchmarks.text [NAME ...]
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.bench import interleaved
from throughtime.recipes.text.problem import sample
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.corpus import TextEncoding
from throughtime.tasks.generator_options import check_generator_options
from throughtime.tasks.kneser_ney import KneserNey
from throughtime.tasks.text_fitting import WARMUP_PART, WARMUP_UPDATES, design_of
from throughtime.tasks.text_network import build

Row = dict[str, Any]
FILES = {"tinyshakespeare": "input.txt.gz", "plato_republic": "republic_clean.txt.gz"}
ASKED = {"tinyshakespeare": 1.62}
PUBLISHED = {"tinyshakespeare": "nanoGPT's transformer 1.4697 (its README, recalled)"}
ORDER = 6
# Layers, units, characters of a training, and how much faster is asked for.
SHAPES = ((1, 128, 200_000, 1.5), (2, 512, 64_000, 1.2))
ROWS, STEPS, RATE, CLIP = 32, 100, 2e-3, 1.0
WRITTEN, WRITING_ASKED = 500, 5.0


def parts(name: str, folder: Path) -> tuple[str, str, str]:
    """What trains, validates and tests."""
    text = gzip.decompress((folder / name / FILES[name]).read_bytes()).decode()
    ends = (0.9 * 0.95, 0.9) if name == "tinyshakespeare" else (0.8, 0.9)
    first, second = (int(share * len(text)) for share in ends)
    return text[:first], text[first:second], text[second:]


def quality(name: str, folder: Path) -> Row:
    """One training with default settings, and Kneser-Ney beside it."""
    train, valid, test = parts(name, folder)
    began = time.perf_counter()
    model = SequenceGenerator(validation=valid, progress=None).fit(train)
    seconds = time.perf_counter() - began
    encoding = TextEncoding.fit(train, "characters")
    rival = KneserNey(encoding.encode(train), encoding.size, ORDER)
    return {
        "name": name,
        "nats": model.score(test),
        "kneser_ney": -float(rival.log_probabilities(encoding.encode(test))[1:].mean()),
        "asked": ASKED.get(name),
        "published": PUBLISHED.get(name, ""),
        "seconds": seconds,
        "epoch": model.best_epoch_,
        "validations": [each.validation for each in model.history_.epochs],
        "parameters": model.parameters_count_,
    }


def averaging(folder: Path) -> list[Row]:
    """The same network, by either optimizer with its usual settings, and the AWD-LSTM's dropped weights or none."""
    train, valid, test = parts("plato_republic", folder)
    rows = []
    for optimizer in ("adamw", "nt-asgd"):
        for weight_drop in (0.0, 0.5):
            began = time.perf_counter()
            size = {"hidden_size": 128, "epochs": 10, "weight_drop": weight_drop}
            model = SequenceGenerator(**size, optimizer=optimizer, validation=valid, progress=None).fit(train)
            seconds = time.perf_counter() - began
            rows.append(
                {"name": f"{optimizer}, weight drop {weight_drop}", "nats": model.score(test), "seconds": seconds,
                 "validations": [each.validation for each in model.history_.epochs]}
            )  # fmt: skip
    return rows


class Plain(nn.Module):
    """The same network in torch's own layers."""

    def __init__(self, symbols: int, size: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.embed, self.lstm = nn.Embedding(symbols, size), nn.LSTM(size, hidden, layers)
        self.out = nn.Linear(hidden + size, symbols)

    def forward(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Symbols [T, B] to logits [T, B, V]."""
        features = self.embed(x)
        y, state = self.lstm(features, state)
        return self.out(torch.cat([y, features], -1)), state


def estimator(layers: int, hidden: int) -> SequenceGenerator:
    return SequenceGenerator(
        hidden_size=hidden, num_layers=layers, epochs=1, batch_size=ROWS, learning_rate=RATE, dropout=0.0,
        weight_decay=0.0, averaging=0.0, validation=None, progress=False,
    )  # fmt: skip


def plain_training(text: str, order: dict[str, int], network: Plain) -> list[float]:
    """An epoch as a careful hand would write it: the losses of its updates."""
    numbers = torch.tensor([order[symbol] for symbol in text])
    # An epoch of ours begins within the first window, where its seed says.
    numbers = numbers[int(np.random.default_rng([0, 0]).integers(STEPS + 1)) :]
    part = len(numbers) // ROWS
    rows = numbers[: part * ROWS].view(ROWS, part).t().contiguous()
    x, y = rows[:-1], rows[1:]
    optimizer = torch.optim.Adam(network.parameters(), RATE, fused=True)
    rise = min(WARMUP_UPDATES, len(text) // (ROWS * STEPS) // WARMUP_PART)
    state, losses = None, []
    for start in range(0, len(x), STEPS):
        warm = min(1.0, (len(losses) + 1) / rise) if rise else 1.0
        for group in optimizer.param_groups:
            group["lr"] = RATE * warm * (1 + np.cos(np.pi * start / len(x))) / 2
        logits, state = network(x[start : start + STEPS], state)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y[start : start + STEPS].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        state = tuple(part.detach() for part in state)
        losses.append(float(loss))
    return losses


def same_network(ours: nn.Module, symbols: int, size: int, hidden: int, layers: int) -> Plain:
    """The plain one with the weights of one that `build` made."""
    plain = Plain(symbols, size, hidden, layers)
    plain.embed.load_state_dict({"weight": ours.embed.weight})
    plain.lstm.load_state_dict(ours.core.layer.state_dict())
    plain.out.load_state_dict(ours.head.linear.state_dict())
    return plain


def training_speed(layers: int, hidden: int, characters: int, asked: float, rounds: int) -> Row:
    """Whole trainings of both sides in turn, after their losses were found equal."""
    text = sample()[0][:characters]
    encoding = TextEncoding.fit(text, "characters")
    order = {symbol: int(encoding.encode(symbol)[0]) for symbol in set(text)}
    given = estimator(layers, hidden)
    design = design_of(check_generator_options(given), encoding.size)
    torch.manual_seed(given.seed)
    first = build(design)
    shape = (encoding.size, design.embedding_size, hidden, layers)
    plain = plain_training(text, order, same_network(first, *shape))
    ours = estimator(layers, hidden).fit(text).history_.losses
    gap = max(abs(a - b) / a for a, b in zip(plain, ours, strict=True))
    if gap > 1e-2:
        raise AssertionError(f"Both sides learn the same: losses differ by up to {gap:.2g} of themselves.")
    timings = interleaved(
        [lambda: plain_training(text, order, same_network(first, *shape)), lambda: estimator(layers, hidden).fit(text)],
        rounds,
    )
    rates = [len(text) / timing.seconds for timing in timings]
    return {
        "layers": layers, "hidden": hidden, "characters": len(text), "gap": gap, "last_loss": ours[-1],
        "torch": rates[0], "ours": rates[1], "times as fast": rates[1] / rates[0], "asked": asked,
        "threads": [timing.threads for timing in timings], "samples_s": [timing.samples for timing in timings],
    }  # fmt: skip


def plain_writing(network: Plain, first: int) -> Callable[[], None]:
    """A text drawn symbol by symbol, as one writes it by hand."""

    def run() -> None:
        x, state = torch.tensor([[first]]), None
        with torch.no_grad():
            for _ in range(WRITTEN):
                logits, state = network(x, state)
                x = torch.multinomial(logits[0].softmax(-1), 1)

    return run


def writing_speed(rounds: int) -> Row:
    """Texts of both sides in turn, after their chances for the next symbol were found equal."""
    text = sample()[0][:20_000]
    model = estimator(1, 128).fit(text)
    design, read = model.design_, model.encoding_.encode(text[:200])
    plain = same_network(model.network_, design.symbols, design.embedding_size, 128, 1).eval()
    with torch.no_grad():
        theirs = plain(torch.from_numpy(read)[:, None], None)[0]
        ours = model.network_(torch.from_numpy(read)[:, None], None)[0]
    torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-4)
    sides = [plain_writing(plain, int(read[0])), lambda: model.generate(WRITTEN, text[0])]
    timings = interleaved(sides, rounds)
    rates = [WRITTEN / timing.seconds for timing in timings]
    return {
        "layers": 1, "hidden": 128, "torch": rates[0], "ours": rates[1], "times as fast": rates[1] / rates[0],
        "asked": WRITING_ASKED, "threads": [timing.threads for timing in timings],
        "samples_s": [timing.samples for timing in timings],
    }  # fmt: skip


def words(row: Row) -> str:
    """A row on a line."""
    if "nats" in row:
        if "kneser_ney" not in row:
            return f"{row['name']}: {row['nats']:.4f} nats a character; {row['seconds']:.0f} s"
        return (
            f"{row['name']}: {row['nats']:.4f} nats a character (Kneser-Ney {row['kneser_ney']:.4f}; asked "
            f"{row['asked'] or 'below it'}; published {row['published'] or '-'}); {row['seconds']:.0f} s"
        )
    return (
        f"{row['layers']} x {row['hidden']}: {row['ours']:,.0f} characters/s, torch {row['torch']:,.0f}: "
        f"{row['times as fast']:.2f} times as fast; asked {row['asked']}"
    )


def main() -> int:
    names = [*FILES, "averaging", "training", "writing"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "text.jsonl")
    options = parser.parse_args()
    folder, where = os.environ.get("THROUGHTIME_DATA"), provenance()
    for name in options.names or names:
        if name in FILES or name == "averaging":
            if not folder or not Path(folder).is_dir():
                print(f"{name} is read from THROUGHTIME_DATA, and it is not there: not measured.")
                continue
            found = averaging(Path(folder)) if name == "averaging" else [quality(name, Path(folder))]
        elif name == "training":
            found = [training_speed(*shape, options.rounds) for shape in SHAPES]
        else:
            found = [writing_speed(options.rounds)]
        for row in found:
            print(words(row), flush=True)
            if names_its_code(str(where["commit"])):
                store(options.results, {"question": f"text: {name}", **where, **row})
    return 0


if __name__ == "__main__":
    sys.exit(main())
