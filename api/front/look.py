"""Style and templates shared by the server's own HTML pages."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

FOLDER = Path(__file__).parent
STYLE_PATH = "/look.css"
ICON_PATH = "/favicon.svg"
FRESH = "no-cache"
LASTING = "public, max-age=86400"
# Forbids scripts, and loads only the style and the icon. Pages add the sources that they need.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"


class Templates:
    """HTML templates of a folder, which extend `layout.html`; values are escaped."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.environment = Environment(
            loader=FileSystemLoader([folder, FOLDER]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.globals["style_path"] = STYLE_PATH
        self.environment.globals["icon_path"] = ICON_PATH

    def page(
        self,
        name: str,
        facts: Mapping[str, object],
        *,
        status: int = HTTPStatus.OK,
        policy: str = f"{POLICY}; form-action 'none'",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        text = self.environment.get_template(name).render(facts)
        return Response(text, status, {**(headers or {}), "Content-Security-Policy": policy}, "text/html")


def look_routes() -> list[Route]:
    """Routes of the style sheet and the icon of all pages."""
    return [
        _file_route(STYLE_PATH, "look.css", "text/css", FRESH),
        _file_route(ICON_PATH, "favicon.svg", "image/svg+xml", LASTING),
    ]


def _file_route(path: str, name: str, media_type: str, caching: str) -> Route:
    async def serve(_: Request) -> Response:
        return FileResponse(FOLDER / name, headers={"Cache-Control": caching}, media_type=media_type)

    return Route(path, serve, include_in_schema=False)
