"""The estimator that describes images: a sentence for each, and where in the image it looks as it tells each word.

    fit          an encoder from scratch, or features the user brings; a decoder with attention over regions
    describe     the likeliest word each time, the likeliest sentence by a beam, or words drawn
    attention    words and the weights of the regions
    score        nats a symbol

Dimensions: N images, S pixels a side, R regions, F features of each, T symbols of a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from torch import Tensor

from throughtime.base.errors import DataError, ShapeError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.tasks import saving
from throughtime.tasks.caption_fitting import Shown, parts_of, train_network
from throughtime.tasks.caption_intake import as_images, as_sentences
from throughtime.tasks.caption_network import CaptionDesign, build, nats_of
from throughtime.tasks.caption_options import CaptionOptions, check_caption_options
from throughtime.tasks.caption_writing import LIKELIEST, Describer, Manner, manner
from throughtime.tasks.corpus import Numbers, TextEncoding
from throughtime.tasks.options import check_fitted
from throughtime.train import History

DECODER, ENCODER = "decoder.", "encoder."  # what weights in a file begin with


class CaptionGenerator(BaseEstimator):
    """Learns to describe images with sentences.

    Args:
        encoder: "images": convolutions from scratch; "features": the user's own features of regions.
        image_size: S, to which images are brought, their proportions kept: a multiple of 8 from 16 on, so that there
            are (S / 8)^2 regions.
        channels: of the first convolution, a multiple of 8.
        region_size: features of a region, a multiple of 16 and of `heads`.
        heads: questions a step asks of the regions side by side.
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window: no memory beyond it).
        hidden_size: units of each layer, 1 .. 65,536.
        num_layers: layers, each with an attention of its own; one remembers words, two also where they were.
        window_steps: symbols the perceptron sees, 1 .. 100,000.
        symbols: how sentences become symbols: "words", "characters", "subwords", "jamo" or "bytes".
        embedding_size: numbers that stand for a symbol.
        tbptt: schedule of backpropagation, a `TBPTT` or text such as "20,20"; None: BPTT, sentences are short. What is
            truncated reaches the encoder from a sentence's first window only.
        memory: bytes, or text like "512MB", that an update may keep for its backward pass, as in `through_time`.
        epochs: passes over the images that train, at most, one sentence of each; None: about 4,500 updates, at most 100
            epochs.
        batch_size: sentences of an update.
        learning_rate: above 0 and at most 10, the peak of a cosine schedule.
        weight_decay: 0 .. 100, decoupled (AdamW). Before a network sees well it learns which words never follow upon
            which, and goes by that against the image; decay undoes it once the image alone would tell.
        dropout: share of the last layer's outputs dropped in training, in [0, 1).
        word_dropout: share of symbols dropped in training, in [0, 1): what is said is then told from the image more
            than from the words before.
        averaging: of the weights over updates, in [0, 1), as `train.Training` has it.
        validation: a share of the images in (0, 1); a pair (images, sentences); or None. It chooses the epoch that is
            kept.
        patience: epochs without a better validation loss before training stops; None: never.
        device: of the networks, as torch names it; None: the CPU.
        seed: of first weights, dropout, order and what validates; 0 .. 2**63 - 1.
        checkpoint_every_s: seconds between checkpoints in a run folder, at least 0; None: they take 1/50 of the time.
        progress: True shows a bar on a terminal and lines elsewhere, None only the bar; False nothing.

    Attributes:
        network_: the trained decoder, a `Network` whose core is a `nn.attending.Attending`.
        encoder_: the trained encoder, of `nn.regions`.
        design_: their shape.
        encoding_: how sentences become numbers, and numbers sentences (`corpus.TextEncoding`).
        longest_: symbols of the longest sentence that trained.
        schedule_: the `TBPTT` used.
        history_, best_epoch_: what training did (`train.History`), None after `load`; the epoch kept, None without
            validation.
        parameters_count_, seconds_: numbers trained, and the time it took.
    """

    def __init__(
        self,
        *,
        encoder: str = "images",
        image_size: int = 64,
        channels: int = 24,
        region_size: int = 96,
        heads: int = 4,
        cell: str = "lstm",
        hidden_size: int = 128,
        num_layers: int = 2,
        window_steps: int = 8,
        symbols: str = "words",
        embedding_size: int = 64,
        tbptt: TBPTT | str | None = None,
        memory: int | str | None = None,
        epochs: int | None = None,
        batch_size: int = 32,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.2,
        dropout: float = 0.1,
        word_dropout: float = 0.2,
        averaging: float = 0.99,
        validation: Any = 0.05,
        patience: int | None = None,
        device: str | torch.device | None = None,
        seed: int = 0,
        checkpoint_every_s: float | None = None,
        progress: bool | None = None,
    ) -> None:
        self.encoder = encoder
        self.image_size = image_size
        self.channels = channels
        self.region_size = region_size
        self.heads = heads
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.window_steps = window_steps
        self.symbols = symbols
        self.embedding_size = embedding_size
        self.tbptt = tbptt
        self.memory = memory
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.averaging = averaging
        self.validation = validation
        self.patience = patience
        self.device = device
        self.seed = seed
        self.checkpoint_every_s = checkpoint_every_s
        self.progress = progress

    def fit(
        self,
        images: Any,
        sentences: Any = None,
        *,
        run: RunFolder | None = None,
        group: torch.distributed.ProcessGroup | None = None,
    ) -> Self:
        """Train on images and what is said of them.

        Args:
            images: a list of paths, PIL images or arrays of uint8 [H, W, 3] or [H, W], of any sizes; of
                encoder="features" an array [N, R, F], or a list of arrays [R, F].
            sentences: of each image a text, or a list of texts.
            run: an open run folder: training writes checkpoints and events there, and goes on from its newest one.
            group: a torch.distributed group: its ranks all call this and share out the rows; the first has the `run`.

        Where it fails or is stopped, the estimator stays as it was.

        Returns:
            The estimator.

        Raises:
            ConfigError: settings out of range, all named at once; fewer rows than ranks; Pillow is not installed.
            DataError, ShapeError: images or sentences break a rule; an image is not there, or damaged.
            Interrupted: a signal stopped training; the checkpoint is written.
        """
        options = check_caption_options(self)
        pixels = as_images(images, options.encoder, options.image_size)
        said = as_sentences(sentences, len(pixels))
        encoding = TextEncoding.fit([text for each in said for text in each], options.symbols)
        shown = _shown(pixels, said, encoding)
        train, valid = parts_of(shown, self._own(options, pixels, encoding), options)
        found = train_network(train, valid, encoding.size, options, run, group)
        self.network_, self.encoder_, self.design_, history, self.schedule_ = found
        self.encoding_, self.longest_ = encoding, max(len(each) - 2 for each in shown.pairs()[1])
        self.history_: History | None = history
        self.best_epoch_, self.seconds_ = history.best_epoch, history.seconds
        self._count()
        return self

    def describe(
        self,
        images: Any,
        *,
        beam: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float = 1.0,
        length_power: float = 0.0,
        most: int | None = None,
        seed: int = 0,
    ) -> list[str]:
        """A sentence for each image: the likeliest word each time, unless a beam or draws are asked for.

        Args:
            images: as given to `fit`.
            beam: beginnings kept side by side to find the likeliest sentence; None: no beam.
            temperature, top_k, top_p: of each draw, as `decode.Sampling` takes them, a temperature above 0; None, None
                and 1: nothing is drawn.
            length_power: of a beam, as `decode.beam_search` takes it.
            most: symbols of a sentence at most; None: as many as the longest one of training.
            seed: of the draws.

        Raises:
            NotFittedError: before `fit`.
            ConfigError: settings out of range, or draws asked for beside a beam.
            DataError, ShapeError: images break a rule.
        """
        check_fitted(self)
        how = manner(most, beam, temperature, top_k, top_p, length_power, seed, self.longest_)
        return [str(self.encoding_.decode(numbers.tolist())) for numbers in self._numbers(images, how)]

    def attention(self, image: Any, sentence: str | None = None) -> tuple[list[str], NDArray[np.float64]]:
        """Where in an image it looks as it tells each word.

        Args:
            image: one, as `fit` takes them in a list.
            sentence: which is told; None: the one of `describe`.

        Returns:
            The words, or other symbols, and weights [T, R] that sum to 1 over the regions: the mean over the heads of
            the last layer. Regions stand row by row of the image's square.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: the image or the sentence breaks a rule.
        """
        check_fitted(self)
        shown = self._images([image])
        if sentence is None:
            numbers = next(self._describer().write(shown, Manner(self.longest_, LIKELIEST)))
        else:
            numbers = self.encoding_.encode(sentence)
        words = self.encoding_.vocabulary.decode(numbers)
        weights = self._describer().attention(shown, numbers)[: len(words)]
        return [str(word) for word in words], weights.double().numpy()

    def score(self, images: Any, sentences: Any) -> float:
        """Nats a symbol, the mean of -log p over all symbols of all sentences, and their ends. Smaller is better.

        Args:
            images, sentences: as given to `fit`; words that training never showed count as the unknown one.

        Raises:
            NotFittedError: before `fit`.
            DataError, ShapeError: images or sentences break a rule.
        """
        check_fitted(self)
        shown = self._images(images)
        places, documents = _shown(shown, as_sentences(sentences, len(shown)), self.encoding_).pairs()
        return nats_of(self.network_, self.encoder_, shown, places, documents)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator into one file, atomically; `throughtime.load` reads it.

        Images given as `validation` are not kept.

        Args:
            path: the file, by custom ending in .safetensors.

        Raises:
            NotFittedError: before `fit`.
            WriteError: the system refused.
        """
        check_fitted(self)
        parts = {DECODER: self.network_, ENCODER: self.encoder_}
        weights = {begin + name: w for begin, part in parts.items() for name, w in part.state_dict().items()}
        saving.save(path, self, weights)

    def fitted_state(self) -> dict[str, Any]:
        """What `fit` learned besides the weights, in plain lists and numbers; `restore` takes it."""
        check_fitted(self)
        return {
            "design": self.design_.to_dict(),
            "encoding": self.encoding_.to_dict(),
            "trained": {
                "longest": self.longest_,
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
        options, trained, design = check_caption_options(self), state["trained"], CaptionDesign(**state["design"])
        decoder, encoder = build(design)
        for begin, part in ((DECODER, decoder), (ENCODER, encoder)):
            own = {name.removeprefix(begin): weight for name, weight in weights.items() if name.startswith(begin)}
            part.load_state_dict(own)
            part.to(options.device).eval()
        self.network_, self.encoder_, self.design_ = decoder, encoder, design
        self.encoding_, self.longest_ = TextEncoding.from_dict(state["encoding"]), int(trained["longest"])
        self.schedule_ = TBPTT.parse(trained["schedule"])
        self.history_ = None
        self.best_epoch_, self.seconds_ = trained["best_epoch"], trained["seconds"]
        self._count()

    def _own(self, options: CaptionOptions, pixels: Tensor, encoding: TextEncoding) -> Shown | None:
        """Described images of its own that validate; None where a share does, or nothing."""
        if self.validation is None or options.share is not None:
            return None
        if not isinstance(self.validation, Sequence) or len(self.validation) != 2:
            raise DataError(
                "`validation` is a share, a pair (images, sentences), or None: "
                f"{type(self.validation).__name__} came. Put images and sentences into a tuple."
            )
        images = as_images(self.validation[0], options.encoder, options.image_size)
        if images.shape[1:] != pixels.shape[1:]:
            raise ShapeError(
                f"Features that validate are shaped as those that train, {tuple(pixels.shape[1:])}: "
                f"{tuple(images.shape[1:])} came."
            )
        return _shown(images, as_sentences(self.validation[1], len(images)), encoding)

    def _images(self, images: Any) -> Tensor:
        return as_images(images, self.design_.encoder, self.design_.image_size)

    def _numbers(self, images: Any, how: Manner) -> list[Numbers]:
        return list(self._describer().write(self._images(images), how))

    def _describer(self) -> Describer:
        return Describer(self.network_, self.encoder_, self.encoding_)

    def _count(self) -> None:
        parts = (self.network_, self.encoder_)
        self.parameters_count_ = sum(number.numel() for part in parts for number in part.parameters())


def _shown(images: Tensor, sentences: list[list[str]], encoding: TextEncoding) -> Shown:
    return Shown(images, [[encoding.document(text) for text in each] for each in sentences])
