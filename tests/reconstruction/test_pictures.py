"""Stills and films off screen; and a machine that cannot draw."""

import numpy as np
import pytest
from PIL import Image

from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh
from levelset_core.reconstruction.pictures import Camera, Drawn, Rendering

SQUARE = Mesh(
    np.array([[-1.0, -1, 0], [1, -1, 0], [-1, 1, 0], [1, 1, 0]]), np.array([[0, 1, 2], [1, 3, 2]])
)
CAMERA = Camera((0, 0, 8), (0, 0, 0))


def finish(drawing):
    """Wait for it; skip the test where this machine cannot draw."""
    try:
        drawing.wait(200)
    except LevelsetError as error:
        if "neither EGL nor OSMesa" not in str(error):
            raise
        pytest.skip(str(error))


def test_a_still_shows_what_is_there(tmp_path):
    path = tmp_path / "still.png"
    drawing = Rendering(path, [Drawn(SQUARE, colour="#ff0000")], CAMERA, size=(160, 120))
    finish(drawing)
    assert not drawing.running
    picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert picture.shape == (120, 160, 3)
    red, _, blue = picture[60, 80]
    assert red > 100 > blue
    assert (picture[2, 2] == 255).all()
    # 35 degrees see 8 tan(17.5) = 2.52 to each side: the square is 1 / 2.52 of the height.
    assert (picture[:, 80, 2] < 200).sum() == pytest.approx(120 / 2.52, abs=3)


def test_a_process_that_dies_costs_one_sentence(tmp_path, monkeypatch):
    # What VTK does where nothing can draw is to abort; so does a Python that finds no module.
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    drawing = Rendering(tmp_path / "still.png", [Drawn(SQUARE)], CAMERA, size=(16, 16))
    with pytest.raises(LevelsetError, match="neither EGL nor OSMesa"):
        drawing.wait(120)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # imageio's pipes
def test_a_film_turns_once(tmp_path):
    import imageio.v2 as imageio

    path = tmp_path / "film.mp4"
    drawing = Rendering(path, [Drawn(SQUARE)], CAMERA, size=(160, 120), frames=4)
    finish(drawing)
    assert drawing.fraction == 1.0
    with imageio.get_reader(path) as film:
        widths = [int((frame[60, :, 0] < 240).sum()) for frame in film]
    assert len(widths) == 4
    assert widths[1] < 0.2 * widths[0] > 5 * widths[3]  # seen from the side, it is a line


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"path": "a.jpg"}, "not '.jpg'"),
        ({"things": []}, "nothing to draw"),
        ({"size": (10, 10)}, "16 to 4096"),
        ({"frames": 1}, "2 to 720"),
    ],
)
def test_what_cannot_be_drawn_is_refused(tmp_path, wrong, sentence):
    path = tmp_path / wrong.pop("path", "a.png")
    things = wrong.pop("things", [Drawn(SQUARE)])
    with pytest.raises(LevelsetError, match=sentence):
        Rendering(path, things, CAMERA, **wrong)
