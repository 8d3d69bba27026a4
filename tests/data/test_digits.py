"""Drawn and uploaded digits become images like those of MNIST."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import center_of_mass

from levelset_core import LevelsetError
from levelset_core.data.digits import centred_digit, digit_from_picture, digit_from_strokes
from levelset_core.data.images import load_images


def png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def extent(image: np.ndarray) -> tuple[int, int]:
    rows, columns = np.nonzero(image)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


places = st.tuples(st.floats(0, 1), st.floats(0, 1))


@given(st.lists(st.lists(places, min_size=1, max_size=6), min_size=1, max_size=4))
def test_any_drawing_fills_the_box_and_its_mass_is_in_the_middle(strokes):
    image = digit_from_strokes(strokes)
    assert image.shape == (28, 28) and image.dtype == np.uint8 and image.max() == 255
    assert max(extent(image)) <= 20
    assert np.abs(np.array(center_of_mass(image)) - 14).max() <= 4.0


def test_where_a_digit_is_drawn_and_how_large_does_not_matter():
    one = np.array([[0.5, 0.2], [0.55, 0.8], [0.3, 0.8]])
    image = digit_from_strokes([one])
    moved = digit_from_strokes([one + np.array([0.1, -0.05])])
    assert np.abs(image.astype(int) - moved).mean() < 6
    assert np.abs(np.array(center_of_mass(image)) - 14).max() <= 0.51


def test_images_of_mnist_stay_what_they_are():
    images = load_images("mnist_excerpt", "test").images[:20, 0].numpy()
    for image in images:
        assert np.array_equal(digit_from_picture(png(image)), image)
        # MNIST was scaled with other rounding: the same digit, a little sharper.
        again = centred_digit(np.kron(image, np.ones((4, 4), dtype=np.uint8)))
        assert np.corrcoef(again.ravel(), image.ravel())[0, 1] > 0.9


def test_ink_on_paper_is_inverted():
    image = load_images("mnist_excerpt", "test").images[3, 0].numpy()
    large = np.kron(image, np.ones((8, 8), dtype=np.uint8))
    white = digit_from_picture(png(np.pad(large, 30)))
    assert np.array_equal(digit_from_picture(png(255 - np.pad(large, 30))), white)
    grey_paper = (200 - 0.6 * np.pad(large, 30)).astype(np.uint8)
    found = digit_from_picture(png(grey_paper))
    assert np.corrcoef(found.ravel(), white.ravel())[0, 1] > 0.95


def test_what_holds_no_digit_is_one_sentence():
    with pytest.raises(LevelsetError, match="There is no digit yet"):
        digit_from_strokes([])
    with pytest.raises(LevelsetError, match="A stroke is a list of places"):
        digit_from_strokes([[[0.1, float("nan")]]])
    with pytest.raises(LevelsetError, match="no picture that can be read"):
        digit_from_picture(b"not a picture")
    with pytest.raises(LevelsetError, match="all of one brightness"):
        digit_from_picture(png(np.full((40, 40), 130, dtype=np.uint8)))
