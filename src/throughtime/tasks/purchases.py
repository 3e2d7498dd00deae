"""The estimator for purchases: which of very many items each user buys next, from what the user bought before.

    fit        TBPTT(k, k) over all histories, packed into rows; an update scores a sample of the items
    predict    the likeliest items after each user's last purchase, by the softmax over all of them

Users need not be known: what is read of one is the history. How it is put in order is told in `histories`, how it is
packed in `purchase_rows`, the network in `purchase_network`, its loss in `nn.item_head`.

Dimensions: N purchases, U users, V items.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from torch import Tensor

from throughtime.base.checks import Checks
from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.data.pandas_frames import to_pandas
from throughtime.nn import Network
from throughtime.tasks import saving
from throughtime.tasks.histories import Catalogue, Codes, Histories
from throughtime.tasks.item_ranking import last_ranks, top_items, without
from throughtime.tasks.options import check_fitted
from throughtime.tasks.purchase_fitting import design_of, prepare, train_network
from throughtime.tasks.purchase_network import after_histories, build, head_of, read
from throughtime.tasks.purchase_options import check_purchase_options
from throughtime.train import History

HIT_AT = 20  # items of a recommendation that `score` looks at
_TIED = "head.table."  # of weights that the embed has, too
_PLAIN_KINDS = {int, float, str, dt.date, dt.datetime}  # those a column holds as they are


class PurchaseSession:
    """The state of one user between purchases; made by `PurchasePredictor.session`.

    Attributes:
        bought: numbers of the items read so far.
        state: the network's state after them; None before the first.
    """

    def __init__(self) -> None:
        self.bought: list[int] = []
        self.state: Any = None


class PurchasePredictor(BaseEstimator):
    """Tells which item a user buys next.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window: no memory beyond it).
        hidden_size: units of each layer, 1 .. 65,536.
        embedding_size: numbers an item has, at the input and at the output, 1 .. 65,536.
        num_layers: 1 .. 1,000.
        window_steps: purchases the perceptron sees, 1 .. 100,000; others have no window.
        samples: items an update scores beside those bought, at least 1; where there are not more, all are scored. The
            popular ones are always among them.
        least_count: items bought less often in training are not known: read as one and the same, never told.
        tbptt: schedule of backpropagation: a `TBPTT`, text such as "40,40", or None: TBPTT(k, k) with k <= 40, shorter
            where an epoch would have fewer than about 20 updates.
        memory: bytes, or text like "512MB", that an update may keep for its backward pass, as in `through_time`.
        epochs: passes over the purchases, at most; at least 1.
        batch_size: rows that histories are packed into, at most; an update has so many times k purchases.
        learning_rate: above 0 and at most 10, the peak of a cosine schedule.
        weight_decay: 0 .. 100, decoupled (AdamW).
        dropout: share of the layers' outputs dropped in training, in [0, 1).
        validation: a share in (0, 1) of the users, 5,000 at most: their last purchase does not train; a tuple of
            columns (users, items, times), each user's last purchase told from those before it; or None.
        patience: epochs without a better validation loss before training stops; None: never.
        device: of the network, as torch names it; None: the CPU.
        seed: of first weights, samples, dropout, the order of users and which of them validate; 0 .. 2**63 - 1.
        progress: True shows a bar on a terminal and lines elsewhere, None only the bar, and both the schedule; False
            nothing.

    Attributes:
        items_: ids of the V items known, from the most bought one on.
        network_: the trained `Network`; its embed is the table of items, `network_.core.layer` the LSTM,
            RNN or perceptron.
        schedule_: the `TBPTT` used.
        history_, best_epoch_: what training did (`train.History`), None after `load`; the epoch kept, None without
            validation.
        parameters_count_, seconds_: numbers trained, and the time it took.
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int = 64,
        embedding_size: int = 64,
        num_layers: int = 1,
        window_steps: int = 5,
        samples: int = 1024,
        least_count: int = 1,
        tbptt: TBPTT | str | None = None,
        memory: int | str | None = None,
        epochs: int = 8,
        batch_size: int = 64,
        learning_rate: float = 2e-2,
        weight_decay: float = 0.1,
        dropout: float = 0.2,
        validation: Any = 0.1,
        patience: int | None = 2,
        device: str | torch.device | None = None,
        seed: int = 0,
        progress: bool | None = None,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.embedding_size = embedding_size
        self.num_layers = num_layers
        self.window_steps = window_steps
        self.samples = samples
        self.least_count = least_count
        self.tbptt = tbptt
        self.memory = memory
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.validation = validation
        self.patience = patience
        self.device = device
        self.seed = seed
        self.progress = progress

    def fit(
        self,
        users: Any,
        items: Any,
        times: Any = None,
        *,
        run: RunFolder | None = None,
        group: torch.distributed.ProcessGroup | None = None,
    ) -> Self:
        """Train on purchases.

        Args:
            users: [N] ids, an array, list, or pandas or polars series; any values that can be keys of a dict.
            items: [N] ids, likewise. 1 and "1" are two ids.
            times: [N] numbers or dates; None: rows are in the order of time. Purchases of equal time are in the order
                of rows.
            run: an open run folder: training writes checkpoints and events there, and goes on from its newest one.
            group: a torch.distributed group: its ranks all call this and share out the rows; the first has the `run`.

        Where it fails or is stopped, the estimator stays as it was.

        Returns:
            The estimator.

        Raises:
            ConfigError: settings out of range, all named at once; fewer rows than ranks.
            DataError, ShapeError: the columns break a rule, or no user has two purchases.
            Interrupted: a signal stopped training; the checkpoint is written.
        """
        options = check_purchase_options(self)
        ready = prepare(options, (users, items, times), self.validation)
        history, schedule = train_network(ready, options, run, group)
        self._keep(ready.catalogue, ready.network, schedule)
        self.history_: History | None = history
        self.best_epoch_, self.seconds_ = history.best_epoch, history.seconds
        return self

    def predict(self, users: Any, items: Any, times: Any = None, *, top: int = 20, exclude_seen: bool = False) -> Any:
        """The items each user is likeliest to buy next.

        Args:
            users, items, times: histories, as given to `fit`, of the same or other users.
            top: items wanted for each user, at least 1; where there are fewer, all of them.
            exclude_seen: leave out what the user bought before; a user to whom fewer items are left gets fewer.

        Returns:
            A frame, of pandas where `users` is a series of pandas, else of polars: user, rank from 1, item, and
            probability that it is the next, by the softmax over all items. Users are in the order they came. Ids that
            are not all numbers, texts or dates stay Python's own values.

        Raises:
            NotFittedError: before `fit`.
            ConfigError: `top` is out of range.
            DataError, ShapeError: the columns break a rule.
        """
        top = self._wanted(top)
        histories = self._read(users, items, times)
        found = np.full((len(histories), top), -1, dtype=np.int64)
        probability = np.zeros((len(histories), top))
        for places, output in after_histories(self.network_, histories):
            seen = [histories.of_user(place) for place in places] if exclude_seen else None
            found[places], probability[places] = self._best(output, top, seen)
        who, rank = np.nonzero(found >= 0)
        frame = pl.DataFrame(
            [
                _column("user", (histories.users[place] for place in who.tolist()), _are_plain(histories.users)),
                pl.Series("rank", rank + 1),
                self._named(found[who, rank]),
                pl.Series("probability", probability[who, rank]),
            ]
        )
        return to_pandas(frame) if type(users).__module__.partition(".")[0] == "pandas" else frame

    def ranks(self, users: Any, items: Any, times: Any = None) -> Codes:
        """The rank of each user's last purchase among all items, told from those before it.

        Args:
            users, items, times: as given to `fit`.

        Returns:
            [U'] int64 from 1, of the users with two purchases, in the order they came; V + 1 where the last purchase
            is of no known item.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: the columns break a rule, or no user has two purchases.
        """
        check_fitted(self)
        histories = self._read(users, items, times)
        able = np.flatnonzero(histories.lengths > 1)
        if not len(able):
            raise DataError(
                "A last purchase is told from those before it: no user has two. Give histories with what to tell."
            )
        return last_ranks(self, histories.some(able), len(self.items_))

    def score(self, users: Any, items: Any, times: Any = None) -> float:
        """Hit@20: the share of users whose last purchase is among the 20 items told from those before it.

        Args:
            users, items, times: as `ranks` takes them; users with one purchase do not count.

        Raises:
            NotFittedError, DataError, ShapeError: as `ranks`.
        """
        return float((self.ranks(users, items, times) <= HIT_AT).mean())

    def scores(self, histories: Histories) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """As an `item_ranking.Ranker`; scores are unnormalised log-probabilities."""
        for places, output in after_histories(self.network_, histories):
            with torch.no_grad():
                yield places, head_of(self.network_).scores(output)

    def session(self) -> PurchaseSession:
        """A place that keeps one user's state between calls of `predict_online`."""
        check_fitted(self)
        return PurchaseSession()

    def predict_online(
        self, item: Hashable, session: PurchaseSession, *, top: int = 20, exclude_seen: bool = False
    ) -> pl.DataFrame:
        """Read one purchase and tell the next; equals `predict` on all purchases read so far.

        Args:
            item: id of what was bought.
            session: from `session()`; it is moved on.
            top, exclude_seen: as in `predict`.

        Returns:
            A polars frame: rank, item, probability.

        Raises:
            NotFittedError: before `fit`.
            ConfigError: `top` is out of range.
        """
        top = self._wanted(top)
        number = self._catalogue.number(item)
        items = torch.tensor([[number]], device=next(self.network_.parameters()).device)
        output, session.state = read(self.network_, items, session.state)
        session.bought.append(number)
        found, probability = self._best(output[0], top, [np.array(session.bought)] if exclude_seen else None)
        kept = found[0] >= 0
        rank = pl.Series("rank", np.arange(1, kept.sum() + 1))
        return pl.DataFrame([rank, self._named(found[0][kept]), pl.Series("probability", probability[0][kept])])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator into one file, atomically; `throughtime.load` reads it.

        Columns given as `validation` are not kept.

        Args:
            path: the file, by custom ending in .safetensors.

        Raises:
            NotFittedError: before `fit`.
            DataError: an item's id is neither a whole number nor a text.
            WriteError: the system refused.
        """
        check_fitted(self)
        weights = self.network_.state_dict()
        saving.save(path, self, {name: weights[name] for name in weights if not name.startswith(_TIED)})

    def fitted_state(self) -> dict[str, Any]:
        """What `fit` learned besides the weights, in plain lists and numbers; `restore` takes it.

        Raises:
            NotFittedError: before `fit`.
            DataError: an item's id is neither a whole number nor a text.
        """
        check_fitted(self)
        strange = next((item for item in self.items_ if type(item) not in (int, str)), None)
        if strange is not None:
            raise DataError(
                f"A file holds ids that are whole numbers or texts: {strange!r} is an item. Train on such ids."
            )
        return {
            "catalogue": {"items": list(self.items_), "counts": self._catalogue.counts.tolist()},
            "trained": {"schedule": str(self.schedule_), "best_epoch": self.best_epoch_, "seconds": self.seconds_},
        }

    def restore(self, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
        """Become fitted with what `fitted_state` gave and the network's weights, the tied table once.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they do not fit together.
        """
        options, trained = check_purchase_options(self), state["trained"]
        items, counts = state["catalogue"]["items"], state["catalogue"]["counts"]
        catalogue = Catalogue(tuple(items), np.array(counts, dtype=np.int64))
        network = build(design_of(options, len(catalogue)))
        tied = {f"{_TIED}{name}": weights[f"embed.{name}"] for name in ("weight", "bias", "log_share")}
        network.load_state_dict({**weights, **tied})
        self._keep(catalogue, network.to(options.device).eval(), TBPTT.parse(trained["schedule"]))
        self.history_ = None
        self.best_epoch_, self.seconds_ = trained["best_epoch"], trained["seconds"]

    def _keep(self, catalogue: Catalogue, network: Network, schedule: TBPTT) -> None:
        """Become fitted."""
        self._catalogue, self.items_ = catalogue, catalogue.items
        self._plain = _are_plain(self.items_)
        self.network_, self.schedule_ = network, schedule
        self.parameters_count_ = sum(parameter.numel() for parameter in network.parameters())

    def _wanted(self, top: int) -> int:
        check_fitted(self)
        checks = Checks()
        top = checks.whole("top", top)
        checks.report("A prediction of purchases")
        return min(top, len(self.items_))

    def _read(self, users: Any, items: Any, times: Any) -> Histories:
        histories, ids = Histories.of(users, items, times)
        return histories.renumbered(self._catalogue.numbers(ids))

    def _named(self, numbers: Codes) -> pl.Series:
        return _column("item", (self.items_[number] for number in numbers.tolist()), self._plain)

    def _best(self, output: Tensor, top: int, seen: Sequence[Codes] | None) -> tuple[Codes, NDArray[np.float64]]:
        """Numbers and probabilities [N, top] of the likeliest items after outputs [N, E]; -1 where none is left."""
        with torch.no_grad():
            scores = head_of(self.network_).scores(output)
            total = scores.logsumexp(1, keepdim=True)
            scores = scores if seen is None else without(scores, seen)
            found = top_items(scores, top)
            best = scores.gather(1, found)
            found = found.masked_fill(best.isinf(), -1)
        return found.cpu().numpy(), (best - total).exp().double().cpu().numpy()


def _column(name: str, ids: Iterable[Hashable], plain: bool) -> pl.Series:
    """Ids as a column of their kind, or of Python's own values."""
    return pl.Series(name, list(ids)) if plain else pl.Series(name, list(ids), dtype=pl.Object)


def _are_plain(ids: Iterable[Hashable]) -> bool:
    """Whether they are all of one kind that a column holds."""
    kinds = {type(each) for each in ids}
    return len(kinds) == 1 and kinds <= _PLAIN_KINDS
