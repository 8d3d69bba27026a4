"""The front end's files."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ASSETS_PATH = "/levelset/assets"


class _Assets(StaticFiles):
    """Static files that a browser asks about anew each time, so that an update arrives whole."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def static_routes(assets: Path) -> list[BaseRoute]:
    """The route that the app adds to Streamlit's."""
    return [Mount(ASSETS_PATH, _Assets(directory=assets))]
