from __future__ import annotations

import hashlib
import json
import os
import random

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base import model_file
from throughtime.base.errors import ConfigError, DtypeError, FileMissingError, ModelFileError, WriteError

DTYPES = list(model_file._DTYPES.values())
CONFIGURATION = {"class": "Network", "sizes": [1, 2.5, True, None], "name": "서울 é"}


def example():
    torch.manual_seed(0)
    return {
        "w": torch.randn(2, 3),
        "half": torch.randn(3).to(torch.bfloat16),
        "n": torch.tensor(7),
        "on": torch.ones(1) > 0,
    }


def equal(a, b):
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and a[k].shape == b[k].shape and bits(a[k]) == bits(b[k]) for k in a
    )


def bits(tensor):
    return bytes(tensor.resolve_conj().contiguous().reshape(-1).view(torch.uint8).numpy())


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "m.safetensors"
    model_file.save(path, example(), CONFIGURATION)
    return path


def rewritten(path, *, header=None, data=None):
    """The file with another header or data, and a digest that fits."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length]) if header is None else header
    data = raw[8 + length :] if data is None else data
    if not isinstance(header, bytes):
        if isinstance(header["__metadata__"], dict):
            header["__metadata__"]["sha256"] = "0" * 64
            blank = encoded(header)
            header["__metadata__"]["sha256"] = hashlib.sha256(
                len(blank).to_bytes(8, "little") + blank + data
            ).hexdigest()
        header = encoded(header)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    return path


def encoded(header):
    text = json.dumps(header, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)


def header_of(path):
    raw = path.read_bytes()
    return json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)], ids=str)
def test_every_dtype_and_shape_comes_back(tmp_path, dtype, shape):
    raw = torch.randint(0, 2 if dtype is torch.bool else 256, (*shape, dtype.itemsize), dtype=torch.uint8)
    tensors = {"t": raw.view(dtype).reshape(shape), "odd": torch.ones(3, dtype=torch.uint8)}
    model_file.save(tmp_path / "m", tensors, {})
    assert equal(model_file.load(tmp_path / "m")[0], tensors)


@given(
    st.dictionaries(st.text(), st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 3), max_size=4)), max_size=6),
    st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists), max_size=4),
)
def test_any_names_and_configuration_come_back(tmp_path_factory, specs, configuration):
    path = tmp_path_factory.mktemp("any") / "m"
    specs.pop("__metadata__", None)
    tensors = {name: torch.ones(shape).to(dtype) for name, (dtype, shape) in specs.items()}
    model_file.save(path, tensors, configuration)
    loaded, came_back = model_file.load(path)
    assert equal(loaded, tensors)
    assert came_back == configuration


def test_views_shared_and_conjugate_tensors_are_stored_in_full(tmp_path):
    base = torch.arange(12.0).reshape(3, 4)
    tensors = {
        "t": base.T,
        "step": base[:, ::2],
        "again": base,
        "conj": torch.tensor([1 + 2j], dtype=torch.complex64).conj(),
    }
    model_file.save(tmp_path / "m", tensors, {})
    assert equal(model_file.load(tmp_path / "m")[0], tensors)


def test_the_safetensors_library_reads_it(small):
    assert equal(safetensors.torch.load_file(small), example())
    with safetensors.safe_open(small, "pt") as file:
        assert json.loads(file.metadata()["configuration"]) == CONFIGURATION


def test_the_digest_is_what_the_module_says(small):
    raw = small.read_bytes()
    stored = header_of(small)["__metadata__"]["sha256"]
    assert hashlib.sha256(raw.replace(stored.encode(), b"0" * 64)).hexdigest() == stored


def test_equal_contents_give_equal_files(tmp_path, small):
    tensors = dict(reversed(example().items()))
    model_file.save(tmp_path / "again", tensors, dict(reversed(CONFIGURATION.items())))
    assert (tmp_path / "again").read_bytes() == small.read_bytes()


# Written by version 1. It must load for ever; a change of the format is a new version beside it.
VERSION_1 = (
    b'(\x01\x00\x00\x00\x00\x00\x00{"__metadata__":{"configuration":"{\\"h\\":1,\\"\\\\u00e9\\":[null,0.1]}",'
    b'"format":"throughtime","sha256":"ed50b954ed4d24d1203a21c0c129e2760f22cabcb87e89010d4dee3cc0be92b9","version":"1"},'
    b'"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}}'
    b"      \x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\xc0?\x00\x00\x00\xc0"
)


def test_version_1_loads(tmp_path):
    (tmp_path / "m").write_bytes(VERSION_1)
    tensors, configuration = model_file.load(tmp_path / "m")
    assert equal(tensors, {"n": torch.tensor(3), "w": torch.tensor([[1.5, -2.0]])})
    assert configuration == {"h": 1, "é": [None, 0.1]}


def test_every_altered_byte_is_refused(small):
    raw = small.read_bytes()
    altered = small.with_name("altered")
    draw = random.Random(0)
    for place in range(len(raw)):
        for value in {raw[place] ^ 1, draw.randrange(256)} - {raw[place]}:
            altered.write_bytes(raw[:place] + bytes([value]) + raw[place + 1 :])
            with pytest.raises(ModelFileError, match=r"altered.*unaltered file written by throughtime"):
                model_file.load(altered)


def test_every_truncation_and_extension_is_refused(small):
    raw = small.read_bytes()
    other = small.with_name("other")
    for changed in [raw[:stop] for stop in range(len(raw))] + [raw + extra for extra in (b"\0", b" ", b"x" * 8, raw)]:
        other.write_bytes(changed)
        with pytest.raises(ModelFileError):
            model_file.load(other)


def test_swapped_and_doubled_pieces_are_refused(small):
    raw = small.read_bytes()
    other = small.with_name("other")
    for place in range(0, len(raw) - 16, 8):
        a, b = raw[place : place + 8], raw[place + 8 : place + 16]
        if a != b:
            other.write_bytes(raw[:place] + b + a + raw[place + 16 :])
            with pytest.raises(ModelFileError):
                model_file.load(other)


def shape_bomb(header):
    header["w"]["shape"] = [2**40, 2**40]


def zero_bomb(header):
    header["w"]["shape"] = [0, 2**62, 2**62]


def more_rows(header):
    header["w"]["shape"] = [3, 3]


def negative(header):
    header["w"]["shape"] = [-2, -3]


def boolean_size(header):
    header["n"]["shape"] = [True]


def many_axes(header):
    header["n"]["shape"] = [1] * 65


def overlap(header):
    header["w"]["data_offsets"] = [0, 24]


def gap(header):
    header["w"]["data_offsets"][1] += 8


def other_dtype(header):
    header["w"]["dtype"] = "I32x"


def no_shape(header):
    del header["w"]["shape"]


def extra_field(header):
    header["w"]["more"] = 1


def extra_metadata(header):
    header["__metadata__"]["more"] = "1"


def no_metadata(header):
    header["__metadata__"] = "none"


def later_version(header):
    header["__metadata__"]["version"] = "2"


def foreign(header):
    header["__metadata__"]["format"] = "pt"


def loose_configuration(header):
    header["__metadata__"]["configuration"] = '{"a": 1}'


def nan_configuration(header):
    header["__metadata__"]["configuration"] = '{"a":NaN}'


def list_configuration(header):
    header["__metadata__"]["configuration"] = "[1]"


def broken_configuration(header):
    header["__metadata__"]["configuration"] = "{"


def number_configuration(header):
    header["__metadata__"]["configuration"] = 1


@pytest.mark.parametrize(
    ("craft", "message"),
    [
        (shape_bomb, "impossible size"),
        (zero_bomb, "impossible size"),
        (more_rows, "not in the one form"),
        (negative, "impossible shape"),
        (boolean_size, "impossible shape"),
        (many_axes, "impossible shape"),
        (overlap, "not in the one form"),
        (gap, "not in the one form"),
        (other_dtype, "unknown dtype or no shape"),
        (no_shape, "unknown dtype or no shape"),
        (extra_field, "not in the one form"),
        (extra_metadata, "not in the one form"),
        (no_metadata, "no header that throughtime writes"),
        (later_version, "its version is '2', this throughtime reads '1'"),
        (foreign, "not written by throughtime"),
        (loose_configuration, "configuration is not in the one form"),
        (nan_configuration, "no JSON object"),
        (list_configuration, "no JSON object"),
        (broken_configuration, "no JSON object"),
        (number_configuration, "not in the one form"),
    ],
)
def test_crafted_headers_with_a_fitting_digest_are_refused(small, craft, message):
    header = header_of(small)
    craft(header)
    with pytest.raises(ModelFileError, match=message):
        model_file.load(rewritten(small, header=header))


def test_declared_sizes_are_checked_before_anything_is_allocated(small, monkeypatch):
    header = header_of(small)
    header["w"]["shape"] = [2, 3_000_000_000]
    stop = header["w"]["data_offsets"][0]
    for name, field in list(header.items())[1:]:  # offsets as they would have to be
        count = 1
        for n in field["shape"]:
            count *= n
        size = count * {"F32": 4, "BF16": 2, "I64": 8, "BOOL": 1}[field["dtype"]]
        start, stop = (0, size) if name == "n" else (stop, stop + size)
        field["data_offsets"] = [start, stop]
    monkeypatch.setattr(torch, "empty", lambda *a, **k: pytest.fail("allocated before the check"))
    with pytest.raises(ModelFileError, match="header declares 24,000,000,015 bytes of tensors, the file holds 39"):
        model_file.load(rewritten(small, header=header))


def test_tensors_in_another_order_and_doubled_keys_are_refused(small):
    header = header_of(small)
    names = list(header)
    with pytest.raises(ModelFileError, match="not in the one form"):
        model_file.load(rewritten(small, header={name: header[name] for name in reversed(names)}))
    doubled = encoded(header_of(small)).replace(b'"n":{', b'"n":{},"n":{', 1)
    with pytest.raises(ModelFileError, match="not in the one form"):
        model_file.load(rewritten(small, header=doubled))


def test_booleans_other_than_0_and_1_are_refused(small):
    raw = small.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    with pytest.raises(ModelFileError, match="booleans"):
        model_file.load(rewritten(small, data=raw[8 + length : -1] + b"\x02"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff" * 8,
        (2**63).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (4).to_bytes(8, "little") + b"null",
        (6).to_bytes(8, "little") + b'"\xff\xfe"1',
        (200_000).to_bytes(8, "little") + b"[" * 200_000,
        (5008).to_bytes(8, "little") + b'{"a":' + b"9" * 5002 + b"}",
        b"PK\x03\x04 a zip file, as torch.save writes",
    ],
    ids=range(10),
)
def test_other_files_are_refused(tmp_path, raw):
    (tmp_path / "m").write_bytes(raw)
    with pytest.raises(ModelFileError):
        model_file.load(tmp_path / "m")


def test_a_file_of_the_safetensors_library_is_refused(tmp_path):
    safetensors.torch.save_file(
        example(), tmp_path / "m", {"format": "pt", "configuration": "{}", "sha256": "", "version": "1"}
    )
    with pytest.raises(ModelFileError, match="not written by throughtime"):
        model_file.load(tmp_path / "m")


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(FileMissingError, match="is none"):
            model_file.load(path)


@pytest.mark.parametrize(
    "configuration", [{"a": (1, 2)}, {1: 2}, {"a": float("nan")}, {"a": {1}}, [1], {"a": torch.ones(1)}]
)
def test_configurations_json_would_change_are_refused(tmp_path, configuration):
    with pytest.raises(ConfigError, match="A configuration is a JSON object"):
        model_file.save(tmp_path / "m", {}, configuration)
    assert list(tmp_path.iterdir()) == []


def test_other_tensors_and_names_are_refused(tmp_path):
    for tensor in (
        torch.ones(2, dtype=torch.complex128),
        torch.ones(2).to_sparse(),
        torch.ones(2).to(torch.float8_e5m2),
    ):
        with pytest.raises(DtypeError, match="A model file holds dense tensors of"):
            model_file.save(tmp_path / "m", {"t": tensor}, {})
    for name in ("__metadata__", 3):
        with pytest.raises(ConfigError, match="named by strings"):
            model_file.save(tmp_path / "m", {name: torch.ones(1)}, {})


@pytest.mark.skipif(os.name == "nt", reason="no resource limits on Windows")
def test_a_full_disk_leaves_the_old_file(small):
    import resource

    before = small.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(WriteError, match=r"m\.safetensors could not be written"):
            model_file.save(small, {"w": torch.zeros(10_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert small.read_bytes() == before
    assert [path.name for path in small.parent.iterdir()] == [small.name]


def test_trees(tmp_path):
    tree = {"epoch": 3, "loss": float("inf"), "state": (torch.ones(2, 1), [None, {"c": torch.tensor(True)}])}
    model_file.save_tree(tmp_path / "t", tree)
    back = model_file.load_tree(tmp_path / "t")
    assert back["epoch"] == 3
    assert back["loss"] == float("inf")
    assert torch.equal(back["state"][0], tree["state"][0])
    assert back["state"][1][0] is None
    assert back["state"][1][1]["c"].dtype is torch.bool


def test_the_digest_of_a_tree_sees_values_names_kinds_and_shapes():
    trees = [
        {"a": torch.arange(4.0)},
        {"a": torch.arange(4.0).reshape(2, 2)},
        {"a": torch.arange(4)},
        {"b": torch.arange(4.0)},
        {"a": torch.arange(4.0), "n": 1},
        {"a": [torch.arange(4.0)]},
    ]
    assert len({model_file.digest(tree) for tree in trees}) == len(trees)
    assert model_file.digest({"a": torch.arange(8.0)[::2] / 2}) == model_file.digest(trees[0])


def test_a_model_is_no_tree(small):
    with pytest.raises(ModelFileError, match="holds a model, not a checkpoint"):
        model_file.load_tree(small)
