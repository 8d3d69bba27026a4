"""What people upload is read in a process of its own: no page reads it in the server."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from levelset_core.confined import BusyError, confined, prepare
from levelset_core.errors import LevelsetError
from levelset_core.runs import check_upload
from pages.server.people import person

Result = TypeVar("Result")

#: What such a process has ready: all readers.
READERS = (
    "levelset_core.data.uploads", "levelset_core.data.digits", "levelset_core.exact.uploads",
    "levelset_core.robustness.uploads", "levelset_core.live.state", "levelset_core.live.lessons",
    "trimesh", "svgelements",
)  # fmt: skip
#: Why files were refused, by what they were read for: a page that is drawn again knows it.
_refused: OrderedDict[Any, str] = OrderedDict()
_MOST_REFUSED = 200


def prepare_uploads() -> None:
    """Called where an upload is offered: by the time a file arrives, its reader is ready."""
    prepare(*READERS)


def read_upload(
    work: Callable[..., Result],
    name: str,
    contents: Sequence[io.BytesIO | bytes],
    *before: Any,
    after: Sequence[Any] = (),
) -> Result:
    """``work(*before, *contents, *after)`` in a process of its own, with limits.

    Args:
        work: a function of the core.
        name: of the file, for people.
        contents: of the files.
        before, after: other arguments.

    Raises:
        LevelsetError: see :func:`levelset_core.confined.confined`; or they are larger than an
            owner may upload here.
    """
    prepare_uploads()
    size = sum(c.getbuffer().nbytes if isinstance(c, io.BytesIO) else len(c) for c in contents)
    check_upload(size, person().owner)
    ids = [getattr(content, "file_id", None) for content in contents]
    about = (work.__qualname__, repr(before), *ids)
    if about in _refused:
        raise LevelsetError(_refused[about])
    try:
        return confined(work, Path(name).name[:100], size, *before, *contents, *after)
    except BusyError:
        raise
    except LevelsetError as error:
        if None not in ids:
            _refused[about] = str(error)
            while len(_refused) > _MOST_REFUSED:
                _refused.popitem(last=False)
        raise
