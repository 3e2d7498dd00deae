"""A collection of music, trained, scored, shown, compared and gone on with; and the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch.distributed as dist

from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.data import batch_count
from throughtime.recipes.learning import in_words
from throughtime.recipes.music import report
from throughtime.recipes.music.judging import improvised, judged, known
from throughtime.recipes.music.kinds import Melody, kind_of
from throughtime.recipes.music.methods import compare_methods, fit_network, scores_table
from throughtime.recipes.music.performing import generate
from throughtime.recipes.music.problem import EXAMPLE, TITLE, MusicProblem, make_problem, sample
from throughtime.recipes.music.reading import TEST, TRAIN, read_pieces
from throughtime.recipes.music.settings import Collection, Model, Settings, estimator_of
from throughtime.recipes.recipe import Case, ProblemCase, Recipe
from throughtime.recipes.settings import own_share, parse
from throughtime.recipes.table import Column, Table
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.batches import choose_schedule
from throughtime.tasks.frame_medium import KIND
from throughtime.tasks.generator_options import check_generator_options
from throughtime.train.ranks import Ranks

# What keeps the sample's training well under a minute on one core. Its shortest notes are eighths.
SAMPLE = Settings(
    collection=Collection(frames=2),
    model=Model(hidden_size=100, epochs=12, batch_size=4, learning_rate=0.02, dropout=0.3),
)
# Of so many test pieces the middle is gone on from, in `predict`; so many steps, of which so many words are shown.
PLACES, CONTINUED, BEFORE, AFTER = 5, 24, 2, 4


@dataclass(frozen=True)
class MusicCase(ProblemCase):
    """A collection with the settings it was read by.

    Args:
        problem: the parts.
        chosen: all settings, in groups.
        test_path: of a test part that lies in a file or folder of its own; None: there is none.
    """

    problem: MusicProblem
    chosen: Settings
    test_path: str | None = None

    def beside(self) -> tuple[Path, ...]:
        """The file or folder of the test part, where it has one of its own."""
        return () if self.test_path is None else (Path(self.test_path),)

    def usual_tbptt(self, recipes: str) -> str:
        """See `Case.usual_tbptt`; of rolls that of `SequenceGenerator(tbptt=None)`."""
        if isinstance(self.problem.kind, Melody):
            return recipes
        rolls = self.problem.read[TRAIN]
        pieces = batch_count(len(rolls), self.chosen.model.batch_size or KIND.rows)
        return str(choose_schedule(max(map(len, rolls)), pieces))

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        problem, model = self.problem, self.chosen.model
        check_generator_options(estimator_of(model, problem.kind.emission(model.emission), tbptt, False))
        if len(problem.train) < 2 and not problem.valid and model.validation:
            raise DataError(
                f"Validation needs a piece of its own: {len(problem.train)} trains. Give more music, or write "
                "validation=0."
            )
        if max(map(len, problem.read[TEST])) < 2:
            raise DataError(
                f"A score needs a piece of two {problem.kind.step}s: no test piece has them. Give longer ones."
            )

    def fit(
        self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
    ) -> SequenceGenerator:
        """See `Case.fit`."""
        return fit_network(self.problem, self.chosen.model, tbptt, run=run, progress=progress, group=group)

    def scores(self, model: SequenceGenerator) -> Table:
        """See `Case.scores`."""
        return scores_table(self.problem, model)

    def predictions(self, model: SequenceGenerator) -> Table:
        """How the network goes on from the middle of test pieces."""
        kind, temperature = self.problem.kind, self.chosen.writing.temperature
        rows = []
        for place, steps in enumerate(self.problem.read[TEST][:PLACES]):
            middle = max(1, len(steps) // 2)
            given = known(steps[:middle], model)
            said = model.generate(CONTINUED, given, temperature=temperature, seed=place)[len(given) :]
            before, after = kind.words(given)[-BEFORE:], kind.words(said)[:AFTER]
            rows.append((place + 1, middle, ", ".join(before), ", ".join(after)))
        columns = Column("test piece"), Column(kind.step), Column("after", words=True), Column("goes on", words=True)
        note = f"After a colon: how many frames it is held, {kind.frames} a quarter note."
        return Table(f"{self.title}: gone on from", columns, tuple(rows), (*self.problem.notes, note))

    def report(self, model: SequenceGenerator, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        table, history, kind = self.scores(model), model.history_, self.problem.kind
        assert history is not None  # it was trained just now
        said = self._said(model, tbptt)
        found = improvised(self.problem, model, self.chosen.writing)
        first, tempo = found[0], found[0].tempo
        evidence = report.Evidence(
            title=self.title,
            step=kind.step,
            history=history,
            scores=table,
            ours=kind.decode(kind.joined(first.primer, first.ours), tempo),
            theirs=kind.decode(kind.joined(first.primer, first.theirs), tempo),
            given=kind.decode(first.primer, tempo).quarters,
            judged=judged(self.problem, found, self.chosen.writing.temperature),
            settings=record,
            network=said,
        )
        return replace(table, notes=(*table.notes, *said)), report.render(evidence)

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        self.check(tbptt, Ranks())
        return compare_methods(self.problem, self.chosen.model, tbptt, seeds, progress)

    def _said(self, model: SequenceGenerator, tbptt: str) -> tuple[str, ...]:
        """What there is to say of the network."""
        history, chosen = model.history_, self.chosen.model
        assert history is not None  # it was trained just now
        return (
            f"{chosen.cell} with {model.parameters_count_:,} parameters, emission {model.emission}, TBPTT({tbptt}), "
            f"seed {chosen.seed}; {in_words(history, model.seconds_)}",
        )


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> MusicCase:
    """The case of the sample (`data` None) or of a user's music.

    Raises:
        ConfigError: settings that are unknown or do not fit, or MIDI without the package mido.
        DataError, FileMissingError: whatever is wrong with the music.
    """
    chosen = parse(settings, SAMPLE if data is None else Settings())
    collection, seed = chosen.collection, chosen.model.seed
    kind = kind_of(collection.kind, collection.frames)
    if data is None:
        whole = replace(collection, test=Collection.test)
        return MusicCase(make_problem(TITLE, kind, sample(), whole, seed), chosen)
    apart = own_share(collection.test, EXAMPLE) is None
    tests = read_pieces(collection.test, collection.frames) if apart else None
    problem = make_problem(Path(data).name, kind, read_pieces(data, collection.frames), collection, seed, tests)
    return MusicCase(problem, chosen, collection.test if apart else None)


def read(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Other music, all of which is test part, whatever parts it has.

    Raises:
        ConfigError: MIDI without the package mido.
        DataError, FileMissingError: whatever is wrong with the music.
    """
    chosen = parse(settings, Settings())
    collection = chosen.collection
    found = read_pieces(data, collection.frames)
    kind = kind_of(collection.kind, collection.frames)
    return MusicCase(MusicProblem(Path(data).name, kind, (), (), found.everything, found.notes), chosen)


RECIPE = Recipe(
    name="music",
    summary="music that goes on like a collection: chords or melodies of your own MIDI files (--data)",
    tbptt="100,100",
    load=load,
    read=read,
    generate=generate,
)
