"""Reads LAS, LAZ, PCD and E57 in a process of its own: ``python native.py KIND FILE FOLDER``.

Their libraries are compiled code, which a damaged file can make abort or ask for all memory. So
this file is a program, imports nothing of the package and starts in a moment. It writes each
column as NPY into FOLDER, and ``about.json``: the names of each scan's columns and where its
scanner stood, or an error. Lines on stdout are shares that are done.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

#: Bytes of address space: for any file, for each of its bytes, and at most. Seconds of CPU time.
MEMORY, MEMORY_EACH, MEMORY_MOST, SECONDS = 1536 << 20, 8, 4 << 30, 300
#: Points of a LAS file that are read at a time, and their bytes at most.
LAS_CHUNK, LAS_BYTES = 500_000, 64 << 20

Columns = dict[str, np.ndarray]
Scan = tuple[Columns, "list[float] | None"]


def room(file: Path) -> int:
    """Bytes that reading a file may take."""
    return min(MEMORY + MEMORY_EACH * file.stat().st_size, MEMORY_MOST)


def limit_memory(most: int) -> None:
    """An allocation beyond ``most`` bytes fails in this process alone."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def tell(share: float) -> None:
    """Say how far it is."""
    print(f"{share:.4f}", flush=True)


def las(path: Path) -> list[Scan]:
    """Scaled coordinates in double precision, colours and intensity where there are any."""
    import laspy

    with laspy.open(path) as file:
        has = set(file.header.point_format.dimension_names)
        names = ["x", "y", "z", *(n for n in ("intensity", "red", "green", "blue") if n in has)]
        parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
        done = 0
        size = max(file.header.point_format.size, 1)
        for chunk in file.chunk_iterator(max(1, min(LAS_CHUNK, LAS_BYTES // size))):
            for name in names:
                parts[name].append(np.array(chunk[name]))
            done += len(chunk)
            tell(done / max(file.header.point_count, 1))
    columns = {n: np.concatenate(part) if part else np.zeros(0) for n, part in parts.items()}
    colours = [n for n in ("red", "green", "blue") if n in columns]
    if not any(columns[n].any() for n in colours):  # a field that nobody filled
        for name in colours:
            del columns[name]
    if "intensity" in columns and not columns["intensity"].any():
        del columns["intensity"]
    return [(columns, None)]


def pcd(path: Path) -> list[Scan]:
    """All fields of numbers; packed colours become three."""
    from pypcd4.pypcd4 import PointCloud

    cloud = PointCloud.from_path(path)
    columns: Columns = {}
    for name in cloud.pc_data.dtype.names or ():
        column = np.asarray(cloud.pc_data[name]).reshape(-1)
        if name.lower() in ("rgb", "rgba") and column.dtype.itemsize == 4:
            packed = np.ascontiguousarray(column).view(np.uint32)
            for part, shift in (("red", 16), ("green", 8), ("blue", 0)):
                columns[part] = ((packed >> shift) & 255).astype(np.uint8)
        elif column.dtype.kind in "fiu" and not name.startswith("#"):
            columns[name] = column
    with path.open("rb") as file:
        found = re.search(rb"(?m)^VIEWPOINT\s+(.*)$", file.read(1 << 14))
    place = [float(word) for word in found.group(1).split()[:3]] if found else []
    return [(columns, place if len(place) == 3 and any(place) else None)]


def e57(path: Path) -> list[Scan]:
    """All scans, each moved to where it belongs."""
    import pye57

    names = {"colorRed": "red", "colorGreen": "green", "colorBlue": "blue"}
    file = pye57.E57(str(path))
    scans: list[Scan] = []
    for k in range(file.scan_count):
        raw = file.read_scan(k, intensity=True, colors=True, ignore_missing_fields=True)
        header = file.get_header(k)
        place = np.asarray(header.translation).tolist() if header.has_pose() else None
        columns = {names.get(n, n): c for n, c in raw.items() if not n.startswith("spherical")}
        scans.append((columns, place))
        tell((k + 1) / file.scan_count)
    return scans


def main(kind: str, path: Path, folder: Path) -> dict[str, Any]:
    """Read the file and write its columns; what ``about.json`` holds."""
    try:
        scans = {"las": las, "pcd": pcd, "e57": e57}[kind](path)
    except BaseException as error:  # what Rust panics about is no Exception
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        return {"error": reason[0][:120].rstrip(".")}
    about = []
    for k, (columns, place) in enumerate(scans):
        for j, column in enumerate(columns.values()):
            np.save(folder / f"{k}_{j}.npy", column)
        about.append({"names": list(columns), "place": place})
    return {"scans": about}


if __name__ == "__main__":
    source, target = Path(sys.argv[2]), Path(sys.argv[3])
    limit_memory(room(source))
    told = main(sys.argv[1], source, target)
    (target / "about.json").write_text(json.dumps(told), encoding="utf-8")
