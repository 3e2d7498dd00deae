"""The methods that purchases are told by, each fitted on the same purchases and ranked on the same ones.

Popularity, Markov and neighbours are `tasks.item_baselines`; perceptron, Elman RNN and LSTM go through one estimator,
`tasks.PurchasePredictor`, with the same settings and the same schedule.

Dimensions: N users that are scored, V items.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch.distributed as dist

from throughtime import metrics
from throughtime.base.run_folder import RunFolder
from throughtime.recipes.purchase.problem import Problem
from throughtime.recipes.purchase.settings import Model
from throughtime.recipes.settings import Cell
from throughtime.tasks import PurchasePredictor
from throughtime.tasks.histories import Codes, Histories
from throughtime.tasks.item_baselines import Markov, Neighbours, Popularity
from throughtime.tasks.item_ranking import Ranker, WithoutSeen, last_ranks
from throughtime.tasks.purchase_fitting import prepare
from throughtime.tasks.purchase_options import check_purchase_options
from throughtime.tasks.purchase_rows import choose_rows
from throughtime.train.ranks import Ranks, refuse_too_few

RULES = ("popularity", "first-order Markov", "item neighbours")
NETWORKS: dict[str, Cell] = {"perceptron": "perceptron", "Elman RNN": "rnn", "LSTM": "lstm"}
# From the last purchase alone to all alike.
DECAYS = (0.3, 0.5, 0.7, 0.85, 1.0)
# Users that choose among them: neighbours of many items take a minute for ten thousand users.
MOST_CHOOSING = 1_000


@dataclass(frozen=True)
class Trial:
    """What one fit of one method came to.

    Args:
        method: its name.
        ranks: [N] of the purchases told, inf where an item is not known.
        parameters: numbers fitted; None where they are counts.
        seconds: of fitting, choice on the validation part included.
        choice: what validation chose, in words; empty where there is nothing to choose.
    """

    method: str
    ranks: np.ndarray
    parameters: int | None
    seconds: float
    choice: str

    def scores(self, top: int) -> dict[str, float]:
        """Hit, NDCG and reciprocal rank by their headings."""
        return scores_of(self.ranks, top)


def scores_of(ranks: np.ndarray, top: int) -> dict[str, float]:
    """Hit, NDCG and reciprocal rank by their headings.

    Args:
        ranks: [N] from 1, inf where an item is not known.
        top: items that Hit and NDCG look at.
    """
    there = np.ones(len(ranks))
    return {
        f"Hit@{top}": metrics.hit_rate(there, ranks, top),
        f"NDCG@{top}": metrics.ndcg(there, ranks, top),
        "MRR": metrics.reciprocal_rank(there, ranks),
    }


def try_rule(problem: Problem, name: str, top: int) -> Trial:
    """Fit one of `RULES` and rank what is to be told."""
    began = time.perf_counter()
    ranker, choice = rule(problem, name, top)
    seconds = time.perf_counter() - began
    return Trial(name, ranks_by(ranker, problem), None, seconds, choice)


def try_network(problem: Problem, name: str, model: Model, tbptt: str, seed: int) -> Trial:
    """Fit one of `NETWORKS` from one seed and rank what is to be told."""
    predictor = fit_network(problem, replace(model, cell=NETWORKS[name], seed=seed), tbptt)
    ranks = ranks_of_model(predictor, problem)
    return Trial(name, ranks, predictor.parameters_count_, predictor.seconds_, "")


def rule(problem: Problem, name: str, top: int) -> tuple[Ranker, str]:
    """One of `RULES`, fitted, and what validation chose of it by Hit@top, in words."""
    items = len(problem.catalogue)
    train = problem.train.renumbered(problem.catalogue.numbers(problem.ids))
    makers: dict[str, Callable[[], Popularity | Markov]] = {RULES[0]: Popularity, RULES[1]: Markov}
    if name in makers:
        return makers[name]().fit(train, items), ""
    fitted = {decay: Neighbours(decay).fit(train, items) for decay in DECAYS}
    few = np.arange(0, len(problem.validating), -(-len(problem.validating) // MOST_CHOOSING))
    held = problem.validating.some(few)
    found = {decay: float((ranks_by(each, problem, held) <= top).mean()) for decay, each in fitted.items()}
    best = max(found, key=lambda decay: found[decay])
    return fitted[best], f"a purchase counts {best:g} times the one after it"


def ranks_by(ranker: Ranker, problem: Problem, histories: Histories | None = None) -> np.ndarray:
    """The ranks [N] that a rule of the problem gives last purchases, inf for those of no known item.

    Args:
        ranker: it numbers items as the problem's catalogue does.
        problem: whose purchases they are.
        histories: with the purchase to tell at the end; None: those to be told.
    """
    own = (problem.told if histories is None else histories).renumbered(problem.catalogue.numbers(problem.ids))
    return _ranks(ranker, own, len(problem.catalogue), problem.masked)


def ranks_of_model(predictor: PurchasePredictor, problem: Problem) -> np.ndarray:
    """The ranks [N] that a fitted estimator gives what is to be told, inf for items it does not know."""
    own = problem.told.renumbered(problem.known_by(predictor.items_))
    return _ranks(predictor, own, len(predictor.items_), problem.masked)


def ranks_of_popularity(predictor: PurchasePredictor, problem: Problem) -> np.ndarray:
    """The ranks [N] by how often items were bought in a fitted estimator's training."""
    own = problem.told.renumbered(problem.known_by(predictor.items_))
    share = predictor.network_.embed.log_share.double().exp().cpu().numpy()  # type: ignore[union-attr, operator]
    rule = Popularity()
    rule.share_ = share / share.sum()
    return _ranks(rule, own, len(predictor.items_), problem.masked)


def fit_network(
    problem: Problem,
    model: Model,
    tbptt: str,
    *,
    run: RunFolder | None = None,
    progress: bool = False,
    group: dist.ProcessGroup | None = None,
) -> PurchasePredictor:
    """Train a network on the training purchases; those that validate stop it.

    Args:
        problem: the purchases.
        model: network and training.
        tbptt: schedule, such as "40,40".
        run: folder that keeps checkpoints and events, and from which an interrupted training goes on.
        progress: whether to show a progress bar.
        group: ranks that train together.

    Raises:
        Interrupted: by Ctrl-C or SIGTERM, after a checkpoint.
    """
    return _predictor(problem, model, tbptt, progress).fit(*problem.columns(problem.train), run=run, group=group)


def check_network(problem: Problem, model: Model, tbptt: str | None, ranks: Ranks | None = None) -> None:
    """Raise what `fit_network` would raise before its first update, at the cost of building the network.

    Raises:
        ConfigError, DataError, ScheduleError: the settings do not fit the purchases or each other.
        MemoryError, RuntimeError: the network is larger than the memory.
    """
    estimator = _predictor(problem, model, tbptt, False)
    options = check_purchase_options(estimator)
    ready = prepare(options, (*problem.columns(problem.train), None), estimator.validation)
    pairs = int((ready.train.lengths - 1).clip(0).sum())
    refuse_too_few(choose_rows(pairs, options.batch_size), ranks or Ranks())


def _predictor(problem: Problem, model: Model, tbptt: str | None, progress: bool) -> PurchasePredictor:
    return PurchasePredictor(
        cell=model.cell,
        hidden_size=model.hidden_size,
        embedding_size=model.embedding_size,
        num_layers=model.num_layers,
        window_steps=model.window_steps,
        samples=model.samples,
        least_count=model.least_count,
        tbptt=tbptt,
        memory=model.memory,
        epochs=model.epochs,
        batch_size=model.batch_size,
        learning_rate=model.learning_rate,
        weight_decay=model.weight_decay,
        dropout=model.dropout,
        validation=problem.columns(problem.validating),
        patience=model.patience,
        device=model.device,
        seed=model.seed,
        progress=progress,
    )


def _ranks(ranker: Ranker, histories: Histories, items: int, masked: bool) -> np.ndarray:
    ranks: Codes = last_ranks(WithoutSeen(ranker) if masked else ranker, histories, items)
    return np.where(ranks > items, np.inf, ranks.astype(np.float64))
