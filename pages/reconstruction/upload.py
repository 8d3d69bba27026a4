"""One's own points: files are opened, what they hold is said, doubtful columns are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from levelset_core.data import PointCloud
from levelset_core.data.tables import FirstRows
from levelset_core.data.uploads import uploaded_cloud, uploaded_rows
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh
from pages.shared.tables import named_table
from pages.shared.uploads import prepare_uploads, read_upload

#: Scans are larger than the files of other pages: MB that the browser may send.
LARGEST = 200
FORMATS = (
    "PLY, LAS, LAZ, E57, PCD, PTX, PTS, XYZ, CSV, TSV, TXT, ASC, DAT, NPY, NPZ, or a mesh in OBJ, "
    "STL or OFF; all also as .gz"
)


def upload_panel() -> tuple[PointCloud, Mesh | None] | None:
    """The uploader and what there is to say of its files; the cloud, and the mesh it is from.

    Raises:
        LevelsetError: the files cannot be read.
    """
    prepare_uploads()
    several = bool(st.session_state.get("upload_several"))
    given: Any = st.file_uploader(
        FORMATS + (", with .conf or .xf files of their poses" if several else ""),
        key=f"upload{'s' if several else ''}", accept_multiple_files=several,
        max_upload_size=LARGEST,
        help="Points, with or without normals and colours; from a mesh, points are drawn.",
    )  # fmt: skip
    st.checkbox(
        "Several scans, one cloud", key="upload_several",
        help="Scans in one frame, or with the .conf or the .xf files that say where each belongs.",
    )  # fmt: skip
    files = given if several else [given] if given is not None else []
    if not files:
        return None
    columns = _picker(files[0]) if len(files) == 1 else None
    with st.spinner("Reading the points…"):
        ids = tuple(file.file_id for file in files)
        cloud, truth = _read(files, ids, columns)
    for note in cloud.notes:
        st.caption(f":material/info: {note}")
    if dropped := cloud.non_finite + cloud.duplicates:
        st.caption(f"{dropped:,} rows were dropped: duplicates, or numbers that are not finite.")
    return cloud, truth


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(
    _files: Sequence[Any], ids: tuple[str, ...], columns: tuple[str, ...] | None
) -> tuple[PointCloud, Mesh | None]:
    """Read once, and not again with every click."""
    names = [file.name for file in _files]
    return read_upload(uploaded_cloud, names[0], _files, names, columns)


def _picker(file: Any) -> tuple[str, ...] | None:
    """The columns of the coordinates where a person chose others than were taken; else None."""
    table = _first_rows(file, file.file_id)
    if table is None or len(table.names) < 3:
        return None
    with st.expander("Columns", icon=":material/view_column:", expanded=table.guessed):
        st.caption("The first rows of the file. Which columns are the coordinates?")
        named_table("The first rows of the file", table.names, table.rows, wide=True)
        numbers = list(range(len(table.names)))
        chosen = []
        for place, axis in enumerate("xyz"):
            usual = table.points[place] if place < len(table.points) else None
            options = numbers if axis != "z" else [None, *numbers]
            chosen.append(
                st.selectbox(
                    axis, options, None if usual is None and axis != "z"
                    else options.index(usual),  # type: ignore[arg-type]
                    format_func=lambda k: "none" if k is None else table.names[k],
                    key=f"column_{axis}_{file.file_id}", placeholder="choose",
                )
            )  # fmt: skip
    if chosen[0] is None or chosen[1] is None:
        raise LevelsetError(f"{file.name}: choose which columns are x, y and z.")
    picked = tuple(k for k in chosen if k is not None)
    return None if picked == table.points else tuple(str(k + 1) for k in picked)


@st.cache_resource(max_entries=4, show_spinner=False)
def _first_rows(_file: Any, file_id: str) -> FirstRows | None:
    return read_upload(uploaded_rows, _file.name, [_file], _file.name)
