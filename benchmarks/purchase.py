"""How much faster are purchases learned than by a plain torch loop with a softmax over all items, and as well?

    torch      nn.Embedding, nn.LSTM, nn.Linear over all items, CrossEntropyLoss, fused Adam; users of similar length
               side by side, padded, so that little is padding (packed sequences leave oneDNN, and are slower)
    ours       PurchasePredictor: histories packed into rows, a table of items at both ends, a sample of the items
    ours, all  the same with every item in the sample: the softmax over all of them

Same sizes, purchases an update, epochs, cosine schedule and clipping; each user's last purchase is told at the end.
Data are made by `recipes.synthetic_purchases`, not real. Quality is measured at a tenth of the users and items, where
all three sides can be trained with several seeds; speed and memory at the full size, updates of both sides in turn,
each at its best number of threads; there ours is trained to the end, in a process of its own. --whole does nothing
but train both sides there to the end, for a row of its own: the torch loop on the device that is named, since a CPU
takes an hour and more for each seed; ours on the CPU, so many seeds at once as it has cores.

python -m benchmarks.purchase [--short] [--whole DEVICE]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import throughtime as tt
from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.bench import interleaved
from throughtime.data.ragged import pad
from throughtime.nn.item_head import SampledSoftmax
from throughtime.recipes.synthetic_purchases import synthetic_purchases
from throughtime.tasks.histories import Histories
from throughtime.tasks.item_baselines import Markov, Popularity
from throughtime.tasks.item_ranking import USERS_AT_ONCE, last_ranks
from throughtime.tasks.purchase_fitting import prepare
from throughtime.tasks.purchase_network import head_of
from throughtime.tasks.purchase_options import check_purchase_options
from throughtime.tasks.purchase_rows import WINDOW_STEPS, PackedRows, choose_rows
from throughtime.tasks.purchases import PurchasePredictor

Row = dict[str, Any]
SIZE, ROWS, TOP, TOLD = 64, 64, 20, 10_000
# The best of .01, .02, .04, .08 for torch and of .01, .02 for ours, at a tenth of the size and three epochs.
RATES = {"torch": 4e-2, "ours": 2e-2}
FULL, TENTH, SMALL = (100_000, 50_000, 2_000_000), (10_000, 5_000, 200_000), (2_000, 2_000, 40_000)


@dataclass(frozen=True)
class Shop:
    """Purchases made up: those that train, as columns and as histories, and the users whose last one is told."""

    columns: tuple[np.ndarray, np.ndarray, np.ndarray]
    train: Histories
    told: Histories
    items: int

    @staticmethod
    def of(users: int, items: int, events: int) -> Shop:
        """Of so many."""
        made = synthetic_purchases(users, items, events)
        everyone, ids = Histories.of(made.users, made.items, made.times)
        everyone = everyone.renumbered(np.array(ids))
        train = everyone.without_last()
        who = np.repeat(np.array(train.users), train.lengths)
        told = everyone.some(np.flatnonzero(everyone.lengths > 1)[:TOLD])
        return Shop((who, train.items, np.arange(len(who))), train, told, items)

    @property
    def pairs(self) -> int:
        """Purchases told in an epoch."""
        return int((self.train.lengths - 1).clip(0).sum())


class Plain(nn.Module):
    """The rival."""

    def __init__(self, items: int) -> None:
        super().__init__()
        self.embed, self.lstm, self.out = nn.Embedding(items, SIZE), nn.LSTM(SIZE, SIZE), nn.Linear(SIZE, items)

    def forward(self, x: Tensor) -> Tensor:
        """Items [T, B] to features [T, B, H]."""
        return self.lstm(self.embed(x))[0]

    def scores(self, histories: Histories) -> Iterator[tuple[np.ndarray, Tensor]]:
        """As a `Ranker`."""
        order = np.argsort(histories.lengths)
        for start in range(0, len(order), USERS_AT_ONCE):
            places = order[start : start + USERS_AT_ONCE]
            x, ends = pad([histories.of_user(place) for place in places])
            with torch.no_grad():
                features = self(x.to(self.out.weight.device))
                yield places, self.out(features[ends - 1, torch.arange(len(places))]).cpu()


def batches(train: Histories, seed: int, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Users of similar length side by side, about ROWS * WINDOW_STEPS purchases to tell; x [T, B] and lengths."""
    rng, wanted = np.random.default_rng([seed, epoch]), ROWS * WINDOW_STEPS
    order = rng.permutation(np.flatnonzero(train.lengths > 1))
    some = max(1, round(32 * wanted / (train.lengths[order] - 1).mean()))  # users that are sorted together
    found = []
    for start in range(0, len(order), some):
        users = order[start : start + some]
        users = users[np.argsort(train.lengths[users], kind="stable")]
        place = (train.lengths[users] - 1).cumsum() // wanted
        found += np.split(users, np.flatnonzero(np.diff(place)) + 1)
    for place in rng.permutation(len(found)):
        yield pad([train.of_user(user) for user in found[place]])


def torch_step(network: Plain, optimizer: torch.optim.Optimizer, x: Tensor, lengths: Tensor) -> None:
    kept = torch.arange(len(x) - 1, device=x.device)[:, None] < lengths - 1
    loss = nn.functional.cross_entropy(network.out(network(x[:-1])[kept]), x[1:][kept])
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


def train_torch(shop: Shop, seed: int, epochs: int, device: str = "cpu") -> Plain:
    torch.manual_seed(seed)
    network = Plain(shop.items).to(device)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    done, total = 0, shop.pairs * epochs
    for epoch in range(epochs):
        for x, lengths in batches(shop.train, seed, epoch):
            for group in optimizer.param_groups:
                group["lr"] = RATES["torch"] * (1 + np.cos(np.pi * done / total)) / 2
            torch_step(network, optimizer, x.to(device), lengths.to(device))
            done += int((lengths - 1).sum())
    return network


def ours(seed: int, epochs: int, **changes: object) -> PurchasePredictor:
    settings = {"batch_size": ROWS, "learning_rate": RATES["ours"], "validation": None, "patience": None}
    return PurchasePredictor(seed=seed, epochs=epochs, progress=False, **{**settings, **changes})


def hits(ranks: np.ndarray) -> float:
    return float((ranks <= TOP).mean())


def hit_of_ours(predictor: PurchasePredictor, shop: Shop) -> float:
    who = np.repeat(np.array(shop.told.users), shop.told.lengths)
    return hits(predictor.ranks(who, shop.told.items))


def quality(size: tuple[int, int, int], seeds: int, epochs: int) -> list[Row]:
    """Hit@20 of every side and seed, and of the baselines, with each side's seconds."""
    shop = Shop.of(*size)
    rows: list[Row] = [
        {"side": name, "hit@20": [hits(last_ranks(ranker.fit(shop.train, shop.items), shop.told, shop.items))]}
        for name, ranker in (("popularity", Popularity()), ("markov", Markov()))
    ]
    sides: dict[str, Callable[[int], float]] = {
        "torch": lambda seed: hits(last_ranks(train_torch(shop, seed, epochs), shop.told, shop.items)),
        "ours": lambda seed: hit_of_ours(ours(seed, epochs).fit(*shop.columns), shop),
        "ours, all": lambda seed: hit_of_ours(ours(seed, epochs, samples=shop.items).fit(*shop.columns), shop),
    }
    for name, side in sides.items():
        began = time.perf_counter()
        found = [side(seed) for seed in range(seeds)]
        rows.append({"side": name, "hit@20": found, "seconds": time.perf_counter() - began})
    return rows


def updates_of_ours(shop: Shop, count: int) -> tuple[Callable[[], None], int]:
    """Some updates as `PurchasePredictor.fit` makes them, over and over, and the purchases they tell."""
    options = check_purchase_options(ours(0, 1))
    ready = prepare(options, shop.columns, None)
    network, items = ready.network, len(ready.catalogue)
    counts = torch.from_numpy(ready.catalogue.counts)
    loss = SampledSoftmax(head_of(network), counts, options.samples)
    optimizer = torch.optim.AdamW(network.parameters(), RATES["ours"], weight_decay=0.0, fused=True)
    rows = choose_rows(shop.pairs, ROWS)
    piece = PackedRows(ready.train, items, rows, 0, options.device)[0, 0]
    x, y, resets = (part[: count * WINDOW_STEPS] for part in (piece.x, piece.y, piece.resets))

    def run() -> None:
        for _ in tt.through_time(network, loss, x, y, tt.TBPTT(WINDOW_STEPS, WINDOW_STEPS), resets=resets):
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()

    return run, x.numel()


def updates_of_torch(shop: Shop, count: int) -> tuple[Callable[[], None], int]:
    network = Plain(shop.items)
    optimizer = torch.optim.Adam(network.parameters(), RATES["torch"], fused=True)
    some = [batch for batch, _ in zip(batches(shop.train, 0, 0), range(count), strict=False)]

    def run() -> None:
        for x, lengths in some:
            torch_step(network, optimizer, x, lengths)

    return run, int(sum((lengths - 1).sum() for _, lengths in some))


def speed(shop: Shop, rounds: int) -> list[Row]:
    """Purchases a second of both sides, updates in turn."""
    sides = {"torch": updates_of_torch(shop, 2), "ours": updates_of_ours(shop, 10)}
    timings = interleaved([run for run, _ in sides.values()], rounds)
    rates = [told / timing.seconds for (_, told), timing in zip(sides.values(), timings, strict=True)]
    return [
        {"side": name, "purchases_per_s": rate, "threads": timing.threads, "samples_s": timing.samples,
         "purchases": told, "times as fast": rate / rates[0]}
        for (name, (_, told)), timing, rate in zip(sides.items(), timings, rates, strict=True)
    ]  # fmt: skip


def trained(side: str, size: tuple[int, int, int], seed: int, epochs: int, threads: int, device: str = "cpu") -> Row:
    """One side trained to the end, with the peak of its process's memory; for a process of its own."""
    torch.set_num_threads(threads)
    shop = Shop.of(*size)
    began = time.perf_counter()
    if side == "torch":
        network = train_torch(shop, seed, epochs, device)
        seconds = time.perf_counter() - began
        found = hits(last_ranks(network, shop.told, shop.items))
    else:
        predictor = ours(seed, epochs).fit(*shop.columns)
        seconds = time.perf_counter() - began
        found = hit_of_ours(predictor, shop)
    rate = shop.pairs * epochs / seconds
    return {"side": side, "seed": seed, "hit@20": found, "seconds": seconds, "purchases_per_s": rate,
            "peak_bytes": peak_bytes(), "threads": threads, "device": _name(device), "epochs": epochs}  # fmt: skip


def _name(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def whole(size: tuple[int, int, int], seeds: int, epochs: int, device: str) -> list[Row]:
    """Both sides trained to the end, the torch loop on `device`; no more of ours at once than there are cores."""
    cores = os.cpu_count() or 1
    at_once = min(seeds, cores)
    with multiprocessing.get_context("spawn").Pool(at_once, maxtasksperchild=1) as pool:
        jobs = [("ours", size, seed, epochs, cores // at_once) for seed in range(seeds)]
        pending = pool.starmap_async(trained, jobs, chunksize=1)
        torches = [trained("torch", size, seed, epochs, 1, device) for seed in range(seeds)]
        return [*torches, *pending.get()]


def peak_bytes() -> int:
    """The most memory this process had at once."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status says nothing of VmHWM")


def alone(*arguments: object) -> Row:
    """`trained` in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(trained, arguments)


def shown(rows: list[Row]) -> None:
    for row in rows:
        found = row["hit@20"]
        values = found if isinstance(found, list) else [found]
        spread = f" +- {statistics.stdev(values):.4f} over {len(values)} seeds" if len(values) > 1 else ""
        extra = "".join(
            f", {name} {row[name]:,.0f}" for name in ("seconds", "purchases_per_s", "peak_bytes") if name in row
        )
        print(f"{row['side']:10} hit@20 {statistics.mean(values):.4f}{spread}{extra}", flush=True)


def full_measurement(options: argparse.Namespace) -> Row:
    """Quality at a smaller size, speed at the full one, and ours trained there."""
    small, rounds = (SMALL, 2) if options.short else (TENTH, options.rounds)
    row: Row = {"quality_users_items_events": small}
    row["quality"] = quality(small, options.seeds, options.epochs)
    shown(row["quality"])
    row["speed"] = speed(Shop.of(*FULL), rounds)
    for side in row["speed"]:
        print(f"{side['side']:10} {side['purchases_per_s']:,.0f} purchases/s, {side['times as fast']:.1f}x", flush=True)
    if not options.short:
        row["trained"] = [alone("ours", FULL, 0, options.epochs, row["speed"][-1]["threads"])]
        shown(row["trained"])
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="about a minute: small data, few rounds")
    parser.add_argument("--whole", metavar="DEVICE", help="nothing but both sides trained to the end at the full size")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "purchase.jsonl")
    options = parser.parse_args()
    where = provenance()
    full = SMALL if options.whole and options.short else FULL
    row: Row = {"full_users_items_events": full, "epochs": options.epochs, "E": SIZE, "H": SIZE, "rates": RATES}
    question = "purchases beside a full-softmax torch loop"
    if options.whole:
        question += ", both trained to the end"
        row["trained"] = whole(full, options.seeds, options.epochs, options.whole)
        shown(row["trained"])
    else:
        row |= full_measurement(options)
    if names_its_code(str(where["commit"])):
        store(options.results, {"question": question, **where, **row})
    return 0


if __name__ == "__main__":
    sys.exit(main())
