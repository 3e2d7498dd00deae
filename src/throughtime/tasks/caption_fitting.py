"""The training of a describer: which images validate, batches, and how long it takes.

An epoch shows each image once, with one of its sentences, drawn anew.

Dimensions: N images, T steps, B rows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT, Piece
from throughtime.data import batch_count, batch_rows, epoch_order
from throughtime.nn import Network
from throughtime.nn.regions import FeatureEncoder
from throughtime.tasks.caption_network import CaptionDesign, ImageStates, build, head_of, nats_of, sides
from throughtime.tasks.caption_options import PIXELS, CaptionOptions
from throughtime.tasks.corpus import Numbers
from throughtime.train import History, Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few

# Gradients of the first updates, before the scales have settled, are the largest; but not more than this part of all.
WARMUP_UPDATES, WARMUP_PART = 100, 10
# Updates of a training, in so many epochs.
UPDATES, MOST_EPOCHS = 4500, 100
# Sentences that validate, at most: more tell the same, and take time after every epoch.
MOST_VALID = 1000


@dataclass(frozen=True)
class Shown:
    """Images, and what is said of them.

    Args:
        images: [N, ...] as the encoder takes them.
        sentences: of each image, numbers of its sentences with an end on both sides.
    """

    images: Tensor
    sentences: Sequence[Sequence[Numbers]]

    def __len__(self) -> int:
        return len(self.sentences)

    def part(self, places: Sequence[int]) -> Shown:
        """Some of them."""
        return Shown(self.images[torch.tensor(places)], [self.sentences[place] for place in places])

    def pairs(self) -> tuple[list[int], list[Numbers]]:
        """Every sentence, with the place of its image."""
        places = [place for place, each in enumerate(self.sentences) for _ in each]
        return places, [numbers for each in self.sentences for numbers in each]


class CaptionBatches:
    """Pieces of up to `batch_size` sentences, whose images are shown to the states as a piece is asked for.

    Args:
        shown: what trains.
        states: gets the images.
        batch_size: sentences a piece holds, at least 1.
        seed: of the order, and of which sentence is taken.
        device: where the pieces go.
    """

    def __init__(self, shown: Shown, states: ImageStates, batch_size: int, seed: int, device: torch.device) -> None:
        self._shown, self._states = shown, states
        self._batch_size, self._seed, self._device = batch_size, seed, device

    def __len__(self) -> int:
        """Pieces in an epoch."""
        return batch_count(len(self._shown), self._batch_size)

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        """The piece at (epoch, index)."""
        epoch, index = place
        rows = batch_rows(len(self._shown), self._batch_size, seed=self._seed, epoch=epoch, index=index)
        draws = np.random.default_rng([self._seed, epoch, index]).random(len(rows))
        said = [self._shown.sentences[row] for row in rows]
        x, y, lengths = sides([each[int(share * len(each))] for each, share in zip(said, draws, strict=True)])
        self._states.show(self._shown.images[torch.from_numpy(rows.copy())].to(self._device))
        return Piece(x.to(self._device), y.to(self._device), None, lengths)


def parts_of(shown: Shown, own: Shown | None, options: CaptionOptions) -> tuple[Shown, Shown | None]:
    """What trains, and what validates.

    Args:
        shown: all images.
        own: those that validate where they are no share.
        options: settings, checked.

    Raises:
        DataError: a share of one image.
    """
    if own is not None or options.share is None:
        return shown, own
    if len(shown) < 2:
        raise DataError("Validation needs an image of its own: one came. Give more, or pass validation=None.")
    order = epoch_order(len(shown), options.seed, 0)
    count = min(max(1, round(options.share * len(shown))), len(shown) - 1)
    return shown.part(sorted(order[count:].tolist())), shown.part(order[:count].tolist())


def train_network(
    train: Shown,
    valid: Shown | None,
    symbols: int,
    options: CaptionOptions,
    run: RunFolder | None,
    group: dist.ProcessGroup | None,
) -> tuple[Network, nn.Module, CaptionDesign, History, TBPTT]:
    """Train a decoder and its encoder anew.

    Args:
        train: what trains.
        valid: what validates; None: nothing does.
        symbols: V.
        options: settings, checked.
        run, group: as `train.fit` takes them.

    Returns:
        Decoder and encoder in evaluation mode, their shape, what training did, and the schedule it used.

    Raises:
        ConfigError: more ranks than rows.
    """
    ranks = Ranks(group)
    design = design_of(options, symbols, train.images)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(options.seed)
        decoder, encoder = build(design)
        if isinstance(encoder, FeatureEncoder):
            encoder.scale_to(train.images)
        decoder.to(options.device)
        encoder.to(options.device)
    rows = min(options.batch_size, len(train))
    refuse_too_few(rows, ranks)
    states = ImageStates(encoder, decoder)
    batches = CaptionBatches(train, states, rows, options.seed, options.device)
    schedule = options.schedule or TBPTT()
    epochs = options.epochs or int(np.clip(UPDATES / len(batches), 1, MOST_EPOCHS))
    if options.progress is not False and ranks.is_first:
        sys.stderr.write(f"{len(train):,} images, {symbols:,} symbols, TBPTT({schedule}), {epochs} epochs\n")
    training = Training(
        epochs=epochs,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup_updates=min(WARMUP_UPDATES, epochs * len(batches) // WARMUP_PART),
        averaging=options.averaging,
        patience=options.patience if valid is not None else None,
        seed=options.seed,
        checkpoint_every_s=options.checkpoint_every_s,
    )
    history = fit(
        decoder,
        head_of(decoder).loss,
        batches,
        schedule,
        training,
        evaluate=None if valid is None else _loss_on(valid, encoder),
        state=states,
        memory=options.memory,
        run=run,
        progress=options.progress,
        group=group,
    )
    return decoder.eval(), encoder.eval(), design, history, schedule


def design_of(options: CaptionOptions, symbols: int, images: Tensor) -> CaptionDesign:
    """The network that these settings ask for."""
    pixels = options.encoder == PIXELS
    return CaptionDesign(
        cell=options.cell,
        symbols=symbols,
        embedding_size=options.embedding_size,
        hidden_size=options.hidden_size,
        num_layers=options.num_layers,
        window_steps=options.window_steps,
        dropout=options.dropout,
        word_dropout=options.word_dropout,
        heads=options.heads,
        region_size=options.region_size,
        encoder=options.encoder,
        image_size=options.image_size if pixels else 0,
        channels=options.channels if pixels else 0,
        regions=0 if pixels else images.shape[1],
        features=0 if pixels else images.shape[2],
    )


def _loss_on(valid: Shown, encoder: nn.Module) -> Callable[[nn.Module], float]:
    """Nats a symbol of the sentences that validate."""
    places, documents = valid.pairs()

    def loss(decoder: nn.Module) -> float:
        assert isinstance(decoder, Network)
        return nats_of(decoder, encoder, valid.images, places[:MOST_VALID], documents[:MOST_VALID])

    return loss
