"""Entry: the server, with the routes that the pages need beside Streamlit's.

``python -m levelset_core app`` (or ``streamlit run app.py``) imports this file once;
``pages/shell.py`` is the script that runs whenever somebody opens or uses a page.
"""

import asyncio
import gc
import math
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from streamlit import config

from levelset_core.confined import release
from levelset_core.errors import LevelsetError
from levelset_core.logs import set_up_logs
from levelset_core.paths import ASSETS
from levelset_core.runs import drop_spare, keep_spare
from levelset_core.runs.queue import cores_for_runs
from levelset_core.runs.quotas import quotas
from levelset_core.runs.spare import wants_spare
from pages.server import people
from pages.server.arrays import array_routes
from pages.server.guard import guard
from pages.server.health import health_routes
from pages.server.later import Later
from pages.server.old_addresses import old_addresses
from pages.server.run_route import run_routes
from pages.server.static_files import static_routes

#: Seconds after which what trains is imported: first the server answers.
SOON = 0.1

try:  # a wrong setting is told before anybody comes
    most = quotas().upload
    if people.mode() != "off" and most:  # so that uploaders say it too
        limit = min(config.get_option("server.maxUploadSize"), math.ceil(most))
        config.set_option("server.maxUploadSize", limit)
    set_up_logs()
    CORES, SPARE = cores_for_runs(), wants_spare()
except LevelsetError as error:
    print(error, file=sys.stderr)
    raise SystemExit(2) from None


def warm_up() -> None:
    """Import what trains, and start its processes, so that nobody waits for it."""
    if SPARE:
        keep_spare(CORES, ["reconstruct"])
    from levelset_core.live import get_hub

    get_hub().warm_up()
    # runner.postScriptGC is off (.streamlit/config.toml): what is imported by now never dies,
    # so leave it out of the collections that Python itself still makes.
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def life(_: st.App) -> AsyncIterator[None]:
    """At the server's end all that it started ends; runs go on, as they are their own."""
    set_up_logs()  # again: by now all loggers have their handlers
    warming = threading.Thread(target=warm_up, daemon=True)
    asyncio.get_running_loop().call_later(SOON, warming.start)
    yield
    drop_spare()
    release()
    if warming.ident is not None:  # else nobody has opened anything
        warming.join()
        from levelset_core.live import get_hub

        get_hub().close()


live = Later("/levelset/live", module="live_route", function="live_routes")
routes = [*static_routes(ASSETS), *array_routes(), *run_routes(), *health_routes(), live]
script = Path(__file__).resolve().parent / "pages" / "shell.py"
app = st.App(script, lifespan=life, routes=[*routes, *old_addresses()], middleware=guard())
