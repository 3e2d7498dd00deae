"""The estimator that writes: it learns what follows what in a corpus, tells how likely a text is, and goes on with one.

    fit         truncated BPTT over one long text, its state carried, or over documents
    score       nats a symbol
    generate    symbols drawn one by one, or the likeliest by a beam; `stream` tells them as they come

How a corpus becomes numbers is told in `corpus`, the network's shape in `text_network`, how it is trained in
`text_fitting`, and how text is written in `text_writing`.

Dimensions: N symbols, V symbols of the vocabulary.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.decode import Sampling
from throughtime.nn import Network
from throughtime.tasks import saving
from throughtime.tasks.corpus import CHARACTERS, Numbers, TextEncoding, as_corpus, encoded_text, temporary_folder
from throughtime.tasks.options import check_fitted
from throughtime.tasks.text_fitting import VALID_ROWS, parts_of, pieces_of, train_network
from throughtime.tasks.text_network import TextDesign, Writer, build, nats_of
from throughtime.tasks.text_options import check_text_options
from throughtime.tasks.text_writing import drawn, joined, likeliest, told
from throughtime.train import History

_TIED = "head.embedding."  # of weights that the embed has, too


class SequenceGenerator(BaseEstimator):
    """Learns to write what it reads: texts in any script, or lists of symbols.

    Args:
        emission: "categorical": one symbol after the other.
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window: no memory beyond it).
        hidden_size: units of each layer, 1 .. 65,536.
        num_layers: 1 .. 1,000.
        window_steps: symbols the perceptron sees, 1 .. 100,000.
        symbols: how text becomes symbols: "characters", "words", "subwords", "jamo" or "bytes"; lists of symbols stay
            as they are.
        embedding_size: numbers that stand for a symbol; None: 64, of 500 symbols and more 256.
        tied: whether the output has the symbols' own vectors; None: of 500 symbols and more.
        tbptt: schedule of backpropagation, a `TBPTT` or text such as "100,100"; None: TBPTT(100, 100). The state is
            carried from window to window.
        memory: bytes, or text like "512MB", that an update may keep for its backward pass, as in `through_time`.
        epochs: passes over the part that trains, at most; None: about 3,000 updates, at most 60 epochs.
        batch_size: rows that are read side by side; None: up to 32, fewer where each would have under 10 windows.
        learning_rate: above 0 and at most 10, the peak of a cosine schedule.
        weight_decay: 0 .. 100, decoupled (AdamW).
        dropout: share of the layers' outputs dropped in training, in [0, 1).
        embedding_dropout: share of the features of symbols dropped, one mask a row, in [0, 1).
        weight_drop: share of an LSTM's recurrent weights dropped, in [0, 1).
        averaging: of the weights over updates, in [0, 1), as `train.Training` has it.
        validation: a share in (0, 1): the end of a text, or so many documents; a corpus of its own; or None. It chooses
            the epoch that is kept.
        patience: epochs without a better validation loss before training stops; None: never.
        device: of the network, as torch names it; None: the CPU.
        seed: of first weights, dropout, order and what validates; 0 .. 2**63 - 1.
        checkpoint_every_s: seconds between checkpoints in a run folder, at least 0; None: they take 1/50 of the time.
        progress: True shows a bar on a terminal and lines elsewhere, None only the bar; False nothing.

    Attributes:
        network_: the trained `Network`; `network_.core.layer` is the LSTM, RNN or perceptron.
        design_: its shape (`text_network.TextDesign`).
        encoding_: how text becomes numbers, and numbers text (`corpus.TextEncoding`).
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
        hidden_size: int = 512,
        num_layers: int = 1,
        window_steps: int = 8,
        symbols: str = CHARACTERS,
        embedding_size: int | None = None,
        tied: bool | None = None,
        tbptt: TBPTT | str | None = None,
        memory: int | str | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float = 2e-3,
        weight_decay: float = 1e-2,
        dropout: float = 0.3,
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
                lists of symbols.
            y: nothing; scikit-learn's tools pass it.
            run: an open run folder: training writes checkpoints and events there, and goes on from its newest one.
            group: a torch.distributed group: its ranks all call this and share out the rows; the first has the `run`.

        Where it fails or is stopped, the estimator stays as it was.

        Returns:
            The estimator.

        Raises:
            ConfigError: settings out of range, all named at once; fewer rows than ranks.
            DataError: the corpus breaks a rule, or is too short.
            FileMissingError: there is no such file.
            Interrupted: a signal stopped training; the checkpoint is written.
        """
        options = check_text_options(self)
        given = as_corpus(corpus)
        valid = None if self.validation is None or options.share is not None else as_corpus(self.validation)
        encoding = TextEncoding.fit(given, options.symbols)
        with temporary_folder() as folder:
            parts = parts_of(given, encoding, valid, options, Path(folder))
            network, design, history, schedule = train_network(parts, encoding, options, run, group)
        self._keep(encoding, design, network)
        self.schedule_ = schedule
        self.history_: History | None = history
        self.best_epoch_, self.seconds_ = history.best_epoch, history.seconds
        return self

    def score(self, corpus: Any, y: Any = None) -> float:
        """Nats a symbol, the mean of -log p over all but a text's first one; of documents over all, and their ends.

        Smaller is better. A text is read in one row from its beginning, its state carried; symbols that training never
        showed count as the unknown one.

        Args:
            corpus: as given to `fit`, of its kind.
            y: nothing.

        Raises:
            NotFittedError: before `fit`.
            DataError: the corpus breaks a rule, is of another kind, or has one symbol only.
            FileMissingError: there is no such file.
        """
        check_fitted(self)
        given = as_corpus(corpus)
        encoding, device = self.encoding_, next(self.network_.parameters()).device
        if isinstance(given, list) != encoding.documents:
            wanted = "documents" if encoding.documents else "one text"
            raise DataError(f"What is scored is of the corpus's kind, {wanted}: {type(corpus).__name__} came.")
        if isinstance(given, list):
            documents = [encoding.document(each) for each in given]
            return nats_of(self.network_, pieces_of(documents, VALID_ROWS, device))
        with temporary_folder() as folder:
            source = encoded_text(given, encoding, Path(folder) / "scored.tokens")
            if len(source) < 2:
                raise DataError("A score needs two symbols, one to read and one to tell: one came.")
            return nats_of(self.network_, pieces_of(source, 1, device))

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
        seed: int = 0,
    ) -> Any:
        """Go on from a prompt.

        Args:
            steps: symbols to write, at least 1; fewer where `stop` or a document's end comes before.
            prompt: a text, or a list of symbols, whose symbols training showed; empty: a text begins as a new line
                does, a document as documents do.
            temperature, top_k, top_p, repetition_penalty: of each draw, as `decode.Sampling` takes them.
            beam: beginnings that are kept side by side to find the likeliest; None: symbols are drawn. Nothing else of
                the draws goes with it.
            length_power: of a beam, as `decode.beam_search` takes it.
            stop: a text after which nothing is written.
            seed: of the draws; 0 .. 2**63 - 1.

        Returns:
            The prompt and what follows it: a text, or a tuple of symbols.

        Raises:
            NotFittedError: before `fit`.
            ConfigError: settings out of range, or draws asked for beside a beam.
            DataError: the prompt is of another kind, or has symbols that training never showed.
        """
        settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
        sampling = Sampling(**settings, repetition_penalty=repetition_penalty)  # type: ignore[arg-type]
        if beam is None:
            pieces = self.stream(steps, prompt, sampling=sampling, stop=stop, seed=seed)
            return joined(self.encoding_, self._as_prompt(prompt), list(pieces))
        if sampling != Sampling():
            raise ConfigError("A beam finds the likeliest, and draws nothing: leave temperature and its like out.")
        numbers = self._ready(steps, prompt, seed)
        found = likeliest(Writer(self.network_), self.encoding_, numbers, steps, beam, length_power)
        return joined(self.encoding_, self._as_prompt(prompt), list(told(self.encoding_, numbers, iter(found), stop)))

    def stream(
        self,
        steps: int,
        prompt: Any = "",
        *,
        sampling: Sampling | None = None,
        stop: str | None = None,
        seed: int = 0,
    ) -> Iterator[Any]:
        """What follows a prompt, told while it is written: pieces of text, or symbols; arguments as `generate`.

        Args:
            steps, prompt, stop, seed: as `generate` takes them.
            sampling: how symbols are drawn; None: from the network's own probabilities.

        Raises:
            NotFittedError, ConfigError, DataError: as `generate`, at once.
        """
        numbers = self._ready(steps, prompt, seed)
        symbols = drawn(Writer(self.network_), self.encoding_, numbers, steps, sampling or Sampling(), seed)
        return told(self.encoding_, numbers, symbols, stop)

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
        weights = {name: w for name, w in self.network_.state_dict().items() if not name.startswith(_TIED)}
        saving.save(path, self, weights)

    def fitted_state(self) -> dict[str, Any]:
        """What `fit` learned besides the weights, in plain lists and numbers; `restore` takes it."""
        check_fitted(self)
        return {
            "encoding": self.encoding_.to_dict(),
            "design": self.design_.to_dict(),
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
        options = check_text_options(self)
        design, trained = TextDesign(**state["design"]), state["trained"]
        network = build(design)
        tied = {_TIED + name: weights["embed." + name] for name in (["weight"] if design.tied else [])}
        network.load_state_dict({**weights, **tied})
        self._keep(TextEncoding.from_dict(state["encoding"]), design, network.to(options.device).eval())
        self.schedule_ = TBPTT.parse(trained["schedule"])
        self.history_ = None
        self.best_epoch_, self.seconds_ = trained["best_epoch"], trained["seconds"]

    def _keep(self, encoding: TextEncoding, design: TextDesign, network: Network) -> None:
        """Become fitted."""
        self.encoding_, self.design_, self.network_ = encoding, design, network
        self.parameters_count_ = sum(parameter.numel() for parameter in network.parameters())

    def _ready(self, steps: Any, prompt: Any, seed: Any) -> Numbers:
        """The prompt's numbers, once everything is checked."""
        check_fitted(self)
        checks = Checks()
        checks.whole("steps", steps)
        checks.whole("seed", seed, 0)
        checks.report("Writing")
        given = self._as_prompt(prompt)
        if not given:
            return np.zeros(0, np.int64)
        unknown = self.encoding_.unknown(given)
        if unknown:
            shown = ", ".join(map(repr, unknown[:5])) + (", .." if len(unknown) > 5 else "")
            raise DataError(
                f"A prompt is of symbols that training showed: {shown} came, which it did not. Leave them out."
            )
        return self.encoding_.encode(given)

    def _as_prompt(self, prompt: Any) -> Any:
        """An empty prompt of a corpus of lists is an empty tuple."""
        if self.encoding_.splitter is None and isinstance(prompt, str | list) and not prompt:
            return ()
        return tuple(prompt) if self.encoding_.splitter is None and isinstance(prompt, list) else prompt
