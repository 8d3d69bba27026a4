"""For who runs the server: ``/healthz``, whether it works, and ``/metrics``, for Prometheus."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from levelset_core.errors import LevelsetError, optional
from levelset_core.memory import memory_of
from levelset_core.paths import runs_folder
from levelset_core.runs import STATES, RunStore
from levelset_core.runs.spare import spare_process

if TYPE_CHECKING:
    from levelset_core.live import LiveHub


def health_routes() -> list[BaseRoute]:
    """The routes that the app adds to Streamlit's."""
    return [Route("/healthz", _health), Route("/metrics", _metrics)]


def _health(_: Request) -> Response:
    """200 if pages open, playgrounds train and runs can be kept; else 503 and what is wrong."""
    hub = _hub()
    checks = {"training processes": hub is None or hub.well, "folder of runs": _writable()}
    wrong = [name for name, good in checks.items() if not good]
    answer = {"status": "wrong" if wrong else "ok", "wrong": wrong}
    return JSONResponse(answer, 503 if wrong else 200, {"Cache-Control": "no-store"})


def _hub() -> LiveHub | None:
    """The hub; None while it is being imported, which takes seconds: whoever asks does not wait."""
    get_hub = getattr(sys.modules.get("levelset_core.live"), "get_hub", None)
    return None if get_hub is None else get_hub()


def _writable() -> bool:
    folder = runs_folder()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent  # it is made with the first run
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _metrics(request: Request) -> Response:
    """Figures for the machine itself and its own network, not for what came through a proxy."""
    if "x-forwarded-for" in request.headers or not _near(request.client):
        return PlainTextResponse("Metrics are for this machine and its own network.", 403)
    try:
        client = optional("prometheus_client", "server")
    except LevelsetError as error:
        return PlainTextResponse(str(error), 501)
    return Response(client.generate_latest(_registry()), media_type=client.CONTENT_TYPE_LATEST)


def _near(client: Any) -> bool:
    with suppress(ValueError, AttributeError):
        return ipaddress.ip_address(client.host).is_private
    return False


@cache
def _registry() -> Any:
    client = optional("prometheus_client", "server")
    registry = client.CollectorRegistry()
    client.ProcessCollector(registry=registry)
    client.PlatformCollector(registry=registry)
    registry.register(_Figures())
    return registry


class _Figures:
    """What is read when somebody asks."""

    def collect(self) -> Iterator[Any]:
        """Prometheus's families of metrics."""
        gauge = optional("prometheus_client.core", "server").GaugeMetricFamily

        hub = _hub()
        sessions = [] if hub is None else hub.sessions()
        watched = [session for session in sessions if session.watched]
        training = [session for session in watched if session.playing]
        family = gauge("levelset_sessions", "Open playgrounds.", labels=["state"])
        for state, some in {"open": sessions, "watched": watched, "training": training}.items():
            family.add_metric([state], len(some))
        yield family

        steps = sum(float(session.news.get("steps_per_second", 0)) for session in training)
        text = "Training steps a second of all playgrounds that somebody looks at."
        yield gauge("levelset_steps_per_second", text, value=steps)

        counts = dict.fromkeys(STATES, 0)
        for run in RunStore().runs():
            with suppress(LevelsetError):
                counts[run.status().state] += 1
        family = gauge("levelset_runs", "Runs by state; queued ones wait.", labels=["state"])
        for state, count in counts.items():
            family.add_metric([state], count)
        yield family

        family = gauge("levelset_memory_bytes", "Memory (PSS) of processes.", labels=["process"])
        spare = spare_process()
        processes = {"server": [os.getpid()], "workers": hub.processes() if hub else []}
        for name, pids in {**processes, "spare": [spare] if spare else []}.items():
            family.add_metric([name], sum(memory_of(pid) or 0 for pid in pids))
        yield family
