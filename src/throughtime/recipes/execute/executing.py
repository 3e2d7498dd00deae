"""Programs and what they print: drawn by length and nesting, or one's own; learned, scored, and run by the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch.distributed as dist

from throughtime.base.atomic import write_text
from throughtime.base.errors import ConfigError
from throughtime.base.run_folder import RunFolder
from throughtime.data.files import read_text
from throughtime.decode import Sampling
from throughtime.insight.lettering import visible
from throughtime.recipes.execute import pictures, report
from throughtime.recipes.execute.evaluator import output_of
from throughtime.recipes.execute.judging import by_level
from throughtime.recipes.execute.language import ProgramError
from throughtime.recipes.execute.lessons import as_read
from throughtime.recipes.execute.methods import compare_methods, fit_network, marks_of, scores_table
from throughtime.recipes.execute.problem import EXAMPLE, ProgramProblem, others, own, sample
from throughtime.recipes.execute.settings import Model, Settings, estimator_of
from throughtime.recipes.learning import in_words
from throughtime.recipes.recipe import Case, ProblemCase, Recipe, Request
from throughtime.recipes.settings import own_share, parse
from throughtime.recipes.table import Column, Table
from throughtime.tasks import SequenceToSequence
from throughtime.tasks.pair_options import check_pair_options
from throughtime.train.ranks import Ranks

# Sums of up to four digits, in some minutes of a core; `docs/recipes/execute.md` says what more asks for.
SAMPLE = Settings()
# Test programs that reports and predictions show.
SHOWN = 12
# Test programs, evenly among them, whose output is told of in a drawing is one: the middle of the hardest half.
LOOKED_AT = 0.75


@dataclass(frozen=True)
class ExecuteCase(ProblemCase):
    """Programs with the settings they were read by.

    Args:
        problem: training and test part.
        chosen: all settings, in groups.
        files: what was read beside the data.
    """

    problem: ProgramProblem
    chosen: Settings
    files: tuple[Path, ...] = ()

    def beside(self) -> tuple[Path, ...]:
        """The file of the test part, where it has one of its own."""
        return self.files

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        check_pair_options(estimator_of(self.chosen.model, tbptt, False))

    def fit(
        self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
    ) -> SequenceToSequence:
        """See `Case.fit`."""
        return fit_network(self.problem, self.chosen.model, tbptt, run=run, progress=progress, group=group)

    def scores(self, model: SequenceToSequence) -> Table:
        """See `Case.scores`."""
        return scores_table(self.problem, model, marks_of(self.problem, model, self.chosen.model.beam))

    def predictions(self, model: SequenceToSequence) -> Table:
        """What the network writes for each program; of a run's own, for some test programs."""
        return self._examples(model, SHOWN if self.problem.train is not None else len(self.problem.test))

    def report(self, model: SequenceToSequence, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        history, test = model.history_, self.problem.test
        assert history is not None  # it was trained just now
        marks = marks_of(self.problem, model, self.chosen.model.beam)
        table, said = scores_table(self.problem, model, marks), self._said(model, tbptt)
        evidence = report.Evidence(
            self.title,
            history,
            table,
            by_level(marks, test.levels) if test.levels else {},
            self._examples(model, SHOWN),
            self._looking(model),
            record,
            said,
        )
        return replace(table, notes=(*table.notes, *said)), report.render(evidence)

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        self.check(tbptt, Ranks())
        return compare_methods(self.problem, self.chosen.model, tbptt, seeds, progress)

    def _examples(self, model: SequenceToSequence, count: int) -> Table:
        """Programs, evenly out of the test part, what they print and what the network writes."""
        places = np.unique(np.linspace(0, len(self.problem.test) - 1, count).round().astype(np.int64))
        some = self.problem.test.some(places.tolist())
        written = model.predict(self.problem.sources(some), beam=self.chosen.model.beam)
        printed = list(some.outputs) or [_printed(text) for text in some.programs]
        rows = [
            (_on_a_line(text), own or None, said, own == said if own else None)
            for text, own, said in zip(some.programs, printed, written, strict=True)
        ]
        columns = Column("program", words=True), Column("prints"), Column("network"), Column("right")
        return Table(f"{self.title}: run by the network", columns, tuple(rows), self.notes)

    def _looking(self, model: SequenceToSequence) -> str:
        """Where it looks as it tells the output of one test program."""
        if not self.chosen.model.heads:
            return ""
        some = self.problem.test.some([int(LOOKED_AT * (len(self.problem.test) - 1))])
        read, told, weights, _ = model.attention(self.problem.sources(some)[0], some.outputs[0])
        if self.chosen.model.reverse:
            read, weights = read[::-1], weights[:, ::-1]
        return pictures.looking(read, told, weights)

    def _said(self, model: SequenceToSequence, tbptt: str) -> tuple[str, ...]:
        """What there is to say of the network."""
        history, chosen = model.history_, self.chosen.model
        assert history is not None  # it was trained just now
        looks = f"attention of {chosen.heads} heads" if chosen.heads else "no attention"
        read = "from both ends" if chosen.bidirectional else "from its end" if chosen.reverse else "from its beginning"
        return (
            f"{chosen.cell} with {model.parameters_count_:,} parameters and {looks}, each program read {read}, "
            f"TBPTT({tbptt}), seed {chosen.seed}; {in_words(history, model.seconds_)}",
        )


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> ExecuteCase:
    """The case of the sample (`data` None) or of a user's programs.

    Raises:
        ConfigError: settings that are unknown or do not fit.
        DataError, FileMissingError: whatever is wrong with the programs.
    """
    chosen = parse(settings, SAMPLE if data is None else Settings(model=Model(epochs=None)))
    if data is None:
        if chosen.model.epochs is None:
            raise ConfigError("Drawn programs have no end: epochs=auto came. Write for example epochs=20.")
        return ExecuteCase(sample(chosen), chosen)
    apart = own_share(chosen.programs.test, EXAMPLE) is None
    return ExecuteCase(own(data, chosen), chosen, (Path(chosen.programs.test),) if apart else ())


def read(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Other programs, all of which are test part.

    Raises:
        DataError, FileMissingError: whatever is wrong with them, or nobody knows what they print where they are scored.
    """
    chosen = parse(settings, Settings())
    return ExecuteCase(others(data, chosen, scored), chosen)


def generate(model: SequenceToSequence, request: Request, settings: Mapping[str, Any]) -> Iterator[str]:
    """What a program prints, told as it is written; the program, or the name of its file, is the prompt.

    Raises:
        ConfigError: there is no program, or settings break a rule.
        DataError: a symbol that cannot be read.
        WriteError: the file could not be written.
    """
    if not request.prompt.strip():
        raise ConfigError('What is run is a program: none came. Write for example --prompt "print(12+34)".')
    if request.stop is not None or request.sampling != Sampling():
        raise ConfigError("What a program prints is not drawn: a stop or settings of draws came. Leave them out.")
    chosen = parse(settings, Settings())
    prompt = request.prompt
    program = read_text(Path(prompt), "program") if prompt.lower().endswith(".txt") else prompt
    source = as_read(program.strip().replace("\\n", "\n"), chosen.programs.doubled)
    if request.beam is None:
        pieces = model.stream(source, most=request.steps)
    else:
        pieces = iter([str(model.predict([source], beam=request.beam, most=request.steps)[0])])
    if request.out is None:
        return pieces
    text = "".join(pieces)
    write_text(request.out, text + "\n")
    return iter([f"{request.out}: {len(text):,} characters"])


def _printed(text: str) -> str:
    """What a program prints; empty where it is not of the grammar."""
    try:
        return output_of(text)
    except ProgramError:
        return ""


def _on_a_line(text: str) -> str:
    return visible(text.replace("\n", pictures.LINE_SIGN))


RECIPE = Recipe(
    name="execute",
    summary="what a program prints, from its text: sums and small programs by a curriculum, or your own (--data)",
    tbptt="n,n",
    load=load,
    read=read,
    generate=generate,
    brief={"length": "3", "epochs": "5"},
)
