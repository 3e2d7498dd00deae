import numpy as np
import pytest

from throughtime.base import model_file
from throughtime.base.errors import DeviceError, FileMissingError, ModelFileError
from throughtime.bptt import TBPTT
from throughtime.tasks import SequencePredictor, load


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    series = np.random.default_rng(0).normal(size=(60, 2))
    path = tmp_path_factory.mktemp("models") / "model.safetensors"
    SequencePredictor(hidden_size=4, epochs=1, tbptt=TBPTT(5, 10), validation=series[40:]).fit(series[:40]).save(path)
    return path


def test_settings_come_back_but_not_data(saved):
    model = load(saved)
    assert model.tbptt == "5,10"
    assert model.schedule_ == TBPTT(5, 10)
    assert model.validation is None
    assert model.device is None


def test_a_device_that_is_not_here_is_not_the_files_fault(saved):
    with pytest.raises(DeviceError, match=r"`device` is one torch can use here: 'cuda:99' came .*Leave `device` out"):
        load(saved, device="cuda:99")
    assert load(saved, device="cpu").device == "cpu"


def test_settings_of_numpy_are_saved_as_plain_ones(tmp_path):
    series = np.random.default_rng(0).normal(size=(40, 1))
    settings = {
        "hidden_size": np.int64(4),
        "epochs": np.int64(1),
        "validation": np.float32(0.25),
        "dropout": np.float64(0),
    }
    SequencePredictor(**settings, calendar=np.array([], str)).fit(series).save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert {name: getattr(again, name) for name in settings} == settings
    assert [type(again.hidden_size), type(again.validation), type(again.calendar)] == [int, float, list]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c | {"kind": "Trojan"}, "kind out of SequencePredictor.*'Trojan'"),
        (lambda c: c | {"version": 2}, "version 1.*2"),
        (lambda c: c | {"settings": c["settings"] | {"surprise": 1}}, "surprise"),
        (lambda c: c | {"settings": c["settings"] | {"hidden_size": 5}}, "fits its weights"),
        (lambda c: c | {"settings": c["settings"] | {"cell": "os.system"}}, "`cell` is one of"),
        (lambda c: {name: part for name, part in c.items() if name != "encoding"}, "encoding"),
    ],
)
def test_a_file_of_something_else_is_refused(saved, tmp_path, change, message):
    tensors, configuration = model_file.load(saved)
    model_file.save(tmp_path / "other.safetensors", tensors, change(configuration))
    with pytest.raises(ModelFileError, match=message):
        load(tmp_path / "other.safetensors")


def test_a_missing_or_altered_file_is_refused(saved, tmp_path):
    with pytest.raises(FileMissingError):
        load(tmp_path / "none.safetensors")
    content = bytearray(saved.read_bytes())
    content[-1] ^= 1
    (tmp_path / "altered.safetensors").write_bytes(content)
    with pytest.raises(ModelFileError):
        load(tmp_path / "altered.safetensors")
