"""Strokes of a pen from files: arrays as sketch-rnn's sets have them, and lines of IAM-OnDB.

    .npz           arrays of train, valid and test, each sequence [T, 3]: dx, dy, and 1 where the pen lifts
    .xml           a StrokeSet of Strokes of Points x, y: one sequence
    a folder       all .xml files below it, in the order of their names

Files of the first kind hold sequences of unequal length as pickled objects. They are unpickled by a reader that knows
three names, those of numpy's arrays, and refuses any other: no file can run anything.

Source: Ha & Eck 2017, arXiv 1704.03477 (stroke-3); Liwicki & Bunke 2005, IAM-OnDB.
"""

from __future__ import annotations

import pickle  # noqa: TID251  # by `_ArraysOnly` alone, which runs nothing
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from throughtime.base.errors import DataError, FileMissingError

Strokes = NDArray[np.float64]
PARTS = ("train", "valid", "test")
_ARRAYS = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


def read_strokes(path: str | Path) -> tuple[dict[str, list[Strokes]], list[str]]:
    """Sequences by part, and a line for each file that was left out.

    Args:
        path: a file or a folder; without parts of its own, all are the part "".

    Raises:
        DataError: nothing can be read of it, or what it holds is no strokes.
        FileMissingError: there is no such file.
    """
    place = Path(path)
    if not place.exists():
        raise FileMissingError(f"Strokes are read from a file or a folder: there is no {place}.")
    if place.is_dir():
        return _folder(place)
    if place.suffix.lower() == ".npz":
        return _arrays(place), []
    if place.suffix.lower() == ".xml":
        return {"": [read_line(place)]}, []
    raise DataError(f"Strokes are .npz, .xml, or a folder of .xml files: {place.name} came.")


def read_line(path: Path) -> Strokes:
    """The strokes of one IAM-OnDB file, [T, 3].

    Raises:
        DataError: it is no XML, or holds no points.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise DataError(f"A line of strokes is XML: {path} is not ({error}).") from error
    points: list[tuple[float, float, float]] = []
    for stroke in root.iter("Stroke"):
        try:
            places = [(float(point.attrib["x"]), float(point.attrib["y"])) for point in stroke.iter("Point")]
        except (KeyError, ValueError) as error:
            raise DataError(f"A Point has numbers x and y: {path} has one without ({error}).") from error
        points += [(x, y, float(place == len(places) - 1)) for place, (x, y) in enumerate(places)]
    if not points:
        raise DataError(f"A line of strokes holds Points within Strokes: {path} has none.")
    found = np.array(points)
    found[:, :2] = np.diff(found[:, :2], axis=0, prepend=found[:1, :2])
    return found


def _folder(folder: Path) -> tuple[dict[str, list[Strokes]], list[str]]:
    files = sorted(each for each in folder.rglob("*") if each.suffix.lower() == ".xml")
    if not files:
        raise DataError(f"A folder of strokes holds .xml files: there is none in {folder}.")
    read, skipped = [], []
    for file in files:
        try:
            read.append(read_line(file))
        except DataError as error:
            skipped.append(f"Left out: {error}")
    if not read:
        raise DataError(f"None of the {len(files)} files in {folder} can be read. The first: {skipped[0]}")
    return {"": read}, skipped


def _arrays(path: Path) -> dict[str, list[Strokes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")}
            wanted = [name for name in PARTS if name in names]
            if not wanted:
                raise DataError(
                    f"A set of strokes has arrays {', '.join(PARTS)}: {path} has {', '.join(names) or 'none'}."
                )
            found = {}
            for name in wanted:
                with archive.open(names[name]) as file:
                    found[name] = _sequences(_array(file), f"{path}, {name}")
            return found
    except DataError:
        raise
    except (zipfile.BadZipFile, ValueError, EOFError, zlib.error, pickle.UnpicklingError, OSError) as error:
        raise DataError(f"A set of strokes is a .npz file of numpy: {path} cannot be read ({error}).") from error


def _array(file: IO[bytes]) -> Any:
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if dtype.hasobject:
        return _ArraysOnly(file, encoding="latin1").load()
    return np.frombuffer(file.read(), dtype).reshape(shape)


def _sequences(arrays: Any, where: str) -> list[Strokes]:
    if not isinstance(arrays, np.ndarray) or not len(arrays):
        raise DataError(f"A part of a set holds sequences of points: {where} holds none.")
    return [_points(each, f"{where}, number {place} (from 0)") for place, each in enumerate(_each(arrays))]


def _each(arrays: NDArray[Any]) -> Iterable[Any]:
    return arrays if arrays.dtype.hasobject or arrays.ndim == 3 else [arrays]


def _points(given: Any, where: str) -> Strokes:
    if not isinstance(given, np.ndarray) or given.ndim != 2 or given.shape[1] != 3 or given.dtype.kind not in "biuf":
        came = f"{given.dtype} {given.shape}" if isinstance(given, np.ndarray) else type(given).__name__
        raise DataError(
            f"A sequence of points is numbers [T, 3], dx, dy and 1 where the pen lifts: {where} is {came}. Convert it."
        )
    return given.astype(np.float64)


class _ArraysOnly(pickle.Unpickler):
    """Unpickles arrays of numpy and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Numpy's own, of the closed list."""
        if (module, name) not in _ARRAYS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, and only arrays are read")
        return _ARRAYS[module, name]
