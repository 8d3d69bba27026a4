"""Several files as one cloud: registered scans, with Stanford's .conf or a .xf beside each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from levelset_core.data.formats.poses import Pose, read_conf, read_xf
from levelset_core.data.formats.table import Tell, joined
from levelset_core.data.pointclouds import PointCloud, check_spread
from levelset_core.data.readers import Source, label_of, read_bytes, read_point_cloud
from levelset_core.errors import LevelsetError

#: Files that say where others belong.
POSES = (".conf", ".xf")


def read_scans(
    sources: Sequence[Source],
    names: Sequence[str] | None = None,
    *,
    samples: int | None = None,
    seed: int = 0,
    purpose: str | None = None,
    columns: Sequence[str] | None = None,
    tell: Tell | None = None,
) -> PointCloud:
    """All points of one or several files, each scan moved to where its pose says.

    A .conf names its scans, which lie beside it or are among the files; a .xf holds the pose of
    the scan of the same name. Scans without a pose are in the common frame already; a note says
    so. Of several files, meshes give their vertices.

    Args:
        sources: paths, or binary file objects.
        names: what file objects are called.
        samples, seed, purpose, columns: see :func:`~levelset_core.data.read_point_cloud`.
        tell: called with the share that is read, 0 to 1.

    Raises:
        LevelsetError: a file cannot be read, a .conf names one that is not there, or no scan is
            among them.
    """
    given: Sequence[str | None] = names or [None] * len(sources)
    labels = [label_of(source, name) for source, name in zip(sources, given, strict=True)]
    files = dict(zip(labels, sources, strict=True))
    if len(files) < len(labels):
        raise LevelsetError("Two of the files have the same name; give each another.")
    poses, scans = _poses(files)
    if not scans:
        raise LevelsetError("None of the files holds points; give the scans too.")
    if len(scans) == 1 and not poses:
        ((label, source),) = scans.items()
        return read_point_cloud(
            source, label, samples=samples, seed=seed, purpose=purpose, columns=columns, tell=tell
        )
    clouds = []
    for k, (label, source) in enumerate(scans.items()):
        cloud = read_point_cloud(source, label, samples=None, columns=columns)
        clouds.append(poses[label].moved(cloud) if label in poses else cloud)
        if tell:
            tell((k + 1) / len(scans))
    if len({cloud.points.shape[1] for cloud in clouds}) > 1:
        raise LevelsetError("Some of the files hold points in the plane, others in space.")
    first = next((label for label in labels if label.lower().endswith(".conf")), labels[0])
    whole = joined(clouds, first if len(scans) == 1 else f"{first} ({len(scans)} scans)")
    placed = sum(label in poses for label in scans)
    if placed < len(scans):
        told = "The files are" if not placed else f"{len(scans) - placed} files without a pose are"
        whole = whole.noted(f"{told} taken to be in one frame.")
    else:
        whole = whole.noted(f"{len(scans)} scans are moved to where their poses say.")
    if purpose is not None:
        check_spread(whole, purpose)
    return whole


def _poses(files: Mapping[str, Source]) -> tuple[dict[str, Pose], dict[str, Source]]:
    """Poses by scan, and all scans: those given and those that a .conf names."""
    scans = {n: source for n, source in files.items() if Path(n).suffix.lower() not in POSES}
    poses: dict[str, Pose] = {}
    for label, source in files.items():
        ending = Path(label).suffix.lower()
        if ending == ".conf":
            folder = Path(source).parent if isinstance(source, str | Path) else None
            for name, pose in read_conf(read_bytes(source, label), label).items():
                poses[name] = pose
                if name in scans:
                    continue
                # A name, not a path: nothing outside of the folder is opened.
                if folder is None or Path(name).name != name or not (folder / name).is_file():
                    raise LevelsetError(f"{label}: the scan {name!r} that it names is not there.")
                scans[name] = folder / name
        elif ending == ".xf":
            pose = read_xf(read_bytes(source, label), label)
            poses |= {n: pose for n in scans if Path(n).stem == Path(label).stem}
    for label, source in scans.items():
        if label not in poses and isinstance(source, str | Path):
            beside = Path(source).with_suffix(".xf")
            if beside.is_file():
                poses[label] = read_xf(read_bytes(beside, beside.name), beside.name)
    return poses, scans
