"""GraphiQL, served from our own files: no other host is ever asked."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from api.auth.routes import signed_in
from api.explorer.vendor_files import FILES, FOLDER, VENDOR, missing_files
from api.http.options import ExplorerOptions

PAGE = FOLDER / "page"
INDEX = "index.html"
SETTINGS = "settings.json"
SAMPLES = "samples"
MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".graphql": "application/graphql",
    ".js": "text/javascript",
    ".json": "application/json",
}
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
<p>Run <code>python -m api.explorer.install</code> in the project's folder and load this page again.</p>
<p>It fetches GraphiQL with npm. The GraphQL endpoint itself, <code>/graphql</code>, works without it.</p>
</html>
"""


NOTICE_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Workgraph</title>
<h1>The explorer is off</h1>
<p>This server runs only documents that its operator trusts (<code>WORKGRAPH_DOCUMENTS=trusted</code>).</p>
<p>The operator adds them with <code>workgraph documents add FILE.graphql</code>.</p>
</html>
"""


def explorer_routes(path: str, options: ExplorerOptions, *, are_trusted_only: bool) -> list[BaseRoute]:
    """The page at `path`, with everything that it loads below it; a notice if only trusted documents may run."""
    if are_trusted_only:
        return [Route(path, _notice, include_in_schema=False)]
    own = [_own_route(path, file, options) for file in own_files()]
    vendor = [Route(f"{path}/vendor/{name}", _file(VENDOR / name, LASTING), include_in_schema=False) for name in FILES]
    return [
        Route(path, _page, include_in_schema=False),
        _settings_route(f"{path}/{SETTINGS}", options),
        *own,
        *vendor,
    ]


def own_files() -> Iterator[Path]:
    """Everything of the page that we wrote, but the page itself."""
    return (file for file in sorted(PAGE.rglob("*")) if file.suffix in MEDIA_TYPES)


def _notice(_: Request) -> Response:
    return Response(NOTICE_PAGE, 200, {"Cache-Control": FRESH}, "text/html")


def _page(request: Request) -> Response:
    headers = {"Cache-Control": FRESH, "Content-Security-Policy": POLICY.format(sockets=_sockets(request))}
    if missing_files():
        return Response(MISSING_PAGE, 503, headers, "text/html")
    return FileResponse(PAGE / INDEX, headers=headers)


def _sockets(request: Request) -> str:
    """Our own address for sockets: not every browser takes 'self' for it."""
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


def _own_route(path: str, file: Path, options: ExplorerOptions) -> Route:
    name = file.relative_to(PAGE)
    is_for_all = SAMPLES not in name.parts or not options.is_for_members
    serve = _file(file, FRESH)
    return Route(f"{path}/{name}", serve if is_for_all else members_only(serve), include_in_schema=False)


def _file(file: Path, caching: str) -> Endpoint:
    async def serve(_: Request) -> Response:
        return FileResponse(file, headers={"Cache-Control": caching}, media_type=MEDIA_TYPES.get(file.suffix))

    return serve


def members_only(serve: Endpoint) -> Endpoint:
    """The same for whoever sends a valid token; everybody else is answered with 401."""

    async def serve_member(request: Request) -> Response:
        await signed_in(request)
        response = await serve(request)
        response.headers.update({"Cache-Control": OWN, "Vary": "Authorization"})
        return response

    return serve_member
