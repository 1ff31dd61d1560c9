"""The 404 page for browsers; programs get problem details."""

from collections.abc import Collection
from http import HTTPStatus

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.front.look import Templates
from api.http.negotiation import is_page_wanted
from api.rest.problems import domain_problem, http_problem
from domain.shared.errors import NotFound

_WAYS = {"/": "Entry points of this server", "/graphiql": "Explorer", "/docs": "REST reference"}


def install_missing_page(app: FastAPI, served: Collection[str]) -> None:
    """Makes 404 responses to browser navigation an HTML page with links to the served pages."""
    templates = Templates()
    links = [{"path": path, "text": text} for path, text in _WAYS.items() if path in served]

    def page(detail: str) -> Response:
        # The requested path is not repeated: an attacker could put a message for the reader into a link.
        return templates.page(
            "missing.html", {"detail": detail, "links": links}, status=HTTPStatus.NOT_FOUND, headers={"Vary": "Accept"}
        )

    async def no_route(request: Request, error: Exception) -> Response:
        return page("This page does not exist.") if _is_browser(request) else await http_problem(request, error)

    async def no_object(request: Request, error: Exception) -> Response:
        if not _is_browser(request):
            return await domain_problem(request, error)
        return page("The object at this address does not exist or is not visible to you.")

    app.add_exception_handler(HTTPStatus.NOT_FOUND, no_route)
    app.add_exception_handler(NotFound, no_object)


def _is_browser(request: Request) -> bool:
    accept = request.headers.get("accept", "").encode("latin-1")
    return request.method in ("GET", "HEAD") and is_page_wanted(accept)
