"""The estimator that writes: it learns what follows what in a corpus, tells how likely a text is, and goes on with one.

    fit         truncated BPTT over one long text, its state carried, over documents, or over sequences of frames
    score       nats a symbol, or a frame
    generate    drawn one by one, or the likeliest by a beam; `stream` tells them as they come

What differs between text, frames of keys and strokes of a pen is asked of a `Medium`: `text_medium`, `frame_medium` and
`stroke_medium`.

Dimensions: N symbols or sequences, V symbols of the vocabulary, T frames or points, K keys.
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

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.decode import Sampling
from throughtime.tasks import saving
from throughtime.tasks.corpus import CHARACTERS
from throughtime.tasks.frame_medium import FrameMedium
from throughtime.tasks.generator_options import INDEPENDENT, OVER_KEYS, STROKES, SYMBOLS, check_generator_options
from throughtime.tasks.medium import Medium, Wanted
from throughtime.tasks.options import check_fitted
from throughtime.tasks.phrase_medium import PhraseMedium
from throughtime.tasks.stroke_medium import StrokeMedium
from throughtime.tasks.text_medium import TextMedium
from throughtime.train import History

_KINDS: dict[str, type[TextMedium] | type[FrameMedium] | type[StrokeMedium]] = {
    SYMBOLS: TextMedium,
    INDEPENDENT: FrameMedium,
    OVER_KEYS: FrameMedium,
    STROKES: StrokeMedium,
}
# A bias beyond these makes no difference that floats could tell.
MOST_BIAS = 20.0


class SequenceGenerator(BaseEstimator):
    """Learns to write what it reads: texts in any script, lists of symbols, frames of keys, or strokes of a pen.

    Args:
        emission: "categorical": one symbol after the other; "bernoulli": frames of keys, each key by itself; "keys":
            each key of a frame told from those below it, so that chords are whole; "strokes": moves of a pen.
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window: no memory beyond it).
        hidden_size: units of each layer, 1 .. 65,536; None: 512, of frames 200, of strokes 256.
        num_layers: 1 .. 1,000.
        window_steps: symbols the perceptron sees, 1 .. 100,000.
        symbols: how text becomes symbols: "characters", "words", "subwords", "jamo" or "bytes"; lists of symbols stay
            as they are.
        embedding_size: numbers that stand for a symbol; None: 64, of 500 symbols and more 256.
        tied: whether the output has the symbols' own vectors; None: of 500 symbols and more.
        tbptt: schedule of backpropagation, a `TBPTT` or text such as "100,100"; None: TBPTT(100, 100), the state
            carried from window to window; of frames as `SequencePredictor` has it.
        memory: bytes, or text like "512MB", that an update may keep for its backward pass, as in `through_time`.
        epochs: passes over the part that trains, at most; None: about 3,000 updates, at most 60 epochs; of frames 60.
        batch_size: rows that are read side by side; None: up to 32, fewer where each would have under 10 windows; of
            frames 8 sequences, of strokes 64.
        optimizer: "adamw"; of symbols also "nt-asgd", the AWD-LSTM's: plain steps at a constant rate, and once
            validation ceases to fall the mean of the weights since then, from where `patience` counts.
        learning_rate: above 0 and at most 10, the peak of a cosine schedule; None: 5e-3, of strokes 3e-3. Of nt-asgd at
            most 1,000; None: 30.
        weight_decay: 0 .. 100, decoupled (AdamW); None: 0.1 of text, else 0.01. Of nt-asgd part of the gradient; None:
            1.2e-6.
        dropout: share of the layers' outputs dropped in training, in [0, 1); None: 0.4, of frames 0.5, of strokes 0.1.
        embedding_dropout: share of the features of symbols dropped, one mask a row, in [0, 1).
        weight_drop: share of an LSTM's recurrent weights dropped, in [0, 1).
        averaging: of the weights over updates, in [0, 1), as `train.Training` has it for AdamW.
        validation: a share in (0, 1): the end of a text, or so many documents; a corpus of its own; or None. It chooses
            the epoch that is kept.
        patience: epochs without a better validation loss before training stops; None: never.
        device: of the network, as torch names it; None: the CPU.
        seed: of first weights, dropout, order and what validates; 0 .. 2**63 - 1.
        checkpoint_every_s: seconds between checkpoints in a run folder, at least 0; None: they take 1/50 of the time.
        progress: True shows a bar on a terminal and lines elsewhere, None only the bar; False nothing.

    Attributes:
        network_: the trained `Network`; `network_.core.layer` is the LSTM, RNN or perceptron.
        design_: its shape.
        encoding_: of text: how it becomes numbers, and numbers text (`corpus.TextEncoding`).
        schedule_: the `TBPTT` used.
        history_, best_epoch_: what training did (`train.History`), None after `load`; the epoch kept, None without
            validation.
        parameters_count_, seconds_: numbers trained, and the time it took.
    """

    def __init__(
        self,
        *,
        emission: str = "categorical",
        cell: str = "lstm",
        hidden_size: int | None = None,
        num_layers: int = 1,
        window_steps: int = 8,
        symbols: str = CHARACTERS,
        embedding_size: int | None = None,
        tied: bool | None = None,
        tbptt: TBPTT | str | None = None,
        memory: int | str | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        optimizer: str = "adamw",
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        dropout: float | None = None,
        embedding_dropout: float = 0.0,
        weight_drop: float = 0.0,
        averaging: float = 0.99,
        validation: Any = 0.05,
        patience: int | None = 5,
        device: str | torch.device | None = None,
        seed: int = 0,
        checkpoint_every_s: float | None = None,
        progress: bool | None = None,
    ) -> None:
        self.emission = emission
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.window_steps = window_steps
        self.symbols = symbols
        self.embedding_size = embedding_size
        self.tied = tied
        self.tbptt = tbptt
        self.memory = memory
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.embedding_dropout = embedding_dropout
        self.weight_drop = weight_drop
        self.averaging = averaging
        self.validation = validation
        self.patience = patience
        self.device = device
        self.seed = seed
        self.checkpoint_every_s = checkpoint_every_s
        self.progress = progress

    def fit(
        self,
        corpus: Any,
        y: Any = None,
        *,
        run: RunFolder | None = None,
        group: torch.distributed.ProcessGroup | None = None,
    ) -> Self:
        """Train on a corpus.

        Args:
            corpus: one long text; the path of a UTF-8 file of any size; or documents, a list or series of texts or of
                lists of symbols. Of frames a list of arrays [T, K] of 0 and 1; of strokes one of arrays [T, 3]: how far
                the pen moves, dx and dy, and 1 where it lifts after the point.
            y: of strokes, the phrases that they write: the network learns to write any phrase of their letters, and a
                `validation` of its own is a pair of both; None, and of other corpora: nothing.
            run: an open run folder: training writes checkpoints and events there, and goes on from its newest one.
            group: a torch.distributed group: its ranks all call this and share out the rows; the first has the `run`.

        Where it fails or is stopped, the estimator stays as it was.

        Returns:
            The estimator.

        Raises:
            ConfigError: settings out of range, all named at once; fewer rows than ranks.
            DataError, ShapeError: the corpus breaks a rule, or is too short.
            FileMissingError: there is no such file.
            Interrupted: a signal stopped training; the checkpoint is written.
        """
        options = check_generator_options(self)
        own = None if self.validation is None or options.share is not None else self.validation
        if y is None or options.emission != STROKES:
            medium, history, schedule = _KINDS[options.emission].fit(corpus, own, options, run, group)
        else:
            medium, history, schedule = PhraseMedium.fit((corpus, y), own, options, run, group)
        self._keep(medium)
        self.schedule_ = schedule
        self.history_: History | None = history
        self.best_epoch_, self.seconds_ = history.best_epoch, history.seconds
        return self

    def score(self, corpus: Any, y: Any = None) -> float:
        """Nats a symbol, the mean of -log p over all but a text's first one; of documents over all, and their ends.

        Of frames, nats a frame, the mean over all but each sequence's first; of strokes likewise, of a density in the
        moves' own units. Smaller is better. A text is read in one
        row from its beginning, its state carried; symbols that training never showed count as the unknown one.

        Args:
            corpus: as given to `fit`, of its kind.
            y: phrases, where `fit` had them; else nothing.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: the corpus breaks a rule, is of another kind, or has one symbol only.
            FileMissingError: there is no such file.
        """
        check_fitted(self)
        return self._medium.score((corpus, y) if isinstance(self._medium, PhraseMedium) else corpus)

    def reading(self, strokes: Any, phrase: str) -> NDArray[np.float32]:
        """Which letter each point of a drawing belongs to, for a network that was fitted with phrases.

        Args:
            strokes: [T, 3], drawn by the network or by a hand.
            phrase: of U letters, that they write.

        Returns:
            [T, U + 1]: how much the window saw of each letter, and of the end behind them, as a point was told.

        Raises:
            NotFittedError: before `fit`.
            ConfigError: it was fitted without phrases.
            DataError, ShapeError: strokes or phrase break a rule.
        """
        check_fitted(self)
        if not isinstance(self._medium, PhraseMedium):
            raise ConfigError("Letters are read by a network that was fitted with phrases: fit(strokes, phrases).")
        return self._medium.reading(strokes, phrase)

    def generate(
        self,
        steps: int,
        prompt: Any = "",
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
        repetition_penalty: float = 1.0,
        beam: int | None = None,
        length_power: float = 0.0,
        stop: str | None = None,
        bias: float = 0.0,
        seed: int = 0,
    ) -> Any:
        """Go on from a prompt.

        Args:
            steps: symbols to write, at least 1; fewer where `stop` or a document's end comes before.
            prompt: a text, or a list of symbols, whose symbols training showed; empty: a text begins as a new line
                does, a document as documents do. Of frames an array [T, K]; empty: silence. Of strokes an array [T, 3],
                or the phrase to be written, where `fit` had phrases.
            temperature, top_k, top_p, repetition_penalty: of each draw, as `decode.Sampling` takes them; frames have
                the temperature alone, strokes none of them, and neither has beam or stop.
            beam: beginnings that are kept side by side to find the likeliest; None: symbols are drawn. Nothing else of
                the draws goes with it.
            length_power: of a beam, as `decode.beam_search` takes it.
            stop: a text, or a symbol of a list, after which nothing is written; None: there is none.
            bias: of strokes: above 0 tidier than what was learned, below 0 wilder; -20 .. 20.
            seed: of the draws; 0 .. 2**63 - 1.

        Returns:
            The prompt and what follows it: a text, a tuple of symbols, frames [T + steps, K] of bool, or points
            [T + steps, 3]; fewer where a document or a drawing ends before.

        Raises:
            NotFittedError: before `fit`.
            ConfigError: settings out of range, or draws asked for beside a beam.
            DataError, ShapeError: the prompt is of another kind, or has symbols that training never showed.
        """
        sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=repetition_penalty)
        wanted = self._wanted(steps, sampling, beam=beam, length_power=length_power, stop=stop, bias=bias, seed=seed)
        return self._medium.generate(prompt, wanted)

    def stream(
        self,
        steps: int,
        prompt: Any = "",
        *,
        sampling: Sampling | None = None,
        stop: str | None = None,
        bias: float = 0.0,
        seed: int = 0,
    ) -> Iterator[Any]:
        """What follows a prompt, told while it is written: pieces of text, symbols, frames [K], or points [3].

        Args:
            steps, prompt, stop, bias, seed: as `generate` takes them.
            sampling: how symbols are drawn; None: from the network's own probabilities.

        Raises:
            NotFittedError, ConfigError, DataError, ShapeError: as `generate`, at once.
        """
        return self._medium.stream(prompt, self._wanted(steps, sampling or Sampling(), stop=stop, bias=bias, seed=seed))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator into one file, atomically; `throughtime.load` reads it.

        A corpus given as `validation` is not kept.

        Args:
            path: the file, by custom ending in .safetensors.

        Raises:
            NotFittedError: before `fit`.
            WriteError: the system refused.
        """
        check_fitted(self)
        saving.save(path, self, self._medium.weights())

    def fitted_state(self) -> dict[str, Any]:
        """What `fit` learned besides the weights, in plain lists and numbers; `restore` takes it."""
        check_fitted(self)
        return {
            "medium": self._medium.to_dict(),
            "trained": {
                "schedule": str(self.schedule_),
                "best_epoch": self.best_epoch_,
                "seconds": self.seconds_,
            },
        }

    def restore(self, state: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
        """Become fitted with what `fitted_state` gave and the network's weights.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: they do not fit together.
        """
        options, trained = check_generator_options(self), state["trained"]
        kind = PhraseMedium if "letters" in state["medium"]["design"] else _KINDS[options.emission]
        medium = kind.from_dict(state["medium"], weights)
        medium.network.to(options.device)
        self._keep(medium)
        self.schedule_ = TBPTT.parse(trained["schedule"])
        self.history_ = None
        self.best_epoch_, self.seconds_ = trained["best_epoch"], trained["seconds"]

    def _keep(self, medium: Medium) -> None:
        """Become fitted."""
        self._medium, self.network_, self.design_ = medium, medium.network, medium.design
        if isinstance(medium, TextMedium):
            self.encoding_ = medium.encoding
        self.parameters_count_ = sum(parameter.numel() for parameter in medium.network.parameters())

    def _wanted(self, steps: Any, sampling: Sampling, *, stop: Any, bias: Any, seed: Any, **of_beam: Any) -> Wanted:
        """What is to be written, checked as far as every medium asks for it."""
        check_fitted(self)
        checks = Checks()
        steps, seed = checks.whole("steps", steps), checks.whole("seed", seed, 0)
        if stop is not None and not (isinstance(stop, str) and stop):
            checks.add(f"`stop` is a text of a sign at least, or None: {stop!r} came")
        bias = checks.number("bias", bias, least=-MOST_BIAS, most=MOST_BIAS)
        if bias and self.emission != STROKES:
            checks.add(f"`bias` is of strokes: {bias} came with {self.emission!r}")
        checks.report("Writing")
        return Wanted(steps, sampling, stop=stop, seed=seed, bias=bias, **of_beam)
