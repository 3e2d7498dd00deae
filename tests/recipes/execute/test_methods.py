from dataclasses import replace

import pytest
from joblib import parallel_config

from throughtime.recipes.execute import methods
from throughtime.recipes.execute.judging import Marks
from throughtime.recipes.execute.methods import NETWORKS, RULE, compare_methods, fit_network, marks_of, try_commonest
from throughtime.recipes.execute.problem import Part, ProgramProblem, sample
from throughtime.recipes.execute.settings import Model, Programs, Settings

TINY = Model(hidden_size=8, embedding_size=4, epochs=2, window_steps=3)
ADDING = sample(Settings(programs=Programs(length=1, programs=40, test_programs=20), model=TINY))
pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


def test_all_methods_stand_in_one_table():
    with parallel_config("sequential"):  # other processes take longer to start than these trainings take
        table = compare_methods(ADDING, TINY, "n,n", 2, False)
    assert table.column("method") == [RULE, *NETWORKS]
    assert table.column("seeds") == [None, 2, 2, 2, 2]
    sizes = table.column("parameters")
    assert sizes[3] < sizes[4]  # without attention, and with


def test_a_network_learns_what_it_is_shown():
    texts = [f"print({number})" for number in range(8)]
    part = Part(texts, [str(number) for number in range(8)])
    problem = ProgramProblem("copies", part, part, False, ())
    model = Model(
        hidden_size=32, embedding_size=16, epochs=80, batch_size=8, learning_rate=1e-2, averaging=0.5, validation=0.0
    )
    marks = marks_of(problem, fit_network(problem, model, "n,n"), 1)
    assert marks.accuracy == marks.exact == 1


def test_the_rule_counts_outputs_of_training_alone():
    found = try_commonest(ADDING)
    assert found.nats is None
    assert 0 < found.without_ends < found.accuracy < 1
    changed = replace(ADDING, test=replace(ADDING.test, outputs=["99"] * len(ADDING.test)))
    assert try_commonest(changed).parameters == found.parameters


@pytest.mark.parametrize(("accuracy", "told"), [(0.9, True), (0.5, False)])
def test_a_loss_to_another_method_is_printed(accuracy, told):
    found = [
        [methods.Scored(name, each, 0.0, 0.0, 1.0, 1, 0.0)]
        for name, each in {"perceptron": accuracy, "LSTM": 0.8}.items()
    ]
    notes = [note for note in methods._notes(ADDING, found) if "tells more characters rightly" in note]
    assert len(notes) == told
    assert all("by 0.1000" in note for note in notes)


def test_marks_are_of_the_test_part():
    marks = marks_of(ADDING, fit_network(ADDING, TINY, "n,n"), 2)
    assert isinstance(marks, Marks)
    assert marks.characters.tolist() == [len(output) + 1 for output in ADDING.test.outputs]
