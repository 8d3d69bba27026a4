"""Tables of any delimiter, decimal sign, heading and encoding; nothing read as other numbers."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelset_core import LevelsetError
from levelset_core.data import PointCloud, read_point_cloud

CASES = Path(__file__).parents[1] / "cases"
RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(60, 3)).round(4) * [10, 1, 100] + [5, -3, 0]
NORMALS = POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
COLOURS = RNG.integers(0, 256, (60, 3))


def test_a_very_long_number_is_no_work_for_minutes():
    with pytest.raises(LevelsetError):
        read_point_cloud(io.BytesIO((b"9" * 9000 + b",1,2\n") * 30), "a.csv")


def read(data: bytes | str, name: str = "a.txt", **options: object) -> PointCloud:
    data = data.encode() if isinstance(data, str) else data
    return read_point_cloud(io.BytesIO(data), name, **options)  # type: ignore[arg-type]


def table(
    *columns: np.ndarray, mark: str = " ", heading: str = "", end: str = "\n", decimal: str = "."
) -> str:
    parts = [part for column in columns for part in np.atleast_2d(column.T)]
    rows = [[w if isinstance(w, str) else f"{w:.10g}".replace(".", decimal) for w in row]
            for row in zip(*parts, strict=True)]  # fmt: skip
    lines = [mark.join(row) for row in rows]
    return end.join([*([heading] if heading else []), *lines]) + end


def words(*names: str) -> np.ndarray:
    return np.array([names[k % len(names)] for k in range(len(POINTS))])


@pytest.mark.parametrize("name", sorted(p.name for p in CASES.iterdir()))
def test_the_same_ellipsoid_however_it_is_written(name):
    cloud = read_point_cloud(CASES / name)
    assert len(cloud) == 1500 and cloud.normals is None
    np.testing.assert_allclose(cloud.points.min(0), [8.501648, 19.000364, 4.300218], atol=1e-6)
    np.testing.assert_allclose(cloud.points.max(0), [11.498901, 20.998175, 5.698729], atol=1e-6)
    assert (cloud.colours is not None) == (name == "rgb01.xyz")
    assert cloud.non_finite == (2 if name == "nan_text.xyz" else 0)
    told = {
        "comma_decimal_semicolon.csv": "decimal signs", "rgb01.xyz": "red, green, blue",
        "two_headers.txt": "skipped: 'Cloud exported by X'",
    }  # fmt: skip
    assert told.get(name, "") in " ".join(cloud.notes)


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1")
HEADINGS = {
    "": "xyz", "x{m}y{m}z": "xyz", '"X"{m}"Y"{m}"Z"': "xyz", "//X{m}Y{m}Z": "xyz",
    "# x [mm]{m}y [mm]{m}z [mm]": "xyz", "Easting{m}Northing{m}Height": "xyz",
    "id{m}z{m}x{m}y": "izxy", "z{m}y{m}x": "zyx",
    "x{m}y{m}z{m}class": "xyzi",
}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    mark=st.sampled_from([";", "\t", ",", " ", "  ", "|", ", "]),
    decimal=st.sampled_from([".", ","]),
    heading=st.sampled_from(list(HEADINGS)),
    encoding=st.sampled_from(ENCODINGS),
    end=st.sampled_from(["\n", "\r\n"]),
    above=st.sampled_from(["", "Cloud exported by X{e}", "{e}{e}", "# a comment, with commas{e}"]),
    rows=st.lists(
        st.tuples(*[st.integers(-(10**7), 10**7).map(lambda k: k / 1000)] * 3),
        min_size=12, max_size=30, unique=True,
    ),
)  # fmt: skip
def test_a_table_is_read_as_it_is_or_refused(mark, decimal, heading, encoding, end, above, rows):
    """Delimiter x decimal sign x heading x encoding x line ends x lines above."""
    points = np.array(rows)
    order = HEADINGS[heading]
    parts = {"x": points[:, 0], "y": points[:, 1], "z": points[:, 2], "i": np.arange(len(rows)) + 7}
    text = table(
        *(parts[c] for c in order), mark=mark, heading=heading.replace("{m}", mark), end=end,
        decimal=decimal,
    )  # fmt: skip
    data = (above.replace("{e}", end) + text).encode(encoding)
    if decimal == "," and "," in mark:
        # Commas between numbers and inside of them cannot be told apart.
        with contextlib.suppress(LevelsetError):
            np.testing.assert_allclose(read(data).points, points, atol=1e-9)
        return
    cloud = read(data)
    np.testing.assert_allclose(cloud.points, points, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (table(POINTS, COLOURS), "c"), (table(POINTS, COLOURS / 255), "c"),
        (table(POINTS, NORMALS), "n"), (table(POINTS, COLOURS, NORMALS), "cn"),
        (table(POINTS, NORMALS, COLOURS), "cn"), (table(POINTS, RNG.normal(size=60)), "i"),
        (table(POINTS, COLOURS, RNG.normal(size=60)), "ci"),
        (table(POINTS, COLOURS, heading="//X Y Z R G B"), "c"),
        (table(POINTS, COLOURS, heading="x y z"), "c"),
        (table(POINTS, 257 * COLOURS, mark=",", heading="x,y,z,red,green,blue"), "c"),
        (table(POINTS, COLOURS, POINTS[:, 0], heading="//X Y Z R G B Scalar_field"), "c"),
        (table(POINTS, COLOURS / 255, heading="X Y Z Rf Gf Bf"), "c"),
        (table(POINTS, NORMALS, COLOURS, mark=";", heading="x;y;z;nx;ny;nz;r;g;b"), "cn"),
        (table(POINTS, POINTS[:, 2], mark=",", heading="x,y,z,intensity"), "i"),
    ],
)  # fmt: skip
def test_colours_normals_and_intensity_are_told_apart(text, what):
    cloud = read(text)
    np.testing.assert_allclose(cloud.points, POINTS, atol=1e-9)
    assert (cloud.colours is not None) == ("c" in what)
    assert (cloud.normals is not None) == ("n" in what)
    assert (cloud.intensity is not None) == ("i" in what)
    if "c" in what:
        np.testing.assert_array_equal(cloud.colours, COLOURS)


def test_normals_that_are_none_are_said():
    for normals, why in ((0 * NORMALS, "all zero"), (3 * NORMALS, "3 long")):
        cloud = read(table(POINTS, normals, heading="x y z nx ny nz"))
        assert cloud.normals is None and why in " ".join(cloud.notes)
    some = NORMALS * np.where(np.arange(60) < 5, 2.0, 1.0)[:, None]
    cloud = read(table(POINTS, some, heading="x y z nx ny nz"))
    assert cloud.normals is not None and not cloud.normals[:5].any()
    assert "5 normals are not of length 1" in " ".join(cloud.notes)


@pytest.mark.parametrize(
    "text",
    [
        table(np.arange(60), POINTS, words("a", "b")),
        table(words("tree", "house"), POINTS, mark=","),
        table(words('"a b"', '"c"'), POINTS),
        '"x" "y" "z"\n' + table(words(*(f'"{k}"' for k in range(60))), POINTS),
        ",x,y,z\n" + table(np.arange(60), POINTS, mark=","),
        table(POINTS).replace(" -", " \u2212"),
        "60\n" + table(POINTS),
        "; made by hand\n% really\n! yes\n" + table(POINTS) + "# end\n",
        table(POINTS, mark=",", end=",\n"),
        "\n".join(f"{x:.6E} {y:.6E} {z:.6E}".replace("E", "D") for x, y, z in POINTS),
        "ID,Name,X (m),Y (m),Z (m)\n" + table(np.arange(60), words("p"), POINTS, mark=","),
        table(POINTS, heading="POINT_X,POINT_Y,POINT_Z", mark=","),
        table(POINTS, heading='"Points:0","Points:1","Points:2"', mark=","),
        table(POINTS[:, ::-1], heading="Höhe;Hochwert;Rechtswert", mark=";", decimal=","),
        "\n".join(",".join(f'"{v:.10g}"'.replace(".", ",") for v in row) for row in POINTS),
    ],
)  # fmt: skip
def test_reasonable_files_are_read(text):
    np.testing.assert_allclose(read(text).points, POINTS, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (table(POINTS, mark=",", decimal=","), "commas between the columns|do not hold"),
        (table(POINTS, mark=",", decimal=",", heading="x,y,z"), "commas|its heading|do not hold"),
        (table(POINTS) + "1,234.5 2.0 3.0\n", "marks for thousands"),
        (table(POINTS, mark=";") + '"1.234,5";2;3\n', "marks for thousands"),
        ("\n".join(f"{k},234.5,{k + 1},345.6,{k},456.7" for k in range(1, 40)), "inside of"),
        (table(POINTS) + table(POINTS, COLOURS), "same count of numbers"),
        (table(POINTS, POINTS, heading="a b c d e f"), "--columns"),
        (table(words("a"), words("b"), words("c")), "no points"),
        ("".join(f"{w} 1\n" for w in "abcdefghijkl"), "two or three numbers|no points"),
    ],
)  # fmt: skip
def test_what_may_mean_two_things_is_refused(text, what):
    with pytest.raises(LevelsetError, match=what) as raised:
        read(text)
    assert "\n" not in str(raised.value)


def test_a_person_may_name_the_columns():
    text = table(POINTS, POINTS[:, :1], heading="a b c d")
    for columns in (["b", "c", "a"], ["2", "3", "1"], ["B", "3", "a"]):
        np.testing.assert_allclose(read(text, columns=columns).points, POINTS[:, [1, 2, 0]])
    plain = table(np.arange(60), POINTS, COLOURS)
    cloud = read(plain, columns=["2", "3", "4"])
    np.testing.assert_allclose(cloud.points, POINTS)
    assert cloud.colours is not None
    assert read(plain, columns=["3", "4"]).points.shape == (60, 2)
    for columns, what in (
        ("q12", "no column 'q'"), ("1", "Two or three"), ("112", "all different"), ("912", "'9'")
    ):  # fmt: skip
        with pytest.raises(LevelsetError, match=what):
            read(plain, columns=list(columns))


def test_lines_that_are_no_rows_are_left_out_and_said():
    lines = table(np.concatenate([POINTS] * 4) + np.arange(240)[:, None])
    cloud = read(lines + "nothing more\n1.0 2.\n")
    assert len(cloud) == 240
    assert "2 lines that are no rows are left out: line 241, 'nothing more'" in cloud.notes[0]
    cloud = read("300\n" + lines)
    assert "declares 300 points and holds 240" in cloud.notes[0]


def test_several_scans_of_a_pts():
    rows = table(POINTS, POINTS[:, 2].astype(int) % 255, COLOURS)
    cloud = read(f"60\n{rows}60\n{rows.replace('.', '1.')}", "a.pts")
    assert len(cloud) == 120 and cloud.colours is not None and cloud.intensity is not None
    np.testing.assert_array_equal(cloud.colours[:60], COLOURS)


def test_missing_numbers_are_dropped_and_counted():
    odd = ["-nan(ind)", "1.#QNAN", "-1.#IND0", "#N/A", "NaN", "inf", "null", "nan(snan)", ""]
    rows = [f"{word};2.5;3.5" for word in odd]
    cloud = read(table(POINTS, mark=";") + "\n".join(rows) + "\n")
    assert (len(cloud), cloud.non_finite) == (60, len(odd))


def test_far_away_and_tiny_coordinates_keep_their_digits():
    far = POINTS / 1000 + [4e5, 4.5e6, 1e7]
    np.testing.assert_array_equal(
        read("\n".join(" ".join(repr(float(v)) for v in row) for row in far)).points, far
    )
    with pytest.raises(LevelsetError, match="larger than any that is read"):
        read(table(POINTS) + "1e300 0 0\n")


def test_a_large_file_is_read_in_parts(monkeypatch):
    from levelset_core.data.formats import text as module

    monkeypatch.setattr(module, "CHUNK", 500)
    monkeypatch.setattr(module, "HEAD", 400)
    told: list[float] = []
    cloud = read(table(POINTS, heading="x y z"), tell=told.append)
    np.testing.assert_allclose(cloud.points, POINTS)
    assert len(told) > 2 and told == sorted(told) and told[-1] == 1.0


GRID = """NCOLS 3
nrows 4
xllcorner 500000.5
yllcorner {0}
cellsize 2
NODATA_value -9999
1.5 2 -9999
3 4 5
6 7 8
9 10 11
"""


def test_a_grid_of_heights_becomes_its_cells_centres():
    cloud = read(GRID.format(7e6), "dem.asc")
    assert len(cloud) == 11
    np.testing.assert_array_equal(cloud.points[:3], [
        [500001.5, 7000007, 1.5], [500003.5, 7000007, 2], [500001.5, 7000005, 3],
    ])  # fmt: skip
    np.testing.assert_array_equal(cloud.points[-1], [500005.5, 7000001, 11])
    assert cloud.notes == ("A grid of 3 x 4 heights: its cells' centres are the points.",)
    for text, sentence in (
        (GRID.format("south"), "begins with ncols, nrows"),
        (GRID.format(0).replace("9 10", "9"), "declares 12 heights, it holds 11"),
        (GRID.format(0).replace("9 10", "9 ten"), "is no number"),
        (GRID.format(0).replace("NCOLS 3", "NCOLS 99999999"), "points are too many"),
    ):
        with pytest.raises(LevelsetError, match=sentence):
            read(text, "dem.asc")


def test_a_matrix_of_heights_is_no_list_of_points():
    matrix = "\n".join(" ".join(f"{v:.3f}" for v in row) for row in RNG.normal(size=(40, 30)))
    with pytest.raises(LevelsetError, match=r"30 columns of numbers .* heights on a grid"):
        read(matrix)
    assert len(read(matrix, columns=("1", "2", "3"))) == 40


@pytest.mark.parametrize(
    "heading",
    ["X_mm;Y_mm;Z_mm", "Coordenada X;Coordenada Y;Cota", "Est;Nord;Quota", "X;Y;Высота",
     "Longitude;Latitude;Ellipsoidal height"],
)  # fmt: skip
def test_headings_of_many_places(heading):
    extra = np.arange(len(POINTS)) * 3.5
    text = table(POINTS, extra, mark=";", heading=f"{heading};Temp", decimal=",")
    np.testing.assert_allclose(read(text).points, POINTS)


@pytest.mark.parametrize(
    ("form", "size"),
    [("POINT Z ({0} {1} {2})", 3), ("SRID=25832;POINTZ({0} {1} {2})", 3), ("POINT ({0} {1})", 2),
     ("Point M ({0} {1} {2})", 2)],
)  # fmt: skip
def test_points_as_text_in_a_table(form, size):
    wanted = np.random.default_rng(0).normal(size=(40, 3)).round(4)
    rows = [f'"{form.format(*p)}",{k},oak' for k, p in enumerate(wanted)]
    found = read("\n".join(["WKT,id,kind", *rows]).encode())
    np.testing.assert_array_equal(found.points, wanted[:, :size])
    assert any("WKT" in note for note in found.notes)
    with pytest.raises(LevelsetError, match="two or three numbers"):
        read("\n".join(["WKT,id,kind", *rows, '"POINT (1)",40,oak']).encode())
