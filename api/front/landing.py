"""The page at `/`: which doors this server has, and whether it is well."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from api.front.look import FOLDER, FRESH, POLICY, Templates
from api.http.negotiation import is_page_wanted

PATH = "/"
SCRIPT_PATH = "/health.js"
_POLICY = f"{POLICY}; script-src 'self'; connect-src 'self'; form-action 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Somewhere to go from the page, if it is served."""

    path: str
    name: str
    what: str


DOORS = (
    Door(path="/graphql", name="GraphQL", what="The API. A browser gets GraphiQL, with a log-in and samples."),
    Door(path="/docs", name="REST", what="Logging in, accounts and files: what GraphQL is not made for."),
    Door(path="/auth/register", name="Sign up", what="An account, by way of your e-mail address."),
    Door(path="/dev/mail", name="Mail", what="What this server would have sent, had it a mail server."),
    Door(path="/readyz", name="Health", what="Database, migrations and Redis, for programs that watch over it."),
)


def landing_routes(served: Collection[str], *, version: str) -> list[Route]:
    """The page and its script; `served` are the paths that there are. Programs get the same as JSON."""
    doors = [door for door in DOORS if door.path in served]
    content = {"name": "Workgraph", "version": version, "doors": {door.path: door.what for door in doors}}
    templates = Templates()

    async def show(request: Request) -> Response:
        headers = {"Cache-Control": FRESH, "Vary": "Accept"}
        if not is_page_wanted(request.headers.get("accept", "").encode("latin-1")):
            return JSONResponse(content, headers=headers)
        facts = {"doors": doors, "version": version, "script_path": SCRIPT_PATH}
        return templates.page("landing.html", facts, policy=_POLICY, headers=headers)

    async def script(_: Request) -> Response:
        return FileResponse(FOLDER / "health.js", headers={"Cache-Control": FRESH}, media_type="text/javascript")

    return [Route(PATH, show, include_in_schema=False), Route(SCRIPT_PATH, script, include_in_schema=False)]
