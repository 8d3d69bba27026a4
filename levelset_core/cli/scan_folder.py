"""A folder of scans, each reconstructed by itself: one after the other, or on a cluster.

A scan that cannot be reconstructed stops none of the others.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from levelset_core.cli.common import BAD_INPUT, DONE, INTERRUPTED, answer, progress
from levelset_core.errors import LevelsetError
from levelset_core.paths import find_bundled

#: Reconstructs one scan: what to tell of it, and whether training came to its end.
Work = Callable[[argparse.Namespace], tuple[dict[str, Any], bool]]
#: Names that a sentence lists.
_NAMES = 5


class Scan(NamedTuple):
    """One file, and where its result goes."""

    source: Path
    output: Path


class Outcome(NamedTuple):
    """What became of a scan: its result, or why there is none; and what was said meanwhile."""

    result: dict[str, Any] | None
    finished: bool = True
    error: str = ""
    told: tuple[str, ...] = ()


def scan_folder(options: argparse.Namespace, endings: tuple[str, ...]) -> Path | None:
    """The folder that a verb is given in place of files.

    Args:
        options: the verb's.
        endings: of what it makes of one scan.

    Raises:
        LevelsetError: there is more besides, or the output is no folder.
    """
    folders = [path for path in map(find_bundled, options.input) if path.is_dir()]
    if not folders:
        return None
    if len(options.input) > 1:
        raise LevelsetError(f"{folders[0]}: give a folder of scans alone, without other files.")
    output = Path(options.output)
    if output.is_file() or (output.suffix.lower() in endings and not output.is_dir()):
        raise LevelsetError(
            f"{output.name}: of a folder of scans the output is a folder, for a file each."
        )
    if output.resolve() == folders[0].resolve():
        raise LevelsetError(f"{output}: the results would lie among the scans; name another.")
    return folders[0]


def scans_in(folder: Path, output: Path) -> list[Scan]:
    """The scans of a folder by name; what is left out is said.

    Raises:
        LevelsetError: there are none.
    """
    from levelset_core.data.readers import FORMATS

    endings = tuple(e for name in FORMATS for e in (name, f"{name}.gz"))
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    found = [path for path in files if path.is_file() and path.name.lower().endswith(endings)]
    if others := [path.name for path in files if path not in found]:
        more = f" and {len(others) - _NAMES} more" if len(others) > _NAMES else ""
        listed = ", ".join(others[:_NAMES]) + more
        progress(f"{folder}: left out, as no files of points: {listed}.")
    if not found:
        raise LevelsetError(f"{folder}: there is no point cloud or mesh in this folder.")
    stems = Counter(_stem(path) for path in found)
    names = {path: _stem(path) if stems[_stem(path)] == 1 else path.name for path in found}
    return [Scan(path, output / f"{names[path]}.ply") for path in found]


def _stem(path: Path) -> str:
    name = path.name[:-3] if path.suffix.lower() == ".gz" else path.name
    return Path(name).stem


def run_folder(options: argparse.Namespace, folder: Path, work: Work) -> int:
    """Reconstruct every scan; the exit code: 2 if one of them could not be."""
    output = Path(options.output)
    scans = scans_in(folder, output)
    output.mkdir(parents=True, exist_ok=True)
    found: dict[int, Outcome] = {}
    interrupted = False
    try:
        for k, outcome in _outcomes(options, scans, work):
            found[k] = outcome
            name = scans[k].source.name
            for line in outcome.told:
                progress(f"{name}: {line}")
            progress(f"{name}: {outcome.error or 'done'} ({len(found)} of {len(scans)})")
            if not outcome.finished:
                interrupted = True
                break
    except KeyboardInterrupt:
        interrupted = True
    rows = [{"input": str(scans[k].source), **_row(found[k])} for k in sorted(found)]
    failed = sum("error" in row for row in rows)
    told = {
        "output": str(output), "scans": rows, "done": len(rows) - failed, "failed": failed,
        "left": len(scans) - len(rows),
    }  # fmt: skip
    lines = [f"{Path(row['input']).name}: {row.get('error') or row['output']}" for row in rows]
    answer(options, told, *lines, f"{told['done']} of {len(scans)} scans are in {output}.")
    if interrupted:
        return INTERRUPTED
    return BAD_INPUT if failed else DONE


def _row(outcome: Outcome) -> dict[str, Any]:
    return {"error": outcome.error} if outcome.result is None else outcome.result


def _outcomes(
    options: argparse.Namespace, scans: list[Scan], work: Work
) -> Iterator[tuple[int, Outcome]]:
    """Each scan's number and outcome, as they are done."""
    from levelset_core.cluster import Needs, spread, spreads

    if not spreads():
        for k, scan in enumerate(scans):
            progress(f"{scan.source.name}:")
            yield k, _one(options, scan, work)
        return
    values = {k: v for k, v in vars(options).items() if k != "run"}
    values["threads"] = options.threads or 1  # a worker's
    apart = [Scan(scan.source.absolute(), scan.output.absolute()) for scan in scans]
    # Without a word on the device each takes what its worker's machine has.
    needs = Needs.of_device((options.device or "auto").replace("auto", "cpu"))
    yield from spread(_apart, apart, shared=(values, work), needs=needs, given_up=_given_up)


def _one(options: argparse.Namespace, scan: Scan, work: Work) -> Outcome:
    own = argparse.Namespace(**vars(options))
    own.input, own.output = [str(scan.source)], str(scan.output)
    try:
        return Outcome(*work(own))
    except LevelsetError as error:
        return Outcome(None, error=str(error))
    except OSError as error:
        return Outcome(None, error=f"{error.strerror or error}.")
    except Exception as error:  # a fault of ours with this scan: the others are worth their time
        traceback.print_exc()
        return Outcome(None, error=f"{type(error).__name__}: {error}")


def _apart(shared: tuple[dict[str, Any], Work], scan: Scan) -> Outcome:
    """On a worker: what is said there is told here."""
    values, work = shared
    with contextlib.redirect_stderr(io.StringIO()) as said:
        outcome = _one(argparse.Namespace(**values), scan, work)
    told = tuple(x for x in said.getvalue().splitlines() if x and not x.startswith("step "))
    return outcome._replace(told=told)


def _given_up(scan: Scan, reason: str) -> Outcome:
    return Outcome(None, error=reason)
