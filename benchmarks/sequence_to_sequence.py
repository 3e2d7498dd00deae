"""Does SequenceToSequence translate and copy, and what does a beam cost?

    multi30k   English to German captions, 29,000 pairs, as subwords, by default settings; the validation part chooses
               the epoch. BLEU (sacrebleu, tokenize=none) on test_2016, beam of 5, is to be 28 at least, in 60 minutes
    copy       20 symbols drawn from 26, told again by the likeliest symbol each time; sequences that training never
               showed. Exact matches are to be 99 % at least
    beam       H = 256, V = 5,000, one source: a step of a decoder with a beam of 5 is to cost twice that of a greedy
               one at most. That a beam of 1 finds what greedy decoding does is shown first

Data: THROUGHTIME_DATA, a folder as `throughtime data get` leaves it; copy and beam need none.

python -m benchmarks.sequence_to_sequence [NAME ...] [--runs DIR]
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.base.run_folder import RunFolder
from throughtime.bench import interleaved
from throughtime.tasks import SequenceToSequence
from throughtime.tasks.pair_intake import Pair, PairEncoding
from throughtime.tasks.pair_network import PairDesign, build
from throughtime.tasks.pair_options import check_pair_options
from throughtime.tasks.pair_writing import Manner, PairWriter

Row = dict[str, Any]
Texts = list[str]
BLEU_ASKED, BLEU_SECONDS, BEAM = 28.0, 3600, 5
PUBLISHED = "GRU with attention, text only, about 38 (Caglayan et al. 2017, recalled)"
LENGTH, LETTERS, SHOWN, TESTED, EXACT_ASKED, SEEDS = 20, "abcdefghijklmnopqrstuvwxyz", 8000, 1000, 0.99, 3
# What is to be told is certain, so that nothing is dropped or smoothed.
EXACTLY: dict[str, Any] = {
    "hidden_size": 64,
    "embedding_size": 32,
    "dropout": 0.0,
    "label_smoothing": 0.0,
    "learning_rate": 5e-3,
    "epochs": 8,
}
HIDDEN, SYMBOLS, SOURCE, STEPS, RATIO_ASKED = 256, 5000, 20, 30, 2.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(QUESTIONS), metavar="NAME", help=", ".join(QUESTIONS))
    parser.add_argument("--runs", type=Path, help="where trainings keep their checkpoints, and go on from them")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "sequence_to_sequence.jsonl")
    options = parser.parse_args()
    where = provenance()
    for name in options.names:
        row = QUESTIONS[name](options.runs)
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in row.items() if key != "raw"), flush=True)
        if names_its_code(str(where["commit"])):
            store(options.results, {"question": f"sequence to sequence: {name}", **where, **row})
    return 0


def multi30k(runs: Path | None) -> Row:
    folder = os.environ.get("THROUGHTIME_DATA")
    if not folder or not (Path(folder) / "multi30k_ende").is_dir():
        return {"said": "multi30k_ende is not there: set THROUGHTIME_DATA"}
    part = {name: captions(Path(folder), name) for name in ("train", "val", "test_2016_flickr")}
    began = time.process_time()
    model = SequenceToSequence(symbols="subwords", validation=part["val"], progress=True)
    with kept(runs, "multi30k") as run:
        model.fit(*part["train"], run=run)
    trained, began = time.process_time() - began, time.perf_counter()
    sources, targets = part["test_2016_flickr"]
    found = model.predict(sources, beam=BEAM)
    decoding = time.perf_counter() - began
    return {
        "bleu": bleu(found, targets),
        "bleu_greedy": bleu(model.predict(sources), targets),
        "bleu_validation": bleu(model.predict(part["val"][0], beam=BEAM), part["val"][1]),
        "asked": BLEU_ASKED,
        "published": PUBLISHED,
        "seconds": model.seconds_,
        "cpu_seconds": trained,
        "asked_seconds": BLEU_SECONDS,
        "decoding_seconds": decoding,
        "nats": model.score(sources, targets),
        "parameters": model.parameters_count_,
        "epochs": len(model.history_.epochs),
        "best_epoch": model.best_epoch_,
        "seed": model.seed,
        "raw": [[each.loss, each.validation] for each in model.history_.epochs],
        "shown": list(zip(sources[:5], found[:5], targets[:5], strict=True)),
    }


def captions(folder: Path, name: str) -> tuple[Texts, Texts]:
    """Lines of both sides."""
    paths = [folder / "multi30k_ende" / f"{name}.lc.norm.tok.{side}.gz" for side in ("en", "de")]
    ours, theirs = (gzip.decompress(path.read_bytes()).decode().splitlines() for path in paths)
    return ours, theirs


def bleu(found: Texts, wanted: Texts) -> float:
    """Of texts that are split into words already."""
    from sacrebleu.metrics import BLEU

    return float(BLEU(tokenize="none").corpus_score(found, [wanted]).score)


def copying(runs: Path | None) -> Row:
    found = [copied(seed) for seed in range(SEEDS)]
    exact = [each["exact"] for each in found]
    return {
        "exact": float(np.mean(exact)),
        "deviation": float(np.std(exact, ddof=1)),
        "asked": EXACT_ASKED,
        "settings": EXACTLY,
        "raw": found,
    }


def copied(seed: int) -> Row:
    """One training, on sequences of its own."""
    draws = np.random.default_rng(seed)
    shown, tested = (letters(draws, count) for count in (SHOWN, TESTED))
    known = set(map("".join, shown))
    tested = [each for each in tested if "".join(each) not in known]
    model = SequenceToSequence(**EXACTLY, seed=seed, progress=True).fit(shown, shown)
    greedy = [ours == theirs for ours, theirs in zip(model.predict(tested), tested, strict=True)]
    return {
        "exact": float(np.mean(greedy)),
        "tested": len(tested),
        "teacher_forced": float(np.concatenate(model.told(tested, tested)).mean()),
        "seconds": model.seconds_,
        "parameters": model.parameters_count_,
        "seed": seed,
        "validation": [each.validation for each in model.history_.epochs],
    }


def letters(draws: np.random.Generator, count: int) -> list[list[str]]:
    return [[LETTERS[place] for place in row] for row in draws.integers(0, len(LETTERS), (count, LENGTH))]


@contextmanager
def kept(runs: Path | None, name: str) -> Iterator[RunFolder | None]:
    """The run folder of a training, which goes on if it is there."""
    if runs is None:
        yield None
        return
    path = runs / name
    with RunFolder.open(path) if path.exists() else RunFolder.create(path, {}) as run:
        yield run


def beam(runs: Path | None) -> Row:
    writer, pair = untrained()
    (alone,) = writer.write([pair], Manner(STEPS, STEPS))
    (of_beam,) = writer.begun([pair]).beam(Manner(STEPS, STEPS))
    assert alone[0].symbols == of_beam[0].symbols
    ways: list[Callable[[], Any]] = [
        lambda width=width: writer.write([pair], Manner(STEPS, STEPS, width)) for width in (1, BEAM)
    ]
    greedy, wide = interleaved(ways, 30)
    return {
        "ratio": wide.seconds / greedy.seconds,
        "asked": RATIO_ASKED,
        "greedy_ms": 1000 * greedy.seconds / (STEPS + 1),
        "beam_ms": 1000 * wide.seconds / (STEPS + 1),
        "threads": [greedy.threads, wide.threads],
        "raw": [greedy.samples, wide.samples],
    }


def untrained() -> tuple[PairWriter, Pair]:
    """A network with the weights that training begins with, and a source."""
    usual = check_pair_options(SequenceToSequence())
    design = PairDesign(
        cell="lstm",
        sources=SYMBOLS,
        targets=SYMBOLS,
        embedding_size=usual.embedding_size,
        hidden_size=HIDDEN,
        num_layers=usual.num_layers,
        window_steps=usual.window_steps,
        dropout=usual.dropout,
        word_dropout=0.0,
        bidirectional=True,
        heads=usual.heads,
        copying=False,
        coverage=0.0,
        smoothing=0.0,
        mixing=False,
        tied=True,
    )
    torch.manual_seed(0)
    decoder, encoder = build(design)
    words: list[Any] = [tuple(f"w{place}" for place in range(SYMBOLS - 2))]
    encoding = PairEncoding.fit(words, words, ("words", "words"), copying=False, reverse=False, limit=None)
    return PairWriter(decoder, encoder, encoding), encoding.encode(words[0][:SOURCE])


QUESTIONS: dict[str, Callable[[Path | None], Row]] = {"multi30k": multi30k, "copy": copying, "beam": beam}


if __name__ == "__main__":
    sys.exit(main())
