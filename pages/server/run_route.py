"""Downloads of a run, sent while they are read: of any size, with nothing kept in memory."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from levelset_core.errors import LevelsetError
from levelset_core.runs import Run, RunStore, zip_chunks
from pages.server.people import person_of

_PREFIX = "levelset/runs"


def run_routes() -> list[BaseRoute]:
    """The routes that the app adds to Streamlit's."""
    return [
        Route(f"/{_PREFIX}/{{run_id}}.zip", _download),
        Route(f"/{_PREFIX}/{{run_id}}/artifacts/{{file:path}}", _download),
    ]


def zip_address(run: Run) -> str:
    """Where the run's zip is, relative to the page."""
    return f"{_PREFIX}/{run.id}.zip"


def artifact_address(run: Run, path: Path) -> str:
    """Where a file in the run's ``artifacts`` is, relative to the page."""
    return f"{_PREFIX}/{run.id}/artifacts/{quote(path.relative_to(run.artifacts).as_posix())}"


def _download(request: Request) -> Response:
    try:
        if (person := person_of(request.cookies)) is None:
            return PlainTextResponse("Open this address in the browser that you are known by.", 403)
        run = RunStore(viewer=person.viewer).get(request.path_params["run_id"])
    except LevelsetError as error:
        return PlainTextResponse(str(error), 404)
    if "file" not in request.path_params:
        headers = {"Content-Disposition": f'attachment; filename="{run.id}.zip"'}
        return StreamingResponse(zip_chunks(run), headers=headers, media_type="application/zip")
    folder = run.artifacts.resolve()
    path = (folder / request.path_params["file"]).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        return PlainTextResponse("There is no such file.", 404)
    # As an attachment: nothing a run made is ever shown as a page of this site.
    return FileResponse(path, filename=path.name, media_type="application/octet-stream")
