"""GraphiQL, served from the server's own files without requests to other hosts."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from api.auth.routes import signed_in
from api.explorer.static_files import INDEX, PAGE, file_answer, own_files
from api.explorer.vendor_files import FILES, VENDOR, missing_files
from api.http.options import ExplorerOptions

SETTINGS = "settings.json"
SAMPLES = "samples"
Endpoint = Callable[[Request], Awaitable[Response]]

# GraphiQL's editor writes style attributes, hence unsafe-inline for styles; scripts come from files only.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'{sockets}; font-src 'self' data:; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FRESH = "no-cache"
OWN = "private, no-cache"
LASTING = "public, max-age=86400"
MISSING_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Workgraph</title>
<h1>The explorer is not installed</h1>
<p>Run <code>python -m api.explorer.install</code> in the project folder, then reload this page.</p>
<p>The command installs GraphiQL with npm. The GraphQL endpoint <code>/graphql</code> works without the explorer.</p>
</html>
"""


NOTICE_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Workgraph</title>
<h1>The explorer is off</h1>
<p>This server runs only trusted documents (<code>WORKGRAPH_DOCUMENTS=trusted</code>).</p>
<p>The operator can add documents with <code>workgraph documents add FILE.graphql</code>.</p>
</html>
"""


def explorer_routes(path: str, options: ExplorerOptions, *, are_trusted_only: bool) -> list[BaseRoute]:
    """Routes of the explorer's page at `path` and of its files below it.

    If only trusted documents may run, the page is a notice.
    """
    if are_trusted_only:
        return [Route(path, _notice, include_in_schema=False)]
    file = partial(_file, is_compressed=options.is_compressed)
    own = [_own_route(path, each, file(each, FRESH), options) for each in own_files()]
    vendor = [Route(f"{path}/vendor/{name}", file(VENDOR / name, LASTING), include_in_schema=False) for name in FILES]
    return [
        Route(path, _page(is_compressed=options.is_compressed), include_in_schema=False),
        _settings_route(f"{path}/{SETTINGS}", options),
        *own,
        *vendor,
    ]


def _notice(_: Request) -> Response:
    return Response(NOTICE_PAGE, 200, {"Cache-Control": FRESH}, "text/html")


def _page(*, is_compressed: bool) -> Endpoint:
    async def serve(request: Request) -> Response:
        headers = {"Cache-Control": FRESH, "Content-Security-Policy": POLICY.format(sockets=_sockets(request))}
        if missing_files():
            return Response(MISSING_PAGE, 503, headers, "text/html")
        return file_answer(request, PAGE / INDEX, headers, is_compressed=is_compressed)

    return serve


def _sockets(request: Request) -> str:
    """WebSocket address of this server for the content security policy; not every browser lets 'self' match it."""
    host = request.headers.get("host", "")
    is_plain = bool(host) and all(letter.isalnum() or letter in "-.:[]" for letter in host)
    return f" ws://{host} wss://{host}" if is_plain and host.isascii() else ""


def _settings_route(path: str, options: ExplorerOptions) -> Route:
    demo = None if options.demo is None else {"email": options.demo.email, "password": options.demo.password}
    content: dict[str, Any] = {
        "isForMembers": options.is_for_members,
        "isDevelopment": options.is_development,
        "demo": demo,
    }

    def serve(_: Request) -> Response:
        return JSONResponse(content, headers={"Cache-Control": FRESH})

    return Route(path, serve, include_in_schema=False)


def _own_route(path: str, file: Path, serve: Endpoint, options: ExplorerOptions) -> Route:
    name = file.relative_to(PAGE)
    is_for_all = SAMPLES not in name.parts or not options.is_for_members
    return Route(f"{path}/{name}", serve if is_for_all else members_only(serve), include_in_schema=False)


def _file(file: Path, caching: str, *, is_compressed: bool) -> Endpoint:
    async def serve(request: Request) -> Response:
        return file_answer(request, file, {"Cache-Control": caching}, is_compressed=is_compressed)

    return serve


def members_only(serve: Endpoint) -> Endpoint:
    """The endpoint for requests with a valid token; other requests are answered with 401."""

    async def serve_member(request: Request) -> Response:
        await signed_in(request)
        response = await serve(request)
        response.headers["Cache-Control"] = OWN
        response.headers.add_vary_header("Authorization")
        return response

    return serve_member
