import pytest

from throughtime.base.errors import ConfigError
from throughtime.recipes.execute.settings import Model, Programs, Settings, check_drawn, check_own, estimator_of
from throughtime.recipes.settings import parse
from throughtime.tasks.pair_options import check_pair_options


@pytest.mark.parametrize("cell", ["lstm", "rnn", "perceptron"])
def test_every_cell_has_a_learner(cell):
    options = check_pair_options(estimator_of(Model(cell=cell, hidden_size=12, heads=3), "n,n", False))
    assert (options.cell, options.hidden_size, options.heads) == (cell, 12, 3)
    assert options.bidirectional == (cell != "perceptron")
    assert options.label_smoothing == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"length": "41"}, "a number of digits from 1 to 40: '41' came"),
        ({"length": "0"}, "a number of digits from 1 to 40"),
        ({"nesting": "9"}, "a whole number from 1 to 8"),
        ({"kind": "division"}, "one of programs, addition, equations, copying: 'division' came"),
        ({"curriculum": "mixed"}, "did you mean 'mix'"),
        ({"heads": "-1"}, "a whole number from 0 to 64"),
        ({"programms": "5"}, "did you mean 'programs'"),
    ],
)
def test_what_is_out_of_range_is_named(settings, said):
    with pytest.raises(ConfigError, match=said):
        parse(settings, Settings())


def test_nesting_is_of_what_nests():
    check_drawn(Programs(kind="equations", nesting=3))
    with pytest.raises(ConfigError, match="nesting=2 came with kind=addition"):
        check_drawn(Programs(kind="addition", nesting=2))


def test_settings_say_something_of_the_programs_there_are():
    check_own(Programs(test="0.2", doubled=True))
    with pytest.raises(ConfigError, match="curriculum=naive came with --data"):
        check_own(Programs(curriculum="naive"))
    with pytest.raises(ConfigError, match="test=0.2 came without --data"):
        check_drawn(Programs(test="0.2"))
