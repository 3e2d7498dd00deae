"""The cut of purchases into those that train, validate and are told, judged user by user."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tests.recipes.purchase.made import problem, ring
from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.purchase.problem import first, load_problem, newest_is_new, other_problem
from throughtime.recipes.purchase.settings import Settings
from throughtime.recipes.settings import parse
from throughtime.tasks.histories import Histories

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.Notice")


def runs(own, histories):
    """By user the ids bought."""
    return {
        user: [own.ids[number] for number in histories.of_user(place)] for place, user in enumerate(histories.users)
    }


def in_order(table):
    return {user: part.sort("time")["item"].to_list() for (user,), part in table.group_by("user")}


def test_last_tells_each_users_last_purchase_and_trains_on_the_rest():
    own, whole = problem(), in_order(ring())
    trained, validating, told = (runs(own, part) for part in (own.train, own.validating, own.told))
    assert told == whole
    assert len(validating) == round(0.1 * len(whole))
    for user, run in whole.items():
        assert trained[user] == (run[:-2] if user in validating else run[:-1])
        assert validating.get(user, run[:-1]) == run[:-1]
    assert "each user's last purchase is told" in own.notes[-1]


def test_time_cuts_all_histories_at_one_moment():
    table = ring()
    own = problem(table, split="time", test="0.2", validation="0.05")
    moment = table["time"].sort()[int(0.8 * len(table))]
    before = {user: len(part) for (user,), part in table.filter(pl.col("time") < moment).group_by("user")}
    whole = in_order(table)
    trained, validating, told = (runs(own, part) for part in (own.train, own.validating, own.told))
    wanted = {user: whole[user][: count + 1] for user, count in before.items() if count < len(whole[user])}
    assert told == wanted
    assert 10 < len(told) < len(whole)
    for user, run in whole.items():
        assert trained[user] == run[: before.get(user, 0)][: -1 if user in validating else None]


def test_what_is_told_does_not_train():
    """Whatever it is, the training purchases are the same."""
    table = ring()
    last = pl.col("time") == pl.col("time").max().over("user")
    late = pl.col("time") >= table["time"].sort()[int(0.9 * len(table))]
    for split, changed in (("last", last), ("time", late)):
        other = table.with_columns(item=pl.when(changed).then((pl.col("item") + 7) % 30).otherwise(pl.col("item")))
        own, again = problem(table, split=split), problem(other, split=split)
        assert runs(own, own.train) == runs(again, again.train)
        assert runs(own, own.validating) == runs(again, again.validating)
        assert all(runs(own, own.told)[user] != run for user, run in runs(again, again.told).items())


def test_without_times_rows_are_in_order():
    table = ring().sort("user", "time").drop("time")
    own = problem(table)
    assert runs(own, own.told) == in_order(ring())
    with pytest.raises(ConfigError, match="A split by time needs times"):
        problem(table, split="time")


def test_masked_leaves_out_users_who_bought_it_again():
    table = ring()
    last = table.filter(pl.col("user") == "u0").sort("time")[-1:]
    table = pl.concat([table, last.with_columns(pl.col("time") + dt.timedelta(1))])
    own = problem(table, mask_seen="true")
    assert "u0" not in own.told.users
    assert len(own.told) == 199
    assert "199 users whose next one is new count" in own.notes[-1]
    histories, _ = Histories.of(list("aabbc"), [1, 1, 1, 2, 3])
    assert newest_is_new(histories).tolist() == [False, True, True]


def test_many_users_are_scored_in_part(monkeypatch):
    monkeypatch.setattr("throughtime.recipes.purchase.problem.MOST_TOLD", 50)
    own = problem()
    assert len(own.told) == 50
    assert own.told.users == problem().told.users
    assert "50 of 200 users, drawn once" in own.notes[-1]


def test_notes_say_what_cannot_be_known():
    table = ring(20).with_columns(item=pl.col("item").cast(pl.String))
    last = table.filter(pl.col("user") == "u3").sort("time")[-1]
    strange = table.with_columns(
        item=pl.when((pl.col("user") == "u3") & (pl.col("time") == last["time"][0]))
        .then(pl.lit("new"))
        .otherwise("item")
    )
    own = problem(strange, validation="0.3")
    assert "Of 20 purchases to tell" in own.notes[-2]
    assert "Few users: 20 are scored" in own.notes[-1]


def test_columns_are_what_the_estimator_takes():
    own = problem()
    who, items = own.columns(own.told)
    histories, ids = Histories.of(who, items)
    assert [ids[n] for n in histories.items] == [own.ids[n] for n in own.told.items]
    assert own.catalogue.counts.sum() == len(own.train.items)
    assert own.known_by((own.ids[2],)).tolist() == [1, 1, 0, *[1] * (len(own.ids) - 3)]
    assert first(histories, np.ones(len(histories), dtype=int)).lengths.tolist() == [1] * len(histories)


def test_the_settings_come_back_with_every_guess():
    own, chosen = load_problem(ring(), "x", Settings())
    assert (chosen.columns.user, chosen.columns.item, chosen.columns.time) == ("user", "item", ("time",))
    assert parse(chosen.to_flat(), Settings()) == chosen
    again, _ = load_problem(ring(), "x", chosen)
    assert runs(again, again.told) == runs(own, own.told)
    assert len(again.notes) == 1  # nothing was guessed


def table_of(users, items):
    return pl.DataFrame({"user": users, "item": items})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (table_of([1, 2, 3], [1, 1, 2]), "each of the 3 users in a ring has a single one"),
        (table_of([1, 1, 2, 2], [1, 2, 1, 2]), "Training needs a user with two purchases.*longest history has 2"),
        (table_of([1, None, 2, None], [1, 2, 3, 4]), "Every row has an id in `users`: None came in rows 2, 4 of 4"),
        (table_of(["a", "b", ""], [1, 2, 3]), "Every row has an id in `users`: None came in row 3 of 3"),
        (table_of([1, 1, 1], [1.0, float("nan"), 3.0]), "Every row has an id in `items`: None came in row 2 of 3"),
        (table_of([1] * 4 + [2] * 4, [7] * 8), "at least 2 items bought 1 times or more in training: 1 of 1"),
        (table_of([1] * 5, [1, 2, 1, 2, 3]), None),
    ],
)
def test_tables_that_teach_nothing_are_refused(table, message):
    if message is None:  # one user will do, if barely
        assert len(problem(table).told) == 1
        return
    with pytest.raises(DataError, match=message):
        problem(table)


def test_a_cut_that_leaves_nothing_to_tell_is_refused():
    table = ring(6).with_columns(time=pl.lit(1))
    with pytest.raises(DataError, match=r"a single|Training needs|Nothing is left to tell with split=time"):
        problem(table, split="time")


def test_another_table_is_read_as_the_runs_own():
    chosen = load_problem(ring(), "x", Settings())[1]
    other = pl.DataFrame(
        {"user": ["n", "n", "m"], "item": ["3", "x", "4"], "time": ["2024-01-02", "2024-01-01", "2024"]}
    )
    other = other.with_columns(pl.Series("time", ["2024-01-02", "2024-01-01", "2024-01-01"]))
    own = other_problem(other, "new", chosen, "number", scored=True)
    assert runs(own, own.told) == {"n": ["x", 3]}
    assert runs(own, own.everyone) == {"n": ["x", 3], "m": [4]}
    assert len(own.train) == 0
    with pytest.raises(DataError, match="no user in new has two. Give longer histories; predict takes single"):
        other_problem(other[2:], "new", chosen, "number", scored=True)
    assert len(other_problem(other[2:], "new", chosen, "number", scored=False).told) == 0
    with pytest.raises(DataError, match="'time'"):
        other_problem(other.drop("time"), "new", chosen, "number", scored=False)
