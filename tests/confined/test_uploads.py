"""Hostile files through the door that the pages use: one sentence each, and nothing else."""

import pytest

from levelset_core import cli
from levelset_core.confined import confined, prepare
from levelset_core.data.digits import digit_from_picture
from levelset_core.data.image_files import read_class_folders
from levelset_core.data.points import points_from_file
from levelset_core.data.uploads import uploaded_cloud, uploaded_rows
from levelset_core.errors import LevelsetError
from levelset_core.exact.uploads import uploaded_plane_shape
from levelset_core.live.state import state_from_file
from levelset_core.robustness.uploads import uploaded_classifier
from pages.shared.uploads import READERS
from tests.confined import bombs, kin

#: They take seconds of computing each until a limit stops them.
_LONG = {"lines.csv", "packed.xyz.gz", "zeros.npz", "style.svg"}


@pytest.fixture(scope="module", autouse=True)
def ready():
    prepare(*READERS)


def named(files):
    return [
        pytest.param(name, make, marks=pytest.mark.slow if name in _LONG else ())
        for name, make in files.items()
    ]


def refused(work, name, content, *arguments) -> str:
    with pytest.raises(LevelsetError) as told:
        confined(work, name, len(content), *arguments)
    sentence = str(told.value)
    assert "\n" not in sentence and len(sentence) < 400, sentence
    return sentence


@pytest.mark.parametrize(("name", "make"), named(bombs.SHAPES | kin.SHAPES))
def test_shapes_are_refused_in_a_sentence(name, make):
    content = make()
    refused(uploaded_plane_shape, name, content, name, content, "deep")


@pytest.mark.parametrize(("name", "make"), named(bombs.CLOUDS | kin.CLOUDS))
def test_clouds_are_refused_in_a_sentence(name, make):
    content = make()
    refused(uploaded_cloud, name, content, [name], None, content)


@pytest.mark.parametrize("name", ["wide.csv", "declares.npy", "empty.csv"])
def test_so_are_their_first_rows(name):
    content = bombs.CLOUDS[name]()
    refused(uploaded_rows, name, content, name, content)


@pytest.mark.parametrize(("name", "make"), named(bombs.CLASSIFIER_FILES | kin.CLASSIFIER_FILES))
def test_classifiers_are_refused_in_a_sentence(name, make):
    content = make()
    refused(uploaded_classifier, name, content, name, None, content)


@pytest.mark.parametrize("size", [(8192, 8192), (60_000, 60_000)])
def test_pictures_are_refused_in_a_sentence(size):
    content = bombs.png(*size)
    refused(digit_from_picture, "a.png", content, content)


def test_states_and_points_are_refused_in_a_sentence():
    deep = bombs.SHAPES["deep.json"]()
    assert "not JSON" in refused(state_from_file, "a.json", deep, deep)
    many = b"1,1,1\n" * 10**6
    assert "2000" in refused(points_from_file, "a.csv", many, many)


@pytest.mark.parametrize(("name", "make"), kin.FOLDERS.items())
def test_so_are_zips_of_pictures_on_the_command_line(name, make, tmp_path):
    (tmp_path / name).write_bytes(make())
    with pytest.raises(LevelsetError) as told:
        read_class_folders(tmp_path, "test")
    assert "\n" not in str(told.value)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["style.svg", "uses.svg"])
def test_shapes_are_read_with_limits_on_the_command_line_too(name, tmp_path, capsys):
    (tmp_path / name).write_bytes((bombs.SHAPES | kin.SHAPES)[name]())
    assert cli.main(["exact", str(tmp_path / name), "-o", str(tmp_path / "a.onnx")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
