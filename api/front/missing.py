"""The page of a browser that asks for what is not there; programs get problem details."""

from collections.abc import Collection
from http import HTTPStatus

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.front.look import Templates
from api.http.negotiation import is_page_wanted
from api.http.problems import domain_problem, http_problem
from domain.shared.errors import NotFound

_WAYS = {"/": "Entry points of this server", "/graphiql": "Explorer", "/docs": "REST reference"}


def install_missing_page(app: FastAPI, served: Collection[str]) -> None:
    """Answers 404 as HTML to a browser that navigates, with links to those pages that are served."""
    templates = Templates()
    links = [{"path": path, "text": text} for path, text in _WAYS.items() if path in served]

    def page(detail: str) -> Response:
        # What was asked for is not repeated: anybody can put anything into a link.
        return templates.page(
            "missing.html", {"detail": detail, "links": links}, status=HTTPStatus.NOT_FOUND, headers={"Vary": "Accept"}
        )

    async def no_route(request: Request, error: Exception) -> Response:
        return (
            page("Nothing is served at this address.") if _is_browser(request) else await http_problem(request, error)
        )

    async def no_object(request: Request, error: Exception) -> Response:
        if not _is_browser(request):
            return await domain_problem(request, error)
        return page("What this address names does not exist, or is not visible to you.")

    app.add_exception_handler(HTTPStatus.NOT_FOUND, no_route)
    app.add_exception_handler(NotFound, no_object)


def _is_browser(request: Request) -> bool:
    accept = request.headers.get("accept", "").encode("latin-1")
    return request.method in ("GET", "HEAD") and is_page_wanted(accept)
