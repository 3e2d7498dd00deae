"""A set arrives whole and as the catalogue says, or not at all: what is wrong is said, and nothing of it is kept."""

from __future__ import annotations

import gzip
import sys
import zipfile

import pytest

from tests.data.public.served import public_file, public_set, serving
from throughtime.base.errors import ConfigError, DataError, DownloadError, FileMissingError
from throughtime.data.public import fetch

ONE, TWO = b"A,C\nG,T\n", b"words of a text\n"
FILES = (public_file("one/one.csv.gz", "d/one.csv", ONE), public_file("one/two words.txt", "d/two words.txt.gz", TWO))
SERVED = {"/d/one.csv": ONE, "/d/two%20words.txt.gz": gzip.compress(TWO)}


@pytest.fixture
def pooch():
    return pytest.importorskip("pooch", reason="pooch, which fetches, is not installed")


def kept(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_files_lie_as_the_layout_says(pooch, tmp_path):
    said = []
    with serving(SERVED) as served:
        paths = fetch(public_set(served.base, *FILES), tmp_path / "new", tell=said.append)
    assert paths == [tmp_path / "new" / file.path for file in FILES]
    assert gzip.decompress(paths[0].read_bytes()) == ONE
    assert paths[1].read_bytes() == TWO
    assert said == ["one/one.csv.gz: 8 bytes", "one/two words.txt: 16 bytes"]


def test_what_is_here_is_not_fetched_again(pooch, tmp_path):
    with serving(SERVED) as served:
        fetch(public_set(served.base, FILES[0]), tmp_path)
        served.asked.clear()
        said = []
        fetch(public_set(served.base, *FILES), tmp_path, tell=said.append)
        assert served.asked == ["/d/two%20words.txt.gz"]
        served.asked.clear()
        fetch(public_set(served.base, *FILES), tmp_path)
        assert served.asked == []
    assert said[0] == "one/one.csv.gz: is here"


def test_other_content_is_refused(pooch, tmp_path):
    with (
        serving(SERVED | {"/d/one.csv": ONE + b"\n"}) as served,
        pytest.raises(DataError, match="one/one.csv.gz is other"),
    ):
        fetch(public_set(served.base, *FILES), tmp_path)
    assert kept(tmp_path) == []


def test_a_file_that_is_gone(pooch, tmp_path):
    with serving({"/d/one.csv": ONE}) as served, pytest.raises(DownloadError, match="two%20words.* answers 404"):
        fetch(public_set(served.base, *FILES), tmp_path)
    assert kept(tmp_path) == ["one/one.csv.gz"]


@pytest.mark.parametrize("name", SERVED)
def test_half_a_file(pooch, tmp_path, name):
    with serving(SERVED, cut={name}) as served, pytest.raises(DownloadError, match="no whole answer came"):
        fetch(public_set(served.base, *FILES), tmp_path)
    assert len(kept(tmp_path)) == list(SERVED).index(name)


def test_nobody_answers(pooch, tmp_path):
    with serving({}) as served:
        base = served.base
    with pytest.raises(DownloadError, match="Look to the network"):
        fetch(public_set(base, *FILES), tmp_path)


def test_what_is_no_gzip(pooch, tmp_path):
    with serving(SERVED | {"/d/two%20words.txt.gz": TWO}) as served, pytest.raises(DataError, match="gz"):
        fetch(public_set(served.base, *FILES), tmp_path)
    assert kept(tmp_path) == ["one/one.csv.gz"]


def test_other_content_in_the_folder_is_left_alone(tmp_path):
    path = tmp_path / "one" / "two words.txt"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    with pytest.raises(DataError, match="is there with other content"):
        fetch(public_set("http://127.0.0.1:1/", *FILES), tmp_path)
    assert path.read_bytes() == b"mine"


def test_without_pooch(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    monkeypatch.delenv("THROUGHTIME_DATA", raising=False)
    for out in (None, tmp_path):
        with pytest.raises(ConfigError, match=r"pip install 'throughtime\[data\]'"):
            fetch(public_set("http://127.0.0.1:1/", *FILES), out)


def test_streams_become_one_table(tmp_path):
    parts = {
        "a/x.csv": b"timestamp,value\r\n2020-01-01 00:00:00,5\r\n",
        "b/y.csv": b"timestamp,value\n2020-01-02 00:00:00,0.50",
    }
    for name, content in parts.items():
        (tmp_path / "from" / name).parent.mkdir(parents=True)
        (tmp_path / "from" / name).write_bytes(content)
    whole = b"file,timestamp,value\na/x.csv,2020-01-01 00:00:00,5.0\nb/y.csv,2020-01-02 00:00:00,0.5\n"
    file = public_file("all.csv.gz", "data/", whole, join="streams", parts=tuple(parts))
    (path,) = fetch(public_set("", file), tmp_path, source=tmp_path / "from")
    assert gzip.decompress(path.read_bytes()) == whole
    path.unlink()
    (tmp_path / "from" / "b" / "y.csv").write_bytes(b"timestamp,value\nno row")
    with pytest.raises(DataError, match="all.csv.gz is other data .its parts cannot be joined"):
        fetch(public_set("", file), tmp_path, source=tmp_path / "from")


def test_from_a_folder_or_an_archive(tmp_path):
    wanted = public_set("", *FILES, obtain="a shop")
    folder = tmp_path / "mine"
    (folder / "other").mkdir(parents=True)
    (folder / "d").mkdir()
    (folder / "other" / "one.csv").write_bytes(b"another of that name")
    (folder / "d" / "one.csv.gz").write_bytes(gzip.compress(ONE))
    (folder / "two words.txt").write_bytes(TWO)
    archive = tmp_path / "mine.whl"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in folder.rglob("*.*"):
            packed.write(path, path.relative_to(folder))
    for source, out in ((folder, tmp_path / "a"), (archive, tmp_path / "b")):
        paths = fetch(wanted, out, source=source)
        assert gzip.decompress(paths[0].read_bytes()) == ONE
        assert paths[1].read_bytes() == TWO


def test_files_that_are_not_there(tmp_path):
    wanted = public_set("", *FILES, obtain="a shop")
    with pytest.raises(ConfigError, match=r"made_up has none. Get it yourself \(a shop\), then: throughtime data get"):
        fetch(wanted, tmp_path)
    with pytest.raises(FileMissingError, match="there is no '.*nowhere'"):
        fetch(wanted, tmp_path, source=tmp_path / "nowhere")
    with pytest.raises(FileMissingError, match="there is no one.csv in"):
        fetch(wanted, tmp_path, source=tmp_path)
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(DataError, match="takes a folder, a zip file or a wheel"):
        fetch(wanted, tmp_path, source=tmp_path / "text")
