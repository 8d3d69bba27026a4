"""Big arrays for the browser: handed out once by URL, instead of with every message.

A component's data travels again at every change of any of it; an array under a name of its own
travels once. Its name is a keyed hash of its content: the same array keeps its name, and nobody
can ask for an array without having been told its name.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from levelset_core.errors import LevelsetError

ARRAYS_PATH = "/levelset/arrays"
#: Memory for arrays, in bytes; those unused for longest go first.
LIMIT = 512_000_000
_TYPES = ("float32", "uint32", "uint16", "uint8")


class ArrayStore:
    """The arrays that browsers may ask for.

    Args:
        limit: bytes to keep at most; the newest array stays in any case.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._key = secrets.token_bytes(32)
        self._arrays: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def publish(self, array: NDArray[Any]) -> dict[str, Any]:
        """Keep an array for browsers; returns what they need to fetch it.

        Args:
            array: of type float32, uint32, uint16 or uint8.

        Returns:
            The array's ``name``, ``dtype`` and ``shape``.

        Raises:
            LevelsetError: another type.
        """
        if array.dtype.name not in _TYPES:
            raise LevelsetError(
                f"Arrays for the browser are {', '.join(_TYPES)}, not {array.dtype}."
            )
        array = np.ascontiguousarray(array)
        about = f"{array.dtype.name}{array.shape}".encode()
        hasher = hashlib.blake2b(about, key=self._key, digest_size=24)
        hasher.update(array.data)
        name = hasher.hexdigest()
        with self._lock:
            if name in self._arrays:
                self._arrays.move_to_end(name)
            else:
                self._arrays[name] = array.tobytes()
                self._bytes += array.nbytes
                while self._bytes > self.limit and len(self._arrays) > 1:
                    self._bytes -= len(self._arrays.popitem(last=False)[1])
        return {"name": name, "dtype": array.dtype.name, "shape": list(array.shape)}

    def get(self, name: str) -> bytes | None:
        """The bytes under a name, or None if there are none, or none any more."""
        with self._lock:
            if name in self._arrays:
                self._arrays.move_to_end(name)
            return self._arrays.get(name)


store = ArrayStore()


async def _serve(request: Request) -> Response:
    content = store.get(request.path_params["name"])
    if content is None:
        return Response(status_code=404)
    headers = {
        # A name never means anything else, so a browser may keep what it got; a proxy may not.
        "Cache-Control": "private, max-age=86400, immutable",
        # Or the server would compress: 9 MB of floats shrink by half in 0.7 s, and hold up
        # everybody's page meanwhile.
        "Content-Encoding": "identity",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


def array_routes() -> list[BaseRoute]:
    """The route that the app adds to Streamlit's."""
    return [Route(f"{ARRAYS_PATH}/{{name}}", _serve)]
