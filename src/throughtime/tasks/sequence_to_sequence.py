"""The estimator that learns sequences from sequences whose lengths have nothing to do with each other.

    fit         an encoder of sources, a decoder of targets, attention between them, from pairs or from lessons;
                with a `horizon`: many series, several steps ahead
    predict     the likeliest symbol each time, or the likeliest targets by a beam; of series the steps after their last
    score       nats a symbol; of series their skill

What only symbols are asked is in `pair_methods`, what only series are in `ahead_methods`. What a kind of sequences asks
for is asked of a medium: `pair_medium` or `ahead_medium`.

Dimensions: N pairs, S symbols of a source, T symbols of a target; B series, H steps ahead, K targets, L levels.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.tasks import saving
from throughtime.tasks.ahead_medium import AheadMedium
from throughtime.tasks.ahead_methods import AheadMethods
from throughtime.tasks.ahead_options import AheadOptions, check_ahead
from throughtime.tasks.intake import plain
from throughtime.tasks.options import check_fitted, refuse_given
from throughtime.tasks.pair_medium import PairMedium
from throughtime.tasks.pair_methods import PairMethods
from throughtime.tasks.pair_options import PairOptions, check_pair_options
from throughtime.train import History


class SequenceToSequence(PairMethods, AheadMethods, BaseEstimator):
    """Learns to write a target for each source: translations, summaries, what a program prints; or, with a `horizon`,
    forecasts several steps of many series, numbers and intervals.

    Of series every target is a row by itself, and all rows share the network. It reads a window of a row in units of
    its own, a segment a step, beside a straight line from window to forecast: training begins at that line, and the
    layer adds what the line leaves. A window that reaches before a row's beginning is filled with its first value,
    missing values are carried forward and never scored, a row that has been constant is forecast as that constant, and
    forecasts that gain nothing over the last value where they are validated are that value.

    Where a default is None it is that of the kind: first of symbols, then of series.

    Args:
        horizon: steps of series to forecast, 1 .. 10,000; None: sources and targets are symbols.
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window: no memory beyond it).
        hidden_size: units of each layer; of symbols numbers of a place that attention looks at, too, a multiple of
            `heads`. None: 256; 64.
        num_layers: of the encoder and of the decoder each; of symbols each of the decoder's has an attention of its
            own. None: 2; 1.
        window_steps: symbols the perceptron sees, None: 8. Of series rows of history that are read for each forecast;
            None: as many as let a straight line forecast the validation part best. 1 .. 100,000.
        strategy: of series: "direct" (all steps at once), "recursive" (one step, fed its own forecasts) or "decoder"
            (step after step from the encoder's state).
        emission: of series: "student" or "gaussian", the distribution of a step.
        segment_steps: of series: rows that are one step of the layer; None: a season, or a twelfth of the window.
        season: of series: steps in a season, 1: there is none; None: found by a test.
        smoothing: of series: whether each learns a level and a season of its own, by exponential smoothing.
        log: of series: whether logarithms are read; None: if all values lie above 0 and it forecasts better.
        members: of series: networks trained side by side, whose forecasts are averaged.
        calendar: of series: as `SequencePredictor` has it.
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
        mixing: whether what the last layer tells and what it sees go through a layer of tanh together before the head:
            where symbols are computed from several places, as sums are, rather than taken from one.
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
        epochs: passes over the pairs that train, at most; None: about 4,000 updates, at most 60 epochs. Of series 50
            updates each; None: 10.
        batch_size: pairs of an update, or windows of series; None: 64; 512.
        learning_rate: above 0 and at most 10, the peak of a cosine schedule; None: 4e-3; 3e-3.
        weight_decay: 0 .. 100, decoupled (AdamW).
        dropout: share of what embeddings, layers and attention pass on that is dropped in training, in [0, 1); None:
            0.2; 0.3.
        averaging: of the weights over updates, in [0, 1), as `train.Training` has it.
        validation: a share of the pairs in (0, 1); pairs (sources, targets); or None. It chooses the epoch that is
            kept. Lessons bring their own. "auto": 0.05. Of series a share too, "auto": 0.2, the last rows of each; of
            100 rows (series times targets) and more the last `horizon` steps of each; or later series as
            `SequencePredictor` has them; it also tells how wide intervals are.
        patience: epochs without a better validation loss before training stops; None: never.
        device: of the networks, as torch names it; None: the CPU.
        seed: of first weights, dropout, order and what validates; 0 .. 2**63 - 1.
        checkpoint_every_s: seconds between checkpoints in a run folder, at least 0; None: they take 1/50 of the time.
        progress: True shows a bar on a terminal and lines elsewhere, None only the bar; False nothing.

    Attributes:
        network_: the trained decoder, a `Network` whose core is a `nn.source_attending.SourceAttending`; of series an
            `ahead_network.AheadNetwork`.
        design_: its shape.
        encoder_, encoding_: of symbols: the trained encoder; how pairs become numbers, and numbers targets.
        longest_: of symbols: those of the longest target that trained.
        columns_, targets_: of series: names of the columns read, and of those forecast.
        season_, calibration_: of series: steps in a season; what the validation part taught.
        schedule_: the `TBPTT` used.
        history_, best_epoch_: what training did (`train.History`), None after `load`; the epoch kept, None without
            validation.
        parameters_count_, seconds_: numbers trained, and the time it took.
    """

    def __init__(
        self,
        *,
        horizon: int | None = None,
        cell: str = "lstm",
        hidden_size: int | None = None,
        num_layers: int | None = None,
        window_steps: int | None = None,
        strategy: str = "direct",
        emission: str = "student",
        segment_steps: int | None = None,
        season: int | None = None,
        smoothing: bool = False,
        log: bool | None = None,
        members: int = 3,
        calendar: str | Sequence[str] = "auto",
        symbols: str = "words",
        target_symbols: str | None = None,
        embedding_size: int = 256,
        bidirectional: bool | None = None,
        reverse: bool = False,
        heads: int = 4,
        copy: bool = False,
        mixing: bool = False,
        coverage: float = 0.0,
        label_smoothing: float = 0.1,
        tied: bool | None = None,
        word_dropout: float = 0.0,
        source_limit: int | None = None,
        tbptt: TBPTT | str | None = None,
        memory: int | str | None = "2GB",
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        weight_decay: float = 0.01,
        dropout: float | None = None,
        averaging: float = 0.99,
        validation: Any = "auto",
        patience: int | None = None,
        device: str | torch.device | None = None,
        seed: int = 0,
        checkpoint_every_s: float | None = None,
        progress: bool | None = None,
    ) -> None:
        self.horizon = horizon
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.window_steps = window_steps
        self.strategy = strategy
        self.emission = emission
        self.segment_steps = segment_steps
        self.season = season
        self.smoothing = smoothing
        self.log = log
        self.members = members
        self.calendar = calendar
        self.symbols = symbols
        self.target_symbols = target_symbols
        self.embedding_size = embedding_size
        self.bidirectional = bidirectional
        self.reverse = reverse
        self.heads = heads
        self.copy = copy
        self.mixing = mixing
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
        id: str | None = None,
        time: str | Sequence[str] | None = None,
        target: str | int | Sequence[str | int] | None = None,
        known: str | int | Sequence[str | int] | None = None,
        run: RunFolder | None = None,
        group: torch.distributed.ProcessGroup | None = None,
    ) -> Self:
        """Train on pairs, or on series.

        Args:
            sources: a list or series of texts, or of lists of symbols that are texts; or `tasks.lessons.Lessons`, whose
                pairs change from epoch to epoch; or series, as `SequencePredictor.fit` takes them.
            targets: one of each source, likewise; of lessons and series nothing.
            id, time, target, known: of series: columns, as `SequencePredictor.fit` takes them.
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
        options = self._options()
        own = None if self.validation is None or options.share is not None else self.validation
        roles = {"id": id, "time": time, "target": target, "known": known}
        medium: PairMedium | AheadMedium
        if isinstance(options, AheadOptions):
            refuse_given("With a horizon, sources are series and tell their own targets", targets=targets)
            medium, history, schedule = AheadMedium.fit(plain(sources), plain(own), options, roles, run, group)
        else:
            refuse_given("Columns are of series, which need a horizon", **roles)
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
        no_repeat: int | None = None,
        level: Any = None,
        known: Any = None,
    ) -> Any:
        """A target for each source. Symbols of a source that training never showed are read as the unknown one.
        Of series the `horizon` steps after the last row of each.

        Args:
            sources: as given to `fit`; of series histories of at least `horizon` rows each.
            beam: beginnings kept side by side to find the likeliest target; 1: the likeliest symbol each time.
            length_power: of a beam, as `decode.beam_search` takes it.
            least: symbols of a target at least; None: 1, as those that trained have.
            most: symbols of a target at most; a longer one is cut there, and a notice says so. None: as many as the
                longest one of training.
            best: so many of each source's targets, at most `beam`; None: the best alone.
            no_repeat: so many symbols in a row stand in a target once at most; None: as often as they come.
            level: of series: percentages of the intervals wanted, such as [80, 95].
            known: of series: the columns known ahead: of frames a frame with id, time and those columns, `horizon` rows
                a series; of arrays [H, number of them] for each.

        Returns:
            A text of each source, or a list of symbols where targets were lists; with `best` a list of (target, log
            probability) of each source, the best first. Of frames a frame of their kind, `horizon` rows a series: id,
            time, NAME for each target; with levels NAME_lo_80 and NAME_hi_80. Of one array values [H, K], of a list one
            of each; with levels a pair of them and the interval ends [H, K, L, 2].

        Raises:
            NotFittedError: before `fit`.
            ConfigError: settings out of range.
            DataError: sources break a rule.
        """
        if isinstance(self._fitted(), AheadMedium):
            wanted = None if beam == 1 else beam
            asked = {"beam": wanted, "least": least, "most": most, "best": best, "no_repeat": no_repeat}
            refuse_given("Targets of symbols are searched", **asked)
            return self._predict_ahead(sources, level, known)
        refuse_given("Levels and known columns are of series", level=level, known=known)
        return self._pairs().predict(sources, self._manner(beam, length_power, least, most, best, no_repeat))

    def score(self, sources: Any, targets: Any = None) -> float:
        """Nats a symbol, the mean of -log p over all symbols of all targets, and their ends. Smaller is better. Of
        series the skill, of which more is better: 1 - error / error of the better of two rules, repeating the last
        value and repeating the last season; errors are absolute, over all steps ahead of the origins of `backtest`, in
        units of each row's mean absolute change over a step.

        Args:
            sources, targets: as given to `fit`; symbols that training never showed count as the unknown one, unless
                they are copied.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: sources or targets break a rule.
        """
        if isinstance(self._fitted(), AheadMedium):
            refuse_given("Series tell their own targets", targets=targets)
            return self._skill_ahead(sources)
        return self._pairs().score(sources, targets)

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
        options, trained = self._options(), state["trained"]
        kind = AheadMedium if isinstance(options, AheadOptions) else PairMedium
        medium: PairMedium | AheadMedium = kind.from_dict(state["medium"], weights)
        for part in medium.parts:
            part.to(options.device)
        self._keep(medium)
        self.schedule_ = TBPTT.parse(trained["schedule"])
        self.history_ = None
        self.best_epoch_, self.seconds_ = trained["best_epoch"], trained["seconds"]

    def _options(self) -> PairOptions | AheadOptions:
        return check_pair_options(self) if self.horizon is None else check_ahead(self)

    def _keep(self, medium: PairMedium | AheadMedium) -> None:
        """Become fitted."""
        self._medium, self.network_, self.design_ = medium, medium.network, medium.design
        if isinstance(medium, AheadMedium):
            names = medium.reader.arguments
            self.columns_, self.targets_ = tuple(names["columns"]), tuple(names["target"])
            self.season_, self.calibration_ = medium.season, medium.calibration
        else:
            self.encoder_, self.encoding_, self.longest_ = medium.encoder, medium.encoding, medium.longest
        found = {id(parameter): parameter for part in medium.parts for parameter in part.parameters()}
        self.parameters_count_ = sum(parameter.numel() for parameter in found.values())

    def _fitted(self) -> PairMedium | AheadMedium:
        check_fitted(self)
        return self._medium
