"""The estimator for whole sequences: which class each is of, with probabilities.

    fit              full BPTT from one label a sequence; validation chooses design and epoch, and calibrates
    predict          the class of each sequence
    predict_online   the same step by step

How sequences become numbers is told in `sequences`, the network's shape in `label_network`, what validation chooses in
`label_choosing`, and how it is trained in `label_learning`.

Dimensions: N sequences, T steps (each its own), C variables, K classes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from torch import Tensor

from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.nn import Network
from throughtime.tasks import saving
from throughtime.tasks.label_choosing import Candidate, candidates_of
from throughtime.tasks.label_learning import learn
from throughtime.tasks.label_network import LabelDesign, build, logits, probabilities
from throughtime.tasks.label_online import LabelSession
from throughtime.tasks.label_options import LabelOptions, check_label_options
from throughtime.tasks.label_parts import Shared, encoded_parts, share_out
from throughtime.tasks.labels import as_labels, class_weights, classes_of, numbered
from throughtime.tasks.options import check_fitted
from throughtime.tasks.sequences import SequenceEncoding, as_sequences, splits_to_try
from throughtime.train import History

# Few letters need few numbers to be told apart; what words mean is not said in few.
LEAST_EMBEDDING, MOST_EMBEDDING = 16, 128


class SequenceClassifier(ClassifierMixin, BaseEstimator):
    """Tells classes of sequences apart: series, texts, DNA.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window below the pools: no memory beyond it).
        hidden_size: units of each layer and direction, 1 .. 65,536.
        num_layers: 1 .. 1,000.
        window_steps: steps the perceptron sees, 1 .. 100,000.
        bidirectional: whether the layers read both ways. One that reads forward only can be trained in windows, and
            `predict_online` then takes constant memory.
        symbols: how texts become symbols: "auto" (words where they hold spaces, else characters; of few letters, such
            as DNA's, validation decides between them and 6-mers where the window is its to decide), "characters",
            "words", "subwords", "jamo", "bytes", "6-mers" (each letter with the five before it); "items": lists of
            symbols stay as they are.
        embedding_size: numbers that stand for a symbol; None: as many as there are symbols, 16 to 128.
        positions: whether the network is told a step's place; "auto": validation decides where all sequences have
            the same number of steps, else it is not.
        front_steps: steps that a window below the layers sees, 0 for none; "auto": validation decides between 7 and
            none, but for words, which have none.
        pools: of the steps' outputs, beside each other: some of "last", "mean", "max", "attention".
        tbptt: schedule of backpropagation, a `TBPTT` or text such as "50,50", for networks that read forward only;
            None: BPTT, whatever the length. (One label stands at the end: windows would learn from the last alone.)
        memory: bytes, or text like "512MB", that an update may keep for its backward pass, as in `through_time`.
        epochs: passes over the training part, at most; None: about 1,500 updates, 8 to 150 epochs.
        batch_size: sequences of an update, at least 1; None: a tenth of them, 8 to 32.
        learning_rate: above 0 and at most 10, the peak of a cosine schedule.
        weight_decay: 0 .. 100, decoupled (AdamW).
        dropout: share of the pools' features dropped in training, and of those between layers, in [0, 1).
        embedding_dropout: share of the features of words, subwords, 6-mers or items dropped, one mask a sequence, in
            [0, 1).
        word_dropout: share of words, subwords, 6-mers or items dropped, in [0, 1).
        label_smoothing: share of each label spread over all classes in the loss, in [0, 1).
        class_weight: None, "balanced", or a mapping of class to a number above 0: what it counts in the loss.
        averaging: of the weights over updates, in [0, 1), as `train.Training` has it.
        validation: a share in (0, 1) of each class; a pair (sequences, labels); or None: all train, for all epochs,
            nothing is chosen, and what is "auto" is not there. Of fewer than 1,000 sequences a share is taken by folds:
            they choose, and the training is on all sequences, for all epochs.
        refit: whether, after a share held out has chosen the epoch, the network is trained anew on all sequences up to
            it; what it learned of the share alone is lost otherwise.
        ensemble: networks from different first weights whose logits are averaged, 1 .. 1,000; None: 5 where fewer than
            1,000 sequences train, 3 where fewer than 10,000 do, else 1.
        patience: epochs without a better validation loss before training stops; None: never.
        device: of the network, as torch names it; None: the CPU.
        seed: of first weights, dropout, order and the part held out; 0 .. 2**63 - 1.
        checkpoint_every_s: seconds between checkpoints in a run folder, at least 0; None: they take 1/50 of the time.
        progress: True shows a bar on a terminal and lines elsewhere, None only the bar, and both what validation
            chose; False nothing.

    Attributes:
        classes_: the labels, in order: columns of `predict_proba`.
        network_: the trained `Network`.
        design_: its shape (`label_network.LabelDesign`).
        temperature_: by which logits are divided, chosen by validation.
        chosen_: what validation chose, a line each.
        schedule_: the `TBPTT` used.
        history_, best_epoch_: what training did (`train.History`), None after `load`; the epoch kept, None without one.
        parameters_count_, seconds_: numbers trained, and the time it took.
    """

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden_size: int = 64,
        num_layers: int = 1,
        window_steps: int = 14,
        bidirectional: bool = True,
        symbols: str = "auto",
        embedding_size: int | None = None,
        positions: bool | str = "auto",
        front_steps: int | str = "auto",
        pools: str | Sequence[str] = ("last", "max", "mean"),
        tbptt: TBPTT | str | None = None,
        memory: int | str | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-2,
        dropout: float = 0.5,
        embedding_dropout: float = 0.5,
        word_dropout: float = 0.1,
        label_smoothing: float = 0.0,
        class_weight: Mapping[Any, float] | str | None = None,
        averaging: float = 0.99,
        validation: Any = 0.15,
        refit: bool = True,
        ensemble: int | None = None,
        patience: int | None = 15,
        device: str | torch.device | None = None,
        seed: int = 0,
        checkpoint_every_s: float | None = None,
        progress: bool | None = None,
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.window_steps = window_steps
        self.bidirectional = bidirectional
        self.symbols = symbols
        self.embedding_size = embedding_size
        self.positions = positions
        self.front_steps = front_steps
        self.pools = pools
        self.tbptt = tbptt
        self.memory = memory
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.embedding_dropout = embedding_dropout
        self.word_dropout = word_dropout
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.averaging = averaging
        self.validation = validation
        self.refit = refit
        self.ensemble = ensemble
        self.patience = patience
        self.device = device
        self.seed = seed
        self.checkpoint_every_s = checkpoint_every_s
        self.progress = progress

    def fit(
        self,
        sequences: Any,
        labels: Any,
        *,
        run: RunFolder | None = None,
        group: torch.distributed.ProcessGroup | None = None,
    ) -> Self:
        """Train on labelled sequences.

        Args:
            sequences: a list of texts, of lists of symbols, or of arrays of numbers [T] or [T, C], nan where missing;
                T may differ. An array [N, T] or [N, T, C] is one too.
            labels: [N] texts or whole numbers, of at least two classes.
            run: an open run folder: training writes checkpoints and events there, and goes on from its newest one.
            group: a torch.distributed group: its ranks all call this and share out the sequences; the first has the
                `run`.

        Where it fails or is stopped, the estimator stays as it was.

        Returns:
            The estimator.

        Raises:
            ConfigError: arguments out of range, all named at once.
            DataError, ShapeError: whatever in sequences or labels breaks a rule.
            Interrupted: a signal stopped training; the checkpoint is written.
        """
        options = check_label_options(self)
        rows = as_sequences(sequences)
        named = as_labels(labels, len(rows))
        classes = classes_of(named)
        shared = share_out(rows, numbered(named, classes), classes, self.validation, options.seed)
        weights = class_weights(self.class_weight, classes, shared.train[1])
        learned = learn(_candidates(shared, options, len(classes), weights), options, run, group)
        self._keep(classes, learned.encoding, learned.design, learned.network, learned.temperature)
        self.chosen_, self.schedule_ = learned.said, options.schedule or TBPTT()
        self.history_: History | None = learned.history
        self.best_epoch_, self.seconds_ = learned.history.best_epoch, learned.seconds
        return self

    def predict_proba(self, sequences: Any) -> np.ndarray:
        """Probability of each class, [N, K], columns as in `classes_`.

        Args:
            sequences: as given to `fit`; symbols that training never showed are read as unknown ones.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: sequences break a rule, or are of another kind.
        """
        check_fitted(self)
        found = logits(self.network_, self._encoding.encode(as_sequences(sequences)))
        return probabilities(found, self.temperature_)

    def predict(self, sequences: Any) -> np.ndarray:
        """The likeliest class of each sequence, [N]; arguments and errors as `predict_proba`."""
        likeliest = self.predict_proba(sequences).argmax(1)
        return np.asarray(self.classes_[likeliest])

    def score(self, sequences: Any, labels: Any, sample_weight: Any = None) -> float:
        """Share of the sequences whose class is told right.

        Args:
            sequences: as given to `fit`.
            labels: [N] their classes.
            sample_weight: [N] what each counts; None: 1.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: sequences break a rule, or are of another kind.
        """
        return float(super().score(sequences, labels, sample_weight))

    def session(self) -> LabelSession:
        """A place that keeps one sequence's state between calls of `predict_online`.

        Raises:
            NotFittedError: before `fit`.
        """
        check_fitted(self)
        return LabelSession()

    def predict_online(self, step: Any, session: LabelSession) -> Any:
        """Read one more step of a sequence: its class so far, as `predict` gives it for all steps read.

        A network that reads forward only takes constant memory; one that reads both ways keeps the sequence and reads
        it anew at each step.

        Args:
            step: a symbol (a character, a word, ..), or the numbers of a step [C].
            session: from `session()`; it is moved on, and `session.probabilities` are those of the classes.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: the step breaks a rule.
        """
        check_fitted(self)
        session.read(step, self._encoding, self.design_, self.network_, self.temperature_)
        return self.classes_[int(session.probabilities.argmax())]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator into one file, atomically; `throughtime.load` reads it.

        Data given as `validation` is not kept.

        Args:
            path: the file, by custom ending in .safetensors.

        Raises:
            NotFittedError: before `fit`.
            WriteError: the system refused.
        """
        check_fitted(self)
        saving.save(path, self)

    def fitted_state(self) -> dict[str, Any]:
        """What `fit` learned besides the weights, in plain lists and numbers; `restore` takes it."""
        check_fitted(self)
        trained = {"schedule": str(self.schedule_), "best_epoch": self.best_epoch_, "seconds": self.seconds_}
        return {
            "classes": self.classes_.tolist(),
            "encoding": self._encoding.to_dict(),
            "design": self.design_.to_dict(),
            "temperature": self.temperature_,
            "trained": trained | {"chosen": list(self.chosen_)},
        }

    def restore(self, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
        """Become fitted with what `fitted_state` gave and the network's weights.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they do not fit together.
        """
        options = check_label_options(self)
        design, trained = LabelDesign.from_dict(state["design"]), state["trained"]
        network = build(design)
        network.load_state_dict(weights)
        network.to(options.device).eval()
        encoding = SequenceEncoding.from_dict(state["encoding"])
        self._keep(state["classes"], encoding, design, network, float(state["temperature"]))
        self.chosen_, self.schedule_ = tuple(trained["chosen"]), TBPTT.parse(trained["schedule"])
        self.history_ = None
        self.best_epoch_, self.seconds_ = trained["best_epoch"], trained["seconds"]

    def _keep(
        self,
        classes: Sequence[Any],
        encoding: SequenceEncoding,
        design: LabelDesign,
        network: Network,
        temperature: float,
    ) -> None:
        """Become fitted."""
        self.classes_ = np.array(classes)
        self._encoding, self.design_, self.network_, self.temperature_ = encoding, design, network, temperature
        self.parameters_count_ = sum(parameter.numel() for parameter in network.parameters())


def _candidates(
    shared: Shared, options: LabelOptions, classes: int, weights: tuple[float, ...] | None
) -> list[Candidate]:
    """What the settings leave open, for each way in which texts may become symbols."""
    splits, found = splits_to_try(shared.train[0], options.symbols), []
    # A 6-mer is a window: the two are tried where there is something to choose by and the window is left open.
    for split in splits if shared.chooses and options.front_steps is None else splits[:1]:
        encoding = SequenceEncoding.fit(shared.train[0], split)
        whole = SequenceEncoding.fit(shared.whole[0], split) if options.refit and shared.held_out else None
        parts = encoded_parts(shared, encoding, whole)
        designs = candidates_of(_design(options, encoding, classes, weights), options, encoding, shared.chooses)
        found += [Candidate(design, parts, whole or encoding) for design in designs]
    return found


def _design(
    options: LabelOptions, encoding: SequenceEncoding, classes: int, weights: tuple[float, ...] | None
) -> LabelDesign:
    """The network that these settings ask for and these sequences need, without what is to be chosen."""
    return LabelDesign(
        cell=options.cell,
        symbols=encoding.symbols,
        words=encoding.many_symbols,
        input_size=encoding.input_size or options.embedding_size or _embedding_size(encoding.symbols),
        positions=0,
        front_steps=0,
        hidden_size=options.hidden_size,
        num_layers=options.num_layers,
        window_steps=options.window_steps,
        bidirectional=options.bidirectional,
        pools=options.pools,
        dropout=options.dropout,
        embedding_dropout=options.embedding_dropout if encoding.many_symbols else 0.0,
        word_dropout=options.word_dropout if encoding.many_symbols else 0.0,
        classes=classes,
        smoothing=options.label_smoothing,
        class_weights=weights,
    )


def _embedding_size(symbols: int) -> int:
    return min(max(symbols, LEAST_EMBEDDING), MOST_EMBEDDING)
