"""What passes between the server and a confined process: only plain pickles come back.

Questions are the server's own. An answer may come from a process that a file has taken over, so it
is unpickled with numbers, texts, arrays and this program's dataclasses alone.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import pickle
import socket
import struct
from typing import Any

import numpy as np

#: Globals of NumPy that an array or a number of it is made with.
_NUMPY = {
    ("numpy", "ndarray"), ("numpy", "dtype"), ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"), ("numpy._core.numeric", "_frombuffer"),
}  # fmt: skip
#: What is told of how a process ended, instead of a signal's number, where its time was over.
LATE = 255
#: Buffers of one message.
_MOST_BUFFERS = 100_000
_PIECE = 1 << 20


class Refused(Exception):
    """An answer holds what no answer may hold, or more than it may."""


def send(connection: socket.socket, value: Any) -> None:
    """Send a value; arrays and ``pickle.PickleBuffer`` go as they lie in memory."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raws = [buffer.raw() for buffer in buffers]
    sizes = [len(head), *(raw.nbytes for raw in raws)]
    connection.sendall(struct.pack(f"<{len(sizes) + 1}Q", len(sizes), *sizes))
    connection.sendall(head)
    for raw in raws:
        connection.sendall(raw)


def receive(connection: socket.socket, most: int | None = None) -> Any:
    """Receive a value.

    Args:
        connection: of a stream.
        most: bytes; if given, the sender is not trusted.

    Raises:
        EOFError: the other end is gone.
        Refused: it is larger, or holds what is not plain.
    """
    (count,) = struct.unpack("<Q", _exactly(connection, 8))
    if not 1 <= count <= _MOST_BUFFERS:
        raise Refused("too many parts")
    sizes = struct.unpack(f"<{count}Q", _exactly(connection, 8 * count))
    if most is not None and sum(sizes) > most:
        raise Refused("it is too large")
    head, *buffers = [_exactly(connection, size) for size in sizes]
    if most is None:
        return pickle.loads(head, buffers=buffers)
    try:
        return _Plain(io.BytesIO(head), buffers=buffers).load()
    except Refused:
        raise
    except Exception as error:  # whatever a broken pickle leads to
        raise Refused("it is damaged") from error


def _exactly(connection: socket.socket, size: int) -> Any:
    """So many bytes, in memory that nothing was written to before."""
    found = np.empty(size, dtype=np.uint8).data
    at = 0
    while at < size:
        got = connection.recv_into(found[at : at + _PIECE])
        if not got:
            raise EOFError
        at += got
    return found


class _Plain(pickle.Unpickler):
    """Numbers, texts, lists, arrays and this program's dataclasses."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _NUMPY:
            return super().find_class(module, name)
        if module.startswith("levelset_core.") and name.isidentifier():
            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and dataclasses.is_dataclass(found):
                return found
        raise Refused(f"it holds a {module}.{name}"[:100])
