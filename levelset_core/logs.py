"""Logs as lines of text, as ever, or one JSON object a line (``LEVELSET_LOG=json``)."""

from __future__ import annotations

import logging
import os

from levelset_core.errors import optional
from levelset_core.settings import choose

#: "text" or "json".
LOG = "LEVELSET_LOG"


def set_up_logs() -> None:
    """Give all handlers that there are, and the root's, the format that ``$LEVELSET_LOG`` asks for.

    Beside time, level, name and message, JSON has the fields of a line's ``extra``, such as the
    id of a run. Then also events are told, not only what goes wrong.

    Raises:
        LevelsetError: the variable holds something else, or the library for JSON is missing.
    """
    if choose(LOG, os.environ.get(LOG) or "text", ("text", "json")) == "text":
        return
    library = optional("pythonjsonlogger.json", "server")
    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    formatter = library.JsonFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=names,
        json_ensure_ascii=False, datefmt="%Y-%m-%dT%H:%M:%S%z",
    )  # fmt: skip
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    logging.getLogger("levelset_core").setLevel(logging.INFO)
    logging.getLogger("pages").setLevel(logging.INFO)
    loggers = [root, *map(logging.getLogger, list(root.manager.loggerDict))]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        handler.setFormatter(formatter)
