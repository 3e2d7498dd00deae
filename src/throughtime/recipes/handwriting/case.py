"""Handwriting, learned, scored, shown, compared and written for new phrases; and the recipe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch.distributed as dist

from throughtime.base.errors import ConfigError, DataError
from throughtime.base.run_folder import RunFolder
from throughtime.data import batch_count
from throughtime.recipes.handwriting import pictures, report
from throughtime.recipes.handwriting.drawing import Drawing, letters_in, points_of
from throughtime.recipes.handwriting.judging import Judged, judged, written
from throughtime.recipes.handwriting.methods import compare_methods, fit_network, scores_table
from throughtime.recipes.handwriting.problem import EXAMPLE, HandwritingProblem, make_problem, others, sample
from throughtime.recipes.handwriting.reading import read_drawings
from throughtime.recipes.handwriting.settings import Model, Settings, bias_of, estimator_of
from throughtime.recipes.handwriting.writing import generate
from throughtime.recipes.learning import in_words
from throughtime.recipes.recipe import Case, ProblemCase, Recipe
from throughtime.recipes.settings import own_share, parse
from throughtime.recipes.table import Column, Table
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.batches import choose_schedule
from throughtime.tasks.generator_options import check_generator_options
from throughtime.tasks.phrase_medium import ROWS as PHRASES_AT_ONCE
from throughtime.tasks.phrase_medium import check_scribe
from throughtime.tasks.phrase_network import PhraseDesign, as_letters
from throughtime.tasks.stroke_medium import ROWS
from throughtime.tasks.strokes import scale_of
from throughtime.train import History
from throughtime.train.ranks import Ranks

# What keeps the sample's training at some minutes of one core, and has phrases come out that can be read.
SAMPLE = Settings(model=Model(hidden_size=128, epochs=16, batch_size=32, learning_rate=8e-3, dropout=0.0))
# Held-out drawings that the report shows beside the network's: with phrases in rows, without in columns.
SHOWN, ACROSS = 6, 3
BIASES = (0.0, 0.5, 1.0, 2.0)
# A drawing that is so many times as long as the longest that trains will not end any more.
TIMES_LONGEST = 2
# Test drawings whose points `predict` goes on from, where there are no phrases; so many points of each are shown.
PLACES, BEFORE, AFTER = 5, 2, 4


@dataclass(frozen=True)
class HandwritingCase(ProblemCase):
    """Drawings with the settings they were read by.

    Args:
        problem: the parts.
        chosen: all settings, in groups.
        test_path: of a test part that lies in a file or folder of its own; None: there is none.
    """

    problem: HandwritingProblem
    chosen: Settings
    test_path: str | None = None

    def table(self) -> dict[str, Any]:
        """Whether the network reads phrases."""
        return {"phrased": self.problem.phrased}

    def beside(self) -> tuple[Path, ...]:
        """The file or folder of the test part, where it has one of its own."""
        return () if self.test_path is None else (Path(self.test_path),)

    def usual_tbptt(self, recipes: str) -> str:
        """That of `SequenceGenerator(tbptt=None)`."""
        train = self.problem.train
        rows = self.chosen.model.batch_size or (PHRASES_AT_ONCE if self.problem.phrased else ROWS)
        return str(choose_schedule(max(map(len, train)), batch_count(len(train), rows)))

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        problem, model = self.problem, self.chosen.model
        options = check_generator_options(estimator_of(model, tbptt, False))
        if problem.phrased:
            check_scribe(options)
        if len(problem.train) < 2 and not problem.valid and model.validation:
            raise DataError(
                f"Validation needs a drawing of its own: {len(problem.train)} trains. Give more drawings, or write "
                "validation=0."
            )
        for name, part in (("train", problem.train), ("test", problem.test)):
            if max(map(len, part)) < 2:
                raise DataError(
                    f"A point is told from the one before it: no drawing of the {name} part has two. Give longer ones."
                )
        scale_of(points_of(problem.train))
        self._check_prompt()

    def fit(
        self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
    ) -> SequenceGenerator:
        """See `Case.fit`."""
        return fit_network(self.problem, self.chosen.model, tbptt, run=run, progress=progress, group=group)

    def scores(self, model: SequenceGenerator) -> Table:
        """See `Case.scores`."""
        return scores_table(self._readable(model), model)

    def predictions(self, model: SequenceGenerator) -> Table:
        """What the network writes for phrases of test drawings; without phrases, how it goes on from their middle."""
        return self._phrases(model) if self.problem.phrased else self._going_on(model)

    def report(self, model: SequenceGenerator, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        table, history = self.scores(model), model.history_
        assert history is not None  # it was trained just now
        found = self._judged(model)
        said = (*found.said, *self._said(model, tbptt))
        about, drawings, picture = self._shown(model, found)
        first = drawings[0]
        points, phrase = self.chosen.writing.points, first.phrase
        by_bias = [(f"bias {bias:g}", [written(model, phrase, bias, points, seed=0)]) for bias in BIASES]
        looking = pictures.looking(first, model.reading(first.points, phrase)) if self.problem.phrased else ""
        evidence = report.Evidence(
            title=self.title,
            history=_in_own_units(history, model.design_.scale),
            scores=table,
            written=picture,
            about=about,
            first=first,
            biased=pictures.grid("Tidier by a bias", [""], by_bias),
            looking=looking,
            judged=found.table,
            settings=record,
            network=self._said(model, tbptt),
        )
        return replace(table, notes=(*table.notes, *said)), report.render(evidence)

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        self.check(tbptt, Ranks())
        return compare_methods(self.problem, self.chosen.model, tbptt, seeds, progress)

    @property
    def _bias(self) -> float:
        return bias_of(self.chosen.writing, self.problem.phrased)

    def _judged(self, model: SequenceGenerator) -> Judged:
        return judged(self._readable(model), model, self.chosen.writing, self.chosen.collection.font)

    def _check_prompt(self) -> None:
        asked = self.chosen.writing.asked
        if asked and not self.problem.phrased:
            raise ConfigError(
                f"A prompt is for a network that reads phrases: prompt={self.chosen.writing.prompt} came, and none are "
                "read here. Leave it out."
            )
        if asked:
            as_letters(asked, "".join(sorted(letters_in(self.problem.train))))

    def _readable(self, model: SequenceGenerator) -> HandwritingProblem:
        """The problem with the test drawings whose letters the network knows."""
        design = model.design_
        return self.problem.readable(design.letters) if isinstance(design, PhraseDesign) else self.problem

    def _shown(self, model: SequenceGenerator, found: Judged) -> tuple[str, list[Drawing], str]:
        """What the picture of its drawings is of, those drawings, and the picture."""
        writing, name = self.chosen.writing, "What it writes"
        if writing.asked:
            drawn = [
                [written(model, phrase, self._bias, writing.points, seed, found.lag) for seed in (0, 1)]
                for phrase in writing.asked
            ]
            rows = [(each[0].phrase, each) for each in drawn]
            about = f"Phrases that were asked for, written twice from other seeds; bias {self._bias:g}."
            return about, [each[0] for each in drawn], pictures.grid(name, ["The network", "Once more"], rows)
        ours, theirs = found.ours[:SHOWN], found.theirs[:SHOWN]
        if self.problem.phrased:
            rows = [(own.phrase, [own, other]) for own, other in zip(ours, theirs, strict=True)]
            about = f"Phrases of held-out drawings, the first of them; bias {self._bias:g}."
            return about, list(ours), pictures.grid(name, ["The network", "Held out"], rows)
        return f"None of them was chosen; bias {self._bias:g}.", list(ours), _side_by_side(name, found)

    def _phrases(self, model: SequenceGenerator) -> Table:
        writing, rows, test = self.chosen.writing, [], self._readable(model).test
        for seed, each in enumerate(test[:SHOWN] if self.problem.train else test):
            made = written(model, each.phrase, self._bias, writing.points, seed)
            rows.append((each.phrase, len(made), len(each), len(made.lines), len(each.lines)))
        columns = (
            Column("phrase"),
            *(Column(whose, group=name) for name in ("points", "strokes") for whose in ("network", "held out")),
        )
        note = f"Written at bias {self._bias:g}. What it looks like: throughtime generate RUN --prompt PHRASE."
        return Table(f"{self.title}: written", columns, tuple(rows), (*self.notes, note))

    def _going_on(self, model: SequenceGenerator) -> Table:
        rows = []
        for place, each in enumerate(self.problem.test[:PLACES]):
            middle = max(1, len(each) // 2)
            given = each.points[:middle]
            said = model.generate(AFTER, given, bias=self._bias, seed=place)[middle:]
            rows.append((place + 1, middle, _moves(given[-BEFORE:]), _moves(said)))
        columns = Column("drawing"), Column("point"), Column("after", words=True), Column("goes on", words=True)
        note = f"Moves to the right and down, / where the pen lifts; at bias {self._bias:g}."
        return Table(f"{self.title}: gone on from", columns, tuple(rows), (*self.notes, note))

    def _said(self, model: SequenceGenerator, tbptt: str) -> tuple[str, ...]:
        """What there is to say of the network."""
        history, chosen = model.history_, self.chosen.model
        assert history is not None  # it was trained just now
        what = "two layers of lstm and a window on the phrase" if self.problem.phrased else chosen.cell
        return (
            f"{what} with {model.parameters_count_:,} parameters, TBPTT({tbptt}), seed {chosen.seed}; "
            f"{in_words(history, model.seconds_)}",
        )


def _side_by_side(name: str, found: Judged) -> str:
    """The network's drawings at the left, held-out ones at the right."""
    rows = [
        ("", [*found.ours[start : start + ACROSS], *found.theirs[start : start + ACROSS]])
        for start in range(0, len(found.ours) // ACROSS * ACROSS or 1, ACROSS)
    ][: SHOWN * 2 // ACROSS]
    across = len(rows[0][1]) // 2
    headings = ["The network", *[""] * (across - 1), "Held out", *[""] * (across - 1)]
    return pictures.grid(name, headings, rows)


def _in_own_units(history: History, scale: float) -> History:
    """Its losses as densities in the strokes' own units, as validation has them; training runs in units of `scale`."""
    nats = 2 * math.log(scale)
    return replace(history, epochs=[replace(each, loss=each.loss + nats) for each in history.epochs])


def _moves(points: Any) -> str:
    return " ".join(f"{x:.0f},{y:.0f}{'/' if lifts else ''}" for x, y, lifts in points)


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> HandwritingCase:
    """The case of the sample (`data` None) or of a user's drawings.

    Raises:
        ConfigError: settings that are unknown or do not fit, or the sample without the package Hershey-Fonts.
        DataError, FileMissingError: whatever is wrong with the drawings.
    """
    chosen = parse(settings, SAMPLE if data is None else Settings())
    collection, seed = chosen.collection, chosen.model.seed
    if data is None:
        return _filled(sample(collection), chosen)
    apart = own_share(collection.test, EXAMPLE) is None
    tests = read_drawings(collection.test) if apart else None
    problem = make_problem(Path(data).name, read_drawings(data), collection, seed, tests)
    return _filled(problem, chosen, collection.test if apart else None)


def _filled(problem: HandwritingProblem, chosen: Settings, test_path: str | None = None) -> HandwritingCase:
    """The case, with the bias, and the points that a drawing without a phrase may have, as the data ask for them."""
    writing = replace(chosen.writing, bias=bias_of(chosen.writing, problem.phrased))
    chosen = replace(chosen, writing=writing)
    if writing.points is None and not problem.phrased:
        points = TIMES_LONGEST * max(map(len, problem.train))
        chosen = replace(chosen, writing=replace(writing, points=points))
    return HandwritingCase(problem, chosen, test_path)


def read(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Other drawings, all of which are test part, whatever parts they have.

    Raises:
        DataError, FileMissingError: whatever is wrong with the drawings, or a network that reads phrases finds none.
    """
    return HandwritingCase(others(data, read_drawings(data), table["phrased"]), parse(settings, Settings()))


RECIPE = Recipe(
    name="handwriting",
    summary="phrases as a pen writes them, or drawings of your own: IAM-OnDB, sketch-rnn's archives (--data)",
    tbptt="n,n",
    load=load,
    read=read,
    generate=generate,
    biased=True,
    brief={"epochs": "6"},
)
