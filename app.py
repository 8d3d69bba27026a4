"""Entry: the server, with the routes that the pages need beside Streamlit's.

``python -m levelset_core app`` (or ``streamlit run app.py``) imports this file once;
``pages/shell.py`` is the script that runs whenever somebody opens or uses a page.
"""

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from levelset_core.confined import release
from levelset_core.errors import LevelsetError
from levelset_core.live import get_hub
from levelset_core.logs import set_up_logs
from levelset_core.paths import ASSETS
from levelset_core.runs import drop_spare, keep_spare
from levelset_core.runs.queue import cores_for_runs
from levelset_core.runs.quotas import quotas
from pages.server import people
from pages.server.arrays import array_routes
from pages.server.guard import guard
from pages.server.health import health_routes
from pages.server.live_route import live_routes
from pages.server.old_addresses import old_addresses
from pages.server.run_route import run_routes

try:
    people.mode(), quotas()
    set_up_logs()
except LevelsetError as error:  # a wrong setting is told before anybody comes
    raise SystemExit(str(error)) from None


@asynccontextmanager
async def life(_: st.App) -> AsyncIterator[None]:
    """At the server's end all that it started ends; runs go on, as they are their own."""
    set_up_logs()  # again: by now all loggers have their handlers
    yield
    drop_spare()
    release()
    get_hub().close()


routes = [*live_routes(ASSETS), *array_routes(), *run_routes(), *health_routes(), *old_addresses()]
script = Path(__file__).resolve().parent / "pages" / "shell.py"
app = st.App(script, lifespan=life, routes=routes, middleware=guard())
threading.Thread(target=get_hub().warm_up, daemon=True).start()
keep_spare(cores_for_runs(), ["reconstruct"])
# runner.postScriptGC is off (.streamlit/config.toml): what is imported by now never dies,
# so leave it out of the collections that Python itself still makes.
gc.collect()
gc.freeze()
