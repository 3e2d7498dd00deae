from __future__ import annotations

import math
import os
import random
import signal
import threading

import pytest
import torch
from torch import nn

from tests.train.jobs import Net, Random, Stopping, head_size, same_weights, squared, state_of
from throughtime.base import model_file
from throughtime.base.errors import (
    ConfigError,
    DataError,
    DivergedError,
    Interrupted,
    NetworkError,
    Notice,
    RunError,
    WriteError,
)
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT, Carry, Piece, through_time
from throughtime.train import Training, fit

SCHEDULES = [
    TBPTT(5, 5),
    TBPTT(3, 7),
    TBPTT(7, 3),
    TBPTT(4, 9, losses="window"),
    TBPTT(6, 10, losses="cut"),
    TBPTT(2, 1),
    TBPTT(),
    TBPTT(3, None),
]


class Crash(Exception):
    """Stands in for a kill."""


def crash():
    raise Crash


def settings(**changes):
    values = {"epochs": 2, "learning_rate": 0.01, "seed": 3, "checkpoint_every_updates": 1, "warmup_updates": 4}
    return Training(**(values | changes))


def go(run, loss=squared, schedule=SCHEDULES[0], training=None, **arguments):
    network = arguments.pop("network", None) or Net()
    history = fit(
        network,
        loss,
        arguments.pop("batches", Random()),
        schedule,
        training or settings(),
        evaluate=arguments.pop("evaluate", head_size),
        run=run,
        progress=False,
        **arguments,
    )
    return network, history


def whole(history):
    """Everything of a history that must repeat."""
    return history.losses, history.epochs, history.best_epoch, history.stopped_early


def recorded(run):
    return [
        (e.step, e.epoch, e.loss, e.counted, e.learning_rate, e.gradient_norm, e.validation) for e in run.events.rows()
    ]


def test_the_updates_are_those_of_a_plain_loop():
    by_hand, batches, losses = Net(dropout=0.0), Random(), []
    optimizer = torch.optim.AdamW(by_hand.parameters(), weight_decay=0.0, fused=True)
    total = sum(1 for i in range(2 * 3) for _ in range(0, 17, 5))
    for place in [(epoch, index) for epoch in range(2) for index in range(3)]:
        piece = batches[place]
        masks = {"weights": piece.weights, "lengths": piece.lengths, "resets": piece.resets}
        for update in through_time(by_hand, squared, piece.x, piece.y, TBPTT(5, 5), **masks):
            nn.utils.clip_grad_norm_(by_hand.parameters(), 1.0)
            share = (place[0] * 3 + place[1] + update.start / 17) / 6
            rate = 0.01 * min(1, (len(losses) + 1) / 4) * (1 + math.cos(math.pi * share)) / 2
            optimizer.param_groups[0]["lr"] = rate
            optimizer.step()
            optimizer.zero_grad()
            losses.append(float(update.loss))
    network, history = go(None, network=Net(dropout=0.0), evaluate=None)
    assert len(losses) == total
    assert history.losses == losses
    assert same_weights(state_of(network), state_of(by_hand))


def test_training_learns():
    batches = Random(20)
    _, history = go(None, batches=batches, network=Net(dropout=0.0), training=settings(epochs=4, learning_rate=0.03))
    assert history.epochs[-1].loss < 0.7 * history.epochs[0].loss


# The engine says once what k2 < k1 does not train on.
@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_a_stop_at_any_update_resumes_bit_by_bit(tmp_path, schedule):
    unbroken, expected = go(None, schedule=schedule, batches=Random(2))
    calls = Stopping(10**9, crash)
    go(None, calls, schedule=schedule, batches=Random(2))
    in_all = 10**9 - calls.left
    draw = random.Random(str(schedule))
    with RunFolder.create(tmp_path / "unbroken", {}) as run:
        go(run, schedule=schedule, batches=Random(2))
        events = recorded(run)
    for trial in range(2):
        folder = tmp_path / str(trial)
        RunFolder.create(folder, {}).close()
        stops = 0
        while True:
            with RunFolder.open(folder) as run:
                try:
                    # Other initial weights: all must come from the checkpoint, except before the first one.
                    seed = 0 if run.newest_checkpoint() is None else 99
                    stop = Stopping(draw.randrange(1, in_all), crash)
                    network, history = go(run, stop, schedule, network=Net(seed), batches=Random(2))
                except Crash:
                    stops += 1
                else:
                    break
        assert stops or trial
        assert whole(history) == whole(expected)
        assert same_weights(state_of(network), state_of(unbroken))
        with RunFolder.read(folder) as run:
            assert recorded(run) == events


class Both(nn.Module):
    """Reads in both directions, so that only whole sequences can be run."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.core = nn.LSTM(2, 5, bidirectional=True)
        self.head = nn.Linear(10, 1)

    def forward(self, x, state):
        y, state = self.core(x, state)
        return self.head(y), state


class Dense(Random):
    """Pieces without masks."""

    def __getitem__(self, place):
        piece = super().__getitem__(place)
        return Piece(piece.x, piece.y)


def test_a_bidirectional_network_resumes_after_a_whole_sequence(tmp_path):
    given = {"schedule": TBPTT(), "batches": Dense()}
    _, expected = go(None, network=Both(), **given)
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(Crash):
            go(run, Stopping(3, crash), network=Both(), **given)
        _, history = go(run, network=Both(), **given)
    assert whole(history) == whole(expected)


@pytest.mark.parametrize("every", [3, 7])
@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "rmsprop"])
def test_sparse_checkpoints_and_every_optimizer_resume_bit_by_bit(tmp_path, optimizer, every):
    momentum = 0.9 if optimizer in ("sgd", "rmsprop") else 0.0
    training = settings(
        optimizer=optimizer, momentum=momentum, checkpoint_every_updates=every, weight_decay=0.1, decay="constant"
    )
    _, expected = go(None, training=training)
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(Crash):
            go(run, Stopping(14, crash), training=training)
        run.events.flush()
        assert len(run.events.rows()) == 13  # the loss of update 14 crashed
        assert run.newest_checkpoint()["history"]["losses"].shape == ((13 // every) * every,)
        _, history = go(run, training=training, network=Net(99))
        assert whole(history) == whole(expected)
        assert [row.step for row in run.events.rows()] == list(range(1, len(expected.losses) + 1))


def test_a_crash_while_validating_repeats_the_validation(tmp_path):
    def crashing(network):
        raise Crash

    _, expected = go(None)
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(Crash):
            go(run, evaluate=crashing)
        _, history = go(run)
        assert whole(history) == whole(expected)
        assert [row.validation for row in run.events.rows() if row.validation is not None] == [
            epoch.validation for epoch in expected.epochs
        ]


def test_events_past_the_checkpoint_are_deleted_before_training_goes_on(tmp_path):
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(Crash):
            go(run, Stopping(10, crash), training=settings(checkpoint_every_updates=4))
        assert len(run.events.rows()) == 9
        with pytest.raises(Crash):
            go(run, Stopping(1, crash), training=settings(checkpoint_every_updates=4))
        assert len(run.events.rows()) == 8


def test_a_finished_run_gives_its_result_again(tmp_path):
    with RunFolder.create(tmp_path, {}) as run:
        network, history = go(run)
        again, repeated = go(run, lambda *a: pytest.fail("trained again"), network=Net(99))
        assert whole(repeated) == whole(history)
        assert same_weights(state_of(again), state_of(network))
        assert same_weights(state_of(network), run.newest_checkpoint()["best"]["network"])


def test_best_weights_are_put_back_and_patience_stops():
    values = iter([3.0, 1.0, 2.0, 1.0, 0.5])
    seen = []

    def evaluate(network):
        assert not network.training
        assert not torch.is_grad_enabled()
        seen.append(state_of(network))
        return next(values)

    network, history = go(None, evaluate=evaluate, training=settings(epochs=9, patience=2))
    assert [epoch.validation for epoch in history.epochs] == [3.0, 1.0, 2.0, 1.0]
    assert history.best_epoch == 1
    assert history.best_validation == 1.0
    assert history.stopped_early
    assert same_weights(state_of(network), seen[1])


def test_until_ends_a_training_in_the_midst_of_its_decay():
    _, whole_history = go(None, evaluate=None, training=settings(epochs=3))
    _, history = go(None, evaluate=None, training=settings(epochs=3, until=2))
    assert len(history.epochs) == 2
    assert history.losses == whole_history.losses[: len(history.losses)]


def test_without_validation_the_last_weights_stay():
    network, history = go(None, evaluate=None)
    assert history.best_epoch is None
    assert history.best_validation is None
    assert not history.stopped_early
    assert not same_weights(state_of(network), state_of(Net()))


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")  # only the first window's gradient reaches it
def test_parameters_of_loss_and_initial_state_are_trained_and_resumed(tmp_path):
    class Learned(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(2, 5))

        def forward(self, *given):
            if isinstance(given[1], int):
                rows = len(given[0])
                return (self.scale[:1].expand(rows, 5).unsqueeze(0), self.scale[1:].expand(rows, 5).unsqueeze(0))
            return (given[0] * self.scale.mean() - given[1]) ** 2

    def parts():
        torch.manual_seed(0)
        return {"loss": Learned(), "state": Learned()}

    expected = parts()
    _, unbroken = go(None, **expected)
    assert not torch.equal(expected["loss"].scale, torch.ones(2, 5))
    assert not torch.equal(expected["state"].scale, torch.ones(2, 5))
    resumed = parts()
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(Crash):
            go(run, **(parts() | {"batches": Crashing(4)}))
        _, history = go(run, **resumed)
    assert whole(history) == whole(unbroken)
    assert torch.equal(resumed["state"].scale, expected["state"].scale)


class Crashing(Random):
    """Crashes when the n-th batch is read."""

    def __init__(self, reads):
        super().__init__()
        self.reads = reads

    def __getitem__(self, place):
        self.reads -= 1
        if self.reads < 0:
            crash()
        return super().__getitem__(place)


def test_the_callers_generator_and_modes_are_left_alone():
    network = Net()
    network.eval()
    network.dropout.train()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    go(None, network=network)
    assert torch.equal(torch.rand(3), expected)
    assert (network.training, network.core.training, network.dropout.training) == (False, False, True)


def test_the_seed_decides_and_the_callers_generator_does_not():
    torch.manual_seed(1)
    first = go(None, network=Net())[1].losses
    network = Net()
    torch.manual_seed(2)
    assert go(None, network=network)[1].losses == first
    assert go(None, training=settings(seed=4))[1].losses != first


def test_a_training_on_the_cpu_leaves_the_generators_of_other_devices_alone(monkeypatch):
    network, seeded = Net(), []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    go(None, network=network)
    assert seeded == []


def test_a_checkpoint_at_a_batches_last_step_stands_before_the_next_batch(tmp_path, monkeypatch):
    positions, places = [], []
    to_tree = Carry.to_tree
    monkeypatch.setattr(Carry, "to_tree", lambda carry: positions.append(carry.position) or to_tree(carry))
    with RunFolder.create(tmp_path, {}) as run:
        save = run.save_checkpoint

        def noted(tree, step):
            places.append((tree["epoch"], tree["index"], tree["carry"] is None))
            save(tree, step)

        run.save_checkpoint = noted
        go(run, training=settings(epochs=1))
    assert set(positions) == {5, 10, 15}  # of 17 steps
    in_batches = [(0, index, False) for index in range(3) for _ in range(3)]
    assert [place for place in places if not place[2]] == in_batches
    assert {place for place in places if place[2]} == {
        (0, 0, True),
        (0, 1, True),
        (0, 2, True),
        (0, 3, True),
        (1, 0, True),
    }


def test_stale_gradients_are_dropped():
    network = Net()
    for parameter in network.parameters():
        parameter.grad = torch.full_like(parameter, 1e3)
    assert go(None, network=network)[1].losses == go(None)[1].losses


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_with_a_checkpoint_after_the_current_update(tmp_path, number):
    before = signal.getsignal(number)
    _, expected = go(None)
    training = settings(checkpoint_every_updates=None)
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(
            Interrupted, match=rf"stopped by {number.name} after update 7 \(epoch 0\).*resume that run"
        ) as caught:
            go(run, Stopping(7, lambda: os.kill(os.getpid(), number)), training=training)
        assert caught.value.run == tmp_path
        assert signal.getsignal(number) is before
        assert len(run.newest_checkpoint()["history"]["losses"]) == 7
        _, history = go(run, training=training)
        assert whole(history) == whole(expected)
        assert signal.getsignal(number) is before


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_signal_during_the_last_validation_is_heard_after_all_is_saved(tmp_path):
    calls = []

    def evaluate(network):
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return head_size(network)

    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(Interrupted, match=r"epoch 2"):
            go(run, evaluate=evaluate)
        assert len(run.newest_checkpoint()["history"]["epochs"]) == 2


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_in_memory_ctrl_c_is_pythons_own():
    with pytest.raises(KeyboardInterrupt):
        go(None, Stopping(3, lambda: os.kill(os.getpid(), signal.SIGINT)))


def test_other_threads_train_without_touching_signals(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    done = []

    def work():
        with RunFolder.create(tmp_path, {}) as run:
            done.append(len(go(run)[1].losses))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def poisoned(call, value):
    def loss(output, target):
        loss.left -= 1
        return squared(output, target) * (value if loss.left == 0 else 1.0)

    loss.left = call
    return loss


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_refused_before_the_weights_move(tmp_path, value):
    network = Net()
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(
            DivergedError,
            match=r"loss of update 6 \(epoch 0, batch 1, steps 5 to 10\) is not\. Lower learning_rate \(0\.01\)",
        ):
            go(run, poisoned(6, value), network=network)
        tree = run.newest_checkpoint()
        assert len(tree["history"]["losses"]) == 5
        assert same_weights(tree["weights"]["network"], state_of(network))
        assert all(parameter.grad is None for parameter in network.parameters())
        assert whole(go(run)[1]) == whole(go(None)[1])


class NanGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return g * math.nan


@pytest.mark.parametrize("clip_norm", [1.0, None])
def test_a_gradient_that_is_not_finite_is_refused(clip_norm):
    network = Net()
    before = state_of(network)
    with pytest.raises(DivergedError, match=r"the gradient of update 1 .* is not\. Lower"):
        go(None, lambda o, t: NanGradient.apply(squared(o, t)), network=network, training=settings(clip_norm=clip_norm))
    assert same_weights(state_of(network), before)


class Holding(Random):
    """Has one bad number in its input."""

    def __getitem__(self, place):
        piece = super().__getitem__(place)
        piece.x[3, 0, 0] = math.nan
        return piece


def test_bad_input_is_named_when_training_diverges():
    with pytest.raises(DivergedError, match="x of this batch hold nan or infinity: fill them"):
        go(None, batches=Holding())


def test_a_validation_value_that_is_not_finite_is_refused():
    with pytest.raises(DivergedError, match="validation value is a finite number: nan came after epoch 0"):
        go(None, evaluate=lambda network: math.nan)


def test_weights_that_are_not_finite_never_reach_a_checkpoint(tmp_path):
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(DivergedError, match="a weight after update 1 is not"):
            go(
                run,
                lambda o, t: 1e3 * squared(o, t),
                training=settings(optimizer="sgd", learning_rate=3e38, warmup_updates=0, clip_norm=None),
            )
        assert len(run.newest_checkpoint()["history"]["losses"]) == 0


class Without(Random):
    """No loss counts."""

    def __getitem__(self, place):
        piece = super().__getitem__(place)
        return Piece(piece.x, piece.y, torch.zeros(piece.x.shape[:2]))


@pytest.mark.filterwarnings("ignore:A window without a loss")
def test_an_epoch_without_losses_is_an_error():
    with pytest.raises(DataError, match="epoch 0 counted none"):
        go(None, batches=Without())


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(DataError, match="at least one batch"):
        go(None, batches=Random(0))
    with pytest.raises(ConfigError, match="pass `evaluate`"):
        go(None, evaluate=None, training=settings(patience=1))
    with pytest.raises(NetworkError, match="Unfreeze some"):
        go(None, network=Net().requires_grad_(False))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schedule": TBPTT(4, 4)}, "schedule 5,5 before, 4,4 now"),
        ({"batches": Random(4)}, "batches 3 before, 4 now"),
        ({"training": settings(optimizer="sgd")}, "optimizer adamw before, sgd now"),
        ({"network": nn.LSTM(2, 3)}, r"network\.bias_hh_l0 is absent in the checkpoint, \(12,\) in the network"),
    ],
)
def test_a_run_of_another_training_is_refused(tmp_path, change, message):
    with RunFolder.create(tmp_path, {}) as run:
        go(run)
        before = state_of(change["network"]) if "network" in change else {}
        with pytest.raises(RunError, match=message):
            go(run, **change)
        assert not before or same_weights(before, state_of(change["network"]))


class Other(Random):
    """The same places, other numbers."""

    def __getitem__(self, place):
        piece = super().__getitem__(place)
        return Piece(piece.x, piece.y + 1, piece.weights, piece.lengths, piece.resets)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"training": settings(epochs=3)}, "epochs 2 before, 3 now"),
        (
            {"training": settings(learning_rate=0.02, clip_norm=2.0)},
            r"learning_rate 0\.01 .* now; clip_norm 1\.0 before, 2\.0",
        ),
        ({"batches": Other()}, r"the first batch \w{16} before, \w{16} now"),
    ],
)
def test_what_differs_on_resuming_is_said(tmp_path, change, message):
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(Crash):
            go(run, Stopping(4, crash))
        with pytest.warns(Notice, match=f"goes on, but not bit by bit.*{message}"):
            go(run, **change)


def test_another_number_of_threads_is_said(tmp_path, monkeypatch):
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(Crash):
            go(run, Stopping(4, crash))
        monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
        with pytest.warns(Notice, match="threads 1 before, 7 now"):
            go(run)


def test_how_often_checkpoints_are_written_is_free(tmp_path):
    with RunFolder.create(tmp_path, {}) as run:
        with pytest.raises(Crash):
            go(run, Stopping(4, crash))
        _, history = go(run, training=settings(checkpoint_every_updates=None, checkpoint_every_s=0))
        assert whole(history) == whole(go(None)[1])


def test_a_full_disk_ends_training_and_costs_nothing_that_was_saved(tmp_path, monkeypatch):
    real, calls = model_file.save_tree, []

    def filling(path, tree):
        calls.append(path)
        if len(calls) > 5:
            raise WriteError("full")
        real(path, tree)

    with RunFolder.create(tmp_path, {}) as run:
        monkeypatch.setattr(model_file, "save_tree", filling)
        with pytest.raises(WriteError):
            go(run)
        monkeypatch.setattr(model_file, "save_tree", real)
        assert whole(go(run)[1]) == whole(go(None)[1])


@pytest.mark.parametrize(
    ("every_s", "writing_s", "between"),
    [(30, 0, 3), (0, 0, 1), (None, 0, 1), (None, 1, 5)],  # an update takes 10 s; 1 s of writing asks for 50 s between
)
def test_checkpoints_come_by_time(tmp_path, monkeypatch, every_s, writing_s, between):
    from throughtime.train import loop

    now, saved = [0.0], []
    monkeypatch.setattr(loop.time, "monotonic", lambda: now[0])

    def save(run, tree, step):
        saved.append(step)
        now[0] += writing_s

    def tick(output, target):
        now[0] += 10
        return squared(output, target)

    monkeypatch.setattr(RunFolder, "save_checkpoint", save)
    training = settings(checkpoint_every_updates=None, checkpoint_every_s=every_s)
    with RunFolder.create(tmp_path, {}) as run:
        _, history = go(run, tick, evaluate=None, training=training)
    # One when it begins, one when it ends, and one that stands at an epoch's end may be looked at twice.
    assert sorted(set(saved)) == sorted({*range(0, len(history.losses) + 1, between), len(history.losses)})
    assert history.seconds >= 10 * len(history.losses)
