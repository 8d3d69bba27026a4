"""Image sets: idx files, class folders and zips, and what is said where they are damaged."""

from __future__ import annotations

import gzip
import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from levelset_core import LevelsetError
from levelset_core.data.image_files import SIZE, write_idx
from levelset_core.data.images import (
    EXCERPT,
    IMAGE_SETS,
    data_folder,
    data_set_of,
    epoch_order,
    is_here,
    load_images,
)


def picture(value, side=8, form="PNG", mode="RGB"):
    buffer = io.BytesIO()
    Image.new(mode, (side, side), value if mode == "L" else (value, 0, 255 - value)).save(
        buffer, form
    )
    return buffer.getvalue()


def test_the_excerpt_is_bundled():
    train, test = (load_images("mnist_excerpt", split) for split in ("train", "test"))
    for part in (train, test):
        assert part.shape == (1, 28, 28) and len(part) == 1000
        assert part.images.dtype == torch.uint8 and part.labels.dtype == torch.int64
        assert part.labels.unique().tolist() == list(range(10))
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]  # as MNIST's test set begins
    x, y = test.batch(slice(3))
    assert x.shape == (3, 1, 28, 28) and x.min() == 0 and x.max() == 1
    assert torch.equal(y, test.labels[:3])
    assert (EXCERPT / "README.md").read_text().count("Attribution") == 1


def test_idx_files_of_a_data_folder(tmp_path, monkeypatch):
    folder = tmp_path / "mnist"
    folder.mkdir()
    images = torch.arange(5 * 6, dtype=torch.uint8).reshape(5, 1, 2, 3)
    write_idx(folder, "test", images, torch.arange(5))
    found = load_images("mnist", "test", data_dir=tmp_path)
    assert torch.equal(found.images, images) and found.labels.tolist() == [0, 1, 2, 3, 4]
    monkeypatch.setenv("LEVELSET_DATA", str(tmp_path))
    assert torch.equal(load_images("mnist", "test").images, images)
    assert len(found.first(2)) == 2
    with pytest.raises(LevelsetError, match=r"does not hold train-images-idx3-ubyte\.gz"):
        load_images("mnist", "train")


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8bnonsense", gzip.compress(b"\0\0\x08\x03" * 5, mtime=0)]
)
def test_damaged_idx_files_are_one_sentence(tmp_path, content):
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "t10k-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(LevelsetError, match=r"t10k-images-idx3-ubyte\.gz"):
        load_images("mnist", "test", data_dir=tmp_path)


def test_class_folders_with_and_without_a_split(tmp_path):
    for split, count in (("train", 4), ("test", 2)):
        for k, name in enumerate(("cat", "ant")):
            place = tmp_path / "divided" / split / name
            place.mkdir(parents=True)
            for j in range(count):
                (place / f"{j}.png").write_bytes(picture(10 * k + j))
    train = load_images(str(tmp_path / "divided"), "train")
    assert train.classes == ("ant", "cat") and train.shape == (3, 8, 8)
    assert train.labels.tolist() == [0, 1] * 4  # classes take turns
    assert train.images[:, 0, 0, 0].tolist() == [10, 0, 11, 1, 12, 2, 13, 3]
    assert len(load_images(str(tmp_path / "divided"), "test")) == 4

    for name in ("a", "b"):
        place = tmp_path / "plain" / name
        place.mkdir(parents=True)
        for j in range(10):
            (place / f"{j}.png").write_bytes(picture(j, mode="L"))
    train, test = (load_images(str(tmp_path / "plain"), split) for split in ("train", "test"))
    assert len(train) == 16 and len(test) == 4
    assert sorted(test.images[:, 0, 0, 0].tolist()) == [4, 4, 9, 9]


def saved(folder, **pictures):
    """A class folder for each name, of the same picture five times (every fifth is for tests)."""
    for name, image in pictures.items():
        (folder / name).mkdir(parents=True)
        for k in range(5):
            image.save(folder / name / f"{k}.png")
    return str(folder)


def test_channels_follow_the_files(tmp_path):
    grey, colour = Image.new("L", (8, 8), 50), Image.new("RGB", (8, 8), (10, 20, 30))
    folder = saved(tmp_path / "grey", a=grey, b=grey)
    found = load_images(folder, "test")
    assert found.shape == (1, 8, 8) and found.images[0, 0, 0, 0] == 50 and found.notes == ()
    assert found.source.endswith("grey, grey")
    assert load_images(folder, "test", channels=3).shape == (3, 8, 8)
    folder = saved(tmp_path / "mixed", a=grey, b=colour)
    found = load_images(folder, "test")
    assert found.shape == (3, 8, 8) and found.images[0, :, 0, 0].tolist() == [50, 50, 50]
    assert found.notes == ("5 of 10 images are grey, the others in colour: all are read in colour "
                           "(--channels).",)  # fmt: skip
    found = load_images(folder, "test", channels=1)
    assert found.shape == (1, 8, 8) and "5 images in colour are read as grey" in found.notes[0]
    with pytest.raises(LevelsetError, match="1 or 3 channels, got 2"):
        load_images(folder, "test", channels=2)


def test_modes_of_pictures(tmp_path):
    deep = Image.fromarray(np.full((8, 8), 257 * 100, np.uint16))
    palette = Image.new("RGB", (8, 8), (200, 100, 0)).quantize(4)
    grey_palette = Image.new("L", (8, 8), 77).convert("P")
    clear = Image.new("RGBA", (8, 8), (1, 2, 3, 0))
    bits = Image.new("1", (8, 8), 1)
    found = load_images(saved(tmp_path / "deep", a=deep, b=bits, c=grey_palette), "test")
    assert found.images[:, 0, 0, 0].tolist() == [100, 255, 77]
    assert found.notes == ("More than 8 bits a pixel became 8 in 5 images.",)
    found = load_images(saved(tmp_path / "colour", a=palette, b=clear), "test")
    assert found.images[:, :, 0, 0].tolist() == [[200, 100, 0], [1, 2, 3]]
    assert found.notes == ("Transparency was left out of 5 images.",)


def test_hidden_files_sizes_and_numbers_are_said(tmp_path):
    folder = saved(tmp_path / "f", **{"3": Image.new("L", (9, 9)), "7": Image.new("L", (8, 8))})
    (tmp_path / "f" / "3" / "._0.png").write_bytes(b"finder")
    (tmp_path / "f" / ".cache").mkdir()
    (tmp_path / "f" / ".cache" / "0.png").write_bytes(b"nothing")
    found = load_images(folder, "test")
    assert found.shape == (1, SIZE, SIZE)
    assert found.labels.tolist() == [3, 7] and len(found.classes) == 8
    assert found.notes == (
        "Hidden files were left out: 2.",
        "The folders are taken as the classes of these numbers: 3, 7.",
        f"10 of 10 images were scaled to {SIZE} x {SIZE}.",
    )


def test_zips_and_sizes(tmp_path):
    folder = tmp_path / "cifar10"
    folder.mkdir()
    for part in range(2):
        with zipfile.ZipFile(folder / f"train_{part}.zip", "w") as archive:
            for k, name in enumerate(("ship", "frog")):
                archive.writestr(f"train/{name}/{part}.jpg", picture(40 * k, 8 + 2 * part, "JPEG"))
    found = load_images("cifar10", "train", data_dir=tmp_path)
    assert found.shape == (3, SIZE, SIZE) and found.classes == ("frog", "ship")
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert found.source.startswith("CIFAR-10 train as class folders, classes taking turns, JPEG")


def test_what_is_here_and_what_a_source_tells_of(tmp_path):
    names = list(IMAGE_SETS)
    assert [n for n in names if is_here(n, tmp_path)] == ["mnist_excerpt"]
    torchvision = tmp_path / "torchvision"
    raw = torchvision / "MNIST" / "raw"
    raw.mkdir(parents=True)  # a download that did not get far
    (torchvision / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar10").mkdir()
    assert not is_here("mnist", tmp_path) and not is_here("cifar10", tmp_path)
    (raw / "t10k-labels-idx1-ubyte").touch()
    (torchvision / "cifar-10-batches-py" / "test_batch").touch()
    assert not is_here("mnist", tmp_path) and not is_here("cifar10", tmp_path)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3"):
        (raw / f"{name}-ubyte").touch()
    for name in ("batches.meta", *(f"data_batch_{k}" for k in range(1, 6))):
        (torchvision / "cifar-10-batches-py" / name).touch()
    assert is_here("mnist", tmp_path) and is_here("cifar10", tmp_path)

    assert data_set_of(load_images("mnist_excerpt", "test").source) == "mnist_excerpt"
    assert data_set_of("Fashion-MNIST train, local files, 60000 images") == "fashion_mnist"
    assert data_set_of("MNIST train, torchvision") == "mnist"
    assert data_set_of("CIFAR-10 test as class folders") == "cifar10"
    assert data_set_of("train images of class folders cifar10, 50000 images") == "cifar10"
    for name in ("leaves", "CIFAR-10-C", "CIFAR-100", "EMNIST"):
        assert data_set_of(f"test images of class folders {name}, the first 100 images") == ""


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "at least two class folders"),
        ({"a/1.png": picture(0)}, r"at least two class folders .* found 1"),
        ({"a/1.png": picture(0), "b/1.png": b"nonsense"}, r"b/1\.png is damaged"),
        ({"a/1.png": picture(0), "b/1.png": picture(0)}, "a class needs at least 5"),
        ({"a.zip": b"nonsense"}, r"a\.zip is damaged"),
    ],
)
def test_bad_folders_are_one_sentence(tmp_path, files, sentence):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with pytest.raises(LevelsetError, match=sentence):
        load_images(str(tmp_path), "test")


def test_unknown_names_are_one_sentence(tmp_path):
    with pytest.raises(LevelsetError, match="known data sets: mnist, "):
        load_images(str(tmp_path / "nothing"), "test")
    with pytest.raises(LevelsetError, match="Unknown split 'val'"):
        load_images("mnist_excerpt", "val")


def test_where_nothing_can_be_downloaded_the_sentence_says_what_to_do(tmp_path, monkeypatch):
    from levelset_core._torchvision import torchvision

    def refuse(*_, **__):
        raise RuntimeError("Error downloading")

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", refuse)
    with pytest.raises(LevelsetError, match=r"CIFAR-10 is not in .* give --data-dir"):
        load_images("cifar10", "test", data_dir=tmp_path)


def test_torchvision_data_have_our_layout(tmp_path, monkeypatch):
    from levelset_core._torchvision import torchvision

    class Fake:
        def __init__(self, root, train, download):
            self.data = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
            self.targets, self.classes = [1, 0], ["a", "b"]

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Fake)
    found = load_images("cifar10", "test", data_dir=tmp_path)
    assert found.shape == (3, 4, 4) and found.images[0, :, 0, 1].tolist() == [3, 4, 5]


def test_the_data_folder_of_a_user(monkeypatch, tmp_path):
    monkeypatch.delenv("LEVELSET_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert data_folder().parts[-2:] == ("levelset", "data")
    assert data_folder(tmp_path) == tmp_path


def test_the_order_of_an_epoch():
    assert torch.equal(epoch_order(50, 1, 2), epoch_order(50, 1, 2))
    assert not torch.equal(epoch_order(50, 1, 2), epoch_order(50, 1, 3))
    assert sorted(epoch_order(50, 0, 0).tolist()) == list(range(50))
