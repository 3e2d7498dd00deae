"""The estimator that learns sequences from sequences whose lengths have nothing to do with each other.

    fit         an encoder of sources, a decoder of targets, attention between them, from pairs or from lessons
    predict     the likeliest symbol each time, or the likeliest targets by a beam; `stream` tells them as they come
    score       nats a symbol; `told`: which symbols were the likeliest given the true ones before
    attention   where in the source it looks as it tells each symbol, and what it copies

What a kind of sequences asks for is asked of a medium: `pair_medium`.

Dimensions: N pairs, S symbols of a source, T symbols of a target.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from torch import Tensor

from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.tasks import saving
from throughtime.tasks.options import check_fitted
from throughtime.tasks.pair_medium import PairMedium
from throughtime.tasks.pair_options import check_pair_options
from throughtime.tasks.pair_writing import Manner, manner
from throughtime.train import History


class SequenceToSequence(BaseEstimator):
    """Learns to write a target for each source: translations, summaries, what a program prints.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window: no memory beyond it).
        hidden_size: units of each layer, and numbers of a place that attention looks at; a multiple of `heads`.
        num_layers: of the encoder and of the decoder each; each of the decoder's has an attention of its own.
        window_steps: symbols the perceptron sees, 1 .. 100,000.
        symbols: how texts become symbols: "words", "characters", "subwords", "jamo" or "bytes"; lists of symbols stay
            as they are.
        target_symbols: likewise of targets; None: as `symbols`.
        embedding_size: numbers that stand for a symbol.
        bidirectional: whether the encoder also reads backwards, with half its units; None: of recurrent cells.
        reverse: whether sources are read from their end, which brings their beginning close to that of the target.
        heads: questions that each symbol asks of the source side by side, by attention; 0: none, the encoder's last
            state alone tells of it.
        copy: whether symbols may be taken from the source where they stand, those that the vocabulary lacks, too; both
            sides then have one vocabulary.
        coverage: what looking again at places that were looked at counts in the loss, of `copy`, from the first update
            on; See et al. take 1, in a last phase. 0: attention does not know where it looked.
        label_smoothing: share of each target that is spread over all symbols in the loss, in [0, 1).
        tied: whether the output has the symbols' own vectors; None: of 500 symbols and more.
        word_dropout: share of the symbols before that are dropped in training, in [0, 1).
        source_limit: symbols of a source that are read, from its beginning; None: all.
        tbptt: schedule of backpropagation over targets, a `TBPTT` or text such as "20,20"; None: BPTT. What is
            truncated reaches the encoder from a target's first window only.
        memory: bytes, or text like "512MB", that an update may keep for its backward pass: of the encoder, which is
            kept whole, by a rule, and what is left of it in the decoder's windows, as in `through_time`; None: no
            bound.
        epochs: passes over the pairs that train, at most; None: about 4,000 updates, at most 60 epochs.
        batch_size: pairs of an update.
        learning_rate: above 0 and at most 10, the peak of a cosine schedule.
        weight_decay: 0 .. 100, decoupled (AdamW).
        dropout: share of what embeddings, layers and attention pass on that is dropped in training, in [0, 1).
        averaging: of the weights over updates, in [0, 1), as `train.Training` has it.
        validation: a share of the pairs in (0, 1); pairs (sources, targets); or None. It chooses the epoch that is
            kept. Lessons bring their own.
        patience: epochs without a better validation loss before training stops; None: never.
        device: of the networks, as torch names it; None: the CPU.
        seed: of first weights, dropout, order and what validates; 0 .. 2**63 - 1.
        checkpoint_every_s: seconds between checkpoints in a run folder, at least 0; None: they take 1/50 of the time.
        progress: True shows a bar on a terminal and lines elsewhere, None only the bar; False nothing.

    Attributes:
        network_: the trained decoder, a `Network` whose core is a `nn.source_attending.SourceAttending`.
        encoder_: the trained encoder.
        design_: their shape.
        encoding_: how pairs become numbers, and numbers targets.
        longest_: symbols of the longest target that trained.
        schedule_: the `TBPTT` used.
        history_, best_epoch_: what training did (`train.History`), None after `load`; the epoch kept, None without
            validation.
        parameters_count_, seconds_: numbers trained, and the time it took.
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int = 256,
        num_layers: int = 2,
        window_steps: int = 8,
        symbols: str = "words",
        target_symbols: str | None = None,
        embedding_size: int = 256,
        bidirectional: bool | None = None,
        reverse: bool = False,
        heads: int = 4,
        copy: bool = False,
        coverage: float = 0.0,
        label_smoothing: float = 0.1,
        tied: bool | None = None,
        word_dropout: float = 0.0,
        source_limit: int | None = None,
        tbptt: TBPTT | str | None = None,
        memory: int | str | None = "2GB",
        epochs: int | None = None,
        batch_size: int = 64,
        learning_rate: float = 4e-3,
        weight_decay: float = 0.01,
        dropout: float = 0.2,
        averaging: float = 0.99,
        validation: Any = 0.05,
        patience: int | None = None,
        device: str | torch.device | None = None,
        seed: int = 0,
        checkpoint_every_s: float | None = None,
        progress: bool | None = None,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.window_steps = window_steps
        self.symbols = symbols
        self.target_symbols = target_symbols
        self.embedding_size = embedding_size
        self.bidirectional = bidirectional
        self.reverse = reverse
        self.heads = heads
        self.copy = copy
        self.coverage = coverage
        self.label_smoothing = label_smoothing
        self.tied = tied
        self.word_dropout = word_dropout
        self.source_limit = source_limit
        self.tbptt = tbptt
        self.memory = memory
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.averaging = averaging
        self.validation = validation
        self.patience = patience
        self.device = device
        self.seed = seed
        self.checkpoint_every_s = checkpoint_every_s
        self.progress = progress

    def fit(
        self,
        sources: Any,
        targets: Any = None,
        *,
        run: RunFolder | None = None,
        group: torch.distributed.ProcessGroup | None = None,
    ) -> Self:
        """Train on pairs.

        Args:
            sources: a list or series of texts, or of lists of symbols that are texts; or `tasks.lessons.Lessons`, whose
                pairs change from epoch to epoch.
            targets: one of each source, likewise; of lessons nothing.
            run: an open run folder: training writes checkpoints and events there, and goes on from its newest one.
            group: a torch.distributed group: its ranks all call this and share out the rows; the first has the `run`.

        Where it fails or is stopped, the estimator stays as it was.

        Returns:
            The estimator.

        Raises:
            ConfigError: settings out of range, all named at once; fewer rows than ranks; `memory` does not hold the
                longest sources.
            DataError: sources or targets break a rule, or one is empty.
            ShapeError: there are not as many sources as targets.
            Interrupted: a signal stopped training; the checkpoint is written.
        """
        options = check_pair_options(self)
        own = None if self.validation is None or options.share is not None else self.validation
        medium, history, schedule = PairMedium.fit(sources, targets, own, options, run, group)
        self._keep(medium)
        self.schedule_ = schedule
        self.history_: History | None = history
        self.best_epoch_, self.seconds_ = history.best_epoch, history.seconds
        return self

    def predict(
        self,
        sources: Any,
        *,
        beam: int = 1,
        length_power: float = 0.0,
        least: int | None = None,
        most: int | None = None,
        best: int | None = None,
    ) -> list[Any]:
        """A target for each source. Symbols of a source that training never showed are read as the unknown one.

        Args:
            sources: as given to `fit`.
            beam: beginnings kept side by side to find the likeliest target; 1: the likeliest symbol each time.
            length_power: of a beam, as `decode.beam_search` takes it.
            least: symbols of a target at least; None: 0.
            most: symbols of a target at most; a longer one is cut there, and a notice says so. None: as many as the
                longest one of training.
            best: so many of each source's targets, at most `beam`; None: the best alone.

        Returns:
            A text of each source, or a list of symbols where targets were lists; with `best` a list of (target, log
            probability) of each source, the best first.

        Raises:
            NotFittedError: before `fit`.
            ConfigError: settings out of range.
            DataError: sources break a rule.
        """
        return self._fitted().predict(sources, self._manner(beam, length_power, least, most, best))

    def stream(self, source: Any, *, least: int | None = None, most: int | None = None) -> Iterator[str]:
        """The target of one source, told while it is written: pieces of text, or symbols; each time the likeliest.

        Args:
            source: one, as `fit` takes them in a list.
            least, most: as `predict` takes them.

        Raises:
            NotFittedError, ConfigError, DataError: as `predict`, at once.
        """
        return self._fitted().stream(source, self._manner(1, 0.0, least, most, None))

    def score(self, sources: Any, targets: Any) -> float:
        """Nats a symbol, the mean of -log p over all symbols of all targets, and their ends. Smaller is better.

        Args:
            sources, targets: as given to `fit`; symbols that training never showed count as the unknown one, unless
                they are copied.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: sources or targets break a rule.
        """
        return self._fitted().score(sources, targets)

    def told(self, sources: Any, targets: Any) -> list[NDArray[np.bool_]]:
        """Of each pair which of the target's symbols, and its end behind them, were the likeliest given the true ones
        before: [T + 1] each. Their mean is the accuracy that is called teacher-forced.

        Args:
            sources, targets: as given to `fit`.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: sources or targets break a rule.
        """
        return self._fitted().told(sources, targets)

    def attention(
        self, source: Any, target: Any = None
    ) -> tuple[list[Any], list[Any], NDArray[np.float64], NDArray[np.float64] | None]:
        """Where in a source it looks as it tells each symbol of a target.

        Args:
            source: one, as `fit` takes them in a list.
            target: which is told; None: the one of `predict`.

        Returns:
            The source's symbols, in the order in which they are read; the target's; weights [T, S] that sum to 1 over
            the source, the mean over the heads of the last layer; and with `copy` how much of each symbol's probability
            was taken from the source [T], else None.

        Raises:
            NotFittedError: before `fit`.
            ConfigError: it was fitted with heads=0.
            DataError: source or target breaks a rule.
        """
        return self._fitted().attention(source, target)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator into one file, atomically; `throughtime.load` reads it.

        Pairs given as `validation` are not kept.

        Args:
            path: the file, by custom ending in .safetensors.

        Raises:
            NotFittedError: before `fit`.
            WriteError: the system refused.
        """
        saving.save(path, self, self._fitted().weights())

    def fitted_state(self) -> dict[str, Any]:
        """What `fit` learned besides the weights, in plain lists and numbers; `restore` takes it."""
        return {
            "medium": self._fitted().to_dict(),
            "trained": {
                "schedule": str(self.schedule_),
                "best_epoch": self.best_epoch_,
                "seconds": self.seconds_,
            },
        }

    def restore(self, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
        """Become fitted with what `fitted_state` gave and the networks' weights.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they do not fit together.
        """
        options, trained = check_pair_options(self), state["trained"]
        medium = PairMedium.from_dict(state["medium"], weights)
        for part in medium.parts:
            part.to(options.device)
        self._keep(medium)
        self.schedule_ = TBPTT.parse(trained["schedule"])
        self.history_ = None
        self.best_epoch_, self.seconds_ = trained["best_epoch"], trained["seconds"]

    def _keep(self, medium: PairMedium) -> None:
        """Become fitted."""
        self._medium, self.network_, self.design_ = medium, medium.network, medium.design
        self.encoder_, self.encoding_, self.longest_ = medium.encoder, medium.encoding, medium.longest
        found = {id(parameter): parameter for part in medium.parts for parameter in part.parameters()}
        self.parameters_count_ = sum(parameter.numel() for parameter in found.values())

    def _fitted(self) -> PairMedium:
        check_fitted(self)
        return self._medium

    def _manner(self, beam: Any, length_power: Any, least: Any, most: Any, best: Any) -> Manner:
        return manner(beam, length_power, least, most, best, self._fitted().longest)
