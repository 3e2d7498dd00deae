from __future__ import annotations

import numpy as np

from tests.recipes.labelling.made_up import problem
from throughtime.recipes.labelling.comparison import table_of
from throughtime.recipes.labelling.methods import Trial
from throughtime.recipes.labelling.problem import LETTERS
from throughtime.recipes.labelling.settings import Split


def test_what_is_said_of_gaps():
    made = problem(LETTERS, Split(test="0.5"))
    truth = made.codes(made.test)
    sure = np.where(np.eye(2)[truth] > 0, 0.9, 0.1)
    nearly, wrong = sure.copy(), sure[:, ::-1]
    nearly[0] = nearly[0, ::-1]

    def trials(name, *given):
        return [Trial(name, each, 7, 1.0, "C 1" if name == "logistic on letters" else "") for each in given]

    found = {
        "majority class": trials("majority class", np.full_like(sure, 0.5)),
        "logistic on letters": trials("logistic on letters", wrong),
        "Elman RNN": trials("Elman RNN", nearly, sure),
        "LSTM": trials("LSTM", sure, sure),
    }
    table = table_of(made, found)
    assert table.notes[0].startswith("The LSTM beats logistic on letters: accuracy 1.000 against 0.000")
    assert table.notes[1].startswith("The LSTM does not differ from the Elman RNN by more than noise")
    assert table.column("accuracy")[2].mean == 0.975
    assert table.column("seeds") == [None, None, 2, 2]
    assert table.column("accuracy, 95 %.from")[3] < 1
    worse = table_of(made, {"logistic on letters": trials("logistic on letters", sure), "LSTM": trials("LSTM", wrong)})
    assert worse.notes[0].startswith("The LSTM does not beat logistic on letters")
