"""The published rows that can be rerun, by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from throughtime import recipes
from throughtime.recipes.reproduce.row import RECALLED, SEEN, Found, Row
from throughtime.recipes.reproduce.streams import FOLDERS, OURS, bars, measure, read, summary
from throughtime.recipes.reproduce.trials import ARABIDOPSIS, MOUSE, TASKS, run_task
from throughtime.recipes.reproduce.values import settings_of
from throughtime.recipes.table import Spread
from throughtime.tasks import SequenceClassifier, StreamDetector

BESIDE_STREAMS = ("last value", "window's mean", "windowed Gaussian")
BESIDE_WEATHER = ("persistence", "ridge on lags", "boosting on lags")

BEIJING = {
    "time": "year,month,day,hour",
    "target": "pm2.5",
    "ignore": "No,cbwd",
    "validation": "2013-01-01",
    "test": "2014-01-01",
}


def _labelled(name: str, data: str, *files: str, obtain: str = "") -> Row:
    """A task of `trials`."""
    task = TASKS[name]
    check = partial(settings_of, SequenceClassifier(), taken=("seed", "progress"))
    words = task.metric, task.split, task.published, task.known
    return Row(name, *words, task.trials, files, data, check, partial(_run_labelled, name), obtain)


def _run_labelled(name: str, folder: Path, count: int, settings: Mapping[str, Any], progress: bool) -> list[Found]:
    trials = run_task(name, folder, count, settings, progress)
    rivals = [trial["rival"] for trial in trials if "rival" in trial]
    beside = {"6-mer logistic regression": sum(rivals) / len(rivals)} if rivals else {}
    # What stands beside ours is no published figure.
    published = "" if rivals else TASKS[name].published
    return [Found(name, Spread.of(trial["score"] for trial in trials), published, beside)]


def _run_streams(folder: Path, count: int, settings: Mapping[str, Any], progress: bool) -> list[Found]:
    del progress
    files = read(folder / "nab", FOLDERS)
    scores = measure(files, count, os.cpu_count() or 1, settings, BESIDE_STREAMS)
    found = []
    for part in FOLDERS:
        here = [file for file in files if file.folder == part]
        methods = summary(here, [scores[file.name] for file in here], settings)
        ours = Spread.of(each["score"] for method, each in methods.items() if method.startswith(OURS))
        published = ", ".join(f"{who} {score:g}" for who, score in bars(part).items())
        found.append(Found(f"nab: {part}", ours, published, {name: methods[name]["score"] for name in BESIDE_STREAMS}))
    return found


def _run_beijing(folder: Path, count: int, settings: Mapping[str, Any], progress: bool) -> list[Found]:
    data = folder / "beijing_pm25" / "pollution.csv.gz"
    table = recipes.compare("weather", data=data, seeds=count, settings={**BEIJING, **settings}, progress=progress)
    errors = dict(zip(table.column("method"), table.column("RMSE.pm2.5"), strict=True))
    beside = {name: _spread(errors[name]).mean for name in BESIDE_WEATHER}
    return [Found("beijing_pm25", _spread(errors["LSTM"]), BLOG, beside)]


def _spread(cell: Any) -> Spread:
    """One seed, and a method without any, gives a plain number."""
    return cell if isinstance(cell, Spread) else Spread(float(cell), 0.0, 1)


BLOG = "an LSTM 26.5, trained on the first year alone (a blog, recalled)"


def _texts(*names: str) -> tuple[str, ...]:
    return tuple(f"sentence_classification/{name}.all.gz" for name in names)


def _promoters(names: tuple[str, str]) -> tuple[str, ...]:
    return tuple(f"dna_promoter/{name}.fa.gz" for name in names)


def _series(name: str, archive: str) -> Row:
    files = (f"ts_classification/{archive}/{archive}_{part}.ts.gz" for part in ("TRAIN", "TEST"))
    return _labelled(name, "ts_classification", *files)


_RNA = tuple(f"rna_coding_cpat/Human_test_{name}.fa.gz" for name in ("coding_mRNA", "noncoding_RNA"))
_DIGITS = tuple(f"ts_classification/PenDigits/pendigits.{part}.gz" for part in ("tra", "tes"))

ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        _labelled("dna_splice", "dna_splice", "dna_splice/splice.csv.gz"),
        _labelled("promoter_arabidopsis", "dna_promoter", *_promoters(ARABIDOPSIS)),
        _labelled("promoter_mouse", "dna_promoter", *_promoters(MOUSE)),
        _labelled("rna_coding", "rna_coding_cpat", *_RNA),
        _labelled("cr", "sentence_classification", *_texts("custrev")),
        _labelled("mpqa", "mpqa", *_texts("mpqa")),
        _labelled("subj", "sentence_classification", *_texts("subj")),
        _labelled("trec", "sentence_classification", *_texts("TREC.train", "TREC.test")),
        _series("basic_motions", "BasicMotions"),
        _series("gun_point", "GunPoint"),
        _series("italy_power_demand", "ItalyPowerDemand"),
        _labelled("pen_digits", "", *_DIGITS, obtain="UCI, Pen-Based Recognition of Handwritten Digits"),
        _series("arrow_head", "ArrowHead"),
        _series("osu_leaf", "OSULeaf"),
        Row(
            "nab",
            "NAB standard score",
            "online, one threshold that knows no label of these files, 3 seeds; theirs is the best on all labels",
            "windowedGaussian, knncad and numenta, by folder",
            SEEN,
            3,
            ("nab/nab.csv.gz", "nab/combined_windows.json"),
            "nab",
            partial(settings_of, StreamDetector(), taken=("seed", "warm_up_rows")),
            _run_streams,
        ),
        Row(
            "beijing_pm25",
            "RMSE",
            "next hour, trained on 2010-2012, chosen on 2013, tested on 2014, missing hours not scored, 5 seeds",
            BLOG,
            RECALLED,
            5,
            ("beijing_pm25/pollution.csv.gz",),
            "beijing_pm25",
            dict,
            _run_beijing,
        ),
    )
}
