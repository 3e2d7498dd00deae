"""The training loop: batches through time, update by update, so that a stop at any moment loses nothing.

    for each epoch, for each batch, for each update of TBPTT(k1, k2):
        refuse what is not finite, clip, set the rate, step            weights move
        note the update; on time or on a signal, write a checkpoint    and nothing lies between the two
    after each epoch: validate, keep the best weights, stop when patience ends

A checkpoint is written between updates only, so it always stands at an update's end, `update.carry` in it. Ranks of a
group do all this in step, each with its own rows; the first one keeps the run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from throughtime.base.errors import ConfigError, DataError, DivergedError, Interrupted, say_once
from throughtime.base.events import Event
from throughtime.base.run_folder import RunFolder
from throughtime.base.trees import Tree
from throughtime.bptt import TBPTT, Carry, Piece, Update, Updates, through_stream, through_time
from throughtime.train import checkpoint
from throughtime.train.batches import Batch, Batches, after, first_piece, non_finite, rows_of, steps_of, tell
from throughtime.train.history import Epoch, History
from throughtime.train.modes import TrainingMode
from throughtime.train.progress import Display
from throughtime.train.ranks import Ranks
from throughtime.train.saving import SaveClock
from throughtime.train.settings import Training
from throughtime.train.signals import StopRequest
from throughtime.train.watching import Watch, current_watch
from throughtime.train.weights import Weights

Loss = Callable[[Any, Any], Tensor]
Evaluate = Callable[[nn.Module], float]


def fit(
    network: nn.Module,
    loss: Loss,
    batches: Batches,
    schedule: TBPTT,
    training: Training,
    *,
    evaluate: Evaluate | None = None,
    state: Any = None,
    memory: int | str | None = None,
    watch: Watch | None = None,
    run: RunFolder | None = None,
    progress: bool | None = None,
    group: dist.ProcessGroup | None = None,
) -> History:
    """Train a network in place; with a run folder, from its newest checkpoint on.

    A resumed training gives the losses of an unbroken one bit by bit, on the same machine with the same versions,
    kernels, threads and settings; where these differ, a notice names what does. Random numbers come from
    `training.seed`; torch's global generators are as before when it returns.

    Args:
        network: called as network(x, state) -> (output, state), as `through_time` asks; on its device already.
        loss: as in `through_time`; a module's parameters are trained too.
        batches: what each epoch trains on, all rows of it, on every rank too.
        schedule: `TBPTT(k1, k2)`.
        training: the settings.
        evaluate: gets the network after each epoch, under no_grad and in eval mode; smaller is better. The best
            epoch's weights are put back at the end. None: the last weights stay. Every rank of a group calls it, and
            the first one's value counts.
        state: as in `through_time`; a module's parameters are trained too.
        memory: as in `through_time`.
        watch: looks at the network after each epoch, as in `watching`; None: that of the `watching` which is open.
        run: an open run folder for checkpoints and events. With it Ctrl-C and SIGTERM end the training between two
            updates with a checkpoint (in the main thread). None: everything stays in memory.
        progress: True: a bar on a terminal, lines elsewhere; None: only on a terminal; False: nothing.
        group: a torch.distributed group whose ranks train together, all called alike: each takes its own rows of every
            piece, and an update's gradient is that of all rows. The first rank alone has the `run`, and shows progress.
            A run goes on with any number of ranks.

    Returns:
        What the training did; the network is back in the mode (train or eval) it came in.

    Raises:
        ConfigError: patience without `evaluate`.
        NetworkError: nothing to train, or the network cannot be split in time.
        DataError: no batches, or an epoch without a single loss.
        DivergedError: a loss, a gradient or a validation value is not finite; the weights are those before that.
        Interrupted: a signal came; the checkpoint is written.
        RunError: the run belongs to another network, optimizer, schedule or other batches; or ranks differ.
        WriteError: the disk refused; the last checkpoint is untouched.
    """
    if training.patience is not None and evaluate is None:
        raise ConfigError("`patience` waits for a better validation value, and there is none: pass `evaluate`.")
    if len(batches) == 0:
        raise DataError("Training needs at least one batch in an epoch: there is none. Check the data and the split.")
    parts = {"network": network, "loss": loss, "state": state}
    modules = {name: part for name, part in parts.items() if isinstance(part, nn.Module)}
    ranks = Ranks(group)
    loop = _Loop(_Job(loss, batches, schedule, training, evaluate, state, memory), modules, run, ranks)
    with ExitStack() as stack:
        stack.enter_context(TrainingMode(modules))
        devices = [loop.device] if loop.device.type == "cuda" else []
        stack.enter_context(torch.random.fork_rng(devices))
        loop.stop = stack.enter_context(StopRequest(listen=loop.is_kept))
        loop.display = stack.enter_context(Display(progress if ranks.is_first else False))
        loop.start()
        loop.watch = current_watch() if watch is None else watch
        loop.run_epochs()
    return loop.history


@dataclass(frozen=True)
class _Job:
    """What to train on, and how."""

    loss: Loss
    batches: Batches
    schedule: TBPTT
    training: Training
    evaluate: Evaluate | None
    state: Any
    memory: int | str | None


class _Loop:
    """One training on its way: where it stands, and how it goes on."""

    stop: StopRequest
    display: Display
    watch: Watch | None = None

    def __init__(self, job: _Job, modules: dict[str, nn.Module], run: RunFolder | None, ranks: Ranks) -> None:
        self.job = job
        self.modules = modules
        self.run = run
        self.ranks = ranks
        self.is_kept = ranks.any(run is not None)[0]
        self.weights = Weights(modules, job.training)
        self.device = self.weights.device
        self.history = History()
        self.best: dict[str, dict[str, Tensor]] | None = None
        self.epoch = self.index = 0
        self.steps = 1  # of the batch at hand
        self.rows = 0  # of it, of all ranks
        self.carry: Carry | None = None
        self.begins = 0  # steps that carried batches had before the one at hand
        self.carried = bool(getattr(job.batches, "carried", False))
        self.epoch_loss = self.epoch_counted = 0.0
        self.last_event: Event | None = None

    @property
    def updates(self) -> int:
        """Updates done since the start of the training."""
        return len(self.history.losses)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or patience has ended."""
        training = self.job.training
        exhausted = training.patience is not None and self.history.epochs_since_best >= training.patience
        return self.epoch >= (training.until or training.epochs) or exhausted

    def start(self) -> None:
        """Begin, or go on from the run's newest checkpoint."""
        self.weights.forget_gradients()
        self.began_at = time.monotonic()
        self.clock = SaveClock(self.job.training)
        checkpoint.seed_generators(self.job.training.seed, self.device, self.ranks.rank)
        if self.is_kept or self.ranks.count > 1:
            first = first_piece(self.job.batches[0, 0])
            self.setting = checkpoint.setting(self.modules, self.device, self.job.training, first, self.ranks.count)
            checkpoint.agree(self.ranks, self.modules, self._identity(), self.setting)
        tree = None if self.run is None else self.run.newest_checkpoint(self.device)
        tree = self.ranks.of_first(tree, self.device)
        if tree is not None:
            self._resume(tree)
        elif self.ranks.count > 1:
            checkpoint.put_back(self.modules, self.ranks.of_first(checkpoint.snapshot(self.modules), self.device))
        if self.run is not None:
            self.run.events.delete_after(self.updates)
        self.last_event = self._last_event()
        if tree is None:
            self._save()  # the weights it began with

    def _last_event(self) -> Event | None:
        """The run's, on every rank: where an epoch's updates are all done, it tells the rate they had."""
        last = None if self.run is None else self.run.events.last()
        told = self.ranks.of_first(None if last is None else asdict(last))
        return None if told is None else Event(**told)

    def run_epochs(self) -> None:
        """Train until finished, then put the best weights back."""
        while not self.finished:
            tell(self.job.batches, [each.validation for each in self.history.epochs])
            while self.index < len(self.job.batches):
                self._run_batch(self.job.batches[self.epoch, self.index])
                self.index += 1
            self._end_epoch()
            self._pause_if_asked()
        self.history.stopped_early = self.epoch < self.job.training.epochs
        self._save()
        self._pause_if_asked(saved=True)
        self.history.seconds += time.monotonic() - self.began_at
        if self.best is None:
            self.weights.take_average()
        else:
            checkpoint.put_back(self.modules, self.best)

    def _run_batch(self, batch: Batch) -> None:
        steps = self.steps = max(steps_of(batch), 1)
        self.rows = rows_of(batch)
        updates = self._updates_of(batch, 0 if self.carry is None else self.carry.position - self.begins)
        for update in updates:
            start, stop = update.start - self.begins, update.stop - self.begins
            self._apply(update, batch, self._share_done(start / steps))
            self.carry = update.carry
            self._show(update, self._share_done(stop / steps))
            self._pause_if_asked()
        self.carry = updates.carry if self.carried else None
        self.begins = 0 if self.carry is None else self.carry.position

    def _updates_of(self, batch: Batch, done: int) -> Updates:
        """The updates of a batch after its first `done` steps, on this rank's rows."""
        network, loss, schedule = self.modules["network"], self.job.loss, self.job.schedule
        same: dict[str, Any] = {
            "state": self.ranks.part_of_state(self.job.state, network, self.rows),
            "carry": self.carry,
            "memory": self.job.memory,
            "group": self.ranks.group,
        }
        if not isinstance(batch, Piece):
            return through_stream(network, loss, map(self.ranks.part, batch.pieces(done)), schedule, **same)
        rest = self.ranks.part(after(batch, done) if done else batch)
        masks: dict[str, Any] = {"weights": rest.weights, "lengths": rest.lengths, "resets": rest.resets}
        return through_time(network, loss, rest.x, rest.y, schedule, **masks, **same)

    def _share_done(self, of_batch: float) -> float:
        of_epoch = (self.index + of_batch) / len(self.job.batches)
        return min((self.epoch + of_epoch) / self.job.training.epochs, 1.0)

    def _apply(self, update: Update, piece: Batch, progress: float) -> None:
        """Move the weights by one update, unless its loss or gradient is not finite."""
        loss = float(update.loss)
        rate, norm = self.weights.move(loss, self.updates, progress)
        if not math.isfinite(norm):
            raise self._diverged(update, loss, piece)
        self.history.losses.append(loss)
        self.epoch_loss += loss * update.counted
        self.epoch_counted += update.counted
        self._log(Event(self.updates, self.epoch, loss, update.counted, rate, norm, None, time.time()))

    def _diverged(self, update: Update, loss: float, piece: Batch) -> DivergedError:
        what = "loss" if not math.isfinite(loss) else "gradient"
        bad = non_finite(piece)
        if bad:
            remedy = f"{' and '.join(bad)} of this batch hold nan or infinity: fill them, or leave them out"
        else:
            remedy = f"Lower learning_rate ({self.job.training.learning_rate}), set clip_norm, or scale the data"
        return DivergedError(
            f"Training needs finite numbers: the {what} of update {self.updates + 1} (epoch {self.epoch}, batch "
            f"{self.index}, steps {update.start} to {update.stop}) is not. {remedy}. The weights are those before it."
        )

    def _log(self, event: Event) -> None:
        self.last_event = event
        if self.run is not None:
            self.run.events.append(event)

    def _show(self, update: Update, done: float) -> None:
        text = f"epoch {self.epoch + 1}/{self.job.training.epochs}  loss {self.history.losses[-1]:.4g}"
        steps = (update.stop - update.start) * self.rows
        self.display.show(text, done, steps, last=done == 1.0)

    def _end_epoch(self) -> None:
        if not self.epoch_counted:
            raise DataError(
                f"Training needs losses: epoch {self.epoch} counted none, so nothing was learned. "
                "Check the weights, the lengths, and that the schedule's windows reach a loss."
            )
        assert self.last_event is not None
        mean, rate, watched = self.epoch_loss / self.epoch_counted, self.last_event.learning_rate, self._watched()
        with self.weights.averaged():
            validation = None if self.job.evaluate is None else self._validate(self.job.evaluate)
            if self.history.add(Epoch(mean, validation, rate, self.updates, watched)):
                self.best = checkpoint.snapshot(self.modules)
        self._log(replace(self.last_event, validation=validation))
        self.epoch, self.index = self.epoch + 1, 0
        self.epoch_loss = self.epoch_counted = 0.0

    def _watched(self) -> Tree:
        return None if self.watch is None else self.watch(self.modules["network"], self.job.loss, self.job.batches)

    def _validate(self, evaluate: Evaluate) -> float:
        for module in self.modules.values():
            module.eval()
        with torch.no_grad():
            value = self.ranks.of_first(float(evaluate(self.modules["network"])))
        for module in self.modules.values():
            module.train()
        if not math.isfinite(value):
            raise DivergedError(
                f"A validation value is a finite number: {value} came after epoch {self.epoch}. Lower learning_rate "
                f"({self.job.training.learning_rate}), or check the validation data."
            )
        return value

    def _pause_if_asked(self, *, saved: bool = False) -> None:
        """Write a checkpoint when one is due; end with one when a signal came."""
        if not self.is_kept:
            return
        due = self.run is not None and self.clock.is_due(self.updates)
        stopped, due = self.ranks.any(self.stop.name is not None, due)
        if not saved and (stopped or due):
            self._save()
        if stopped:
            path = None if self.run is None else self.run.path
            raise Interrupted(
                f"Training was stopped by {self.stop.name or 'a signal'} after update {self.updates} (epoch "
                f"{self.epoch}). The checkpoint is {'with the first rank' if path is None else f'in {path}'}; resume "
                "that run to go on.",
                path,
            )

    def _save(self) -> None:
        if not self.is_kept:
            return
        if not self.weights.all_finite():
            raise DivergedError(
                f"Training needs finite numbers: a weight after update {self.updates} is not. Lower learning_rate "
                f"({self.job.training.learning_rate}) or set clip_norm; the last checkpoint is from before that."
            )
        began_at = time.monotonic()
        through = self.carry is not None and self.carry.position >= self.begins + self.steps
        # Unless it is carried, no call goes on from a batch's last step: what one would need of it is not worked out.
        carry = None if self.carry is None or (through and not self.carried) else self.carry.to_tree()
        parts = self.ranks.gathered({"carry": carry, "random": checkpoint.random_state(self.device)}, self.device)
        if self.run is not None:
            self.run.save_checkpoint(self._to_tree(self.index + through, parts), self.updates)
        self.clock.note(began_at)

    def _to_tree(self, index: int, parts: Sequence[Tree]) -> Tree:
        """What a checkpoint holds; `parts` are what each rank has of its own."""
        now = time.monotonic()
        history = replace(self.history, seconds=self.history.seconds + now - self.began_at)
        return {
            "identity": self._identity(),
            "weights": checkpoint.snapshot(self.modules),
            **self.weights.to_tree(),
            "epoch": self.epoch,
            "index": index,
            "begins": self.carry.position if self.carry and self.carried and index > self.index else self.begins,
            "carry": self.ranks.whole_carry([part["carry"] for part in parts], self.modules["network"], self.rows),
            "epoch_loss": self.epoch_loss,
            "epoch_counted": self.epoch_counted,
            "random": [part["random"] for part in parts],
            "history": history.to_tree(),
            "best": self.best,
            "setting": self.setting,
        }

    def _identity(self) -> dict[str, str | int]:
        """What a run keeps on its way."""
        optimizer, batches = self.job.training.optimizer, len(self.job.batches)
        return {
            "optimizer": optimizer,
            "schedule": str(self.job.schedule),
            "batches": batches,
            "carried": self.carried,
        }

    def _resume(self, tree: Tree) -> None:
        checkpoint.refuse_another_training(tree["identity"], self._identity())
        checkpoint.put_back(self.modules, tree["weights"])
        changed = checkpoint.differences(tree["setting"], self.setting)
        if changed and self.run is not None:
            say_once(
                f"resume:{self.run.path}:{changed}",
                f"{self.run.path} goes on, but not bit by bit as it would have; what differs: {'; '.join(changed)}.",
            )
        self.weights.from_tree(tree)
        self.epoch, self.index, self.begins = tree["epoch"], tree["index"], tree["begins"]
        if tree["carry"] is not None:
            self.rows = tree["carry"]["steps"]["rows"]
            self.carry = self.ranks.part_of_carry(tree["carry"], self.modules["network"])
        self.epoch_loss, self.epoch_counted = tree["epoch_loss"], tree["epoch_counted"]
        self.history = History.from_tree(tree["history"])
        self.best = tree["best"]
        if self.ranks.rank < len(tree["random"]):
            checkpoint.set_random_state(tree["random"][self.ranks.rank], self.device)
