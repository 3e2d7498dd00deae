"""The short form of benchmarks/torture_ranks.py, and that it would notice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import torture_ranks
from throughtime.base.run_folder import RunFolder

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the ranks in /proc")


def test_a_killed_rank_changes_nothing(tmp_path):
    results = tmp_path / "row.jsonl"
    words = ["--kills", "1", "--epochs", "4", "--results", str(results), "--allow-dirty"]
    assert torture_ranks.main(words) == 0
    row = json.loads(results.read_text())
    assert row["kills"] == 1
    assert [row[name] for name in ("mismatches", "strays", "failed")] == [0, 0, 0]


class Ended:
    """A training that has ended by itself."""

    log = Path("log")

    def wait(self, seconds):
        return 0

    def ranks(self):
        return []


def test_another_loss_is_noticed(tmp_path):
    with RunFolder.create(tmp_path / "run", {}) as run:
        run.save_checkpoint({"weights": {}, "best": None}, 0)
    (tmp_path / "run" / "model.safetensors").write_bytes(b"")
    tally = torture_ranks.Tally()
    expected = torture_ranks.Unbroken([(1, 0, 0.5)], "", torture_ranks.files_of(tmp_path / "run"), 1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.torture.contents", lambda folder: ([(1, 0, 0.25)], ""))
        torture_ranks.killed_run(Ended(), tmp_path / "run", expected, random.Random(0), tally, 1)
    assert (tally.mismatches, tally.clean) == (1, False)


def test_one_of_the_ranks_is_killed():
    class Waiting(Ended):
        def __init__(self):
            self.processes = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(2)]

        def ranks(self):
            return [process.pid for process in self.processes]

    training = Waiting()
    try:
        assert torture_ranks.kill_one(training, random.Random(0))
        until = time.monotonic() + 10
        while all(process.poll() is None for process in training.processes) and time.monotonic() < until:
            time.sleep(0.01)
        assert sorted(process.poll() is None for process in training.processes) == [False, True]
        assert not torture_ranks.kill_one(Ended(), random.Random(0))
    finally:
        for process in training.processes:
            process.kill()
            process.wait()
