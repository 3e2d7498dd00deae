"""The training of a generator of text: what trains and what validates, rows, schedule and pieces.

    text        the last share of it validates; the rest is cut into B rows that are read side by side, their state
                carried from window to window; each epoch cuts elsewhere
    documents   a share of them validates; the others follow each other in B rows, in a new order each epoch, and each
                begins afresh

Dimensions: N symbols, B rows, k steps of a window.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT, Piece, token_pieces
from throughtime.data import contiguous_rows, document_rows, epoch_order
from throughtime.data.streams import contiguous_steps
from throughtime.data.tokens import TokenPart, TokenSource
from throughtime.nn import Network
from throughtime.tasks.corpus import Given, Numbers, TextEncoding, encoded_text
from throughtime.tasks.generator_options import STEPS_CLIP, GeneratorOptions
from throughtime.tasks.network import RUN_STEPS
from throughtime.tasks.text_network import TextDesign, build, head_of, nats_of
from throughtime.train import History, StreamBatches, Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few
from throughtime.train.settings import TRIGGERED

# The rate rises over so many updates, but not over more than this part of all.
WARMUP_UPDATES, WARMUP_PART = 100, 30
# Rows that are read side by side, where a row has so many windows at least; steps of a window.
MOST_ROWS, LEAST_WINDOWS, WINDOW_STEPS = 32, 10, 100
# Updates of a training, in so many epochs.
UPDATES, MOST_EPOCHS = 3000, 60
# Rows that validate side by side: the beginning of each costs little, and one alone much time.
VALID_ROWS = 16
# So many symbols have vectors that both ends share, and so many numbers each.
MANY, FEW_NUMBERS, MANY_NUMBERS = 500, 64, 256


@dataclass(frozen=True)
class Parts:
    """What trains and what validates: one source of tokens, or documents with an end on both sides.

    Args:
        train: what trains.
        valid: what validates; None: nothing does.
    """

    train: TokenSource | list[Numbers]
    valid: TokenSource | list[Numbers] | None

    @property
    def count(self) -> int:
        """N of the part that trains."""
        return len(self.train) if not isinstance(self.train, list) else sum(map(len, self.train))


def parts_of(
    corpus: Given, encoding: TextEncoding, validation: Given | None, options: GeneratorOptions, folder: Path
) -> Parts:
    """Encode a corpus, and take out what validates.

    Args:
        corpus: of `as_corpus`.
        encoding: of it.
        validation: a corpus of its own; None: the share that the options name.
        options: settings, checked.
        folder: where a file's numbers may lie.

    Raises:
        DataError: nothing is left to train on or to validate by.
    """
    if isinstance(corpus, list):
        return _documents(corpus, encoding, validation, options)
    whole = encoded_text(corpus, encoding, folder / "corpus.tokens")
    if validation is not None:
        return Parts(_long(whole), _long(encoded_text(_one_text(validation), encoding, folder / "validation.tokens")))
    if options.share is None:
        return Parts(_long(whole), None)
    cut = len(whole) - max(2, round(options.share * len(whole)))
    return Parts(_long(TokenPart(whole, 0, max(cut, 0))), TokenPart(whole, max(cut, 0), len(whole)))


def train_network(
    parts: Parts,
    encoding: TextEncoding,
    options: GeneratorOptions,
    run: RunFolder | None,
    group: dist.ProcessGroup | None,
) -> tuple[Network, TextDesign, History, TBPTT]:
    """Train a network anew.

    Args:
        parts: what trains and what validates.
        encoding: of both.
        options: settings, checked.
        run, group: as `train.fit` takes them.

    Returns:
        The network in evaluation mode, its shape, what training did, and the schedule it used.

    Raises:
        ConfigError: more ranks than rows.
    """
    ranks = Ranks(group)
    design = design_of(options, encoding.size)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(options.seed)
        network = build(design).to(options.device)
    schedule = options.schedule or TBPTT(WINDOW_STEPS, WINDOW_STEPS)
    steps = min(schedule.k1 or RUN_STEPS, RUN_STEPS)
    rows = options.batch_size or rows_for(parts.count, steps)
    refuse_too_few(rows, ranks)
    epochs = options.epochs or epochs_for(parts.count, rows * steps)
    if options.progress is not False and ranks.is_first:
        sys.stderr.write(
            f"{parts.count:,} symbols of {encoding.size:,} kinds in {rows} rows, TBPTT({schedule}), {epochs} epochs\n"
        )
    updates = epochs * max(1, parts.count // (rows * steps))
    stream = _stream(parts.train, rows, steps, options)
    by_steps = options.optimizer == TRIGGERED
    training = Training(
        epochs=epochs,
        optimizer=options.optimizer,
        learning_rate=options.learning_rate,
        decay="constant" if by_steps else "cosine",
        clip_norm=STEPS_CLIP if by_steps else 1.0,
        weight_decay=options.weight_decay,
        warmup_updates=min(WARMUP_UPDATES, updates // WARMUP_PART),
        averaging=options.averaging,
        patience=options.patience if parts.valid is not None else None,
        seed=options.seed,
        checkpoint_every_s=options.checkpoint_every_s,
    )
    history = fit(
        network,
        head_of(network).loss,
        stream,
        schedule,
        training,
        evaluate=_validation(parts.valid, options),
        memory=options.memory,
        run=run,
        progress=options.progress,
        group=group,
    )
    return network.eval(), design, history, schedule


def design_of(options: GeneratorOptions, symbols: int) -> TextDesign:
    """The network that these settings ask for."""
    many = symbols >= MANY
    return TextDesign(
        cell=options.cell,
        symbols=symbols,
        embedding_size=options.embedding_size or (MANY_NUMBERS if many else FEW_NUMBERS),
        hidden_size=options.hidden_size,
        num_layers=options.num_layers,
        window_steps=options.window_steps,
        dropout=options.dropout,
        embedding_dropout=options.embedding_dropout,
        weight_drop=options.weight_drop,
        tied=many if options.tied is None else options.tied,
    )


def rows_for(count: int, steps: int) -> int:
    """Rows for so many symbols: fewer where each would have few windows."""
    return int(np.clip(count // (LEAST_WINDOWS * steps), 1, MOST_ROWS))


def epochs_for(count: int, symbols_an_update: int) -> int:
    """Epochs for so many symbols."""
    return int(np.clip(UPDATES * symbols_an_update / count, 1, MOST_EPOCHS))


def pieces_of(source: TokenSource | list[Numbers], rows: int, device: torch.device | str) -> Iterator[Piece]:
    """A source or documents as one stream of pieces, to be scored."""
    if isinstance(source, list):
        return token_pieces(document_rows(source, min(rows, len(source)), RUN_STEPS), device)
    return token_pieces(contiguous_rows(source, max(1, min(rows, len(source) // 2)), RUN_STEPS), device)


def _stream(train: TokenSource | list[Numbers], rows: int, steps: int, options: GeneratorOptions) -> StreamBatches:
    """What training reads, epoch by epoch."""
    if isinstance(train, list):

        def of_documents(epoch: int) -> Iterator[Piece]:
            order = epoch_order(len(train), options.seed, epoch)
            return token_pieces(document_rows((train[place] for place in order), rows, steps), options.device)

        return StreamBatches(of_documents)

    def part(epoch: int) -> TokenPart:
        # Windows begin elsewhere in each epoch; what is left out is less than one of them.
        spare = min(steps, len(train) // rows - 2)
        shift = int(np.random.default_rng([options.seed, epoch]).integers(spare + 1)) if spare > 0 else 0
        return TokenPart(train, shift, len(train))

    def of_text(epoch: int) -> Iterator[Piece]:
        return token_pieces(contiguous_rows(part(epoch), rows, steps), options.device)

    # A text so short that it has no window is refused as it is read.
    return StreamBatches(of_text, steps=lambda epoch: max(1, contiguous_steps(len(part(epoch)), rows)))


def _validation(
    valid: TokenSource | list[Numbers] | None, options: GeneratorOptions
) -> Callable[[nn.Module], float] | None:
    if valid is None:
        return None
    return lambda network: nats_of(network, pieces_of(valid, VALID_ROWS, options.device))


def _documents(corpus: list[Any], encoding: TextEncoding, validation: Given | None, options: GeneratorOptions) -> Parts:
    encoded = [encoding.document(each) for each in corpus]
    if validation is not None:
        if not isinstance(validation, list):
            raise DataError("`validation` is of the corpus's kind, a list of documents: one text came.")
        return Parts(encoded, [encoding.document(each) for each in validation])
    if options.share is None:
        return Parts(encoded, None)
    if len(encoded) < 2:
        raise DataError("Validation needs a document of its own: one came. Give more, or pass validation=None.")
    order = epoch_order(len(encoded), options.seed, 0)
    count = min(max(1, round(options.share * len(encoded))), len(encoded) - 1)
    return Parts([encoded[place] for place in sorted(order[count:])], [encoded[place] for place in order[:count]])


def _one_text(validation: Given) -> Any:
    if isinstance(validation, list):
        raise DataError("`validation` is of the corpus's kind, one text: a list of documents came.")
    return validation


def _long(source: TokenSource) -> TokenSource:
    if len(source) < 2:
        raise DataError(
            f"A text has two symbols at least, one to read and one to tell: {len(source)} are left. Give a longer one, "
            "or pass validation=None."
        )
    return source
